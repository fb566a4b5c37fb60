"""Which execution provider is chosen, and whether a fall-back is noticed: with written answers, no such hardware."""

import json
from pathlib import Path

import msgspec
import pytest
from profiles import facts, profile

from advisor.errors import InvalidInputError
from advisor.hardware.model import GpuFacts, NpuFacts
from advisor.probe import providers
from advisor.probe.engine import providers as engine
from advisor.probe.providers import CPU, ProviderUse
from advisor.units import GIB

CUDA, DML, COREML = "CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider"
OPENVINO, MIGRAPHX, QNN = "OpenVINOExecutionProvider", "MIGraphXExecutionProvider", "QNNExecutionProvider"
RECORDS = json.loads((Path(__file__).parents[2] / "data" / "placements.json").read_text("utf-8"))


def machine(*vendors, npus=0):
    gpus = tuple(facts(GpuFacts, vendor=vendor, name=vendor, free_bytes=8 * GIB) for vendor in vendors)
    npu = tuple(facts(NpuFacts, name="NPU") for _ in range(npus))
    return msgspec.structs.replace(profile(available_bytes=8 * GIB), gpus=gpus, npus=npu)


def names(selection):
    return [use.name for use in selection.uses]


@pytest.mark.parametrize(
    ("available", "computer", "expected"),
    [
        ([CPU], machine(), CPU),
        ([CUDA, CPU], machine("NVIDIA"), CUDA),
        ([CUDA, CPU], machine("AMD"), CPU),
        ([MIGRAPHX, CPU], machine("AMD"), MIGRAPHX),
        ([DML, CPU], machine("Intel"), DML),
        ([DML, CUDA, CPU], machine("NVIDIA"), CUDA),
        ([COREML, CPU], machine("Apple"), COREML),
        ([OPENVINO, CPU], machine("Intel"), OPENVINO),
        ([OPENVINO, CPU], machine(npus=1), OPENVINO),
        ([OPENVINO, DML, CPU], machine("Intel"), DML),
        ([QNN, CPU], machine(npus=1), QNN),
        (["AzureExecutionProvider", CPU], machine("NVIDIA"), CPU),
    ],
)
def test_the_best_provider_with_a_device_comes_first_and_the_processor_last(available, computer, expected):
    found = names(providers.select(available, computer))
    assert found[0] == expected
    assert found[-1] == CPU


def test_weights_without_a_kernel_stay_on_the_processor_and_it_is_said():
    found = providers.select([CUDA, CPU], machine("NVIDIA"), storage_name="dynamic8")
    assert names(found) == [CPU]
    assert "no kernel for weights stored as dynamic8" in found.passed_over[0]
    assert names(providers.select([CUDA, CPU], machine("NVIDIA"), storage_name="blocks4"))[0] == CUDA


def test_a_decoder_with_a_cache_of_32_bit_floats_stays_on_the_processor():
    found = providers.select([CUDA, CPU], machine("NVIDIA"), storage_name="blocks4", decoder=True)
    assert names(found) == [CPU]
    assert "16-bit floats" in found.passed_over[0]


def test_options_name_the_device_among_its_vendors_and_its_free_memory():
    use = providers.select([CUDA, CPU], machine("Intel", "NVIDIA")).uses[0]
    assert use.device == "gpu:1"
    assert use.options["device_id"] == "0"
    assert int(use.options["gpu_mem_limit"]) == int(0.9 * 8 * GIB)
    second = providers.forced("directml", [DML, CPU], machine("Intel", "NVIDIA")).uses[0]
    assert (second.device, second.options) == ("gpu:0", {"device_id": "0"})
    npu = providers.select([OPENVINO, CPU], machine(npus=1)).uses[0]
    assert (npu.device, npu.options["device_type"]) == ("npu:0", "NPU")


@pytest.mark.parametrize("word", ["cuda", "CUDA", CUDA])
def test_a_provider_is_forced_by_either_name(word):
    assert names(providers.forced(word, [CUDA, CPU], machine())) == [CUDA, CPU]


def test_forcing_the_processor_needs_nothing():
    assert names(providers.forced("cpu", [], machine())) == [CPU]


def test_an_unknown_provider_and_an_absent_one_name_what_there_is():
    with pytest.raises(InvalidInputError, match="'tpu'") as unknown:
        providers.forced("tpu", [CPU, CUDA], machine())
    with pytest.raises(InvalidInputError, match="no CoreML provider") as absent:
        providers.forced("coreml", [CPU, CUDA], machine())
    assert unknown.value.code == "provider-unknown"
    assert absent.value.code == "provider-unavailable"
    assert all("available here: cpu, cuda" in error.value.remedy.lower() for error in (unknown, absent))


def test_a_recorded_placement_is_counted():
    """Recorded from ONNX Runtime 1.32, silero-vad's 16 kHz file for whole recordings, on a processor."""
    placed = providers.placement(map(tuple, RECORDS["recorded-cpu"]))
    assert [item.provider for item in placed] == [CPU]
    assert placed[0].num_nodes == len(RECORDS["recorded-cpu"])
    assert sum(placed[0].num_by_operator.values()) == placed[0].num_nodes


def test_a_written_placement_with_two_providers_names_what_fell_back():
    placed = providers.placement(map(tuple, RECORDS["written-cuda"]))
    assert [(item.provider, item.num_nodes) for item in placed] == [(CUDA, 4), (CPU, 2)]
    assert placed[0].num_by_operator == {"Conv": 2, "Relu": 1, "com.microsoft:MatMulNBits": 1}
    found = providers.fallbacks([CUDA, CPU], [CUDA, CPU], placed)
    assert found == ("2 of 6 nodes ran on the processor in place of CUDA: Shape (1), NonMaxSuppression (1).",)


def test_silent_fall_backs_are_said():
    placed = providers.placement([(CPU, "", "Conv")])
    assert "started without it" in providers.fallbacks([CUDA, CPU], [CPU], placed)[0]
    assert "no node of the model ran on it" in providers.fallbacks([CUDA, CPU], [CUDA, CPU], placed)[0]
    assert providers.fallbacks([CUDA, CPU], [CUDA, CPU], providers.placement([(CUDA, "", "Conv")])) == ()
    assert providers.fallbacks([CPU], [CPU], placed) == ()
    assert providers.fallbacks([], [CPU], placed) == ()


def test_what_really_ran_decides_the_device_of_the_result():
    cuda = ProviderUse(name=CUDA, device="gpu:0")
    asked = (cuda, providers.processor())
    assert providers.really_ran(asked, [CPU], ()).device == "cpu"
    assert providers.really_ran(asked, [CUDA, CPU], ()) == cuda
    assert providers.really_ran(asked, [CUDA, CPU], providers.placement([(CPU, "", "Conv")])).device == "cpu"
    assert providers.really_ran((), [CPU], ()).name == CPU


class Nvml:
    """NVML as its library answers, for one card."""

    class _Process:
        def __init__(self, pid, size):
            self.pid, self.usedGpuMemory = pid, size

    def __init__(self, pid, *, driver=True):
        self.pid, self.driver, self.open = pid, driver, False

    def nvmlInit(self):  # noqa: N802 - NVML's name
        if not self.driver:
            raise OSError("no driver")
        self.open = True

    def nvmlShutdown(self):  # noqa: N802
        self.open = False

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def nvmlDeviceGetComputeRunningProcesses(self, handle):  # noqa: N802
        assert handle == 1
        return [self._Process(1, 7), self._Process(self.pid, 123 * 10**6)]


def test_device_memory_is_that_of_this_process():
    import os

    use = ProviderUse(name=CUDA, options={"device_id": "1"}, device="gpu:1")
    nvml = Nvml(os.getpid())
    assert engine.device_memory_bytes(use, nvml) == 123 * 10**6
    assert not nvml.open
    assert engine.device_memory_bytes(use, Nvml(0)) is None
    assert engine.device_memory_bytes(use, Nvml(0, driver=False)) is None
    assert engine.device_memory_bytes(providers.processor(), nvml) is None
