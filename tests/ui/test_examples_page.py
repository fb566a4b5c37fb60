"""Your examples in the window: read, choose, run in children one after another, look at the result, save it."""

import fakes_report
import msgspec
import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from window_fakes import FakeChild, LaterRun, NowRun

from advisor.child.protocol import Outcome, Progress
from advisor.evaluate import examples_plan
from advisor.evaluate.examples_plan import ExampleOutput, ExamplesRequest, ExamplesResult
from advisor.evidence import Quantity, unknown
from advisor.examples import score, typed
from advisor.ui.controllers import examples as controllers
from advisor.ui.controllers.examples import ExamplesController
from advisor.ui.controllers.request import NO_MACHINE
from advisor.ui.examples_state import Choice, ExamplesState
from advisor.ui.examples_wiring import ExamplesPart
from advisor.ui.models_state import HereRow
from advisor.ui.pages.examples_page import ExamplesPage
from advisor.ui.store import Store, with_examples, with_file, with_machine, with_models
from advisor.ui.widgets.examples_choice import NO_MODELS, STOPPING
from advisor.ui.widgets.examples_input import dropped_examples

PAIRS = [(f"text {i}", "ab"[i % 2]) for i in range(6)]
CHOICES = (
    Choice(key="small", folder="/m/small", method="descriptions", name="small: by description", help="How it works."),
    Choice(key="large", folder="/m/large", method="likelihood", name="large: likeliest", help="How."),
    Choice(key="bad", folder="/m/bad", method="", name="bad", help="", why_not="It has no tokenizer.json."),
)


@pytest.fixture
def store(qapp):
    made = Store()
    profile = fakes_report.profile()
    made.update(lambda old: with_machine(old, base=profile, profile=profile))
    return made


class Bench:
    def __init__(self, store, run=None):
        self.store, self.children, self.bugs = store, [], []
        self.controller = ExamplesController(
            store, run or NowRun(), make_child=self.make_child, log=lambda record: None, broken=self.bugs.append
        )

    def make_child(self, parent):
        self.children.append(FakeChild(parent))
        return self.children[-1]

    @property
    def state(self):
        return self.store.snapshot.examples

    def ready(self):
        self.controller.take_typed(PAIRS, "classification")
        self.store.update(lambda old: with_examples(old, choices=CHOICES))
        return self


def answer(child, outputs, *, time_s=0.01):
    """Return what a child would answer to what it was asked."""
    asked = msgspec.json.decode(child.started[1], type=ExamplesRequest)
    found = score.score(asked.examples, outputs)
    time = Quantity(value=time_s, low=time_s, high=time_s, unit="s", evidence="measured", basis="by hand")
    made = ExamplesResult(
        id=asked.path, created="2026-01-01T00:00:00+00:00", model=asked.path, format="", fingerprint="f",
        model_bytes=1000, method=asked.method, kind="classification", source="typed", seed=0,
        num_threads=1, versions={},
        examples_hash=examples_plan.examples_hash(asked.examples), num_examples=len(outputs),
        instruction=asked.instruction, descriptions=asked.descriptions, score=found, time_per_query=time, rate=time,
        load_time=time, peak_memory=time, energy_per_1000=unknown("Wh", "x"), energy_boundary="", num_input_tokens=1,
        num_output_tokens=0,
        outputs=tuple(
            ExampleOutput(text=text, latency_s=time_s, num_input_tokens=1, is_right=right)
            for text, right in zip(outputs, found.right, strict=True)
        ),
    )  # fmt: skip
    return Outcome(code="finished", result=msgspec.Raw(msgspec.json.encode(made)))


def test_candidates_run_one_after_another_and_are_compared(store):
    bench = Bench(store).ready()
    bench.controller.start(["small", "large", "bad"], "Choose.", {"a": "first", "z": "no such label", "b": " "})
    (child,) = bench.children
    asked = msgspec.json.decode(child.started[1], type=ExamplesRequest)
    assert (child.started[0], asked.path, asked.method) == ("examples-run", "/m/small", "descriptions")
    assert (asked.instruction, asked.descriptions, len(asked.examples.examples)) == ("Choose.", {"a": "first"}, 6)
    child.message.emit(Progress(stage="measure", done_share=0.5, elapsed_s=1, remaining_s=2, detail="3 of 6 examples"))
    assert (bench.state.done_share, bench.state.remaining_s) == (0.25, None)
    assert bench.state.detail == "1 of 2: small: by description. 3 of 6 examples."
    child.ended.emit(answer(child, list("ababab")))
    second = bench.children[1]
    assert msgspec.json.decode(second.started[1], type=ExamplesRequest).path == "/m/large"
    second.message.emit(Progress(stage="measure", done_share=0.5, elapsed_s=1, remaining_s=2.0, detail="x"))
    assert (bench.state.done_share, bench.state.remaining_s) == (0.75, 2.0)
    ended = []
    bench.controller.done.connect(lambda: ended.append(bench.state.view))
    second.ended.emit(answer(second, list("aaabab"), time_s=1.0))
    (view,) = ended
    assert (bench.state.phase, bench.state.error, len(view.dots)) == ("idle", "", 2)
    assert "Too few examples to tell" in view.verdicts[0]
    assert view.verdicts[0].startswith("Smaller, with less time per query: small")
    assert [(item.num_rows, item.rows[:1]) for item in view.wrong][1] == (1, (("text 1", "b", "a", "2"),))
    assert bench.bugs == []


def test_a_child_that_fails_is_said_and_earlier_results_are_shown(store):
    bench = Bench(store).ready()
    bench.controller.start(["small", "large"], "", {})
    bench.children[0].ended.emit(answer(bench.children[0], list("ababab")))
    bench.children[1].ended.emit(Outcome(code="failed", message="No tokenizer.", remedy="Get it.", reason="x"))
    assert bench.state.error == "large: No tokenizer. Get it."
    assert len(bench.state.view.rows) == 1
    assert bench.state.view.verdicts == ("small (nearest label description): 6 of 6 right, 61 % to 100 %.",)
    assert bench.state.phase == "idle"


def test_a_stop_is_no_error_and_starts_nothing_more(store):
    bench = Bench(store).ready()
    bench.controller.start(["small", "large"], "", {})
    bench.controller.stop()
    assert (bench.state.phase, bench.children[0].num_stops) == ("stopping", 1)
    bench.children[0].ended.emit(Outcome(code="cancelled"))
    assert (bench.state.phase, bench.state.error, bench.state.view, len(bench.children)) == ("idle", "", None, 1)


def test_what_makes_no_sense_is_refused_with_a_sentence(store):
    bench = Bench(store)
    bench.controller.start(["small"], "", {})
    assert bench.state.error == controllers.NO_EXAMPLES
    bench.ready()
    for keys, why in (([], controllers.NOTHING_CHOSEN), (["bad"], controllers.NOTHING_CHOSEN)):
        bench.controller.start(keys, "", {})
        assert bench.state.error == why
    many = tuple(msgspec.structs.replace(CHOICES[0], key=str(number)) for number in range(7))
    store.update(lambda old: with_examples(old, choices=many))
    bench.controller.start([item.key for item in many], "", {})
    assert bench.state.error == controllers.TOO_MANY
    store.update(lambda old: with_file(old, phase="running"))
    assert controllers.refusal(store.snapshot) == controllers.BUSY
    store.update(lambda old: with_machine(with_file(old, phase="idle"), saved_as="other.json"))
    assert controllers.refusal(store.snapshot) == controllers.SAVED_MACHINE
    assert controllers.refusal(Store().snapshot) == NO_MACHINE
    assert bench.children == []


def test_a_large_file_is_read_by_the_worker_and_a_bad_one_is_said(store, tmp_path):
    later = LaterRun()
    bench = Bench(store, later)
    (tmp_path / "some.csv").write_text("text,label\nhi,x\nho,y\n")
    bench.controller.open(str(tmp_path / "some.csv"))
    assert bench.state.reading  # nothing was read in this thread
    later.finish()
    assert (bench.state.reading, bench.state.read.num_examples, bench.state.read.labels) == (False, 2, ("x", "y"))
    (tmp_path / "empty.csv").write_bytes(b"")
    bench.controller.open(str(tmp_path / "empty.csv"))
    later.finish()
    assert "empty.csv" in bench.state.read_error
    assert bench.state.read.num_examples == 2  # what was read before stays


def test_models_are_looked_for_in_the_apps_own_folders(store):
    bench = Bench(store)
    bench.controller.look()
    assert bench.state.choices == ()


def test_a_model_that_came_is_looked_for_without_being_asked(store):
    part = ExamplesPart(store, run=NowRun(), make_child=FakeChild, broken=lambda error: None)
    row = HereRow(
        kind="converted", key="k", name="n", what="w", size="1 MiB", size_bytes=1, where="w", path="/p", removal="r"
    )
    store.update(lambda old: with_models(old, "here", rows=(row,)))
    assert store.snapshot.examples.choices is None, "the page was never opened: nothing is looked for"
    store.update(lambda old: with_examples(old, choices=CHOICES))
    store.update(lambda old: with_models(old, "here", rows=()))
    assert store.snapshot.examples.choices == (), "the shelf of this test is empty"
    assert part.controller is not None


def test_saving_writes_a_table_or_says_why_not(store, tmp_path):
    bench = Bench(store).ready()
    bench.controller.start(["small"], "", {})
    bench.children[0].ended.emit(answer(bench.children[0], list("ababab")))
    bench.controller.save(str(tmp_path / "out.csv"))
    assert bench.state.saved == f"Saved as {tmp_path / 'out.csv'}."
    assert (tmp_path / "out.csv").read_text("utf-8-sig").count("\n") == 7
    (tmp_path / "taken").mkdir()
    bench.controller.save(str(tmp_path / "taken"))
    assert "taken" in bench.state.saved
    assert not bench.state.saved.startswith("Saved")


@pytest.fixture
def page(qtbot):
    made = ExamplesPage(lambda snapshot: "", {"a": "the first one"})
    qtbot.addWidget(made)
    return made


def show(page, **fields):
    store = Store()
    store.update(lambda old: with_examples(old, **fields))
    page.show_snapshot(None, store.snapshot)


def test_the_page_lists_candidates_and_emits_what_is_chosen(page, store):
    view = Bench(store).ready().state.read
    show(page, choices=CHOICES, read=view)
    assert page.input.told.text() == view.sentence
    boxes = page.choice.boxes
    assert [box.isEnabled() for box in boxes.values()] == [True, True, False]
    assert boxes["bad"].text().endswith("It has no tokenizer.json.")
    assert page.choice.table.rowCount() == 2
    assert page.choice.table.item(0, 1).text() == "the first one"
    assert not page.choice.table.item(0, 0).flags() & Qt.ItemFlag.ItemIsEditable
    boxes["large"].setChecked(True)
    page.choice.instruction.setText("Choose.")
    asked = []
    page.choice.run_requested.connect(lambda *words: asked.append(words))
    page.choice.run.click()
    assert asked == [(["large"], "Choose.", {"a": "the first one"})]


def test_an_empty_shelf_says_what_to_do(page):
    show(page, choices=())
    assert page.choice.told.text() == NO_MODELS
    assert not page.choice.told.isHidden()


def test_ten_rows_can_be_typed(page):
    asked = []
    page.input.typed.connect(lambda pairs, kind: asked.append((pairs, kind)))
    page.input.type.click()
    assert page.input.table.rowCount() == 10
    page.input.table.item(0, 0).setText(" 2+2? ")
    page.input.table.item(0, 1).setText("4")
    page.input.kind.setCurrentIndex(1)
    page.input.kind.activated.emit(1)
    assert page.input.table.horizontalHeaderItem(1).text() == "Expected answer"
    page.input.use.click()
    assert asked == [([("2+2?", "4")], "generation")]


def test_the_result_is_shown_with_plot_table_and_errors(page, store, qtbot):
    bench = Bench(store).ready()
    bench.controller.start(["small", "large"], "", {})
    bench.children[0].ended.emit(answer(bench.children[0], list("ababab")))
    bench.children[1].ended.emit(answer(bench.children[1], list("aaabab"), time_s=1.0))
    page.show_snapshot(None, store.snapshot)
    page.show()
    view = bench.state.view
    assert page.result.verdict.text() == "\n\n".join(view.verdicts)
    assert page.result.model.rowCount() == 2
    spots = page.plot.points.getData()
    assert [round(x, 2) for x in spots[0]] == [100, 83.33]
    assert "5 of 6 right" in page.plot.plot.accessibleDescription()
    assert page.result.wrong_told.text() == "Nothing is wrong."
    page.result.which.activated.emit(1)
    assert page.result.wrong_told.text() == "1 wrong"
    assert page.result.wrong_model.index(0, 0).data() == "text 1"
    page.show_snapshot(store.snapshot, Store().snapshot)
    assert page.result.isHidden()


def test_progress_and_stop(page):
    show(page, choices=CHOICES, phase="running", done_share=0.3, detail="1 of 2: x.", remaining_s=65.0)
    assert page.choice.bar.value() == 300
    assert "About 65 s left." in page.choice.detail.text()
    assert page.choice.run.isHidden()
    show(page, choices=CHOICES, phase="stopping")
    assert page.choice.stop.text() == STOPPING


def test_one_dropped_file_is_taken():
    def data(*names):
        made = QMimeData()
        made.setUrls([QUrl.fromLocalFile(f"/a/{name}") for name in names])
        return made

    assert dropped_examples(data("mine.CSV")) == "/a/mine.CSV"
    assert dropped_examples(data("a.csv", "b.csv")) == ""
    assert dropped_examples(data("a.onnx")) == ""


def test_the_states_beginning_is_empty():
    assert ExamplesState().choices is None
    assert typed.examples(PAIRS, "classification").source == "typed"
