"""Encoders with their real weights: vectors of texts, scores of labels, scores of each token."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from advisor.errors import InvalidModelError
from advisor.runnable.engine import session as sessions
from advisor.runnable.engine import states
from advisor.runnable.engine.network import Floats
from advisor.runnable.model import RunnableModel
from advisor.runnable.tokenizer import Encoded, Text, Tokenizer

_IDS, _MASK, _TYPES, _POSITIONS = "input_ids", "attention_mask", "token_type_ids", "position_ids"
_ONE_VECTOR = ("sentence_embedding", "text_embeds")
_TOKEN_VECTORS = ("last_hidden_state", "token_embeddings")
_OWN_POOLED = "pooler_output"
_LEAST_NORM = 1e-12


class TextEncoder:
    """One encoder with its tokenizer. Its session is opened by the first call.

    A network quantized to int8 with activations measured while it runs ("dynamic") measures them over a whole batch:
    its answers then change a little with the batch. `batch=1` gives what a single query gets.
    """

    def __init__(self, model: RunnableModel, *, num_threads: int) -> None:
        """Read the tokenizer.

        Raises:
            AdvisorError: as `Tokenizer`.
        """
        self.tokenizer = Tokenizer(model)
        self._model, self._num_threads = model, num_threads
        self._session: ort.InferenceSession | None = None

    def __enter__(self) -> Self:
        """Use it in a `with` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the session."""
        self.close()

    def open(self) -> Self:
        """Load the weights now, for who measures it.

        Raises:
            AdvisorError: as `session.refusing`.
        """
        self._opened()
        return self

    def close(self) -> None:
        """Let go of the weights."""
        self._session = None

    def embed(self, texts: Sequence[str], *, batch: int = 16, prompt: str | None = None) -> Floats:
        """Return one vector a text, made and normalised as the model says.

        Args:
            texts: any; longer ones than the model takes are cut.
            batch: texts run together, of similar length.
            prompt: what the model wants before each, by its use: `query`, `passage`, ...; nothing where it has none
                of that name.

        Returns:
            Shape (n, d), float32.

        Raises:
            AdvisorError: as `open`; `onnx-output-missing`.
        """
        before = self._model.prompts.get(prompt, "") if prompt is not None else ""
        found = self._in_order([before + text for text in texts], batch, self._vectors)
        if self._model.normalize and len(found):
            found = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), _LEAST_NORM)
        return np.asarray(found, np.float32)

    def scores(self, texts: Sequence[Text], *, batch: int = 16) -> Floats:
        """Return a classifier's scores before any softmax, shape (n, labels), float32.

        Args:
            texts: texts, or pairs for a model that judges two together.
            batch: texts run together.

        Raises:
            AdvisorError: as `embed`.
        """
        return self._in_order(texts, batch, lambda items: self._run(items, ("logits",)))

    def token_logits(self, text: str) -> Floats:
        """Return scores for each token of a text, special tokens included: shape (tokens, vocabulary or labels).

        Raises:
            AdvisorError: as `embed`.
        """
        encoded = self.tokenizer.encode_batch((text,), max_tokens=self.tokenizer.max_tokens)
        return np.asarray(self._run(encoded, ("logits",))[0])

    def _in_order(self, texts: Sequence[Text], batch: int, run: Any) -> Floats:  # noqa: ANN401 - a function
        encoded = self.tokenizer.encode_batch(texts, max_tokens=self.tokenizer.max_tokens)
        order = sorted(range(len(encoded)), key=lambda place: len(encoded[place].ids))
        found: list[Floats] = [np.empty(0, np.float32)] * len(encoded)
        for places in _batches(order, batch):
            for place, row in zip(places, run([encoded[place] for place in places]), strict=True):
                found[place] = row
        return np.stack(found) if found else np.empty((0, 0), np.float32)

    def _vectors(self, items: Sequence[Encoded]) -> Floats:
        session = self._opened()
        names = {entry.name for entry in session.get_outputs()}
        pooled = next((name for name in _ONE_VECTOR if name in names), None)
        if pooled is None and self._model.pooling == "none" and _OWN_POOLED in names:
            pooled = _OWN_POOLED
        if pooled is not None:
            return self._run(items, (pooled,))
        hidden = self._run(items, _TOKEN_VECTORS)
        return pool(hidden, _mask(items), self._model.pooling)

    def _run(self, items: Sequence[Encoded], outputs: tuple[str, ...]) -> Floats:
        session = self._opened()
        names = [entry.name for entry in session.get_outputs()]
        wanted = next((name for name in outputs if name in names), None)
        if wanted is None:
            raise InvalidModelError(
                "onnx-output-missing",
                f"The network gives {', '.join(names[:5])}; this needs {' or '.join(outputs)}.",
                remedy="Choose a model made for this task.",
            )
        with sessions.refusing():
            found = session.run([wanted], self._feeds(session, items))[0]
        return np.asarray(found, np.float32)

    def _feeds(self, session: ort.InferenceSession, items: Sequence[Encoded]) -> dict[str, NDArray[Any]]:
        mask = _mask(items)
        ids, kinds = np.full_like(mask, self.tokenizer.pad_token_id), np.zeros_like(mask)
        for place, item in enumerate(items):
            ids[place, : len(item.ids)] = item.ids
            kinds[place, : len(item.ids)] = item.type_ids
        known = {_IDS: ids, _MASK: mask, _TYPES: kinds, _POSITIONS: np.maximum(mask.cumsum(axis=1) - 1, 0)}
        feeds = {}
        for entry in session.get_inputs():
            if entry.name in known:
                feeds[entry.name] = known[entry.name].astype(sessions.data_type(entry))
            else:  # an embedder that is a decoder: its caches are empty
                state = states.state(entry, None, self._model, is_read_only=True)
                shape = list(state.shape)
                shape[state.batch_axis] = len(items)
                feeds[entry.name] = np.zeros(shape, state.data_type)
        return feeds

    def _opened(self) -> ort.InferenceSession:
        if self._session is None:
            self._session = sessions.open_session(sessions.graph_path(self._model), num_threads=self._num_threads)
        return self._session


def pool(hidden: Floats, mask: NDArray[np.int64], how: str) -> Floats:
    """Return one vector a text from those of its tokens.

    Args:
        hidden: shape (texts, tokens, d).
        mask: shape (texts, tokens), 1 where there is a token; padding comes last.
        how: `mean`, `cls`, `max` or `last`.

    Source:
        Reimers and Gurevych, 2019, "Sentence-BERT", section 3; sentence-transformers, `models/Pooling.py`.
    """
    weights = mask[:, :, None].astype(hidden.dtype)
    if how == "cls":
        return np.asarray(hidden[:, 0])
    if how == "last":
        return np.asarray(hidden[np.arange(len(hidden)), np.maximum(mask.sum(axis=1) - 1, 0)])
    if how == "max":
        return np.asarray(np.where(weights > 0, hidden, -np.inf).max(axis=1), np.float32)
    return np.asarray((hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1), np.float32)


def _mask(items: Sequence[Encoded]) -> NDArray[np.int64]:
    mask = np.zeros((len(items), max((len(item.ids) for item in items), default=0)), np.int64)
    for place, item in enumerate(items):
        mask[place, : len(item.ids)] = 1
    return mask


def _batches(order: Sequence[int], batch: int) -> Iterator[Sequence[int]]:
    for begin in range(0, len(order), max(1, batch)):
        yield order[begin : begin + max(1, batch)]
