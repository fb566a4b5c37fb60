"""`fit-energy/1`: everything known of a measurement's energy; what no meter covers is null and the rest adds up."""

import json

import energy_fakes
import fakes_files
import fakes_report
import jsonschema
import msgspec
import pytest

from advisor import resources
from advisor.energy import standard
from advisor.energy.model import ComponentEnergy, EnergyResult, PhaseEnergy
from advisor.errors import InvalidInputError
from advisor.evidence import Quantity, unknown
from advisor.probe import energy_answer
from advisor.probe.energy_result import WholeTimes
from advisor.report.interchange import canonical, checker, run
from advisor.report.public_parts import encode

MACHINE = fakes_report.profile()


def joules(value, unit="J"):
    return Quantity(value=value, low=value / 1.1, high=value * 1.1, unit=unit, evidence="measured", basis="by hand")


def built(result=None, *, region="DE", embodied=False, **options):
    chosen = standard.conditions(MACHINE, region=region, with_embodied=embodied)
    return canonical.build(run.of_probe(result or energy_fakes.probe()), MACHINE, chosen, **options)


def part(component, per_query_j, **changes):
    """A component that answered one run of 0.1 s."""
    query = PhaseEnergy(phase="query", num_units=100, gross_j=joules(per_query_j), net_j=joules(per_query_j / 2),
                        power_w=joules(per_query_j / 0.1, "W"), unit_s=0.1, num_blocks=3)  # fmt: skip
    made = ComponentEnergy(
        component=component, meter=energy_fakes.meter(f"m-{component}", component=component, covers=component),
        idle_w=joules(5.0, "W"), loaded_idle_w=joules(6.0, "W"), phases=(query,),
        per_query_gross_j=joules(per_query_j), per_query_net_j=joules(per_query_j / 2),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def result_of(*parts, total_j, **changes):
    made = EnergyResult(
        boundary="by hand", mode="standard", components=parts, per_query_gross_j=joules(total_j),
        per_query_net_j=joules(total_j / 2), per_output_token_j=unknown("J", "none"),
        per_input_token_j=unknown("J", "none"),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def probe_with(energy):
    return fakes_report.probe(energy=energy, time_per_query=joules(0.1, "s"))


def banded(component="cpu"):
    """A computer without a meter: a typical range."""
    meter = energy_fakes.meter("load-band", component=component, method="band")
    return built(
        probe_with(
            result_of(part(component, 2.0, meter=meter), total_j=2.0, mode="band", per_output_token_j=joules(0.1))
        )
    )


def test_a_query_and_a_thousand_are_the_measured_energy():
    made = built()
    # A prompt of 0.1 s at 35 W and 19 tokens of 0.02 s at 30 W: 14.9 J.
    assert made["energy"]["total"]["gross_j"]["value"] == pytest.approx(14.9e3)
    assert made["energy"]["per_query_wh"]["value"] == pytest.approx(14.9 / 3600)
    assert made["energy"]["wh_per_1000_queries"]["value"] == pytest.approx(14.9e3 / 3600)
    assert made["energy"]["duration_s"]["value"] == pytest.approx(480)
    assert made["workload"]["n_queries"] == 1000
    cpu = made["energy"]["components"]["cpu"]
    assert {name: item["gross_j"]["value"] for name, item in cpu["phases"].items()} == {
        "prefill": pytest.approx(3500), "decode": pytest.approx(11400),
    }  # fmt: skip
    assert cpu["phases"]["decode"]["duration_s"] == pytest.approx(380)
    assert checker.check(made) == ()


def test_totals_are_of_as_many_queries_as_asked_and_a_query_stays_the_same():
    made = built(num_queries=7)
    assert made["energy"]["total"]["gross_j"]["value"] == pytest.approx(7 * 14.9)
    assert made["energy"]["per_query_wh"]["value"] == pytest.approx(14.9 / 3600)
    assert made["carbon"]["operational_g"]["value"] == pytest.approx(7 * 14.9 / 3.6e6 * 342.06)
    assert checker.check(made) == ()


@pytest.mark.parametrize("number", [0, -1, 10**9 + 1])
def test_a_number_of_queries_that_cannot_be_is_refused(number):
    with pytest.raises(InvalidInputError, match="--queries") as caught:
        built(num_queries=number)
    assert caught.value.code == "queries-invalid"


def test_what_no_meter_covers_is_null_with_its_reason_and_never_zero():
    made = built()["energy"]
    assert (made["components"]["gpu"], made["components"]["ram"], made["components"]["platform"]) == (None, None, None)
    assert {"component": "ram", "why": "RAPL of the memory: this processor has no such counter"} in made["excluded"]
    assert made["total"]["parts"] == ["cpu"]


def test_processor_and_card_make_the_total_and_the_whole_machine_stands_apart():
    made = built(probe_with(result_of(part("cpu", 2.0), part("gpu", 5.0), part("platform", 12.0), total_j=7.0)))
    assert made["energy"]["total"]["parts"] == ["cpu", "gpu"]
    assert made["energy"]["components"]["platform"]["in_total"] is False
    assert made["energy"]["components"]["gpu"]["in_total"] is True
    assert checker.check(made) == ()


def test_the_whole_machine_alone_is_the_total():
    made = built(probe_with(result_of(part("platform", 12.0), total_j=12.0)))
    assert made["energy"]["total"]["parts"] == ["platform"]
    assert made["energy"]["components"]["cpu"] is None
    assert checker.check(made) == ()


def test_net_energy_below_the_detection_limit_keeps_its_limit_and_has_no_value():
    below = Quantity(value=None, low=0.0, high=0.4, unit="J", evidence="measured", basis="below the detection limit")
    made = built(
        probe_with(result_of(part("cpu", 2.0, per_query_net_j=below), total_j=2.0, per_query_net_j=below))
    )  # fmt: skip
    net = made["energy"]["components"]["cpu"]["net_j"]
    assert (net["value"], net["high"]) == (None, pytest.approx(400))
    assert checker.check(made) == ()


def test_passes_and_batches_scale_the_phases_as_they_scale_the_query():
    """Four passes of a batch of two: a query takes two runs."""
    report = energy_fakes.report()
    times = msgspec.structs.replace(energy_fakes.times(), num_runs=4.0, num_batch=2)
    assert isinstance(times, WholeTimes)
    found = energy_fakes.energy_result.measured(
        report, times, on_card=False, mode="quick", evidence="measured-synthetic"
    )
    workload = msgspec.structs.replace(energy_fakes.WRITER, num_batch=2, num_passes=4)
    probe = fakes_report.probe(
        workload=workload, energy=found, time_per_query=energy_fakes.seconds(4 * 0.48),
        energy_per_1000_queries=energy_answer.per_1000_queries(found, ""),
    )  # fmt: skip
    made = built(probe)
    assert made["energy"]["total"]["gross_j"]["value"] == pytest.approx(2 * 14.9e3)
    assert made["energy"]["duration_s"]["value"] == pytest.approx(2 * 480)  # the time of a batch is not a query's
    phases = made["energy"]["components"]["cpu"]["phases"]
    assert sum(phase["duration_s"] for phase in phases.values()) == pytest.approx(2 * 480)
    assert checker.check(made) == ()


def test_a_file_states_its_content_and_neither_folder_nor_tokens():
    energy = result_of(part("cpu", 0.05), total_j=0.05)
    made = canonical.build(
        run.of_file(fakes_files.result(0.004, batch=2, file="/home/berta/secret/vad.onnx", energy=energy)), MACHINE,
        standard.conditions(MACHINE),
    )  # fmt: skip
    assert made["model"]["name"] == "vad.onnx"
    assert made["model"]["sha256"] == "ab" * 32
    assert made["model"]["params"] == 500_000
    assert made["workload"]["tokens_in"] is None
    assert made["energy"]["duration_s"]["value"] == pytest.approx(2.0)  # a run of 4 ms answers two
    assert b"secret" not in encode(made)
    assert checker.check(made) == ()


@pytest.mark.parametrize("region", ["DE", None])
@pytest.mark.parametrize("with_file", [False, True])
def test_the_document_has_the_fields_of_its_schema_and_no_others(region, with_file):
    made = run.of_probe(energy_fakes.probe())
    if with_file:
        made = run.of_file(fakes_files.result(energy=result_of(part("gpu", 0.05), total_j=0.05)))
    document = canonical.build(made, MACHINE, standard.conditions(MACHINE, region=region, with_embodied=with_file))
    schema = json.loads(resources.read("schema/fit-energy.schema.json"))
    jsonschema.validate(json.loads(encode(document)), schema)
    for place in (document, document["energy"], document["energy"]["components"]):
        place["more"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, schema)
        del place["more"]


def test_neither_the_computers_name_nor_its_user_leaves_it():
    raw = encode(built())
    assert fakes_report.HOST.encode() not in raw
    assert fakes_report.USER.encode() not in raw


def test_without_a_country_there_is_no_carbon_and_with_one_the_making_is_apart():
    assert built(region=None)["carbon"] is None
    made = built(embodied=True)["carbon"]
    assert (made["iso3"], made["year"]) == ("DEU", 2024)
    assert made["operational_g"]["value"] == pytest.approx(14.9e3 / 3.6e6 * 342.06)
    assert made["embodied_g"]["value"] > 0
    assert made["sci"]["value"]["value"] == pytest.approx(
        (made["operational_g"]["value"] + made["embodied_g"]["value"]) / 1000
    )
    assert built()["carbon"]["embodied_g"] is None


def test_latency_is_told_only_of_the_whole_model():
    assert built()["performance"]["latency_s"] == {"p50": None, "p95": None}
    whole = msgspec.structs.replace(energy_fakes.probe(), extrapolated=False, num_layers=4, depths_measured=(4,))
    told = built(whole)["performance"]["latency_s"]
    assert told["p50"] == pytest.approx(0.047)
    assert told["p95"] == pytest.approx(0.049)
    assert built(whole)["energy"]["window_s"] == pytest.approx(120 * 0.1 + 1200 * 0.02)
    assert built()["energy"]["window_s"] is None


def test_a_measurement_without_energy_says_what_to_do():
    with pytest.raises(InvalidInputError, match="p-0001 has no energy") as caught:
        run.of_probe(fakes_report.probe())
    assert "--energy quick" in caught.value.remedy
    with pytest.raises(InvalidInputError):
        run.of_file(fakes_files.result())


def test_the_same_measurement_gives_the_same_bytes_and_another_trace_another_hash():
    assert encode(built()) == encode(built())
    assert built()["trace"]["sha256"] != built(energy_fakes.probe(trace=False))["trace"]["sha256"]
    assert built(energy_fakes.probe(trace=False))["trace"]["sha256"] is None
