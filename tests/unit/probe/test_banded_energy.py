"""A probe without a meter: load of the machine from its launches, a card by its limit, sums over the parts."""

import energy_fakes
import fakes_estimate as made
import pytest

from advisor.energy import load_model
from advisor.probe import energy_answer
from advisor.probe.depth import DepthReport, SystemReadings
from advisor.probe.energy_settings import EnergySettings
from advisor.probe.energy_stage import EnergyOutcome
from advisor.probe.launches import Depth
from advisor.probe.plan import DepthMeasurement

NOT_THERE = EnergyOutcome(meters=(), why_not="no meter of this part is known")


def launch(*, own=1.0, other=0.0, cores=()):
    return DepthReport(
        measurement=DepthMeasurement(
            num_layers=4, prefill_s=(0.1,) * 3, decode_s=(0.02,) * 5, query_s=(), load_s=0.5, peak_rss_bytes=10**8,
            baseline_rss_bytes=10**7, weights_file_bytes=10**7,
        ),
        decode_block_s=(0.02,) * 5, num_prompt_tokens=300, peak_memory_source="VmHWM", provider="cpu",
        runtime_version="1", outputs_finite=True, measured_s=9.0,
        system=SystemReadings(own_cpu_share=own, other_cpu_share=other, core_busy_share=cores, num_readings=9),
    )  # fmt: skip


def answer(*reports, device="cpu", settings=None, num_threads=4):
    wanted = settings or EnergySettings(cpu=made.cpu(power_limit_w=100.0), gpus=(made.gpu(power_limit_w=200.0),))
    return energy_answer.answer(
        wanted,
        NOT_THERE,
        energy_fakes.times(),
        (Depth(reports=reports),),
        num_threads=num_threads,
        device=device,
        evidence="measured-synthetic",
    )


def test_the_load_is_that_of_own_threads_over_all_processors_and_of_other_programs():
    found = answer(launch(own=0.8, other=0.1), launch(own=1.0, other=0.2))
    assert found.load_basis.load_share == pytest.approx(0.9 * 4 / 8 + 0.15)
    assert found.load_basis.idle_load_share == pytest.approx(0.15)
    assert found.load_basis.num_active_cores == pytest.approx(0.6 * 8)
    power = load_model.cpu_band(made.cpu(power_limit_w=100.0), load_share=0.6).power_w
    prefill = found.components[0].phases[1]
    assert (prefill.power_w.low, prefill.power_w.high) == pytest.approx((power.low, power.high))


def test_active_processors_are_the_mean_over_the_launches():
    busy, idle = (1.0,) * 4 + (0.0,) * 4, (0.5,) * 4 + (0.1,) * 4
    found = answer(launch(cores=busy), launch(cores=idle)).load_basis
    assert found.core_busy_share == pytest.approx((0.75,) * 4 + (0.05,) * 4)
    assert found.num_active_cores == pytest.approx(3.2)
    assert answer(launch(cores=busy), launch(cores=busy[:4])).load_basis.core_busy_share == ()


def test_a_card_without_a_meter_is_a_range_by_its_limit_beside_the_processor():
    found = answer(launch(own=0.2), device="gpu:0")
    cpu, card = found.components
    assert (cpu.component, card.component) == ("cpu", "gpu")
    prefill = card.phases[1]
    assert (prefill.power_w.low, prefill.power_w.high, prefill.power_w.evidence) == (60.0, 200.0, "assumed")
    assert prefill.gross_j.value == pytest.approx(prefill.power_w.value * 0.1)
    total = found.per_query_gross_j
    assert total.low == pytest.approx(cpu.per_query_gross_j.low + card.per_query_gross_j.low)
    assert total.high == pytest.approx(cpu.per_query_gross_j.high + card.per_query_gross_j.high)
    assert total.evidence == "assumed"
    token = sum(part.phases[2].gross_j.value for part in found.components)
    assert found.per_output_token_j.value == pytest.approx(token)
    assert found.boundary.startswith("processor package + graphics card; not memory")
    assert found.chosen == ("load-band", "limit-band")


def test_what_is_not_known_of_a_card_stays_unknown():
    found = answer(launch(own=0.2), device="gpu:0")
    card = found.components[1]
    unknown = (card.idle_w, card.per_query_net_j, card.phases[0].power_w, card.phases[0].gross_j)
    assert {figure.value for figure in unknown} == {None}
    assert card.phases[0].phase == "load"
    assert (found.per_query_net_j.value, found.per_query_net_j.high) == (None, None)
    assert "idle power of this card is not known" in found.per_query_net_j.basis


@pytest.mark.parametrize(
    ("device", "gpus"),
    [("gpu:0", ()), ("gpu:1", (made.gpu(),)), ("gpu:0", (made.gpu(power_limit_w=None),)), ("npu:0", (made.gpu(),))],
)
def test_a_device_without_a_known_limit_has_no_energy(device, gpus):
    settings = EnergySettings(cpu=made.cpu(power_limit_w=100.0), gpus=gpus)
    assert answer(launch(), device=device, settings=settings) is None


def test_without_the_load_or_with_energy_switched_off_there_is_nothing():
    assert answer(launch(own=None)) is None
    assert answer(launch(), settings=EnergySettings(mode="off", cpu=made.cpu())) is None
