"""Real weights in the window: found on the shelf, offered with their reason, planned, shown beside the others."""

import shutil

import fakes_report
import msgspec
import pytest
from window_fakes import FakeChild, FakeRows, LaterRun, NowRun, outcome_of

from advisor.convert import place
from advisor.evidence import Quantity, unknown
from advisor.hardware import detect
from advisor.probe.plan import WeightFile, WeightsFacts
from advisor.probe.weights.plan import WeightsPlan
from advisor.runnable import provenance
from advisor.ui.controllers import real_jobs
from advisor.ui.controllers.probe import LOOKING, ProbeController
from advisor.ui.controllers.real_files import RealFilesController, chosen
from advisor.ui.models_state import HereRow, HereState, ModelsState
from advisor.ui.store import RealState, Store, with_archive, with_machine, with_probe, with_real, with_results

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture
def shelf(minilm_fp32, own_folders):
    """The user's shelf with one converted model."""
    origin = provenance.read(minilm_fp32)
    target = place.target_folder(origin.model_id, origin.format_id)
    shutil.copytree(minilm_fp32, target)
    return target


@pytest.fixture
def store(qapp):
    made = Store()
    made.update(lambda old: with_machine(old, base=detect.detect(), profile=detect.detect()))
    made.update(lambda old: with_results(old, recommendation=FakeRows(), selected=3))
    return made


def row_of(model=MINILM, format_id="onnx-fp32"):
    return msgspec.structs.replace(fakes_report.row(0, model, format_id), approach="embedder-head")


def test_a_converted_model_is_found_on_the_shelf_as_the_candidate_it_is(shelf):
    found = real_jobs.look(MINILM, "onnx-fp32", None)
    assert (found.path, found.why_not) == (str(shelf), "")
    assert "converted on" in found.words


def test_another_format_says_what_to_do(shelf):
    found = real_jobs.look(MINILM, "onnx-int4-b32", None)
    assert found.path == ""
    assert "as ONNX int4 (blocks of 32)" in found.why_not
    assert "page Models" in found.why_not
    assert "Choose an ONNX format" in real_jobs.look(MINILM, "gguf-q4_k_m", None).why_not


def test_a_converted_model_whose_files_were_damaged_says_so(shelf):
    (shelf / "model.onnx").write_bytes(b"no network")
    (shelf / provenance.FILE_NAME).write_bytes(
        (shelf / provenance.FILE_NAME).read_bytes().replace(b'"name": "model.onnx"', b'"name": "config.json"')
    )
    assert real_jobs.look(MINILM, "onnx-fp32", None).path == ""
    assert real_jobs.look(MINILM, "onnx-fp32", None).why_not


def test_the_files_are_looked_for_when_the_choice_or_the_shelf_changes(store):
    run, asked = LaterRun(), []

    def look(model, format_id):
        asked.append((model, format_id))
        return RealState(model=model, format=format_id, why_not="none")

    keeper = RealFilesController(store, run, look=look, broken=pytest.fail)
    store.update(lambda old: with_results(old, selected=4))
    assert store.snapshot.real.busy
    run.finish()
    assert asked == [chosen(store.snapshot)]
    assert store.snapshot.real.why_not == "none"
    store.update(lambda old: with_probe(old, done_share=0.5))
    assert not run.calls
    here = HereRow(kind="converted", key="k", name="n", what="", size="", size_bytes=1, where="", path="", removal="")
    store.update(lambda old: msgspec.structs.replace(old, models=ModelsState(here=HereState(rows=(here,)))))
    assert len(run.calls) == 1
    keeper.deleteLater()


@pytest.fixture
def probing(store):
    children = []

    def make_child(parent):
        children.append(FakeChild(parent))
        return children[-1]

    def plan(row, path, profile, settings):
        return real_jobs.plan(row, path, None, profile, store.snapshot.results.recommendation, settings.energy_mode)

    controller = ProbeController(
        store, NowRun(), plan=None, plan_real=plan, make_child=make_child, log=print, broken=pytest.fail
    )
    controller.children = children
    return controller


def test_the_real_files_are_planned_with_the_language_of_the_task(store, probing, shelf):
    store.update(lambda old: with_real(old, real_jobs.look(MINILM, "onnx-fp32", None)))
    probing.start_real(row_of())
    job, request, _, memory_limit_bytes = probing.children[0].started
    planned = msgspec.json.decode(request, type=WeightsPlan)
    assert (job, planned.path, planned.model_id) == ("probe-weights", str(shelf), MINILM)
    assert planned.memory_box_bytes == memory_limit_bytes
    assert planned.languages == store.snapshot.results.recommendation.summary.task.languages
    assert store.snapshot.probe.target.model == MINILM


def test_files_that_are_not_here_start_nothing_and_say_why(store, probing):
    probing.start_real(row_of())
    assert store.snapshot.probe.notice == LOOKING
    store.update(lambda old: with_real(old, RealState(model=MINILM, format="onnx-fp32", why_not="Convert it first.")))
    probing.start_real(row_of())
    assert store.snapshot.probe.notice == "Convert it first."
    assert probing.children == []


def probe_page(app, qtbot):
    """The page, with what the app found for itself already told."""
    app.window.go("probe")
    qtbot.waitUntil(lambda: not app.store.snapshot.real.busy)
    return app.window.page("probe")


def test_the_page_offers_it_where_the_files_are_and_else_says_what_to_do(full_app, qtbot):
    page = probe_page(full_app, qtbot)
    assert "is not run by ONNX Runtime" in page.real_words.text() or "page Models" in page.real_words.text()
    row = full_app.store.snapshot.results.recommendation.row(full_app.store.snapshot.results.selected)
    here = RealState(model=row.model, format=row.format, path="/models/it", words="Its real files are here: 12 MiB.")
    asked = []
    page.real_requested.disconnect()
    page.real_requested.connect(asked.append)
    full_app.store.update(lambda old: with_real(old, here))
    assert page.real.isEnabled()
    assert page.real_words.text() == here.words
    page.real.click()
    assert asked[0].model == row.model
    gone = msgspec.structs.replace(here, path="", words="", why_not="Convert it first.")
    full_app.store.update(lambda old: with_real(old, gone))
    assert not page.real.isEnabled()
    assert "Convert it first." in page.real.accessibleDescription()
    assert page.real_words.text() == "Convert it first."


def real_probe(made_up, **changes):
    """A probe with real weights of the same candidate, a tenth slower."""
    slower = Quantity(
        value=0.9 * made_up.rate.value, low=0.85 * made_up.rate.value, high=0.95 * made_up.rate.value,
        unit=made_up.rate.unit, evidence="measured", basis="by hand",
    )  # fmt: skip
    facts = WeightsFacts(
        folder="it", layout="genai", files=(WeightFile(name="model.onnx", size_bytes=1000, sha256="ab" * 32),),
        language="de", with_template=True, num_texts=4, load_time_cold=unknown("s", "the files are in use"),
        tokenize_time=Quantity(value=1e-4, unit="s", evidence="measured", basis="by hand"),
    )  # fmt: skip
    return msgspec.structs.replace(
        made_up, id="real", kind="weights", rate=slower, weights=facts, created="2026-11-27T02:00:00+00:00", **changes
    )


def test_the_result_stands_beside_made_up_weights_and_the_estimate(full_app, qtbot):
    store, page = full_app.store, probe_page(full_app, qtbot)
    made_up = store.snapshot.archive.probes[0]
    found = real_probe(made_up)
    store.update(lambda old: with_archive(old, probes=(found, made_up)))
    store.update(lambda old: with_probe(old, result=found, outcome=outcome_of(found)))
    assert page.verdict.text().startswith("Measured with the real weights:")
    shown = [page.grid.itemAt(place).widget().text() for place in range(page.grid.count())]
    assert {"Made-up weights", "Real weights", "Real over made-up"} <= set(shown)
    assert any(text.startswith("0.9 (") for text in shown)
    assert "in German" in page.grade.text()
    assert "after a restart was not measured: the files are in use." in page.grade.text()
