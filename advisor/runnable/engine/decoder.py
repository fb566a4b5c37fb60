"""Language models with their real weights: scores of every token, greedy answers, how likely a continuation is."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from advisor.errors import InvalidInputError
from advisor.runnable import memory, onnx_header
from advisor.runnable.engine import greedy, network
from advisor.runnable.engine import session as sessions
from advisor.runnable.engine.greedy import Generation, OnToken, Writer
from advisor.runnable.engine.network import Floats, Network, Past
from advisor.runnable.model import RunnableModel

_CHUNK_BYTES = memory.SCORES_BYTES
"""[B] Of scores made by one run; longer prompts are read in parts."""
_LEAST_CHUNK = 16
_SCORE_BYTES = 4


class Decoder:
    """One language model. Its session is opened by the first call."""

    def __init__(self, model: RunnableModel, *, num_threads: int, max_tokens: int) -> None:
        """Prepare.

        Args:
            model: a decoder.
            num_threads: of one operator.
            max_tokens: room for prompt and answer; a cache that is shared takes all of it at once.
        """
        self._model, self._num_threads = model, num_threads
        self.max_tokens = max_tokens
        self._networks: tuple[Network, Network] | None = None
        self._only_last = False

    def __enter__(self) -> Self:
        """Use it in a `with` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the session."""
        self.close()

    def open(self) -> Self:
        """Load the weights now, for who measures it.

        Raises:
            AdvisorError: as `session.refusing` and `states.ports`.
        """
        self._opened()
        return self

    def close(self) -> None:
        """Let go of weights and cache."""
        self._networks = None

    def logits(self, ids: Sequence[int]) -> Floats:
        """Return the scores of the token after each of these.

        Args:
            ids: at least one token.

        Returns:
            Shape (n, vocabulary), float32.

        Raises:
            InvalidInputError: `prompt-empty`, `prompt-too-long`.
            AdvisorError: as `open`.
        """
        return np.concatenate(list(self.logits_in_parts(ids)))

    def logits_in_parts(self, ids: Sequence[int]) -> Iterator[Floats]:
        """Yield what `logits` returns in parts of bounded size, in order.

        Raises:
            AdvisorError: as `logits`.
        """
        past = self._start(ids)
        for rows, _ in self._read(ids, past):
            yield rows

    def generate(
        self, ids: Sequence[int], *, max_new_tokens: int, stop_ids: Sequence[int] = (),
        on_token: OnToken | None = None,
    ) -> Generation:  # fmt: skip
        """Answer with the most likely token each time.

        Args:
            ids: the prompt.
            max_new_tokens: longest answer.
            stop_ids: end it too, beside the model's own.
            on_token: told each token of the answer; False ends it.

        Raises:
            AdvisorError: as `logits`.
        """
        own = self._model.tokenizer.eos_token_ids if self._model.tokenizer is not None else ()
        past = self._start(ids, max_new_tokens)
        return greedy.answer(
            self._write(ids, past), max_new_tokens=max_new_tokens, stops={*own, *stop_ids}, on_token=on_token
        )

    def _write(self, ids: Sequence[int], past: Past) -> Writer:
        rows, past = self._last(ids, past)
        found = list(ids)
        while True:
            found.append((yield rows[-1]))
            rows, past = self._step(found, past)

    def score(self, prefix_ids: Sequence[int], continuations: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Return how likely each continuation is after the same prefix, which is read once.

        Args:
            prefix_ids: at least one token.
            continuations: tokens each; an empty one is certain.

        Returns:
            [nat] Natural logarithm of the probability of the whole continuation, shape (k,).

        Raises:
            AdvisorError: as `logits`.
        """
        longest = max((len(ids) for ids in continuations), default=0)
        past = self._start(prefix_ids, longest)
        rows, after = self._last(prefix_ids, past)
        first = log_softmax(rows[-1:])
        found = np.zeros(len(continuations))
        for place, ids in enumerate(continuations):
            if not len(ids):
                continue
            found[place] = first[0, ids[0]]
            at = 1
            for part, _ in self._read(ids[:-1], after, before=prefix_ids) if len(ids) > 1 else ():
                wanted = np.asarray(ids[at : at + len(part)])
                found[place] += log_softmax(part)[np.arange(len(part)), wanted].sum()
                at += len(part)
        return found

    def _opened(self) -> tuple[Network, Network]:
        """Return the networks for the first run and for those after it; most models have one for both."""
        if self._networks is None:
            search = self._model.runtime_config.get("search")
            may_share = isinstance(search, dict) and search.get("past_present_share_buffer") is True
            shares = (
                may_share
                and "GroupQueryAttention" in onnx_header.read(sessions.graph_path(self._model)).num_by_operator
            )
            self._networks = network.load(
                self._model, "model", num_threads=self._num_threads, shared_tokens=self.max_tokens if shares else None
            )
        return self._networks

    def _start(self, ids: Sequence[int], num_more: int = 0) -> Past:
        if not len(ids):
            raise InvalidInputError("prompt-empty", "The prompt has no tokens.", remedy="Give a text.")
        if len(ids) + num_more > self.max_tokens:
            raise InvalidInputError(
                "prompt-too-long",
                f"The prompt has {len(ids):,} tokens and {num_more:,} may follow; {self.max_tokens:,} have room.",
                remedy="Shorten the text, or ask for a shorter answer.",
                num_tokens=len(ids),
            )
        return self._opened()[0].start()

    def _last(self, ids: Sequence[int], past: Past) -> tuple[Floats, Past]:
        *_, found = self._read(ids, past, num_rows=1)
        return found

    def _step(self, so_far: Sequence[int], past: Past) -> tuple[Floats, Past]:
        """Read the last of these tokens; a network without a cache reads all of them."""
        later = self._opened()[1]
        if not later.ports.states:
            return later.run(np.asarray(so_far, np.int64), later.start(), num_rows=1)
        return later.run(np.asarray(so_far[-1:], np.int64), past, num_rows=1)

    def _read(
        self, ids: Sequence[int], past: Past, *, before: Sequence[int] = (), num_rows: int = 0
    ) -> Iterator[tuple[Floats, Past]]:
        """Yield scores of tokens in order, with the past behind them.

        Args:
            ids: to read.
            past: of the tokens before.
            before: those tokens, for a network without a cache.
            num_rows: 1 where only the last scores count, 0 where all do.
        """
        first, later = self._opened()
        wanted = np.asarray(ids, np.int64)
        if not later.ports.states:
            whole = np.concatenate([np.asarray(before, np.int64), wanted])
            rows, past = first.run(whole, first.start(), num_rows=num_rows)
            yield rows[-len(wanted) :], past
            return
        at = 0
        while at < len(wanted):
            current = later if past.num_tokens else first
            size = self._chunk(current, past, len(wanted), num_rows)
            rows, after = current.run(wanted[at : at + size], past, num_rows=num_rows)
            if not num_rows and len(rows) < len(wanted[at : at + size]):
                self._only_last = True  # the graph gives the last token's scores only: once more, one by one
                continue
            at, past = at + size, after
            yield rows, past

    def _chunk(self, current: Network, past: Past, num_tokens: int, num_rows: int) -> int:
        """Return how many tokens the next run reads."""
        if self._only_last and not num_rows:
            return 1
        two_ways = current.ports.branch is not None or self._model.has("with-past")
        if two_ways:  # the part with a past was drawn for one token
            return 1 if past.num_tokens else num_tokens
        return max(_LEAST_CHUNK, _CHUNK_BYTES // (_SCORE_BYTES * self.num_vocabulary()))

    def num_vocabulary(self) -> int:
        """Return how many tokens are scored, as far as the network states it; else a usual number."""
        return self._opened()[0].num_vocabulary()


def log_softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return logarithms of probabilities [nat] of scores, along the last axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
