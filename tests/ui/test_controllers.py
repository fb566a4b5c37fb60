"""Controllers with fake workers: no thread, no child, no widget."""

import ast
from pathlib import Path

import fakes_report
import msgspec
import pytest
from window_fakes import FakeChild, FakeRows, LaterRun, NowRun, outcome_of

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child.protocol import LogRecord, Outcome, Progress, Sample
from advisor.errors import InvalidFileError, InvalidInputError, OutputError, StorageError
from advisor.hardware import override
from advisor.probe.plan import ProbePlan
from advisor.task import describe, presets, validate
from advisor.ui import controllers
from advisor.ui.controllers import jobs
from advisor.ui.controllers.hardware import HardwareController
from advisor.ui.controllers.probe import ALREADY_RUNNING, ProbeController
from advisor.ui.controllers.report import NOTHING_TO_SAVE, HistoryController, ReportController
from advisor.ui.controllers.request import BUG
from advisor.ui.controllers.runtime import RuntimeController
from advisor.ui.controllers.settings import SettingsController
from advisor.ui.controllers.task import NO_TASK, RecommendController, TaskController
from advisor.ui.store import ArchiveState, Store, with_machine, with_results

GIB = 1024**3


@pytest.fixture
def store(qapp):
    return Store()


@pytest.fixture
def bugs():
    return []


def test_controllers_use_nothing_of_qt_but_its_core():
    for file in Path(controllers.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PySide6"):
                assert node.module == "PySide6.QtCore", f"{file.name} imports {node.module}"


def hardware(store, run, bugs, **changes):
    given = {
        "detect": lambda _folder: fakes_report.profile(), "apply": override.apply, "save": lambda profile, path: None,
        "load": lambda path: fakes_report.profile(name="workstation"),
    }  # fmt: skip
    return HardwareController(store, run, broken=bugs.append, **(given | changes))


def test_free_space_is_read_where_the_settings_put_models(store, bugs):
    asked = []

    def detect(folder):
        asked.append(folder)
        return fakes_report.profile()

    controller = hardware(store, NowRun(), bugs, detect=detect)
    controller.inspect()
    settings = msgspec.structs.replace(store.snapshot.settings, model_folder="/data/models")
    store.update(lambda old: msgspec.structs.replace(old, settings=settings))
    controller.inspect()
    assert asked == [None, "/data/models"]


def test_the_job_hands_the_folder_of_models_to_the_inspection(tmp_path):
    assert jobs.detect(str(tmp_path)).disk.folder.value == str(tmp_path)


def test_an_override_changes_the_plan_and_undo_brings_the_fact_back(store, bugs):
    controller = hardware(store, NowRun(), bugs)
    controller.inspect()
    controller.override("memory.available_bytes", "4 GiB")
    assert store.snapshot.machine.profile.memory.available_bytes.value == 4 * GIB
    assert store.snapshot.machine.base.memory.available_bytes.value == 11 * GIB
    controller.undo_override("memory.available_bytes")
    assert store.snapshot.machine.profile.memory.available_bytes.value == 11 * GIB
    assert store.snapshot.machine.overrides == ()


def test_an_override_that_cannot_be_used_is_said_and_changes_nothing(store, bugs):
    controller = hardware(store, NowRun(), bugs)
    controller.inspect()
    before = store.snapshot.machine
    controller.override("memory.available_bytes", "a lot")
    assert store.snapshot.machine.error
    assert store.snapshot.machine.profile == before.profile
    assert store.snapshot.machine.overrides == ()


def test_overrides_outlive_another_inspection_of_the_same_computer(store, bugs):
    controller = hardware(store, NowRun(), bugs)
    controller.inspect()
    controller.override("memory.available_bytes", "4 GiB")
    controller.inspect()
    assert store.snapshot.machine.profile.memory.available_bytes.value == 4 * GIB


def test_a_late_inspection_does_not_replace_the_machine_that_was_loaded_meanwhile(store, bugs):
    run = LaterRun()
    controller = hardware(store, run, bugs)
    controller.inspect()
    controller.load_machine("/tmp/workstation.json")
    run.finish(1)
    run.finish(0)
    assert store.snapshot.machine.profile.name == "workstation"
    assert store.snapshot.machine.saved_as == "workstation.json"
    assert not store.snapshot.machine.busy


def test_a_damaged_machine_file_is_said_and_keeps_the_present_one(store, bugs):
    def damaged(path):
        raise InvalidFileError("profile-damaged", "workstation.json is cut off.", remedy="Save it again.")

    controller = hardware(store, NowRun(), bugs, load=damaged)
    controller.inspect()
    controller.load_machine("workstation.json")
    assert store.snapshot.machine.error == "workstation.json is cut off. Save it again."
    assert store.snapshot.machine.profile.name == fakes_report.HOST


def test_a_bug_in_a_worker_goes_to_the_hook_and_nothing_waits_for_ever(store, bugs):
    def broken(_folder):
        raise ZeroDivisionError("a bug")

    hardware(store, NowRun(), bugs, detect=broken).inspect()
    assert [type(bug) for bug in bugs] == [ZeroDivisionError]
    assert store.snapshot.machine.error == BUG
    assert not store.snapshot.machine.busy


def task_controller(store, run, bugs, **changes):
    given = {"describe": describe.describe, "problems": validate.problems, "workload": presets.workload}
    return TaskController(store, run, broken=bugs.append, **(given | changes))


def test_words_fill_the_task_and_a_removed_chip_stays_away_until_new_words_come(store, bugs):
    controller = task_controller(store, NowRun(), bugs)
    controller.set_text("translate letters from German into Hindi")
    assert store.snapshot.job.task.kind == "translation"
    assert store.snapshot.job.workload is not None
    controller.remove_chip("languages")
    assert store.snapshot.job.task.languages == ()
    controller.set_text("translate letters from German into Hindi, 20 a day")
    assert store.snapshot.job.task.languages != ()


def test_a_control_holds_against_later_words_until_it_is_given_back(store, bugs):
    controller = task_controller(store, NowRun(), bugs)
    controller.set_control("num_queries_per_day", 7.0)
    controller.set_text("translate letters from German into Hindi, 20 a day")
    assert store.snapshot.job.task.num_queries_per_day == 7.0
    controller.set_control("num_queries_per_day", None)
    assert store.snapshot.job.task.num_queries_per_day == 20


def test_words_that_come_back_late_are_dropped(store, bugs):
    run = LaterRun()
    controller = task_controller(store, run, bugs)
    controller.set_text("translate letters")
    controller.set_text("transcribe phone calls")
    run.finish(1)
    run.finish(0)
    assert store.snapshot.job.task.kind == "speech-recognition"
    assert not store.snapshot.job.busy


def test_a_text_that_cannot_be_read_is_said(store, bugs):
    def refuse(text):
        raise InvalidInputError("text-too-long", "The text is too long.", remedy="Shorten it.")

    task_controller(store, NowRun(), bugs, describe=refuse).set_text("x" * 10)
    assert store.snapshot.job.error == "The text is too long. Shorten it."
    assert store.snapshot.job.task is None


def test_no_words_are_no_task(store, bugs):
    controller = task_controller(store, NowRun(), bugs)
    controller.set_text("translate letters")
    controller.set_text("  ")
    assert store.snapshot.job.task is None
    assert store.snapshot.job.error == ""


def ready(store, text="translate letters"):
    description = describe.describe(text)
    from advisor.ui.store import with_job

    store.update(lambda s: with_job(s, text=text, description=description))
    store.update(lambda s: with_machine(s, base=fakes_report.profile(), profile=fakes_report.profile()))


def test_finding_models_without_a_task_says_what_to_do(store, bugs):
    RecommendController(store, NowRun(), advise=None, broken=bugs.append).find()
    assert store.snapshot.results.error == NO_TASK


def test_finding_models_waits_for_words_and_hardware_and_then_goes_on_by_itself(store, bugs):
    asked = []

    def advise(task, profile, probes, settings):
        asked.append((task.kind, profile.name))
        return FakeRows(5, task=task)

    run = LaterRun()
    words = task_controller(store, run, bugs)
    machine = hardware(store, run, bugs)
    controller = RecommendController(store, NowRun(), advise=advise, broken=bugs.append)
    words.set_text("translate letters")
    machine.inspect()
    controller.find()
    assert store.snapshot.results.busy
    run.finish()
    assert asked == []
    run.finish()
    assert asked == [("translation", fakes_report.HOST)]
    assert not store.snapshot.results.busy


def test_the_pick_is_chosen_first_and_a_new_answer_to_the_same_task_keeps_the_chosen_row(store, bugs):
    ready(store)
    controller = RecommendController(
        store, NowRun(), advise=lambda task, *rest: FakeRows(30, task=task), broken=bugs.append
    )
    controller.find()
    pick = store.snapshot.results.recommendation.summary.pick.index
    assert store.snapshot.results.selected == pick
    controller.select(int(store.snapshot.results.recommendation.order[4]))
    chosen = store.snapshot.results.selected
    controller.refresh()
    assert store.snapshot.results.selected == chosen
    assert chosen != pick


def test_an_older_answer_never_replaces_a_newer_one(store, bugs):
    ready(store)
    run, answers = LaterRun(), iter([FakeRows(3), FakeRows(9)])
    controller = RecommendController(store, run, advise=lambda *given: next(answers), broken=bugs.append)
    controller.find()
    controller.find()
    run.finish(1)
    run.finish(0)
    assert len(store.snapshot.results.recommendation) == 3  # the first value made went to the newest question


PROBED = "Qwen/Qwen2.5-0.5B-Instruct"


def plan(row, profile, settings):
    candidate = Candidate(model=load.catalog().by_id(PROBED), format=formats.by_id("onnx-int4-b32"))
    return ProbePlan(
        candidate=candidate,
        workload=fakes_report.WORKLOAD,
        memory_box_bytes=GIB,
        time_box_s=60.0,
        graph_folder="/tmp/g",
    )


@pytest.fixture
def probing(store, bugs):
    ready(store)
    children, logged = [], []

    def make_child(parent):
        children.append(FakeChild(parent))
        return children[-1]

    controller = ProbeController(
        store, NowRun(), plan=plan, make_child=make_child, log=logged.append, broken=bugs.append
    )
    controller.children, controller.logged = children, logged
    return controller


def test_a_probe_is_sent_to_the_child_with_its_limits(store, probing):
    probing.start(fakes_report.row(0, PROBED))
    job, request, timeout_s, memory_limit_bytes = probing.children[0].started
    assert job == "probe"
    assert msgspec.json.decode(request, type=ProbePlan).candidate.model.id == PROBED
    assert timeout_s > 60
    assert memory_limit_bytes == GIB
    assert store.snapshot.probe.phase == "running"


def test_a_second_probe_is_refused_with_a_sentence_and_the_first_goes_on(store, probing):
    probing.start(fakes_report.row(0, PROBED))
    probing.start(fakes_report.row(1, "other/model"))
    assert store.snapshot.probe.notice == ALREADY_RUNNING
    assert store.snapshot.probe.target.model == PROBED
    assert len(probing.children) == 1


def test_a_model_that_cannot_be_measured_is_refused_with_its_reason(store, probing):
    row = msgspec.structs.replace(fakes_report.row(0, PROBED), can_probe=False, why_no_probe="It is made of experts.")
    probing.start(row)
    assert store.snapshot.probe.notice == "It is made of experts."
    assert probing.children == []


def test_stop_is_shown_at_once_and_the_end_comes_from_the_child(store, probing):
    probing.start(fakes_report.row(0, PROBED))
    probing.stop()
    assert store.snapshot.probe.phase == "stopping"
    assert probing.children[0].num_stops == 1
    probing.stop()
    assert probing.children[0].num_stops == 1
    probing.children[0].ended.emit(Outcome(code="cancelled"))
    assert store.snapshot.probe.phase == "idle"
    assert store.snapshot.probe.outcome.code == "cancelled"


def test_stop_while_the_plan_is_made_starts_no_child(store, bugs):
    ready(store)
    run, children = LaterRun(), []
    controller = ProbeController(store, run, plan=plan, make_child=children.append, log=print, broken=bugs.append)
    controller.start(fakes_report.row(0, PROBED))
    controller.stop()
    run.finish()
    assert children == []
    assert store.snapshot.probe.phase == "idle"


def test_all_readings_are_kept_and_the_result_is_handed_on(store, probing, qtbot):
    results = []
    probing.measured.connect(results.append)
    probing.start(fakes_report.row(0, PROBED))
    child = probing.children[0]
    for step in range(200):
        child.message.emit(Sample(t_s=0.01 * step, kind="token", latency_s=0.02))
    child.message.emit(Progress(stage="measure", done_share=0.5, elapsed_s=2.0, remaining_s=2.0))
    child.message.emit(LogRecord(level="info", text="hello"))
    assert store.snapshot.probe.samples == ()  # painted a few times a second, not with each message
    child.ended.emit(outcome_of(fakes_report.probe()))
    assert len(store.snapshot.probe.samples) == 200
    assert store.snapshot.probe.stage == "measure"
    assert [result.id for result in results] == ["p-0001"]
    assert [record.text for record in probing.logged] == ["hello"]


def test_readings_are_painted_while_the_probe_runs(store, probing, qtbot):
    probing.start(fakes_report.row(0, PROBED))
    probing.children[0].message.emit(Sample(t_s=0.1, kind="token", latency_s=0.02))
    qtbot.waitUntil(lambda: len(store.snapshot.probe.samples) == 1, timeout=5000)
    probing.children[0].ended.emit(Outcome(code="crashed"))


def test_a_result_that_cannot_be_read_is_an_outcome_and_no_crash(store, probing):
    probing.start(fakes_report.row(0, PROBED))
    probing.children[0].ended.emit(Outcome(code="finished", result=msgspec.Raw(b'{"id": 3}')))
    assert store.snapshot.probe.outcome.code == "protocol_error"
    assert store.snapshot.probe.result is None
    assert store.snapshot.probe.phase == "idle"


def test_a_plan_that_is_refused_ends_the_probe_with_its_sentence(store, bugs):
    ready(store)

    def refuse(row, profile, settings):
        raise InvalidInputError("too-large", "It needs more memory than there is.", remedy="Choose a smaller one.")

    controller = ProbeController(store, NowRun(), plan=refuse, make_child=None, log=print, broken=bugs.append)
    controller.start(fakes_report.row(0, PROBED))
    assert store.snapshot.probe.phase == "idle"
    assert store.snapshot.probe.outcome.message == "It needs more memory than there is."


def test_a_report_is_written_with_the_answer_the_probes_and_the_switch(store, bugs, tmp_path):
    written = []
    store.update(lambda s: with_results(s, recommendation=FakeRows(3)))
    controller = ReportController(store, NowRun(), write=lambda *given: written.append(given), broken=bugs.append)
    controller.save(str(tmp_path / "a.html"), False)
    ((rows, probes, redact, path),) = written
    assert (len(rows), probes, redact, path.name) == (3, (), False, "a.html")
    assert store.snapshot.report.saved_path == str(tmp_path / "a.html")


def test_a_report_that_cannot_be_written_says_why(store, bugs):
    def fail(*given):
        raise OutputError("path-is-folder", "/tmp is a folder, not a file.", remedy="Give a file name.")

    controller = ReportController(store, NowRun(), write=fail, broken=bugs.append)
    controller.save("/tmp", True)
    assert store.snapshot.report.error == NOTHING_TO_SAVE
    store.update(lambda s: with_results(s, recommendation=FakeRows(3)))
    controller.save("/tmp", True)
    assert store.snapshot.report.error == "/tmp is a folder, not a file. Give a file name."
    assert store.snapshot.report.saved_path == ""


def test_a_new_probe_is_shown_even_when_the_history_is_locked(store, bugs):
    def locked(result):
        raise StorageError("locked", "The history is used by another program.")

    controller = HistoryController(store, NowRun(), load=ArchiveState, add_probe=locked, broken=bugs.append)
    controller.add_probe(fakes_report.probe())
    assert [probe.id for probe in store.snapshot.archive.probes] == ["p-0001"]
    assert store.snapshot.archive.notice == "The history is used by another program."


def test_settings_hold_at_once_and_are_saved(store, bugs):
    saved = []
    controller = SettingsController(
        store, NowRun(), save=saved.append, parse=jobs.parse_setting, refused=print, broken=bugs.append
    )
    controller.change("theme", "dark")
    controller.change("memory_reserve_bytes", GIB)
    assert store.snapshot.settings.theme == "dark"
    assert saved[-1].memory_reserve_bytes == GIB
    assert saved[-1].theme == "dark"


def test_the_runtime_is_asked_once_and_added_to_both_profiles(store):
    from advisor.hardware.detect import with_runtime

    children = []

    def make_child(parent):
        children.append(FakeChild(parent))
        return children[-1]

    controller = RuntimeController(store, make_child=make_child, with_runtime=with_runtime)
    bare = with_runtime(fakes_report.profile(), None, None)
    store.update(lambda s: with_machine(s, base=bare, profile=bare))
    assert children[0].started[0] == "providers"
    children[0].ended.emit(Outcome(code="finished", result=msgspec.Raw(b'{"version": "1.24", "providers": ["X"]}')))
    assert store.snapshot.machine.profile.runtime.providers.value == ("X",)
    again = with_runtime(fakes_report.profile(name="later"), None, None)
    store.update(lambda s: with_machine(s, base=again, profile=again))
    assert store.snapshot.machine.base.runtime.version.value == "1.24"
    assert len(children) == 1
    controller.close()
