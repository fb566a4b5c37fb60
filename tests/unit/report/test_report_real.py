"""The report of a real recommendation: shipped catalog, described task, a computer written down in the test."""

import json

import fakes_report as fakes
import jsonschema
import pytest

from advisor import resources
from advisor.catalog import load
from advisor.recommend import advise
from advisor.report import export, public
from advisor.report.build import build
from advisor.report.series import pareto_series
from advisor.task import describe

CHAT = "chat with customers in English, 1000 a day in France"
TOPICS = "sort 500 support emails a day into 6 topics, German and Hindi, on my laptop battery, answers within a second"


def check(name, document):
    parsed = json.loads(public.encode(document))
    schema = json.loads(resources.read(f"schema/{name}.schema.json"))
    jsonschema.Draft202012Validator(schema).validate(parsed)
    return parsed


@pytest.fixture(scope="module")
def chat():
    return advise.advise(describe.describe(CHAT).task, fakes.profile())


def test_a_described_task_follows_its_schema():
    document = check("describe", public.describe_json(describe.describe(TOPICS)))
    assert document["task"]["kind"] == "text-classification"
    assert document["languages"] == [{"code": "de", "name": "German"}, {"code": "hi", "name": "Hindi"}]
    assert document["sizes"]["num_queries_per_day"] == {
        "value": 500, "low": None, "high": None, "unit": "queries/day", "evidence": "assumed",
        "basis": "given with the task",
    }  # fmt: skip
    assert document["sizes"]["num_input_tokens"]["basis"] == "usual size for this kind of task"
    assert [chip["field"] for chip in document["chips"]]
    strange = check("describe", public.describe_json(describe.describe("translate zorgelbix from German to English")))
    assert strange["not_understood"] == ["zorgelbix"]


def test_the_whole_catalog_follows_its_schema():
    catalog = load.catalog()
    document = check("catalog", public.catalog_json(catalog.models, catalog_version=catalog.version))
    assert document["num_models"] == len(catalog.models) == len(document["models"])
    assert all(model["parameters"]["unit"] == "parameters" for model in document["models"])
    assert any(figure["source"] for model in document["models"] for figure in model["quality"])


def test_a_real_recommendation_follows_its_schema(chat):
    document = check("recommend", public.recommend_json(chat, limit=300))
    assert document["pick"]["reason"]
    assert document["pick"]["model"] == document["candidates"][0]["model"]
    assert len(document["candidates"]) == 300
    assert document["num_candidates"] == len(chat)


def test_an_estimate_for_a_task_has_its_sizes(chat):
    row = chat.row(chat.pick.index)
    document = check("estimate", public.estimate_json(row.estimate, chat.summary.task))
    assert document["task"]["text"] == CHAT
    assert document["workload"]["num_context_tokens"]["value"] == 4096


@pytest.mark.parametrize("kind", export.FORMATS)
def test_a_real_recommendation_becomes_each_kind_of_report(chat, kind, tmp_path):
    document = build(chat, probes=[fakes.probe()])
    file = tmp_path / f"report.{kind}"
    export.write(document, file)
    raw = file.read_bytes()
    assert len(raw) > 4000
    if kind == "pdf":
        assert raw.startswith(b"%PDF")
        return
    text = raw.decode("utf-8")
    assert fakes.HOST not in text
    assert document.answer.model.partition("/")[2].split("_")[0] in text
    assert document.carbon.country == "France"


def test_the_report_json_of_a_real_recommendation_follows_its_schema(chat):
    schema = json.loads(resources.read("schema/report.schema.json"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(export.render(build(chat), "json")))


def test_every_model_of_a_real_report_stands_once(chat):
    document = build(chat, top=15)
    names = [view.model for view in document.candidates]
    assert len(names) == len(set(names)) == 15
    assert {view.model for view in document.formats} == {names[0]}
    assert document.candidates[0].format not in {view.format for view in document.formats}
    assert document.drawings.pareto.points


def test_the_window_and_the_report_draw_the_same_benchmark(chat):
    assert pareto_series(chat).benchmark == build(chat).drawings.pareto.benchmark
