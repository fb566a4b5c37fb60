"""The longest time the window's event loop stood still while a probe ran, all plots shown.

A timer of 0 ms notes each turn of the loop; a stall is the gap between two turns. Run:
`QT_QPA_PLATFORM=offscreen python benchmarks/event_loop.py`. Bar: 100 ms.
"""

import os
import sys
import tempfile
import time

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

BAR_MS = 100.0
TIMEOUT_S = 240.0
WORDS = "sort 500 support emails a day into 6 topics, German and Hindi, 100 examples"


class Watch:
    """Gaps between turns of the event loop."""

    def __init__(self):
        self.gaps_ms, self.last_s = [], time.perf_counter()
        self.timer = QTimer()
        self.timer.timeout.connect(self.tick)

    def tick(self):
        """Note one turn."""
        now_s = time.perf_counter()
        self.gaps_ms.append(1000 * (now_s - self.last_s))
        self.last_s = now_s

    def start(self):
        """Begin to note."""
        self.gaps_ms, self.last_s = [], time.perf_counter()
        self.timer.start(1)

    def stop(self):
        """Return the gaps, longest first."""
        self.timer.stop()
        return sorted(self.gaps_ms, reverse=True)


def wait(qt, is_true):
    """Let the app work until something is true."""
    end = time.monotonic() + TIMEOUT_S
    while not is_true():
        if time.monotonic() > end:
            sys.exit("gave up waiting")
        qt.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)


def line(name, gaps_ms):
    """Return one row of the table."""
    ninety_nine = gaps_ms[len(gaps_ms) // 100]
    return f"| {name} | {gaps_ms[0]:.0f} | {ninety_nine:.1f} | {len(gaps_ms)} |"


def main():
    """Measure and print."""
    from advisor.ui import composition

    qt = QApplication(sys.argv[:1])
    app = composition.make(qt)
    watch, rows = Watch(), []
    app.window.show()
    app.begin()
    now = lambda: app.store.snapshot  # noqa: E731
    watch.start()
    wait(qt, lambda: now().machine.profile and now().machine.profile.runtime.version.value)
    rows.append(line("start, inspection of the computer", watch.stop()))
    app.task.set_text(WORDS)
    watch.start()
    app.recommend.find()
    wait(qt, lambda: now().results.recommendation is not None and not now().results.busy)
    rows.append(line("words read, all candidates ranked", watch.stop()))
    watch.start()
    app.window.go("results")
    wait(qt, lambda: len(watch.gaps_ms) > 20)
    rows.append(line("results page made and shown", watch.stop()))
    found = now().results.recommendation
    row = next(r for r in (found.row(int(i)) for i in found.order) if r.can_probe)
    app.window.go("probe")
    watch.start()
    app.probe.start(row)
    wait(qt, lambda: now().probe.phase == "idle")
    rows.append(line(f"**probe of {row.model}, {row.format}** (bar {BAR_MS:.0f} ms)", watch.stop()))
    print("| while | longest stall (ms) | 99th percentile (ms) | turns |")
    print("| --- | --- | --- | --- |")
    print("\n".join(rows))
    app.window.close()
    app.dispose()


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODEL_FIT_ADVISOR_HOME"] = home
        main()
