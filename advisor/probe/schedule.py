"""In which order a depth is measured: warm up, then prompts and tokens by turns. Pure: the clock is handed in."""

import math
import statistics
from collections.abc import Callable, Sequence

import msgspec

STILL_IMPROVING_SHARE = 0.05
"""[1] Warm-up ends when a block is not this much faster than the best one before it."""
MAX_WARM_BLOCKS = 8
WARM_SHARE = 0.15
"""[1] Most of the budget that warm-up may take."""
PROMPT_SHARE = 0.3
"""[1] Longest prompt that is measured takes this share of the budget."""
MAX_ROUNDS = 5
MIN_BLOCKS = 5
BLOCK_S = 0.35
"""[s] Aimed length of one block."""
MIN_BLOCK_UNITS = 4
MAX_BLOCK_UNITS = 96
TRIAL_TOKENS = 32
Clock = Callable[[], float]


class Rounds(msgspec.Struct, frozen=True, kw_only=True):
    """Raw times."""

    prompts_s: tuple[float, ...]
    """[s] One value a prompt."""
    blocks_s: tuple[tuple[float, ...], ...]
    """[s] Blocks of tokens or queries, one value each."""

    def block_medians_s(self) -> tuple[float, ...]:
        """Return the median of each block, in seconds."""
        return tuple(statistics.median(block) for block in self.blocks_s)


def improving(blocks: Sequence[float]) -> bool:
    """Tell whether the last block was clearly faster than the best one before it, or there is none before it."""
    if len(blocks) < 2:
        return True
    return blocks[-1] < (1 - STILL_IMPROVING_SHARE) * min(blocks[:-1])


def warm_up(block: Callable[[], float], clock: Clock, *, limit_s: float) -> tuple[float, ...]:
    """Run blocks until they stop improving.

    Args:
        block: runs one and returns its median, in seconds.
        clock: now, in seconds.
        limit_s: [s] Most time to spend; one block always runs.

    Returns:
        [s] The medians.
    """
    end_s = clock() + limit_s
    found: list[float] = []
    while improving(found) and len(found) < MAX_WARM_BLOCKS and (not found or clock() < end_s):
        found.append(block())
    return tuple(found)


def block_units(unit_s: float) -> int:
    """Return how many tokens or queries make a block.

    Args:
        unit_s: [s] One of them.
    """
    return max(MIN_BLOCK_UNITS, min(MAX_BLOCK_UNITS, round(BLOCK_S / max(unit_s, 1e-9))))


def repeats(unit_s: float) -> int:
    """Return how many queries share one time stamp, so that even the quickest model is measured for seconds.

    Args:
        unit_s: [s] One query. A block of `MAX_BLOCK_UNITS` time stamps then still lasts about `BLOCK_S`.
    """
    return max(1, math.ceil(BLOCK_S / MAX_BLOCK_UNITS / max(unit_s, 1e-9)))


def prompt_tokens(num_wanted: int, trial_tokens: int, trial_s: float, *, budget_s: float) -> int:
    """Return the longest prompt, at most the one wanted, that fits its share of the budget.

    Args:
        num_wanted: tokens of the workload.
        trial_tokens: tokens of a short trial prompt.
        trial_s: [s] Its time; longer prompts are taken to cost the same a token.
        budget_s: [s] For the whole measurement.
    """
    limit_s = PROMPT_SHARE * budget_s
    if trial_s / trial_tokens * num_wanted <= limit_s:
        return num_wanted
    return max(min(num_wanted, trial_tokens), int(limit_s / (trial_s / trial_tokens)))


def run_rounds(
    prompt: Callable[[], float] | None,
    block: Callable[[int], tuple[float, ...]] | None,
    clock: Clock,
    *,
    end_s: float,
    prompt_s: float = 0.0,
    advance: Callable[[float], None] | None = None,
) -> Rounds:
    """Measure prompts and blocks by turns, so that a disturbance hits both, until there is enough or time is up.

    Args:
        prompt: runs one prompt and returns its seconds; None where there is none.
        block: runs the block of that number and returns its times; None where there is none.
        clock: now, in seconds.
        end_s: [s] When to stop; one of each always runs.
        prompt_s: [s] What a prompt is expected to take.
        advance: told the share done after each step, 0 to 1.
    """
    prompts: list[float] = []
    blocks: list[tuple[float, ...]] = []
    wanted = (MAX_ROUNDS if prompt else 0) + (MIN_BLOCKS if block else 0)
    started_s = clock()
    while True:
        if prompt and len(prompts) < MAX_ROUNDS and (not prompts or clock() + prompt_s <= end_s):
            prompts.append(prompt())
            prompt_s = statistics.median(prompts)
        if block and len(blocks) < _wanted_blocks(prompt is not None):
            blocks.append(block(len(blocks)))
        if advance:
            spent = (clock() - started_s) / max(end_s - started_s, 1e-9)
            advance(min(1.0, max(spent, (len(prompts) + len(blocks)) / max(wanted, 1))))
        prompts_done = not prompt or len(prompts) >= MAX_ROUNDS or clock() + prompt_s > end_s
        blocks_done = not block or len(blocks) >= _wanted_blocks(prompt is not None)
        if (prompts_done and blocks_done) or (prompts_done and clock() >= end_s):
            return Rounds(prompts_s=tuple(prompts), blocks_s=tuple(blocks))


def _wanted_blocks(with_prompts: bool) -> int:
    return MIN_BLOCKS if with_prompts else 2 * MIN_BLOCKS
