"""From what meters said at one depth to the energy of a query of the whole model."""

import msgspec
import pytest

from advisor.energy.bench import Liveness
from advisor.energy.blocks import Block
from advisor.energy.model import MeterInfo
from advisor.evidence import Quantity, unknown
from advisor.probe import energy_result
from advisor.probe.energy import EnergyReport, MeterReport, PhaseBlocks, WorkTime
from advisor.probe.energy_result import WholeTimes

RAPL = MeterInfo(
    id="rapl", name="RAPL", component="cpu", covers="processor package", method="counter", native_unit="µJ",
    resolution_j=1e-6, refresh_s=0.001, permission="any user", grade="A", k_scale=1.1, limit_w=65.0,
)  # fmt: skip
DRAM = msgspec.structs.replace(RAPL, id="rapl-dram", name="RAPL DRAM", component="ram", covers="memory modules")
CARD = msgspec.structs.replace(
    RAPL, id="nvml:0", name="NVML", component="gpu", covers="graphics card", refresh_s=0.1, limit_w=300.0
)  # fmt: skip
WHOLE = msgspec.structs.replace(RAPL, id="battery", name="Battery", component="platform", covers="whole machine")


def seconds(value, k=1.05):
    return Quantity(
        value=value, low=value / k, high=value * k, unit="s", evidence="measured-synthetic", basis="timed"
    )  # fmt: skip


def times(**changes):
    given = {
        "load": seconds(0.2), "prefill": seconds(0.1), "decode": seconds(0.01), "depth_unit_s": {},
        "extrapolated": False, "is_query": False, "num_input_tokens": 100, "num_output_tokens": 31, "num_runs": 1.0,
        "num_batch": 1, **changes,
    }  # fmt: skip
    return WholeTimes(**given)


def block(power_w, unit_s, *, units=20, rejected=None):
    work_s = unit_s * units
    return Block(energy_j=power_w * work_s, window_s=work_s, work_s=work_s, num_units=units, rejected=rejected)


def meter_report(info=RAPL, *, prefill_w=50.0, decode_w=40.0, idle_w=10.0, rejected=None, **changes):
    phases = (
        PhaseBlocks(phase="prefill", blocks=tuple(block(prefill_w, 0.1, rejected=rejected) for _ in range(3))),
        PhaseBlocks(
            phase="decode", blocks=tuple(block(decode_w, 0.01, units=200, rejected=rejected) for _ in range(3))
        ),
    )
    given = {
        "info": info, "idle_w": (idle_w, idle_w), "before_w": (idle_w,) * 4, "after_w": (idle_w,) * 4,
        "load": block(30.0, 0.2, units=1), "phases": phases, **changes,
    }  # fmt: skip
    return MeterReport(**given)


def report(*reports, **changes):
    entries = reports or (meter_report(),)
    return EnergyReport(meters=tuple(entry.info for entry in entries), reports=entries, **changes)


def measured(given, at=None, **changes):
    options = {"on_card": False, "mode": "quick", "evidence": "measured-synthetic", **changes}
    return energy_result.measured(given, at or times(), **options)


def test_a_query_is_a_prompt_and_its_further_tokens():
    found = measured(report())
    assert found.per_query_gross_j.value == pytest.approx(50 * 0.1 + 30 * 40 * 0.01)
    assert found.per_query_net_j.value == pytest.approx(40 * 0.1 + 30 * 30 * 0.01)
    assert found.per_output_token_j.value == pytest.approx(0.4)
    assert found.per_input_token_j.value == pytest.approx(0.05)
    assert found.per_query_gross_j.evidence == "measured-synthetic"
    assert [phase.phase for phase in found.components[0].phases] == ["load", "prefill", "decode"]
    assert found.components[0].phases[0].net_j.value == pytest.approx(4.0)
    assert found.boundary.startswith("processor package; not memory")


def test_the_range_holds_the_scale_of_the_meter():
    found = measured(report())
    assert found.per_query_gross_j.high / found.per_query_gross_j.value == pytest.approx(1.1, abs=0.005)


def test_a_slice_is_scaled_to_the_whole_model_by_its_time_and_the_range_of_that_is_added():
    found = measured(report(), times(extrapolated=True, prefill=seconds(0.4), decode=seconds(0.05), load=seconds(1.0)))
    assert found.per_query_gross_j.value == pytest.approx(50 * 0.4 + 30 * 40 * 0.05)
    assert found.per_query_gross_j.high / found.per_query_gross_j.value > 1.11
    assert found.components[0].phases[2].unit_s == 0.05


def test_runs_and_batch_change_the_energy_of_one_query():
    assert measured(report(), times(num_batch=4)).per_query_gross_j.value == pytest.approx(17.0 / 4)
    assert measured(report(), times(num_runs=3.0)).per_query_gross_j.value == pytest.approx(17.0 * 3)


def test_a_model_that_answers_in_one_run_has_queries_only():
    phases = (PhaseBlocks(phase="query", blocks=(block(20.0, 0.05), block(20.0, 0.05))),)
    at = times(is_query=True, decode=unknown("s", "none"), num_output_tokens=0)
    found = measured(report(meter_report(phases=phases)), at)
    assert found.per_query_gross_j.value == pytest.approx(1.0)
    assert found.per_output_token_j.value is None
    assert found.per_input_token_j.value is None


def test_memory_is_shown_apart_and_the_whole_machine_is_never_added():
    found = measured(report(meter_report(), meter_report(DRAM, decode_w=3.0), meter_report(WHOLE, decode_w=80.0)))
    assert [part.component for part in found.components] == ["cpu", "ram", "platform"]
    assert found.per_query_gross_j.value == pytest.approx(17.0)
    assert any(part.component == "ram" and "not in the total" in part.why for part in found.excluded)


def test_a_card_counts_only_where_the_model_ran_on_it():
    both = report(meter_report(), meter_report(CARD, prefill_w=200.0, decode_w=150.0))
    assert measured(both).per_query_gross_j.value == pytest.approx(17.0)
    assert any("did not run on the graphics card" in part.why for part in measured(both).excluded)
    on_card = measured(both, on_card=True)
    assert on_card.per_query_gross_j.value == pytest.approx(17.0 + 200 * 0.1 + 30 * 150 * 0.01)
    assert on_card.boundary.startswith("processor package + graphics card")


def test_a_battery_alone_measures_the_whole_machine():
    found = measured(report(meter_report(WHOLE)))
    assert found.per_query_gross_j.value == pytest.approx(17.0)
    assert found.boundary == "whole machine; nothing else"
    assert found.excluded == ()


def test_a_part_without_a_meter_is_excluded_with_the_reason_and_never_zero():
    gone = msgspec.structs.replace(RAPL, state="locked", why="only the administrator may read it")
    given = EnergyReport(meters=(gone, CARD), reports=(meter_report(CARD),))
    found = measured(given, on_card=True)
    assert found.per_query_gross_j.value == pytest.approx(17.0)
    assert any(part.component == "cpu" and "administrator" in part.why for part in found.excluded)
    assert measured(given) is None


def test_no_sound_block_is_no_result_and_the_reason_is_kept():
    given = report(meter_report(rejected="the counter was reset or missed a wrap"))
    assert measured(given) is None
    assert energy_result.vanished(given) == "RAPL: the counter was reset or missed a wrap"


def test_net_energy_below_its_limit_makes_a_net_sum_without_value_and_leaves_gross():
    found = measured(report(meter_report(decode_w=10.01, before_w=(10.0, 10.4, 9.6, 10.0))))
    assert found.per_query_gross_j.value is not None
    assert found.per_query_net_j.value is None
    assert found.per_query_net_j.high > 4.0


def test_a_counter_that_disagrees_with_the_devices_own_power_gets_a_range_that_wide():
    found = measured(report(meter_report(CARD, cross_ratio=1.5)), on_card=True)
    assert found.per_query_gross_j.high / found.per_query_gross_j.value == pytest.approx(1.5, abs=0.01)
    cross = next(check for check in found.checks if check.code == "cross")
    assert not cross.passed
    assert "1.50 times" in cross.text
    fine = measured(report(meter_report(CARD, cross_ratio=1.02)), on_card=True)
    assert next(check for check in fine.checks if check.code == "cross").passed


def test_every_proof_is_a_check_with_its_numbers():
    live = Liveness(meter="rapl", alive=True, idle_w=10.0, load_w=50.0, text="RAPL rises from 10 W to 50 W.")
    work = (WorkTime(phase="decode", num_units=100, work_s=1.3, num_blocks=3),)
    given = report(
        meter_report(
            after_w=(13.0,) * 4, num_readings=97, num_gaps=3, gap_reasons=("input/output error",), cpu_share=0.02,
        ),
        liveness=(live,), other_load_share=0.2, work=work, clock_jump_s=-3600.0,
    )  # fmt: skip
    found = {check.code: check for check in measured(given, times(depth_unit_s={"decode": 0.01})).checks}
    assert found["liveness"].passed
    assert not found["drift"].passed
    assert "+3.0 W" in found["drift"].text
    assert not found["gaps"].passed
    assert "3 of 100 readings failed" in found["gaps"].text
    assert not found["sampler"].passed
    assert not found["load"].passed
    assert not found["speed"].passed
    assert "1.30 times" in found["speed"].text
    assert "-3600 s" in found["clock"].text
    assert found["resolution"].passed
