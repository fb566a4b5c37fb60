"""The public JSON: every document against its schema, every number a figure, NaN refused."""

import importlib.util
import json
from pathlib import Path

import fakes_report as fakes
import jsonschema
import msgspec
import pytest

from advisor import resources
from advisor.child.protocol import Outcome
from advisor.report import public
from advisor.report.public_parts import encode, fact_unit

FIGURE_FIELDS = {"value", "low", "high", "unit", "evidence", "basis"}


def schema(name):
    return json.loads(resources.read(f"schema/{name}.schema.json"))


def check(name, document):
    parsed = json.loads(encode(document))
    jsonschema.Draft202012Validator(schema(name)).validate(parsed)
    assert parsed["schema"] == f"model-fit-advisor/{name}/1"
    assert parsed["version"] == 1
    return parsed


def bare_numbers(value, path="$"):
    """Numbers with a unit that are not inside a figure."""
    if isinstance(value, dict):
        if set(value) >= FIGURE_FIELDS:
            return
        for key, item in value.items():
            if isinstance(item, float) or (isinstance(item, int) and key.endswith(("_s", "_w", "_bytes", "_wh"))):
                yield f"{path}.{key}"
            yield from bare_numbers(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from bare_numbers(item, f"{path}[{index}]")


@pytest.mark.parametrize("file", sorted(p.name for p in (resources.root() / "schema").glob("*.json")))
def test_a_schema_is_valid_and_closed(file):
    document = json.loads(resources.read(f"schema/{file}"))
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$schema"].endswith("2020-12/schema")
    assert document["additionalProperties"] is False


def test_the_committed_schemas_are_what_the_script_makes():
    script = Path(__file__).parents[3] / "packaging" / "schema" / "build_schemas.py"
    spec = importlib.util.spec_from_file_location("build_schemas", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.schemas()
    assert {f"{name}.schema.json" for name in made} == {p.name for p in (resources.root() / "schema").glob("*.json")}
    for name, document in made.items():
        assert schema(name) == json.loads(json.dumps(document)), f"{name}: run {script}"


def test_a_computer_is_written_with_the_source_of_each_fact():
    document = check("hardware", public.hardware_json(fakes.profile()))
    total = document["memory"]["total_bytes"]
    assert set(total) >= FIGURE_FIELDS
    assert (total["value"], total["unit"], total["evidence"], total["source"]) == (
        16 * fakes.GIB, "B", "measured", "/proc/meminfo",
    )  # fmt: skip
    limit = document["memory"]["cgroup_limit_bytes"]
    assert limit["value"] is None
    assert limit["evidence"] == "excluded"
    assert limit["basis"] == limit["why_unknown"] == "this system does not show it"
    assert document["cpu"]["instruction_sets"]["value"] == ["avx2", "avx512f", "avx512_vnni"]


def test_an_overridden_fact_is_assumed():
    profile = fakes.profile()
    memory = msgspec.structs.replace(
        profile.memory,
        total_bytes=msgspec.structs.replace(profile.memory.total_bytes, origin="override", source="user"),
    )
    document = check("hardware", public.hardware_json(fakes.profile(memory=memory)))
    assert document["memory"]["total_bytes"]["evidence"] == "assumed"
    assert document["memory"]["total_bytes"]["origin"] == "override"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("total_bytes", "B"), ("speed_bytes_per_s", "B/s"), ("max_frequency_hz", "Hz"), ("battery_capacity_wh", "Wh"),
        ("power_limit_w", "W"), ("battery_share", "1"), ("num_physical_cores", "cores"), ("num_usable_cpus", "CPUs"),
        ("model", None), ("instruction_sets", None),
    ],
)  # fmt: skip
def test_the_unit_of_a_fact_is_in_its_name(name, unit):
    assert fact_unit(name) == unit


def test_an_estimate_carries_every_figure():
    document = check("estimate", public.estimate_json(fakes.estimate(), fakes.WORKLOAD))
    assert document["task"] is None
    assert document["workload"]["num_input_tokens"]["basis"].startswith("usual size")
    assert document["workload"]["num_queries_per_day"]["basis"] == "given with the task"
    assert document["memory"]["value"] == fakes.GIB
    assert sum(part["value"] for part in document["memory_parts"].values()) == pytest.approx(fakes.GIB)
    assert document["carbon_per_1000_queries"]["value"] is None
    assert document["time_per_token"]["evidence"] == "excluded"
    assert "context 4,096" in document["sentence"]


def test_an_estimate_takes_carbon_when_a_region_was_chosen():
    document = check("estimate", public.estimate_json(fakes.estimate(), carbon=fakes.span(0.14, "g")))
    assert document["carbon_per_1000_queries"]["value"] == 0.14
    assert document["workload"] is None


def test_a_recommendation_names_pick_reason_and_candidates():
    document = check("recommend", public.recommend_json(fakes.recommendation()))
    pick = document["pick"]
    assert pick["model"] == "acme/small-embedder"
    assert pick["reason"].startswith("It needs 1 GiB")
    assert len(document["candidates"]) == 7
    assert [item["rank"] for item in document["candidates"]][:3] == [1, 2, 3]
    for candidate in document["candidates"]:
        for name in (
            "memory", "time_to_first_token", "time_per_token", "rate", "energy_per_1000_queries",
            "carbon_per_1000_queries", "quality",
        ):  # fmt: skip
            assert set(candidate[name]) >= FIGURE_FIELDS, name
    assert document["candidates"][4]["quality"]["value"] is None
    assert document["candidates"][-1]["rejections"][0]["code"] == "memory"


def test_a_recommendation_can_be_cut_and_can_have_no_pick():
    document = check("recommend", public.recommend_json(fakes.recommendation(picked=False), limit=2))
    assert document["pick"] is None
    assert document["why_no_pick"].startswith("Nothing fits")
    assert len(document["candidates"]) == 2
    assert document["num_candidates"] == 7


def test_a_probe_is_written_with_samples_and_the_estimate_before_it():
    result = fakes.probe()
    document = check("probe", public.probe_json(result, fakes.estimate()))
    assert document["outcome"] == "finished"
    assert document["kind"] == "synthetic"
    assert document["depths_measured"] == [2, 4]
    assert len(document["samples"]) == len(result.samples)
    assert document["estimate"]["rate"]["value"] == 20.0
    assert document["peak_memory"]["evidence"] == "measured-synthetic"
    assert document["num_measurements"] == 19
    check("probe", public.probe_json(result))


def test_a_probe_that_failed_has_the_same_shape():
    outcome = Outcome(code="killed_for_memory", message="It needed more than 7.1 GiB.", remedy="Try a shorter context.")
    document = check("probe", public.probe_failure_json(outcome, fakes.estimate()))
    assert document["sentence"] == "It needed more than 7.1 GiB. Try a shorter context."
    assert document["rate"]["value"] is None
    assert document["estimate"]["model"] == "acme/small-embedder"
    assert set(document) == set(public.probe_json(fakes.probe()))
    check("probe", public.probe_failure_json(Outcome(code="cancelled")))


def test_no_number_with_a_unit_stands_alone():
    for document in (
        public.hardware_json(fakes.profile()),
        public.estimate_json(fakes.estimate(), fakes.WORKLOAD),
    ):
        assert list(bare_numbers(json.loads(encode(document)))) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_nan_and_infinity_are_never_written(value):
    with pytest.raises(ValueError, match=r"\$\.deep\[1\]\.x"):
        encode({"deep": [1, {"x": value}]})


def test_a_figure_outside_the_schema_is_caught_by_it():
    document = json.loads(encode(public.estimate_json(fakes.estimate())))
    document["memory"]["evidence"] = "guessed"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema("estimate")).validate(document)
