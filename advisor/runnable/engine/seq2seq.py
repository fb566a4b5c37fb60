"""Encoder-decoders with their real weights: a text or a recording is read once, an answer is written token by token."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from advisor.errors import InvalidInputError
from advisor.runnable.engine import greedy, network
from advisor.runnable.engine import session as sessions
from advisor.runnable.engine.greedy import Generation, OnToken, Writer
from advisor.runnable.engine.network import Floats, Network, Past
from advisor.runnable.model import RunnableModel

_HIDDEN, _ENCODER_MASK = "encoder_hidden_states", "encoder_attention_mask"
_OTHERS = frozenset({_HIDDEN, _ENCODER_MASK})


class EncoderDecoder:
    """One encoder-decoder. Its sessions are opened by the first call and share their threads."""

    def __init__(self, model: RunnableModel, *, num_threads: int) -> None:
        """Prepare.

        Args:
            model: of the structure `encoder-decoder`, or `speech` with a decoder.
            num_threads: of one operator.
        """
        self._model, self._num_threads = model, num_threads
        self._encoder: ort.InferenceSession | None = None
        self._networks: tuple[Network, Network] | None = None

    def __enter__(self) -> Self:
        """Use it in a `with` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the sessions."""
        self.close()

    def open(self) -> Self:
        """Load the weights now, for who measures it.

        Raises:
            AdvisorError: as `session.refusing` and `states.ports`.
        """
        self._opened()
        return self

    def close(self) -> None:
        """Let go of all weights."""
        self._encoder = self._networks = None

    def start_ids(self) -> tuple[int, ...]:
        """Return the tokens that every answer begins with, from the model's settings.

        Raises:
            InvalidInputError: `start-token-unknown`.
        """
        config = self._model.config
        facts = self._model.tokenizer
        stated = (config.get("decoder_start_token_id"), config.get("bos_token_id"), facts and facts.bos_token_id)
        found = next((value for value in stated if type(value) is int), None)
        if found is None:
            raise InvalidInputError(
                "start-token-unknown", "config.json does not say with which token an answer begins.",
                remedy="Download the model's config.json again.",
            )  # fmt: skip
        return (found,)

    def generate(
        self, source: Sequence[int] | Mapping[str, NDArray[Any]], *, max_new_tokens: int,
        start_ids: Sequence[int] = (), stop_ids: Sequence[int] = (), suppressed_ids: Sequence[int] = (),
        suppressed_first_ids: Sequence[int] = (), on_token: OnToken | None = None,
    ) -> Generation:  # fmt: skip
        """Answer with the most likely token each time.

        Args:
            source: tokens of a text with its special ones, or the encoder's inputs by name.
            max_new_tokens: longest answer, the tokens it begins with left out.
            start_ids: what the answer begins with; by default `start_ids()`.
            stop_ids: end it too, beside the model's own.
            suppressed_ids: never written.
            suppressed_first_ids: not written as the first token.
            on_token: told each token of the answer; False ends it.

        Raises:
            InvalidInputError: `prompt-empty`, `start-token-unknown`, `answer-empty`.
            AdvisorError: as `open`.
        """
        own = self._model.tokenizer.eos_token_ids if self._model.tokenizer is not None else ()
        begins = tuple(start_ids) or self.start_ids()
        return greedy.answer(
            self._write(source, begins), max_new_tokens=max_new_tokens, stops={*own, *stop_ids}, on_token=on_token,
            suppressed_ids=suppressed_ids, suppressed_first_ids=suppressed_first_ids,
        )  # fmt: skip

    def _write(self, source: Sequence[int] | Mapping[str, NDArray[Any]], begins: Sequence[int]) -> Writer:
        others = self._read(source)
        rows, past = self._begin(begins, others)
        found = list(begins)
        while True:
            found.append((yield rows[-1]))
            rows, past = self._step(found, past, others)

    def logits(self, source: Sequence[int] | Mapping[str, NDArray[Any]], target_ids: Sequence[int]) -> Floats:
        """Return the scores of the token after each token of an answer, shape (n, vocabulary), float32.

        Args:
            source: as `generate`.
            target_ids: the answer with the tokens it begins with.

        Raises:
            AdvisorError: as `generate`.
        """
        others = self._read(source)
        rows, _ = self._begin(target_ids, others)
        return rows

    def _read(self, source: Sequence[int] | Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """Run the encoder and return what the decoder is fed of it."""
        encoder, _ = self._opened()
        if isinstance(source, Mapping):
            given: dict[str, NDArray[Any]] = dict(source)
        else:
            given = {"input_ids": np.asarray(source, np.int64)[None]}
        main = next(iter(given.values()), np.empty(0))
        if not main.size:
            raise InvalidInputError("prompt-empty", "There is nothing to read.", remedy="Give a text or a recording.")
        given.setdefault("attention_mask", np.ones(main.shape[:2], np.int64))
        feeds = {
            entry.name: np.ascontiguousarray(given[entry.name], sessions.data_type(entry))
            for entry in encoder.get_inputs()
            if entry.name in given
        }
        with sessions.refusing():
            hidden = encoder.run(None, feeds)[0]
        mask = given["attention_mask"] if "attention_mask" in feeds else np.ones(hidden.shape[:2], np.int64)
        return {_HIDDEN: hidden, _ENCODER_MASK: mask}

    def _begin(self, ids: Sequence[int], others: Mapping[str, Any]) -> tuple[Floats, Past]:
        if not len(ids):
            raise InvalidInputError("prompt-empty", "An answer begins with at least one token.", remedy="Give it.")
        _, (first, _) = self._opened()
        return first.run(np.asarray(ids, np.int64), first.start(), _fed(first, others))

    def _step(self, so_far: Sequence[int], past: Past, others: Mapping[str, Any]) -> tuple[Floats, Past]:
        _, (_, later) = self._opened()
        if not later.ports.states:
            return self._begin(so_far, others)
        return later.run(np.asarray(so_far[-1:], np.int64), past, _fed(later, others))

    def _opened(self) -> tuple[ort.InferenceSession, tuple[Network, Network]]:
        if self._encoder is None or self._networks is None:
            shared = sessions.share_threads(self._num_threads)
            self._encoder = sessions.open_session(
                sessions.graph_path(self._model, "encoder"), num_threads=self._num_threads, shared=shared
            )
            self._networks = network.load(
                self._model, "decoder", num_threads=self._num_threads, shared=shared, others=_OTHERS
            )
        return self._encoder, self._networks


def _fed(current: Network, others: Mapping[str, Any]) -> dict[str, Any]:
    return {name: others[name] for name in current.ports.others}
