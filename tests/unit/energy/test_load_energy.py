"""Energy without a meter: the bands against published measurements, gross and net of kinds of work, memory."""

import csv
import io
import itertools
import math

import energy_fakes
import fakes_estimate as made
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.energy import load_energy, load_model
from advisor.energy.load_energy import PhaseTime
from advisor.evidence import Quantity
from advisor.report import energy_document, load_words

TABLE = made.REPOSITORY / "tests" / "data" / "cpu_load_power.csv"
SHARES = st.floats(0, 1)


def rows():
    """One row a point: machine, limit_w, kind, num_threads, load_share, power_w."""
    text = "".join(line for line in TABLE.read_text("utf-8").splitlines(keepends=True) if not line.startswith("#"))
    return list(csv.DictReader(io.StringIO(text)))


def limited(row):
    return made.cpu(power_limit_w=float(row["limit_w"]))


def component(*, load=0.9, idle=0.1, unit_s=(2.0, 1.9, 2.1), **facts):
    """The band's energy of prompts and tokens that each take `unit_s` (value, low, high)."""
    time_s = Quantity(value=unit_s[0], low=unit_s[1], high=unit_s[2], unit="s", evidence="measured", basis="clock")
    phases = [
        PhaseTime(phase="prefill", num_units=3, unit_s=time_s, num_blocks=3),
        PhaseTime(phase="decode", num_units=40, unit_s=msgspec.structs.replace(time_s, value=2.05), num_blocks=4),
    ]
    return load_energy.band_component(made.cpu(**facts), phases, query_s=time_s, load_share=load, idle_load_share=idle)


# --- the data the lines were drawn on ---


def test_the_band_holds_the_published_points():
    points, inside = rows(), {}
    for row in points:
        power = load_model.cpu_band(limited(row), load_share=float(row["load_share"])).power_w
        inside.setdefault(row["machine"], []).append(power.low <= float(row["power_w"]) <= power.high)
    counts = {name: (sum(found), len(found)) for name, found in inside.items()}
    assert counts == {
        "AMD EPYC 8024P": (21, 22), "AMD Ryzen Threadripper 1950X": (22, 22), "Intel Xeon E3-1240 v2": (19, 20),
        "2 x Intel Xeon E5-2620 v3": (22, 22),
    }  # fmt: skip
    assert len(points) == 86


def test_the_band_is_about_a_factor_of_two_around_its_middle():
    spreads = []
    for row in rows():
        power = load_model.cpu_band(limited(row), load_share=float(row["load_share"])).power_w
        spreads.append(math.sqrt(power.high / power.low))
    middle = sorted(spreads)[len(spreads) // 2]
    assert middle == pytest.approx(load_energy.BAND_K, rel=0.01)


def test_what_load_adds_holds_every_published_step_from_idle():
    steps = outside = 0
    for _, found in itertools.groupby(rows(), key=lambda row: (row["machine"], row["kind"])):
        idle, *busy = found
        for row in busy:
            net = load_model.net_band(
                limited(row), load_share=float(row["load_share"]), idle_load_share=float(idle["load_share"])
            )
            steps += 1
            outside += not net.low <= float(row["power_w"]) - float(idle["power_w"]) <= net.high
    assert (steps, outside) == (78, 0)


# --- gross and net ---


@given(SHARES, SHARES)
def test_net_power_is_never_negative_nor_more_than_the_busy_end_allows(load, idle):
    cpu = made.cpu(power_limit_w=45.0, short_power_limit_w=90.0)
    net = load_model.net_band(cpu, load_share=load, idle_load_share=idle)
    busy = load_model.cpu_band(cpu, load_share=load).power_w
    assert 0 <= net.low <= net.high <= busy.high
    assert net.value is None or net.low <= net.value <= net.high
    if idle >= load:
        assert (net.value, net.low) == (None, 0)


def test_gross_and_net_are_power_times_time_with_both_ranges():
    part = component(power_limit_w=100.0)
    busy = load_model.cpu_band(made.cpu(power_limit_w=100.0), load_share=0.9).power_w
    prefill, decode = part.phases
    assert prefill.gross_j.value == pytest.approx(busy.value * 2.0)
    assert prefill.gross_j.high == pytest.approx(prefill.gross_j.value * math.exp(math.hypot(
        math.log(busy.high / busy.value), math.log(2.1 / 2.0)
    )))  # fmt: skip
    assert decode.gross_j.value == pytest.approx(busy.value * 2.05)
    added = load_model.net_band(made.cpu(power_limit_w=100.0), load_share=0.9, idle_load_share=0.1)
    assert (added.low, added.high) == (pytest.approx(100 * 0.18 * 0.8), pytest.approx(100 - 100 * (0.06 + 0.25 * 0.1)))
    assert prefill.net_j.value == pytest.approx(added.value * 2.0)
    assert prefill.net_j.low < added.low * 2.0 < prefill.net_j.value
    for phase in part.phases:
        assert phase.net_j.value < phase.gross_j.value
        assert phase.net_j.high <= phase.gross_j.high
        assert phase.power_w == busy
    assert part.per_query_gross_j == prefill.gross_j
    assert part.per_query_net_j == prefill.net_j
    assert (part.meter.method, part.meter.grade, part.meter.k_scale) == ("band", "C", 2.15)
    assert part.idle_w.high == pytest.approx(100 * (0.25 + 1.5 * 0.1))


def test_work_that_moves_no_load_has_a_net_energy_below_a_limit_only():
    part = component(load=0.3, idle=0.3, power_limit_w=100.0)
    assert (part.per_query_net_j.value, part.per_query_net_j.low) == (None, 0)
    assert 0 < part.per_query_net_j.high <= 2.1 * 15.1
    assert part.per_query_gross_j.value > 0


@pytest.mark.parametrize(
    ("facts", "evidence"),
    [
        ({"power_limit_w": 65.0}, "estimated"),
        ({"power_limit_w": None, "model": "AMD EPYC 7763 64-Core Processor"}, "assumed"),
        ({"power_limit_w": None, "vendor": "AuthenticAMD"}, "assumed"),
    ],
)
def test_energy_is_no_better_known_than_the_limit(facts, evidence):
    part = component(**facts)
    figures = (part.per_query_gross_j, part.per_query_net_j, part.idle_w, part.phases[1].net_j)
    assert {figure.evidence for figure in figures} == {evidence}


def test_an_unlisted_processor_has_a_wider_range_and_says_so():
    known, unlisted = component(power_limit_w=65.0), component(power_limit_w=None, vendor="AuthenticAMD")
    spread = [part.per_query_gross_j.high / part.per_query_gross_j.low for part in (known, unlisted)]
    assert spread[1] > 1.5 * spread[0]
    assert "exact model is not known" in unlisted.per_query_gross_j.basis


def test_without_any_limit_there_is_no_energy():
    assert component(power_limit_w=None, num_logical_cores=None) is None


# --- what the range rests on ---


def basis(*, cores=(1.0, 0.9, 0.8, 0.1, 0.0, 0.0, 0.1, 0.1), **facts):
    return load_energy.load_basis(
        made.cpu(**({"power_limit_w": 100.0} | facts)), per_query_j=component(power_limit_w=100.0).per_query_gross_j,
        load_share=0.375, idle_load_share=0.05, core_busy_share=cores,
    )  # fmt: skip


def test_the_basis_states_the_lines_the_load_and_the_active_processors():
    found = basis()
    assert (found.limit_w, found.load_share, found.idle_load_share) == (100.0, 0.375, 0.05)
    assert (found.idle_w.low, found.idle_w.high) == pytest.approx((6.0, 25.0))
    assert (found.full_w.low, found.full_w.high) == pytest.approx((31.0, 100.0))
    assert (found.num_active_cores, found.num_logical_cores) == (pytest.approx(3.0), 8)
    assert (found.supply_share, found.overhead_ratio) == ((1.0, 1.0), 1.0)


def test_active_processors_come_from_the_load_where_each_is_not_told():
    assert basis(cores=()).num_active_cores == pytest.approx(0.375 * 8)
    assert basis(cores=(), num_logical_cores=None).num_active_cores is None
    assert basis(power_limit_w=None, num_logical_cores=None) is None


def test_at_the_plug_losses_widen_the_range_and_are_assumed():
    item = Quantity(value=10.0, low=8.0, high=12.5, unit="J", evidence="measured", basis="a meter")
    plug = load_energy.at_plug(item, (0.8, 0.9))
    assert plug.value == pytest.approx(10 / math.sqrt(0.72))
    assert plug.value * 8 / 10 > plug.low > 8 / 0.9
    assert 12.5 / 0.8 > plug.high > plug.value * 12.5 / 10
    assert plug.evidence == "assumed"
    assert "80% to 90%" in plug.basis


def test_words_of_the_basis_name_every_part():
    energy = energy_fakes.banded()
    stated = msgspec.structs.replace(
        energy, load_basis=msgspec.structs.replace(energy.load_basis, core_busy_share=(0.9, 0.8, 0.0, 0.3))
    )
    limit, load, supply = load_words.sentences(stated)
    assert "28 W" in limit
    assert "Idle 1.7 W to 7 W, all processors busy 8.7 W to 28 W" in limit
    assert "60% busy, with other programs alone 2%: 9.6 of 16 active" in load
    assert "2 were busy more than half of the time, the least 0%, the most 90%" in load
    assert "(factor 1)" in supply
    assert "passes on 80% to 94%" in supply
    assert {limit, load, supply} <= set(energy_document.energy_sentences(stated))
    assert load_words.sentences(energy_fakes.measured()) == ()


# --- memory ---


@pytest.mark.parametrize("size_gb", [4, 8, 16, 32, 64, 128, 512, 1024])
def test_memory_is_assumed_between_published_rules(size_gb):
    memory = made.machine(total=int(size_gb * 1e9)).memory
    power = load_energy.memory_power(memory)
    assert (power.evidence, power.unit) == ("assumed", "W")
    assert power.low <= 0.3725 * size_gb <= power.high
    assert 1.9 <= math.sqrt(power.high / power.low) <= 3.0


def test_memory_of_32_gb_spans_what_three_tools_say():
    power = load_energy.memory_power(made.machine(total=int(32e9)).memory)
    assert power.low <= 5.4
    assert power.high == pytest.approx(20.0)
    assert "1 to 4 modules" in power.basis


def test_memory_of_unknown_size_has_no_power():
    memory = made.machine().memory
    power = load_energy.memory_power(msgspec.structs.replace(memory, total_bytes=made.fact(None)))
    assert (power.value, power.low, power.high) == (None, None, None)
