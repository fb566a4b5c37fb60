"""The ways a model works on examples: each opens its model, runs one query at a time, and says what came out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from typing_extensions import override

from advisor.errors import InvalidInputError
from advisor.evaluate import examples_label, examples_prompt
from advisor.evaluate.examples_plan import LEAVE_ONE_OUT_UP_TO, NUM_FOLDS, ExamplesRequest, Method, RunNote
from advisor.examples.model import Example
from advisor.runnable import chat
from advisor.runnable.chat import Message
from advisor.runnable.engine.decoder import Decoder
from advisor.runnable.engine.encoder import TextEncoder
from advisor.runnable.engine.seq2seq import EncoderDecoder
from advisor.runnable.model import RunnableModel
from advisor.runnable.tokenizer import Tokenizer

_CUT_MARGIN_TOKENS = 8
_LEAST_ROOM = 8
_PROMPTS = ("classification", "query")
"""What an embedder may want before a text that is put in a class, by its own name for the use."""
Ids = tuple[int, ...]


class Way(Protocol):
    """One model at work."""

    num_input_tokens: list[int]
    """Of each query."""
    num_output_tokens: list[int]
    is_cut: list[bool]

    def open(self) -> None:
        """Load the weights and do once what is done once: labels, calibration."""

    def query(self, place: int) -> None:
        """Run the query of an example; a second time it replaces what the first gave."""

    def outputs(self) -> list[str | None]:
        """Return label or answer of each example, after all queries."""

    def notes(self) -> list[RunNote]:
        """Return what the user should know."""

    def close(self) -> None:
        """Let go of the model."""


def make(model: RunnableModel, request: ExamplesRequest, method: Method, labels: Sequence[str]) -> Way:
    """Return a model's way of working.

    Raises:
        AdvisorError: of the tokenizer; `labels-too-few`, `labels-differ`, `examples-no-labels`.
    """
    if request.examples.kind == "classification":
        _check_labels(request, method, labels)
    if method in ("descriptions", "centroid"):
        return _Vectors(model, request, labels, by_centroid=method == "centroid")
    if method == "labels":
        return _Classifier(model, request, labels)
    if model.structure == "encoder-decoder":
        return _Rewriter(model, request, labels)
    return _Likelihood(model, request, labels) if method == "likelihood" else _Writer(model, request, labels)


def _check_labels(request: ExamplesRequest, method: Method, labels: Sequence[str]) -> None:
    if method != "labels" and len(labels) < 2:
        raise InvalidInputError(
            "labels-too-few",
            f"The examples ({request.examples.source}) have fewer than two labels; there is nothing to choose between.",
            remedy="Give examples of two labels or more, or describe the labels.",
        )  # fmt: skip
    if method == "centroid" and any(item.label is None for item in request.examples.examples):
        raise InvalidInputError(
            "examples-no-labels", f"{request.examples.source} has no labels to make means of.",
            remedy="Add a column of labels, or describe the labels.",
        )  # fmt: skip


class _Encoding:
    """What both ways with an encoder share."""

    def __init__(self, model: RunnableModel, request: ExamplesRequest) -> None:
        self._model, self._request = model, request
        self._texts = [item.text for item in request.examples.examples]
        self._encoder = TextEncoder(model, num_threads=request.num_threads)
        tokenizer = self._encoder.tokenizer
        encoded = tokenizer.encode_batch(self._texts, max_tokens=tokenizer.max_tokens)
        self.num_input_tokens = [len(item.ids) for item in encoded]
        self.num_output_tokens = [0] * len(encoded)
        self.is_cut = [item.is_cut for item in encoded]

    def notes(self) -> list[RunNote]:
        return []

    def close(self) -> None:
        self._encoder.close()


class _Vectors(_Encoding):
    """An embedder."""

    def __init__(
        self, model: RunnableModel, request: ExamplesRequest, labels: Sequence[str], *, by_centroid: bool
    ) -> None:
        super().__init__(model, request)
        self._labels, self._by_centroid = labels, by_centroid
        self._prompt = next((name for name in _PROMPTS if name in model.prompts), None)
        self._vectors: list[examples_label.Floats] = [np.empty(0, np.float32)] * len(self._texts)
        self._label_vectors = np.empty((0, 0), np.float32)
        self._nearest: list[str | None] = [None] * len(self._texts)

    def open(self) -> None:
        self._encoder.open()
        if not self._by_centroid:
            texts = examples_label.templated(self._labels, self._request.descriptions)
            self._label_vectors = examples_label.label_vectors(
                self._encoder.embed(texts, batch=1, prompt=self._prompt)
            )  # fmt: skip

    def query(self, place: int) -> None:
        found = self._encoder.embed([self._texts[place]], batch=1, prompt=self._prompt)
        self._vectors[place] = found[0]
        if not self._by_centroid:
            self._nearest[place] = self._labels[int(examples_label.nearest(found, self._label_vectors)[0])]

    def outputs(self) -> list[str | None]:
        if not self._by_centroid:
            return self._nearest
        right = [item.label or "" for item in self._request.examples.examples]
        return examples_label.by_centroid(np.stack(self._vectors), right, self._labels, self._folds(right))

    def _folds(self, right: Sequence[str]) -> list[int]:
        return examples_label.folds(
            right, leave_one_out_up_to=LEAVE_ONE_OUT_UP_TO, num_folds=NUM_FOLDS, seed=self._request.seed
        )

    @override
    def notes(self) -> list[RunNote]:
        if not self._by_centroid:
            return []
        lonely = [item for item in self._request.examples.labels if item.num_examples == 1]
        found = [RunNote(code="one-of-a-label", num_examples=len(lonely))] if lonely else []
        if len(self._texts) > LEAVE_ONE_OUT_UP_TO:
            found.append(RunNote(code="folds", num_examples=NUM_FOLDS))
        return found


class _Classifier(_Encoding):
    """A classifier with its own labels."""

    def __init__(self, model: RunnableModel, request: ExamplesRequest, labels: Sequence[str]) -> None:
        super().__init__(model, request)
        self._names = examples_label.own_labels(model.labels, labels, request.descriptions)
        self._found: list[str | None] = [None] * len(self._texts)

    def open(self) -> None:
        self._encoder.open()

    def query(self, place: int) -> None:
        best = int(self._encoder.scores([self._texts[place]], batch=1)[0].argmax())
        self._found[place] = self._names[best] if best < len(self._names) else None

    def outputs(self) -> list[str | None]:
        return self._found


class _Asking:
    """What all ways with a language model share: prompts that have room in it."""

    def __init__(self, model: RunnableModel, request: ExamplesRequest, labels: Sequence[str]) -> None:
        self._model, self._request, self._labels = model, request, labels
        self._tokenizer = Tokenizer(model)
        self._template = model.tokenizer if model.tokenizer is not None and model.tokenizer.chat_template else None
        self._num_answer_tokens = self._answer_room()
        found = [self._prompt(item) for item in request.examples.examples]
        self._prompts = [ids for ids, _ in found]
        self.num_input_tokens = [len(ids) for ids in self._prompts]
        self.num_output_tokens = [0] * len(found)
        self.is_cut = [cut for _, cut in found]
        self._found: list[str | None] = [None] * len(found)

    def _answer_room(self) -> int:
        return self._request.max_num_answer_tokens

    def _messages(self, text: str) -> list[Message]:
        if self._request.examples.kind == "generation":
            return examples_prompt.generation(text, self._request.instruction)
        return examples_prompt.classification(text, self._labels, self._request.descriptions, self._request.instruction)

    def _rendered(self, text: str) -> str:
        found = chat.render(self._template, self._messages(text))
        is_plain = self._template is None and self._request.examples.kind == "classification"
        return f"{found}\nAnswer:" if is_plain else found

    def _ids(self, text: str) -> Ids:
        return self._tokenizer.encode(self._rendered(text), special=self._template is None)

    def _prompt(self, item: Example) -> tuple[Ids, bool]:
        """Return the prompt's tokens, the text cut to what has room beside the rest and the answer."""
        ids = self._ids(item.text)
        most = self._most_tokens()
        if most is None or len(ids) <= most:
            return ids, False
        own = self._tokenizer.encode(item.text, special=False)
        room = most - (len(ids) - len(own)) - _CUT_MARGIN_TOKENS
        if room < _LEAST_ROOM:
            raise InvalidInputError(
                "instruction-too-long",
                f"Instruction and labels leave no room for a text in the {most + self._num_answer_tokens:,} tokens of "
                f"{self._model.model_id}.",
                remedy="Shorten the instruction or the descriptions, or allow a shorter answer.",
            )
        return self._ids(self._tokenizer.decode(own[:room]))[:most], True

    def _most_tokens(self) -> int | None:
        context = self._model.num_context_tokens
        return None if context is None else context - self._num_answer_tokens

    def outputs(self) -> list[str | None]:
        return self._found

    def notes(self) -> list[RunNote]:
        return []

    def _kept(self, place: int, ids: Sequence[int]) -> None:
        answer = self._tokenizer.decode(ids).strip()
        self.num_output_tokens[place] = len(ids)
        is_label = self._request.examples.kind == "classification"
        self._found[place] = examples_prompt.meant(answer, self._labels) if is_label else answer


class _Writer(_Asking):
    """A language model that writes its answer."""

    _decoder: Decoder

    def open(self) -> None:
        longest = max(self.num_input_tokens) + self._num_answer_tokens
        self._decoder = Decoder(self._model, num_threads=self._request.num_threads, max_tokens=longest).open()

    def query(self, place: int) -> None:
        found = self._decoder.generate(self._prompts[place], max_new_tokens=self._num_answer_tokens)
        self._kept(place, found.ids)

    def close(self) -> None:
        self._decoder.close()


class _Rewriter(_Asking):
    """An encoder-decoder."""

    _network: EncoderDecoder

    def open(self) -> None:
        self._network = EncoderDecoder(self._model, num_threads=self._request.num_threads).open()

    def query(self, place: int) -> None:
        found = self._network.generate(self._prompts[place], max_new_tokens=self._num_answer_tokens)
        self._kept(place, found.ids)

    def close(self) -> None:
        self._network.close()


class _Likelihood(_Asking):
    """A language model that is asked how likely each label is as its answer."""

    _decoder: Decoder

    @override
    def _answer_room(self) -> int:
        return 1 + max(len(self._tokenizer.encode(f" {label}", special=False)) for label in self._labels) + 1

    def open(self) -> None:
        ends = self._tokenizer.eos_token_ids[:1]
        self._has_end = bool(ends)
        blank = [self._ids(text) for text in examples_prompt.NO_CONTENT]
        longest = max(*self.num_input_tokens, *map(len, blank)) + self._num_answer_tokens
        self._decoder = Decoder(self._model, num_threads=self._request.num_threads, max_tokens=longest).open()
        self._answers = [(*self._answer(label), *ends) for label in self._labels]
        self._lengths = np.array([len(ids) for ids in self._answers], np.float64)
        self._prior = np.zeros(len(self._labels))
        if self._request.scoring == "calibrated":
            found = [self._decoder.score(ids, self._answers) for ids in blank]
            self._prior = np.mean(found, axis=0)

    def _answer(self, label: str) -> Ids:
        """Return a label's tokens as they stand behind the prompt."""
        prompt, text = self._rendered(examples_prompt.NO_CONTENT[0]), label if self._template else f" {label}"
        special = self._template is None
        before = self._tokenizer.encode(prompt, special=special)
        whole = self._tokenizer.encode(prompt + text, special=special)
        if whole[: len(before)] == before and len(whole) > len(before):
            return whole[len(before) :]
        return self._tokenizer.encode(text, special=False)

    def query(self, place: int) -> None:
        scores = self._decoder.score(self._prompts[place], self._answers)
        if self._request.scoring == "mean":
            scores = scores / self._lengths
        self._found[place] = self._labels[int(np.round(scores - self._prior, 9).argmax())]

    @override
    def notes(self) -> list[RunNote]:
        return [] if self._has_end else [RunNote(code="no-end-token")]

    def close(self) -> None:
        self._decoder.close()
