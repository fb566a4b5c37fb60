"""Plans of models that no machine could hold, or that no model can be."""

import cards
import pytest
from profiles import profile

from advisor import units
from advisor.errors import InvalidModelError
from advisor.graphs import recipes
from advisor.probe import planner
from advisor.task.model import Workload

CHAT = Workload(num_input_tokens=64, num_output_tokens=8)


def test_a_model_of_a_million_million_parameters_is_refused_for_its_size():
    huge = cards.candidate(
        cards.tiny_decoder(
            num_hidden_layers=400, hidden_size=16384, intermediate_size=65536, num_attention_heads=128, head_dim=128,
            num_key_value_heads=128,
        )
    )  # fmt: skip
    found, _ = recipes.recipe(huge, CHAT)
    assert found.num_parameters() > 10**12
    with pytest.raises(InvalidModelError, match="Even two layers of this model need"):
        planner.plan(huge, CHAT, profile(available_bytes=4 * units.GIB))


def test_a_plan_of_an_impossible_model_says_what_is_wrong_with_it():
    wrong = cards.candidate(cards.tiny_decoder(num_key_value_heads=3))
    with pytest.raises(InvalidModelError, match="4 attention heads for 3 key-value heads"):
        planner.plan(wrong, CHAT, profile(available_bytes=4 * units.GIB))


def test_a_mixture_that_fits_at_two_layers_is_planned_at_several_depths():
    mixture = cards.candidate(
        cards.tiny_experts("mixtral", num_hidden_layers=64, hidden_size=1024, num_attention_heads=16, head_dim=64)
    )
    plan = planner.plan(mixture, CHAT, profile(available_bytes=700 * units.MIB), memory_box_bytes=150 * units.MIB)
    assert len(plan.depths) >= 2
