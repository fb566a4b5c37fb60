"""`recommend`: the smallest model that is enough."""

from typing import TYPE_CHECKING, Annotated

import typer

from advisor import units
from advisor.cli import energy_inputs, inputs, models
from advisor.cli.options import (
    Controls,
    Currency,
    Embodied,
    Facts,
    GramsPerKwh,
    JsonFlag,
    MachineFile,
    Memory,
    OptionalTaskText,
    PresetName,
    Price,
    Region,
)
from advisor.cli.output import Output
from advisor.evidence import Quantity
from advisor.recommend.model import CandidateRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from advisor.energy.standard import Conditions, StandardFigures
    from advisor.probe.plan import ProbeResult
    from advisor.recommend.recommendation import Recommendation
    from advisor.report.public_parts import Document

EXIT_NO_PICK = 3


def recommend(
    task: OptionalTaskText = None,
    controls: Controls = None,
    asked: models.AskedModels = None,
    preset: PresetName = None,
    region: Region = None,
    grid_g_per_kwh: GramsPerKwh = None,
    price: Price = None,
    currency: Currency = None,
    embodied: Embodied = False,
    machine: MachineFile = None,
    facts: Facts = None,
    memory: Memory = None,
    device: Annotated[str, typer.Option("--device", help="cpu, or gpu:0 where one was found.")] = "cpu",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many candidates to show.")] = 10,
    show_all: Annotated[bool, typer.Option("--all", help="Show every candidate, those that do not fit too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Find the smallest model and quantization that is enough for a task on this computer."""
    from advisor.probe.calibration_plan import runtime_version
    from advisor.recommend import advise
    from advisor.report import calibration, public, relatives, standard_units, wording

    output = Output(as_json=as_json)
    words, fields = energy_inputs.task_words(task, preset)
    description, spec = inputs.task(words, controls, region, fields)
    profile = inputs.machine(machine, facts, memory)
    known, asked_ids = models.with_asked(asked, output)
    probes = inputs.probes_of(profile)
    chosen = energy_inputs.conditions(
        profile,
        num_queries_per_day=spec.num_queries_per_day,
        region=spec.region,
        g_per_kwh=grid_g_per_kwh,
        price_per_kwh=price,
        currency=currency,
        with_embodied=embodied,
    )
    answer = advise.advise(
        spec,
        profile,
        catalog=known,
        probes=probes,
        device=device,
        reserve_bytes=inputs.reserve_bytes(),
        region=inputs.chosen_region(),
        g_per_kwh=energy_inputs.own_intensity(grid_g_per_kwh, spec.region),
        calibration=inputs.calibration_of(profile),
        runtime_version=runtime_version(),
        compressions=inputs.compressions_of(profile),
    )
    if as_json:
        part = None if answer.pick is None else standard_units.use_json(_use(answer, chosen, device, probes), chosen)
        document = public.recommend_json(answer, limit=None if show_all else limit, use=part)
        document["candidates"] += [public.candidate_json(row) for row in _unlisted(answer, asked_ids, document)]
        output.document(document)
        raise typer.Exit(0 if answer.pick is not None else EXIT_NO_PICK)
    output.heading(f"Task: {wording.kind_label(spec.kind)}")
    for chip in description.chips:
        output.line(f"  {chip.label}")
    if description.not_understood:
        output.line(f"  Not understood: {', '.join(description.not_understood)}")
    for note in description.notes:
        output.line(f"  {note}")
    output.line()
    if answer.pick is None:
        output.heading("No candidate meets every need")
        output.line(answer.summary.why_no_pick)
    else:
        picked = answer.row(answer.pick.index)
        reason = answer.pick.reason
        output.heading(f"Pick: {picked.model}, {wording.format_label(picked.format)}")
        told = standard_units.sentences(_use(answer, chosen, device, probes), chosen)
        told += relatives.told(answer, picked)
        for text in (reason.pick, reason.smaller, reason.larger, *reason.caveats, *told):
            output.line(text)
    if asked_ids:
        output.line()
        models.print_asked(output, answer, known, asked_ids)
    output.line()
    shown = _shown(answer, None if show_all else limit)
    if output.in_terminal:
        _print_narrow(output, shown, with_carbon=chosen.intensity is not None)
    else:
        _print_wide(output, shown)
    others = "" if show_all or answer.pick is None else " One format for each model; --all shows the others."
    shown_of = f"{len(shown)} of {answer.summary.num_candidates:,} candidates shown."
    taught = calibration.lessons(answer.summary.learned, num_made=len(probes))
    output.note(" ".join(part for part in (f"{shown_of}{others}", taught, wording.energy_note()) if part))
    if answer.pick is None:
        raise typer.Exit(EXIT_NO_PICK)


def _use(
    answer: "Recommendation", chosen: "Conditions", device: str, probes: "Sequence[ProbeResult]"
) -> "StandardFigures":
    """Return the pick in standard units."""
    from advisor.recommend import known_power, use

    assert answer.pick is not None  # noqa: S101 - the caller has looked
    row = answer.row(answer.pick.index)
    power = known_power.power_model(answer.summary.machine, device, tuple(probes))
    workload = answer.part_of(row.index).approach.workload
    return use.figures(row.energy_per_1000_queries, row.estimate, workload, power, chosen)


def _shown(answer: "Recommendation", limit: int | None) -> list[CandidateRow]:
    """Return the pick and the best format of each other model, best first; all candidates without a limit."""
    if limit is None or answer.pick is None:
        return [answer.row(int(index)) for index in answer.order[:limit]]
    return [answer.row(answer.pick.index), *answer.alternatives(limit - 1)]


def _unlisted(answer: "Recommendation", asked: "Sequence[str]", document: "Document") -> list[CandidateRow]:
    """Return the best candidates of models that were asked for and are not in the document yet."""
    from advisor.report import own_models

    listed = {(item["model"], item["format"]) for item in document["candidates"]}
    found = [own_models.best_row(answer, model_id) for model_id in asked]
    return [row for row in found if row is not None and (row.model, row.format) not in listed]


def _quality(row: CandidateRow) -> tuple[str, str]:
    if row.quality.value is None:
        return units.NO_DATA, ""
    return units.number(row.quality.value, 3), row.quality.benchmark or ""


def _print_narrow(output: Output, rows: list[CandidateRow], *, with_carbon: bool) -> None:
    """Value above, range below, so that a usual terminal is wide enough."""
    from advisor.report import wording

    def stacked(item: Quantity) -> str:
        return f"{wording.amount(item)}\n{wording.short_range(item)}"

    titles = ["Verdict,\nevidence", "Model, format, approach, quality"]
    titles += ["Memory", "Time\nper query", "Energy per\n1,000 queries"]
    titles += ["CO2e per\n1,000 queries"] if with_carbon else []
    cells = []
    for row in rows:
        figures = [row.estimate.memory, row.estimate.time_per_query, row.energy_per_1000_queries]
        figures += [row.carbon_per_1000_queries] if with_carbon else []
        approach = f"{row.format}; {wording.approach_label(row.approach)}"
        name = f"{wording.marked(row.model, yours=row.yours)}\n{approach}\n{' '.join(_quality(row))}"
        cells.append((f"{wording.verdict_word(row.verdict)}\n{row.evidence}", name, *map(stacked, figures)))
    output.table(titles, cells, right=frozenset({2, 3, 4, 5}), wide=1)


def _print_wide(output: Output, rows: list[CandidateRow]) -> None:
    """One line a candidate, for other programs."""
    from advisor.report import wording

    titles = ("Verdict", "Model", "Format", "Approach", "Memory", "Rate", "Time per query", "Energy per 1,000 queries",
              "CO2e per 1,000 queries", "Quality", "Benchmark", "Evidence")  # fmt: skip
    cells = []
    for row in rows:
        item = row.estimate
        rate = item.rate if row.measured is None else row.measured.rate
        figures = (item.memory, rate, item.time_per_query, row.energy_per_1000_queries, row.carbon_per_1000_queries)
        approach = wording.marked(wording.approach_label(row.approach), yours=row.yours)
        labels = (wording.verdict_word(row.verdict), row.model, row.format, approach)
        cells.append((*labels, *map(wording.figure, figures), *_quality(row), row.evidence))
    output.table(titles, cells)
