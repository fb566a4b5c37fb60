"""The band of a processor without a meter: two lines, and where its limit comes from."""

import fakes_estimate as made
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.energy import load_model
from advisor.hardware import reference


@given(st.floats(0, 1))
def test_band_is_two_lines_in_the_load(load):
    band = load_model.cpu_band(made.cpu(power_limit_w=100.0), load_share=load)
    assert band.power_w.low == pytest.approx(100 * (0.06 + 0.25 * load))
    assert band.power_w.high == pytest.approx(100 * min(1.0, 0.25 + 1.5 * load))
    assert band.power_w.low <= band.power_w.value <= band.power_w.high
    assert (band.limit_w, band.power_w.evidence) == (100.0, "estimated")


@pytest.mark.parametrize("load", [-0.1, 1.1])
def test_a_load_outside_its_range_is_a_mistake(load):
    with pytest.raises(ValueError, match="between 0 and 1"):
        load_model.cpu_band(made.cpu(), load_share=load)


def test_the_short_limit_lifts_the_upper_line_only():
    band = load_model.cpu_band(made.cpu(power_limit_w=15.0, short_power_limit_w=60.0), load_share=1.0)
    assert band.power_w.low == pytest.approx(15 * 0.31)
    assert band.power_w.high == pytest.approx(60.0)


def test_a_published_design_power_is_assumed():
    listed = made.cpu(power_limit_w=None, model="AMD EPYC 7763 64-Core Processor")
    band = load_model.cpu_band(listed, load_share=0.0)
    assert (band.limit_w, band.power_w.evidence) == (280.0, "assumed")
    assert "published for EPYC 7763" in band.limit_basis


def test_a_virtual_machine_gets_its_share_of_the_threads():
    guest = made.cpu(power_limit_w=None, model="AMD EPYC 7763", virtualised=True, num_logical_cores=4)
    band = load_model.cpu_band(guest, load_share=1.0)
    assert band.limit_w == pytest.approx(280 * 4 / 128)
    assert "4 of 128 threads" in band.limit_basis
    many = made.cpu(power_limit_w=None, model="AMD EPYC 7763", virtualised=True, num_logical_cores=512)
    assert load_model.cpu_band(many, load_share=1.0).limit_w == 280.0


def test_a_guest_that_does_not_know_its_threads_has_no_band():
    guest = made.cpu(power_limit_w=None, model="AMD EPYC 7763", virtualised=True, num_logical_cores=None)
    assert load_model.cpu_band(guest, load_share=1.0) is None


def test_an_unlisted_processor_gets_the_spread_of_its_vendor():
    guest = made.cpu(power_limit_w=None, model="AMD EPYC", vendor="AuthenticAMD", virtualised=True, num_logical_cores=2)
    band = load_model.cpu_band(guest, load_share=1.0)
    servers = [row for row in reference.processors() if row.name.startswith("EPYC") and row.tdp_w and row.num_threads]
    per_thread = sorted(row.tdp_w / row.num_threads for row in servers)
    assert per_thread[0] <= band.power_w.low / 2 / 0.31 <= per_thread[len(per_thread) // 4]
    assert per_thread[-len(per_thread) // 4] <= band.power_w.high / 2 <= per_thread[-1]
    assert band.power_w.evidence == "assumed"
    assert "exact model is not known" in band.power_w.basis
    desk = load_model.cpu_band(made.cpu(power_limit_w=None, model=None, virtualised=None), load_share=1.0)
    assert desk.power_w.high > band.power_w.high


@pytest.mark.parametrize("vendor", [None, "Nobody", "Apple"])
def test_a_processor_whose_vendor_is_not_listed_gets_the_whole_spread_and_says_so(vendor):
    unlisted = load_model.cpu_band(made.cpu(power_limit_w=None, vendor=vendor, model=None), load_share=1.0)
    per_thread = [row.tdp_w / row.num_threads for row in reference.processors() if row.tdp_w and row.num_threads]
    assert unlisted.power_w.low == pytest.approx(8 * min(per_thread) * 0.31)
    assert unlisted.power_w.high == pytest.approx(8 * max(per_thread))
    assert unlisted.power_w.evidence == "assumed"
    assert f"all {len(per_thread)} listed processors" in unlisted.limit_basis
    assert "a wide range" in unlisted.limit_basis
    for vendor_of_many in ("AMD", "Intel"):
        known = load_model.cpu_band(made.cpu(power_limit_w=None, vendor=vendor_of_many), load_share=1.0).power_w
        assert unlisted.power_w.low < known.low
        assert known.high < unlisted.power_w.high


def test_an_unlisted_processor_is_judged_by_its_own_vendor_alone():
    spreads = {}
    for vendor in ("AMD", "Intel"):
        rows = [row for row in reference.processors() if row.vendor == vendor and row.tdp_w and row.num_threads]
        per_thread = sorted(row.tdp_w / row.num_threads for row in rows)
        power = load_model.cpu_band(made.cpu(power_limit_w=None, vendor=vendor), load_share=1.0).power_w
        assert power.high == pytest.approx(8 * per_thread[round(0.95 * (len(rows) - 1))])
        assert power.low == pytest.approx(8 * per_thread[round(0.05 * (len(rows) - 1))] * 0.31)
        assert f"{len(rows)} {vendor} processors" in power.basis
        spreads[vendor] = (power.low, power.high)
    assert spreads["AMD"] != spreads["Intel"]


def test_a_guest_of_no_listed_vendor_is_among_servers():
    guest = made.cpu(power_limit_w=None, vendor=None, model=None, virtualised=True)
    at_home = made.cpu(power_limit_w=None, vendor=None, model=None)
    bands = [load_model.cpu_band(cpu, load_share=1.0).power_w for cpu in (guest, at_home)]
    assert bands[0].high < bands[1].high


def test_the_limit_the_machine_states_comes_before_any_table():
    listed = {"model": "AMD EPYC 7763 64-Core Processor", "virtualised": True}
    stated = load_model.cpu_band(made.cpu(power_limit_w=120.0, **listed), load_share=0.5)
    assert (stated.limit_w, stated.power_w.evidence) == (120.0, "estimated")
    assert stated.limit_basis == "power limit of 120 W stated by the machine"


@given(
    load=st.floats(0, 1),
    limit=st.none() | st.floats(1, 1000),
    short=st.none() | st.floats(1, 2000),
    threads=st.integers(1, 512),
    virtual=st.booleans(),
    vendor=st.sampled_from(["AMD", "Intel", "Ampere", None]),
    model=st.sampled_from(["AMD EPYC 7763 64-Core Processor", "Apple M2", None]),
)
def test_every_processor_has_a_range_around_its_middle_and_more_load_takes_no_less(
    load, limit, short, threads, virtual, vendor, model
):
    cpu = made.cpu(
        power_limit_w=limit, short_power_limit_w=short, num_logical_cores=threads, virtualised=virtual, vendor=vendor,
        model=model,
    )  # fmt: skip
    band = load_model.cpu_band(cpu, load_share=load)
    assert 0 < band.power_w.low < band.power_w.value < band.power_w.high
    assert band.power_w.evidence == ("assumed" if limit is None else "estimated")
    full = load_model.cpu_band(cpu, load_share=1.0).power_w
    assert band.idle_power_w.low <= band.power_w.low <= full.low
    assert band.idle_power_w.high <= band.power_w.high <= full.high


@pytest.mark.parametrize("limit_w", [None, 0.0])
def test_without_a_limit_and_a_number_of_threads_there_is_no_band(limit_w):
    silent = made.cpu(power_limit_w=limit_w, num_logical_cores=None)
    assert load_model.cpu_band(silent, load_share=1.0) is None
    assert load_model.net_band(silent, load_share=1.0, idle_load_share=0.0) is None
