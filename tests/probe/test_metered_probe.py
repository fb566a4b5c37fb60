"""A real probe under a meter whose counter follows what the processors really do, from end to end."""

import cards
import msgspec
import pytest
from fakes_energy import powercap_tree
from fakes_energy_nvml import build, environment
from fakes_report import profile
from simulated_rapl import running
from test_real_probe import plan_of

from advisor.child import runner
from advisor.child.protocol import Progress, Sample
from advisor.probe.energy_pair_plan import PairPlan, PairResult
from advisor.probe.energy_settings import EnergySettings
from advisor.probe.plan import ProbeResult
from advisor.probe.providers import ProviderUse

IDLE_W, CORE_W = 10.0, 30.0
SHARE = 0.2
"""[1] Of the protocol's times: the simulated counter moves every few milliseconds and needs no longer ones."""


@pytest.fixture
def machine(tmp_path):
    powercap_tree(tmp_path, {"intel-rapl:0": {"name": "package-0", "uj": 1, "long_w": 500}})
    return tmp_path


def settings(root, **changes):
    made = profile()
    given = {"sys_root": str(root / "sys"), "time_share": SHARE, "cpu": made.cpu, "memory": made.memory, **changes}
    return EnergySettings(**given)


def run(plan, messages=None):
    outcome = runner.run(
        "probe", msgspec.json.encode(plan), timeout_s=180,
        on_message=(lambda message: None) if messages is None else messages.append,
    )  # fmt: skip
    assert outcome.code == "finished", outcome.message
    return msgspec.json.decode(outcome.result, type=ProbeResult)


def decoder():
    return cards.tiny_decoder(hidden_size=256, intermediate_size=1024, num_hidden_layers=4)


def test_a_probe_measures_energy_by_phase_gross_and_net(machine):
    messages = []
    with running(machine, idle_w=IDLE_W, core_w=CORE_W, period_s=0.005):
        result = run(plan_of(decoder(), energy=settings(machine)), messages)
    energy = result.energy
    assert (energy.mode, energy.chosen) == ("quick", ("rapl",))
    part = energy.components[0]
    assert [phase.phase for phase in part.phases] == ["load", "prefill", "decode"]
    for phase in part.phases[1:]:
        # One thread works: the package draws its idle power and at least most of one processor's.
        assert phase.power_w.value > part.idle_w.value + 0.3 * CORE_W
        assert phase.gross_j.low <= phase.gross_j.value <= phase.gross_j.high
        assert phase.gross_j.value == pytest.approx(phase.power_w.value * phase.unit_s, rel=0.25)
        assert phase.net_j.value is None or phase.net_j.value < phase.gross_j.value
        assert phase.num_blocks >= 3
    assert part.idle_w.value >= 0.9 * IDLE_W
    prompt, token = part.phases[1].gross_j.value, part.phases[2].gross_j.value
    assert energy.per_query_gross_j.value == pytest.approx(prompt + 15 * token)
    assert energy.per_query_gross_j.evidence == "measured-synthetic"
    assert result.energy_per_1000_queries.value == pytest.approx(energy.per_query_gross_j.value / 3.6)
    assert result.energy_per_1000_queries.unit == "Wh"
    codes = {check.code for check in energy.checks}
    assert {"liveness", "drift", "resolution", "sampler", "load", "speed"} <= codes
    assert {"idle", "spin", "loaded idle", "prefill", "decode"} <= {point.phase for point in energy.trace}
    powers = [message.power_w for message in messages if isinstance(message, Sample) and message.power_w is not None]
    assert max(powers) > IDLE_W + 0.3 * CORE_W
    details = [message.detail for message in messages if isinstance(message, Progress)]
    assert any("idle" in detail for detail in details)
    assert any("decode, block" in detail for detail in details)


def test_an_encoder_has_the_energy_of_a_query(machine):
    plan = plan_of(cards.tiny_encoder(), "onnx-fp32", energy=settings(machine))
    with running(machine, idle_w=IDLE_W, core_w=CORE_W, period_s=0.005):
        result = run(plan)
    assert [phase.phase for phase in result.energy.components[0].phases] == ["load", "query"]
    assert result.energy.per_query_gross_j.value > 0
    assert result.energy.per_output_token_j.value is None


def test_a_frozen_counter_is_refused_and_the_result_is_a_range_with_the_reason(machine):
    result = run(plan_of(decoder(), energy=settings(machine)))
    assert result.energy.mode == "band"
    rapl = next(info for info in result.energy.meters if info.id == "rapl")
    assert rapl.state == "refused"
    assert any(check.code == "vanished" and "RAPL" in check.text for check in result.energy.checks)
    assert result.energy.per_query_gross_j.evidence in ("estimated", "assumed")
    assert result.energy.per_query_gross_j.high / result.energy.per_query_gross_j.low > 2


def test_a_counter_that_stops_in_the_middle_leaves_a_range_and_never_a_zero(machine):
    stopping = running(machine, idle_w=IDLE_W, core_w=CORE_W, period_s=0.005)
    stopping.__enter__()
    open_now = [True]

    def stop(message):
        if open_now and isinstance(message, Progress) and "prefill, block 1" in message.detail:
            open_now.clear()
            stopping.__exit__(None, None, None)

    outcome = runner.run(
        "probe", msgspec.json.encode(plan_of(decoder(), energy=settings(machine))), timeout_s=180, on_message=stop
    )
    assert not open_now
    result = msgspec.json.decode(outcome.result, type=ProbeResult)
    assert result.energy.mode == "band"
    assert any(check.code == "vanished" for check in result.energy.checks)
    assert result.energy.per_query_gross_j.value > 0


def test_switched_off_there_is_no_energy_and_no_energy_child(machine):
    messages = []
    result = run(plan_of(decoder(), energy=settings(machine, mode="off")), messages)
    assert result.energy is None
    assert result.energy_per_1000_queries.value is None
    assert "switched off" in result.energy_per_1000_queries.basis
    assert not any("idle" in message.detail for message in messages if isinstance(message, Progress))


def test_candidates_by_turns_are_told_apart_where_they_differ(machine):
    large = cards.tiny_decoder(hidden_size=512, intermediate_size=4096, num_hidden_layers=8)
    plans = tuple(plan_of(model, energy=settings(machine)) for model in (decoder(), large))
    request = msgspec.json.encode(PairPlan(plans=plans, num_rounds=3, pause_s=0.0))
    with running(machine, idle_w=IDLE_W, core_w=CORE_W, period_s=0.005):
        outcome = runner.run("energy-pair", request, timeout_s=180)
    assert outcome.code == "finished", outcome.message
    found = msgspec.json.decode(outcome.result, type=PairResult)
    assert found.order == (0, 1, 1, 0, 0, 1)
    assert found.sides[0].ratio is None
    assert found.sides[1].ratio.finding == "more"
    assert found.sides[1].ratio.ratio.low > 1.5
    assert all(len(side.energy_j) == 3 for side in found.sides)


def test_without_a_meter_candidates_are_not_compared_and_the_reason_is_said(tmp_path):
    plans = tuple(plan_of(decoder(), energy=settings(tmp_path)) for _ in range(2))
    outcome = runner.run("energy-pair", msgspec.json.encode(PairPlan(plans=plans)), timeout_s=60)
    assert outcome.code == "failed"
    assert "under a power meter only" in outcome.message
    assert outcome.remedy


@pytest.fixture
def library(tmp_path):
    return build(tmp_path)


def pretend_card(monkeypatch, library, **settings):
    """Put a stand-in for NVIDIA's library whose card draws power with this process where the children load it from."""
    given = environment(library, w=50, w_per_cpu=100, **settings)
    monkeypatch.setenv("LD_LIBRARY_PATH", given["LD_LIBRARY_PATH"])
    lines = [f"{name}={value}\n" for name, value in given.items() if name.startswith("FAKE_NVML")]
    (library / "settings").write_text("".join(lines))


def test_a_model_on_a_card_has_the_energy_of_processor_and_card(machine, monkeypatch, library):
    pretend_card(monkeypatch, library)
    card = ProviderUse(name="CPUExecutionProvider", device="gpu:0")  # what runs there is the processor; the card is not
    with running(machine, idle_w=IDLE_W, core_w=CORE_W, period_s=0.005):
        result = run(plan_of(decoder(), providers=(card,), energy=settings(machine, time_share=0.05)))
    energy = result.energy
    assert set(energy.chosen) == {"rapl", "nvml:0"}
    parts = {part.component: part for part in energy.components}
    assert parts["gpu"].idle_w.value == pytest.approx(50, rel=0.3)
    assert parts["gpu"].phases[-1].power_w.value > 80
    assert energy.per_query_gross_j.value == pytest.approx(
        parts["cpu"].per_query_gross_j.value + parts["gpu"].per_query_gross_j.value
    )
    assert "graphics" in energy.boundary
    checks = {(check.code, check.passed) for check in energy.checks}
    assert ("cross", True) in checks, energy.checks
    assert sum(check.code == "liveness" for check in energy.checks) >= 2


def test_a_frozen_card_is_refused_and_left_out(machine, monkeypatch, library):
    pretend_card(monkeypatch, library, frozen_at_s=0.05, no="fields,usage")
    card = ProviderUse(name="CPUExecutionProvider", device="gpu:0")
    with running(machine, idle_w=IDLE_W, core_w=CORE_W, period_s=0.005):
        result = run(plan_of(decoder(), providers=(card,), energy=settings(machine, time_share=0.05)))
    assert result.energy is None  # the processor alone would be half of the truth
    assert result.energy_per_1000_queries.value is None
    assert "energy counter" in result.energy_per_1000_queries.basis


def test_an_idle_card_is_not_counted_where_the_model_runs_on_the_processor(machine, monkeypatch, library):
    pretend_card(monkeypatch, library)
    with running(machine, idle_w=IDLE_W, core_w=CORE_W, period_s=0.005):
        result = run(plan_of(cards.tiny_encoder(), "onnx-fp32", energy=settings(machine, time_share=0.1)))
    assert [part.component for part in result.energy.components] == ["cpu"]
    assert any(part.component == "gpu" and "did not run" in part.why for part in result.energy.excluded)
