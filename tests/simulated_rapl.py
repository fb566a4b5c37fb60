"""A RAPL whose counter follows what this machine's processors really do: idle watts, and watts for each busy one.

Run as a program it keeps a fake sysfs tree's counter going until its standard input closes; `running` starts it.
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

ZONE = "devices/virtual/powercap/intel-rapl/intel-rapl:0"
START_UJ = 5_000_000_000
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def busy_s():
    """Return the busy time of all processors, from process times of the kernel at its finest."""
    with Path("/proc/stat").open("rb", buffering=0) as file:
        user, nice, system, _idle, _wait, irq, softirq, *_ = (int(part) for part in file.read(512).split()[1:9])
    return (user + nice + system + irq + softirq) / TICKS_PER_S


def drive(file, idle_w, core_w, period_s):
    """Move the counter until the parent goes."""
    descriptor = os.open(file, os.O_WRONLY)
    begin_s, begin_busy_s = time.monotonic(), busy_s()
    os.set_blocking(0, False)
    while True:
        with contextlib.suppress(BlockingIOError):
            if os.read(0, 1) == b"":
                return
        energy_j = idle_w * (time.monotonic() - begin_s) + core_w * (busy_s() - begin_busy_s)
        os.pwrite(descriptor, f"{START_UJ + int(energy_j * 1e6):020d}\n".encode(), 0)
        time.sleep(period_s)


@contextlib.contextmanager
def running(root, *, idle_w=10.0, core_w=20.0, period_s=0.01):
    """Keep a package's counter below `root/sys` going; the tree must have been made by `powercap_tree`."""
    file = Path(root) / "sys" / ZONE / "energy_uj"
    command = [sys.executable, __file__, str(file), str(idle_w), str(core_w), str(period_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        while int(file.read_text() or 0) < START_UJ:
            time.sleep(0.01)
        yield
    finally:
        process.stdin.close()
        process.wait(10)


if __name__ == "__main__":
    drive(sys.argv[1], *map(float, sys.argv[2:]))
