"""What compression costs, started in the window: what can be measured and why not, progress, cancel, the result."""

import fakes_compression
import fakes_report
import msgspec
import pytest
from window_fakes import FakeChild, NowRun, full_snapshot

from advisor import paths
from advisor.child.protocol import Outcome, Progress
from advisor.convert import place
from advisor.evaluate.compression_plan import KIND, CompressionPlan, CompressionResult, CompressionResults
from advisor.history.store import History
from advisor.report import compression_start as words
from advisor.runnable import provenance
from advisor.runnable.provenance import NumericCheck, Provenance, SourceFile
from advisor.ui import compression_wiring
from advisor.ui.compression_state import HereModel
from advisor.ui.compression_wiring import CompressionPart
from advisor.ui.controllers import calibration, compression, examples, onnx_file, probe, real_row, work
from advisor.ui.models_state import ModelView
from advisor.ui.store import Snapshot, Store, with_chosen_model, with_compression, with_job, with_machine, with_probe

WEIGHTS = b"0" * 5000
CHECK = NumericCheck(num_inputs=1, num_values=1, max_error=0.0, mean_error=0.0, scale=1.0, limit="any", accepted=True)
ORIGIN = Provenance(
    model_id="org/name", licence="apache-2.0", source_kind="safetensors", sources=(), format_id="onnx-fp32", options={},
    method="torch.onnx (dynamo)", versions={}, created="2026-11-27T02:00:00+00:00", wall_s=1.0, peak_memory_bytes=1,
    predicted_memory_bytes=1, check=CHECK,
    files=(SourceFile(name="model.onnx", size_bytes=len(WEIGHTS), sha256="0" * 64),),
)  # fmt: skip


def put(model_id, format_id):
    folder = place.target_folder(model_id, format_id, "rtn")
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(WEIGHTS)
    provenance.write(folder, msgspec.structs.replace(ORIGIN, model_id=model_id, format_id=format_id))
    return str(folder)


class Bench:
    """The part with its page, children that say what the test wants, and models on the shelf."""

    def __init__(self, qtbot):
        self.store, self.children, self.bugs, self.measured = Store(), [], [], []
        made = fakes_report.profile()
        self.store.update(lambda old: with_machine(old, base=made, profile=made))
        self.original = put("org/whole", "onnx-fp32")
        self.compressed = [put("org/whole", "onnx-int4-b32"), put("org/whole", "onnx-int8-dynamic")]
        put("org/alone", "onnx-fp32")
        put("org/a-small-one", "onnx-int8-dynamic")
        self.part = CompressionPart(self.store, run=NowRun(), make_child=self.make_child, broken=self.bugs.append)
        self.part.controller.measured.connect(lambda: self.measured.append(True))
        self.page = self.part.page()
        qtbot.addWidget(self.page)
        self.tab = self.page.compression
        self.card = self.tab.measure
        self.page.show_snapshot(None, self.store.snapshot)
        self.store.changed.connect(self.page.show_snapshot)
        self.page.show()
        self.page.tabs.setCurrentWidget(self.tab)

    @property
    def state(self):
        return self.store.snapshot.compression

    def make_child(self, parent):
        self.children.append(FakeChild(parent))
        return self.children[-1]

    def choose(self, model):
        place = self.card.model.findText(model)
        self.card.model.setCurrentIndex(place)
        self.card.model.activated.emit(place)

    def request(self):
        return msgspec.json.decode(self.children[-1].started[1], type=CompressionPlan)


@pytest.fixture
def bench(qtbot):
    made = Bench(qtbot)
    yield made
    assert made.bugs == []


def kept():
    history = History(paths.data_folder() / "history.sqlite").open()
    found = history.evaluations(KIND, CompressionResult)
    history.close()
    return found


def test_models_on_this_computer_can_be_chosen_those_that_can_be_measured_first(bench):
    card = bench.card
    names = [card.model.itemText(index) for index in range(card.model.count())]
    assert names == ["org/whole", "org/a-small-one", "org/alone"]
    assert card.start.isEnabled()
    assert "10 sentences in each of 32 languages: 320 sentences" in card.what.text()
    assert "each of its 2 compressed formats" in card.what.text()
    bench.choose("org/a-small-one")
    assert not card.start.isEnabled()
    assert card.what.text() == card.start.toolTip() == words.NO_ORIGINAL
    assert "Convert it to ONNX fp32 on the page Models first" in words.NO_ORIGINAL
    bench.choose("org/alone")
    assert card.start.accessibleDescription() == words.NO_COMPRESSED


def test_fewer_languages_are_the_users_and_the_largest(bench):
    task = full_snapshot().job
    bench.store.update(lambda old: with_job(old, text=task.text, description=task.description))
    card = bench.card
    assert card.languages.itemText(1) == "Yours and the 8 with the most to train on: 9"
    card.languages.setCurrentIndex(1)
    card.languages.activated.emit(1)
    assert "10 sentences in each of 9 languages: 90 sentences" in card.what.text()
    card.start.click()
    assert set(bench.request().languages) == {"en", "de", "fr", "es", "pt", "ar", "zh", "ja", "hi"}


def test_it_starts_says_how_far_it_is_and_shows_and_keeps_the_result(bench):
    card = bench.card
    card.start.click()
    (child,) = bench.children
    plan = bench.request()
    assert (plan.reference, list(plan.compressed), len(plan.languages)) == (bench.original, bench.compressed, 32)
    assert (plan.fingerprint, child.started[0]) == (fakes_report.profile().fingerprint, "compression")
    child.message.emit(Progress(stage="measure", done_share=0.25, elapsed_s=1, remaining_s=90.0, detail="hi"))
    assert card.bar.isVisibleTo(card)
    assert card.bar.value() == 250
    assert card.detail.text() == "Comparing: Hindi. About 90 s left."
    assert not card.start.isEnabled()
    results = tuple(
        msgspec.structs.replace(fakes_compression.result(model="org/whole", format=name), id=name)
        for name in ("onnx-int4-b32", "onnx-int8-dynamic")
    )
    answer = msgspec.Raw(msgspec.json.encode(CompressionResults(results=results)))
    child.ended.emit(Outcome(code="finished", result=answer))
    assert bench.state.phase == "idle"
    assert bench.measured == [True]
    assert kept() == bench.store.snapshot.archive.compressions == results[::-1]
    assert bench.tab.shown.isVisible()
    assert card.isHidden()  # the result takes its place
    assert len(bench.tab.plot.marks) == 2
    assert "2 compressed formats of org/whole" in bench.tab.done.label.text()
    bench.tab.again.click()
    assert not card.isHidden()


def test_cancel_says_so_at_once_and_leaves_nothing(bench):
    bench.card.start.click()
    bench.card.stop.click()
    assert bench.state.phase == "stopping"
    assert bench.card.stop.text() == "Cancelling..."
    assert bench.children[0].num_stops == 1
    bench.children[0].ended.emit(Outcome(code="cancelled"))
    assert (bench.state.phase, bench.state.error, bench.state.done) == ("idle", "", "")
    assert kept() == ()
    assert bench.store.snapshot.archive.compressions == ()
    assert bench.measured == []
    assert bench.card.start.isEnabled()


def test_a_child_that_fails_is_said_in_place(bench):
    bench.card.start.click()
    bench.children[0].ended.emit(Outcome(code="invalid_model", message="model.onnx is cut off.", remedy="Copy it."))
    assert bench.card.error.label.text() == "model.onnx is cut off. Copy it."
    assert bench.card.error.isVisibleTo(bench.card)
    assert bench.card.start.isEnabled()


def test_folders_of_ones_own_are_measured_too_and_stay_when_models_come(bench):
    bench.card.folders_chosen.emit("/a/original", "/a/small")
    assert bench.card.model.currentText() == "Folders of your own: original"
    put("org/new", "onnx-fp32")
    bench.part.controller.look()
    assert bench.card.model.currentText() == "Folders of your own: original"
    bench.card.start.click()
    assert (bench.request().reference, bench.request().compressed) == ("/a/original", ("/a/small",))
    bench.children[0].ended.emit(Outcome(code="cancelled"))
    bench.card.folders_chosen.emit("/a/original", "/a/original")
    assert bench.card.start.toolTip() == words.SAME_FOLDER


def test_nothing_is_measured_beside_something_else_and_nothing_else_beside_it(bench):
    store, card = bench.store, bench.card
    store.update(lambda old: with_probe(old, phase="running"))
    assert card.start.toolTip() == work.MEASURING
    bench.part.controller.start("all")
    assert bench.state.error == work.MEASURING
    assert bench.children == []
    store.update(lambda old: with_machine(with_probe(old, phase="idle"), saved_as="other.json"))
    assert compression.refusal(store.snapshot) == compression.SAVED_MACHINE
    store.update(lambda old: with_compression(with_machine(old, saved_as=""), phase="running"))
    now = store.snapshot
    assert work.refusal(now) == work.MEASURING
    assert onnx_file.refusal(now) == onnx_file.BUSY
    assert examples.refusal(now) == examples.BUSY
    assert calibration.refusal(now) == calibration.PROBE_RUNS
    assert probe._other(now) == probe.COMPARING_FORMATS


def test_without_any_model_it_is_said_what_to_do(bench):
    bench.store.update(lambda old: with_compression(old, choices=()))
    assert not bench.card.start.isEnabled()
    assert bench.card.what.text() == words.NO_MODELS


@pytest.mark.parametrize(
    ("name", "reason"), [("org/whole", ""), ("org/a-small-one", words.NO_ORIGINAL), ("org/none", words.NEITHER)]
)
def test_the_page_models_leads_to_the_measurement_or_says_why_not(bench, name, reason):
    told = []
    bench.part.comparison_wanted.connect(lambda: told.append(bench.state.chosen))
    bench.store.update(lambda old: with_chosen_model(old, ModelView(name=name, sentence="", hub_id=name)))
    assert bench.part.why_not(bench.store.snapshot)[compression.ACTION] == reason
    if not reason:
        bench.part.do(compression.ACTION)
        assert told == [name]
        assert bench.children == []


def test_a_converted_folder_is_known_as_its_model(bench):
    view = ModelView(name="org/whole, onnx-int4-b32", sentence="", path=bench.compressed[0], container="onnx")
    bench.store.update(lambda old: with_chosen_model(old, view))
    assert compression.shown_choice(bench.store.snapshot).key == "org/whole"


def test_the_page_models_leads_to_the_row_whose_files_are_here_and_starts_nothing(qtbot, full_app):
    rows = full_app.store.snapshot.results.recommendation
    row = rows.row(5)
    here = (HereModel(folder="/x", model=row.model, format=row.format),)
    view = ModelView(name=row.model, sentence="", hub_id=row.model)
    full_app.store.update(lambda old: with_chosen_model(with_compression(old, here=here), view))
    assert full_app.compression.why_not(full_app.store.snapshot)[real_row.ACTION] == ""
    full_app.compression.do(real_row.ACTION)
    assert full_app.window.current == "probe"
    assert full_app.store.snapshot.results.selected == row.index
    assert full_app.store.snapshot.probe.phase == "idle"
    full_app.compression.do(compression.ACTION)  # nothing to lead to
    assert full_app.window.current == "probe"


def test_the_row_is_named_only_where_files_and_results_are_there(qapp):
    def reason(snapshot, view):
        return real_row.row_index(with_chosen_model(snapshot, view))[1]

    view = ModelView(name="org/name", sentence="", hub_id="org/name")
    assert reason(Snapshot(), None) == "Choose a model first."
    assert reason(full_snapshot(), view) == words.NOT_CONVERTED
    here = (HereModel(folder="/x", model="org/name", format="onnx-fp32"),)
    assert reason(with_compression(full_snapshot(), here=here), view) == words.NOT_AMONG_RESULTS


def test_the_page_models_has_both_buttons(full_app):
    page = full_app.window.page("models")
    assert {action.id for action in compression_wiring.ACTIONS} <= set(page.details.more)


def test_the_way_to_the_languages_and_what_a_result_changes(full_app):
    full_app.window.go("compare")
    full_app.pool.wait()
    full_app.compression.comparison_wanted.emit()
    page = full_app.window.page("compare")
    assert full_app.window.current == "compare"
    assert page.tabs.currentWidget() is page.compression
    assert page.compression.again.isChecked()
    full_app.compression.controller.measured.emit()
    assert full_app.store.snapshot.results.busy  # candidates are ranked anew, with the warning
