"""An ONNX file in the window: opened or dropped, measured in a child, shown with the sizes it left open."""

import json
import sys
from pathlib import Path

import fakes_files
import fakes_report
import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from window_fakes import FakeChild, NowRun

from advisor import paths, units
from advisor.child.protocol import Outcome, Progress
from advisor.errors import InvalidModelError
from advisor.probe.onnx_file.plan import OnnxFilePlan
from advisor.report import wording
from advisor.ui.controllers import jobs, onnx_file
from advisor.ui.controllers.onnx_file import FileRequest, OnnxFileController
from advisor.ui.controllers.request import NO_MACHINE
from advisor.ui.controllers.speeds import HISTORY_FILE
from advisor.ui.pages.probe_page import ProbePage
from advisor.ui.pages.report_page import ReportPage
from advisor.ui.store import (
    FileFigure,
    FileState,
    FileView,
    FreeSize,
    Snapshot,
    Store,
    with_archive,
    with_machine,
    with_probe,
)
from advisor.ui.widgets.file_card import STOPPING, WHAT_IT_IS, FileCard, dropped_file
from advisor.ui.workers.child_process import ChildProcess

sys.path.append(str(Path(__file__).parents[1] / "unit" / "graphs"))

import onnx_files

VIEW = FileView(
    sentence="vad.onnx: 1 ms for one run.",
    figures=(FileFigure(name="Time per run", value="1 ms", basis="measured: x"),),
    about=("Made by hand.",), inputs=(("x", "float32", "1x576", "normal (why)"),),
    free=(FreeSize(name="batch", value=1, why="one at a time"),), notes=("Grade A: steady.", "Agrees with the last."),
)  # fmt: skip
DONE = Outcome(code="finished", result=msgspec.Raw(b"{}"))


@pytest.fixture
def store(qapp):
    made = Store()
    profile = fakes_report.profile()
    made.update(lambda old: with_machine(old, base=profile, profile=profile))
    return made


class Bench:
    """A controller with the children it made and what it asked for."""

    def __init__(self, store, **changes):
        self.children, self.asked, self.bugs = [], [], []
        given = {
            "plan": self.plan, "keep": lambda answer, profile: VIEW, "make_child": self.make_child,
            "log": lambda record: None, "broken": self.bugs.append,
        }  # fmt: skip
        self.controller = OnnxFileController(store, NowRun(), **(given | changes))

    def make_child(self, parent):
        self.children.append(FakeChild(parent))
        return self.children[-1]

    def plan(self, path, dimensions, profile):
        self.asked.append((path, dict(dimensions), profile.name))
        return FileRequest(request=b"plan", limit_s=9.0)


def test_a_file_is_measured_in_a_child_and_shown(store):
    bench = Bench(store)
    bench.controller.start("/a/vad.onnx", {"batch": 2})
    assert bench.asked == [("/a/vad.onnx", {"batch": 2}, fakes_report.HOST)]
    (child,) = bench.children
    assert child.started[:2] == ("onnx-file", b"plan")
    child.message.emit(Progress(stage="measure", done_share=0.5, elapsed_s=1, remaining_s=1.0, detail=""))
    assert (store.snapshot.file.phase, store.snapshot.file.done_share) == ("running", 0.5)
    assert store.snapshot.file.detail == f"{wording.stage_help('measure')}."
    child.message.emit(Progress(stage="prepare", done_share=0.5, elapsed_s=1, remaining_s=1.0, detail="reading it"))
    assert store.snapshot.file.detail == "Reading it."
    told = []
    bench.controller.measured.connect(lambda: told.append(store.snapshot.file.view))
    child.ended.emit(DONE)
    assert told == [VIEW]
    assert store.snapshot.file.phase == "idle"
    assert store.snapshot.file.view == VIEW
    assert bench.bugs == []


def test_a_child_that_fails_says_why_and_a_stop_is_no_error(store):
    bench = Bench(store)
    bench.controller.start("/a/vad.onnx", {})
    bench.children[0].ended.emit(Outcome(code="invalid_model", message="vad.onnx is cut off.", remedy="Copy it again."))
    assert store.snapshot.file.error == "vad.onnx is cut off. Copy it again."
    bench.controller.start("/a/vad.onnx", {})
    bench.children[1].ended.emit(Outcome(code="crashed", message="The process ended by itself.", remedy="Try again."))
    assert store.snapshot.file.error.startswith("vad.onnx could not be measured: The process ended by itself. ")
    assert "export the file again" in store.snapshot.file.error
    bench.controller.start("/a/vad.onnx", {})
    bench.controller.stop()
    assert store.snapshot.file.phase == "stopping"
    assert bench.children[2].num_stops == 1
    bench.children[2].ended.emit(Outcome(code="cancelled"))
    assert (store.snapshot.file.phase, store.snapshot.file.error) == ("idle", "")


def test_a_file_the_planner_refuses_is_a_sentence(store):
    def refuse(path, dimensions, profile):
        raise InvalidModelError("x", "No such file.", remedy="Choose another.")

    bench = Bench(store, plan=refuse)
    bench.controller.start("/a/none.onnx", {})
    assert store.snapshot.file.phase == "idle"
    assert "No such file." in store.snapshot.file.error
    assert bench.children == []


def test_nothing_is_measured_beside_a_probe_or_on_a_saved_machine(store):
    bench = Bench(store)
    store.update(lambda old: with_probe(old, phase="running"))
    bench.controller.start("/a/vad.onnx", {})
    assert store.snapshot.file.error == onnx_file.BUSY
    store.update(lambda old: with_machine(with_probe(old, phase="idle"), saved_as="other.json"))
    bench.controller.start("/a/vad.onnx", {})
    assert store.snapshot.file.error == onnx_file.SAVED_MACHINE
    assert onnx_file.refusal(Snapshot()) == NO_MACHINE
    assert bench.children == []


@pytest.fixture
def card(qtbot):
    made = FileCard()
    qtbot.addWidget(made)
    return made


def test_the_card_shows_figures_and_measures_again_at_other_sizes(card):
    assert card.told.text() == WHAT_IT_IS
    asked = []
    card.measure_requested.connect(lambda path, sizes: asked.append((path, sizes)))
    card.show_state(FileState(path="/a/vad.onnx", view=VIEW), "")
    assert card.told.text() == VIEW.sentence
    texts = [card.grid.itemAt(place).widget().text() for place in range(card.grid.count())]
    assert texts == ["Time per run", "1 ms", "measured: x"]
    assert "Input x: float32 1x576, normal (why)." in card.notes.text()
    assert card.trust.text().splitlines() == ["Grade A: steady.", "•  Agrees with the last."]
    (box,) = card._sizes.values()
    assert box.accessibleName() == "Size of batch"
    box.setValue(4)
    card.again.click()
    assert asked == [("/a/vad.onnx", {"batch": 4})]
    free = FreeSize(name="past_sequence_length", value=0, why="nothing was read before")
    card.show_state(FileState(path="/a/vad.onnx", view=msgspec.structs.replace(VIEW, free=(free,))), "")
    card.again.click()
    assert asked[-1] == ("/a/vad.onnx", {"past_sequence_length": 0})


def test_the_card_says_what_runs_and_why_it_cannot_start(card):
    card.show_state(FileState(phase="running", path="/a/vad.onnx", remaining_s=4.0, done_share=0.25), "")
    assert "vad.onnx, about 4 s left" in card.told.text()
    assert card.bar.value() == 250
    assert card.open.isHidden()
    card.show_state(FileState(phase="stopping", path="/a/vad.onnx"), "")
    assert card.stop.text() == STOPPING
    card.show_state(FileState(), "Something runs.")
    assert not card.open.isEnabled()
    assert card.open.toolTip() == "Something runs."


def mime(*paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return data


def test_only_one_onnx_file_can_be_dropped(qapp):
    assert dropped_file(mime("/a/vad.onnx")) == "/a/vad.onnx"
    assert dropped_file(mime("/a/VAD.ONNX", "/a/vad.onnx.data")) == "/a/VAD.ONNX"
    assert dropped_file(mime("/a/a.onnx", "/a/b.onnx")) == ""
    assert dropped_file(mime("/a/readme.txt")) == ""


def test_a_file_dropped_on_the_page_is_measured(qtbot):
    page = ProbePage(lambda _: "")
    qtbot.addWidget(page)
    asked = []
    page.file_requested.connect(lambda path, sizes: asked.append((path, sizes)))
    data, buttons, keys = mime("/a/vad.onnx"), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, buttons, keys)
    page.dragEnterEvent(enter)
    assert enter.isAccepted()
    page.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, buttons, keys))
    assert asked == [("/a/vad.onnx", {})]
    other = mime("/a/readme.txt")
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, other, buttons, keys)
    enter.ignore()
    page.dragEnterEvent(enter)
    assert not enter.isAccepted()


def test_the_real_plan_asks_for_the_file_with_the_sizes():
    asked = json.loads(jobs.file_plan("/a/vad.onnx", {"batch": 3}, fakes_report.profile()).request)
    assert asked["file"] == "/a/vad.onnx"
    assert asked["dimensions"] == {"batch": 3}


def test_a_measured_file_is_kept_and_the_next_says_whether_it_agrees(qapp):
    profile = fakes_report.profile()
    first = jobs.keep_file(msgspec.json.encode(fakes_files.result(0.0020, "a")), profile)
    assert not any("probe of" in note for note in first.notes)
    second = jobs.keep_file(msgspec.json.encode(fakes_files.result(0.00204, "b")), profile)
    assert second.notes[-1] == "It was 2 % slower than the probe of 2026-11-26 10:00, which agrees."
    assert {result.id for result in jobs.load_archive().files} == {"a", "b"}


def test_a_history_that_cannot_be_written_does_not_hide_the_figures(qapp):
    folder = paths.data_folder() / HISTORY_FILE
    folder.mkdir(parents=True)  # a folder in the file's place
    view = jobs.keep_file(msgspec.json.encode(fakes_files.result()), fakes_report.profile())
    assert view.figures[0].name == "Time per run"
    assert view.notes[-1].startswith(f"Not kept: The history file {folder} cannot be written")


def test_measured_files_are_listed_between_the_probes(qtbot):
    page = ReportPage()
    qtbot.addWidget(page)
    old = msgspec.structs.replace(fakes_report.probe(), created="2026-11-01T10:00:00+00:00")
    new = msgspec.structs.replace(old, id="p2", created="2026-11-27T10:00:00+00:00")
    page.show_snapshot(None, with_archive(Snapshot(), probes=(new, old), files=(fakes_files.result(),)))
    rows = [[page.model.index(row, column).data() for column in range(6)] for row in range(page.model.rowCount())]
    assert [row[0][:10] for row in rows] == ["2026-11-27", "2026-11-26", "2026-11-01"]
    assert rows[1][1:3] == ["vad.onnx", "ONNX file"]
    assert rows[1][3].startswith("500 queries/s")
    assert page.history_notice.isHidden()


def test_the_window_outlives_files_that_are_cut_or_never_return_and_measures_the_next(store, qtbot, tmp_path):
    """Real children, as the window drives them."""
    (tmp_path / "cut.onnx").write_bytes(onnx_files.product().SerializeToString()[:-100])
    onnx_files.write(tmp_path, onnx_files.endless(), "endless.onnx")
    onnx_files.write(tmp_path, onnx_files.product(), "sound.onnx")

    def plan(path, dimensions, profile):
        asked = OnnxFilePlan(file=path, num_threads=1, memory_box_bytes=units.GIB, time_box_s=0.5, time_limit_s=20.0)
        short = "endless" in path
        return FileRequest(
            request=msgspec.json.encode(msgspec.structs.replace(asked, time_limit_s=2.0) if short else asked),
            limit_s=90.0,
        )  # fmt: skip

    bench = Bench(store, plan=plan, keep=jobs.keep_file, make_child=ChildProcess)
    told = {}
    for name in ("cut", "endless", "sound"):
        with qtbot.waitSignal(bench.controller.idle, timeout=90_000):
            bench.controller.start(str(tmp_path / f"{name}.onnx"), {})
        told[name] = store.snapshot.file.error
    assert told["cut"].startswith("cut.onnx")
    assert "endless.onnx did not answer within 2 s" in told["endless"]
    assert told["sound"] == ""
    assert "sound.onnx" in store.snapshot.file.view.sentence
    assert bench.bugs == []
