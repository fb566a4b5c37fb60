"""Several launches of a depth: their order, what is left to them, and figures made of all of them."""

import pytest
from test_probe_result import CHAT, CLEAN, QWEN, report, result

from advisor.probe import launches, stats
from advisor.probe.depth import ContextTime, SystemReadings
from advisor.probe.launches import Depth
from advisor.probe.schedule import Count
from advisor.report import probe_notes


def twice(layers, first, second, **changes):
    return Depth(
        reports=tuple(
            report(layers, first_s=[100 * token_s] * 5, blocks_s=[token_s] * 5, **changes)
            for token_s in (first, second)
        )
    )


def test_depths_are_measured_to_and_fro():
    assert [launches.order((4, 6, 8), number) for number in range(3)] == [(4, 6, 8), (8, 6, 4), (4, 6, 8)]


def test_a_later_launch_does_what_the_pilot_left_and_never_less_than_three():
    first = report(24, first_s=[1.0] * 5, blocks_s=[0.02] * 7, wanted=Count(num_prompts=5, num_blocks=13))
    assert launches.left(first) == Count(num_prompts=3, num_blocks=6)


def test_another_launch_is_worth_it_only_where_it_would_measure():
    assert launches.worth_it(10.0, 6.0, 5.5)
    assert not launches.worth_it(10.0, 6.0, 5.4)


def test_figures_are_the_mean_of_the_launches_and_their_scatter_widens_the_range():
    close = result(QWEN, CHAT, twice(24, 0.0200, 0.0202))
    apart = result(QWEN, CHAT, twice(24, 0.018, 0.022))
    assert close.time_per_token.value == pytest.approx(0.0201)
    assert apart.time_per_token.value == pytest.approx(0.020)
    assert apart.time_per_token.high - apart.time_per_token.low > 2 * (
        close.time_per_token.high - close.time_per_token.low
    )
    assert apart.time_per_token.low < 0.018 < 0.022 < apart.time_per_token.high
    assert "started 2 times" in close.time_per_token.basis
    assert close.depths[0].num_launches == 2
    assert len(close.depths[0].decode_s) == 10


def test_launches_far_apart_cost_the_grade_and_the_reason_names_the_number():
    assert result(QWEN, CHAT, twice(24, 0.0200, 0.0202)).grade == "A"
    found = result(QWEN, CHAT, twice(24, 0.020, 0.022))
    assert found.grade == "B"
    assert any("started 2 times" in text and "10% apart" in text for text in found.reasons)
    assert result(QWEN, CHAT, twice(24, 0.020, 0.026)).grade == "C"


def test_launches_that_agree_by_chance_do_not_promise_more_than_launches_usually_hold():
    lucky = stats.pooled([(1.0,) * 5, (1.0,) * 5])
    assert lucky.high - lucky.value > 0.03
    assert stats.pooled([(1.0,)]) == stats.spread([1.0])


def test_a_third_depth_tests_the_line_and_does_not_move_it():
    straight = result(QWEN, CHAT, twice(4, 0.010, 0.010), twice(6, 0.012, 0.012), twice(8, 0.014, 0.014))
    assert straight.precision.line_error_share == pytest.approx(0, abs=1e-9)
    assert straight.time_per_token.value == pytest.approx(0.030)
    bent = result(QWEN, CHAT, twice(4, 0.010, 0.010), twice(6, 0.015, 0.015), twice(8, 0.014, 0.014))
    assert bent.time_per_token.value == pytest.approx(0.030)
    assert bent.precision.line_error_share == pytest.approx(0.25)
    assert any("25% off the straight line" in text for text in bent.reasons)
    assert any("4, 6 and 8 of 24 layers" in text and "25.0%" in text for text in probe_notes.notes(bent))


def test_contexts_are_those_that_all_depths_were_timed_at():
    def times(*pairs):
        return tuple(ContextTime(num_context_tokens=tokens, token_s=token_s) for tokens, token_s in pairs)

    small = report(4, first_s=[0.5] * 5, blocks_s=[0.01] * 5, contexts=times((512, 0.010), (600, 0.011), (4000, 0.02)))
    large = report(8, first_s=[0.7] * 5, blocks_s=[0.014] * 5, contexts=times((512, 0.014), (4000, 0.03)))
    found = result(QWEN, CHAT, small, large).contexts
    assert [entry.num_context_tokens for entry in found] == [512, 4000]
    assert [entry.time_per_token.value for entry in found] == pytest.approx([0.030, 0.070])
    assert all(entry.time_per_token.low < entry.time_per_token.value for entry in found)
    notes = " ".join(probe_notes.notes(result(QWEN, CHAT, small, large)))
    assert "70 ms after 4,000 tokens" in notes


@pytest.mark.parametrize(
    ("readings", "part", "severe"),
    [
        ({"cpu_stall_share": 0.3}, "waited for a processor in 30%", False),
        ({"num_pushed_aside": 2000, "measured_s": 4.0}, "500 times a second", False),
        ({"num_throttles": 3}, "slowed itself down 3 times", True),
        ({"num_swapped_pages": 5000}, "5,000 pages back from swap", True),
    ],
)
def test_each_sign_of_interference_is_a_reason_with_its_number(readings, part, severe):
    found = stats.reasons(SystemReadings(own_cpu_share=1.0, **readings), [1.0] * 5, num_threads=2)
    assert [part in reason.text for reason in found] == [True]
    assert found[0].severe is severe
    assert stats.reasons(CLEAN, [1.0] * 5, num_threads=2) == ()


def test_an_interval_that_stayed_wide_is_said():
    noisy = [0.010, 0.030, 0.020, 0.012, 0.028]
    found = result(
        QWEN, CHAT, report(24, first_s=[1.0] * 5, blocks_s=noisy, wanted=Count(num_prompts=5, num_blocks=40))
    )
    assert any("no time for the blocks" in text for text in found.reasons)
    assert found.precision.num_blocks_wanted == 40
    assert "40 blocks would make it" in " ".join(probe_notes.notes(found))
