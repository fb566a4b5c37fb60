"""A RAPL whose counter follows what the test's own processes really do: idle watts, and watts for each busy processor.

Other programs of the machine do not move it, so that a busy one gives the same figures. Run as a program it keeps a
fake sysfs tree's counter going until its standard input closes; `running` starts it.
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

ZONE = "devices/virtual/powercap/intel-rapl/intel-rapl:0"
START_UJ = 5_000_000_000
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Tree:
    """Processor time of a process and of all that descend from it, those that have ended too."""

    LIST_S = 0.2

    def __init__(self, pid):
        self._root = psutil.Process(pid)
        self._own = os.getpid()
        self._seen, self._listed_s = {pid: 0.0}, 0.0

    def busy_s(self):
        now_s = time.monotonic()
        if now_s - self._listed_s > self.LIST_S:
            self._listed_s = now_s
            with contextlib.suppress(psutil.Error):
                for process in self._root.children(recursive=True):
                    if process.pid != self._own:
                        self._seen.setdefault(process.pid, 0.0)
        for pid in self._seen:
            with contextlib.suppress(OSError, ValueError):
                fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
                self._seen[pid] = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
        return sum(self._seen.values())


def drive(file, idle_w, core_w, period_s):
    """Move the counter until the parent goes."""
    descriptor = os.open(file, os.O_WRONLY)
    tree = Tree(os.getppid())
    begin_s, begin_busy_s = time.monotonic(), tree.busy_s()
    os.set_blocking(0, False)
    while True:
        with contextlib.suppress(BlockingIOError):
            if os.read(0, 1) == b"":
                return
        energy_j = idle_w * (time.monotonic() - begin_s) + core_w * (tree.busy_s() - begin_busy_s)
        os.pwrite(descriptor, f"{START_UJ + int(energy_j * 1e6):016d}\n".encode(), 0)
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
