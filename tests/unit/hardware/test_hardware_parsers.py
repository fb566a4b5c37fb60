"""Single parsers, against formats that no recorded machine has, and against rubbish."""

import random
import struct

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.hardware import cgroup, cpuinfo, dmi, memory, power, powercap, reading, topology, virtual
from advisor.hardware.detect import detect, under
from advisor.hardware.reading import UnreadableError

GIB = 1024**3
X86_SETS = (
    "avx2", "f16c", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "amx_bf16", "avx512_bf16",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0-3,8,10-11\n", (0, 1, 2, 3, 8, 10, 11)), ("", ()), ("5", (5,)), ("3-1", ()), ("a,1-,2", (2,)), ("-1", ())],
)
def test_cpu_lists(text, numbers):
    assert reading.parse_cpu_list(text) == numbers


def test_a_cpu_list_cannot_fill_the_memory():
    assert len(reading.parse_cpu_list("0-999999")) == 65_537


@pytest.mark.parametrize("text", ["-1", "1.5", "", "max", "99999999999999999999", "²", "0x10", "9223372036854775807"])
def test_what_is_no_count(text):
    assert reading.parse_int(text) is None


def test_instruction_sets_of_both_families():
    x86 = frozenset([*X86_SETS, "asimd", "sse"])
    assert cpuinfo.instruction_sets(x86, is_arm=False) == X86_SETS
    arm = frozenset(["asimd", "asimddp", "i8mm", "bf16", "sve", "fma"])
    assert cpuinfo.instruction_sets(arm, is_arm=True) == ("neon", "dotprod", "i8mm", "bf16", "sve")


def test_arm_boards_of_two_kinds_of_cores():
    text = "".join(
        f"processor\t: {i}\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: {part}\n\n"
        for i, part in enumerate(["0xd05", "0xd05", "0xd0b", "0xd0b"])
    )
    info = cpuinfo.parse_cpuinfo(text + "Hardware\t: BCM\nModel\t\t: Example Pi 9\n")
    assert info.model == "Cortex-A55 + Cortex-A76 (Example Pi 9)"
    assert (info.vendor, info.num_processors, info.is_arm) == ("ARM", 4, True)
    assert cpuinfo.parse_cpuinfo("processor : 0\nCPU implementer : 0x99\nCPU part : 0x123\n").model == (
        "maker 0x99 part 0x123"
    )


def test_fast_cores_by_capacity(tmp_path):
    for cpu, capacity in enumerate([446, 446, 1024, 1024]):
        folder = tmp_path / f"sys/devices/system/cpu/cpu{cpu}"
        folder.mkdir(parents=True)
        (folder / "cpu_capacity").write_text(str(capacity))
    assert topology.read_performance_cpus(under(tmp_path), (0, 1, 2, 3)) == (2, 3)
    (tmp_path / "sys/devices/system/cpu/cpu0/cpu_capacity").unlink()
    assert topology.read_performance_cpus(under(tmp_path), (0, 1, 2, 3)) == (0, 1, 2, 3)


def test_caches_of_several_sockets_are_summed_once(tmp_path):
    for cpu in range(4):
        for index, (level, kind) in enumerate([(1, "Data"), (3, "Unified")]):
            folder = tmp_path / f"sys/devices/system/cpu/cpu{cpu}/cache/index{index}"
            folder.mkdir(parents=True)
            (folder / "level").write_text(str(level))
            (folder / "type").write_text(kind)
            (folder / "size").write_text("16M" if level == 3 else "32K")
            (folder / "shared_cpu_list").write_text(("0-1" if cpu < 2 else "2-3") if level == 3 else str(cpu))
    assert topology.read_cache_sum(under(tmp_path), (0, 1, 2, 3), 3) == 32 * 1024**2
    assert topology.read_first_cache(under(tmp_path), (0, 1, 2, 3), 2) is None


def test_graviton_is_named_after_its_owner(linux_machine):
    roots = linux_machine("server_arm64.txt")
    (roots.sys / "class/dmi/id/sys_vendor").write_text("Amazon EC2\n")
    (roots.sys / "class/dmi/id/product_name").write_text("m6g.metal\n")
    cpu = detect(roots=roots).cpu
    assert cpu.model.value == "AWS Graviton2 (Neoverse-N1)"
    assert cpu.virtualised.value is False
    (roots.sys / "class/dmi/id/product_name").write_text("m6g.large\n")
    cpu = detect(roots=roots).cpu
    assert (cpu.virtualised.value, cpu.hypervisor.value) == (True, "Amazon EC2")


def test_old_kernels_without_available_memory():
    info = memory.parse_meminfo("MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 80 kB\nOdd: 5\n")
    assert memory.available(info) == 150 * 1024
    assert memory.available({}) is None
    assert "Odd" not in info


# control groups


def groups(tmp_path, mountinfo, membership, files):
    for path, text in {"proc/self/mountinfo": mountinfo, "proc/self/cgroup": membership, **files}.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    return cgroup.read_limits(under(tmp_path))


V2 = "30 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw"


def test_own_name_space_of_groups(tmp_path):
    limits = groups(tmp_path, V2, "0::/", {"sys/fs/cgroup/memory.max": GIB, "sys/fs/cgroup/cpu.max": "50000 100000"})
    assert (limits.memory_bytes, limits.memory_free_bytes, limits.num_cpus) == (GIB, GIB, 0.5)
    assert limits.memory_source == "cgroup memory.max"


def test_a_group_outside_of_its_name_space(tmp_path):
    files = {"sys/fs/cgroup/memory.max": GIB, "sys/fs/cgroup/memory.current": GIB // 4}
    limits = groups(tmp_path, V2, "0::/../../other", files)
    assert (limits.memory_bytes, limits.memory_free_bytes) == (GIB, GIB * 3 // 4)


def test_the_throttle_counts_as_limit(tmp_path):
    files = {"sys/fs/cgroup/a/memory.max": 4 * GIB, "sys/fs/cgroup/a/memory.high": 2 * GIB}
    assert groups(tmp_path, V2, "0::/a", files).memory_bytes == 2 * GIB


def test_the_tightest_of_nested_groups_wins_and_each_counts_its_own_use(tmp_path):
    files = {
        "sys/fs/cgroup/a/memory.max": 4 * GIB, "sys/fs/cgroup/a/memory.current": 4 * GIB - 1024,
        "sys/fs/cgroup/a/b/memory.max": 2 * GIB, "sys/fs/cgroup/a/b/memory.current": GIB,
    }  # fmt: skip
    limits = groups(tmp_path, V2, "0::/a/b", files)
    assert (limits.memory_bytes, limits.memory_free_bytes) == (2 * GIB, 1024)


def test_version_1_writes_no_limit_as_a_huge_number(linux_machine):
    limits = cgroup.read_limits(linux_machine("vm_kvm.txt"))
    assert (limits.memory_bytes, limits.num_cpus) == (None, None)


def test_version_1_without_limits(tmp_path):
    mount = "40 39 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
    files = {"sys/fs/cgroup/memory/a/memory.limit_in_bytes": 9223372036854771712}
    assert groups(tmp_path, mount, "4:memory:/a", files).memory_bytes is None


def test_mount_points_with_blanks():
    mounts = cgroup.parse_mounts("30 24 0:27 / /sys/fs/my\\040groups rw shared:9 - cgroup2 cgroup2 rw\nrubbish\n")
    assert [mount.point for mount in mounts] == ["/sys/fs/my groups"]


# containers and virtual machines


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        (".dockerenv", "", "docker"),
        ("run/.containerenv", "", "podman"),
        ("run/systemd/container", "systemd-nspawn", "systemd-nspawn"),
        ("proc/1/environ", "PATH=/bin\0container=lxc\0", "lxc"),
        ("proc/self/cgroup", "0::/docker/0123", "docker"),
        ("proc/self/cgroup", "0::/user.slice/docker.service", None),
        ("proc/self/cgroup", "0::/init.scope", None),
    ],
)
def test_kinds_of_containers(tmp_path, path, text, kind):
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert virtual.read_container(under(tmp_path)) == kind


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Amazon EC2 c5.large", "Amazon EC2"),
        ("Amazon EC2 c5.metal", None),
        ("Microsoft Corporation Virtual Machine", "Hyper-V"),
        ("Microsoft Corporation Surface Laptop 5", None),
        ("VMware, Inc. VMware7,1", "VMware"),
        ("LENOVO 21CB", None),
    ],
)
def test_what_firmware_says(text, name):
    assert virtual.parse_firmware(text) == name


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2", "WSL (Hyper-V)"),
        ("sys/hypervisor/type", "xen", "Xen"),
        ("proc/device-tree/hypervisor/compatible", "linux,kvm\0", "KVM"),
        ("sys/devices/system/clocksource/clocksource0/available_clocksource", "hyperv_clocksource_tsc_page", "Hyper-V"),
        ("sys/bus/virtio/devices/virtio0/x", "", "KVM"),
        ("proc/nothing", "", None),
    ],
)
def test_what_points_to_a_hypervisor(tmp_path, path, text, name):
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert virtual.read_hypervisor(under(tmp_path)) == name


# power


def test_a_limit_that_is_switched_off_is_no_limit(linux_machine):
    roots = linux_machine("laptop_intel.txt")
    (roots.sys / "class/powercap/intel-rapl:0/constraint_0_power_limit_uw").write_text("4095875000")
    with pytest.raises(UnreadableError, match="switched off"):
        powercap.read_limit(roots, "long_term")


def test_packages_are_summed_and_the_second_driver_is_not(linux_machine):
    roots = linux_machine("laptop_intel.txt")
    assert [path.name for path in powercap.read_packages(roots)] == ["intel-rapl:0"]
    second = roots.sys / "class/powercap/intel-rapl:2"
    second.mkdir()
    (second / "name").write_text("package-1")
    (second / "constraint_0_name").write_text("long_term")
    (second / "constraint_0_power_limit_uw").write_text("28000000")
    assert powercap.read_limit(roots, "long_term") == 56.0
    with pytest.raises(UnreadableError, match="states no such limit"):
        powercap.read_limit(roots, "short_term")


@pytest.mark.parametrize(
    ("online", "status", "source"),
    [
        ("1", "Discharging", "mains"),
        ("0", "Discharging", "battery"),
        ("0", "Unknown", "battery"),
        ("1", "Full", "mains"),
    ],
)
def test_mains_or_battery(linux_machine, online, status, source):
    roots = linux_machine("laptop_intel.txt")
    (roots.sys / "class/power_supply/AC/online").write_text(online)
    (roots.sys / "class/power_supply/BAT0/status").write_text(status)
    assert detect(roots=roots).power.source.value == source


def test_two_batteries_are_weighed_by_their_charge(linux_machine):
    roots = linux_machine("laptop_intel.txt")
    second = roots.sys / "class/power_supply/BAT1"
    second.mkdir()
    parts = {"type": "Battery", "charge_full": 2000000, "charge_now": 0, "voltage_min_design": 11600000, "capacity": 0}
    for name, value in parts.items():
        (second / name).write_text(str(value))
    found = detect(roots=roots).power
    assert found.battery_capacity_wh.value == pytest.approx(56.8 + 23.2)
    assert found.battery_share.value == pytest.approx(45.44 / 80.0)
    assert power.read_capacity(second) == pytest.approx((0.0, 23.2))


# memory modules


def module(*, width=64, size=16384, speed=4800, configured=4400, extended=0, length=0x5C):
    body = bytearray(length)
    body[0:2] = bytes((17, length))
    for offset, number in ((0x0A, width), (0x0C, size), (0x15, speed), (0x20, configured)):
        struct.pack_into("<H", body, offset, number)
    if length >= 0x5C:
        struct.pack_into("<I", body, 0x58, extended)
    return bytes(body) + b"DIMM 0\0Maker\0\0"


OTHER = bytes((1, 27)) + bytes(25) + b"Maker\0\0"
END = bytes((127, 4, 0, 0, 0, 0))


def test_memory_modules_of_the_firmware_table():
    table = OTHER + module() + module(size=0) + module(configured=0) + module(configured=0xFFFF, extended=70000) + END
    assert [found.rate_mt_per_s for found in dmi.parse_modules(table)] == [4400, 4800, 70000]
    assert dmi.parse_modules(END + module()) == ()


def test_bandwidth_of_modules(linux_machine):
    two = (dmi.MemoryModule(width_bits=64, rate_mt_per_s=4800),) * 2
    assert dmi.bandwidth(two, num_channels=2) == 76.8e9
    assert dmi.bandwidth(two * 2, num_channels=2) == 76.8e9
    assert dmi.bandwidth(two[:1], num_channels=None) == 38.4e9
    with pytest.raises(UnreadableError, match="channels"):
        dmi.bandwidth(two, num_channels=None)
    with pytest.raises(UnreadableError):
        dmi.bandwidth((), num_channels=2)
    roots = linux_machine("desktop_amd.txt")
    table = roots.sys / "firmware/dmi/tables/DMI"
    table.parent.mkdir(parents=True)
    table.write_bytes(module(configured=5200) * 2 + END)
    assert detect(roots=roots).memory.speed_bytes_per_s.value == 83.2e9


@given(st.binary(max_size=300), st.integers(0, 400))
def test_a_damaged_firmware_table_raises_nothing(tail, cut):
    table = OTHER + module() + module()
    assert len(dmi.parse_modules(table[:cut] + tail)) <= 2 + len(tail)


def test_a_file_that_only_the_administrator_may_read(tmp_path, monkeypatch):
    from pathlib import Path

    def refuse(*_args, **_kwargs):
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableError, match="only the administrator"):
        reading.read_text(tmp_path / "x")


# rubbish anywhere

RUBBISH = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"",
            b"\n",
            b"-1",
            b"0",
            b"99999999999999999999999",
            b"nan",
            b"inf",
            b"1e400",
            b"0-999999999",
            b"\xff\xfe\0",
            b"processor : 0\nprocessor : 0\n",
            b"max max",
            b"0 0",
            b"9" * 5000,
            "\u0661\u0662".encode(),
            b": : :\n::\n",
        ]
    ),
)
SOURCES = ("laptop_intel.txt", "desktop_amd.txt", "server_arm64.txt", "container_v2.txt", "container_v1.txt")


@pytest.fixture(scope="module")
def kept(unpack, tmp_path_factory):
    """Recorded machines, unpacked once, with the content of their files to put back."""
    machines = {}
    for name in SOURCES:
        roots = unpack(name, tmp_path_factory.mktemp("machine"))
        files = sorted(path for path in roots.top.rglob("*") if path.is_file() and not path.is_symlink())
        machines[name] = roots, {file: file.read_bytes() for file in files}
    return machines


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.02, 0.3, 1.0]), rubbish=st.lists(RUBBISH, min_size=1))
@pytest.mark.parametrize("name", SOURCES)
def test_rubbish_in_any_file_never_raises(kept, name, seed, share, rubbish):
    roots, files = kept[name]
    chance = random.Random(seed)
    hit = [file for file in files if chance.random() < share]
    try:
        for file in hit:
            file.write_bytes(chance.choice(rubbish))
        profile = detect(roots=roots)
    finally:
        for file in hit:
            file.write_bytes(files[file])
    assert msgspec.json.decode(msgspec.json.encode(profile), type=type(profile)) == profile


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=300), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "Win32_Processor", "Win32_OperatingSystem", "Win32_Battery", "Win32_VideoController", "NumberOfCores", "Name",
        "AdapterRAM", "TotalVisibleMemorySize", "NPU", "BatteryStatus", "EstimatedChargeRemaining", "Architecture",
    ]), inner, max_size=4), max_leaves=12)))  # fmt: skip
def test_rubbish_from_powershell_never_raises(windows_pc, text):
    import json

    profile = detect(roots=windows_pc(text if isinstance(text, str) else json.dumps(text)))
    assert profile.os.system.value == "Windows"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), rubbish=st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_rubbish_from_a_mac_never_raises(mac, seed, rubbish):
    roots = mac("macos_m2.txt")
    chance = random.Random(seed)
    for command, text in roots.run.outputs.items():
        lines = text.splitlines()
        for index in range(len(lines)):
            if chance.random() < 0.4:
                key = lines[index].partition(":")[0]
                lines[index] = chance.choice([chance.choice(rubbish), f"{key}: {chance.choice(rubbish)}"])
        roots.run.outputs[command] = "\n".join(lines)
    assert detect(roots=roots).os.system.value == "Darwin"
