"""`probe`: one model in one format, measured."""

import sys
from typing import Annotated, Any

import typer

from advisor.child.protocol import Outcome, Progress
from advisor.cli import inputs
from advisor.cli.figures import print_probe
from advisor.cli.options import Controls, FormatName, JsonFlag, ModelName, OptionalTaskText
from advisor.cli.output import Output
from advisor.errors import InvalidInputError
from advisor.probe.plan import ProbePlan

EXIT_PROBE_FAILED = 4
TIME_LIMIT_FACTOR = 5.0


def probe(
    model: ModelName,
    format_id: FormatName = "onnx-int4-b32",
    task: OptionalTaskText = None,
    controls: Controls = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads; the usable physical cores by default.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure one model on this computer with ONNX Runtime and made-up weights; needs no download."""
    from advisor.estimate import energy, estimator, roofs
    from advisor.hardware import detect
    from advisor.probe import planner
    from advisor.recommend import single
    from advisor.report import public

    output = Output(as_json=as_json)
    chosen = single.candidate(model, format_id)
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
    limits = roofs.from_profile(profile, reserve_bytes=inputs.reserve_bytes())
    before = estimator.estimate(chosen, workload, limits, energy.power_model(profile, "cpu"))
    plan = planner.plan(chosen, workload, profile, threads=threads)
    outcome = run(plan, output)
    if outcome.result is None:
        output.note(f"{outcome.message} {outcome.remedy}".strip())
        if as_json:
            output.document(public.probe_failure_json(outcome, before))
        raise typer.Exit(EXIT_PROBE_FAILED)
    result = inputs.probe_result(outcome.result)
    inputs.remember(result, profile)
    if as_json:
        output.document(public.probe_json(result, before))
        return
    print_probe(output, result, before)


def run(plan: ProbePlan, output: Output) -> Outcome:
    """Run a probe in a child with progress in the terminal; Ctrl+C stops it and leaves nothing behind."""
    import threading

    import msgspec

    from advisor.child import runner

    cancel = threading.Event()
    bar = _Bar(enabled=sys.stderr.isatty() and not output.as_json)
    try:
        with bar:
            return runner.run(
                "probe",
                msgspec.json.encode(plan),
                on_message=bar.show,
                cancel=cancel,
                timeout_s=max(120.0, plan.time_box_s * TIME_LIMIT_FACTOR),
                memory_limit_bytes=plan.memory_box_bytes,
            )
    except KeyboardInterrupt:
        cancel.set()
        raise


class _Bar:
    """One progress bar on standard error."""

    def __init__(self, *, enabled: bool) -> None:
        self._progress: Any = None
        self._task: Any = None
        if enabled:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as RichProgress

            self._progress = RichProgress(
                TextColumn("{task.description}"),
                BarColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._progress.add_task("Prepare", total=1.0)

    def __enter__(self) -> "_Bar":
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, message: object) -> None:
        """Draw a message of the child."""
        if self._progress is not None and isinstance(message, Progress):
            from advisor.report import wording

            self._progress.update(
                self._task, completed=message.done_share, description=wording.stage_name(message.stage)
            )
