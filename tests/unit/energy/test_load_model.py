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


@pytest.mark.parametrize("facts", [{"vendor": None}, {"num_logical_cores": None}, {"vendor": "Nobody"}])
def test_without_a_limit_there_is_no_band(facts):
    assert load_model.cpu_band(made.cpu(**({"power_limit_w": None} | facts)), load_share=1.0) is None
    assert load_model.cpu_band(made.cpu(**({"power_limit_w": 0.0} | facts)), load_share=1.0) is None
