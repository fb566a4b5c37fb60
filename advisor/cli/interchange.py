"""`export-energy` and `compare-codecarbon`: energy in the forms of other tools, and theirs beside ours."""

import contextlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from advisor.cli import energy_inputs, inputs
from advisor.cli.options import Embodied, GramsPerKwh, JsonFlag, Region
from advisor.cli.output import Output
from advisor.energy.standard import Conditions
from advisor.errors import InvalidInputError, NotFoundError
from advisor.hardware.model import HardwareProfile
from advisor.probe.onnx_file.plan import OnnxFileResult
from advisor.probe.plan import ProbeResult

FormatChoice = StrEnum(
    "FormatChoice",
    {"CANONICAL": "canonical", "CODECARBON": "codecarbon", "AIES": "aies", "SCI": "sci", "BOAMPS": "boamps"},
)
"""As `report.interchange.formats.FORMATS`."""
LATEST = "latest"
_QUERIES = 1000
_MOST_SHOWN = 5
_LEAST_OF_ID = 4
Result = ProbeResult | OnnxFileResult


def export_energy(
    file: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="What to write; for aies a folder of three files.")
    ],
    probe_id: Annotated[
        str, typer.Argument(metavar="PROBE_ID|latest", help="Id of a measurement (`probe --json` prints it).")
    ] = LATEST,
    format_id: Annotated[
        FormatChoice, typer.Option("--format", "-f", help="codecarbon adds a row to an existing emissions.csv.")
    ] = FormatChoice.CANONICAL,
    queries: Annotated[int, typer.Option("--queries", metavar="N", help="Totals are of so many queries.")] = _QUERIES,
    region: Region = None,
    grid_g_per_kwh: GramsPerKwh = None,
    embodied: Embodied = False,
) -> None:
    """Write the energy of a measurement for other tools: CodeCarbon, AI Energy Score, SCI, BoAmps, or all we know."""
    from advisor.report.interchange import checker, formats

    output = Output(as_json=False)
    here, results, profiles = _known()
    result = _named(probe_id, results, here)
    profile = _machine_of(result, here, profiles)
    document = _document(result, profile, _conditions(profile, region, grid_g_per_kwh, embodied), queries)
    for finding in checker.check(document):
        output.note(f"{finding.where}: {finding.text}")
    for line in formats.write(document, file, format_id.value):
        output.line(line)


def compare_codecarbon(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The emissions.csv that CodeCarbon wrote.")],
    queries: Annotated[int, typer.Option("--queries", metavar="N", help="Ours are of so many queries.")] = _QUERIES,
    region: Region = None,
    grid_g_per_kwh: GramsPerKwh = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what CodeCarbon measured beside this app's latest measurements: Wh, time, watts, g/kWh, what is counted."""
    from advisor.report.interchange import codecarbon_read, compare

    output = Output(as_json=as_json)
    theirs = codecarbon_read.read(file)
    here, results, _ = _known()
    chosen = _conditions(here, region, grid_g_per_kwh, embodied=False)
    mine = [result for result in results if _usable(result) and result.fingerprint == here.fingerprint]
    ours = [_document(result, here, chosen, queries) for result in mine[:_MOST_SHOWN]]
    if as_json:
        output.document(compare.compare_json(theirs, ours))
        return
    output.table(compare.TITLES, compare.rows(theirs, ours), right=frozenset(range(2, 9)), wide=9)
    for line in compare.sentences(theirs, ours):
        output.line(line)
    if not ours:
        output.note("No measurement of this computer has energy yet: `probe MODEL --energy quick` makes one.")


def _known() -> tuple[HardwareProfile, tuple[Result, ...], tuple[HardwareProfile, ...]]:
    """Return this machine, all measurements newest first, and the machines they were made on."""
    from advisor.hardware import detect

    with contextlib.closing(inputs.open_history()) as history:
        results: list[Result] = [*history.probes(), *history.file_probes()]
        profiles = history.profiles()
        if history.notice:
            Output(as_json=False).note(history.notice)
    results.sort(key=_when, reverse=True)
    return detect.detect(), tuple(results), profiles


def _when(result: Result) -> float:
    from datetime import datetime

    return datetime.fromisoformat(result.created).timestamp()


def _usable(result: Result) -> bool:
    return result.energy is not None and result.outcome == "finished"


def _named(word: str, results: Sequence[Result], here: HardwareProfile) -> Result:
    """Return the measurement that was asked for.

    Raises:
        NotFoundError: `probe-not-found` or `energy-not-found`.
        InvalidInputError: `probe-ambiguous`.
    """
    if word == LATEST:
        found = next((one for one in results if _usable(one) and one.fingerprint == here.fingerprint), None)
        if found is None:
            raise NotFoundError(
                "energy-not-found",
                "No measurement of this computer has energy.",
                remedy="Make one with `probe MODEL --energy quick`.",
            )
        return found
    exact = [one for one in results if one.id == word]
    near = exact or [one for one in results if len(word) >= _LEAST_OF_ID and one.id.startswith(word)]
    if not near:
        raise NotFoundError("probe-not-found", f"There is no measurement {word[:60]!r} here.", remedy=_ids(results))
    if len(near) > 1:
        raise InvalidInputError("probe-ambiguous", f"{word!r} begins several ids.", remedy=_ids(near))
    return near[0]


def _ids(results: Sequence[Result]) -> str:
    known = [f"{one.id} ({_name(one)}, {one.created[:10]})" for one in results if _usable(one)][:_MOST_SHOWN]
    return f"Those with energy: {'; '.join(known)}." if known else "None has energy: `probe MODEL --energy quick`."


def _name(result: Result) -> str:
    return result.model if isinstance(result, ProbeResult) else Path(result.file).name


def _machine_of(result: Result, here: HardwareProfile, kept: Sequence[HardwareProfile]) -> HardwareProfile:
    """Return the machine a measurement was made on.

    Raises:
        NotFoundError: `machine-not-found`.
    """
    found = next((one for one in (here, *kept) if one.fingerprint == result.fingerprint), None)
    if found is None:
        raise NotFoundError(
            "machine-not-found",
            f"The measurement {result.id} was made on another computer, which is not kept here.",
            remedy="Export it there.",
        )
    return found


def _conditions(
    profile: HardwareProfile, region: str | None, g_per_kwh: float | None, embodied: bool
) -> Conditions:  # fmt: skip
    return energy_inputs.conditions(
        profile, num_queries_per_day=None, region=region, g_per_kwh=g_per_kwh, price_per_kwh=None, currency=None,
        with_embodied=embodied,
    )  # fmt: skip


def _document(result: Result, profile: HardwareProfile, chosen: Conditions, queries: int) -> dict[str, Any]:
    from advisor.report.interchange import canonical, run

    if isinstance(result, OnnxFileResult):
        made = run.of_file(result)
    else:
        num_parameters, task = _of_catalog(result.model)
        made = run.of_probe(result, num_parameters=num_parameters, task=task)
    return canonical.build(made, profile, chosen, num_queries=queries)


def _of_catalog(model_id: str) -> tuple[int | None, str | None]:
    """Return the parameters and the task of a model as its card states them."""
    from advisor.catalog import own_models

    try:
        card = own_models.catalog().by_id(model_id)
    except NotFoundError:
        return None, None
    return card.parameters.num_published or card.parameters.num_computed, next(iter(card.tasks), None)
