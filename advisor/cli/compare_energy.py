"""`compare-energy`: two or more candidates by turns under this computer's power meter."""

from typing import Annotated

import typer

from advisor.cli import completion, inputs, job_run
from advisor.cli.options import Controls, JsonFlag, OptionalTaskText
from advisor.cli.output import Output
from advisor.errors import InvalidInputError

EXIT_PROBE_FAILED = 4
_TURN_LIMIT_S = 300.0
_LEAST = 2


def compare_energy(
    candidates: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL:FORMAT",
            help="Two or more: Qwen/Qwen3-0.6B:onnx-int4-b32 ...",
            autocompletion=completion.models_in_formats,
        ),
    ],
    task: OptionalTaskText = None,
    controls: Controls = None,
    rounds: Annotated[int, typer.Option("--rounds", min=3, max=12, help="How often each is measured.")] = 3,
    as_json: JsonFlag = False,
) -> None:
    """Measure candidates by turns (A B B A ...) and say which takes less energy, if the meter can tell them apart."""
    import msgspec

    from advisor.hardware import detect
    from advisor.probe import planner
    from advisor.probe.energy_pair_plan import PairPlan, PairResult
    from advisor.recommend import single
    from advisor.report import energy_document

    output = Output(as_json=as_json)
    if len(candidates) < _LEAST:
        raise InvalidInputError(
            "compare-needs-two", "One candidate cannot be compared.", remedy="Name two or more as MODEL:FORMAT."
        )
    profile = detect.detect()
    spec = inputs.task(task, controls)[1] if task is not None else None
    plans = []
    for text in candidates:
        model, _, format_id = text.rpartition(":") if ":" in text else (text, "", "onnx-int4-b32")
        chosen = single.candidate(model, format_id)
        workload = single.workload(chosen, spec, inputs.control_values(controls))
        plans.append(planner.plan(chosen, workload, profile))
    wanted = PairPlan(plans=tuple(plans), num_rounds=rounds)
    outcome = job_run.run(
        "energy-pair", msgspec.json.encode(wanted), output,
        timeout_s=_TURN_LIMIT_S * rounds * len(plans), memory_limit_bytes=max(p.memory_box_bytes for p in plans),
    )  # fmt: skip
    if outcome.result is None:
        output.note(f"{outcome.message} {outcome.remedy}".strip())
        raise typer.Exit(EXIT_PROBE_FAILED)
    found = msgspec.json.decode(outcome.result, type=PairResult)
    if as_json:
        output.document(energy_document.pair_json(found))
        return
    output.heading(found.meter.name)
    output.table(energy_document.PAIR_TITLES, energy_document.pair_rows(found), right=frozenset({1, 2, 3}))
    for line in energy_document.pair_sentences(found):
        output.line(line)
