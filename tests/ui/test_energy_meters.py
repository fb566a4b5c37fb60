"""Power meters on the page This computer: the list, the rules to copy, the user's own wall meter."""

import energy_fakes
import fakes_energy
import msgspec
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton
from test_energy_probe import with_result
from window_fakes import LaterRun, NowRun, full_snapshot

from advisor.energy import ladder, wall, wall_store
from advisor.energy.self_check import PowerNow
from advisor.energy.wall import WallPair
from advisor.report import energy_document, energy_words
from advisor.ui.controllers import calibration, electricity, jobs
from advisor.ui.controllers.meters import PROBE_RUNS, MeterController
from advisor.ui.pages.probe_page import ProbePage
from advisor.ui.pages.this_computer_page import ThisComputerPage
from advisor.ui.store import Store, with_machine, with_meters, with_probe

INFOS = (energy_fakes.meter(), energy_fakes.locked(), energy_fakes.dram(), energy_fakes.battery())
PAIRS = tuple(WallPair(meters_w=w, wall_w=12 + 1.2 * w) for w in (5.0, 10.0, 20.0, 30.0, 40.0))


@pytest.fixture
def store(qapp):
    return Store(full_snapshot())


class Powers:
    """Meters that read what the test says."""

    def __init__(self):
        self.power_w = 10.0

    def __call__(self):
        return PowerNow(power_w=self.power_w, boundary="processor package")


@pytest.fixture
def powers():
    return Powers()


@pytest.fixture
def controller(store, powers):
    made = make(store, NowRun(), powers)
    yield made
    made.deleteLater()


def make(store, run, powers, survey=lambda: INFOS):
    def keep(fingerprint, pairs):
        return wall_store.save(fingerprint, "processor package", pairs, wall.fit(pairs))

    return MeterController(
        store, run, survey=survey, read=powers, load_wall=wall_store.load, keep_wall=keep,
        forget_wall=wall_store.forget, broken=pytest.fail,
    )  # fmt: skip


@pytest.fixture
def page(qtbot, store, controller):
    made = ThisComputerPage(jobs.overridable, calibration.refusal)
    qtbot.addWidget(made)
    made.meters.look_requested.connect(controller.look)
    made.meters.read_requested.connect(controller.read_now)
    made.meters.keep_requested.connect(controller.keep)
    made.meters.forget_requested.connect(controller.forget)
    store.changed.connect(made.show_snapshot)
    made.show_snapshot(None, store.snapshot)
    return made


def cells(card):
    model = card.model
    return [[model.index(r, c).data() for c in range(model.columnCount())] for r in range(model.rowCount())]


def test_the_list_shows_each_meter_with_its_state_trust_and_reason(page, controller):
    controller.look()
    rows = cells(page.meters.card)
    assert [row[0] for row in rows] == [info.name for info in INFOS]
    assert rows[0][2] == "✓ used"
    assert rows[1][2] == "! locked"
    assert rows[1][4] == "root only"
    assert rows[3][1] == "whole machine"
    assert rows[0][3] == "within 5 to 10 %"
    told = page.meters.card.told.text()
    assert "Processor: RAPL of the processor, by powercap, by its energy counter" in told
    assert "Without a meter: graphics card and memory." in told


def test_the_rule_of_a_locked_meter_can_be_copied_word_for_word(page, controller):
    controller.look()
    (box,) = page.meters.card.rules.findChildren(QPlainTextEdit)
    assert box.toPlainText() == energy_fakes.RULE
    assert box.isReadOnly()
    copy = next(b for b in page.meters.card.rules.findChildren(QPushButton) if b.text() == "Copy")
    copy.click()
    assert QApplication.clipboard().text() == energy_fakes.RULE
    assert any("never asks" in label.text() for label in page.meters.card.rules.findChildren(QLabel))


def test_a_real_tree_of_locked_counters_shows_its_rule(page, store, controller, tmp_path):
    tree = fakes_energy.powercap_tree(tmp_path, {"intel-rapl:0": "package-0"})
    (tmp_path / "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj").unlink()
    infos = ladder.survey(tree)
    store.update(lambda old: with_meters(old, infos=infos))
    rows = {row[0]: row for row in cells(page.meters.card)}
    for info in infos:
        assert rows[info.name][4] == (info.why or energy_words.open_note(info))


def test_without_any_meter_the_card_says_what_happens_instead(page, store):
    gone = tuple(msgspec.structs.replace(info, state="absent", why="none") for info in INFOS)
    store.update(lambda old: with_meters(old, infos=gone))
    assert "No power meter can be read here" in page.meters.card.told.text()
    assert not page.meters.card.calibrate.isEnabled()
    assert page.meters.card.calibrate.accessibleDescription()
    assert page.meters.card.rules.isHidden()


def test_meters_are_looked_for_off_the_gui_thread_when_the_machine_is_known(store, powers):
    run = LaterRun()
    made = make(store, run, powers)
    base = store.snapshot.machine.base
    store.update(lambda old: with_machine(old, base=msgspec.structs.replace(base, name="again")))
    assert store.snapshot.meters.busy
    assert store.snapshot.meters.infos == ()
    run.finish()
    assert store.snapshot.meters.infos == INFOS
    assert not store.snapshot.meters.busy
    made.deleteLater()


def test_a_saved_machine_has_no_meters_here(page, store, controller):
    store.update(lambda old: with_machine(old, saved_as="server.json"))
    assert page.meters.card.isHidden()


def test_five_pairs_make_a_line_that_is_kept_and_told(page, store, controller, powers):
    controller.look()
    page.meters.card.calibrate.click()
    dialog = page.meters.dialog
    for place, pair in enumerate(PAIRS):
        powers.power_w = pair.meters_w
        meters, plug, button = dialog._rows[place]
        button.click()
        assert meters.text() == f"{pair.meters_w:.1f}"
        plug.setText(f"{pair.wall_w:.1f}".replace(".", ","))
    dialog.keep.click()
    kept = wall_store.load(store.snapshot.machine.base.fingerprint)
    assert kept.fit.a_w == pytest.approx(12.0)
    assert kept.fit.b_ratio == pytest.approx(1.2)
    assert energy_document.wall_sentence(kept) in dialog.told.text()
    assert page.meters.card.wall.text() == energy_document.wall_sentence(kept)
    dialog.reject()
    assert page.meters.dialog is None
    page.meters.card.forget.click()
    assert wall_store.load(kept.fingerprint) is None
    assert page.meters.card.wall.isHidden()


def test_pairs_that_make_no_line_are_refused_in_place(page, store, controller):
    controller.look()
    page.meters.card.calibrate.click()
    dialog = page.meters.dialog
    for meters, plug, _button in dialog._rows:
        meters.setText("10")
        plug.setText("20")
    dialog.keep.click()
    assert "All readings lie between" in dialog.told.text()
    assert store.snapshot.meters.wall is None
    dialog._rows[2][1].setText("many")
    dialog.keep.click()
    assert dialog.told.text() == "Load 3: both fields need a number of watts."
    dialog._rows[2][0].clear()
    dialog._rows[2][1].clear()
    dialog.keep.click()
    assert "at least 5" in dialog.told.text()
    dialog.reject()


def test_a_meter_that_does_not_answer_fills_nothing_in(page, controller, powers):
    controller.look()
    page.meters.card.calibrate.click()
    powers.power_w = None
    page.meters.dialog._rows[0][2].click()
    assert page.meters.dialog._rows[0][0].text() == ""
    assert "No meter answered" in page.meters.dialog.told.text()
    page.meters.dialog.reject()


def test_meters_are_not_read_beside_a_probe(store, controller):
    store.update(lambda old: with_probe(old, phase="running"))
    controller.read_now()
    assert store.snapshot.meters.wall_error == PROBE_RUNS
    assert store.snapshot.meters.num_reads == 0


def test_a_probe_also_tells_the_energy_at_the_plug(qtbot, store):
    result = energy_fakes.probe()
    kept = wall_store.save("f00dfeed", "processor package", PAIRS, wall.fit(PAIRS))
    page = ProbePage(lambda _: "")
    qtbot.addWidget(page)
    snapshot = with_result(store.snapshot, result)
    page.show_snapshot(None, snapshot)
    assert "plug" not in page.energy.notes.text()
    page.show_snapshot(snapshot, with_meters(snapshot, wall=kept))
    item = wall.wall_energy(kept.fit, result.energy.per_query_gross_j, result.time_per_query)
    assert item.value == pytest.approx(12 * 0.48 + 1.2 * result.energy.per_query_gross_j.value, rel=0.01)
    assert "At the plug, by your own meter: 24 J" in page.energy.notes.text()


def test_the_real_survey_and_reading_answer_on_this_machine(qapp):
    infos = electricity.survey_meters()
    assert {info.component for info in infos} >= {"cpu", "gpu", "platform"}
    assert all(info.why for info in infos if info.state != "open")
