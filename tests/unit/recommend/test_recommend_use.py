"""A candidate in standard units: tokens by power and time, nothing written means no figure by tokens."""

import fakes_estimate as made
import pytest

from advisor.energy import standard
from advisor.estimate import estimator
from advisor.recommend import use
from advisor.task.model import Workload

SIZES = Workload(num_input_tokens=100, num_output_tokens=20)


def told(sizes=SIZES, power=None, **chosen):
    item = estimator.estimate(made.candidate(made.llama(), "onnx-int4-b32"), sizes, made.roofs(), power)
    conditions = standard.conditions(made.machine(), **chosen)
    return item, use.figures(made.quantity(10.0, "Wh", k=2.0), item, sizes, power, conditions)


def test_tokens_are_power_times_time():
    item, figures = told(power=made.power(watts=36.0))
    assert figures.per_output_token.value == pytest.approx(36.0 * item.time_per_token.value)
    assert figures.per_input_token.value == pytest.approx(36.0 * item.time_to_first_token.value / 100)
    assert figures.energy_per_1000_queries.value == pytest.approx(10.0)
    assert figures.sci_per_1000_tokens.energy.value == pytest.approx(10.0 / 1000 / 20)
    assert figures.boundary == made.power().boundary


def test_without_power_no_energy_of_a_token_and_without_words_no_score_by_tokens():
    _item, figures = told()
    assert (figures.per_output_token.value, figures.per_input_token.value) == (None, None)
    assert figures.boundary == use.NO_BOUNDARY
    assert told(Workload(num_input_tokens=100, num_output_tokens=0))[1].sci_per_1000_tokens is None
