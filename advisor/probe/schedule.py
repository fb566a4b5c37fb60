"""In which order a launch measures: warm up, a pilot of prompts and tokens by turns, then as many more as it asked for.

The number of blocks is fixed once, by the pilot (Stein, "A two-sample test for a linear hypothesis whose power is
independent of the variance", 1945): to look after every block and stop at the first narrow interval would stop at lucky
moments, and 95 % intervals would hold less often than that. Pure: the clock is handed in.
"""

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
PILOT_BLOCKS = 5
"""Of prompts and of blocks alike; the fewest that tell a standard deviation from an accident."""
MAX_BLOCKS = 40
INTERVAL_HALF_SHARE = 0.03
"""[1] Half of the 95 % interval of the mean that the pilot asks for, over the mean."""
_T_95_PERCENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)
"""[1] Student's t for 1 to 10 degrees of freedom, two-sided 95 %."""
_T_MANY = 2.0
BLOCK_S = 0.35
"""[s] Aimed length of one block."""
MIN_BLOCK_UNITS = 4
MAX_BLOCK_UNITS = 96
TRIAL_TOKENS = 32
_LONGER_FACTOR = 1.5
_PILOT_SHARE = 0.5
"""[1] Of the progress that is shown."""
Clock = Callable[[], float]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many prompts and blocks to measure."""

    num_prompts: int
    num_blocks: int


PILOT = Count(num_prompts=PILOT_BLOCKS, num_blocks=PILOT_BLOCKS)


class Rounds(msgspec.Struct, frozen=True, kw_only=True):
    """Raw times."""

    prompts_s: tuple[float, ...]
    """[s] One value a prompt."""
    blocks_s: tuple[tuple[float, ...], ...]
    """[s] Blocks of tokens or queries, one value each."""
    wanted: Count = PILOT
    """What the pilot asked for, of all launches together; more than there are where the time was up."""

    def block_medians_s(self) -> tuple[float, ...]:
        """Return the median of each block, in seconds."""
        return medians_s(self.blocks_s)


def medians_s(blocks_s: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the median of each block, in seconds."""
    return tuple(statistics.median(block) for block in blocks_s)


def t_95(num_values: int) -> float:
    """Return Student's t for a two-sided interval of 95 % around the mean of that many values. [1]."""
    freedom = num_values - 1
    return _T_95_PERCENT[freedom - 1] if freedom <= len(_T_95_PERCENT) else _T_MANY


def needed(pilot: Sequence[float]) -> int:
    """Return how many values in all make the 95 % interval of the mean as narrow as `INTERVAL_HALF_SHARE`.

    Args:
        pilot: the first values, at least two; all positive.

    Returns:
        The pilot's number or more, at most `MAX_BLOCKS`.

    Source:
        Stein (1945): n = max(n0, (t(n0 - 1) s / d)²) with the pilot's standard deviation s.
    """
    half = INTERVAL_HALF_SHARE * statistics.fmean(pilot)
    count = math.ceil((t_95(len(pilot)) * statistics.stdev(pilot) / half) ** 2)
    return min(MAX_BLOCKS, max(len(pilot), count))


def half_share(pilot: Sequence[float], num_values: int) -> float:
    """Return half of the 95 % interval of the mean over the mean, as the pilot's scatter and the number have it. [1].

    Args:
        pilot: the values that fixed the number, at least two.
        num_values: in all.
    """
    scatter = statistics.stdev(pilot) / statistics.fmean(pilot)
    return t_95(len(pilot)) * scatter / math.sqrt(num_values)


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


def longer_contexts(num_answered: int, num_longest: int) -> tuple[int, ...]:
    """Return further lengths of the context at which tokens are timed, so that a long one is measured, not assumed.

    Args:
        num_answered: tokens of question and answer, around which tokens are timed anyway.
        num_longest: the longest that the cache has room for.

    Returns:
        The longest and the one half way to it on a scale of logarithms; none where the answer ends close to it.
    """
    if num_longest < _LONGER_FACTOR * num_answered:
        return ()
    return (round(math.sqrt(max(1, num_answered) * num_longest)), num_longest)


def run_rounds(
    prompt: Callable[[], float] | None,
    block: Callable[[int], tuple[float, ...]] | None,
    clock: Clock,
    *,
    end_s: float,
    prompt_s: float = 0.0,
    count: Count | None = None,
    share: float = 1.0,
    advance: Callable[[float], None] | None = None,
) -> Rounds:
    """Measure prompts and blocks by turns, so that a disturbance hits both, until there is enough or time is up.

    Args:
        prompt: runs one prompt and returns its seconds; None where there is none.
        block: runs the block of that number and returns its times; None where there is none.
        clock: now, in seconds.
        end_s: [s] When to stop; one of each always runs.
        prompt_s: [s] What a prompt is expected to take.
        count: what an earlier launch's pilot left to do; None: this launch makes the pilot.
        share: [1] Of what the pilot asks for, what this launch does; later launches do the rest.
        advance: told the share done after each step, 0 to 1.
    """
    turns = _Turns(prompt, block, clock, end_s=end_s, prompt_s=prompt_s, advance=advance)
    if count is not None:
        turns.go(count)
        return turns.rounds(count)
    turns.go(PILOT)
    wanted = Count(num_prompts=_needed(turns.prompts), num_blocks=_needed(medians_s(turns.blocks)))
    turns.go(Count(num_prompts=math.ceil(share * wanted.num_prompts), num_blocks=math.ceil(share * wanted.num_blocks)))
    return turns.rounds(wanted)


def _needed(found: Sequence[float]) -> int:
    """Return what a pilot asks for; one that time cut short asks for itself."""
    return needed(found[:PILOT_BLOCKS]) if len(found) >= PILOT_BLOCKS else PILOT_BLOCKS


class _Turns:
    """Prompts and blocks by turns."""

    def __init__(
        self, prompt: Callable[[], float] | None, block: Callable[[int], tuple[float, ...]] | None, clock: Clock, *,
        end_s: float, prompt_s: float, advance: Callable[[float], None] | None,
    ) -> None:  # fmt: skip
        self._prompt, self._block, self._clock, self._advance = prompt, block, clock, advance
        self._end_s, self._prompt_s, self._begin_s = end_s, prompt_s, clock()
        self._told = 0.0
        self.prompts: list[float] = []
        self.blocks: list[tuple[float, ...]] = []

    def rounds(self, wanted: Count) -> Rounds:
        """Return what was measured."""
        if self._advance is not None:
            self._advance(1.0)
        return Rounds(prompts_s=tuple(self.prompts), blocks_s=tuple(self.blocks), wanted=wanted)

    def go(self, count: Count) -> None:
        """Measure up to that many in all, within the time; one of each always runs."""
        while self._prompt_is_due(count) or self._block_is_due(count):
            if self._prompt is not None and self._prompt_is_due(count):
                self.prompts.append(self._prompt())
                self._prompt_s = statistics.median(self.prompts)
            if self._block is not None and self._block_is_due(count):
                self.blocks.append(self._block(len(self.blocks)))
            self._report(count)

    def _prompt_is_due(self, count: Count) -> bool:
        if self._prompt is None or len(self.prompts) >= count.num_prompts:
            return False
        return not self.prompts or self._clock() + self._prompt_s <= self._end_s

    def _block_is_due(self, count: Count) -> bool:
        if self._block is None or len(self.blocks) >= count.num_blocks:
            return False
        return not self.blocks or self._clock() < self._end_s

    def _report(self, count: Count) -> None:
        if self._advance is None:
            return
        spent = (self._clock() - self._begin_s) / max(self._end_s - self._begin_s, 1e-9)
        wanted = (count.num_prompts if self._prompt else 0) + (count.num_blocks if self._block else 0)
        done = (len(self.prompts) + len(self.blocks)) / max(wanted, 1)
        # What the pilot will ask for is not known while it runs; what was told is never taken back.
        self._told = max(self._told, min(1.0, max(spent, _PILOT_SHARE * done if count is PILOT else done)))
        self._advance(self._told)
