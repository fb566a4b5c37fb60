"""The probe page's energy: a plot that tells measured from estimated, parts, checks, what is not counted."""

import energy_fakes
import fakes_report
import msgspec
import pytest
from window_fakes import FakeChild, NowRun, full_snapshot, outcome_of

from advisor.child.protocol import Progress, Sample
from advisor.energy import load_model
from advisor.probe.energy_settings import EnergySettings
from advisor.probe.plan import ProbePlan
from advisor.report import energy_series, energy_words
from advisor.ui.controllers.probe import ProbeController
from advisor.ui.pages.probe_page import ProbePage
from advisor.ui.store import Store, with_machine, with_meters, with_probe


@pytest.fixture
def snapshot(qapp):
    return full_snapshot()


@pytest.fixture
def page(qtbot):
    made = ProbePage(lambda _: "")
    qtbot.addWidget(made)
    return made


def with_result(snapshot, result):
    return with_probe(snapshot, result=result, outcome=outcome_of(result), samples=result.samples)


def without_power(samples):
    return tuple(msgspec.structs.replace(sample, power_w=None) for sample in samples)


def labels(widget):
    from PySide6.QtWidgets import QLabel

    return [label.text() for label in widget.findChildren(QLabel) if not label.isHidden() and label.text()]


def test_live_power_is_a_line_and_the_line_of_idling_comes_with_it(page, snapshot):
    live = with_probe(snapshot, phase="running", result=None, outcome=None, idle_power_w=12.0)
    page.show_snapshot(None, live)
    assert not page.energy.isHidden()
    assert len(page._power.curves) == 1
    assert page._power.bands == ()
    assert page._power.curves[0].yData.max() == 18.0
    assert "idle: 12 W" in page.energy.caption.text()
    assert "12 W" in page._power.plot.accessibleDescription()
    assert page._power.plot.getAxis("left").labelText == "Watts"
    assert page._power.plot.getAxis("bottom").labelText == "Seconds since the start"


def test_without_a_meter_there_is_a_band_that_says_estimated_and_no_line(page, snapshot):
    samples = without_power(snapshot.probe.samples)
    live = with_probe(snapshot, phase="running", result=None, outcome=None, samples=samples)
    page.show_snapshot(None, live)
    assert page._power.curves == ()
    assert len(page._power.bands) == 1
    words = [item.toPlainText() for item in page._power._drawn if hasattr(item, "toPlainText")]
    assert words == [energy_words.ESTIMATED_NO_METER]
    assert energy_words.ESTIMATED_NO_METER in page.energy.caption.text().lower()


def test_the_band_is_that_of_the_load_model_at_the_measured_load(snapshot):
    cpu = fakes_report.profile().cpu
    sample = Sample(t_s=1.0, kind="system", cpu_share=0.8, other_cpu_share=0.1)
    series = energy_series.power_series((sample,), cpu=cpu, num_threads=8)
    band = load_model.cpu_band(cpu, load_share=0.8 * 8 / 16 + 0.1).power_w
    assert series.source == "band"
    assert series.band_low_w == (band.low,)
    assert series.band_high_w == (band.high,)


def test_no_power_is_shown_where_nothing_is_known_and_the_reason_is(page, snapshot):
    gone = fakes_report.no_fact("hidden")
    cpu = msgspec.structs.replace(snapshot.machine.profile.cpu, model=gone, vendor=gone, num_logical_cores=gone)
    profile = msgspec.structs.replace(snapshot.machine.profile, cpu=cpu)
    live = with_probe(
        snapshot, phase="running", result=None, outcome=None, samples=without_power(snapshot.probe.samples)
    )
    page.show_snapshot(None, with_machine(live, profile=profile))
    assert page._power.isHidden()
    assert "no power limit" in page.energy.caption.text()
    assert not page.energy.as_table.isEnabled()
    assert page.energy.as_table.accessibleDescription()


def test_a_result_shows_gross_net_parts_checks_and_boundary(page, snapshot):
    page.show_snapshot(None, with_result(snapshot, energy_fakes.probe()))
    energy = page._probe.result.energy
    texts = labels(page.energy)
    assert page.energy.gross.value.text() == "15 J"  # 0.1 s x 35 W + 19 x 0.02 s x 30 W
    assert page.energy.net.value.text() == "9.6 J"  # less 11 W of idle for 0.48 s
    assert energy_words.boundary_sentence(energy) in page.energy.boundary.text()
    assert "Not counted: memory (RAPL of the memory: this processor has no such counter)" in page.energy.boundary.text()
    for check in energy.checks:
        assert check.text in texts
    failed = [check.code for check in energy.checks if not check.passed]
    assert failed == ["load"]  # other programs used 9 %
    assert texts.count("✕ not passed") == 1
    assert f"{len(energy.checks) - 1} of {len(energy.checks)} checks passed" in texts
    assert page.energy.model.rowCount() == 3
    assert page._power.plot.accessibleDescription().startswith("Line: power of the processor, measured.")


def test_the_bar_shares_a_query_out_by_kind_of_work(page, snapshot):
    result = energy_fakes.probe()
    parts = energy_series.query_parts(result.energy, result.workload)
    assert [part.phase for part in parts] == ["prefill", "decode"]
    assert sum(part.energy.value for part in parts) == pytest.approx(result.energy.per_query_gross_j.value)
    assert parts[0].energy.value == pytest.approx(3.5, rel=0.01)
    page.show_snapshot(None, with_result(snapshot, result))
    assert page.energy.bar.bar._parts == tuple(part.energy.value for part in parts)
    assert "Reading the input" in page.energy.bar.accessibleName()
    assert "less than one query" in page.energy.notes.text()
    assert "with the model loaded 11 W, 1 W more" in page.energy.notes.text()


def test_net_energy_that_cannot_be_told_from_idling_is_said_to_be_below_the_limit(page, snapshot):
    result = energy_fakes.probe(busy_w=16.2, after_w=20.0)
    phase = next(phase for phase in result.energy.components[0].phases if phase.phase == "decode")
    assert phase.below_detection_limit
    page.show_snapshot(None, with_result(snapshot, result))
    cells = [page.energy.model.index(row, 3).data() for row in range(page.energy.model.rowCount())]
    assert any(cell.startswith("below detection limit (< ") for cell in cells)
    assert "✕ not passed" in labels(page.energy.checks)


def test_a_result_without_energy_says_why(page, snapshot):
    page.show_snapshot(None, snapshot)
    assert page.energy.told.text() == "Energy was not measured. Why: no meter is readable."
    assert page.energy.table.isHidden()
    assert page.energy.boundary.isHidden()


def test_power_can_be_read_as_a_table(page, snapshot, qtbot):
    from advisor.ui.dialogs.table_dialog import TableDialog

    page.show_snapshot(None, with_result(snapshot, energy_fakes.probe()))
    page.energy.as_table.click()
    dialog = page.findChild(TableDialog)
    assert dialog.model.rowCount() == len(page._probe.result.energy.trace)
    assert dialog.model.index(0, 2).data() == "10 W"
    dialog.close()


def test_the_trace_is_cut_into_what_ran(snapshot):
    spans = energy_series.spans(energy_fakes.measured().trace)
    assert [span.label for span in spans] == [
        "idle", "meter test", "loading", "waiting", "reading", "writing", "waiting",
    ]  # fmt: skip
    assert spans[0].begin_s == 0.0


def test_the_controller_means_the_power_of_idle_times_and_gives_the_meter_its_time(snapshot, qtbot):
    made = []

    def child(parent):
        made.append(FakeChild(parent))
        return made[-1]

    plan = ProbePlan(
        candidate=candidate(), workload=energy_fakes.WRITER, memory_box_bytes=10**9, time_box_s=20.0, graph_folder="x",
        energy=EnergySettings(mode="standard"),
    )  # fmt: skip
    store = Store(with_probe(snapshot, phase="idle", result=None, outcome=None, samples=()))
    controller = ProbeController(
        store, NowRun(), plan=lambda *_: plan, make_child=child, log=print, broken=pytest.fail, parent=None
    )
    controller.start(snapshot.probe.target)
    assert made[0].started[2] == 4.0 * (20.0 + 240.0)
    for detail, power_w in (("loaded idle, 10 s", 10.0), ("loaded idle, 10 s", 12.0), ("decode, block 1 of 3", 40.0)):
        made[0].message.emit(Progress(stage="measure", done_share=0.5, elapsed_s=1, detail=detail))
        made[0].message.emit(Sample(t_s=1.0, kind="system", power_w=power_w))
    qtbot.waitUntil(lambda: len(store.snapshot.probe.samples) == 3)
    assert store.snapshot.probe.idle_power_w == 11.0


def candidate():
    from advisor.catalog import formats, load
    from advisor.catalog.model import Candidate

    return Candidate(model=load.catalog().models[0], format=formats.by_id("onnx-fp32"))


def test_every_state_of_the_power_plot_can_be_painted(snapshot, qtbot):
    from advisor.ui.plots.power_plot import PowerPlot

    plot = PowerPlot()
    qtbot.addWidget(plot)
    cpu, samples = snapshot.machine.profile.cpu, snapshot.probe.samples
    bare = without_power(samples)
    for series in (
        energy_series.power_series((), cpu=cpu), energy_series.power_series(bare[:1], cpu=cpu),
        energy_series.power_series(bare, cpu=cpu), energy_series.power_series(samples[:1]),
        energy_series.power_series(samples, idle_w=10.0),
        energy_series.power_series(samples, energy=energy_fakes.measured()),
    ):  # fmt: skip
        plot.show_series(series)
        assert not plot.grab().isNull()


def test_a_result_without_a_meter_is_a_range_with_its_reason(page, snapshot):
    result = energy_fakes.banded_probe()
    page.show_snapshot(None, with_result(snapshot, result))
    energy = result.energy
    assert page.energy.told.text().startswith("Estimated: no meter could be read")
    assert page._power.curves == ()
    assert len(page._power.bands) == 1
    assert energy.per_query_gross_j.high / energy.per_query_gross_j.low > 3
    assert page.energy.gross.badge.text() in {"assumed", "estimated"}
    assert page.energy.gross.span.text()
    assert energy.checks[0].text in page.energy.told.text()
    assert page.energy.checks.isHidden()
    assert "with the model loaded" not in page.energy.notes.text()
    assert len(page.energy.bar.bar._parts) == 2
    told = next(words for words in labels(page.result_card) if words.endswith(", assumed"))
    assert "Wh" in told


@pytest.mark.parametrize(
    ("mode", "meters", "words"),
    [("off", energy_fakes.report().meters, "switched off"), ("quick", energy_fakes.report().meters, "40 seconds"),
     ("standard", energy_fakes.report().meters, "4 minutes"), ("quick", (energy_fakes.locked(),), "a range"),
     ("quick", (), "nothing is left behind.")],
)  # fmt: skip
def test_before_a_probe_the_page_says_what_it_does_about_energy(page, snapshot, mode, meters, words):
    before = with_meters(with_probe(snapshot, result=None, outcome=None, samples=()), infos=meters)
    settings = msgspec.structs.replace(before.settings, energy_mode=mode)
    page.show_snapshot(None, before)
    page.show_snapshot(before, msgspec.structs.replace(before, settings=settings))
    assert words in page.time.text()
