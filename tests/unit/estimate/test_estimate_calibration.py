"""Calibration: known rates are found again, none is negative, and what no longer holds is not used."""

import fakes_estimate as made
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.catalog import formats, load
from advisor.errors import InvalidInputError
from advisor.estimate import calibration, estimator, finetune, learning, least_squares, roofs
from advisor.estimate.families import KERNEL_FAMILIES, family
from advisor.estimate.learning import Correction, Learned
from advisor.estimate.least_squares import Observation
from advisor.graphs import kernel_case, kernel_plan
from advisor.graphs.kernel_case import Caches, GraphLoad, KernelTime
from advisor.task.model import Workload

CACHES = Caches(l2_bytes=2**20, l3_bytes=32 * 2**20)
STREAMS = {"l2": 80e9, "l3": 60e9, "memory": 20e9}
COMPUTE = {"fp32": 100e9, "int8": 150e9, "int8-dynamic": 300e9, "int4": 200e9, "int4-b128": 260e9}
CALL_S, ELEMENT_S, RUN_S = 3e-6, 0.2e-9, 2e-6
MEMORY_CALL_S, LAYER_S = 8e-6, 30e-6
LAST_BYTES = 32 * 2**20
ATTENTION, SCORE_S = 120e9, 0.5e-9
STEP_FLOPS, STEP_BYTES = 25e9, 60e9
CONVOLUTION, DEPTHWISE = 90e9, 40e9
ELEMENTS = {"norm-elements": 30e9, "rms-elements": 20e9, "gelu-elements": 6e9, "silu-elements": 50e9}
MADE_ON = "2026-11-24T12:00:00+00:00"


def from_memory_s(moved_bytes, size_bytes, calls):
    """Time of products whose weights are read again and again: the last cache keeps what it has room for."""
    outside = 1 - LAST_BYTES / size_bytes
    streamed = moved_bytes * ((1 - outside) / STREAMS["l3"] + outside / STREAMS["memory"])
    return streamed + calls * (CALL_S + outside * MEMORY_CALL_S)


def layers_s(work):
    """Time of whole layers: 5 products, attention, 4 norms and activations and 2 small operators each, and LAYER_S."""
    cache_bytes = 4 * work.num_elements
    size = work.moved_bytes + cache_bytes
    waiting_s = cache_bytes * (1 - LAST_BYTES / size) / 20e9
    attention = max(work.num_flops / STEP_FLOPS + cache_bytes / STEP_BYTES, waiting_s)
    small = work.num_calls * (CALL_S + 4 * CALL_S + 2 * CALL_S)
    return from_memory_s(work.moved_bytes, size, 5 * work.num_calls) + attention + small + work.num_calls * LAYER_S


def true_s(work):
    """Time of a run on a computer whose rates are known."""
    calls = work.num_calls * CALL_S
    if work.kind == "matrices" and work.level == "memory":
        return from_memory_s(work.moved_bytes, work.moved_bytes, work.num_calls)
    if work.kind == "matrices" and work.num_rows == 1:
        return work.moved_bytes / STREAMS[work.level] + calls
    if work.kind == "matrices":
        return work.num_flops / COMPUTE[work.family] + work.num_elements * ELEMENT_S + calls
    if work.kind == "step-attention":
        return work.num_flops / STEP_FLOPS + work.moved_bytes / STEP_BYTES + calls
    if work.kind in {"prompt-attention", "reader-attention"}:
        return work.num_flops / ATTENTION + work.num_elements * SCORE_S
    if work.kind == "convolution":
        return work.num_flops / CONVOLUTION + calls
    if work.kind == "depthwise":
        return work.num_flops / DEPTHWISE + calls
    if work.kind in ELEMENTS:
        return work.moved_bytes / ELEMENTS[work.kind] + calls
    if work.kind == "token-layers":
        return layers_s(work)
    return calls if work.kind == "operators" else 0.0


def measured(*, slower=1.0, fingerprint="made", **changes):
    """Return a calibration of that computer; `slower` stretches every time."""
    runs = [run for case in kernel_plan.cases(CACHES, 2) for run in case.runs()]
    times = tuple(
        KernelTime(work=run.work, median_s=s, low_s=0.99 * s, high_s=1.01 * s, num_blocks=9)
        for run in runs
        for s in [slower * (true_s(run.work) + RUN_S)]
    )
    fields = {
        "created": MADE_ON, "fingerprint": fingerprint, "runtime_version": "1.32.0", "power_source": "mains",
        "num_threads": 2, "l2_bytes": 2**20, "last_level_cache_bytes": 32 * 2**20, "times": times,
        "loads": (GraphLoad(family="int4", file_bytes=10**8, load_s=0.1),), "copy_bytes_per_s": 30e9,
        "copy_low_bytes_per_s": 29e9, "copy_high_bytes_per_s": 31e9, "grade": "A", "peak_rss_bytes": 3 * 10**8,
        "wall_s": 12.0, **changes,
    }  # fmt: skip
    return calibration.Calibration(**fields)


FOUND = measured()


def calibrated(**options):
    return roofs.from_profile(made.machine(), calibration=FOUND, **options)


def estimate(format_id="onnx-int4-b32", limits=None, model=None, workload=made.CHAT):
    return estimator.estimate(made.candidate(model or made.llama(), format_id), workload, limits or calibrated(), None)


def test_a_table_of_words_costs_a_look_into_memory_for_each_token_and_microseconds_are_doubtful():
    table = load.catalog().by_id("minishlab/potion-multilingual-128M")

    def query(tokens):
        return estimate("onnx-fp32", model=table, workload=Workload(num_input_tokens=tokens)).time_per_query

    assert query(1128).value - query(128).value > 1000 * 0.15e-6
    short = query(8)
    assert short.high - short.value > 4e-6  # whatever the kernels say


def test_a_calibration_made_before_long_blocks_were_measured_still_serves_the_others():
    older = msgspec.structs.replace(FOUND, times=tuple(t for t in FOUND.times if t.work.family != "int4-b128"))
    limits = roofs.from_profile(made.machine(), calibration=older)
    assert estimate("onnx-int4-b32", limits).time_per_token.evidence == "calibrated"
    assert estimate("onnx-int4-b128", limits).time_per_token.evidence != "calibrated"
    assert estimate("onnx-int4-b128").time_per_token.evidence == "calibrated"
    wide = estimate("onnx-int4-b128").time_to_first_token.value
    assert wide < estimate("onnx-int4-b32").time_to_first_token.value  # as this computer has it


def test_known_costs_are_found_again():
    truth = {"bytes": 1 / 20e9, "calls": 3e-6}
    seen = [
        Observation(time_s=size * truth["bytes"] + calls * truth["calls"], amounts={"bytes": size, "calls": calls})
        for size, calls in ((1e6, 4.0), (5e7, 10.0), (3e5, 40.0))
    ]
    found = least_squares.fit(seen)
    assert found.costs == pytest.approx(truth, rel=1e-3)
    assert found.residual_share < 1e-4


def test_a_cost_that_would_be_negative_is_nothing():
    seen = [
        Observation(time_s=1.0, amounts={"bytes": 1.0, "calls": 1.0}),
        Observation(time_s=3.0, amounts={"bytes": 2.0, "calls": 1.0}),
    ]
    found = least_squares.fit(seen)
    assert found.costs["calls"] == 0.0
    assert found.costs["bytes"] > 0.0
    assert found.residual_share > 0.1
    assert found.k > 1.1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(1e-6, 1.0), st.floats(0, 1e9), st.floats(0, 1e3), st.floats(0, 1e12)),
        min_size=1,
        max_size=9,
    )
)
def test_no_fitted_cost_is_negative(rows):
    seen = [Observation(time_s=t, amounts={"bytes": b, "calls": c, "flops": f}) for t, b, c, f in rows]
    found = least_squares.fit(seen)
    assert all(cost >= 0.0 for cost in found.costs.values())
    assert len(found.residuals) == len(rows)


def test_the_rates_of_a_known_computer_are_found_again():
    found = calibration.fitted(FOUND)
    assert found.token_layer_s.value == pytest.approx(LAYER_S, rel=0.25)
    for roof in found.matrices:
        assert roof.memory_call_s.value == pytest.approx(MEMORY_CALL_S, rel=0.1), roof.family
        got = [rate.value for rate in roof.stream_bytes_per_s]
        assert got == pytest.approx(list(STREAMS.values()), rel=0.05), roof.family
        fast = [rate.value for rate in roof.compute_flops_per_s[2:]]
        assert fast == pytest.approx([COMPUTE[roof.family]] * 2, rel=0.05), roof.family
        assert roof.residual_share < 0.02
    assert found.step_flops_per_s.value == pytest.approx(STEP_FLOPS, rel=0.05)
    assert found.step_bytes_per_s.value == pytest.approx(STEP_BYTES, rel=0.05)
    assert found.prompt_attention.flops_per_s[2].value == pytest.approx(ATTENTION, rel=0.05)
    assert found.reader_attention.score_s[2].value == pytest.approx(SCORE_S, rel=0.1)
    assert found.convolution_flops_per_s.value == pytest.approx(CONVOLUTION, rel=0.05)
    assert found.depthwise_flops_per_s.value == pytest.approx(DEPTHWISE, rel=0.05)
    assert found.gelu_bytes_per_s.value == pytest.approx(ELEMENTS["gelu-elements"], rel=0.05)
    assert found.operator_s.value == pytest.approx(CALL_S, rel=0.05)


def test_every_rate_carries_the_day_and_the_runtime():
    rate = calibration.fitted(FOUND).matrices[0].stream_bytes_per_s[0]
    assert rate.evidence == "calibrated"
    assert "ONNX Runtime 1.32.0" in rate.basis
    assert "2026-11-24" in rate.basis
    assert rate.low < rate.value < rate.high


def test_scattered_times_leave_larger_residuals_and_wider_ranges():
    shaken = tuple(
        msgspec.structs.replace(time, median_s=time.median_s * (1.4 if place % 2 else 0.8))
        for place, time in enumerate(FOUND.times)
    )
    rough, smooth = calibration.fitted(msgspec.structs.replace(FOUND, times=shaken)), calibration.fitted(FOUND)
    assert rough.matrices[0].residual_share > 5 * smooth.matrices[0].residual_share
    assert calibration.estimate_k(rough, "fp32") > calibration.estimate_k(smooth, "fp32") >= calibration.MODEL_ERROR_K
    assert calibration.estimate_k(rough, "conv") >= calibration.MODEL_ERROR_K


def test_a_calibration_without_a_kind_of_kernel_is_refused():
    half = tuple(time for time in FOUND.times if time.work.kind != "step-attention")
    with pytest.raises(InvalidInputError) as caught:
        calibration.fitted(msgspec.structs.replace(FOUND, times=half))
    assert caught.value.code == "calibration-incomplete"
    assert "step-attention" in caught.value.message


def test_larger_working_sets_and_more_rows_are_never_faster_whatever_noise_says():
    upside_down = tuple(
        msgspec.structs.replace(time, median_s=time.median_s / (20 if time.work.level == "memory" else 1))
        if time.work.num_rows == 1
        else msgspec.structs.replace(time, median_s=time.median_s / (200 if time.work.num_rows == 512 else 1))
        for time in FOUND.times
    )
    for roof in calibration.fitted(msgspec.structs.replace(FOUND, times=upside_down)).matrices:
        streams = [rate.value for rate in roof.stream_bytes_per_s]
        assert streams == sorted(streams, reverse=True)
        whole = [rows / rate.value for rows, rate in zip(kernel_case.ROWS, roof.compute_flops_per_s, strict=True)]
        assert whole == pytest.approx(sorted(whole))


@pytest.mark.parametrize(
    ("change", "version", "power", "words"),
    [
        ({}, "1.32.0", "mains", ()),
        ({}, None, None, ()),
        ({"power_source": None}, "1.32.0", "battery", ()),
        ({"fingerprint": "other"}, "1.32.0", "mains", ("another machine",)),
        ({}, "1.33.0", "mains", ("1.32.0 and is 1.33.0",)),
        ({}, "1.32.0", "battery", ("on mains and the computer runs on battery",)),
        ({"fingerprint": "other"}, "1.33.0", "battery", ("another machine", "1.33.0", "battery")),
    ],
)
def test_a_calibration_is_stale_when_anything_changed(change, version, power, words):
    found = calibration.stale(msgspec.structs.replace(FOUND, **change), made.machine(), version, power)
    assert len(found) == len(words)
    assert all(word in reason for word, reason in zip(words, found, strict=True))


def test_a_stale_calibration_is_not_used_and_the_estimate_says_why():
    limits = calibrated(runtime_version="1.40.0")
    assert limits.calibrated is None
    told = estimate(limits=limits).time_per_token
    assert told.evidence in {"estimated", "assumed"}
    assert "calibration of 2026-11-24 is not used: ONNX Runtime was 1.32.0 and is 1.40.0" in told.basis


def test_the_newest_that_holds_is_chosen():
    machine = made.machine()
    battery, older = measured(power_source="battery"), measured(created="2026-11-01T00:00:00+00:00")
    assert calibration.best((battery, older), machine, "1.32.0") is older
    assert calibration.best((battery,), machine, "1.32.0") is battery
    assert calibration.best((), machine, "1.32.0") is None


@pytest.mark.parametrize("format_id", ["onnx-fp32", "onnx-int8", "onnx-int4-b32", "onnx-int4-b128"])
def test_formats_of_measured_kernels_are_calibrated(format_id):
    told = estimate(format_id)
    for figure in (told.time_to_first_token, told.time_per_token, told.time_per_query, told.rate):
        assert figure.evidence == "calibrated"
    assert told.time_per_token.basis == "speeds measured on this computer on 2026-11-24"
    assert told.time_per_token.high / told.time_per_token.value == pytest.approx(calibration.MODEL_ERROR_K, rel=0.05)


@pytest.mark.parametrize("format_id", ["gguf-q4_k_m", "safetensors-bf16", "onnx-fp16"])
def test_formats_without_measured_kernels_stay_estimated(format_id):
    told, plain = estimate(format_id), estimate(format_id, roofs.from_profile(made.machine()))
    assert told.time_per_token.evidence == plain.time_per_token.evidence
    assert "not measured" in told.time_per_token.basis
    stream = next(roof for roof in calibrated().roofs if roof.family == "k-quant").stream_bytes_per_s
    assert stream.evidence == "estimated"
    assert "memory copied here on 2026-11-24" in stream.basis


def test_another_device_is_not_calibrated():
    machine = made.machine(gpus=(made.gpu(),))
    limits = roofs.from_profile(machine, device="gpu:0", calibration=FOUND)
    assert limits.calibrated is None
    assert estimate(limits=limits).time_per_token.evidence != "calibrated"


def test_assumed_shapes_stay_assumed_whatever_was_measured():
    from advisor.catalog import load

    model = load.catalog().by_id("ustc-community/dfine-large-coco")
    told = estimate("onnx-fp32", model=model, workload=Workload(num_input_tokens=0, num_images=1))
    assert told.time_per_query.evidence == "assumed"
    assert told.time_per_query.value > 91e9 / CONVOLUTION


def test_a_token_of_a_large_model_costs_its_weights_at_the_rate_of_memory():
    model = made.llama(layers=24, hidden=2048, heads=16, kv_heads=4, inner=8192, vocab=32000)
    short = Workload(num_input_tokens=8, num_output_tokens=8, num_context_tokens=64)
    told = estimate("onnx-fp32", model=model, workload=short)
    streamed = told.download_bytes.value / STREAMS["memory"]
    assert streamed < told.time_per_token.value < 1.1 * streamed


def test_a_token_of_a_small_model_is_read_from_the_cache():
    small = made.llama(layers=1, hidden=512, inner=4096)
    large = made.llama(layers=2, hidden=4096, heads=32, inner=16384)
    short = Workload(num_input_tokens=8, num_output_tokens=8, num_context_tokens=64)

    def bytes_per_s(model):
        told = estimate("onnx-fp32", model=model, workload=short)
        return told.download_bytes.value / told.time_per_token.value

    assert bytes_per_s(large) < 1.05 * STREAMS["memory"]
    assert bytes_per_s(small) > 1.1 * STREAMS["memory"]


@settings(max_examples=25, deadline=None)
@given(
    layers=st.integers(1, 24), hidden=st.sampled_from([128, 512, 2048]), prompt=st.integers(1, 2000),
    format_id=st.sampled_from(["onnx-fp32", "onnx-int8", "onnx-int4-b32"]),
)  # fmt: skip
def test_more_layers_and_longer_prompts_are_never_faster(layers, hidden, prompt, format_id):
    def times(num_layers, num_tokens):
        work = Workload(num_input_tokens=num_tokens, num_output_tokens=8, num_context_tokens=4096)
        told = estimate(format_id, model=made.llama(layers=num_layers, hidden=hidden), workload=work)
        return told.time_to_first_token.value, told.time_per_token.value

    here, deeper, longer = times(layers, prompt), times(layers + 1, prompt), times(layers, prompt + 50)
    assert all(more >= less for more, less in zip(deeper, here, strict=True))
    assert all(more >= 0.999 * less for more, less in zip(longer, here, strict=True))


def test_a_slower_computer_is_estimated_slower():
    slow = roofs.from_profile(made.machine(), calibration=measured(slower=2.0))
    for phase in ("time_to_first_token", "time_per_token"):
        ratio = getattr(estimate(limits=slow), phase).value / getattr(estimate(), phase).value
        assert ratio == pytest.approx(2.0, rel=0.05)


def test_what_probes_taught_corrects_its_family_and_phase_and_sets_the_range():
    taught = Learned(
        corrections=(Correction(family="int4", phase="token", ratio=1.5, k=1.1, num_lessons=3),),
        common_ratio=1.0, common_k=1.2, num_probes=3,
    )  # fmt: skip
    limits = msgspec.structs.replace(calibrated(), learned=taught)
    before, after = estimate(), estimate(limits=limits)
    assert after.time_per_token.value == pytest.approx(1.5 * before.time_per_token.value)
    assert after.time_per_token.high == pytest.approx(1.1 * after.time_per_token.value, rel=0.001)
    assert after.time_to_first_token.value == pytest.approx(before.time_to_first_token.value)
    assert after.time_to_first_token.high == pytest.approx(1.2 * after.time_to_first_token.value, rel=0.001)
    assert after.time_per_token.basis.endswith("corrected by 3 probes made here")
    assert learning.of(taught, "fp32", "token") == (1.0, 1.2)


def test_each_format_has_a_kernel_family():
    assert {family(how) for how in formats.FORMATS} | {"conv"} == set(KERNEL_FAMILIES)
    assert family(formats.by_id("onnx-int8-dynamic")) == "int8-dynamic"
    assert family(formats.by_id("onnx-int4-b32"), convolutions=True) == "conv"


def test_a_disturbed_calibration_promises_less():
    def k(grade):
        told = calibration.fitted(measured(grade=grade))
        return calibration.estimate_k(told, "int4")

    assert k("A") < k("B") < k("C")
    assert k("C") > 1.9


def test_fine_tuning_is_timed_by_the_measured_rate_of_products():
    limits = calibrated()
    rate = next(matrix for matrix in limits.calibrated.matrices if matrix.family == "fp32").compute_flops_per_s[-1]
    card = load.catalog().by_id("HuggingFaceTB/SmolLM2-135M-Instruct")
    lora = finetune.estimate(card, finetune.FinetunePlan(num_examples=100, num_tokens=256), limits, None).methods[1]
    traffic_s = finetune.STEP_BYTES * lora.num_trained * 300 / limits.elements_bytes_per_s.value
    assert lora.time.value == pytest.approx(lora.flops.value / (finetune.TRAINING_SHARE * rate.value) + traffic_s)
    assert rate.basis in lora.time.basis
