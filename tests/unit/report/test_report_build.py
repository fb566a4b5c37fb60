"""What the report contains."""

import fakes_report as fakes
import msgspec
import pytest

from advisor.recommend.model import MeasuredView
from advisor.report import document_json
from advisor.report.build import build
from advisor.report.candidates import sample_summaries
from advisor.report.redact import cleaner, redacted


def made(recommendation=None, **options):
    options = {"grid": fakes.GRID, "versions": fakes.VERSIONS, "redact": False, **options}
    return build(recommendation or fakes.recommendation(), **options)


def test_the_answer_has_the_pick_its_reasons_and_four_figures_with_ranges():
    answer = made().answer
    assert answer.model == "acme/small-embedder"
    assert answer.reason.startswith("It needs 1 GiB")
    assert answer.smaller.startswith("other/tiny")
    assert answer.larger.startswith("acme/base-embedder")
    assert [row.key for row in answer.key_figures] == [
        "memory", "rate", "energy_per_1000_queries", "carbon_per_1000_queries",
    ]  # fmt: skip
    assert all(row.quantity.low < row.quantity.value < row.quantity.high for row in answer.key_figures)


def test_a_measurement_at_the_same_sizes_replaces_the_estimate_in_the_answer():
    view = MeasuredView(
        probe_id="p", created=fakes.CREATED, evidence="measured-synthetic", same_workload=True,
        memory=fakes.span(0.9 * fakes.GIB, "B", "measured-synthetic"),
        time_to_first_token=fakes.span(0.047, "s", "measured-synthetic"),
        time_per_token=fakes.span(0.01, "s", "measured-synthetic"),
        rate=fakes.span(21.3, "queries/s", "measured-synthetic"), grade="A",
    )  # fmt: skip
    row = msgspec.structs.replace(fakes.row(1, "a/a", rank=1), measured=view, evidence="measured-synthetic")
    document = made(fakes.recommendation(rows=[row]))
    figures = {item.key: item.quantity for item in document.answer.key_figures}
    assert figures["rate"].value == 21.3
    assert figures["memory"].evidence == "measured-synthetic"
    assert "needs about 922 MiB (" in document.answer.sentence  # the verdict and the figure below it agree
    assert document.candidates[0].evidence == "estimated"  # the list shows the estimates
    comparison = {item.key: item for item in document.candidates[0].comparison}
    assert comparison["rate"].difference == "6 % low"
    assert comparison["time_per_token"].difference == ""
    other_sizes = msgspec.structs.replace(row, measured=msgspec.structs.replace(view, same_workload=False))
    document = made(fakes.recommendation(rows=[other_sizes]))
    assert document.answer.key_figures[1].quantity.value == 20.0
    assert "other sizes" in document.candidates[0].comparison_note


def test_without_a_region_the_fourth_figure_is_time():
    row = fakes.row(1, "a/a", rank=1)
    row = msgspec.structs.replace(row, carbon_per_1000_queries=fakes.unknown("g", "no country is chosen"))
    answer = made(fakes.recommendation(rows=[row])).answer
    assert answer.key_figures[3].key == "time_per_query"


def test_no_pick_says_what_stands_in_the_way():
    document = made(fakes.recommendation(picked=False))
    assert document.answer is None
    assert document.why_no_answer == "Nothing fits into 0.2 GiB; allow 0.4 GiB."
    assert document.formats == ()


def test_every_model_stands_once_and_the_pick_in_its_other_formats_apart():
    rows = [
        fakes.row(1, "a/a", rank=1), fakes.row(2, "a/a", "onnx-fp32", rank=2), fakes.row(3, "b/b", rank=3),
        fakes.row(4, "c/c", rank=4),
    ]  # fmt: skip
    document = made(fakes.recommendation(rows=rows), top=2)
    assert [(view.model, view.format) for view in document.candidates] == [
        ("a/a", "onnx-int8-dynamic"), ("b/b", "onnx-int8-dynamic"),
    ]  # fmt: skip
    assert [view.format for view in document.formats] == ["onnx-fp32"]


def test_the_pick_comes_first_even_when_the_table_was_sorted_otherwise():
    answer = fakes.recommendation()
    answer.order = list(reversed(answer.order))
    assert made(answer, top=3).candidates[0].model == "acme/small-embedder"


def test_every_figure_has_evidence_and_basis():
    for view in made().candidates:
        keys = {row.key for row in view.figures}
        assert {"memory", "weights", "rate", "energy_per_1000_queries", "carbon_per_1000_queries"} <= keys
        assert all(row.quantity.basis and row.quantity.evidence and row.label for row in view.figures)


def test_approaches_tell_needs_limits_and_which_was_chosen():
    rows = made().approaches
    assert [(row.chosen, row.possible) for row in rows] == [(True, True), (False, False)]
    assert rows[1].why_not.startswith("No model for these six topics")


def test_carbon_names_country_year_and_source():
    carbon = made().carbon
    assert (carbon.country, carbon.year) == ("Germany", 2024)
    assert any("Ember" in line and "2024" in line for line in made().sources)
    assert build(fakes.recommendation(), redact=False).carbon.country == "Germany"  # looked up by the task's region


def test_an_unknown_region_gives_no_carbon_note():
    answer = fakes.recommendation()
    answer.summary = msgspec.structs.replace(
        answer.summary, task=msgspec.structs.replace(answer.summary.task, region="XXX")
    )
    assert build(answer, redact=False).carbon is None


def test_published_figures_are_those_of_the_models_shown_and_say_they_are_not_comparable():
    rows = [fakes.row(1, "meta-llama/Llama-3.1-8B-Instruct", rank=1), fakes.row(2, "microsoft/phi-4", rank=2)]
    published = made(fakes.recommendation(rows=rows)).published
    assert [item.model for item in published] == ["Mean of the text classifiers tested", "phi-4"]
    assert all("not comparable" in item.energy.basis and item.test_date for item in published)
    assert [item.stars for item in published if item.model == "phi-4"] == [1]
    sources = made(fakes.recommendation(rows=rows)).sources
    assert sum("AI Energy Score" in line for line in sources) == 1
    assert sum("Power Hungry Processing" in line for line in sources) == 1
    assert not any("AI Energy Score" in line for line in made().sources)  # only what is shown
    assert [item.model for item in made().published] == ["Mean of the text classifiers tested"]


def test_probes_stand_beside_the_estimate_for_the_same_sizes_only():
    same, other = fakes.probe(), fakes.probe(workload=msgspec.structs.replace(fakes.WORKLOAD, num_input_tokens=64))
    unknown_model = fakes.probe(model="not/here")
    views = made(probes=[unknown_model, same, other]).probes
    assert [view.model for view in views] == ["acme/small-embedder", "acme/small-embedder", "not/here"]
    assert views[0].comparison
    assert "Estimate 20, 6 % low." in views[0].sentence
    assert views[1].comparison == ()
    assert any("not those of this task" in row.text for row in views[1].conditions)
    assert ("Layers measured", "2 and 4 of 12, the rest extended from them") in [
        (row.label, row.text) for row in views[0].conditions
    ]


def test_live_readings_are_summed_up():
    summaries = {item.label: item for item in sample_summaries(fakes.samples())}
    power = summaries["Power"]
    assert (power.lowest.value, power.highest.value, power.num_samples) == (15.0, 18.0, 40)
    assert summaries["Time of one step"].num_samples == 19
    assert sample_summaries(()) == ()


def test_the_computer_is_told_with_sources_and_reasons():
    rows = {row.label: row for row in made().machine}
    assert (rows["Memory, free"].text, rows["Memory, free"].source) == ("11 GiB", "/proc/meminfo")
    assert rows["Shared memory of the graphics processor"].text == "1 GiB"
    assert rows["Virtual machine"].text == "no"
    planned = fakes.profile()
    total = msgspec.structs.replace(planned.memory.total_bytes, value=None, why_unknown="it was not readable")
    limit = fakes.fact(fakes.GIB)
    memory = msgspec.structs.replace(planned.memory, total_bytes=total, cgroup_limit_bytes=limit)
    planned = msgspec.structs.replace(planned, gpus=(), memory=memory)
    answer = fakes.recommendation()
    answer.summary = msgspec.structs.replace(answer.summary, machine=planned)
    rows = {row.label: row for row in made(answer).machine}
    assert (rows["Memory, total"].text, rows["Memory, total"].source) == ("no data", "it was not readable")
    assert rows["Graphics processor"].text == "none found"
    assert rows["Memory limit of the container"].text == "1 GiB"


def test_the_task_marks_what_the_user_did_not_say():
    rows = {row.label: row for row in made().task}
    assert rows["Input per query"].assumed
    assert rows["Languages"].text == "German and Hindi"
    assert rows["Answer within"].text == "1 s"
    assert not rows["Labels"].assumed


def test_redaction_is_on_by_default_and_takes_out_host_user_and_home():
    text = f"log of {fakes.USER} on {fakes.HOST}.example.org in {fakes.HOME}/secret, C:\\Users\\Bob\\x"
    text += ", serial number: XK-12345"
    document = build(fakes.recommendation(text=text), probes=[fakes.probe()], grid=fakes.GRID, versions=fakes.VERSIONS)
    raw = document_json.render(document).decode()
    assert document.redacted
    for secret in (fakes.HOST, fakes.USER, "berta", fakes.HOME, "/home/", "Bob", "XK-12345"):
        assert secret not in raw, secret
    assert document.machine_name == "this computer"
    assert "~/secret" in document.task_text
    plain = made(fakes.recommendation(text=text))
    assert fakes.HOST in document_json.render(plain).decode()
    assert fakes.USER in plain.task_text
    assert not plain.redacted


def test_redaction_uses_this_computer_when_nothing_is_given(monkeypatch):
    monkeypatch.setenv("LOGNAME", "carla.q")
    monkeypatch.setattr("platform.node", lambda: "carlas-pc.lan")
    text = "carla.q wrote this on Carlas-PC and carlas-pc.lan"
    document = redacted(made(fakes.recommendation(text=text)))
    assert document.task_text == "[user] wrote this on [host] and [host]"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GPU-9f1c2d3e-aaaa-bbbb-cccc-1234567890ab", "GPU-[number]"),
        ("network card 00:1A:2b:3c:4d:5e is up", "network card [number] is up"),
        ("S/N: ABC12345 here", "[number] here"),
        ("serial port of the root folder", "serial port of the root folder"),
        ("/Users/eve/models and D:\\Users\\eve\\x", "~/models and ~\\x"),
        ("/data/me/models", "~/models"),
        ("The ada model by adams", "The [user] model by adams"),
        ("square root and user admin", "square root and user admin"),
    ],
)
def test_one_text_is_cleaned(text, clean):
    assert cleaner(hosts=("x", "localhost"), users=("ada", "root", ""), home="/data/me")(text) == clean


def test_published_names_and_codes_are_never_changed():
    document = redacted(made(), host="acme", user="small-embedder", home="/nowhere")
    assert document.answer.model == "acme/small-embedder"
    assert document.candidates[0].model == "acme/small-embedder"
    assert "acme" not in document.answer.smaller + document.answer.larger
