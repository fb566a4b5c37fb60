"""Time from starting the process to the first turn of the event loop: our window against a bare Qt window.

Both are started one after the other, again and again, with the same interpreter and platform; the table gives medians
and the ratio of pairs. Run: `QT_QPA_PLATFORM=offscreen python benchmarks/first_frame.py [--pairs 15]`. Bar: 1.5.
With `--frozen` the bundle is measured (packaging/bundle/build.py makes it) against the same bare window, frozen by the
same PyInstaller with nothing but its defaults. Bar: 1.3.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
qt = QApplication(sys.argv[:1])
window = QMainWindow()
window.resize(1280, 800)
window.show()
def ready():
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
QTimer.singleShot(0, ready)
qt.exec()
"""
BAR, FROZEN_BAR = 1.5, 1.3
BUILD = Path(__file__).resolve().parents[1] / "build"
BUNDLE = BUILD / "bundle" / "model-fit-advisor" / "model-fit-advisor"


def seconds(argv, environment):
    """Return the time from start to the ready line."""
    start = time.perf_counter()
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        line = process.stdout.readline()
        took_s = time.perf_counter() - start
        process.kill()
        process.wait()
    if line != "ready\n":
        sys.exit(f"{argv} said {line!r}")
    return took_s


def frozen_bare_window():
    """Return the bare window as a program, made once by the PyInstaller that made the bundle."""
    script, program = BUILD / "bare" / "bare.py", BUILD / "bare" / "bare" / "bare"
    if not script.is_file() or script.read_text("utf-8") != BARE or not program.is_file():
        script.parent.mkdir(parents=True, exist_ok=True)
        command = [BUILD / "venv" / "bin" / "python", "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"]
        places = ["--distpath", script.parent, "--workpath", script.parent / "work", "--specpath", script.parent]
        script.write_text(BARE, "utf-8")
        subprocess.run([*command, *places, script], check=True, cwd=script.parent)
    return program


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--frozen", action="store_true", help="the bundle against a bare frozen window")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "MODEL_FIT_ADVISOR_HOME": home}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled once, as on a user's computer, for both windows
        environment["PYTHONPYCACHEPREFIX"] = home
        bare, ours = [sys.executable, "-c", BARE], [sys.executable, "-m", "advisor", "gui", "--ready-line"]
        if options.frozen:
            bare, ours = [str(frozen_bare_window())], [str(BUNDLE), "gui", "--ready-line"]
        seconds(bare, environment), seconds(ours, environment)  # warm the file cache
        pairs = [(seconds(bare, environment), seconds(ours, environment)) for _ in range(options.pairs)]
    ratios = sorted(ours_s / bare_s for bare_s, ours_s in pairs)
    print("| what | median (s) | lowest | highest |")
    print("| --- | --- | --- | --- |")
    for name, values in (("bare Qt window", [p[0] for p in pairs]), ("our window", [p[1] for p in pairs])):
        print(f"| {name} | {statistics.median(values):.3f} | {min(values):.3f} | {max(values):.3f} |")
    bar = FROZEN_BAR if options.frozen else BAR
    print(
        f"| **ratio of pairs** (bar {bar}) | **{statistics.median(ratios):.2f}** | {ratios[0]:.2f} | {ratios[-1]:.2f} |"
    )
    print(f"{len(pairs)} pairs, one after the other.")


if __name__ == "__main__":
    main()
