"""Verdicts, and the sentence when a range crosses the limit."""

import pytest

from advisor.estimate import fit
from advisor.evidence import Quantity

MIB = 1024**2


def memory(value, low=None, high=None):
    evidence = "excluded" if value is None else "estimated"
    return Quantity(value=value, low=low, high=high, unit="B", evidence=evidence, basis="made by hand")


@pytest.mark.parametrize(
    ("need", "free", "verdict"),
    [
        (79.9, 100, "fits"),
        (80.0, 100, "fits"),
        (80.1, 100, "tight"),
        (100.0, 100, "tight"),
        (100.1, 100, "does-not-fit"),
        (1.0, 0, "does-not-fit"),
        (1.0, None, "unknown"),
    ],
)
def test_verdict_follows_the_headroom(need, free, verdict):
    assert fit.verdict(memory(need), free) == verdict


def test_a_lower_end_alone_can_only_say_no():
    assert fit.verdict(memory(None, low=101.0), 100) == "does-not-fit"
    assert fit.verdict(memory(None, low=99.0), 100) == "unknown"
    assert fit.verdict(memory(None), 100) == "unknown"
    assert fit.verdict(memory(None, low=101.0), None) == "unknown"


def test_headroom_is_a_share_of_what_is_free():
    assert fit.headroom_share(30.0, 40.0) == 0.25
    assert fit.headroom_share(50.0, 40.0) == -0.25
    assert fit.headroom_share(0.0, 0.0) == -1.0


def test_a_crossed_border_is_said_with_its_numbers():
    text = fit.border_crossed(memory(100 * MIB, 80 * MIB, 130 * MIB), 120 * MIB)
    assert text == "It needs 80 MiB to 130 MiB and 120 MiB may be used: it is not certain that it fits."


@pytest.mark.parametrize(
    ("low", "high", "free"), [(80, 130, None), (80, 130, 130), (80, 130, 79), (None, 130, 100), (80, None, 100)]
)
def test_a_border_that_is_not_crossed_is_not_mentioned(low, high, free):
    assert fit.border_crossed(memory(None, low, high), free) == ""
