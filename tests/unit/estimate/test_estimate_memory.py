"""Memory: parts add up, each kind of attention keeps what it keeps, more never needs less."""

import math

import fakes_estimate as made
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.catalog import formats, inventory, load
from advisor.catalog.model import CacheFacts, SsmFacts
from advisor.estimate import batch, drawn_work, estimator, runtime_facts, shape, table
from advisor.estimate.roofs import from_profile
from advisor.task.model import Workload

ONNX_BY_BITS = ("onnx-int4-b128", "onnx-int4-b32", "onnx-int8", "onnx-fp32")
GGUF_BY_BITS = ("gguf-q2_k", "gguf-q3_k_m", "gguf-q4_k_m", "gguf-q5_k_m", "gguf-q6_k", "gguf-q8_0")


def estimate(model, format_id="onnx-int4-b32", workload=made.CHAT, roofs=None):
    return estimator.estimate(made.candidate(model, format_id), workload, roofs or made.roofs(), made.power())


def catalog_estimate(model_id, format_id, workload=made.CHAT):
    return estimate(load.catalog().by_id(model_id), format_id, workload)


def test_weights_are_the_tensors_and_the_packed_copy():
    model = made.llama()
    how = formats.by_id("onnx-int4-b32")
    groups = inventory.of_card(model)
    stored = sum(formats.group_bytes(how, group) for group in groups)
    shares = {"linear": 0.4, "lm_head": 1.4, "embedding": -0.2}  # one scale and one sum a block; a tied table twice
    packed = sum(shares.get(group.role, 0.0) * formats.matrix_bytes(how, group) for group in groups)
    told = estimate(model)
    assert told.memory_parts.weights.value == pytest.approx(stored + packed)
    assert told.download_bytes.value == pytest.approx(stored)
    assert told.num_parameters == sum(group.num_parameters() for group in groups)


def test_cache_of_full_attention_is_two_times_layers_heads_width_context():
    told = estimate(made.llama(layers=4, hidden=256, heads=8, kv_heads=2))
    assert told.memory_parts.cache.value == 2 * 4 * 2 * 32 * 2048 * 4
    assert told.memory_parts.cache.low == 2 * 4 * 2 * 32 * 150 * 4, "only what the query fills is touched"
    assert told.memory_parts.cache.high == told.memory_parts.cache.value


def test_quantized_weights_do_not_shrink_the_cache():
    small, large = estimate(made.llama(), "onnx-int4-b32"), estimate(made.llama(), "onnx-fp32")
    assert small.memory_parts.cache == large.memory_parts.cache
    assert estimate(made.llama(), "gguf-q4_0").memory_parts.cache.value * 2 == large.memory_parts.cache.value


def test_a_cache_that_the_catalog_lacks_is_worked_out_from_the_heads():
    assert estimate(made.llama(cache=False)).memory_parts.cache == estimate(made.llama()).memory_parts.cache


def test_windowed_layers_stop_growing_at_their_window():
    def cache(context):
        workload = msgspec.structs.replace(made.CHAT, num_context_tokens=context)
        return estimate(made.windowed(window=1024), workload=workload).memory_parts.cache

    assert cache(512).value == 512 * (128 + 384) * 4
    assert cache(1024).value == 1024 * (128 + 384) * 4
    assert cache(8192).value - cache(4096).value == 4096 * 128 * 4
    assert "only the last 1,024" in cache(8192).basis


def test_a_program_that_ignores_the_window_is_named():
    assert any("window" in phrase for phrase in estimate(made.windowed()).not_modelled)
    assert not any("window" in phrase for phrase in estimate(made.llama()).not_modelled)


def test_latent_attention_is_kept_small_or_expanded_as_the_runtime_does():
    small = estimate(made.latent(), "gguf-q8_0").memory_parts.cache.value
    expanded = estimate(made.latent(), "safetensors-bf16").memory_parts.cache.value
    assert small == 2 * (64 + 16) * 2048 * 2
    assert expanded == 2 * 4 * (32 + 16 + 32) * 2048 * 2


def test_recurrent_state_is_constant():
    mamba = load.catalog().by_id("state-spaces/mamba-130m-hf")
    short = estimate(mamba, "gguf-q8_0", msgspec.structs.replace(made.CHAT, num_context_tokens=512))
    long = estimate(mamba, "gguf-q8_0", msgspec.structs.replace(made.CHAT, num_context_tokens=65536))
    assert short.memory == long.memory
    assert short.memory_parts.cache.value == mamba.cache.num_state_elements * 4
    assert "constant size" in short.memory_parts.cache.basis
    assert short.max_context_tokens == mamba.num_context_tokens


def test_every_expert_is_resident():
    few, many = estimate(made.mixture(experts=2)), estimate(made.mixture(experts=8))
    experts = (
        4
        * 3
        * 256
        * 512
        * formats.matrix_bytes(
            formats.by_id("onnx-int4-b32"), next(g for g in inventory.of_card(made.mixture()) if g.role == "expert")
        )
        / (4 * 8 * 256 * 512)
    )
    grown = many.download_bytes.value - few.download_bytes.value
    assert grown == pytest.approx(6 * experts, rel=0.01)


def test_a_translator_keeps_the_output_of_its_encoder():
    told = estimate(made.translator(), "onnx-fp32")
    touched = 1 + made.CHAT.num_output_tokens  # its past grows with the answer, whatever the context
    assert told.memory_parts.cache.value == 768 * 4 * (touched + 100)
    elsewhere = estimate(made.translator(), "safetensors-bf16")
    assert elsewhere.memory_parts.cache.value == 768 * 2 * 2048 + 768 * 2 * 100


def test_a_translator_holds_its_words_in_both_files_and_turned_round():
    words = 4 * 1000 * 128
    told, plain = (estimate(made.translator(), name).download_bytes.value for name in ("onnx-fp32", "safetensors-bf16"))
    assert told == pytest.approx(2 * plain + words, rel=0.001)
    sound = catalog_estimate("openai/whisper-tiny", "onnx-fp32", made.CHAT).download_bytes.value
    assert sound == pytest.approx(4 * 37_760_640, rel=0.01)  # no words are read, so they are there once


def test_an_encoder_keeps_nothing_and_has_no_largest_context():
    told = catalog_estimate("sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32", made.READ)
    assert told.memory_parts.cache.value == 0
    assert told.max_context_tokens is None
    assert "keeps nothing" in told.memory_parts.cache.basis


def test_output_scores_of_the_whole_prompt_are_held_where_the_runtime_computes_them():
    long = msgspec.structs.replace(made.CHAT, num_input_tokens=1000)
    all_positions = estimate(made.llama(vocab=100_000), "onnx-fp32", long).memory_parts.activations.value
    last_only = estimate(made.llama(vocab=100_000), "gguf-q8_0", long).memory_parts.activations.value
    assert all_positions > 1000 * 100_000 * 4
    assert last_only < 100_000 * 4 * 60


def test_a_runtime_that_reads_in_pieces_holds_one_piece():
    def working(tokens):
        workload = msgspec.structs.replace(made.CHAT, num_input_tokens=tokens, num_context_tokens=8192)
        return estimate(made.llama(), "gguf-q8_0", workload).memory_parts.activations.value

    scores = 4 * 8 * 512
    assert working(4096) - working(2048) == pytest.approx(scores * 2048)


def test_other_runtimes_are_larger():
    plain, torch = estimate(made.llama(), "onnx-fp32"), estimate(made.llama(), "safetensors-bf16")
    assert torch.memory_parts.runtime.value - plain.memory_parts.runtime.value == 300 * 1024**2
    assert torch.memory_parts.runtime.high > plain.memory_parts.runtime.high + 600 * 1024**2


def test_a_graphics_card_holds_no_packed_copy():
    on_card = estimate(made.llama(), roofs=made.roofs(device="gpu:0"))
    assert on_card.memory_parts.weights.value == pytest.approx(on_card.download_bytes.value)


def test_a_model_without_shapes_gets_a_wider_range_and_says_so():
    told = estimate(made.card(total=10_000_000, tasks=("text-classification",)), "onnx-fp32", made.READ)
    assert told.memory.value is None or told.memory.evidence == "assumed"
    assert told.download_bytes.evidence == "assumed"
    assert told.download_bytes.high / told.download_bytes.value == pytest.approx(1.15)
    assert "number of parameters" in told.download_bytes.basis


def test_a_model_of_unknown_size_is_unknown_not_zero():
    told = estimate(made.card(), "onnx-fp32")
    assert told.memory.value is None
    assert told.memory.low is None or told.memory.low > 0
    assert told.verdict == "unknown"
    assert told.memory.basis == "the size of this model is not known"
    assert told.num_parameters is None
    assert told.download_bytes.value is None


def test_a_denoiser_is_its_weights_and_what_a_step_keeps_alive():
    told = catalog_estimate("stable-diffusion-v1-5/stable-diffusion-v1-5", "onnx-fp32", Workload(num_images=1))
    assert told.memory.low > 3.7e9
    live_bytes = 4 * drawn_work.DRAWN["stable-diffusion-v1-5/stable-diffusion-v1-5"].live_elements
    assert told.memory_parts.activations.value == pytest.approx(1.5 * live_bytes)
    assert told.verdict == "does-not-fit", "the weights alone are larger than what is free"


def test_a_denoiser_that_nobody_described_is_at_least_its_weights():
    told = catalog_estimate("Qwen/Qwen-Image", "onnx-fp32", Workload(num_images=1))
    assert told.memory.value is None
    assert told.memory.low > 4 * 20e9
    assert told.time_per_query.value is None
    assert "denoising step" in told.time_per_query.basis


def test_an_unknown_cache_is_at_least_the_weights():
    told = catalog_estimate("RWKV/RWKV7-G1j-1.5B-20260831", "gguf-q4_k_m")
    assert told.memory.value is None
    assert told.memory_parts.cache.value is None
    assert "not sourced" in told.memory.basis


def test_memory_of_an_unmeasured_runtime_is_unknown():
    roofs = msgspec.structs.replace(
        made.roofs(), runtime_bytes=msgspec.structs.replace(made.quantity(1.0, "B"), value=None, low=None, high=None)
    )
    told = estimate(made.llama(), roofs=roofs)
    assert told.memory.value is None
    assert "runtime" in told.memory.basis


def test_a_runtime_without_a_range_counts_at_its_value():
    runtime = msgspec.structs.replace(made.quantity(10e6, "B"), low=None, high=None)
    told = estimate(made.llama(), roofs=msgspec.structs.replace(made.roofs(), runtime_bytes=runtime))
    assert told.memory_parts.runtime.low == told.memory_parts.runtime.high == 10e6


shapes = st.builds(
    made.llama,
    layers=st.integers(1, 12),
    hidden=st.sampled_from((128, 256, 512)),
    heads=st.sampled_from((4, 8)),
    kv_heads=st.sampled_from((1, 2, 4)),
    inner=st.sampled_from((128, 384, 2048)),
    vocab=st.sampled_from((100, 32000)),
    tied=st.booleans(),
)
models = st.one_of(shapes, st.sampled_from((made.windowed(), made.mixture(), made.latent(), made.translator())))
workloads = st.builds(
    Workload,
    num_input_tokens=st.integers(1, 4000),
    num_output_tokens=st.integers(0, 400),
    num_context_tokens=st.integers(1, 20000),
    num_batch=st.integers(1, 16),
    num_passes=st.integers(1, 5),
)
format_ids = st.sampled_from(("onnx-fp32", "onnx-int8", "onnx-int4-b32", "gguf-q4_k_m", "safetensors-bf16"))


@settings(max_examples=60, deadline=None)
@given(models, format_ids, workloads, st.integers(1, 20000))
def test_more_context_never_needs_less_memory(model, format_id, workload, more):
    larger = msgspec.structs.replace(workload, num_context_tokens=workload.num_context_tokens + more)
    assert estimate(model, format_id, larger).memory.value >= estimate(model, format_id, workload).memory.value


@settings(max_examples=60, deadline=None)
@given(models, format_ids, workloads, st.integers(1, 8))
def test_a_larger_batch_never_needs_less_memory(model, format_id, workload, more):
    larger = msgspec.structs.replace(workload, num_batch=workload.num_batch + more)
    assert estimate(model, format_id, larger).memory.value >= estimate(model, format_id, workload).memory.value


@settings(max_examples=30, deadline=None)
@given(models, st.sampled_from((ONNX_BY_BITS, GGUF_BY_BITS)))
def test_more_bits_never_mean_fewer_bytes(model, by_bits):
    sizes = [estimate(model, format_id).download_bytes.value for format_id in by_bits]
    assert sizes == sorted(sizes)


@settings(max_examples=80, deadline=None)
@given(models, format_ids, workloads)
def test_parts_add_up_and_ranges_hold_their_value(model, format_id, workload):
    told = estimate(model, format_id, workload, made.roofs(k=2.0))
    parts = msgspec.structs.astuple(told.memory_parts)
    total = told.memory
    assert sum(part.value for part in parts) == pytest.approx(total.value)
    below = math.sqrt(sum((part.value - part.low) ** 2 for part in parts))  # doubts of the parts are independent
    above = math.sqrt(sum((part.high - part.value) ** 2 for part in parts))
    assert (total.low, total.high) == pytest.approx((total.value - below, total.value + above))
    for quantity in (*parts, told.memory, told.time_per_query, told.rate, told.energy_per_1000_queries):
        if quantity.value is not None:
            assert quantity.low <= quantity.value <= quantity.high


@settings(max_examples=80, deadline=None)
@given(models, format_ids, workloads, st.integers(10**6, 10**9))
def test_the_largest_context_is_the_largest_that_fits(model, format_id, workload, free):
    grows = model.architecture.encoder_decoder is not None and format_id.startswith("onnx")
    if workload.num_output_tokens == 0 or grows:  # a past that grows is not set aside for a context
        return
    workload = msgspec.structs.replace(workload, num_input_tokens=1, num_output_tokens=1)
    roofs = made.roofs(free=free)
    limit = estimate(model, format_id, workload, roofs).max_context_tokens
    if limit > 2:
        at_limit = msgspec.structs.replace(workload, num_context_tokens=limit)
        assert estimate(model, format_id, at_limit, roofs).memory.value <= free * (1 + 1e-12)
    beyond = msgspec.structs.replace(workload, num_context_tokens=max(2, limit) + 1)
    assert estimate(model, format_id, beyond, roofs).memory.value > free * (1 - 1e-12)


def test_the_largest_context_is_at_most_the_models_own():
    assert estimate(made.llama(context=700)).max_context_tokens == 700
    assert estimate(made.llama(context=700), roofs=made.roofs(free=1)).max_context_tokens == 0
    assert estimate(made.llama(), roofs=made.roofs(free=None)).max_context_tokens is None


def test_a_model_that_grows_without_limit_has_no_largest_context():
    endless = msgspec.structs.replace(made.llama(), cache=CacheFacts(num_state_elements=10))
    assert estimate(endless).max_context_tokens is None


def test_packed_share_is_that_of_the_runtime():
    assert runtime_facts.packed_share(formats.by_id("gguf-q4_0")) == 1.0
    assert runtime_facts.packed_share(formats.by_id("gguf-q4_k_m")) == 0.0
    assert runtime_facts.packed_share(formats.by_id("onnx-fp16")) == 2.0, "widened to fp32 beside the original"


def test_a_tied_head_is_turned_round_in_full_precision():
    def packed(tied):
        told = estimate(made.llama(tied=tied), "onnx-fp32")
        return told.memory_parts.weights.value - told.download_bytes.value

    assert packed(tied=True) - packed(tied=False) == pytest.approx(4 * 1000 * 256)


def test_an_empty_table_gives_an_empty_batch():
    told = batch.estimate_batch(table.build(()), made.CHAT, made.roofs(), made.power())
    assert len(told) == 0


def test_a_head_for_masked_words_is_not_packed():
    told = catalog_estimate("google-bert/bert-base-uncased", "onnx-fp32", made.READ)
    layers = 12 * (4 * 768 * 768 + 2 * 768 * 3072) * 4
    copies = told.memory_parts.weights.value - told.download_bytes.value
    assert copies == pytest.approx(0.58 * layers, rel=0.02)


@pytest.mark.parametrize(
    ("model_id", "format_id", "measured_mib"),
    [
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int4-b32", 282),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int8", 360),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-fp32", 776),
        ("HuggingFaceTB/SmolLM2-360M-Instruct", "onnx-int4-b128", 434),
        ("Qwen/Qwen2.5-0.5B-Instruct", "onnx-int4-b32", 683),
        ("meta-llama/Llama-3.2-1B-Instruct", "onnx-int4-b32", 1436),
        ("Qwen/Qwen2.5-1.5B-Instruct", "onnx-int4-b32", 1668),
        ("sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32", 192),
        ("sentence-transformers/all-MiniLM-L6-v2", "onnx-int8-dynamic", 107),
        ("intfloat/multilingual-e5-small", "onnx-fp32", 876),
        ("google-bert/bert-base-uncased", "onnx-fp32", 678),
        ("google-bert/bert-base-uncased", "onnx-int8-dynamic", 246),
        ("BAAI/bge-small-en-v1.5", "onnx-int8-dynamic", 125),
    ],
)
def test_peaks_measured_by_the_probe_lie_inside_the_range(model_id, format_id, measured_mib):
    """Figures of docs/METHODS.md, synthetic probes at 128 tokens in, 64 out, context 1,024."""
    generates = "Instruct" in model_id
    workload = Workload(num_input_tokens=128, num_output_tokens=64 if generates else 0, num_context_tokens=1024)
    profile = made.machine(made.cpu(num_usable_cpus=2.0))
    told = estimate(load.catalog().by_id(model_id), format_id, workload, from_profile(profile))
    assert told.memory.low < measured_mib * 1024**2 < told.memory.high
    assert told.memory.value / (measured_mib * 1024**2) == pytest.approx(1.0, abs=0.1)


def test_layers_are_counted_by_what_they_look_at():
    plain = made.llama().architecture
    hybrid = msgspec.structs.replace(
        plain, ssm=SsmFacts(kind="mamba2", num_ssm_layers=3, num_attention_layers=1), layer_pattern=None
    )
    assert shape.layer_counts(plain, 4) == (4, 0)
    assert shape.layer_counts(hybrid, 4) == (1, 0)
    assert shape.layer_counts(msgspec.structs.replace(plain, sliding_window=64), 4) == (0, 4)
    assert shape.layer_counts(msgspec.structs.replace(hybrid, layer_pattern={"mamba2": 3, "full_attention": 1}), 4) == (
        1,
        0,
    )
    assert shape.layer_counts(made.windowed().architecture, 4) == (1, 3)


def test_an_encoders_output_is_kept_even_where_the_cache_is_worked_out():
    known, without = made.translator(), msgspec.structs.replace(made.translator(), cache=None)
    assert estimate(without).memory_parts.cache == estimate(known).memory_parts.cache


def test_the_largest_context_beyond_a_window_is_solved_exactly():
    model, workload = made.windowed(window=64), Workload(num_input_tokens=1, num_output_tokens=1, num_context_tokens=64)
    at_window = estimate(model, "onnx-fp32", workload).memory.value
    free = round(at_window) + 1000 * 128 * 4 + 10
    assert estimate(model, "onnx-fp32", workload, made.roofs(free=free)).max_context_tokens == 64 + 1000
    inside = round(at_window) - 10 * (128 + 384) * 4 + 10
    assert estimate(model, "onnx-fp32", workload, made.roofs(free=inside)).max_context_tokens == 64 - 10


def test_range_of_the_weights_is_that_of_the_tensors_and_of_the_copy():
    weights, stored = (estimate(made.llama()).memory_parts.weights, estimate(made.llama()).download_bytes.value)
    copy = weights.value - stored
    assert weights.high == pytest.approx(1.01 * stored + 1.25 * copy)
    assert weights.low == pytest.approx(stored / 1.01 + 0.8 * copy)


def test_convolutions_are_kept_in_another_order_besides():
    told = catalog_estimate("microsoft/resnet-50", "onnx-fp32", Workload(num_images=1))
    head = 4 * 1000 * 2048
    convolutions = told.download_bytes.value - head
    copies = told.memory_parts.weights.value - told.download_bytes.value
    assert copies == pytest.approx(1.3 * convolutions + 0.58 * head, rel=0.01)


def test_loading_a_table_can_be_the_peak_of_a_model_that_is_quickly_run():
    told = catalog_estimate("intfloat/multilingual-e5-small", "onnx-fp32", made.READ)
    table = 4 * 250037 * 384
    parts = told.memory_parts
    assert parts.weights.value + parts.activations.value == pytest.approx(told.download_bytes.value + table, rel=0.01)


def test_a_decoder_of_one_file_is_no_other_than_one_of_two():
    told = estimate(made.llama(), "onnx-fp32")
    assert told.memory_parts.weights.value - told.download_bytes.value == pytest.approx(4 * 1000 * 256)
