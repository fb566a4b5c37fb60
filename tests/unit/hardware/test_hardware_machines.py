"""Whole machines through the real readers: every fact that a person would check."""

import json
import platform
import shutil

import msgspec
import psutil
import pytest

from advisor.hardware.detect import detect, under, with_runtime
from advisor.hardware.model import Fact

GIB = 1024**3
ZEN4_SETS = ("avx2", "f16c", "fma", "avx512f", "avx512_vnni", "avx512_bf16")


def value(profile, path):
    thing = profile
    for name in path.split("."):
        thing = thing[int(name)] if name.isdecimal() else getattr(thing, name)
    return thing.value


def facts(thing, path=""):
    if isinstance(thing, Fact):
        yield path, thing
    elif isinstance(thing, msgspec.Struct):
        for name in thing.__struct_fields__:
            yield from facts(getattr(thing, name), f"{path}.{name}".strip("."))
    elif isinstance(thing, tuple):
        for index, part in enumerate(thing):
            yield from facts(part, f"{path}.{index}")


EXPECTED = {
    "vm_kvm.txt": {
        "os.release": "Debian GNU/Linux 12 (bookworm)", "os.kernel": "6.18.44", "os.machine": "x86_64",
        "cpu.vendor": "AMD", "cpu.model": "AMD EPYC", "cpu.num_physical_cores": 2, "cpu.num_logical_cores": 2,
        "cpu.num_usable_cpus": 2.0, "cpu.num_usable_cores": 2.0, "cpu.l1d_bytes": 48 * 1024,
        "cpu.l2_bytes": 1024**2, "cpu.l3_bytes": 32 * 1024**2, "cpu.virtualised": True, "cpu.hypervisor": "KVM",
        "cpu.container": "none", "cpu.power_limit_w": None, "memory.total_bytes": 24684092 * 1024,
        "memory.cgroup_limit_bytes": None, "memory.swap_total_bytes": 0, "power.source": None,
        "cpu.instruction_sets": ("avx2", "f16c", "fma", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16"),
    },
    "laptop_intel.txt": {
        "os.release": "Ubuntu 24.04.1 LTS", "cpu.vendor": "Intel", "cpu.model": "Intel(R) Core(TM) Ultra 7 155H",
        "cpu.num_physical_cores": 16, "cpu.num_logical_cores": 22, "cpu.num_usable_cpus": 22.0,
        "cpu.num_usable_cores": 16.0, "cpu.num_performance_cores": 6, "cpu.l1d_bytes": 48 * 1024,
        "cpu.l2_bytes": 2 * 1024**2, "cpu.l3_bytes": 24 * 1024**2, "cpu.max_frequency_hz": 4.8e9,
        "cpu.instruction_sets": ("avx2", "f16c", "fma", "avx_vnni"), "cpu.virtualised": False,
        "cpu.hypervisor": "none", "cpu.container": "none", "cpu.power_limit_w": 28.0,
        "cpu.short_power_limit_w": 64.0, "memory.total_bytes": 32300000 * 1024,
        "memory.available_bytes": 24000000 * 1024, "memory.swap_free_bytes": 8000000 * 1024,
        "memory.speed_bytes_per_s": None, "gpus.0.vendor": "Intel", "gpus.0.name": "Intel Arc Graphics",
        "gpus.0.unified_memory": True, "gpus.0.total_bytes": 32300000 * 1024,
        "gpus.0.driver": "i915, Linux 6.11.0-26-generic", "npus.0.name": "Intel NPU", "npus.0.driver": "intel_vpu",
        "power.source": "battery", "power.battery_share": 0.8, "power.battery_capacity_wh": 56.8,
    },
    "desktop_amd.txt": {
        "cpu.model": "AMD Ryzen 7 7700 8-Core Processor", "cpu.num_physical_cores": 8, "cpu.num_logical_cores": 16,
        "cpu.num_performance_cores": 8, "cpu.l3_bytes": 32 * 1024**2, "cpu.max_frequency_hz": 5.392e9,
        "cpu.instruction_sets": ZEN4_SETS, "cpu.power_limit_w": None, "gpus.0.vendor": "AMD",
        "gpus.0.name": "Radeon RX 7700 XT / 7800 XT", "gpus.0.total_bytes": 17163091968,
        "gpus.0.free_bytes": 17163091968 - 1073741824, "gpus.0.unified_memory": False, "gpus.0.power_limit_w": 263.0,
        "gpus.0.memory_bandwidth_bytes_per_s": None, "gpus.1.name": "Raphael", "gpus.1.unified_memory": True,
        "gpus.1.total_bytes": 536870912 + 16434921472,
        "gpus.1.free_bytes": 536870912 + 16434921472 - 36870912 - 100000000, "gpus.1.power_limit_w": None,
        "power.source": "mains", "power.battery_share": None,
    },
    "server_arm64.txt": {
        "os.machine": "aarch64", "cpu.vendor": "ARM", "cpu.model": "Neoverse-N1", "cpu.num_physical_cores": 8,
        "cpu.num_logical_cores": 8, "cpu.num_performance_cores": 8, "cpu.l1d_bytes": 64 * 1024,
        "cpu.l3_bytes": None, "cpu.max_frequency_hz": 3e9, "cpu.instruction_sets": ("neon", "dotprod"),
        "cpu.virtualised": False, "cpu.hypervisor": "none", "power.source": "mains",
    },
    "container_v2.txt": {
        "cpu.num_logical_cores": 8, "cpu.num_physical_cores": 4, "cpu.num_usable_cpus": 2.5,
        "cpu.num_usable_cores": 2.0, "cpu.virtualised": True, "cpu.hypervisor": "KVM or QEMU",
        "cpu.container": "kubernetes", "memory.total_bytes": 64000000 * 1024, "memory.cgroup_limit_bytes": 8 * GIB,
        "memory.available_bytes": 8 * GIB - (3 * GIB - GIB // 2), "power.source": None,
    },
    "container_v1.txt": {
        "cpu.num_usable_cpus": 1.5, "cpu.num_usable_cores": 1.5, "cpu.container": "docker",
        "memory.cgroup_limit_bytes": 3 * GIB, "memory.available_bytes": 2 * GIB,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_facts_of_recorded_machines(linux_machine, name):
    profile = detect(roots=linux_machine(name))
    found = {path: value(profile, path) for path in EXPECTED[name]}
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_fact_has_a_source_and_an_unknown_one_its_reason(linux_machine, name):
    for path, fact in facts(detect(roots=linux_machine(name))):
        assert fact.source, path
        assert (fact.value is None) == bool(fact.why_unknown), path
        assert fact.origin == ("read" if fact.value is not None else "unknown"), path


def test_limits_are_told(linux_machine):
    notes = " ".join(detect(roots=linux_machine("container_v2.txt")).notes)
    assert "limited to a part of the machine's memory" in notes
    assert "only a part of the machine's processors" in notes
    assert "virtual machine" in notes
    assert detect(roots=linux_machine("laptop_intel.txt")).notes == ()


def test_mac_with_an_apple_chip(mac):
    profile = detect(roots=mac("macos_m2.txt"))
    wanted = {
        "os.system": "Darwin", "os.release": "macOS 15.1", "os.kernel": "24.1.0", "os.machine": "arm64",
        "cpu.vendor": "Apple", "cpu.model": "Apple M2", "cpu.num_physical_cores": 8, "cpu.num_performance_cores": 4,
        "cpu.l1d_bytes": 131072, "cpu.l2_bytes": 16777216, "cpu.l3_bytes": None, "cpu.max_frequency_hz": None,
        "cpu.instruction_sets": ("neon", "dotprod", "i8mm", "bf16"), "cpu.virtualised": False,
        "memory.total_bytes": 16 * GIB, "memory.available_bytes": 400000 * 16384,
        "memory.swap_total_bytes": 2 * GIB, "memory.swap_free_bytes": int(1023.5 * 1024**2),
        "gpus.0.name": "Apple M2, 10 GPU cores", "gpus.0.unified_memory": True, "gpus.0.total_bytes": 16 * GIB,
        "npus.0.name": "Apple Neural Engine", "power.source": "battery", "power.battery_share": 0.85,
    }  # fmt: skip
    assert {path: value(profile, path) for path in wanted} == wanted
    assert profile.name == "example-mac.local"
    assert any("not yet run on a real machine" in note for note in profile.notes)


def test_mac_with_an_intel_processor(mac):
    profile = detect(roots=mac("macos_intel.txt"))
    wanted = {
        "os.machine": "x86_64", "cpu.vendor": "Intel", "cpu.num_physical_cores": 8, "cpu.num_logical_cores": 16,
        "cpu.l3_bytes": 16777216, "cpu.max_frequency_hz": 3.6e9, "cpu.instruction_sets": ("avx2", "f16c", "fma"),
        "memory.available_bytes": 3000000 * 4096, "memory.swap_total_bytes": None, "gpus.0.vendor": "AMD",
        "gpus.0.total_bytes": 8 * GIB, "gpus.0.unified_memory": False, "power.source": "mains",
        "power.battery_share": None,
    }  # fmt: skip
    assert {path: value(profile, path) for path in wanted} == wanted
    assert profile.npus == ()


def test_windows_laptop(windows_pc, machines):
    profile = detect(roots=windows_pc((machines / "windows_laptop.json").read_text(), features=(40,)))
    wanted = {
        "os.system": "Windows", "os.release": "Microsoft Windows 11 Home", "os.kernel": "10.0.26100",
        "os.machine": "x86_64", "cpu.vendor": "AMD", "cpu.model": "AMD Ryzen 7 5800U with Radeon Graphics",
        "cpu.num_physical_cores": 8, "cpu.num_logical_cores": 16, "cpu.l3_bytes": 16 * 1024**2,
        "cpu.max_frequency_hz": 1.901e9, "cpu.instruction_sets": ("avx2",), "cpu.virtualised": False,
        "memory.total_bytes": 16118636 * 1024, "memory.available_bytes": 7 * GIB,
        "memory.swap_total_bytes": 4864 * 1024**2, "memory.swap_free_bytes": (4864 - 121) * 1024**2,
        "memory.speed_bytes_per_s": 51.2e9, "gpus.0.total_bytes": 512 * 1024**2,
        "gpus.1.name": "NVIDIA GeForce RTX 3070 Laptop GPU", "gpus.1.total_bytes": None, "power.source": "battery",
        "power.battery_share": 0.63,
    }  # fmt: skip
    assert {path: value(profile, path) for path in wanted} == wanted
    assert len(profile.gpus) == 2
    assert "4 GiB" in profile.gpus[1].total_bytes.why_unknown
    assert profile.name == "EXAMPLE-PC"
    assert any("not yet run on a real machine" in note for note in profile.notes)


def test_windows_without_powershell_says_so(windows_pc):
    profile = detect(roots=windows_pc(None))
    assert profile.memory.total_bytes.value is None
    assert profile.os.system.value == "Windows"
    assert profile.cpu.instruction_sets.value is None


@pytest.mark.parametrize("status", [("1", "battery"), ("2", "mains"), ("6", "mains"), ("10", None)])
def test_windows_battery_states(windows_pc, status):
    number, source = status
    text = json.dumps({"Win32_Battery": {"BatteryStatus": int(number), "EstimatedChargeRemaining": 50}})
    assert detect(roots=windows_pc(text)).power.source.value == source


def test_the_query_names_no_cmdlet_that_changes_something():
    from advisor.hardware.windows import COMMAND

    verbs = {word.split("-")[0] for word in COMMAND[-1].replace("(", " ").replace("|", " ").split() if "-" in word}
    assert verbs <= {"Get", "Select", "ConvertTo", "", "@(Get"}


def test_a_system_without_readers(tmp_path):
    profile = detect(roots=msgspec.structs.replace(under(tmp_path), system="Plan9"))
    assert profile.cpu.model.why_unknown == "this app has no readers for Plan9"
    assert profile.notes == ("This app has no readers for Plan9.",)


def test_an_empty_machine_is_unknown_not_zero(tmp_path):
    profile = detect(roots=under(tmp_path))
    unknown = {path for path, fact in facts(profile) if fact.value is None}
    assert {"memory.total_bytes", "cpu.model", "cpu.num_usable_cpus", "cpu.virtualised", "power.source"} <= unknown
    assert profile.gpus == ()


def test_fingerprint_is_stable_and_tells_machines_apart(linux_machine, tmp_path):
    prints = {name: detect(roots=linux_machine(name)).fingerprint for name in EXPECTED}
    assert len(set(prints.values())) == len(EXPECTED) - 1  # both containers run on the same kind of server
    roots = under(tmp_path / "laptop_intel.txt")
    info = roots.proc / "meminfo"
    info.write_text(info.read_text().replace("32300000", "32290000").replace("24000000", "1000000"))
    (roots.proc / "sys/kernel/hostname").write_text("renamed")
    (roots.proc / "sys/kernel/osrelease").write_text("6.12.0")
    (roots.sys / "class/power_supply/AC/online").write_text("1")
    assert detect(roots=roots).fingerprint == prints["laptop_intel.txt"]
    info.write_text(info.read_text().replace("32290000", "16290000"))
    assert detect(roots=roots).fingerprint != prints["laptop_intel.txt"]


def test_runtime_is_told_by_a_child(linux_machine):
    profile = detect(roots=linux_machine("vm_kvm.txt"))
    assert profile.runtime.version.value is None
    told = with_runtime(profile, "1.24.0", ("CPUExecutionProvider",))
    assert told.runtime.version.value == "1.24.0"
    assert told.runtime.providers.value == ("CPUExecutionProvider",)
    assert told.fingerprint == profile.fingerprint
    failed = with_runtime(profile, None, None)
    assert failed.runtime.providers.why_unknown == "it could not be loaded"


def test_this_machine_agrees_with_psutil(tmp_path):
    profile = detect(model_folder=tmp_path / "not" / "yet" / "there")
    assert profile.memory.total_bytes.value == psutil.virtual_memory().total
    assert profile.memory.swap_total_bytes.value == psutil.swap_memory().total
    assert profile.cpu.num_logical_cores.value == psutil.cpu_count()
    assert profile.cpu.num_usable_cpus.value <= len(psutil.Process().cpu_affinity())
    assert profile.memory.available_bytes.value <= profile.memory.total_bytes.value
    assert profile.disk.total_bytes.value == shutil.disk_usage(tmp_path).total
    assert profile.disk.folder.value == str(tmp_path / "not" / "yet" / "there")
    assert profile.os.machine.value == platform.machine()
    assert profile.os.kernel.value == platform.release()
    assert profile.name == platform.node()
