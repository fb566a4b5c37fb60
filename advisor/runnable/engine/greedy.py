"""Answers of the most likely token each time, timed token by token."""

import time
from collections.abc import Callable, Collection, Generator, Sequence
from typing import Literal

import msgspec
import numpy as np

from advisor.errors import InvalidInputError
from advisor.runnable.engine.network import Floats

clock = time.perf_counter
Writer = Generator[Floats, int, None]
"""Gives the scores of the next token, shape (vocabulary,), and is sent the one that was chosen."""
OnToken = Callable[[int], bool]
"""Told each token of an answer; False ends it."""


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """A greedy answer."""

    ids: tuple[int, ...]
    """Without the token that ended it."""
    first_token_s: float
    """[s] From the prompt's tokens to the first token of the answer."""
    token_s: tuple[float, ...]
    """[s] Of each further token, the ending one among them."""
    stopped_by: Literal["stop", "length", "caller"]


def answer(
    writer: Writer, *, max_new_tokens: int, stops: Collection[int], on_token: OnToken | None = None,
    suppressed_ids: Sequence[int] = (), suppressed_first_ids: Sequence[int] = (),
) -> Generation:  # fmt: skip
    """Let a network write.

    Args:
        writer: not started yet.
        max_new_tokens: longest answer.
        stops: tokens that end it.
        on_token: told each token.
        suppressed_ids: never written.
        suppressed_first_ids: not written as the first token.

    Raises:
        InvalidInputError: `answer-empty`.
        AdvisorError: as the writer's runs.
    """
    if max_new_tokens < 1:
        raise InvalidInputError(
            "answer-empty", "An answer must be allowed at least one token.", remedy="Ask for one or more."
        )
    found: list[int] = []
    times_s: list[float] = []
    reason: Literal["stop", "length", "caller"] = "length"
    begin_s = clock()
    scores = next(writer)
    while True:
        token = _best(scores, (*suppressed_ids, *(() if found else suppressed_first_ids)))
        now_s = clock()
        times_s.append(now_s - begin_s)
        begin_s = now_s
        if token in stops:
            reason = "stop"
            break
        found.append(token)
        if on_token is not None and not on_token(token):
            reason = "caller"
            break
        if len(found) >= max_new_tokens:
            break
        scores = writer.send(token)
    return Generation(ids=tuple(found), first_token_s=times_s[0], token_s=tuple(times_s[1:]), stopped_by=reason)


def _best(scores: Floats, suppressed: Sequence[int]) -> int:
    if suppressed:
        scores = scores.copy()
        scores[[token for token in suppressed if token < len(scores)]] = -np.inf
    return int(scores.argmax())
