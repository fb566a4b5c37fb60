"""The composition root: makes everything behind the window, connects everything, starts and ends."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from advisor import settings
from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.probe.weights.plan import WeightsPlan
from advisor.recommend.model import CandidateRow
from advisor.settings import Settings
from advisor.ui import compression_wiring, theme
from advisor.ui.about_wiring import AboutPart
from advisor.ui.actions import PAGES
from advisor.ui.compression_wiring import CompressionPart
from advisor.ui.controllers import calibration, conversion_views, electricity, jobs, onnx_file, real_jobs
from advisor.ui.controllers.calibration import CalibrationController
from advisor.ui.controllers.conversion import ConversionController
from advisor.ui.controllers.hardware import HardwareController
from advisor.ui.controllers.meters import MeterController
from advisor.ui.controllers.onnx_file import FileRequest, OnnxFileController
from advisor.ui.controllers.probe import ProbeController
from advisor.ui.controllers.real_files import RealFilesController
from advisor.ui.controllers.report import HistoryController
from advisor.ui.controllers.runtime import RuntimeController
from advisor.ui.controllers.settings import SettingsController
from advisor.ui.controllers.task import RecommendController, TaskController
from advisor.ui.crash import CrashHook, message
from advisor.ui.desktop import Desktop
from advisor.ui.examples_wiring import ExamplesPart
from advisor.ui.main_window import MainWindow
from advisor.ui.models_wiring import ModelsPart
from advisor.ui.report_wiring import ReportPart
from advisor.ui.store import RealState, Snapshot, Store
from advisor.ui.warm_up import WarmUp
from advisor.ui.widgets.page import Page
from advisor.ui.window_actions import WindowActions
from advisor.ui.workers.child_process import ChildProcess
from advisor.ui.workers.pool import Pool


class App(QObject):
    """Store, workers and controllers of one running app, and its window."""

    def __init__(
        self,
        qt: QApplication,
        start: Settings,
        window: MainWindow,
        system_font: QFont,
        *,
        desktop: Desktop | None = None,
    ) -> None:
        """Make everything and give the window its pages; `begin` sets it to work.

        Args:
            qt: the one application object.
            start: settings the app starts with; the window wears their theme already.
            window: the window, shown or not.
            system_font: font of the desktop, before the text size was applied.
            desktop: what the desktop wants; made of Qt's style hints when null.
        """
        super().__init__()
        self._desktop = desktop if desktop is not None else Desktop(qt.styleHints(), self)
        self._qt, self._crash, self.window = qt, CrashHook(qt), window
        self._system_font = system_font
        self.store = Store(Snapshot(settings=start), self)
        self.pool = Pool(self)
        self._children: list[ChildProcess] = []
        self._closing = False
        self._make_controllers()
        self._crash.window = window
        window.attach(self._make_page, self.store.snapshot)
        self._warm_up = WarmUp(window.page, self)
        self._warm_up.ended.connect(self._on_warm_up_ended)
        self._actions = WindowActions(
            window, given={"inspect": self.hardware.inspect, "stop": self._stop, "about": self.about.show},
            has_answer=lambda: self.store.snapshot.results.recommendation is not None,
            refuse_export=lambda: self.report.save("", True), parent=self,
        )  # fmt: skip
        self.window.close_requested.connect(self._on_window_close_requested)
        self.store.changed.connect(self._on_store_changed)
        self._desktop.changed.connect(self._on_desktop_changed)
        self.probe.idle.connect(self._on_probe_idle)
        self.probe.measured.connect(self._on_probe_measured)
        qt.aboutToQuit.connect(self.close)

    def begin(self) -> None:
        """Inspect the computer, read the history, fetch what is slow to load."""
        self._on_desktop_changed()
        self.hardware.inspect()
        self.history.load()
        self._show_icons()
        self._warm_up.start()
        self.about.updates.begin()

    def open_files(self, files: tuple[str, ...]) -> None:
        """Show result files on the page Report: one, or two side by side."""
        self.window.go("report")
        self.reports.reading.open_files(files)

    def remember_window(self) -> None:
        """Keep size and place of the window for the next start; where that cannot be written it is not kept."""
        geometry = bytes(self.window.saveGeometry().toBase64().data()).decode("ascii")
        kept = settings.load()  # as kept, without what holds for this run only
        if geometry != kept.window_geometry:
            with suppress(AdvisorError):
                settings.save(msgspec.structs.replace(kept, window_geometry=geometry))

    @property
    def crash(self) -> CrashHook:
        """What bugs go through."""
        return self._crash

    def catch_crashes(self) -> None:
        """Show bugs in a message; offer what a native crash left at an earlier start."""
        earlier = self._crash.install()
        if earlier:
            message(self.window, "The app ended unexpectedly last time.", earlier)

    def dispose(self) -> None:
        """Take the window apart before the application object goes."""
        self._crash.uninstall()
        self.close()
        self.window.deleteLater()

    @Slot()
    def close(self) -> None:
        """End children and wait for workers: nothing may be left behind."""
        self._warm_up.stop()
        self.runtime.close()
        self.models.close()
        self.about.updates.close()
        for child in self._children:
            child.close()
        self.pool.wait()

    def _make_controllers(self) -> None:
        run, broken, store = self.pool.run, self._crash.report, self.store
        self.hardware = HardwareController(
            store, run, detect=jobs.detect, apply=jobs.apply_overrides, save=jobs.save_machine, load=jobs.load_machine,
            broken=broken, parent=self,
        )  # fmt: skip
        self.runtime = RuntimeController(
            store, make_child=self._make_child, with_runtime=jobs.with_runtime, parent=self
        )
        self.task = TaskController(
            store,
            run,
            describe=jobs.describe,
            problems=jobs.problems,
            workload=jobs.workload,
            broken=broken,
            parent=self,
        )
        self.recommend = RecommendController(store, run, advise=jobs.advise, broken=broken, parent=self)
        self.probe = ProbeController(
            store, run, plan=self._plan, plan_real=self._plan_real, make_child=self._make_child, log=jobs.log_child,
            broken=broken, parent=self,
        )  # fmt: skip
        self.real_files = RealFilesController(store, run, look=self._look_real, broken=broken, parent=self)
        self.calibration = CalibrationController(
            store, run, request=jobs.calibration_request, keep=jobs.keep_calibration, read=jobs.speed,
            make_child=self._make_child, log=jobs.log_child, broken=broken, parent=self,
        )  # fmt: skip
        self.calibration.calibrated.connect(self.recommend.refresh)
        self.file = OnnxFileController(
            store, run, plan=self._file_plan, keep=jobs.keep_file, make_child=self._make_child, log=jobs.log_child,
            broken=broken, parent=self,
        )  # fmt: skip
        self.reports = ReportPart(store, run=run, broken=broken, parent=self)
        self.report = self.reports.writing
        self.reports.task_wanted.connect(self._go_task)
        self.history = HistoryController(
            store, run, load=jobs.load_archive, add_probe=jobs.keep_probe, broken=broken, parent=self
        )
        self.report.written.connect(self.history.load)
        self.file.measured.connect(self.history.load)
        self.meters = MeterController(
            store, run, survey=electricity.survey_meters, read=electricity.read_power, load_wall=electricity.load_wall,
            keep_wall=electricity.keep_wall, forget_wall=electricity.forget_wall, broken=broken, parent=self,
        )  # fmt: skip
        self.conversion = ConversionController(
            store, run, request=conversion_views.request, look=conversion_views.look,
            after_install=conversion_views.after_install, remove=conversion_views.remove, clear=conversion_views.clear,
            make_child=self._make_child, log=jobs.log_child, broken=broken, parent=self,
        )  # fmt: skip
        self.models = ModelsPart(store, run=run, make_child=self._make_child, broken=broken, parent=self)
        self.examples = ExamplesPart(store, run=run, make_child=self._make_child, broken=broken, parent=self)
        self.compression = CompressionPart(store, run=run, make_child=self._make_child, broken=broken, parent=self)
        self.about = AboutPart(
            store, run=run, make_child=self._make_child, window=self.window, broken=broken, parent=self
        )
        self.models.offer(compression_wiring.ACTIONS, self.compression.why_not, self.compression.do)
        self.compression.controller.measured.connect(self.recommend.refresh)
        self.compression.comparison_wanted.connect(self._go_languages)
        self.compression.row_wanted.connect(self._go_probe)
        self.models.candidates_changed.connect(self.recommend.refresh)
        self.models.results_wanted.connect(self._go_results)
        self.settings = SettingsController(
            store, run, save=settings.save, parse=jobs.parse_setting, refused=self._on_settings_refused, broken=broken,
            parent=self,
        )  # fmt: skip

    def _make_child(self, parent: QObject) -> ChildProcess:
        child = ChildProcess(parent)
        self._children.append(child)
        child.destroyed.connect(self._on_child_destroyed)
        return child

    @Slot(QObject)
    def _on_child_destroyed(self, _gone: QObject) -> None:
        self._children = [child for child in self._children if isValid(child)]

    def _plan(self, row: CandidateRow, profile: HardwareProfile, chosen: Settings) -> ProbePlan:
        snapshot = self.store.snapshot
        return jobs.plan(row, snapshot.job.task, profile, snapshot.results.recommendation, chosen.energy_mode)

    def _plan_real(self, row: CandidateRow, path: str, profile: HardwareProfile, chosen: Settings) -> WeightsPlan:
        snapshot = self.store.snapshot
        rows = snapshot.results.recommendation
        return real_jobs.plan(row, path, snapshot.job.task, profile, rows, chosen.energy_mode)

    def _look_real(self, model: str, format_id: str) -> RealState:
        return real_jobs.look(model, format_id, self.store.snapshot.settings.model_folder)

    def _file_plan(self, path: str, dimensions: Mapping[str, int], profile: HardwareProfile) -> FileRequest:
        return jobs.file_plan(path, dimensions, profile, self.store.snapshot.settings.energy_mode)

    def _make_page(self, name: str) -> Page:
        makers: dict[str, Callable[[], Page]] = {
            "this-computer": self._this_computer, "task": self._task_page, "results": self._results,
            "compare": self._compare, "probe": self._probe_page, "models": self.models.page,
            "examples": self.examples.page, "report": self.reports.page, "settings": self._settings_page,
        }  # fmt: skip
        return makers[name]()

    def _this_computer(self) -> Page:
        from advisor.ui.pages.this_computer_page import ThisComputerPage

        page = ThisComputerPage(jobs.overridable, calibration.refusal)
        page.calibrate_requested.connect(self.calibration.start)
        page.stop_requested.connect(self.calibration.stop)
        page.inspect_requested.connect(self.hardware.inspect)
        page.override_requested.connect(self.hardware.override)
        page.undo_requested.connect(self.hardware.undo_override)
        page.save_requested.connect(self.hardware.save_machine)
        page.load_requested.connect(self.hardware.load_machine)
        page.next_requested.connect(self._go_task)
        page.meters.look_requested.connect(self.meters.look)
        page.meters.read_requested.connect(self.meters.read_now)
        page.meters.keep_requested.connect(self.meters.keep)
        page.meters.forget_requested.connect(self.meters.forget)
        return page

    def _task_page(self) -> Page:
        from advisor.ui.pages.task_page import TaskPage

        page = TaskPage(jobs.languages())
        page.set_regions(jobs.regions())
        page.set_presets(jobs.published_tasks())
        page.text_changed.connect(self.task.set_text)
        page.chip_removed.connect(self.task.remove_chip)
        page.control_changed.connect(self.task.set_control)
        page.find_requested.connect(self._on_find_requested)
        return page

    def _results(self) -> Page:
        from advisor.ui.pages.results_page import ResultsPage

        page = ResultsPage()
        page.row_selected.connect(self.recommend.select)
        page.pin_requested.connect(self.recommend.pin)
        page.measure_requested.connect(self._on_measure_requested)
        page.task_requested.connect(self._go_task)
        page.report_requested.connect(self._go_report)
        return page

    def _compare(self) -> Page:
        page = self.compression.page()
        page.results_requested.connect(self._go_results)
        page.unpin_requested.connect(self.recommend.pin)
        return page

    def _probe_page(self) -> Page:
        from advisor.ui.pages.probe_page import ProbePage

        page = ProbePage(onnx_file.refusal)
        page.file_requested.connect(self.file.start)
        page.file_stop_requested.connect(self.file.stop)
        page.probe_requested.connect(self.probe.start)
        page.real_requested.connect(self.probe.start_real)
        page.stop_requested.connect(self.probe.stop)
        page.results_requested.connect(self._go_results)
        return page

    def _settings_page(self) -> Page:
        from advisor.ui.pages.settings_page import SettingsPage

        page = SettingsPage()
        page.set_grids(jobs.grids())
        page.setting_changed.connect(self.settings.change)
        page.setting_typed.connect(self.settings.change_text)
        page.look_requested.connect(self.conversion.look)
        page.install_requested.connect(self.conversion.install)
        page.tools.stop_requested.connect(self.conversion.stop)
        page.remove_requested.connect(self.conversion.remove)
        page.clear_requested.connect(self.conversion.clear)
        self.about.attach(page)
        return page

    @Slot()
    def _go_task(self) -> None:
        self.window.go("task")

    @Slot()
    def _go_results(self) -> None:
        self.window.go("results")

    @Slot()
    def _go_languages(self) -> None:
        self.window.go("compare")
        page: Any = self.window.page("compare")
        page.show_languages()

    @Slot(int)
    def _go_probe(self, index: int) -> None:
        """Show a row on the page Probe; nothing is started."""
        self.recommend.select(index)
        self.window.go("probe")

    @Slot()
    def _go_report(self) -> None:
        self.window.go("report")

    @Slot()
    def _on_find_requested(self) -> None:
        self.recommend.find()
        if self.store.snapshot.results.busy or self.store.snapshot.results.recommendation is not None:
            self.window.go("results")

    @Slot(object)
    def _on_measure_requested(self, row: CandidateRow) -> None:
        """Start at once what fits; for the rest the page says what to expect and asks."""
        self.recommend.select(row.index)
        self.window.go("probe")
        if row.verdict not in {"tight", "does-not-fit"}:
            self.probe.start(row)

    def _show_icons(self) -> None:
        from advisor.ui.widgets import icon

        self.window.set_icons({page: icon.line_icon(name, self._qt.palette()) for page, _, name in PAGES})
        self._qt.setWindowIcon(icon.app_icon())

    def _dress(self) -> None:
        theme.dress(
            self._qt,
            self.store.snapshot.settings,
            self._system_font,
            dark=self._desktop.dark,
            contrast=self._desktop.high_contrast,
        )
        self._show_icons()

    @Slot()
    def _on_warm_up_ended(self) -> None:
        """Load what is heavy, but not beside the pages: threads that import wait for each other."""
        self.pool.run(jobs.load_plots, failed=self._crash.report)

    @Slot()
    def _on_desktop_changed(self) -> None:
        if self.store.snapshot.settings.theme == "system":
            self._dress()

    @Slot(object, object)
    def _on_store_changed(self, old: Snapshot, new: Snapshot) -> None:
        self.window.may_close = new.probe.phase == "idle"
        self.window.show_snapshot(new)
        before, now = old.settings, new.settings
        if (before.theme, before.text_size_share) != (now.theme, now.text_size_share):
            self._dress()
        if before.text_size_share != now.text_size_share:
            QTimer.singleShot(0, self.window.rebuild)
        if _judged_by(before) != _judged_by(now):
            self.recommend.refresh()
        if before.model_folder != now.model_folder:
            self.models.own.load()
            if not new.machine.saved_as:
                self.hardware.inspect()

    @Slot(object)
    def _on_probe_measured(self, result: ProbeResult) -> None:
        self.history.add_probe(result)
        self.recommend.refresh()

    @Slot()
    def _on_window_close_requested(self) -> None:
        self._closing = True
        self.probe.stop()

    @Slot()
    def _on_probe_idle(self) -> None:
        if self._closing:
            self.window.close()

    def _stop(self) -> None:
        self.probe.stop()
        self.calibration.stop()
        self.file.stop()
        self.models.stop()
        self.examples.controller.stop()
        self.compression.controller.stop()

    def _on_settings_refused(self, error: AdvisorError) -> None:
        message(self.window, error.sentence(), "")


def _judged_by(chosen: Settings) -> tuple[object, ...]:
    """Return the settings that a recommendation depends on."""
    return chosen.region, chosen.grid_g_per_kwh, chosen.memory_reserve_bytes


def settings_for(theme_name: str) -> Settings:
    """Return the settings; a theme that is given holds for this run."""
    chosen = settings.load()
    return msgspec.structs.replace(chosen, theme=theme_name) if theme_name else chosen


def make(qt: QApplication, *, theme_name: str = "") -> App:
    """Make a whole app at once, window included, for tests and tools that need no quick first frame.

    Args:
        qt: the one application object.
        theme_name: colours for this run; empty takes the settings'.
    """
    start = settings_for(theme_name)
    font = qt.font()
    theme.use_fusion(qt)
    theme.dress(qt, start, font)
    return App(qt, start, MainWindow(), font)
