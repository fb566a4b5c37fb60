"""A real probe in a child under a meter that follows the processors, seen through the probe page."""

import cards
import fakes_report
import pytest
from fakes_energy import powercap_tree
from simulated_rapl import running
from test_real_probe import plan_of

from advisor.probe.energy_settings import EnergySettings
from advisor.ui.controllers.probe import ProbeController
from advisor.ui.pages.probe_page import ProbePage
from advisor.ui.store import MachineState, Snapshot, Store
from advisor.ui.workers.child_process import ChildProcess

IDLE_W, CORE_W, SHARE = 10.0, 30.0, 0.2


@pytest.fixture
def machine(tmp_path):
    powercap_tree(tmp_path, {"intel-rapl:0": {"name": "package-0", "uj": 1, "long_w": 500}})
    return tmp_path


def now(function, /, *, returned, failed):
    """A worker that has finished before it returns."""
    del failed
    returned(function())


def test_power_comes_in_live_with_its_line_of_idling_and_the_result_ends_it(machine, qtbot):
    made = fakes_report.profile()
    energy = EnergySettings(sys_root=str(machine / "sys"), time_share=SHARE, cpu=made.cpu, memory=made.memory)
    plan = plan_of(cards.tiny_decoder(hidden_size=256, intermediate_size=1024, num_hidden_layers=4), energy=energy)
    store = Store(Snapshot(machine=MachineState(base=made, profile=made)))
    page = ProbePage(lambda _: "")
    qtbot.addWidget(page)
    store.changed.connect(page.show_snapshot)
    controller = ProbeController(
        store, now, plan=lambda *_: plan, make_child=ChildProcess, log=lambda _record: None, broken=pytest.fail
    )
    live = []

    def remember(_old, new):
        if new.probe.phase == "running" and new.probe.idle_power_w is not None:
            live.append((page._power_series.source, page._power_series.idle_w, new.probe.detail))

    store.changed.connect(remember)
    with running(machine, idle_w=IDLE_W, core_w=CORE_W, period_s=0.005):
        controller.start(fakes_report.row(1, "acme/tiny"))
        qtbot.waitUntil(lambda: store.snapshot.probe.phase == "idle", timeout=120_000)
    probe = store.snapshot.probe
    assert probe.result is not None, probe.outcome
    assert {source for source, _, _ in live} == {"meter"}
    assert all(idle_w >= 0.9 * IDLE_W for _, idle_w, _ in live)
    assert any("block" in detail for _, _, detail in live)
    assert page.energy.told.text().startswith("Measured with RAPL")
    assert len(page._power.curves) == 1
    assert page._power_series.idle_w == probe.result.energy.components[0].loaded_idle_w.value
    assert page.energy.model.rowCount() == 3
    controller.deleteLater()
