"""The user's wall meter beside the machine's meters."""

import pytest

from advisor.energy import wall
from advisor.energy.wall import WallPair
from advisor.errors import InvalidInputError
from advisor.evidence import Quantity


def pairs(*values):
    return [WallPair(meters_w=x, wall_w=y) for x, y in values]


def test_a_line_is_found():
    found = wall.fit(pairs((10, 33), (20, 46), (40, 69), (60, 94), (80, 117)))
    assert found.b_ratio == pytest.approx(1.20, abs=0.02)
    assert found.a_w == pytest.approx(21, abs=1.0)
    assert 0 < found.residual_sd_w < 1
    assert (found.least_w, found.most_w, found.num_pairs) == (10, 80, 5)


def test_power_at_the_wall_is_calibrated_and_wider_than_the_meters():
    found = wall.fit(pairs((10, 33), (20, 46), (40, 69), (60, 94), (80, 117)))
    meters = Quantity(value=50.0, low=48.0, high=52.0, unit="W", evidence="measured", basis="RAPL")
    power = wall.wall_power(found, meters)
    assert power.value == pytest.approx(found.a_w + found.b_ratio * 50)
    assert power.evidence == "calibrated"
    assert power.high - power.low > found.b_ratio * 4
    hidden = wall.wall_power(found, Quantity(value=None, unit="W", evidence="excluded", basis="none"))
    assert hidden.value is None


@pytest.mark.parametrize(("given", "code"), [
    (pairs((10, 33), (20, 46), (40, 69), (60, 94)), "wall-too-few"),
    (pairs((10, 33), (20, 46), (40, 69), (60, 94), (80, 0)), "wall-bad-value"),
    (pairs((10, 33), (20, 46), (float("nan"), 69), (60, 94), (80, 100)), "wall-bad-value"),
    (pairs((50, 80), (50, 81), (51, 80), (50, 82), (51, 81)), "wall-no-spread"),
    (pairs((10, 100), (20, 90), (40, 80), (60, 60), (80, 50)), "wall-not-rising"),
])  # fmt: skip
def test_readings_that_say_nothing_are_refused_with_the_remedy(given, code):
    with pytest.raises(InvalidInputError) as caught:
        wall.fit(given)
    assert caught.value.code == code
    assert caught.value.remedy
