"""`probe --weights FOLDER`: a model's real files, measured beside what made-up weights and the estimate say."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer

from advisor.catalog.model import Candidate
from advisor.child.protocol import Outcome
from advisor.cli import inputs, job_run, provider
from advisor.cli.figures import TITLES, print_energy, print_wall, row
from advisor.cli.output import Output
from advisor.errors import AdvisorError, InvalidInputError, InvalidModelError, NotFoundError
from advisor.estimate.model import Estimate
from advisor.hardware.model import HardwareProfile
from advisor.probe.agreement import Agreement
from advisor.probe.energy_settings import EnergyMode
from advisor.probe.plan import ProbeResult
from advisor.probe.weights.plan import WeightsPlan
from advisor.runnable.model import RunnableModel
from advisor.task.model import TaskKind, TaskSpec, Workload

EXIT_PROBE_FAILED = 4
JOB = "probe-weights"
_TIME_LIMIT_FACTOR = 5.0
_LEAST_LIMIT_S = 180.0
_INPUT_REASONS = frozenset({"tokenizer-missing", "tokenizer-invalid", "chat-template-invalid"})
"""Failures of the child that the user's own files brought about, beside those of the code `invalid_model`."""


def probe_weights(
    path: Path, *, model_id: str | None, format_id: str | None, task: str | None, controls: Sequence[str] | None,
    threads: int | None, pinned: bool | None, provider_word: str, energy_mode: EnergyMode, output: Output,
    sys_root: Path, time_share: float, time_box_s: float | None = None,
) -> None:  # fmt: skip
    """Measure a model's files and print what came out beside what was expected.

    Args:
        path: folder, or ONNX file, with the model.
        model_id: what the result is kept under; read from the files by default.
        format_id: the same for the format.
        task: what the user wants done, in words; by default what the model is made for.
        controls: fields of the task that the user set.
        threads: of the runtime; found by a short sweep by default.
        pinned: each thread stays on a processor of its own; the sweep decides by default.
        provider_word: `cpu`, `auto` or a provider to force.
        energy_mode: how energy is measured.
        output: where to print.
        sys_root: where meters are looked for.
        time_share: [1] Of the times of the energy protocol.
        time_box_s: [s] Aim for the whole probe; by the size of the weights by default.

    Raises:
        NotFoundError: the folder, a network or its tokenizer is missing.
        InvalidModelError: the files cannot be run.
    """
    from advisor.hardware import detect
    from advisor.probe import energy_stage
    from advisor.probe.weights import planner
    from advisor.report import beside, calibration, public
    from advisor.runnable import find

    model = find.open_model(_place(path, format_id), model_id=model_id)
    spec = inputs.task(task, controls)[1] if task is not None else None
    kept = format_id or planner.format_of(model)
    chosen = _candidate(model.model_id, kept)
    workload, kind, languages = _sizes(model, chosen, spec, inputs.control_values(controls))
    profile = detect.detect()
    inputs.check_threads(threads, profile)
    recipe = planner.recipe_of(model, workload, kept)
    selection = provider.chosen(
        provider_word, profile, storage_name=recipe.storage_name, decoder=recipe.runner != "query"
    )  # fmt: skip
    for sentence in selection.passed_over:
        output.note(sentence)
    plan = planner.plan(
        model, workload, profile, task_kind=kind, languages=languages, format_id=kept, uses=selection.uses,
        threads=threads, pinned=pinned, time_box_s=time_box_s, energy_mode=energy_mode,
    )  # fmt: skip
    plan = energy_stage.with_root(plan, sys_root, time_share)
    before = _estimate(chosen or _by_headers(model, kept), workload, profile)
    outcome = run(plan, output)
    if outcome.result is None:
        _fail(outcome, plan, before, output)
        return
    result = inputs.probe_result(outcome.result)
    made_up = beside.twin(result, inputs.probes_of(profile))
    agreement = inputs.remember(result, profile)
    if output.as_json:
        output.document(public.probe_json(result, before, agreement, made_up))
        return
    _print(output, result, before, made_up, agreement)
    taught = calibration.lessons(inputs.roofs_of(profile).learned, num_made=len(inputs.probes_of(profile)))
    if taught:
        output.line(taught)


def run(plan: WeightsPlan, output: Output) -> Outcome:
    """Run a probe in a child with progress in the terminal; Ctrl+C stops it and leaves nothing behind."""
    from advisor.probe import energy_stage

    mode = "off" if plan.energy is None else plan.energy.mode
    return job_run.run(
        JOB, msgspec.json.encode(plan), output,
        timeout_s=max(_LEAST_LIMIT_S, plan.time_box_s * _TIME_LIMIT_FACTOR)
        + _TIME_LIMIT_FACTOR * energy_stage.EXPECTED_S.get(mode, 0.0),
        memory_limit_bytes=plan.memory_box_bytes,
    )  # fmt: skip


def _place(path: Path, format_id: str | None) -> Path:
    """Return the folder that a word after --weights means: a path, or the name of a converted model."""
    from advisor.convert import shelf

    if path.exists():
        return path
    try:
        found = shelf.find(str(path), format_id)
    except NotFoundError:
        return path  # whoever opens it says that it is not there
    if len(found) > 1:
        names = ", ".join(item.format_id for item in found)
        raise InvalidInputError(
            "converted-ambiguous", f"{path} was converted to several formats.", remedy=f"Add --format, one of: {names}."
        )
    return Path(found[0].folder)


def _candidate(model_id: str, format_id: str) -> Candidate | None:
    """Return the catalog's candidate of that name; null for a model of the user's own."""
    from advisor.recommend import single

    try:
        return single.candidate(model_id, format_id)
    except (NotFoundError, InvalidInputError):
        return None


def _by_headers(model: RunnableModel, format_id: str) -> Candidate | None:
    """Return what the headers of the files say of a model that has no name here; null where that is too little."""
    from advisor.catalog import load, local_model, own_models
    from advisor.recommend import single

    place = Path(model.folder)
    try:
        own = own_models.of_files(local_model.load(place, load.catalog()), place)
        return single.candidate(own.card.id, format_id, own_models.with_models(load.catalog(), (own,)))
    except AdvisorError:
        return None


def _sizes(
    model: RunnableModel, chosen: Candidate | None, spec: TaskSpec | None, controls: dict[str, object]
) -> tuple[Workload, TaskKind, tuple[str, ...]]:
    """Return the sizes of one query, the kind of task and its languages."""
    from advisor.probe.weights import planner
    from advisor.recommend import single
    from advisor.task import presets

    kind = planner.default_kind(model) if chosen is None else single.default_kind(chosen.model)
    task = spec if spec is not None else msgspec.structs.replace(TaskSpec(kind=kind), **controls)
    sizes = presets.workload(task) if chosen is None else single.workload(chosen, task, {})
    return sizes, task.kind, task.languages


def _estimate(chosen: Candidate | None, workload: Workload, profile: HardwareProfile) -> Estimate | None:
    from advisor.estimate import estimator
    from advisor.recommend import known_power

    if chosen is None:
        return None
    power = known_power.power_model(profile, "cpu", inputs.probes_of(profile))
    return estimator.estimate(chosen, workload, inputs.roofs_of(profile), power)


def _fail(outcome: Outcome, plan: WeightsPlan, before: Estimate | None, output: Output) -> None:
    """End with the sentence of the child: exit code 2 where the files are to blame, else 4."""
    if outcome.code == "invalid_model" or outcome.reason in _INPUT_REASONS:
        raise InvalidModelError(outcome.reason or "onnx-file-refused", outcome.message, remedy=outcome.remedy)
    output.note(f"{outcome.message} {outcome.remedy}".strip())
    if output.as_json:
        from advisor.report import public

        document = public.probe_failure_json(outcome, before, kind="weights")
        output.document({**document, "model": plan.model_id, "format": plan.format_id})
    raise typer.Exit(EXIT_PROBE_FAILED)


def _print(
    output: Output, result: ProbeResult, before: Estimate | None, made_up: ProbeResult | None,
    agreement: Agreement | None,
) -> None:  # fmt: skip
    from advisor.report import beside, probe_notes, wording

    output.heading(wording.probe_sentence(result, before))
    lines = beside.lines(result, made_up, before)
    output.table(beside.TITLES, [beside.cells(line) for line in lines], right=frozenset({1, 2, 3, 4, 5}))
    output.table(TITLES, [row(line.label, line.weights) for line in lines], right=frozenset({1, 2}))
    if result.energy is not None:
        print_energy(output, result.energy)
        print_wall(output, result)
    output.line(f"Grade {result.grade}: {wording.grade_help(result.grade)}.")
    for reason in result.reasons:
        output.line(f"May be unstable: {reason}")
    for note in (*beside.notes(result, made_up), *probe_notes.notes(result, agreement)):
        output.line(note)
