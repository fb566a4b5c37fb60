"""The section on energy and carbon: each part against the figures it stands for, and what is missing."""

import re
import subprocess
import xml.etree.ElementTree as ElementTree

import energy_fakes
import fakes_report as fakes
import msgspec
import pytest

from advisor.energy import standard, training
from advisor.evidence import unknown
from advisor.probe import energy_answer
from advisor.recommend import advise
from advisor.recommend.rank import same_energy
from advisor.recommend.recommendation import Recommendation
from advisor.report import energy_tables, export, html, markdown, pdf, row_use
from advisor.report.build import build
from advisor.report.energy_figures import energy_drawings
from advisor.settings import Settings
from advisor.task import describe

CHAT = "chat with customers in English, 1000 a day in France"
EVERYTHING = {"num_queries_per_day": 500.0, "region": "DE", "price_per_kwh": 0.30, "with_embodied": True}


def chosen(**changes):
    return standard.conditions(fakes.profile(), **EVERYTHING | changes)


def of(section, label):
    return next(item.quantity for item in section.figures if item.label == label)


def block(document, title):
    return next(item for item in energy_tables.blocks(document) if item.title.startswith(title))


def text_of(document, kind, tmp_path):
    if kind != "pdf":
        return " ".join(export.render(document, kind).decode("utf-8").split())
    file = tmp_path / "x.pdf"
    file.write_bytes(pdf.render(document))
    done = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split())


def no_region(answer):
    task = msgspec.structs.replace(answer.summary.task, region=None, num_queries_per_day=None)
    answer.summary = msgspec.structs.replace(answer.summary, task=task)
    return answer


@pytest.fixture(scope="module")
def chat():
    return advise.advise(describe.describe(CHAT).task, fakes.profile())


def test_a_metered_probe_gives_all_units_from_its_gross_energy():
    recommendation, probe = energy_fakes.metered()
    section = build(recommendation, probes=[probe], grid=fakes.GRID, chosen=chosen(), redact=False).energy
    query_j = probe.energy.per_query_gross_j.value
    per_1000 = of(section, "Energy of 1,000 queries")
    assert per_1000.value == pytest.approx(query_j / 3.6)
    assert per_1000.evidence == "measured-synthetic"
    assert per_1000.low < per_1000.value < per_1000.high
    assert of(section, "Energy of a year").value == pytest.approx(query_j / 3.6 * 0.5 * 365)
    assert of(section, "Energy of a token written").value == pytest.approx(probe.energy.per_output_token_j.value)
    assert of(section, "CO2e of 1,000 queries").value == pytest.approx(query_j / 3.6 * 0.342)
    assert of(section, "Cost of a year").value == pytest.approx(query_j / 3.6 * 0.5 * 365 * 0.30 / 1000)
    assert of(section, "Battery, 1,000 queries").unit == "min"
    assert of(section, "Making of the computer, 1,000 queries").value > 0
    assert all(item.quantity.basis for item in section.figures)
    one, thousand = section.sci
    assert (one.functional_unit, thousand.functional_unit) == ("one query", "1,000 tokens written")
    assert one.score.value == pytest.approx(one.energy.value * one.intensity.value + one.embodied.value)
    assert thousand.score.value == pytest.approx(50 * one.score.value)
    assert "ISO/IEC 21031" in one.method
    assert one.boundary == probe.energy.boundary


def test_the_grid_the_rows_were_made_with_is_that_of_the_section():
    """Even where the settings name another country."""
    recommendation, probe = energy_fakes.metered()
    made = build(recommendation, probes=[probe], grid=fakes.GRID, chosen=chosen(region="FR"), redact=False)
    assert made.energy.settings[0].startswith("Electricity: Germany: 342 g/kWh")
    assert made.carbon.country == "Germany"
    assert of(made.energy, "CO2e of 1,000 queries").value / of(made.energy, "Energy of 1,000 queries").value == (
        pytest.approx(0.342)
    )


def test_gross_and_net_phases_checks_and_meters_of_the_probe_are_told():
    made = energy_fakes.metered_report()
    section = made.energy
    assert section.measured
    assert section.how.startswith("Energy, measured (quick protocol). Measured with RAPL of the processor")
    assert "The weights were made up" in section.how
    gross, net = (item.quantity for item in section.ranges[:2])
    assert net.value < gross.value
    assert [row.phase for row in section.phases] == ["Loading the model", "Reading the input", "Writing the answer"]
    assert [row.unit for row in section.phases] == ["a load", "an input", "a token"]
    assert section.phases[1].gross.value == pytest.approx(3.5, rel=0.02)  # 35 W for 0.1 s
    assert section.phases[1].net.value == pytest.approx(2.4, rel=0.02)  # 24 W above the idle of 11 W
    assert {row.passed for row in section.checks} == {True, False}
    assert any(row.verdict == "✕ not passed" and "Other programs" in row.text for row in section.checks)
    assert [row.used for row in section.meters] == [True, False, False, False]
    assert [row.why for row in section.meters][1] == "root only"
    assert any("Not counted: memory" in text for text in section.excluded)
    assert any("with the model loaded 11 W" in text for text in section.holding)
    assert section.boundary == f"Counted: {energy_fakes.measured().boundary.rstrip('.')}."


def test_net_energy_below_the_detection_limit_is_told_as_less_than():
    made = energy_fakes.metered_report(energy_fakes.probe(fakes.WORKLOAD, busy_w=11.05))
    prefill = next(row for row in made.energy.phases if row.phase == "Reading the input")
    assert prefill.net_text.startswith("below detection limit (<")
    rows = {row[0]: row for table in block(made, "How the energy").tables for row in table.rows}
    assert rows["Processor: reading the input"][3] == prefill.net_text


@pytest.mark.parametrize("kind", ["html", "md", "pdf"])
def test_every_kind_of_report_has_the_whole_section(kind, tmp_path):
    text = text_of(energy_fakes.metered_report(chosen=chosen()), kind, tmp_path)
    for piece in (
        "Energy and carbon", "quick protocol", "Counted: processor package", "Energy of a token written",
        "Making of the computer, a year", "R = one query", "above idle",
        "Reading the input" if kind == "pdf" else "reading the input", "not passed", "RAPL by performance events",
        "Mean of the text classifiers tested", "What a year of 500 queries a day means", "Training against use",
        "Energy of the other candidates", "yearly average of 2024", "0.3 EUR/kWh, as you set it",
        "Not counted: memory", "with the model loaded 11 W", "Loading the model once takes 10 J",
    ):  # fmt: skip
        assert piece in text, piece


@pytest.mark.parametrize("kind", ["html", "md", "pdf"])
def test_what_is_missing_says_why_and_is_never_zero(kind, tmp_path):
    made = build(no_region(fakes.recommendation()), versions=fakes.VERSIONS)
    text = text_of(made, kind, tmp_path)
    for piece in (
        "No country chosen: energy only, no CO2e.", "No data: no country of the electricity grid is chosen",
        "No data: no price of electricity is set", "No data: how many queries a day is not said",
        "No data: the share of the computer's making is switched off", "No data: no training energy is published",
        "no probe has looked for any yet", "Not measured: a typical range of power without a meter",
    ):  # fmt: skip
        assert piece.replace("'", "&#39;") in text or piece in text, piece
    assert all(row.quantity.value != 0 for row in made.energy.figures)


def test_without_a_meter_the_words_never_say_measured(chat):
    section = build(chat).energy
    assert not section.measured
    assert section.how.startswith("Not measured:")
    assert {item.quantity.evidence for item in section.figures} <= {"assumed", "excluded"}
    assert section.phases == section.checks == section.parts == ()


def test_the_report_and_the_window_show_the_same_figures(chat):
    settings = Settings(price_per_kwh=0.3, with_embodied=True, region="FRA")
    uses = row_use.Uses(chat.summary, settings, ())
    row = chat.row(chat.pick.index)
    section = build(chat, chosen=row_use.conditions(chat.summary, settings), redact=False).energy
    shown = {line.label: line.text for line in row_use.lines(row, uses)}
    for item in section.figures:
        if item.quantity.value is not None:
            assert shown[item.label] == energy_tables.figure_table([item], "").rows[0][1]
    assert [item.sentence for item in section.meanings] == [line.label for line in row_use.meanings(row, uses)]


def test_daily_terms_have_their_arithmetic(chat):
    rows = block(build(chat), "What a year of 1,000").tables[0].rows
    assert len(rows) >= 3
    for sentence, arithmetic, basis in rows:
        left, right = arithmetic.split(" = ")
        assert " / " in left
        assert right
        assert sentence
        assert basis


def test_training_is_set_against_use_where_it_is_published():
    known = next(item for item in training.trainings() if item.models)
    rows = [fakes.row(1, known.models[0], rank=1)]
    made = build(fakes.recommendation(rows=rows), versions=fakes.VERSIONS)
    told = training.break_even(known, rows[0].energy_per_1000_queries, 500.0)
    assert told.sentence in made.energy.training
    assert made.energy.training in " ".join(block(made, "What a year").points)


def test_two_measured_candidates_that_cannot_be_told_apart_are_not_called_different(chat):
    picked = chat.row(chat.pick.index)
    other = next(
        row for index in chat.order if (row := chat.row(int(index))).model != picked.model and not row.rejections
    )
    axes = chat.data.axes

    def against(doubt):
        wide = axes.energy_doubt.copy()
        wide[[picked.index, other.index]] = doubt
        data = msgspec.structs.replace(chat.data, axes=msgspec.structs.replace(axes, energy_doubt=wide))
        told = Recommendation(data, lambda _answer: chat.summary)
        assert same_energy(data.axes, picked.index, other.index) == (doubt > 1)
        return next(item.against for item in build(told).energy.others if item.model == other.model)

    assert against(5.0) == "no measurable difference"
    assert "of the energy" in against(0.0001) or "times the energy" in against(0.0001)


def test_estimates_closer_than_their_times_are_known_are_not_called_different():
    rows = [fakes.row(1, "a/a", rank=1), fakes.row(2, "b/b", gib=1.1, rank=2), fakes.row(3, "c/c", gib=5.0, rank=3)]
    others = build(fakes.recommendation(rows=rows)).energy.others
    assert [item.against for item in others] == [
        "by the estimate 1.1 times the energy, less than it can tell apart", "5 times the energy, by the estimate",
    ]  # fmt: skip


def test_candidates_that_are_left_out_are_not_compared():
    assert "huge/embedder" not in {item.model for item in build(fakes.recommendation()).energy.others}


def test_without_a_pick_there_is_no_energy_of_one_and_published_figures_stay():
    made = build(fakes.recommendation(picked=False))
    assert made.energy is None
    assert [item.title for item in energy_tables.blocks(made)] == ["Beside published figures"]


def test_a_probe_of_another_model_tells_which_meters_were_looked_for():
    other = energy_fakes.probe(fakes.WORKLOAD)
    made = build(fakes.recommendation(), probes=[other], redact=False)
    assert not made.energy.measured
    assert made.energy.meters[0].name.startswith("RAPL")
    assert "looked for by the probe of acme/small-embedder on 2026-11-23" in made.energy.meters_note


def test_energy_that_is_not_known_has_a_reason_in_every_place():
    row = msgspec.structs.replace(
        fakes.row(1, "a/a", rank=1), energy_per_1000_queries=unknown("Wh", "the power is not known")
    )
    made = build(fakes.recommendation(rows=[row]))
    assert made.energy.how == "Energy of this candidate is not known: the power is not known."
    assert made.energy.meanings == ()
    assert made.energy.published is None
    text = markdown.render(made)
    assert "| Energy of 1,000 queries | No data: the power is not known |  |  |" in text
    assert "No data: the energy is not known, or fits no daily term." in text


def along(svg, phase):
    shape = re.search(rf'<path d="([^"]+)"[^>]*fill: var\(--phase-{phase}\)', svg).group(1)
    ends = [float(x) for x in re.findall(r"[ML] ([\d.]+) ", shape)]
    return min(ends), max(ends)


def test_the_bar_of_a_query_is_stacked_in_proportion():
    made = energy_fakes.metered_report()
    drawing = energy_drawings(made, themed=True)["energy-phases"]
    ElementTree.fromstring(drawing.svg)
    parts = {part.phase: part.energy.value for part in made.energy.parts}
    prefill, decode, load = (along(drawing.svg, phase) for phase in ("prefill", "decode", "load"))
    assert prefill[1] == pytest.approx(decode[0], abs=0.01)
    assert load[0] == pytest.approx(prefill[0], abs=0.01)
    scale = (prefill[1] - prefill[0]) / parts["prefill"]
    assert (decode[1] - decode[0]) / parts["decode"] == pytest.approx(scale, rel=0.01)
    assert (load[1] - load[0]) / parts["load"] == pytest.approx(scale, rel=0.01)
    query = made.energy.ranges[0].quantity.value
    assert parts["prefill"] + parts["decode"] == pytest.approx(query, rel=0.01)
    assert "Measured." in drawing.caption


def test_loading_that_would_flatten_the_query_is_told_instead_of_drawn():
    made = energy_fakes.metered_report()
    parts = tuple(
        msgspec.structs.replace(part, energy=fakes.span(9000.0, "J")) if part.phase == "load" else part
        for part in made.energy.parts
    )
    made = msgspec.structs.replace(made, energy=msgspec.structs.replace(made.energy, parts=parts))
    drawing = energy_drawings(made, themed=True)["energy-phases"]
    assert "--phase-load" not in drawing.svg
    assert "Loading takes far more than one query and is not drawn." in drawing.caption
    assert "9 kJ" in drawing.alt or "9,000 J" in drawing.alt


def test_published_figures_lie_where_the_logarithmic_axis_says(chat):
    made = build(chat)
    root = ElementTree.fromstring(energy_drawings(made, themed=True)["energy-published"].svg)
    at = {}
    for text in root.iter("text"):
        moved = re.search(r"translate\(([\d.]+)", text.get("transform", ""))
        at.setdefault((text.text or "").strip(), float(moved.group(1) if moved else text.get("x")))
    mean = next(item for item in made.energy.published.points if item.kind == "task-mean")
    assert mean.energy.value == 47.0
    power = at["100"] - at["10"]
    assert power == pytest.approx(at["1,000"] - at["100"], abs=0.2)
    assert at["47 Wh"] == pytest.approx(at["10"] + 0.6721 * power + 7, abs=2.0)  # 7 points right of the mark


def test_stars_are_official_only(chat):
    made = build(chat)
    assert all(point.stars is None for point in made.energy.published.points if point.kind == "ours")
    rows = block(made, "Beside published").tables[0].rows
    ours = [row for row in rows if row[5] == "this computer"]
    last = next(place for place, row in enumerate(rows) if not row[1].endswith(")"))  # published ones have no range
    assert [row[0] for row in rows[:last]] == [
        point.label for point in made.energy.published.points if point.kind == "ours"
    ]
    assert len(rows) == last + len(made.published)
    assert ours
    assert all(row[2] == "" for row in ours)
    starred = [row for row in rows if row[2]]
    assert starred
    assert all("AI Energy Score" in row[4] and re.search(r"20\d\d", row[4]) for row in starred)


def test_the_page_has_titles_for_its_figures_and_headers_for_its_tables():
    text = html.render(energy_fakes.metered_report())
    part = text[text.index('<section aria-labelledby="energy">') :]
    part = part[: part.index("</section>")]
    assert part.count("<svg") == 2
    for name in ("energy-phases", "energy-published"):
        assert f'aria-labelledby="{name}-title"' in part
        assert f'id="{name}-title"' in part
    assert part.count("<table>") == part.count("<thead>") >= 8
    assert 'colspan="3">No data: no price' in part


def test_per_1000_queries_of_report_and_probe_agree():
    recommendation, probe = energy_fakes.metered()
    section = build(recommendation, probes=[probe]).energy
    assert of(section, "Energy of 1,000 queries").value == pytest.approx(
        energy_answer.per_1000_queries(probe.energy, "").value
    )


def test_a_probe_without_a_meter_gives_a_typical_range_and_says_so(tmp_path):
    banded = msgspec.structs.replace(energy_fakes.banded_probe(), workload=fakes.WORKLOAD)
    made = energy_fakes.metered_report(banded)
    section = made.energy
    assert not section.measured
    assert section.how.startswith("Estimated: no meter could be read")
    per_1000 = of(section, "Energy of 1,000 queries")
    assert per_1000.evidence == "assumed"
    assert per_1000.high / per_1000.low > 2
    assert {row.gross.evidence for row in section.phases} == {"assumed"}
    assert not any(row.used for row in section.meters)
    assert not any("idle at" in text for text in section.holding)  # nothing read it
    assert "Estimated, no meter." in energy_drawings(made, themed=True)["energy-phases"].caption
    text = text_of(made, "pdf", tmp_path)
    assert "Energy, measured" not in text
