"""NVIDIA through the real pynvml and a stand-in driver library; cards without a driver; neural processors."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from advisor.hardware import apple, npu, nvidia, pci
from advisor.hardware.detect import detect, under
from advisor.hardware.model import GpuFacts
from advisor.hardware.reading import UnreadableError

GIB = 1024**3
HERE = Path(__file__).parent
ASK = (
    "import msgspec, sys; from advisor.hardware import nvidia; "
    "sys.stdout.buffer.write(msgspec.json.encode(nvidia.read_nvml()))"
)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nvml")
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "the tests need a C compiler (Debian: gcc)"
    target = folder / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", target, HERE / "fake_nvml.c"], check=True)
    return folder


def ask(library, mode=""):
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library), "FAKE_NVML": mode}
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, check=True, timeout=60)
    return msgspec.json.decode(done.stdout, type=tuple[tuple[GpuFacts, ...], str | None])


def test_boards_through_the_real_pynvml(library):
    boards, why = ask(library)
    assert why is None
    assert [board.name.value for board in boards] == ["Example H1", "Example RTX 1000"]
    assert [board.total_bytes.value for board in boards] == [80 * GIB, 8 * GIB]
    assert [board.free_bytes.value for board in boards] == [79 * GIB, 7 * GIB]
    assert [board.power_limit_w.value for board in boards] == [700.0, 115.0]
    # H100 SXM is sold with 3.35 TB/s, an 8 GiB card of this clock and width with 256 GB/s.
    assert [board.memory_bandwidth_bytes_per_s.value for board in boards] == pytest.approx(
        [3.352e12, 2.56e11], rel=1e-3
    )
    assert {board.driver.value for board in boards} == {"999.10.01"}
    assert {board.unified_memory.value for board in boards} == {False}
    assert {board.total_bytes.source for board in boards} == {"NVML"}


def test_a_board_that_answers_nothing_keeps_its_name(library):
    boards, _ = ask(library, "bare")
    assert [board.name.value for board in boards] == ["Example H1", "Example RTX 1000"]
    for board in boards:
        for fact in (board.total_bytes, board.free_bytes, board.power_limit_w, board.memory_bandwidth_bytes_per_s):
            assert fact.value is None
            assert fact.why_unknown == "the driver answers: Not Supported"
        assert board.unified_memory.value is None


def test_a_chip_that_shares_memory_is_not_called_a_card(library):
    boards, _ = ask(library, "shared")
    assert boards[0].unified_memory.value is None
    assert boards[0].memory_bandwidth_bytes_per_s.value is not None


def test_a_lost_board_does_not_take_the_other_with_it(library):
    boards, _ = ask(library, "lost")
    assert boards[0].total_bytes.value == 80 * GIB
    assert boards[1].name.value is None
    assert "the driver answers" in boards[1].name.why_unknown


def test_no_driver_is_a_reason(library):
    boards, why = ask(library, "no-driver")
    assert boards == ()
    assert "Driver Not Loaded" in why


def test_no_library_is_a_reason(tmp_path):
    boards, why = ask(tmp_path)
    assert boards == ()
    assert why.startswith("the driver does not answer")


def test_a_card_without_driver_is_shown_with_its_name(tmp_path):
    card = tmp_path / "sys/class/drm/card0/device"
    card.mkdir(parents=True)
    (card / "vendor").write_text("0x10de\n")
    (card / "device").write_text("0x2684\n")
    names = tmp_path / "usr/share/misc/pci.ids"
    names.parent.mkdir(parents=True)
    names.write_text("10de  NVIDIA Corporation\n\t2684  AD102 [GeForce RTX 4090]\n")
    profile = detect(roots=under(tmp_path))
    assert profile.gpus[0].name.value == "GeForce RTX 4090"
    assert profile.gpus[0].total_bytes.why_unknown == "the NVIDIA driver does not answer"
    assert profile.gpus[0].driver.why_unknown == "no driver is in use"
    assert "An NVIDIA card is there, but the NVIDIA driver does not answer." in profile.notes


def test_names_of_pci_devices():
    text = "1002  AMD\n\t744c  Navi 31\n\t\t1043 1234  Board\n8086  Intel\n\t744c  Other [Product]\nC 00  Class\n"
    assert pci.parse_name(text, "1002", "744c") == "Navi 31"
    assert pci.parse_name(text, "8086", "744c") == "Product"
    assert pci.parse_name(text, "1002", "1234") is None
    assert pci.parse_name(text, "10de", "744c") is None


def test_an_amd_card_of_an_unknown_kind_is_not_called_one_or_the_other(linux_machine):
    roots = linux_machine("desktop_amd.txt")
    shutil.rmtree(roots.sys / "devices/pci0000:00/0000:03:00.0/hwmon")
    card = detect(roots=roots).gpus[0]
    assert card.unified_memory.value is None
    assert card.power_limit_w.why_unknown == "the driver states no limit"
    assert card.total_bytes.value == 17163091968


def test_an_intel_card_states_its_memory_and_limit(tmp_path):
    slot = tmp_path / "sys/devices/pci0000:00/0000:03:00.0"
    (slot / "hwmon/hwmon3").mkdir(parents=True)
    (slot / "vendor").write_text("0x8086")
    (slot / "device").write_text("0xe20b")
    (slot / "driver").symlink_to("../../../bus/pci/drivers/xe")
    (slot / "hwmon/hwmon3/name").write_text("xe")
    (slot / "hwmon/hwmon3/power1_max").write_text("190000000")
    for tile in ("tile0", "tile1"):
        (slot / tile).mkdir()
        (slot / tile / "physical_vram_size_bytes").write_text(str(6 * GIB))
    link = tmp_path / "sys/class/drm/card0/device"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../../devices/pci0000:00/0000:03:00.0")
    card = detect(roots=under(tmp_path)).gpus[0]
    assert (card.unified_memory.value, card.total_bytes.value, card.power_limit_w.value) == (False, 12 * GIB, 190.0)
    (slot / "hwmon/hwmon3/power1_max").write_text("0")
    assert detect(roots=under(tmp_path)).gpus[0].power_limit_w.value is None
    (link.parent / "lmem_total_bytes").write_text(str(16 * GIB))
    assert detect(roots=under(tmp_path)).gpus[0].total_bytes.value == 16 * GIB


def test_neural_processors_by_driver_name_or_number(tmp_path):
    device = tmp_path / "sys/class/accel/accel0/device"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x1022")
    (device / "device").write_text("0x17f0")
    assert npu.collect(under(tmp_path))[0].name.value == "accelerator 1022:17f0"
    (device / "driver").symlink_to("../../../bus/pci/drivers/amdxdna")
    assert npu.collect(under(tmp_path))[0].name.value == "AMD XDNA NPU"
    (tmp_path / "sys/class/devfreq/fdab0000.npu").mkdir(parents=True)
    assert npu.collect(under(tmp_path))[1].name.value == "Rockchip NPU"


def test_bandwidth_of_a_known_card():
    assert nvidia.bandwidth(10501, 384) == pytest.approx(1.008e12, rel=1e-3)


def test_mac_displays_that_are_no_json():
    with pytest.raises(UnreadableError):
        apple.parse_displays("No hardware")
    assert apple.parse_displays("[]") == ()
    assert apple.parse_size("1536 MB") == 1536 * 1024**2
    assert apple.parse_size("lots") is None
