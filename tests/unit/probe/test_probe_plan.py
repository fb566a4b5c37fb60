"""Planning: boxes, depths, refusals. Nothing here imports a runtime."""

import subprocess
import sys

import cards
import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import profile

from advisor import units
from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import command
from advisor.errors import InvalidModelError
from advisor.probe import footprint, planner
from advisor.task.model import Workload

CHAT = Workload(num_input_tokens=512, num_output_tokens=128, num_context_tokens=4096)
EMBED = Workload(num_input_tokens=128)


def qwen(format_id="onnx-int4-b32", **changes):
    return cards.candidate(cards.card({**cards.QWEN, **changes}), format_id)


SEVEN_B = qwen(num_hidden_layers=28, hidden_size=3584, intermediate_size=18944, num_attention_heads=28,
               num_key_value_heads=4, head_dim=128, tie_word_embeddings=False)  # fmt: skip


def reckoned(recipe, layers, box_bytes):
    """Peak at a depth with the longest prompt that the box has room for, or the shortest that is measured."""
    return footprint.peak_bytes(recipe, layers, footprint.prompt_limit(recipe, layers, box_bytes))


def test_a_small_model_is_measured_whole_within_its_boxes():
    plan = planner.plan(qwen(), CHAT, profile(available_bytes=16 * units.GIB))
    assert plan.depths == (24,)
    assert plan.memory_box_bytes == int(1.5 * units.GIB)
    assert plan.time_box_s == 20
    assert plan.fingerprint == "fingerprint"
    assert plan.power_source == "mains"


def test_a_large_model_is_measured_at_depths_beyond_the_cache_with_one_to_test_the_line():
    plan = planner.plan(SEVEN_B, CHAT, profile(available_bytes=32 * units.GIB, l3_bytes=32 * units.MIB), time_box_s=240)
    small, middle, large = plan.depths
    assert small < middle < large
    assert 1 <= small < large < 28
    recipe = footprint.recipe(SEVEN_B, CHAT)
    assert reckoned(recipe, large, plan.memory_box_bytes) <= plan.memory_box_bytes
    assert small * (recipe.weight_bytes(2) - recipe.weight_bytes(1)) > 32 * units.MIB


def test_a_huge_cache_moves_the_small_depth_up():
    few = planner.plan(SEVEN_B, CHAT, profile(available_bytes=32 * units.GIB, l3_bytes=units.MIB)).depths
    many = planner.plan(SEVEN_B, CHAT, profile(available_bytes=32 * units.GIB, l3_bytes=units.GIB)).depths
    assert many[0] > few[0]
    assert many[0] < many[1]


def test_a_model_larger_than_memory_even_at_two_layers_is_refused_with_numbers():
    with pytest.raises(InvalidModelError, match="Even two layers") as caught:
        planner.plan(SEVEN_B, CHAT, profile(available_bytes=units.GIB))
    assert "GiB" in caught.value.message
    assert caught.value.remedy


@given(st.integers(1 * units.GIB, 64 * units.GIB), st.integers(0, 100 * units.GIB))
def test_the_box_never_exceeds_what_is_free_less_a_reserve(free, wanted):
    machine = profile(available_bytes=free)
    try:
        plan = planner.plan(qwen(), EMBED, machine, memory_box_bytes=wanted)
    except InvalidModelError:
        return
    assert plan.memory_box_bytes <= min(wanted, free - 512 * units.MIB)


def test_a_machine_that_does_not_say_what_is_free_gets_half_of_what_it_has():
    plan = planner.plan(qwen(), CHAT, profile(available_bytes=None, total_bytes=8 * units.GIB), memory_box_bytes=10**12)
    assert plan.memory_box_bytes == 4 * units.GIB - int(0.15 * 4 * units.GIB)


def test_threads_are_left_to_the_sweep_unless_asked_for():
    machine = profile(available_bytes=16 * units.GIB, physical=4, usable=8.0)
    plan = planner.plan(qwen(), CHAT, machine)
    assert (plan.num_threads, plan.pinned, plan.num_threads_tried) == (None, None, (4, 8))
    asked = planner.plan(qwen(), CHAT, machine, threads=3, pinned=True)
    assert (asked.num_threads, asked.pinned) == (3, True)


def test_what_cannot_be_probed_says_why():
    assert planner.can_probe(qwen()) == (True, "")
    possible, why = planner.can_probe(qwen("gguf-q4_k_m"))
    assert not possible
    assert "llama.cpp" in why
    with pytest.raises(InvalidModelError, match=r"llama\.cpp"):
        planner.plan(qwen("gguf-q4_k_m"), CHAT, profile(available_bytes=16 * units.GIB))


def test_planning_imports_no_runtime():
    text = "import sys, advisor.probe.planner; print({'onnx', 'onnxruntime', 'numpy'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, env=command.environment()
    )
    assert done.stdout.strip() == "set()"


def test_a_task_without_output_needs_no_head_and_no_cache_of_its_own():
    recipe = footprint.recipe(qwen(), EMBED)
    assert not recipe.with_head
    assert recipe.num_capacity_tokens == 128
    tied = footprint.recipe(qwen(), CHAT)
    assert tied.with_head
    assert tied.num_capacity_tokens == 4096


def test_a_head_of_its_own_is_not_counted_where_it_is_not_built():
    writes, embeds = (footprint.recipe(SEVEN_B, sizes).weight_bytes(2) for sizes in (CHAT, EMBED))
    assert writes - embeds == 151936 * 3584 // 32 * 20


def test_texts_are_cut_at_what_the_model_can_read():
    encoder = cards.candidate(cards.card(cards.MINILM), "onnx-fp32")
    assert footprint.recipe(encoder, Workload(num_input_tokens=2000)).num_input_tokens == 512
    roberta = cards.candidate(cards.tiny_encoder("roberta"), "onnx-fp32")
    assert footprint.recipe(roberta, Workload(num_input_tokens=2000)).num_input_tokens == 510
    gpt2 = cards.candidate(cards.tiny_decoder("gpt2"))
    found = footprint.recipe(gpt2, Workload(num_input_tokens=2000, num_output_tokens=100, num_context_tokens=9000))
    assert (found.num_input_tokens, found.num_capacity_tokens) == (412, 512)


@given(st.integers(1, 23), st.integers(1, 4000), st.integers(1, 4))
def test_more_layers_longer_texts_and_larger_batches_never_need_less(layers, tokens, batch):
    def peak(layers, tokens, batch):
        workload = Workload(num_input_tokens=tokens, num_output_tokens=1, num_context_tokens=4096, num_batch=batch)
        return footprint.peak_bytes(footprint.recipe(qwen(), workload), layers)

    base = peak(layers, tokens, batch)
    assert peak(layers + 1, tokens, batch) > base
    assert peak(layers, tokens + 1, batch) >= base  # loading may need more than running
    assert peak(layers, 4096, 8) > peak(layers, 2048, 8)
    assert peak(layers, tokens, batch + 1) >= base


@given(st.integers(200, 4000), st.floats(5, 120))
def test_depths_are_whole_or_two_in_order(box_mib, time_box_s):
    recipe = footprint.recipe(qwen(), CHAT)
    try:
        found = footprint.depths(
            recipe, memory_box_bytes=box_mib * units.MIB, time_box_s=time_box_s, cache_bytes=32 * units.MIB
        )
    except InvalidModelError:
        assert footprint.peak_bytes(recipe, 2) > box_mib * units.MIB
        return
    assert found == (24,) or (2 <= len(found) <= 3 and found[0] >= 1 and found[-1] < 24)
    assert list(found) == sorted(set(found))
    assert reckoned(recipe, found[-1], box_mib * units.MIB) <= box_mib * units.MIB


def test_depths_have_the_mix_of_layers_of_the_whole_model():
    """Olmo 3: three layers look back on a window, the fourth on everything."""
    candidate = Candidate(
        model=load.catalog().by_id("allenai/Olmo-3-7B-Instruct"), format=formats.by_id("onnx-int4-b32")
    )
    recipe = footprint.recipe(candidate, CHAT)
    assert recipe.depth_period == (0, 4)
    found = footprint.depths(recipe, memory_box_bytes=6 * units.GIB, time_box_s=120, cache_bytes=None)
    assert len(found) > 1
    assert {layers % 4 for layers in found} == {0}


def test_an_eight_billion_model_is_measured_at_two_depths_within_a_quarter_of_its_memory():
    eight = cards.candidate(
        cards.card({
            **cards.QWEN, "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "head_dim": 128,
            "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
            "tie_word_embeddings": False,
        })
    )  # fmt: skip
    plan = planner.plan(eight, CHAT, profile(available_bytes=16 * units.GIB), memory_box_bytes=2000 * units.MIB)
    assert plan.depths == (2, 4)
    recipe = footprint.recipe(eight, CHAT)
    limit = footprint.prompt_limit(recipe, 4, plan.memory_box_bytes)
    assert 64 <= limit < CHAT.num_input_tokens  # 1,829 MiB was its peak at 128 tokens
    assert 1829 * units.MIB < footprint.peak_bytes(recipe, 4, limit) <= plan.memory_box_bytes


def test_a_longer_prompt_is_measured_where_there_is_room_for_it():
    recipe = footprint.recipe(qwen(), CHAT)
    assert footprint.prompt_limit(recipe, 24, 4 * units.GIB) == CHAT.num_input_tokens
    assert footprint.prompt_limit(recipe, 24, 8 * units.MIB) == 64


@pytest.mark.parametrize(("weight_bytes", "box_s"), [(10**8, 20), (737 * 10**6, 27), (10**10, 75)])
def test_a_larger_model_gets_more_time(weight_bytes, box_s):
    class Recipe:
        num_layers = 1

        def weight_bytes(self, num_layers):
            return weight_bytes * num_layers

    assert planner.usual_time_s(Recipe()) == pytest.approx(box_s, abs=0.5)


def test_the_words_of_an_encoder_are_held_twice_while_it_is_loaded():
    encoder = load.catalog().by_id("FacebookAI/xlm-roberta-base")
    recipe = footprint.recipe(Candidate(model=encoder, format=formats.by_id("onnx-fp32")), EMBED)
    words = 4 * 250002 * 768
    assert recipe.table_bytes == words
    assert footprint.peak_bytes(recipe, 2) > recipe.weight_bytes(2) + words
