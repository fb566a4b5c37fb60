"""Calibration in the window: one at a time, never beside a probe, said in sentences."""

import fakes_report
import msgspec
import pytest
from window_fakes import FakeChild, NowRun

from advisor.child.protocol import Outcome, Progress
from advisor.errors import StorageError
from advisor.ui.controllers import calibration, jobs
from advisor.ui.controllers.calibration import CalibrationController
from advisor.ui.controllers.request import NO_MACHINE
from advisor.ui.store import CalibrationState, Snapshot, SpeedState, Store, with_archive, with_machine, with_probe
from advisor.ui.widgets.speed_card import AGAIN, NOT_CALIBRATED, START, STOP, STOPPING, SpeedCard

KNOWN = SpeedState(created="2026-11-24T12:00:00+00:00", lines=("Calibrated on 24 November 2026.",))
DONE = Outcome(code="finished", result=msgspec.Raw(b'{"copy": 1}'))


@pytest.fixture
def store(qapp):
    made = Store()
    profile = fakes_report.profile()
    made.update(lambda old: with_machine(old, base=profile, profile=profile))
    return made


@pytest.fixture
def bugs():
    return []


class Bench:
    """A controller with the children it made and what was asked of the domain."""

    def __init__(self, store, bugs, **changes):
        self.children, self.kept = [], []
        given = {
            "request": lambda profile: b'{"quick": false}', "keep": self.keep,
            "read": lambda profile, probes: SpeedState(), "make_child": self.make_child,
            "log": lambda record: None, "broken": bugs.append,
        }  # fmt: skip
        self.controller = CalibrationController(store, NowRun(), **(given | changes))

    def make_child(self, parent):
        self.children.append(FakeChild(parent))
        return self.children[-1]

    def keep(self, answer, profile, _probes):
        self.kept.append((answer, profile.name))
        return KNOWN


def test_a_calibration_runs_in_a_child_and_its_answer_is_kept(store, bugs):
    bench, told = Bench(store, bugs), []
    bench.controller.calibrated.connect(lambda: told.append("calibrated"))
    bench.controller.start()
    (child,) = bench.children
    assert child.started[:2] == ("calibrate", b'{"quick": false}')
    child.message.emit(Progress(stage="measure", done_share=0.5, elapsed_s=9, remaining_s=9.0, detail="matrices"))
    state = store.snapshot.calibration
    assert (state.phase, state.done_share, state.detail) == ("running", 0.5, "matrices")
    child.ended.emit(DONE)
    assert bench.kept == [(b'{"copy": 1}', fakes_report.HOST)]
    assert store.snapshot.calibration.phase == "idle"
    assert store.snapshot.calibration.speed == KNOWN
    assert told == ["calibrated"]


def test_a_crash_is_said_and_nothing_is_kept(store, bugs):
    bench = Bench(store, bugs)
    bench.controller.start()
    bench.children[0].ended.emit(Outcome(code="crashed", message="It ended by itself.", remedy="Try again."))
    assert store.snapshot.calibration.error == "It ended by itself. Try again."
    assert bench.kept == []
    bench.controller.start()
    assert store.snapshot.calibration.error == ""


def test_a_stop_is_no_error(store, bugs):
    bench = Bench(store, bugs)
    bench.controller.start()
    bench.controller.stop()
    bench.controller.stop()
    assert bench.children[0].num_stops == 1
    assert store.snapshot.calibration.phase == "stopping"
    bench.children[0].ended.emit(Outcome(code="cancelled", message="The measurement was cancelled."))
    assert store.snapshot.calibration.error == ""
    assert store.snapshot.calibration.phase == "idle"


def test_what_cannot_be_kept_is_said(store, bugs):
    def keep(_answer, _profile, _probes):
        raise StorageError("history-full", "The disk is full.", remedy="Free some space.")

    bench = Bench(store, bugs, keep=keep)
    bench.controller.start()
    bench.children[0].ended.emit(DONE)
    assert store.snapshot.calibration.error == "The disk is full. Free some space."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda old: with_machine(old, base=None, profile=None), NO_MACHINE),
        (lambda old: with_machine(old, saved_as="other.json"), calibration.SAVED_MACHINE),
        (lambda old: with_probe(old, phase="running"), calibration.PROBE_RUNS),
    ],
)
def test_where_it_makes_no_sense_it_is_refused_with_a_sentence(store, bugs, change, words):
    bench = Bench(store, bugs)
    store.update(change)
    bench.controller.start()
    assert bench.children == []
    assert store.snapshot.calibration.error == words


def test_a_new_measurement_or_machine_is_read_again(store, bugs):
    seen = []

    def read(profile, probes):
        seen.append((profile.name, len(probes)))
        return SpeedState(learned=f"{len(probes)} probes made here.")

    Bench(store, bugs, read=read)
    other = fakes_report.profile(name="workstation")
    store.update(lambda old: with_machine(old, profile=other))
    store.update(lambda old: with_archive(old, probes=(fakes_report.probe(),)))
    assert seen == [("workstation", 0), ("workstation", 1)]
    assert store.snapshot.calibration.speed.learned == "1 probes made here."


def test_the_card_says_what_is_known_and_its_button_what_it_does(qtbot):
    card = SpeedCard()
    qtbot.addWidget(card)
    card.show_state(CalibrationState(), "")
    assert card.told.text() == NOT_CALIBRATED
    assert card.button.text() == START
    assert card.button.isEnabled()
    with qtbot.waitSignal(card.start_requested):
        card.button.click()
    card.show_state(CalibrationState(phase="running", done_share=0.25, remaining_s=20.0, detail="matrices"), "")
    assert (card.button.text(), card.bar.value()) == (STOP, 25)
    assert "matrices" in card.detail.text()
    assert "20" in card.detail.text()
    with qtbot.waitSignal(card.stop_requested):
        card.button.click()
    card.show_state(CalibrationState(phase="stopping"), "")
    assert card.button.text() == STOPPING
    assert not card.button.isEnabled()
    card.show_state(CalibrationState(speed=KNOWN), "A probe is running.")
    assert card.told.text() == KNOWN.lines[0]
    assert card.button.text() == AGAIN
    assert card.learned.isHidden()
    taught = SpeedState(learned="2 probes made here; typical error of an estimate now 6%.")
    card.show_state(CalibrationState(speed=taught), "A probe is running.")
    assert not card.learned.isHidden()
    assert card.learned.text() == taught.learned
    assert not card.button.isEnabled()
    assert card.button.toolTip() == "A probe is running."


def test_a_probe_waits_for_the_calibration(qapp, bugs):
    from advisor.ui.controllers.probe import CALIBRATING, ProbeController

    made = Store(Snapshot(calibration=CalibrationState(phase="running")))
    profile = fakes_report.profile()
    made.update(lambda old: with_machine(old, base=profile, profile=profile))
    controller = ProbeController(made, NowRun(), plan=None, make_child=None, log=None, broken=bugs.append)
    controller.start(fakes_report.row(0, "maker/model", "onnx-fp32", gib=1.0, rank=1))
    assert made.snapshot.probe.notice == CALIBRATING


def test_probes_without_a_calibration_say_that_they_wait_for_one(qapp):
    profile = fakes_report.profile()
    here = fakes_report.probe(fingerprint=profile.fingerprint)
    elsewhere = fakes_report.probe(fingerprint="another computer")
    assert jobs.speed(profile, ()) == SpeedState()
    found = jobs.speed(profile, (here, elsewhere))
    assert found.learned.startswith("1 probe made here. Calibrate this computer")
    assert found.created == ""
