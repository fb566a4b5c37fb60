"""The whole job with a tiny model, in the real window: proves that an installed app works, or says where it fails."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from advisor.recommend.model import CandidateRow
from advisor.ui.controllers.hardware import HardwareController
from advisor.ui.controllers.probe import ProbeController
from advisor.ui.controllers.report import ReportController
from advisor.ui.controllers.task import RecommendController, TaskController
from advisor.ui.crash import CrashHook
from advisor.ui.main_window import MainWindow
from advisor.ui.store import Rows, Store

WORDS = "sort 500 support emails a day into 6 topics, English, 100 examples"
LIMIT_MS = 240_000
STEP_MS = 50


class Parts(Protocol):
    """What the self-test drives."""

    store: Store
    window: MainWindow
    hardware: HardwareController
    task: TaskController
    recommend: RecommendController
    probe: ProbeController
    report: ReportController

    @property
    def crash(self) -> CrashHook:
        """What bugs go through: one anywhere fails the test."""


class SelfTest(QObject):
    """Goes through the steps, each when the one before is done; leaves with 0, or with 1 and the reason."""

    def __init__(self, app: Parts) -> None:
        super().__init__(app.window)
        self._app = app
        self._folder = tempfile.TemporaryDirectory(prefix="model-fit-advisor-")
        self._steps: list[tuple[str, Callable[[], bool]]] = [
            ("inspect this computer", self._inspected), ("understand the task", self._described),
            ("find models", self._recommended), ("measure a model", self._probed), ("draw the plots", self._plotted),
            ("write a report", self._reported),
        ]  # fmt: skip
        self._started = False
        self._crashed = ""
        app.crash.crashed.connect(self._on_crash_crashed)
        self._timer = QTimer(self)
        self._timer.setInterval(STEP_MS)
        self._timer.timeout.connect(self._on_timer_timeout)
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.setInterval(LIMIT_MS)
        self._limit.timeout.connect(self._on_limit_timeout)

    @Slot()
    def start(self) -> None:
        """Begin; called when the window can be seen."""
        self._timer.start()
        self._limit.start()

    @Slot()
    def _on_timer_timeout(self) -> None:
        name, step = self._steps[0]
        error = self._error()
        if error:
            self._leave(f"The self-test failed at: {name}. {error}")
        elif step():
            self._steps.pop(0)
            self._started = False
            sys.stdout.write(f"{name}: done\n")
            if not self._steps:
                self._leave("")

    @Slot()
    def _on_limit_timeout(self) -> None:
        self._leave(f"The self-test took too long at: {self._steps[0][0]}.")

    @Slot(str)
    def _on_crash_crashed(self, text: str) -> None:
        self._crashed = text

    def _error(self) -> str:
        if self._crashed:
            return self._crashed
        now = self._app.store.snapshot
        outcome = now.probe.outcome
        failed = outcome.message or outcome.code if outcome is not None and now.probe.result is None else ""
        return now.machine.error or now.job.error or now.results.error or now.report.error or failed

    def _once(self, action: Callable[[], None]) -> None:
        if not self._started:
            self._started = True
            action()

    def _inspected(self) -> bool:
        return self._app.store.snapshot.machine.profile is not None

    def _described(self) -> bool:
        self._once(self._describe)
        return self._app.store.snapshot.job.task is not None and not self._app.store.snapshot.job.busy

    def _describe(self) -> None:
        self._app.window.go("task")
        self._app.task.set_text(WORDS)

    def _recommended(self) -> bool:
        self._once(self._app.recommend.find)
        results = self._app.store.snapshot.results
        return results.recommendation is not None and not results.busy

    def _probed(self) -> bool:
        self._once(self._probe)
        probe = self._app.store.snapshot.probe
        return probe.phase == "idle" and probe.result is not None and not self._app.store.snapshot.results.busy

    def _probe(self) -> None:
        self._app.window.go("probe")
        row = smallest(self._app.store.snapshot.results.recommendation)
        if row is None:
            self._leave("The self-test found no model that can be measured here.")
        else:
            self._app.probe.start(row)

    def _plotted(self) -> bool:
        self._once(self._show_plots)
        results, probe = self._app.window.page("results"), self._app.window.page("probe")
        drawn = results.pareto.plot is not None and bool(probe.plots_shown())  # type: ignore[attr-defined]
        return drawn and not self._app.window.grab().isNull()

    def _show_plots(self) -> None:
        self._app.window.go("results")
        self._app.window.page("results").show_plot()  # type: ignore[attr-defined]

    def _reported(self) -> bool:
        self._once(self._save)
        return Path(self._folder.name, "report.html").is_file() and bool(self._app.store.snapshot.report.saved_path)

    def _save(self) -> None:
        self._app.report.save(str(Path(self._folder.name, "report.html")), True)

    def _leave(self, failure: str) -> None:
        self._timer.stop()
        self._limit.stop()
        self._folder.cleanup()
        sys.stdout.write("ready\n" if not failure else f"{failure}\n")
        sys.stdout.flush()
        self._app.probe.stop()
        QApplication.exit(1 if failure else 0)


def smallest(rows: Rows) -> CandidateRow | None:
    """Return the smallest row that fits and can be measured, among the best ones."""
    best = [rows.row(int(index)) for index in rows.order[:200]]
    usable = [row for row in best if row.can_probe and row.verdict == "fits" and row.estimate.memory.value is not None]
    return min(usable, key=lambda row: row.estimate.memory.value or 0.0, default=None)
