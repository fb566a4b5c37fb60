"""The job that measures what compression costs: the original and its compressed formats on the same texts. In a child.

Sentences are read round by round, one of each language, so that a job that runs out of time has read the same of each.
Where all models have room at once, an answer lives as long as it is compared; else the original's are kept on disk.
"""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from advisor import __version__, units
from advisor.child.main import Channel, refuse_request
from advisor.errors import InvalidInputError, InvalidModelError
from advisor.evaluate import compatible, reader, sample
from advisor.evaluate.answer_store import VALUE_BYTES, AnswerStore
from advisor.evaluate.compression_plan import (
    LEAST_SENTENCES,
    CompressionPlan,
    CompressionResult,
    CompressionResults,
    Loss,
)
from advisor.evaluate.reader import Reader, Reading
from advisor.evaluate.sample import LanguageText
from advisor.evaluate.tally import Tally
from advisor.evidence import Quantity, unknown
from advisor.runnable import find
from advisor.runnable.model import RunnableModel
from advisor.runnable.tokenizer import Tokenizer

_MEMORY_RATIO = 1.6
"""[1] Of a model's files: ONNX Runtime repacks quantized weights and keeps both for a while."""
_OWN_BYTES = 384 * units.MIB
"""[B] Of each session, the scores of a sentence among them."""
_LOGITS = frozenset({"next-token", "token-scores", "answers"})
clock = time.monotonic


def measure(request: bytes, channel: Channel) -> bytes:
    """Run the job `compression`: JSON of a `CompressionPlan` to that of a `CompressionResults`.

    Raises:
        InvalidModelError: the plan does not validate, or as `compatible.check`.
        InvalidInputError: `language-without-text`, `compression-nothing`.
        OutputError: `disk-full`, `path-not-writable`.
        AdvisorError: as `find.open_model` and the engine.
    """
    try:
        plan = msgspec.json.decode(request, type=CompressionPlan)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    channel.progress("prepare", 0.0, detail="opening the models")
    return msgspec.json.encode(_Run(plan, channel).results())


class _Run:
    """One comparison of an original with its compressed formats."""

    def __init__(self, plan: CompressionPlan, channel: Channel) -> None:
        self._plan, self._channel = plan, channel
        self._started_s = clock()
        if not plan.compressed:
            raise InvalidInputError(
                "compression-nothing", "There is no compressed model to compare.", remedy="Give its folder too."
            )
        self._texts = sample.chosen(plan.languages)
        self._reference = find.open_model(Path(plan.reference))
        self._others = tuple(find.open_model(Path(folder)) for folder in plan.compressed)
        for other in self._others:
            compatible.check(self._reference, other, self._texts)
        self._kind: Loss = reader.kind(self._reference)
        most = min(len(text.sentences) for text in self._texts)
        self._num_sentences = max(1, min(most, plan.num_sentences or most))
        self._most_sentences = most if plan.num_sentences is None else self._num_sentences
        self._repeated = unknown("1", "not repeated")

    def results(self) -> CompressionResults:
        """Measure and add up."""
        together = self._fits_together()
        tallies = self._together() if together else self._one_after_the_other()
        found = tuple(
            self._result(other, tally, is_stored=not together)
            for other, tally in zip(self._others, tallies, strict=True)
        )
        return CompressionResults(results=found)

    def _fits_together(self) -> bool:
        needed = sum(_memory_bytes(model) for model in (self._reference, *self._others))
        return needed <= (_free_bytes() if self._plan.memory_free_bytes is None else self._plan.memory_free_bytes)

    def _together(self) -> list[Tally]:
        tallies = [self._tally() for _ in self._others]
        with contextlib.ExitStack() as stack:
            original = stack.enter_context(self._opened(self._reference))
            opened = [stack.enter_context(self._opened(other)) for other in self._others]
            self._repeated = self._repeat(original)

            def step(language: int, sentence: int, text: str) -> None:
                reference = original.read(text)
                for model, tally, other in zip(opened, tallies, self._others, strict=True):
                    self._add(tally, language, sentence, reference, model.read(text, reference.targets), other)

            self._rounds(step, self._num_sentences, 0.0, 1.0)
        return tallies

    def _one_after_the_other(self) -> list[Tally]:
        store = AnswerStore(Path(self._plan.scratch), self._kind)
        self._channel.on_cancel(store.close)
        share = 1 / (1 + len(self._others))
        try:
            store.check_room(self._answer_bytes())
            with self._opened(self._reference) as original:
                self._repeated = self._repeat(original)
                done = self._rounds(
                    lambda language, sentence, text: store.put(language, sentence, original.read(text)),
                    self._num_sentences, 0.0, share,
                )  # fmt: skip
            return [self._stored(other, store, done, share * (1 + place)) for place, other in enumerate(self._others)]
        finally:
            store.close()

    def _stored(self, other: RunnableModel, store: AnswerStore, num_sentences: int, begin_share: float) -> Tally:
        tally = self._tally()
        with self._opened(other) as model:

            def step(language: int, sentence: int, text: str) -> None:
                reference = store.get(language, sentence)
                self._add(tally, language, sentence, reference, model.read(text, reference.targets), other)

            self._rounds(step, num_sentences, begin_share, begin_share + 1 / (1 + len(self._others)))
        return tally

    def _rounds(
        self, step: Callable[[int, int, str], None], num_sentences: int, begin_share: float, end_share: float
    ) -> int:
        """Read one sentence of each language a round and return how many rounds there was time for.

        Args:
            step: reads and compares one sentence.
            num_sentences: rounds at most.
            begin_share: [1] of the whole job's progress and time at the first round.
            end_share: [1] at the last.
        """
        total = num_sentences * len(self._texts)
        begin_s = clock()
        # What an earlier part left over of its time belongs to the later ones.
        left_s = self._plan.time_limit_s * end_share - (begin_s - self._started_s)
        for sentence in range(num_sentences):
            for language, text in enumerate(self._texts):
                step(language, sentence, text.sentences[sentence])
                self._tell(text, sentence * len(self._texts) + language + 1, total, begin_s, (begin_share, end_share))
            taken_s = clock() - begin_s
            if sentence + 1 >= LEAST_SENTENCES and taken_s * (sentence + 2) / (sentence + 1) > left_s:
                return sentence + 1
        return num_sentences

    def _tell(
        self, text: LanguageText, num_done: int, total: int, begin_s: float, shares: tuple[float, float]
    ) -> None:  # fmt: skip
        begin, end = shares
        done = begin + (end - begin) * num_done / total
        here_s = (clock() - begin_s) * (total - num_done) / num_done
        later_s = (clock() - begin_s) * total / num_done * (1 - end) / (end - begin)
        self._channel.progress("measure", min(0.99, done), remaining_s=here_s + later_s, detail=text.code)

    def _repeat(self, original: Reader) -> Quantity:
        """Return the loss of the original against itself on one sentence."""
        text = self._texts[0].sentences[0]
        tally = Tally(self._kind, self._texts[:1], 1)
        reference = original.read(text)
        self._add(tally, 0, 0, reference, original.read(text, reference.targets), self._reference)
        return tally.languages()[0].loss

    def _add(
        self, tally: Tally, language: int, sentence: int, reference: Reading, compressed: Reading, other: RunnableModel
    ) -> None:
        try:
            tally.add(language, sentence, reference, compressed)
        except ValueError as error:
            raise InvalidModelError(
                "compression-different-vocabulary",
                f"{self._reference.folder} and {other.folder} give answers of different sizes: {error}.",
                remedy="Give the folders of one model in several formats.",
            ) from error

    def _tally(self) -> Tally:
        return Tally(self._kind, self._texts, self._num_sentences)

    @contextlib.contextmanager
    def _opened(self, model: RunnableModel) -> Iterator[Reader]:
        self._channel.progress("load", 0.0, detail=_format(model))
        opened = reader.open_reader(model, num_threads=self._plan.num_threads)
        try:
            yield opened
        finally:
            opened.close()

    def _answer_bytes(self) -> int:
        """Return about what the original's answers take on disk."""
        if self._kind not in _LOGITS:
            return units.MIB
        tokenizer = Tokenizer(self._reference)
        num_tokens = sum(
            len(item.ids)
            for text in self._texts
            for item in tokenizer.encode_batch(text.sentences[: self._num_sentences])
        )
        return num_tokens * tokenizer.num_tokens() * VALUE_BYTES

    def _result(self, other: RunnableModel, tally: Tally, *, is_stored: bool) -> CompressionResult:
        agreement = tally.whole("agreement")
        if agreement is None:  # cannot be: every kind has one
            raise InvalidModelError("compression-nothing", "No answer could be compared.")
        return CompressionResult(
            id=uuid.uuid4().hex,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            model=self._reference.model_id,
            format=_format(other),
            fingerprint=self._plan.fingerprint,
            reference_format=_format(self._reference),
            size_bytes=other.size_bytes(),
            reference_size_bytes=self._reference.size_bytes(),
            kind=self._kind,
            languages=tally.languages(),
            average=tally.average(),
            divergence=tally.whole("divergence"),
            agreement=agreement,
            perplexity_ratio=tally.whole("perplexity_ratio"),
            cosine=tally.whole("cosine"),
            num_sentences=tally.num_sentences,
            num_sentences_left_out=self._most_sentences - tally.num_sentences,
            repeated=self._repeated,
            is_stored=is_stored,
            num_threads=self._plan.num_threads,
            versions=_versions(),
            wall_s=clock() - self._started_s,
        )


def _format(model: RunnableModel) -> str:
    return model.format_id or Path(model.folder).name


def _memory_bytes(model: RunnableModel) -> int:
    return int(_MEMORY_RATIO * model.size_bytes()) + _OWN_BYTES


def _free_bytes() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _versions() -> dict[str, str]:
    import importlib.metadata

    names: Sequence[str] = ("onnxruntime", "tokenizers", "numpy")
    return {"model-fit-advisor": __version__, **{name: importlib.metadata.version(name) for name in names}}
