"""Time: bytes and FLOPs by hand for small models, then laws that hold for all."""

import math

import fakes_estimate as made
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.catalog import formats, inventory, load, query
from advisor.catalog.model import Architecture, AudioFacts, VisionFacts
from advisor.estimate import drawn_work, estimator, image_work, table, work
from advisor.evidence import unknown
from advisor.task.model import Workload


def estimate(model, format_id="onnx-fp32", workload=made.CHAT, roofs=None, power=None):
    return estimator.estimate(made.candidate(model, format_id), workload, roofs or made.roofs(), power)


def from_catalog(model_id, format_id="onnx-fp32", workload=made.CHAT):
    return estimate(load.catalog().by_id(model_id), format_id, workload)


def counts(model, workload, format_id="onnx-fp32"):
    rows = table.build((made.candidate(model, format_id),))
    return rows, work.positions(rows, workload)


def matrices(model):
    return sum(
        group.num_rows * group.num_columns * group.num_tensors * group.active_share
        for group in inventory.of_card(model)
        if group.role in {"linear", "expert", "router", "lm_head", "conv"}
    )


def test_a_token_costs_two_operations_for_each_weight_and_the_pairs_so_far():
    model = made.llama()
    rows, at = counts(model, made.CHAT)
    step = work.decode(rows, made.CHAT, at)
    assert step.flops[0] == pytest.approx(2 * matrices(model))
    average = sum(range(101, 150)) / 49
    assert step.attention_flops[0] == pytest.approx(average * 4 * 8 * 32 * 4)
    assert step.cache_bytes[0] == pytest.approx(average * 2 * 4 * 2 * 32 * 4)


def test_a_token_reads_each_matrix_once_and_one_row_of_the_embedding():
    model = made.llama(tied=True)
    rows, at = counts(model, made.CHAT)
    norms = sum(group.num_parameters() for group in inventory.of_card(model) if group.role == "norm")
    assert work.decode(rows, made.CHAT, at).stream_bytes[0] == pytest.approx(4 * (matrices(model) + norms + 256))


def test_the_prompt_multiplies_the_whole_square():
    model = made.llama()
    rows, at = counts(model, made.CHAT)
    prompt = work.prefill(rows, made.CHAT, at)
    assert prompt.attention_flops[0] == pytest.approx(100 * 101 * 4 * 8 * 32 * 4)
    assert prompt.flops[0] == pytest.approx(100 * 2 * matrices(model))


def test_a_runtime_that_scores_the_last_position_only_saves_the_rest():
    model = made.llama(vocab=50_000)
    rows, at = counts(model, made.CHAT, "gguf-q8_0")
    head = 50_000 * 256
    expected = 100 * 2 * (matrices(model) - head) + 2 * head
    assert work.prefill(rows, made.CHAT, at).flops[0] == pytest.approx(expected)


def test_windowed_layers_look_back_a_window_only():
    rows, at = counts(made.windowed(window=64), made.CHAT)
    step = work.decode(rows, made.CHAT, at)
    average = sum(range(101, 150)) / 49
    assert step.cache_bytes[0] == pytest.approx(4 * (average * 128 + 64 * 384))


def test_positions_seen_are_the_sum_of_what_each_looks_back_on():
    for length, window in ((0, 5), (3, 5), (5, 5), (9, 5), (9, math.inf)):
        by_hand = sum(min(position, window) for position in range(1, length + 1))
        assert work.seen(np.array([float(length)]), np.array([float(window)]))[0] == by_hand


def test_one_token_visits_its_share_of_the_experts_and_many_visit_all():
    model = made.mixture(experts=8, per_token=2)
    rows, at = counts(model, made.CHAT)
    experts = rows.column("expert_bytes")[0]
    one = work.decode(rows, made.CHAT, at).stream_bytes[0]
    rest = rows.column("decoder_bytes")[0] + rows.column("head_bytes")[0]
    assert one - rest == pytest.approx(experts / 4)
    assert work.prefill(rows, made.CHAT, at).stream_bytes[0] - rest == pytest.approx(experts)


def test_time_of_a_mixture_follows_the_share_it_visits():
    two = estimate(made.mixture(experts=16, per_token=2)).time_per_token.value
    four = estimate(made.mixture(experts=16, per_token=4)).time_per_token.value
    assert two < four < 2 * two
    memory = [estimate(made.mixture(experts=16, per_token=n)).download_bytes.value for n in (2, 4)]
    assert memory[0] == memory[1]


@pytest.mark.parametrize("model_id", [m.id for m in load.catalog().models if m.parameters.num_experts_parameters])
def test_weights_read_per_token_agree_with_the_catalog(model_id):
    card = load.catalog().by_id(model_id)
    if inventory.of_card(card) is None or not card.parameters.num_read_per_token:
        return
    rows, at = counts(card, made.CHAT, "onnx-fp32")
    read = work.decode(rows, made.CHAT, at).stream_bytes[0] / 4
    assert read == pytest.approx(card.parameters.num_read_per_token, rel=0.02)


def test_each_kernel_class_waits_for_the_slower_of_memory_and_arithmetic():
    one_token = msgspec.structs.replace(made.CHAT, num_input_tokens=1, num_output_tokens=2)
    rows, at = counts(made.llama(), one_token)
    step = work.decode(rows, one_token, at)
    slow_memory = estimate(made.llama(), workload=one_token, roofs=made.roofs(stream=1e6, compute=1e15, attention=1e15))
    slow_arithmetic = estimate(made.llama(), workload=one_token, roofs=made.roofs(stream=1e15, compute=1e6))
    starts = step.operators[0] * 1e-6
    pairs = step.attention_flops[0] / 1e15
    assert slow_memory.time_per_token.value == pytest.approx(step.stream_bytes[0] / 1e6 + starts + pairs, rel=1e-3)
    both = (step.flops[0] + step.attention_flops[0]) / 1e6
    assert slow_arithmetic.time_per_token.value == pytest.approx(both + starts, rel=1e-3)


def test_a_query_is_its_prompt_and_all_further_tokens():
    told = estimate(made.llama())
    assert told.time_per_query.value == pytest.approx(told.time_to_first_token.value + 49 * told.time_per_token.value)
    assert told.rate.value == pytest.approx(1 / told.time_per_token.value)
    assert told.rate.unit == "tokens/s"


def test_one_output_token_comes_with_the_prompt():
    told = estimate(made.llama(), workload=msgspec.structs.replace(made.CHAT, num_output_tokens=1))
    assert told.time_per_query == told.time_to_first_token


def test_a_batch_shares_the_weights():
    four = estimate(made.llama(), workload=msgspec.structs.replace(made.CHAT, num_batch=4), power=made.power())
    one = estimate(made.llama(), power=made.power())
    assert one.time_per_token.value < four.time_per_token.value < 4 * one.time_per_token.value
    assert four.rate.value > one.rate.value
    assert four.energy_per_1000_queries.value < one.energy_per_1000_queries.value
    assert four.flops_per_query.value == pytest.approx(one.flops_per_query.value)
    assert four.bytes_per_query.value < one.bytes_per_query.value


def test_passes_repeat_the_reading():
    encoder = load.catalog().by_id("sentence-transformers/all-MiniLM-L6-v2")
    one, six = (estimate(encoder, workload=msgspec.structs.replace(made.READ, num_passes=passes)) for passes in (1, 6))
    assert six.time_per_query.value == pytest.approx(6 * one.time_per_query.value)
    assert one.rate.unit == "queries/s"
    assert one.time_per_token.value is None
    assert one.time_per_token.basis == "nothing is generated token by token"


def test_an_encoder_multiplies_every_matrix_for_every_token():
    told = from_catalog("google-bert/bert-base-uncased", workload=made.READ)
    layers = 12 * (4 * 768 * 768 + 2 * 768 * 3072)
    pairs = 12 * 4 * 768 * 100 * 100
    assert told.flops_per_query.value == pytest.approx(2 * 100 * layers + pairs, rel=0.02)


def test_windows_of_encoders_are_masks_in_onnx_and_windows_elsewhere():
    workload = Workload(num_input_tokens=4096)
    modern = load.catalog().by_id("answerdotai/ModernBERT-base")
    every, seen = 4 * 768 * 22 * 4096**2, 4 * 768 * (8 * 4096**2 + 14 * 4096 * 128)
    for format_id, pairs in (("onnx-fp32", every), ("safetensors-bf16", seen)):
        rows = table.build((made.candidate(modern, format_id),))
        reading = work.reader(rows, workload, work.positions(rows, workload))
        assert reading.attention_flops[0] == pytest.approx(pairs), format_id
        assert (reading.stored_bytes[0] > 0) == (format_id == "onnx-fp32")  # what masks copy


def test_a_text_meets_every_distance_of_deberta_however_short_it_is():
    def flops(tokens):
        rows, at = counts(load.catalog().by_id("microsoft/deberta-v3-base"), Workload(num_input_tokens=tokens))
        return work.reader(rows, Workload(num_input_tokens=tokens), at).attention_flops[0]

    assert flops(1) == pytest.approx(4 * 768 * 12 * (1 + 512))
    assert flops(128) == pytest.approx(4 * 768 * 12 * (128**2 + 128 * 512))


def test_a_translator_reads_once_and_looks_back_at_every_token():
    workload = Workload(num_input_tokens=40, num_output_tokens=20, num_context_tokens=64)
    rows, at = counts(made.translator(), workload)
    assert at.reader[0] == 40
    assert at.prompt[0] == 1
    step, prompt = work.decode(rows, workload, at), work.prefill(rows, workload, at)
    average = sum(range(2, 21)) / 19
    assert step.cache_bytes[0] == pytest.approx(4 * 768 * (average + 40))
    cross_keys = 3 * 2 * 128 * 128
    assert rows.column("cross_flops")[0] == 2 * cross_keys
    assert prompt.flops[0] == step.flops[0]  # keys and values of the encoder's output are made with it, in many rows
    reading = work.reader(rows, workload, at)
    assert reading.flops[0] == pytest.approx(40 * (rows.column("reader_flops")[0] + 2 * cross_keys))
    assert reading.stream_bytes[0] > rows.column("reader_bytes")[0]
    assert step.plain_operators[0] > 20 * 3
    turned = 4 * 768 * 40
    assert step.stored_bytes[0] == pytest.approx(turned + work.LOGIT_MOVES * 4 * 1000)
    every_token = 3 * (4 * 128 * 128 + 2 * 128 * 128 + 2 * 128 * 256) + 1000 * 128
    assert step.flops[0] == 2 * every_token
    norms_and_biases = 0.05 * every_token
    assert step.stream_bytes[0] == pytest.approx(4 * every_token, abs=4 * norms_and_biases)


def test_a_classifier_with_a_decoder_runs_it_over_the_text():
    _, at = counts(load.catalog().by_id("facebook/bart-large-mnli"), made.READ)
    assert (at.reader[0], at.prompt[0]) == (100, 100)


def test_whisper_hears_whole_windows_of_thirty_seconds():
    tiny = load.catalog().by_id("openai/whisper-tiny")

    def heard(audio_s):
        workload = Workload(num_input_tokens=0, audio_s=audio_s, num_output_tokens=20, num_context_tokens=448)
        _, at = counts(tiny, workload)
        return at.reader[0], at.reader_window[0], at.prompt[0]

    assert heard(5.0) == (1500, 1500, 4)
    assert heard(30.0) == (1500, 1500, 4)
    assert heard(31.0) == (3000, 1500, 4)
    told = estimate(tiny, workload=Workload(num_input_tokens=0, audio_s=60.0, num_output_tokens=20))
    assert told.rate.unit == "x real time"
    assert told.rate.value == pytest.approx(60 / told.time_per_query.value)


@pytest.mark.parametrize(
    ("model_id", "per_s"),
    [
        ("facebook/wav2vec2-base-960h", 50.0),
        ("UsefulSensors/moonshine-tiny", 16000 / 384),
        ("nvidia/parakeet-ctc-0.6b", 12.5),
    ],
)
def test_recordings_are_cut_at_the_published_strides(model_id, per_s):
    _, at = counts(load.catalog().by_id(model_id), Workload(num_input_tokens=0, audio_s=10.0))
    assert at.reader[0] == pytest.approx(10 * per_s)


def test_the_sound_front_of_wav2vec_runs_many_times_for_one_position():
    rows, _ = counts(load.catalog().by_id("facebook/wav2vec2-base-960h"), Workload(audio_s=1.0))
    layers = 12 * (4 * 768 * 768 + 2 * 768 * 3072) * 2
    front = 2 * (64 * 10 * 512 + 512 * 512 * (3 * (32 + 16 + 8 + 4) + 2 * (2 + 1)))
    assert rows.column("reader_flops")[0] == pytest.approx(layers + front, rel=0.06)


def test_a_transducer_keeps_next_to_nothing():
    told = from_catalog("nvidia/parakeet-tdt-0.6b-v3", workload=Workload(audio_s=10.0, num_output_tokens=30))
    assert told.memory_parts.cache.value == 0
    assert told.time_per_query.value > 0
    assert any("transducer" in phrase for phrase in told.not_modelled)


def test_an_image_of_a_drawn_network_is_one_run_of_it():
    rows, at = counts(load.catalog().by_id("google/vit-base-patch16-224"), Workload(num_images=3, num_input_tokens=0))
    assert at.reader[0] == 3
    amount = work.reader(rows, Workload(num_images=3, num_input_tokens=0), at)
    assert amount.rows[0] == pytest.approx(14 * 14 + 1, rel=0.01)
    positions, hidden = 14 * 14 + 1, 768
    matrices = 2 * positions * 12 * (4 * hidden * hidden + 2 * hidden * 4 * hidden)
    assert amount.flops[0] == pytest.approx(3 * matrices, rel=0.01)
    assert amount.attention_flops[0] == pytest.approx(3 * 12 * 4 * positions**2 * hidden, rel=0.01)
    assert amount.conv_flops[0] == pytest.approx(3 * 2 * 14 * 14 * 16 * 16 * 3 * hidden, rel=0.01)


def test_a_picture_is_its_denoising_steps():
    model = load.catalog().by_id("stable-diffusion-v1-5/stable-diffusion-v1-5")
    workload = Workload(num_images=2, num_input_tokens=0)
    rows, at = counts(model, workload)
    assert at.reader[0] == 2 * 50
    amount = work.reader(rows, workload, at)
    drawn = drawn_work.DRAWN[model.id]
    assert amount.flops[0] == pytest.approx(100 * drawn.linear_flops)
    assert amount.conv_flops[0] == pytest.approx(100 * drawn.conv_flops)
    assert amount.operators[0] == 100 * drawn.num_operators
    told = from_catalog(model.id, workload=workload)
    assert told.time_per_query.value > 100 * drawn.conv_flops / 1e12
    assert told.time_per_query.evidence == "estimated"
    assert any("text encoders" in phrase and "50 steps" in phrase for phrase in told.not_modelled)


def test_an_image_reaches_a_language_model_as_tokens():
    smol = load.catalog().by_id("HuggingFaceTB/SmolVLM2-2.2B-Instruct")
    _, at = counts(smol, Workload(num_input_tokens=10, num_images=2, num_output_tokens=5))
    assert at.reader[0] == 2 * 27 * 27
    assert at.prompt[0] == 10 + 2 * 81


def test_an_image_of_unknown_size_is_an_assumption_that_is_named():
    told = from_catalog("Qwen/Qwen3-VL-2B-Instruct", workload=Workload(num_images=1, num_output_tokens=5))
    assert told.time_per_query.evidence == "assumed"
    assert any("448 x 448" in phrase for phrase in told.not_modelled)


def test_text_alone_starts_no_image_tower():
    rows, at = counts(load.catalog().by_id("HuggingFaceTB/SmolVLM2-2.2B-Instruct"), made.CHAT)
    tower = work.reader(rows, made.CHAT, at)
    assert tower.stream_bytes[0] == tower.flops[0] == tower.operators[0] == 0


@pytest.mark.parametrize(
    ("model_id", "workload", "words"),
    [
        ("facebook/sam2.1-hiera-tiny", Workload(num_images=1), "one image"),
        ("facebook/mms-tts-eng", Workload(audio_s=5.0), "sound"),
        ("microsoft/Florence-2-base", Workload(num_images=1, num_output_tokens=5), "shape of this model"),
        ("google-bert/bert-base-uncased", Workload(num_input_tokens=0, audio_s=5.0), "cannot read"),
    ],
)
def test_work_that_is_not_known_has_no_time(model_id, workload, words):
    told = from_catalog(model_id, workload=workload)
    assert told.time_per_query.value is None
    assert told.time_per_query.evidence == "excluded"
    assert words in told.time_per_query.basis
    assert told.energy_per_1000_queries.value is None
    assert words not in " ".join(told.not_modelled), "said once, where the time would be"


def test_a_device_without_a_rate_has_no_time_but_a_verdict():
    roofs = made.roofs()
    none = tuple(msgspec.structs.replace(roof, stream_bytes_per_s=unknown("B/s", "not told")) for roof in roofs.roofs)
    told = estimate(made.llama(), roofs=msgspec.structs.replace(roofs, roofs=none))
    assert told.time_per_query.value is None
    assert "the speed of a machine is not known" in told.time_per_query.basis
    assert told.verdict == "fits"


def test_a_device_without_a_roof_of_a_family_cannot_run_it():
    roofs = made.roofs()
    only = tuple(roof for roof in roofs.roofs if roof.family != "int4")
    assert estimate(made.llama(), "onnx-int4-b32", roofs=msgspec.structs.replace(roofs, roofs=only)).rate.value is None
    assert estimate(made.llama(), "onnx-fp32", roofs=msgspec.structs.replace(roofs, roofs=only)).rate.value > 0


def test_a_roof_without_a_range_counts_at_its_value():
    bare = msgspec.structs.replace(made.quantity(10e9, "B/s"), low=None, high=None)
    told = estimate(made.llama(), roofs=msgspec.structs.replace(made.roofs(), attention_bytes_per_s=bare))
    assert told.time_per_token.low == told.time_per_token.value == told.time_per_token.high


def test_a_model_with_a_count_only_reads_all_of_it_or_what_is_known():
    rwkv = load.catalog().by_id("RWKV/RWKV7-G1j-1.5B-20260831")
    told = estimate(rwkv, "gguf-q8_0")
    how = formats.by_id("gguf-q8_0")
    share = (rwkv.parameters.num_read_per_token or rwkv.num_parameters()) / rwkv.num_parameters()
    assert told.time_per_token.value > formats.file_bytes(how, rwkv)[0] * min(1, share) / 10e9
    assert told.time_per_token.evidence == "assumed"


def test_a_vision_tower_without_shapes_is_named():
    shape = msgspec.structs.replace(made.llama().architecture, vision=VisionFacts(model_type="unheard-of"))
    told = estimate(made.card(shape), workload=Workload(num_images=1, num_output_tokens=5))
    assert any("image tower" in phrase for phrase in told.not_modelled)


def test_a_recording_at_an_unknown_rate_is_named():
    shape = Architecture(
        model_type="unheard-of",
        num_hidden_layers=2,
        hidden_size=64,
        num_attention_heads=4,
        audio=AudioFacts(num_encoder_layers=2, encoder_hidden_size=64),
    )
    model = made.card(shape, tasks=("automatic-speech-recognition",), total=1000)
    told = estimate(model, workload=Workload(num_input_tokens=0, audio_s=4.0, num_output_tokens=5))
    assert any("50 positions a second" in phrase for phrase in told.not_modelled)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from((made.llama(), made.windowed(), made.mixture(), made.latent(), made.translator())),
    st.sampled_from(("onnx-int4-b32", "gguf-q4_k_m", "safetensors-bf16")),
    st.integers(1, 500),
    st.integers(1, 500),
    st.integers(0, 500),
)
def test_more_tokens_never_take_less_time(model, format_id, read, written, more):
    def time(input_tokens, output_tokens):
        workload = Workload(num_input_tokens=input_tokens, num_output_tokens=output_tokens)
        return estimate(model, format_id, workload).time_per_query.value

    slack = 1 + 1e-12
    assert time(read + more, written) * slack >= time(read, written)
    assert time(read, written + more) * slack >= time(read, written)


@settings(max_examples=40, deadline=None)
@given(st.floats(1.0, 4.0), st.floats(1.0, 4.0))
def test_energy_combines_independent_ranges_in_squares(k_time, k_power):
    roofs = made.roofs(k=k_time)
    told = estimate(made.llama(), roofs=roofs, power=made.power(watts=36.0, k=k_power))
    assert told.energy_per_1000_queries.value == pytest.approx(10 * told.time_per_query.value)
    spread = math.exp(math.hypot(math.log(k_time), math.log(k_power)))
    energy = told.energy_per_1000_queries
    assert energy.high / energy.value == pytest.approx(spread, rel=1e-6)
    assert energy.value / energy.low == pytest.approx(spread, rel=1e-6)


def test_published_work_of_an_image_is_used_where_tensors_do_not_tell():
    one = from_catalog("ustc-community/dfine-large-coco", workload=Workload(num_input_tokens=0, num_images=2))
    assert one.flops_per_query.value == pytest.approx(2 * 91e9)
    assert one.time_per_query.evidence == "assumed"
    resnet = from_catalog("microsoft/resnet-50", workload=Workload(num_input_tokens=0, num_images=2))
    assert resnet.flops_per_query.value == pytest.approx(2 * 8.22e9, rel=0.01), "as drawn, and as published"


def test_every_published_image_is_of_a_model_in_the_catalog():
    for model_id, flops in image_work.IMAGE_FLOPS.items():
        assert 1e8 < flops < 2e11
        assert query.structure(load.catalog().by_id(model_id)) == "vision"


def test_what_joins_patches_runs_once_for_a_token():
    model = load.catalog().by_id("Qwen/Qwen2.5-VL-3B-Instruct")
    rows, at = counts(model, Workload(num_images=1, num_output_tokens=1))
    merger = 2 * (5120 * 5120 + 2048 * 5120)
    tower = [g for g in inventory.of_card(model) if g.part == "vision" and g.role in {"linear", "conv"}]
    patches = 2 * sum(group.num_parameters() for group in tower)
    assert rows.column("reader_flops")[0] == pytest.approx(patches + merger / 4)
    assert at.reader[0] == pytest.approx(4 * at.prompt[0] - 4 * 128)


def test_a_component_known_by_its_count_is_multiplied_once_a_position():
    model = load.catalog().by_id("Qwen/Qwen3-ASR-1.7B")
    rows, _ = counts(model, Workload(num_input_tokens=0, audio_s=4.0, num_output_tokens=5))
    tower = next(group for group in inventory.of_card(model) if group.name == "audio_tower")
    assert rows.column("reader_flops")[0] > 2 * tower.num_parameters()
    assert rows.column("assumed")[0] == 1.0


def test_sound_is_looked_at_window_by_window():
    tiny = load.catalog().by_id("openai/whisper-tiny")
    workload = Workload(num_input_tokens=0, audio_s=60.0, num_output_tokens=5)
    rows, at = counts(tiny, workload)
    reading = work.reader(rows, workload, at)
    assert reading.attention_flops[0] == pytest.approx(4 * 384 * 4 * 2 * 1500**2)
    assert reading.operators[0] == 2 * rows.column("reader_operators")[0]


@pytest.mark.parametrize("model_id", ["openai/whisper-tiny", "nvidia/parakeet-ctc-0.6b", "facebook/wav2vec2-base-960h"])
def test_two_hours_of_sound_cost_their_pieces_and_the_memory_of_one(model_id):
    """A recording is transcribed piece by piece: time grows with its length, memory and the first word do not."""
    model = load.catalog().by_id(model_id)

    def heard(audio_s):
        sizes = Workload(
            num_input_tokens=0, audio_s=audio_s, num_output_tokens=round(4 * audio_s), num_context_tokens=448
        )
        return estimate(model, workload=sizes)

    piece, long = heard(30.0), heard(7200.0)
    assert long.memory.value == pytest.approx(piece.memory.value)
    assert long.time_per_query.value == pytest.approx(240 * piece.time_per_query.value, rel=0.01)
    assert long.time_to_first_token.value == pytest.approx(piece.time_to_first_token.value, rel=0.01)
    assert long.rate.value == pytest.approx(piece.rate.value, rel=0.01)


def test_a_recurrent_state_is_read_and_written_by_prompt_and_token():
    mamba = load.catalog().by_id("state-spaces/mamba-130m-hf")
    rows, at = counts(mamba, made.CHAT, "gguf-q8_0")
    state_bytes = mamba.cache.num_state_elements * 4
    assert work.decode(rows, made.CHAT, at).cache_bytes[0] == 2 * state_bytes
    assert work.prefill(rows, made.CHAT, at).cache_bytes[0] == 2 * state_bytes
    assert work.decode(rows, made.CHAT, at).attention_flops[0] == 0
    products = matrices(mamba) - mamba.architecture.vocab_size * mamba.architecture.hidden_size
    assert rows.column("decoder_flops")[0] == 2 * products + 6 * mamba.cache.num_state_elements


def test_passes_repeat_every_token_too():
    one, three = (
        estimate(made.llama(), workload=msgspec.structs.replace(made.CHAT, num_passes=passes)) for passes in (1, 3)
    )
    assert three.time_per_query.value == pytest.approx(3 * one.time_per_query.value)
    assert three.flops_per_query.value == pytest.approx(3 * one.flops_per_query.value)
