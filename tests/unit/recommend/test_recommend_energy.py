"""What meters teach a recommendation: power of other candidates, and order only where energies can be told apart."""

import math

import msgspec
import numpy as np
import pytest
from recommend_builders import build_machine, build_probe, cut
from test_recommend_parts import axes, traits

from advisor.energy.model import ComponentEnergy, EnergyResult, MeterInfo
from advisor.estimate import energy as estimated_energy
from advisor.evidence import Quantity, unknown
from advisor.recommend import caveat, explain, known_power, merge, rank
from advisor.recommend.advise import advise
from advisor.task.model import TaskSpec, Workload

SEARCH = TaskSpec(kind="sentence-embedding", languages=("en",))
SMALL, MIDDLE = "BAAI/bge-small-en-v1.5", "BAAI/bge-base-en-v1.5"
METER = MeterInfo(
    id="rapl", name="RAPL", component="cpu", covers="processor package", method="counter", native_unit="µJ",
    refresh_s=0.001, permission="any user", grade="A", k_scale=1.1,
)  # fmt: skip
NONE = np.zeros(2, dtype=np.uint16)
PROVEN = np.zeros(2, dtype=bool)


def joules(value, k=1.12):
    return Quantity(
        value=value, low=value / k, high=value * k, unit="J", evidence="measured-synthetic", basis="RAPL"
    )  # fmt: skip


def energy(gross_j, *, k=1.12, mode="quick", boundary="processor package; not memory"):
    watts = Quantity(value=9.0, low=8.0, high=10.0, unit="W", evidence="measured", basis="RAPL")
    part = ComponentEnergy(
        component="cpu", meter=METER, idle_w=watts, loaded_idle_w=watts, phases=(),
        per_query_gross_j=joules(gross_j, k), per_query_net_j=joules(gross_j / 2, k),
    )  # fmt: skip
    return EnergyResult(
        boundary=boundary, mode=mode, components=(part,), per_query_gross_j=joules(gross_j, k),
        per_query_net_j=joules(gross_j / 2, k), per_output_token_j=unknown("J", "none"),
        per_input_token_j=unknown("J", "none"),
    )  # fmt: skip


def metered(model=SMALL, *, gross_j=2.0, time_s=0.1, k=1.12, mode="quick", workload=None, **changes):
    made = build_probe(
        model, "onnx-fp32", workload or Workload(num_input_tokens=128), time_s=time_s, energy_wh=gross_j / 3.6,
        fingerprint="laptop",
    )  # fmt: skip
    figure = msgspec.structs.replace(joules(gross_j / 3.6, k), unit="Wh")
    changes = {"energy": energy(gross_j, k=k, mode=mode), "energy_per_1000_queries": figure, **changes}
    return msgspec.structs.replace(made, **changes)


def test_power_measured_in_a_probe_takes_the_place_of_the_typical_range():
    machine = build_machine()
    told = known_power.power_model(machine, "cpu", (metered(),))
    assert told.active_power_w.value == pytest.approx(20.0)
    assert told.active_power_w.evidence == "calibrated"
    assert told.boundary == "processor package; not memory"
    assert told.idle_power_w.value == 9.0
    k = told.active_power_w.high / told.active_power_w.value
    assert k == pytest.approx(math.exp(math.hypot(math.log(1.12), math.log(1.15))), rel=0.01)


def test_several_probes_are_averaged_and_their_scatter_widens_the_range():
    machine = build_machine()
    told = known_power.power_model(machine, "cpu", (metered(), metered(MIDDLE, gross_j=4.0)))
    assert told.active_power_w.value == pytest.approx(math.sqrt(20.0 * 40.0))
    assert told.active_power_w.high / told.active_power_w.value > 2
    assert "2 probes" in told.active_power_w.basis


@pytest.mark.parametrize("probe", [
    metered(mode="band"), metered(fingerprint="elsewhere"), metered(device="gpu:0"), metered(energy=None),
])  # fmt: skip
def test_what_no_meter_of_this_machine_and_device_measured_teaches_nothing(probe):
    machine = build_machine()
    assert known_power.power_model(machine, "cpu", (probe,)) == estimated_energy.power_model(machine, "cpu")


def test_a_recommendation_uses_the_measured_power_for_every_candidate():
    answer = advise(SEARCH, build_machine(), catalog=cut([SMALL, MIDDLE]), probes=(metered(),))
    other = next(answer.row(i) for i in range(len(answer)) if answer.row(i).model == MIDDLE)
    assert "power measured here in 1 probe" in other.energy_per_1000_queries.basis


def test_the_meters_scale_cancels_between_two_probes_of_one_machine():
    narrow, wide = merge.energy_doubt(metered(k=1.1)), merge.energy_doubt(metered(k=1.4))
    assert narrow == pytest.approx(1.96 * 0.02, abs=0.005)  # the whole range is the meter's scale
    assert wide == pytest.approx(math.hypot(math.sqrt(math.log(1.4) ** 2 - math.log(1.1) ** 2), 1.96 * 0.02))
    assert merge.energy_doubt(metered(energy=None)) is None
    band = merge.energy_doubt(metered(mode="band", k=4.0))
    assert band == pytest.approx(math.hypot(math.log(1.05), 1.96 * 0.02))  # the power is in both, the time is not


def test_two_measured_energies_are_ordered_only_where_they_can_be_told_apart():
    close = axes(2, energy_wh=[1.03, 1.0], time_s=[1.0, 2.0], energy_doubt=[0.05, 0.05])
    assert rank.same_energy(close, 0, 1)
    assert rank.ranking(traits(2), close, NONE, PROVEN).tolist() == [0, 1]  # time decides
    apart = axes(2, energy_wh=[1.2, 1.0], time_s=[1.0, 2.0], energy_doubt=[0.05, 0.05])
    assert not rank.same_energy(apart, 0, 1)
    assert rank.ranking(traits(2), apart, NONE, PROVEN).tolist() == [1, 0]
    guessed = axes(2, energy_wh=[1.03, 1.0], time_s=[1.0, 2.0])
    assert not rank.same_energy(guessed, 0, 1)
    assert rank.ranking(traits(2), guessed, NONE, PROVEN).tolist() == [1, 0]


def answer_with(first_j, second_j):
    workload = next(
        part.workload for part in advise(SEARCH, build_machine(), catalog=cut([SMALL, MIDDLE])).summary.approaches
    )
    probes = tuple(
        metered(name, gross_j=gross, time_s=time_s, workload=workload, format="onnx-int8-dynamic", k=1.1)
        for name, gross, time_s in ((SMALL, first_j, 0.02), (MIDDLE, second_j, 0.05))
    )
    return advise(SEARCH, build_machine(memory_gib=16, available_gib=8), catalog=cut([SMALL, MIDDLE]), probes=probes)


def two_measured(answer):
    rows = [answer.row(i) for i in range(len(answer))]
    found = {row.model: row for row in rows if row.measured is not None and row.format == "onnx-int8-dynamic"}
    return found[SMALL], found[MIDDLE]


def test_words_say_no_measurable_difference_where_there_is_none():
    answer = answer_with(2.0, 2.02)
    small, middle = two_measured(answer)
    assert explain._costlier(answer, small, middle).startswith("no measurable difference in energy; it takes 2.5 times")
    assert caveat._ratio(answer, small, middle) == "no measurable difference in energy per query"
    answer = answer_with(2.0, 3.0)
    small, middle = two_measured(answer)
    assert "1.5 times the energy" in explain._costlier(answer, small, middle)
    assert "1.5 times the energy" in caveat._ratio(answer, small, middle)
