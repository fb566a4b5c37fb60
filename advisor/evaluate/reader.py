"""What a model answers to one text, in a form that two formats of the same model can be held against each other by."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from advisor.errors import InvalidModelError
from advisor.evaluate.compression_plan import Loss
from advisor.runnable.engine.decoder import Decoder
from advisor.runnable.engine.encoder import TextEncoder
from advisor.runnable.engine.seq2seq import EncoderDecoder
from advisor.runnable.model import RunnableModel
from advisor.runnable.tokenizer import Tokenizer

MOST_TOKENS = 2048
"""Of one text: the room of a language model's cache. The sample's longest sentence has under 300 in any tokenizer."""
_MOST_ANSWER_TOKENS = 48
_KINDS: dict[tuple[str, str], Loss] = {
    ("decoder", "next-token"): "next-token", ("encoder", "masked-token"): "token-scores",
    ("encoder", "token-classes"): "token-scores", ("encoder", "classes"): "classes",
    ("encoder", "embedding"): "embedding", ("decoder", "embedding"): "embedding",
    ("encoder-decoder", "next-token"): "answers",
}  # fmt: skip


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a model says about one text."""

    rows: NDArray[Any]
    """Scores, shape (places, choices), or one vector, shape (1, d)."""
    targets: NDArray[np.int64] | None = None
    """The token that came at each place."""


class Reader(Protocol):
    """One opened model."""

    def read(self, text: str, along: NDArray[np.int64] | None = None) -> Reading:
        """Return what the model says.

        Args:
            text: to read.
            along: of an encoder-decoder: the answer to follow; by default its own.
        """

    def close(self) -> None:
        """Let go of the weights."""


def kind(model: RunnableModel) -> Loss:
    """Return what of a model is compared.

    Raises:
        InvalidModelError: `compression-kind`; it is no model for text.
    """
    found = _KINDS.get((model.structure, model.head))
    if found is None:
        raise InvalidModelError(
            "compression-kind",
            f"{model.model_id} does not read text, or gives something that cannot be compared here "
            f"({model.structure}, {model.head}).",
            remedy="Choose a language model, an embedder or a classifier of texts.",
        )
    return found


def open_reader(model: RunnableModel, *, num_threads: int) -> Reader:
    """Open a model.

    Raises:
        AdvisorError: as `kind`, `Tokenizer` and the engine that runs it.
    """
    makers: dict[Loss, Callable[[RunnableModel, int], Reader]] = {
        "next-token": _NextToken, "answers": _Answers, "token-scores": _TokenScores, "classes": _Classes,
        "embedding": _Vectors,
    }  # fmt: skip
    return makers[kind(model)](model, num_threads)


class _NextToken:
    def __init__(self, model: RunnableModel, num_threads: int) -> None:
        self._tokenizer = Tokenizer(model)
        self._room = min(MOST_TOKENS, model.num_context_tokens or MOST_TOKENS)
        self._inner = Decoder(model, num_threads=num_threads, max_tokens=self._room).open()

    def read(self, text: str, along: NDArray[np.int64] | None = None) -> Reading:  # noqa: ARG002 - as the others
        ids = self._tokenizer.encode(text, max_tokens=self._room)
        if not ids:
            return Reading(rows=np.empty((0, 1), np.float32), targets=np.empty(0, np.int64))
        # Each token is predicted from those before it; nothing comes before the first.
        return Reading(rows=self._inner.logits(ids)[:-1], targets=np.asarray(ids[1:], np.int64))

    def close(self) -> None:
        self._inner.close()


class _Answers:
    def __init__(self, model: RunnableModel, num_threads: int) -> None:
        self._tokenizer = Tokenizer(model)
        self._inner = EncoderDecoder(model, num_threads=num_threads).open()

    def read(self, text: str, along: NDArray[np.int64] | None = None) -> Reading:
        source = self._tokenizer.encode(text, max_tokens=self._tokenizer.max_tokens)
        begins = self._inner.start_ids()
        if along is None:
            answer = self._inner.generate(source, max_new_tokens=_MOST_ANSWER_TOKENS).ids
        else:
            answer = tuple(along.tolist())
        rows = self._inner.logits(source, (*begins, *answer))[len(begins) - 1 :]
        return Reading(rows=rows[: len(answer)], targets=np.asarray(answer, np.int64))

    def close(self) -> None:
        self._inner.close()


class _Encoder:
    def __init__(self, model: RunnableModel, num_threads: int) -> None:
        self._inner = TextEncoder(model, num_threads=num_threads).open()

    def close(self) -> None:
        self._inner.close()


class _TokenScores(_Encoder):
    def read(self, text: str, along: NDArray[np.int64] | None = None) -> Reading:  # noqa: ARG002 - as the others
        return Reading(rows=self._inner.token_logits(text))


class _Classes(_Encoder):
    def read(self, text: str, along: NDArray[np.int64] | None = None) -> Reading:  # noqa: ARG002 - as the others
        return Reading(rows=self._inner.scores((text,), batch=1))


class _Vectors(_Encoder):
    def read(self, text: str, along: NDArray[np.int64] | None = None) -> Reading:  # noqa: ARG002 - as the others
        return Reading(rows=self._inner.embed((text,), batch=1, prompt="query"))
