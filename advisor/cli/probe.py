"""`probe`: one model in one format, measured."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from advisor.child.protocol import Outcome
from advisor.cli import completion, inputs, job_run, probe_file, probe_weights, provider
from advisor.cli.figures import print_probe
from advisor.cli.options import Controls, JsonFlag, OptionalTaskText
from advisor.cli.output import Output
from advisor.errors import InvalidInputError
from advisor.probe.plan import ProbePlan

EXIT_PROBE_FAILED = 4
EnergyChoice = StrEnum("EnergyChoice", {"OFF": "off", "QUICK": "quick", "STANDARD": "standard"})
"""As `probe.energy_settings.EnergyMode`."""
TIME_LIMIT_FACTOR = 5.0
DEFAULT_FORMAT = "onnx-int4-b32"


def probe(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Model id, or an ONNX file; with --weights it may be left out.",
            autocompletion=completion.models,
        ),
    ] = "",
    format_id: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="For example onnx-fp32 [onnx-int4-b32].",
            autocompletion=completion.formats,
        ),
    ] = None,
    task: OptionalTaskText = None,
    controls: Controls = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads; found by a short sweep by default.")
    ] = None,
    pin: Annotated[
        bool | None,
        typer.Option(
            "--pin/--no-pin", help="Keep each thread on a processor of its own; the sweep decides by default."
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            metavar="FOLDER",
            help="Measure a model's real files: a folder, or the name of a converted one.",
        ),
    ] = None,
    provider_word: Annotated[
        str, typer.Option("--provider", metavar="NAME", help="Execution provider: cpu, auto, cuda, directml, ...")
    ] = "cpu",
    shapes: Annotated[
        list[str] | None,
        typer.Option("--shape", metavar="INPUT=SIZES", help="Of an ONNX file: x=1x3x224x224. Repeat it."),
    ] = None,
    dimensions: Annotated[
        list[str] | None, typer.Option("--dim", metavar="NAME=SIZE", help="Of an ONNX file: batch=1. Repeat it.")
    ] = None,
    time_limit_s: Annotated[
        float | None, typer.Option("--time-limit", min=1.0, metavar="SECONDS", help="Give an ONNX file up after it.")
    ] = None,
    energy_mode: Annotated[
        EnergyChoice, typer.Option("--energy", help="How energy is measured where a power meter can be read.")
    ] = EnergyChoice.QUICK,
    sys_root: Annotated[Path, typer.Option("--sys", hidden=True)] = Path("/sys"),
    time_share: Annotated[float, typer.Option("--energy-time-share", hidden=True, min=0.05, max=1.0)] = 1.0,
    time_box_s: Annotated[float | None, typer.Option("--time-box", hidden=True, min=1.0)] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure a catalog model with made-up weights (no download), real files of a model, or any ONNX file, here."""
    from advisor.estimate import estimator
    from advisor.hardware import detect
    from advisor.probe import energy_stage, planner
    from advisor.recommend import known_power, single
    from advisor.report import calibration, public

    output = Output(as_json=as_json)
    if weights is not None:
        probe_file.refuse_sizes(shapes, dimensions)
        probe_weights.probe_weights(
            weights, model_id=model or None, format_id=format_id, task=task, controls=controls, threads=threads,
            pinned=pin, provider_word=provider_word, energy_mode=energy_mode.value, output=output, sys_root=sys_root,
            time_share=time_share, time_box_s=time_box_s,
        )  # fmt: skip
        return
    _refuse_nothing(model)
    if probe_file.is_file(model):
        probe_file.probe_file(
            model, shapes=shapes, dimensions=dimensions, threads=threads, pinned=bool(pin),
            provider_word=provider_word, time_limit_s=time_limit_s, output=output,
        )  # fmt: skip
        return
    probe_file.refuse_sizes(shapes, dimensions)
    chosen = single.candidate(model, format_id or DEFAULT_FORMAT)
    workload = single.workload(
        chosen, inputs.task(task, controls)[1] if task is not None else None, inputs.control_values(controls)
    )
    possible, why_not = planner.can_probe(chosen)
    if not possible:
        raise InvalidInputError(
            "probe-not-possible",
            f"{chosen.model.id} as {chosen.format.id} can't be measured here: {why_not}",
            remedy=f"`estimate {chosen.model.id}` predicts it.",
        )
    profile = detect.detect()
    inputs.check_threads(threads, profile)
    limits = inputs.roofs_of(profile)
    power = known_power.power_model(profile, "cpu", inputs.probes_of(profile))
    before = estimator.estimate(chosen, workload, limits, power)
    plan = planner.plan(
        chosen, workload, profile, threads=threads, pinned=pin, time_box_s=time_box_s, energy_mode=energy_mode.value
    )  # fmt: skip
    plan = provider.into_plan(plan, provider_word, profile, output)
    plan = energy_stage.with_root(plan, sys_root, time_share)
    outcome = run(plan, output)
    if outcome.result is None:
        output.note(f"{outcome.message} {outcome.remedy}".strip())
        if as_json:
            output.document(public.probe_failure_json(outcome, before))
        raise typer.Exit(EXIT_PROBE_FAILED)
    result = inputs.probe_result(outcome.result)
    agreement = inputs.remember(result, profile)
    if as_json:
        output.document(public.probe_json(result, before, agreement))
        return
    print_probe(output, result, before, agreement)
    taught = calibration.lessons(inputs.roofs_of(profile).learned, num_made=len(inputs.probes_of(profile)))
    if taught:
        output.line(taught)


def _refuse_nothing(model: str) -> None:
    if not model:
        raise InvalidInputError(
            "model-missing", "Say what to measure.",
            remedy="Give a model id of `catalog`, an ONNX file, or --weights FOLDER.",
        )  # fmt: skip


def run(plan: ProbePlan, output: Output) -> Outcome:
    """Run a probe in a child with progress in the terminal; Ctrl+C stops it and leaves nothing behind."""
    import msgspec

    return job_run.run(
        "probe", msgspec.json.encode(plan), output,
        timeout_s=max(120.0, plan.time_box_s * TIME_LIMIT_FACTOR) + _energy_s(plan),
        memory_limit_bytes=plan.memory_box_bytes,
    )  # fmt: skip


def _energy_s(plan: ProbePlan) -> float:
    from advisor.probe import energy_stage

    mode = "off" if plan.energy is None else plan.energy.mode
    return TIME_LIMIT_FACTOR * energy_stage.EXPECTED_S.get(mode, 0.0)
