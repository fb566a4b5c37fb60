"""Tries settings of the runtime's threads on the graph that is probed, and keeps the answer for the machine."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from advisor.graphs.recipe import Recipe
from advisor.probe.depth import DepthReport
from advisor.probe.launches import Depth
from advisor.probe.threads import ThreadChoice, ThreadTrial, quickest

TRIAL_S = 1.2
"""[s] Of measurement for each setting."""
LEAST_LEFT_S = 8.0
"""[s] With less of the time box left the usual setting is taken untried."""
_FILE_NAME = "threads.json"
_VERSION = 1
Attempt = Callable[[ThreadChoice], DepthReport]


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    version: int = _VERSION
    choices: dict[str, ThreadChoice] = {}


def kind(fingerprint: str, recipe: Recipe) -> str:
    """Return what a choice holds for: a machine, a way to run and a storage of the weights."""
    return f"{fingerprint} {recipe.runner} {recipe.storage_name}"


def sweep(counts: Sequence[int], recipe: Recipe, attempt: Attempt, *, pinned: bool | None) -> ThreadChoice:
    """Try settings and return the quickest; the usual one unless another is clearly quicker.

    Args:
        counts: of threads, the usual one first.
        recipe: of what is run.
        attempt: runs one setting for about `TRIAL_S`.
        pinned: as asked for; null: the best number is tried pinned too.
    """
    trials = [_trial(ThreadChoice(num_threads=count, pinned=bool(pinned)), recipe, attempt) for count in counts]
    best = quickest(tuple(trials))
    if pinned is None:
        trials.append(_trial(ThreadChoice(num_threads=best.num_threads, pinned=True), recipe, attempt))
        best = quickest((best, trials[-1]))
    return ThreadChoice(
        num_threads=best.num_threads, pinned=best.pinned, how="sweep", trials=tuple(trials),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


def kept(folder: Path, key: str) -> ThreadChoice | None:
    """Return the choice an earlier probe kept, or None."""
    return _read(folder).choices.get(key)


def keep(folder: Path, key: str, choice: ThreadChoice) -> None:
    """Keep a choice; a disk that refuses is no reason to fail, as the sweep is then made again."""
    found = _Kept(choices={**_read(folder).choices, key: choice})
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _FILE_NAME).write_bytes(msgspec.json.encode(found))


def _read(folder: Path) -> _Kept:
    with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
        found = msgspec.json.decode((folder / _FILE_NAME).read_bytes(), type=_Kept)
        return found if found.version == _VERSION else _Kept()
    return _Kept()


def _trial(choice: ThreadChoice, recipe: Recipe, attempt: Attempt) -> ThreadTrial:
    depth = Depth(reports=(attempt(choice),))
    return ThreadTrial(num_threads=choice.num_threads, pinned=choice.pinned, query_s=_query_s(depth, recipe))


def _query_s(depth: Depth, recipe: Recipe) -> float:
    """Return the time of one query: its prompt, brought to length, and its tokens, or one run."""
    prompts, tokens, queries = depth.prefill_s(), depth.decode_s(), depth.query_s()
    total = min(queries[0]) if queries else 0.0
    if prompts:
        read = depth.last.num_prompt_tokens
        total += min(prompts[0]) * (recipe.num_input_tokens / read if read else 1.0)  # sound has no tokens
    return total + (min(tokens[0]) * recipe.num_output_tokens if tokens else 0.0)
