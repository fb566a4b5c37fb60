"""What macOS books on a program, from the bytes of `rusage_info_v6`, and through the real call of a stand-in."""

import errno
import os
import shutil
import struct
import subprocess

import fakes_energy as fake
import pytest

from advisor.energy import rusage
from advisor.energy.meter import MeterError
from advisor.hardware.roots import Roots, under

MAC = Roots(system="Darwin")
# Fields of rusage_info_v6 behind its 16 bytes of identity, in the order of sys/resource.h, each of 64 bits.
FIELDS = (
    "user_time", "system_time", "pkg_idle_wkups", "interrupt_wkups", "pageins", "wired_size", "resident_size",
    "phys_footprint", "proc_start_abstime", "proc_exit_abstime", "child_user_time", "child_system_time",
    "child_pkg_idle_wkups", "child_interrupt_wkups", "child_pageins", "child_elapsed_abstime", "diskio_bytesread",
    "diskio_byteswritten", "cpu_time_qos_default", "cpu_time_qos_maintenance", "cpu_time_qos_background",
    "cpu_time_qos_utility", "cpu_time_qos_legacy", "cpu_time_qos_user_initiated", "cpu_time_qos_user_interactive",
    "billed_system_time", "serviced_system_time", "logical_writes", "lifetime_max_phys_footprint", "instructions",
    "cycles", "billed_energy", "serviced_energy", "interval_max_phys_footprint", "runnable_time", "flags",
    "user_ptime", "system_ptime", "pinstructions", "pcycles", "energy_nj", "penergy_nj", "secure_time_in_system",
    "secure_ptime_in_system",
)  # fmt: skip


def answer(energy_nj):
    values = [energy_nj if name == "energy_nj" else 10**15 + index for index, name in enumerate(FIELDS)]
    return bytes(range(16)) + struct.pack(f"<{len(values)}Q", *values) + bytes(8 * 12)


class Kernel:
    def __init__(self, energy_nj=7_000_000):
        self.energy_nj = energy_nj
        self.failure = None

    def __call__(self, pid):
        assert pid == os.getpid()
        if self.failure is not None:
            raise OSError(self.failure, os.strerror(self.failure))
        return answer(self.energy_nj)


def test_the_field_is_where_the_header_says():
    assert len(answer(0)) == 464
    assert rusage.parse_energy_nj(answer(123_456)) == 123_456
    with pytest.raises(MeterError, match="a form this app does not know"):
        rusage.parse_energy_nj(answer(5)[:343])


def test_this_program_is_measured():
    kernel, clock = Kernel(), fake.Clock()
    (entry,) = rusage.find(MAC, ask=kernel, clock=clock)
    assert (entry.info.component, entry.info.method, entry.info.state) == ("cpu", "os-model", "open")
    meter = entry.open()
    assert meter.read().energy_j == 0
    kernel.energy_nj += 12_000_000_000
    clock.step(2)
    assert meter.read().energy_j == pytest.approx(12)
    kernel.failure = errno.ESRCH
    assert meter.read().gap == "no such process"
    kernel.failure = None
    kernel.energy_nj -= 1
    clock.step(2)
    assert meter.read().broken == "the counter went back"
    meter.close()


def test_a_mac_that_does_not_count_says_so():
    (entry,) = rusage.find(MAC, ask=Kernel(0))
    assert (entry.info.state, entry.info.why, entry.open) == ("absent", "this Mac counts no energy of a program", None)
    kernel = Kernel()
    kernel.failure = errno.EINVAL
    (entry,) = rusage.find(MAC, ask=kernel)
    assert entry.info.why == "macOS does not say what a program uses: invalid argument"


def test_other_systems_have_none(tmp_path):
    assert rusage.find(under(tmp_path)) == ()
    (entry,) = rusage.find(MAC)  # a Mac by name only: there is no such library here
    assert entry.info.state == "absent"
    assert entry.info.why.startswith("macOS does not say what a program uses: ")


def test_the_real_call(tmp_path):
    source = tmp_path / "system.c"
    source.write_text(
        "#include <errno.h>\n#include <string.h>\n"
        "int proc_pid_rusage(int pid, int flavour, void *to) {\n"
        "  if (flavour != 6 || pid != 4242) { errno = ESRCH; return -1; }\n"
        "  memset(to, 0, 464); ((unsigned long long *)((char *)to + 336))[0] = 99;\n  return 0;\n}\n"
    )
    library = tmp_path / "libSystem.so"
    subprocess.run([shutil.which("cc") or "gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    assert rusage.parse_energy_nj(rusage.ask_system(4242, library=str(library))) == 99
    with pytest.raises(OSError, match="No such process"):
        rusage.ask_system(1, library=str(library))
    source.write_text("int nothing;\n")
    subprocess.run([shutil.which("cc") or "gcc", "-shared", "-fPIC", "-o", tmp_path / "other.so", source], check=True)
    with pytest.raises(MeterError, match="does not count the energy"):
        rusage.ask_system(1, library=str(tmp_path / "other.so"))
