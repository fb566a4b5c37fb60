"""The page Models: a model of this computer or of a hub is read, judged, added, downloaded, removed."""

import json
import threading

import fakes_report
import msgspec
import pytest
from fakes_hub import FakeHub, FakeModel
from header_files import safetensors_bytes, safetensors_header, write_safetensors
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication
from window_fakes import FakeChild, LaterRun, NowRun, full_snapshot

from advisor.catalog import own_models
from advisor.child.protocol import Outcome, Progress
from advisor.convert import download_plan
from advisor.settings import Settings
from advisor.ui.controllers import convert, convert_jobs, download, hub, models_jobs, models_shelf, models_verdict, work
from advisor.ui.controllers.convert import ConvertController
from advisor.ui.controllers.download import KEPT, DownloadController
from advisor.ui.controllers.hub import NO_WORDS, HubController
from advisor.ui.controllers.own_models import OwnModelsController
from advisor.ui.controllers.work import MEASURING
from advisor.ui.models_state import (
    ConvertState,
    HereRow,
    HubQuery,
    HubState,
    ModelAction,
    ModelView,
    WorkPlan,
    WorkState,
)
from advisor.ui.pages.models_page import ModelsPage
from advisor.ui.store import Snapshot, Store, with_chosen_model, with_machine, with_models, with_probe
from advisor.ui.widgets.convert_card import ConvertCard
from advisor.ui.widgets.local_open import dropped_model
from advisor.ui.widgets.work_card import WorkCard

CONFIG = {
    "model_type": "bert", "architectures": ["BertModel"], "vocab_size": 100, "hidden_size": 32,
    "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "max_position_embeddings": 512,
}  # fmt: skip
TENSORS = {
    "embeddings.word_embeddings.weight": ("F32", (100, 32)),
    **{f"encoder.layer.{n}.attention.self.{w}.weight": ("F32", (32, 32)) for n in (0, 1) for w in ("query", "key")},
    **{f"encoder.layer.{n}.intermediate.dense.weight": ("F32", (64, 32)) for n in (0, 1)},
}
PLAN = WorkPlan(
    facts=(("Licence", "mit"),), files=(("a", "1 MiB", "no"),), verdict="fits",
    verdict_sentence="Fits: x.", request=b"{}",
)  # fmt: skip
VIEW = ModelView(name="ours/small", sentence="small", own=object(), hub_id="ours/small", revision="main", commit="c")


@pytest.fixture
def folder(tmp_path):
    write_safetensors(tmp_path / "mine" / "model.safetensors", TENSORS)
    (tmp_path / "mine" / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    return tmp_path / "mine"


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE", "HF_HUB_OFFLINE", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    weights = safetensors_bytes(*safetensors_header(TENSORS))
    files = {"config.json": json.dumps(CONFIG).encode(), "model.safetensors": weights}
    models = {
        "ours/small": FakeModel(files, task="feature-extraction", parameters={"F32": 10}, downloads=9),
        "ours/small-q": FakeModel(
            {"onnx/model_quantized.onnx": b"q" * 900_000}, tags=("onnx", "base_model:quantized:ours/small"),
        ),
        "ours/small-gated": FakeModel(files, gated="manual"),
    }  # fmt: skip
    with FakeHub(models) as made:
        monkeypatch.setenv("HF_ENDPOINT", made.address)
        yield made


@pytest.fixture
def store(qapp):
    made = Store()
    profile = fakes_report.profile()
    made.update(lambda old: with_machine(old, base=profile, profile=profile))
    return made


def own_controller(store, run=None, **changes):
    given = {
        "look": models_jobs.look_at_path, "add": models_shelf.add, "remove": models_shelf.remove,
        "here": models_shelf.here, "broken": lambda error: pytest.fail(str(error)),
    }  # fmt: skip
    return OwnModelsController(store, run or NowRun(), **(given | changes))


def test_a_folder_is_read_judged_added_and_removed_again(store, folder):
    controller = own_controller(store)
    changes = []
    controller.candidates_changed.connect(lambda: changes.append(len(own_models.read().models)))
    controller.open(str(folder))
    view = store.snapshot.models.chosen
    assert (view.name, view.path, view.verdict) == ("mine", str(folder), "fits")
    assert view.verdict_sentence.startswith("Fits: needs about ")
    assert [figure.name for figure in view.figures][:2] == ["Parameters", "Weights"]
    assert view.types[0][0] == "F32"
    controller.add()
    assert "mine is among the candidates now" in store.snapshot.models.here.told
    controller.load()
    (row,) = store.snapshot.models.here.rows
    assert (row.kind, row.name, row.path) == ("yours", "mine", str(folder))
    controller.remove(row)
    assert store.snapshot.models.here.rows == ()
    assert "files were not touched" in store.snapshot.models.here.told
    assert changes == [1, 0]
    assert (folder / "model.safetensors").exists()


def test_what_cannot_be_read_or_added_is_said_in_place(store, tmp_path):
    controller = own_controller(store)
    controller.open(str(tmp_path / "none"))
    assert "none" in store.snapshot.models.local.error
    controller.add()
    assert store.snapshot.models.here.error
    store.update(lambda old: with_chosen_model(old, ModelView(name="a", sentence="b", why_not_add="An adapter.")))
    controller.add()
    assert store.snapshot.models.here.error == "An adapter."


def test_a_late_answer_for_another_folder_is_dropped(store, folder):
    run = LaterRun()
    controller = own_controller(store, run)
    controller.open("/first")
    controller.open(str(folder))
    run.finish(1)
    run.finish(0)
    assert store.snapshot.models.chosen.name == "mine"
    assert store.snapshot.models.local.error == ""


def hub_controller(store, run=None, **changes):
    given = {
        "search": models_jobs.search, "look": models_jobs.look_at_hub, "host": models_jobs.planned_host,
        "broken": lambda error: pytest.fail(str(error)),
    }  # fmt: skip
    return HubController(store, run or NowRun(), **(given | changes))


def test_nobody_is_asked_before_the_search_which_lists_and_sizes(store, server):
    controller = hub_controller(store)
    assert store.snapshot.models.hub.host == server.host
    controller.search(HubQuery())
    assert store.snapshot.models.hub.error == NO_WORDS
    assert server.seen == []
    controller.search(HubQuery(words="small"))
    found = store.snapshot.models.hub
    assert [model.id for model in found.found] == ["ours/small-q", "ours/small-gated", "ours/small"]
    assert found.found[2].keys[3] == 10.0
    assert found.error == found.asking == ""
    controller.search(HubQuery(words="small", task="feature-extraction", licence="apache-2.0", max_bytes=10**6))
    assert [model.id for model in store.snapshot.models.hub.found] == ["ours/small"]
    controller.look("ours/small", "")
    view = store.snapshot.models.chosen
    assert (view.hub_id, view.revision, view.commit) == ("ours/small", "main", server.models["ours/small"].commit)
    assert view.own.hub_id == "ours/small"
    assert view.ready_made == ("ours/small-q",)
    assert [build.kind for build in view.builds] == ["safetensors"]
    assert server.asked("store")
    assert all(seen.range for seen in server.asked("store"))


def test_a_gated_model_says_what_to_do_and_a_revision_is_read(store, server):
    controller = hub_controller(store)
    controller.look("ours/small-gated", "")
    assert "accept the terms" in store.snapshot.models.hub.error
    server.models["ours/small"].revisions["v1"] = server.models["ours/small"].commit
    controller.look("ours/small", "v1")
    assert store.snapshot.models.chosen.revision == "v1"
    controller.look("ours/small", "v2")
    assert "no revision 'v2'" in store.snapshot.models.hub.error


def test_a_question_that_was_stopped_is_told_so_and_its_answer_dropped(store, server):
    run, events = LaterRun(), []

    def search(query, stopped):
        events.append(stopped)
        return models_jobs.search(query, stopped)

    controller = hub_controller(store, run, search=search)
    controller.search(HubQuery(words="small"))
    assert server.host in store.snapshot.models.hub.asking
    controller.stop()
    assert store.snapshot.models.hub.asking == ""
    run.finish()
    assert events[0].is_set()
    assert server.seen == []
    assert store.snapshot.models.hub.found == ()


class Bench:
    """A download controller and the children it made."""

    def __init__(self, store, run=None, **changes):
        self.children = []
        given = {
            "plan": lambda *_: PLAN, "done": lambda answer: ("It is here.", "/models/small"),
            "make_child": self.make_child, "log": lambda record: None, "broken": lambda error: pytest.fail(str(error)),
        }  # fmt: skip
        self.controller = DownloadController(store, run or NowRun(), **(given | changes))

    def make_child(self, parent):
        self.children.append(FakeChild(parent))
        return self.children[-1]


def state(store):
    return store.snapshot.models.download


def test_a_download_is_planned_started_followed_and_ends_with_its_folder(store):
    store.update(lambda old: with_chosen_model(old, VIEW))
    bench, folders = Bench(store), []
    bench.controller.finished.connect(folders.append)
    bench.controller.start()
    assert bench.children == [], "nothing starts without a plan"
    bench.controller.plan("")
    assert (state(store).phase, state(store).plan) == ("planned", PLAN)
    bench.controller.start()
    (child,) = bench.children
    assert child.started == (download.JOB, b"{}", None, None)
    child.message.emit(Progress(stage="load", done_share=0.4, elapsed_s=1, remaining_s=2.0, detail="4 of 10"))
    assert (state(store).done_share, state(store).remaining_s, state(store).detail) == (0.4, 2.0, "4 of 10.")
    bench.controller.start()
    bench.controller.plan("")
    bench.controller.put_away()
    assert len(bench.children) == 1
    assert state(store).phase == "running", "a running download is neither planned over nor put away"
    child.ended.emit(Outcome(code="finished", result=msgspec.Raw(b"{}")))
    assert (state(store).phase, state(store).done, folders) == ("ended", "It is here.", ["/models/small"])
    bench.controller.put_away()
    assert state(store) == WorkState()


@pytest.mark.parametrize(
    ("outcome", "words"),
    [(Outcome(code="cancelled", message="The download was cancelled."), f"The download was cancelled. {KEPT}"),
     (Outcome(code="failed", reason="disk-full", message="Full.", remedy="Free some: complete files are kept."),
      "Full. Free some: complete files are kept."),
     (Outcome(code="failed", reason="hub-token-refused", message="Refused.", remedy="Log in."),
      f"Refused. Log in. {KEPT}"),
     (Outcome(code="failed", reason="download-running", message="Runs.", remedy="Wait."), "Runs. Wait.")],
)  # fmt: skip
def test_every_other_end_is_said_and_that_finished_files_are_kept(store, outcome, words):
    store.update(lambda old: with_chosen_model(old, VIEW))
    bench = Bench(store)
    bench.controller.plan("")
    bench.controller.start()
    bench.controller.stop()
    assert (state(store).phase, state(store).detail, bench.children[0].num_stops) == ("stopping", KEPT, 1)
    bench.children[0].ended.emit(outcome)
    assert (state(store).phase, state(store).error) == ("ended", words)


def test_no_download_beside_a_measurement_or_on_a_full_disk_and_a_plan_can_be_stopped(store):
    store.update(lambda old: with_chosen_model(old, VIEW))
    bench = Bench(store, plan=lambda *_: msgspec.structs.replace(PLAN, why_not="The disk is full."))
    bench.controller.plan("")
    bench.controller.start()
    assert state(store).error == "The disk is full."
    store.update(lambda old: with_probe(old, phase="running"))
    bench.controller.start()
    assert (state(store).error, bench.children) == (MEASURING, [])
    run, events = LaterRun(), []
    slow = Bench(store, run, plan=lambda *given: events.append(given[-1]))
    slow.controller.plan("")
    assert state(store).phase == "planning"
    slow.controller.stop()
    run.finish()
    assert events[0].is_set()
    assert state(store).phase == "idle"


def test_the_real_plan_names_everything_before_the_first_byte_of_a_weight(store, server):
    profile = store.snapshot.machine.profile
    stopped = threading.Event()
    view = models_jobs.look_at_hub("ours/small", "", profile, Settings(), stopped)
    num_asked = len(server.asked("store"))
    plan = models_jobs.plan(view, "", profile, Settings(), stopped)
    facts = dict(plan.facts)
    assert (facts["Licence"], facts["Build"]) == ("apache-2.0", "safetensors")
    assert facts["Model"] == f"ours/small from {server.host}"
    assert facts["Goes into"].endswith("models--ours--small")
    assert plan.verdict == "fits"
    assert "as ONNX fp32" in plan.verdict_sentence
    request = msgspec.json.decode(plan.request, type=download_plan.DownloadRequest)
    assert (request.commit, request.variant) == (view.commit, "safetensors")
    assert all(seen.range for seen in server.asked("store")[num_asked:])


def test_a_model_without_headers_is_judged_by_its_weights_alone():
    profile = fakes_report.profile()
    free = profile.memory.available_bytes.value
    too_large = models_verdict.judged(None, None, profile, Settings(), weight_bytes=free + 1, container="onnx")
    assert too_large.verdict == "does-not-fit"
    assert "its weights alone are" in too_large.sentence
    small = models_verdict.judged(None, None, profile, Settings(), weight_bytes=1000, container="onnx")
    assert small.verdict == "unknown"
    assert models_verdict.judged(None, None, None, Settings(), weight_bytes=1, container="onnx").verdict == "unknown"


@pytest.fixture
def page(qtbot):
    made = ModelsPage(
        work.refusal, actions=(ModelAction(id="convert", text="Convert..."),),
        why_not=lambda snapshot: {"convert": "Not yet."} if snapshot.models.download.phase == "idle" else {},
    )  # fmt: skip
    qtbot.addWidget(made)
    return made


def test_the_page_says_whom_it_will_ask_and_sends_what_the_fields_say(page):
    page.show_snapshot(None, with_models(Snapshot(), "hub", host="hub.example"))
    assert "Search asks hub.example over the network. Nothing is sent before you press it." in page.hub.asks.text()
    asked = []
    page.search_requested.connect(asked.append)
    page.hub.words.setText(" SmolLM2 ")
    page.hub.task.setCurrentIndex(1)
    page.hub.licence.setCurrentIndex(2)
    page.hub.most.setValue(1.5)
    page.ways.setCurrentIndex(1)
    page.run_wanted()
    assert asked == [HubQuery(words="SmolLM2", task="text-generation", licence="mit", max_bytes=1_500_000_000)]
    page.show_snapshot(None, Snapshot())
    assert not page.hub.search.isEnabled()
    page.hub.ask()
    assert len(asked) == 1


def test_actions_are_there_for_a_model_of_this_computer_with_the_reason_why_not(page):
    done = []
    page.action_requested.connect(done.append)
    local = with_chosen_model(Snapshot(), ModelView(name="mine", sentence="m", own=object(), path="/mine"))
    page.show_snapshot(None, local)
    button = page.details.more["convert"]
    assert not button.isHidden()
    assert (button.isEnabled(), button.toolTip(), page.details.why.text()) == (False, "Not yet.", "Not yet.")
    page.show_snapshot(local, with_models(local, "download", phase="ended"))
    button.click()
    assert done == ["convert"]
    page.show_snapshot(local, with_chosen_model(local, VIEW))
    assert button.isHidden()
    assert not page.details.download.isHidden()


def test_a_tight_download_is_confirmed_and_a_full_disk_says_why(qtbot):
    card = WorkCard("Download", "Start", "Anyway")
    qtbot.addWidget(card)
    started = []
    card.start_requested.connect(lambda: started.append(1))
    card.show_state(WorkState(phase="planned", plan=PLAN), "")
    assert card.start.text() == "Start"
    tight = msgspec.structs.replace(PLAN, verdict="tight", verdict_sentence="Tight: 1 of 2.")
    card.show_state(WorkState(phase="planned", plan=tight), "")
    assert card.start.text() == "Anyway"
    assert card.verdict.text() == "! Tight: 1 of 2."
    full = msgspec.structs.replace(PLAN, why_not="No room.")
    card.show_state(WorkState(phase="planned", plan=full), "")
    card.start.click()
    assert started == []
    assert card.detail.text() == "No room."


def test_a_removal_is_asked_twice_and_can_be_taken_back(page):
    removed = []
    page.remove_requested.connect(removed.append)
    row = HereRow(
        kind="downloaded", key="ours/small", name="ours/small", what="downloaded", size="1 MiB", size_bytes=2**20,
        where="/models", path="/models/x", removal="All files are deleted: 1 MiB.",
    )  # fmt: skip
    page.show_snapshot(None, with_models(Snapshot(), "here", rows=(row,)))
    here = page.here
    assert not here.remove.isEnabled()
    here.table.selectRow(0)
    here.remove.click()
    assert here.question.text() == "All files are deleted: 1 MiB."
    here.keep.click()
    assert here.sure.isHidden()
    here.remove.click()
    here.sure.click()
    assert removed == [row]


def test_one_model_can_be_dropped_on_the_page(page, folder, tmp_path):
    def mime(*paths):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        return data

    assert dropped_model(mime(folder)) == str(folder)
    assert dropped_model(mime("/a/x.GGUF")) == "/a/x.GGUF"
    assert dropped_model(mime("/a/readme.txt")) == ""
    assert dropped_model(mime(folder, folder)) == ""
    opened = []
    page.open_requested.connect(opened.append)
    page.ways.setCurrentIndex(2)
    data, buttons, keys = mime(folder), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    page.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, buttons, keys))
    assert opened == [str(folder)]
    assert page.ways.currentIndex() == 0


def test_the_window_downloads_cancels_keeps_and_removes_with_a_real_child(app, server, qtbot):
    """Every part is real: the page, the controllers, the child, the hub."""
    app.store.update(lambda _old: msgspec.structs.replace(full_snapshot(4), models=app.store.snapshot.models))
    now = lambda: app.store.snapshot.models  # noqa: E731
    page = app.window.page("models")
    app.window.go("models")
    page.look_requested.emit("ours/small-q", "")
    qtbot.waitUntil(lambda: not now().hub.asking, timeout=20_000)
    view = ModelView(name="ours/small-q", sentence="q", hub_id="ours/small-q", revision="main")
    app.store.update(lambda old: with_chosen_model(old, view))
    page.plan_requested.emit("")
    qtbot.waitUntil(lambda: now().download.phase in ("planned", "ended"), timeout=20_000)
    assert now().download.plan is not None, now().download.error
    server.stops["onnx/model_quantized.onnx"] = 300_000
    page.download.start.click()
    qtbot.waitUntil(server.stopped.is_set, timeout=20_000)
    page.download.stop.click()
    assert page.download.stop.text() == "Cancelling..."
    qtbot.waitUntil(lambda: now().download.phase == "ended", timeout=20_000)
    assert now().download.error == f"The download was cancelled. {KEPT}"
    server.go_on.set()
    server.stops.clear()
    page.plan_requested.emit("")
    qtbot.waitUntil(lambda: now().download.phase == "planned", timeout=20_000)
    page.download.start.click()
    qtbot.waitUntil(lambda: any(row.kind == "downloaded" and row.path for row in now().here.rows), timeout=20_000)
    assert now().download.done.startswith("ours/small-q is complete: ")
    (row,) = now().here.rows
    page.remove_requested.emit(row)
    qtbot.waitUntil(lambda: now().here.rows == (), timeout=20_000)
    assert "are free again" in now().here.told
    assert now().download.phase == "idle", "nothing says that it is here any more"


@pytest.mark.parametrize("way", [0, 1, 2])
def test_the_page_needs_no_sideways_scrolling_at_twice_the_text(full_app, way):
    full_app.settings.change("text_size_share", 2.0)
    QApplication.processEvents()
    full_app.window.resize(1280, 800)
    full_app.window.go("models")
    full_app.window.show()
    page = full_app.window.page("models")
    page.ways.setCurrentIndex(way)
    for _ in range(6):
        QApplication.processEvents()
    assert page._area.horizontalScrollBar().maximum() == 0, "too wide"


def test_what_is_still_asked_when_the_window_closes_is_let_go(app, server):
    app.models.hub.search(HubQuery(words="small"))
    app.close()
    assert app.models.pool.num_waiting == 0
    assert isinstance(app.store.snapshot.models.hub, HubState)
    assert hub.NO_WORDS


def test_a_conversion_is_planned_for_another_format_too_and_runs_with_the_tools_own_python(store):
    asked = []

    def plan(view, format_id, method, profile, settings):
        asked.append((view.name, format_id, method))
        return msgspec.structs.replace(PLAN, python="/tools/python")

    children = []

    class Child(FakeChild):
        def start(self, job, request, *, timeout_s, memory_limit_bytes, python=None):
            self.started = (job, python)

    def make_child(parent):
        children.append(Child(parent))
        return children[-1]

    controller = ConvertController(
        store, NowRun(), plan=plan, done=lambda answer: ("Made.", "/made"), make_child=make_child,
        log=lambda record: None, broken=lambda error: pytest.fail(str(error)),
    )  # fmt: skip
    controller.offer()
    assert asked == [], "there is no model yet"
    assert convert.why_not_convert(store.snapshot)
    local = ModelView(name="mine", sentence="m", own=object(), path="/mine", container="safetensors")
    store.update(lambda old: with_chosen_model(old, local))
    assert convert.why_not_convert(store.snapshot) == ""
    controller.offer()
    controller.plan("onnx-int8", "k-quant")
    assert asked == [("mine", "onnx-int4-b32", "rtn"), ("mine", "onnx-int8", "k-quant")]
    assert store.snapshot.models.convert.format_id == "onnx-int8"
    controller.start()
    assert children[0].started == ("convert", "/tools/python")
    assert work.refusal(store.snapshot) == work.CONVERTING
    assert convert.why_not_convert(store.snapshot)
    children[0].ended.emit(Outcome(code="cancelled", message="The conversion was cancelled."))
    assert store.snapshot.models.convert.error == f"The conversion was cancelled. {convert.NOTHING_KEPT}"
    onnx = msgspec.structs.replace(local, container="onnx")
    store.update(lambda old: with_chosen_model(old, onnx))
    assert "ONNX already" in convert.why_not_convert(store.snapshot)


def test_the_real_plan_of_a_conversion_says_what_it_takes_and_why_it_cannot_start(store, folder):
    profile = store.snapshot.machine.profile
    view = models_jobs.look_at_path(str(folder), profile, Settings())
    plan = convert_jobs.plan(view, "onnx-int8-dynamic", "k-quant", profile, Settings())
    facts = dict(plan.facts)
    assert facts["To"].startswith("ONNX int8 (dynamic), about ")
    assert set(facts) == {
        "From", "To", "By", "Takes", "Memory meanwhile", "Disk meanwhile", "Goes into", "Free there",
    }  # fmt: skip
    assert "no tokenizer" in plan.why_not
    assert plan.verdict == "fits"
    assert msgspec.json.decode(plan.request)["source"] == str(folder)


def test_choosing_another_format_plans_again(qtbot):
    card = ConvertCard()
    qtbot.addWidget(card)
    asked = []
    card.plan_requested.connect(lambda format_id, method: asked.append((format_id, method)))
    card.show_state(ConvertState(phase="planned", plan=PLAN, format_id="onnx-fp32"), "")
    assert not card.choices.isHidden()
    card.format.setCurrentIndex(1)
    card.format.activated.emit(1)
    assert asked == [("onnx-int4-b128", "rtn")]
    card.show_state(ConvertState(phase="running"), "")
    assert card.choices.isHidden()
