"""Roofs from a machine's facts: what was read counts, what was taken is called assumed."""

import math

import fakes_estimate as made
import pytest

from advisor.catalog import load
from advisor.errors import NotFoundError
from advisor.estimate import energy, estimator, roofs
from advisor.estimate.families import KERNEL_FAMILIES
from advisor.hardware.model import Fact
from advisor.task.model import Workload


def of(profile, **options):
    return roofs.from_profile(profile, **options)


def family(told, name):
    return next(roof for roof in told.roofs if roof.family == name)


def test_every_kernel_family_has_a_roof_with_a_range():
    for told in (of(made.machine()), of(made.machine(gpus=(made.gpu(),)), device="gpu:0")):
        assert {roof.family for roof in told.roofs} == set(KERNEL_FAMILIES)
        for roof in told.roofs:
            for quantity in (roof.stream_bytes_per_s, roof.compute_flops_per_s):
                assert quantity.low < quantity.value < quantity.high


def test_arithmetic_is_cores_times_clock_times_lanes():
    told = roofs.fp32_flops_per_s(made.cpu())
    assert told.value == pytest.approx(4 * 4e9 * 32 * roofs.GEMM_EFFICIENCY)
    assert told.evidence == "estimated"
    assert "4 cores at 4.0 GHz, 32 operations" in told.basis


@pytest.mark.parametrize(
    ("sets", "lanes"),
    [
        (("avx2", "fma", "avx512f"), 64),
        (("avx2", "fma"), 32),
        (("neon", "dotprod"), 16),
        (("neon", "bf16"), 32),
        ((), 8),
        (None, 8),
    ],
)
def test_lanes_follow_the_instruction_sets(sets, lanes):
    told = roofs.fp32_flops_per_s(made.cpu(instruction_sets=sets))
    assert told.value == pytest.approx(4 * 4e9 * lanes * roofs.GEMM_EFFICIENCY)
    assert told.evidence == ("assumed" if sets is None else "estimated")


def test_an_unknown_clock_is_assumed_and_said():
    told = roofs.fp32_flops_per_s(made.cpu(max_frequency_hz=None))
    assert told.evidence == "assumed"
    assert "clock assumed" in told.basis


def test_dot_products_make_quantized_products_faster():
    plain = family(of(made.machine()), "int8").compute_flops_per_s.value
    fast = made.machine(made.cpu(instruction_sets=("avx2", "fma", "avx_vnni")))
    assert family(of(fast), "int8").compute_flops_per_s.value > plain
    assert family(of(fast), "fp32") == family(of(made.machine()), "fp32")


def test_16_bit_products_need_their_own_instructions():
    plain = family(of(made.machine()), "bf16").compute_flops_per_s
    native = made.machine(made.cpu(instruction_sets=("avx2", "fma", "avx512_bf16")))
    assert family(of(native), "bf16").compute_flops_per_s.value > plain.value
    assert plain.evidence == "assumed"
    wide = family(of(made.machine()), "fp32").compute_flops_per_s
    assert plain.high / plain.value > wide.high / wide.value


def test_a_share_of_the_processors_counts():
    assert roofs.num_cores(made.cpu(num_usable_cpus=1.5)) == (1.5, "estimated")
    assert roofs.num_cores(made.cpu(num_usable_cpus=None)) == (4, "estimated")
    assert roofs.num_cores(made.cpu(num_physical_cores=None)) == (8.0, "estimated")
    assert roofs.num_cores(made.cpu(num_usable_cpus=None, num_physical_cores=None)) == (2.0, "assumed")


def test_memory_is_what_the_modules_give():
    told = roofs.memory_bytes_per_s(made.machine(speed=20e9))
    assert told.value == pytest.approx(20e9 * roofs.MEMORY_EFFICIENCY)
    assert told.evidence == "estimated"
    assert "memory modules of 20 GB/s, limited by the memory" in told.basis


def test_few_cores_draw_less_than_the_modules_give():
    told = roofs.memory_bytes_per_s(made.machine(made.cpu(num_usable_cpus=1.0), speed=200e9))
    assert told.value == pytest.approx(roofs.CORE_BYTES_PER_S)
    assert "limited by the cores" in told.basis


def test_published_channels_stand_in_for_modules_not_told():
    listed = made.cpu(model="AMD EPYC 7763 64-Core Processor", num_usable_cpus=64.0, num_physical_cores=64)
    told = roofs.memory_bytes_per_s(made.machine(listed, speed=None))
    assert told.value == pytest.approx(8 * 8 * 3200e6 * roofs.MEMORY_EFFICIENCY)
    assert told.evidence == "assumed"
    assert "published for EPYC 7763" in told.basis


@pytest.mark.parametrize(("cores", "expected"), [(2.0, 24e9), (4.0, roofs.ASSUMED_MEMORY_BYTES_PER_S)])
@pytest.mark.parametrize("model", ["Processor nobody lists", None])
def test_memory_that_nobody_tells_is_assumed(cores, expected, model):
    told = roofs.memory_bytes_per_s(made.machine(made.cpu(num_usable_cpus=cores, model=model), speed=None))
    assert told.value == pytest.approx(expected)
    assert told.evidence == "assumed"


def two_cores(*sets):
    return made.cpu(
        num_physical_cores=2,
        num_logical_cores=2,
        num_usable_cpus=2.0,
        max_frequency_hz=None,
        instruction_sets=sets,
        virtualised=True,
    )


AVX2 = two_cores("avx2", "fma")
ZEN_5 = two_cores("avx2", "fma", "avx512f", "avx512_vnni")


@pytest.mark.parametrize(
    ("processor", "name", "stream", "compute"),
    [
        (AVX2, "k-quant", 14.5e9, 55e9),
        (AVX2, "k-quant", 19.6e9, 156e9),
        (ZEN_5, "int4", 27e9, 264e9),
        (ZEN_5, "int4", 33e9, 368e9),
        (ZEN_5, "int8", 40e9, 320e9),
        (ZEN_5, "fp32", 37e9, 294e9),
    ],
)
def test_rates_measured_on_two_machines_lie_inside_the_range(processor, name, stream, compute):
    """Figures of docs/METHODS.md: llama.cpp on an AVX2 virtual machine, ONNX Runtime on two Zen 5 cores."""
    roof = family(of(made.machine(processor, speed=None)), name)
    assert roof.stream_bytes_per_s.low < stream < roof.stream_bytes_per_s.high
    assert roof.compute_flops_per_s.low < compute < roof.compute_flops_per_s.high


@pytest.mark.parametrize(
    ("model_id", "format_id", "processor", "tokens_per_s"),
    [
        ("meta-llama/Llama-3.2-1B-Instruct", "gguf-q4_0", AVX2, 18.8),
        ("meta-llama/Llama-3.1-8B-Instruct", "gguf-q4_0", AVX2, 4.2),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "gguf-q4_0", AVX2, 85.0),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int4-b32", ZEN_5, 159.0),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int8", ZEN_5, 150.0),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-fp32", ZEN_5, 56.0),
        ("Qwen/Qwen2.5-0.5B-Instruct", "onnx-int4-b32", ZEN_5, 87.0),
    ],
)
def test_speeds_measured_on_two_machines_lie_inside_the_range(model_id, format_id, processor, tokens_per_s):
    candidate = made.candidate(load.catalog().by_id(model_id), format_id)
    workload = Workload(num_input_tokens=16, num_output_tokens=64, num_context_tokens=1024)
    told = estimator.estimate(candidate, workload, of(made.machine(processor, speed=None)), None)
    assert told.rate.low < tokens_per_s < told.rate.high


def test_free_memory_is_the_smallest_limit_less_the_reserve():
    gib = made.GIB
    assert of(made.machine(available=6 * gib)).memory_free_bytes == 6 * gib
    assert of(made.machine(available=6 * gib, cgroup=2 * gib)).memory_free_bytes == 2 * gib
    told = of(made.machine(available=6 * gib), reserve_bytes=gib)
    assert told.memory_free_bytes == 5 * gib
    assert "less what you keep free" in told.memory_basis
    assert of(made.machine(available=gib), reserve_bytes=2 * gib).memory_free_bytes == 0
    assert of(made.machine(available=None, total=None, cgroup=3 * gib)).memory_free_bytes == 3 * gib


def test_memory_that_could_not_be_read_is_unknown():
    why = Fact(value=None, source="made by hand", why_unknown="the file is missing")
    told = of(made.machine(total=None, available=why))
    assert told.memory_free_bytes is None
    assert told.memory_basis == "free memory is not known: the file is missing"
    assert "could not be read" in of(made.machine(total=None, available=None)).memory_basis


def test_a_plan_of_the_user_is_called_one():
    planned = made.fact(4 * made.GIB, origin="override")
    assert of(made.machine(available=planned)).memory_basis == "planned by you"


def test_label_names_the_processor_and_its_share():
    assert of(made.machine()).label == "Processor nobody lists, 8 CPUs"
    assert of(made.machine(made.cpu(num_usable_cpus=1.0))).label == "Processor nobody lists, 1 CPU"
    assert of(made.machine(made.cpu(num_usable_cpus=None, model=None))).label == "this processor"


def test_devices_are_the_processor_and_each_card():
    assert roofs.devices(made.machine()) == ("cpu",)
    assert roofs.devices(made.machine(gpus=(made.gpu(), made.gpu()))) == ("cpu", "gpu:0", "gpu:1")


@pytest.mark.parametrize("device", ["gpu:0", "gpu:", "gpu:x", "npu", ""])
def test_a_device_that_is_not_there_is_named(device):
    with pytest.raises(NotFoundError) as caught:
        of(made.machine(), device=device)
    assert caught.value.code == "device-unknown"
    assert "cpu" in caught.value.remedy


def test_a_card_streams_at_its_bandwidth():
    told = of(made.machine(gpus=(made.gpu(),)), device="gpu:0")
    stream = family(told, "int4").stream_bytes_per_s
    assert stream.value == pytest.approx(400e9 * roofs.GPU_BANDWIDTH_EFFICIENCY)
    assert stream.evidence == "estimated"
    assert family(told, "int4").compute_flops_per_s.evidence == "assumed"
    assert (told.label, told.device, told.memory_free_bytes) == ("A card", "gpu:0", 7 * made.GIB)


def test_a_card_of_unknown_bandwidth_has_a_verdict_but_no_speed():
    told = of(made.machine(gpus=(made.gpu(memory_bandwidth_bytes_per_s=None),)), device="gpu:0", reserve_bytes=made.GIB)
    assert family(told, "fp32").stream_bytes_per_s.value is None
    assert told.attention_bytes_per_s.value is None
    assert told.memory_free_bytes == 6 * made.GIB


def test_a_card_that_does_not_tell_what_is_free_counts_whole_or_not():
    told = of(made.machine(gpus=(made.gpu(free_bytes=None, name=None),)), device="gpu:0")
    assert told.memory_free_bytes == 8 * made.GIB
    assert "not known" in told.memory_basis
    assert told.label == "graphics processor"
    nothing = of(made.machine(gpus=(made.gpu(free_bytes=None, total_bytes=None),)), device="gpu:0")
    assert nothing.memory_free_bytes is None


def test_a_card_that_shares_memory_has_what_the_computer_has():
    shared = made.gpu(unified_memory=True)
    assert of(made.machine(gpus=(shared,), available=3 * made.GIB), device="gpu:0").memory_free_bytes == 3 * made.GIB
    empty = made.gpu(unified_memory=True, free_bytes=None, total_bytes=None)
    nothing = made.machine(gpus=(empty,), total=None, available=None)
    assert of(nothing, device="gpu:0").memory_free_bytes is None


def test_power_of_the_processor_is_its_band_at_the_working_load():
    told = energy.power_model(made.machine(), "cpu")
    low, high = 40 * (0.06 + 0.25 * 0.5), 40 * 1.0
    assert told.active_power_w.low == pytest.approx(low)
    assert told.active_power_w.high == pytest.approx(high)
    assert told.active_power_w.value == pytest.approx(math.sqrt(low * high))
    assert told.idle_power_w.high == pytest.approx(40 * 0.25)
    assert "package" in told.boundary


@pytest.mark.parametrize(
    ("facts", "share"),
    [
        ({}, 0.5),
        ({"num_usable_cpus": 2.0}, 0.25),
        ({"num_usable_cpus": None}, 0.5),
        ({"num_physical_cores": None}, 1.0),
        ({"num_logical_cores": None}, 1.0),
    ],
)
def test_working_load_is_one_thread_a_core(facts, share):
    assert energy.working_load_share(made.cpu(**facts)) == share


def test_power_of_a_card_hangs_on_its_limit():
    told = energy.power_model(made.machine(gpus=(made.gpu(),)), "gpu:0")
    assert (told.active_power_w.low, told.active_power_w.high) == (pytest.approx(60.0), pytest.approx(200.0))
    assert told.active_power_w.high / told.active_power_w.value == pytest.approx(1.8, rel=0.02)
    assert told.active_power_w.evidence == "assumed"
    assert told.idle_power_w.value is None


def test_no_limit_no_power():
    assert energy.power_model(made.machine(gpus=(made.gpu(power_limit_w=None),)), "gpu:0") is None
    for device in ("gpu:0", "gpu:", "npu"):
        assert energy.power_model(made.machine(), device) is None
    silent = made.cpu(power_limit_w=None, num_logical_cores=None)
    assert energy.power_model(made.machine(silent), "cpu") is None
