"""The order of a measurement, on a clock that only the measured work moves."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.probe import schedule


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s

    def work(self, seconds):
        self.now_s += seconds
        return seconds


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([], True),
        ([1.0], True),
        ([1.0, 0.9], True),
        ([1.0, 0.96], False),
        ([1.0, 1.2], False),
        ([1.0, 0.5, 0.6], False),
    ],
)
def test_a_block_must_be_clearly_faster_than_the_best_before_it(blocks, expected):
    assert schedule.improving(blocks) is expected


def test_warm_up_ends_when_a_block_stops_improving():
    clock, speeds = Clock(), iter([4.0, 2.0, 1.0, 0.99, 0.5])
    assert schedule.warm_up(lambda: clock.work(next(speeds)), clock, limit_s=100) == (4.0, 2.0, 1.0, 0.99)


def test_warm_up_is_capped_in_blocks_and_in_time():
    clock = Clock()
    speed = [100.0]

    def faster():
        speed[0] *= 0.5
        return clock.work(speed[0])

    assert len(schedule.warm_up(faster, clock, limit_s=1e9)) == schedule.MAX_WARM_BLOCKS
    clock, speed[0] = Clock(), 100.0
    assert len(schedule.warm_up(faster, clock, limit_s=60)) == 2
    assert len(schedule.warm_up(faster, Clock(), limit_s=0)) == 1


@given(st.floats(1e-6, 100))
def test_a_block_is_never_tiny_nor_endless(unit_s):
    assert schedule.MIN_BLOCK_UNITS <= schedule.block_units(unit_s) <= schedule.MAX_BLOCK_UNITS


@given(st.integers(1, 10_000), st.floats(1e-6, 10), st.floats(1, 100))
def test_a_prompt_is_cut_only_when_it_must_be(wanted, trial_s, budget_s):
    trial = min(32, wanted)
    found = schedule.prompt_tokens(wanted, trial, trial_s, budget_s=budget_s)
    assert min(trial, wanted) <= found <= wanted
    if trial_s / trial * wanted <= schedule.PROMPT_SHARE * budget_s:
        assert found == wanted


def rounds(prompt_s, token_s, budget_s, **options):
    clock, order = Clock(), []

    def prompt():
        order.append("prompt")
        return clock.work(prompt_s)

    def block(index):
        order.append(index)
        return tuple(clock.work(token_s) for _ in range(4))

    found = schedule.run_rounds(
        prompt if prompt_s else None, block if token_s else None, clock, end_s=budget_s, prompt_s=prompt_s, **options
    )
    return found, order, clock.now_s


def test_prompts_and_tokens_take_turns():
    found, order, _ = rounds(0.1, 0.01, 100)
    assert order == [part for index in range(5) for part in ("prompt", index)]
    assert len(found.prompts_s) == len(found.blocks_s) == 5
    assert found.block_medians_s() == pytest.approx((0.01,) * 5)


def test_a_long_prompt_is_read_as_often_as_there_is_time_but_tokens_get_their_blocks():
    found, _, spent_s = rounds(4.0, 0.01, 10)
    assert len(found.prompts_s) == 2
    assert len(found.blocks_s) == 5
    assert spent_s <= 10


def test_without_time_one_of_each_is_measured():
    found, order, _ = rounds(4.0, 1.0, 0.5)
    assert order == ["prompt", 0]
    assert (len(found.prompts_s), len(found.blocks_s)) == (1, 1)


def test_prompts_alone_and_blocks_alone():
    found, _, _ = rounds(0.1, 0, 100)
    assert (len(found.prompts_s), found.blocks_s) == (5, ())
    found, _, _ = rounds(0, 0.1, 100)
    assert (found.prompts_s, len(found.blocks_s)) == ((), 5)


def test_progress_only_grows_and_ends_at_one():
    shares = []
    rounds(0.1, 0.01, 100, advance=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@given(st.floats(min_value=1e-6, max_value=10.0))
def test_even_the_quickest_model_is_measured_for_seconds(unit_s):
    shared = schedule.repeats(unit_s)
    assert shared >= 1
    block_s = schedule.block_units(unit_s * shared) * unit_s * shared
    assert block_s > 0.5 * schedule.BLOCK_S
    assert shared == 1 or shared * unit_s < 2 * schedule.BLOCK_S / schedule.MAX_BLOCK_UNITS, "not longer than needed"


def noisy_rounds(generator, scatter, end_s=1e9, **options):
    clock = Clock()

    def block(_index):
        return (clock.work(max(0.01, generator.gauss(1, scatter))),)

    return schedule.run_rounds(None, block, clock, end_s=end_s, **options)


def test_steady_blocks_need_no_more_than_the_pilot_and_noisy_ones_as_many_as_their_scatter_asks():
    assert schedule.needed([1.0, 1.001, 0.999, 1.0, 1.0]) == schedule.PILOT_BLOCKS
    pilot = [0.96, 1.04, 1.0, 0.97, 1.03]
    deviation = 0.0353553
    assert schedule.needed(pilot) == pytest.approx((2.78 * deviation / 0.03) ** 2, abs=1)
    assert schedule.needed([0.5, 1.5, 1.0, 0.7, 1.3]) == schedule.MAX_BLOCKS


def test_the_pilot_fixes_the_number_once_and_the_launches_share_it():
    whole = noisy_rounds(random.Random(5), 0.05)
    pilot = [value for (value,) in whole.blocks_s[: schedule.PILOT_BLOCKS]]
    assert whole.wanted.num_blocks == schedule.needed(pilot) == len(whole.blocks_s) > schedule.PILOT_BLOCKS
    half = noisy_rounds(random.Random(5), 0.05, share=0.5)
    assert half.wanted == whole.wanted
    assert len(half.blocks_s) == -(-whole.wanted.num_blocks // 2)
    rest = schedule.Count(num_prompts=3, num_blocks=whole.wanted.num_blocks - len(half.blocks_s))
    assert len(noisy_rounds(random.Random(6), 0.05, count=rest).blocks_s) == rest.num_blocks


def test_time_that_is_up_cuts_the_number_and_the_wish_stays_known():
    found = noisy_rounds(random.Random(5), 0.05, end_s=8.0)
    assert len(found.blocks_s) == 9
    assert found.wanted.num_blocks > 9


def test_intervals_of_95_percent_hold_95_percent_of_the_time():
    """Two stages by Stein; looking after every block and stopping at the first narrow interval holds less often."""
    generator = random.Random(11)
    held = early_held = 0
    number = 4000
    for _ in range(number):
        blocks = [block[0] for block in noisy_rounds(generator, 0.02).blocks_s]
        half = schedule.half_share(blocks[: schedule.PILOT_BLOCKS], len(blocks))
        mean = sum(blocks) / len(blocks)
        assert half <= schedule.INTERVAL_HALF_SHARE or len(blocks) == schedule.MAX_BLOCKS
        held += abs(mean - 1) <= half * mean
        early_held += abs(early_mean(generator) - 1) <= schedule.INTERVAL_HALF_SHARE
    assert held / number >= 0.94
    assert early_held / number < held / number


def early_mean(generator):
    blocks = [generator.gauss(1, 0.08) for _ in range(2)]
    while schedule.half_share(blocks, len(blocks)) > schedule.INTERVAL_HALF_SHARE and len(blocks) < 200:
        blocks.append(generator.gauss(1, 0.08))
    return sum(blocks) / len(blocks)


@pytest.mark.parametrize(
    ("answered", "room", "expected"), [(640, 4088, (1618, 4088)), (640, 900, ()), (100, 150, (122, 150))]
)
def test_a_cache_longer_than_the_answer_is_timed_at_its_end_and_half_way(answered, room, expected):
    assert schedule.longer_contexts(answered, room) == expected
