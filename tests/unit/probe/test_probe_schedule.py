"""The order of a measurement, on a clock that only the measured work moves."""

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
    assert (found.prompts_s, len(found.blocks_s)) == ((), 10)


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
