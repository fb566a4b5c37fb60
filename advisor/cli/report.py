"""`report`: the recommendation as a file to hand over."""

from pathlib import Path
from typing import Annotated

import typer

from advisor.cli import energy_inputs, inputs
from advisor.cli.options import (
    Controls,
    Currency,
    Embodied,
    Facts,
    GramsPerKwh,
    JsonFlag,
    MachineFile,
    Memory,
    Price,
    Region,
    TaskText,
)
from advisor.cli.output import Output


def report(
    task: TaskText,
    file: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Ends in .html .pdf .md .mfa.json or .csv.")
    ],
    controls: Controls = None,
    region: Region = None,
    grid_g_per_kwh: GramsPerKwh = None,
    price: Price = None,
    currency: Currency = None,
    embodied: Embodied = False,
    machine: MachineFile = None,
    facts: Facts = None,
    memory: Memory = None,
    redact: Annotated[
        bool, typer.Option("--redact/--no-redact", help="Leave out host name, user name and folders.")
    ] = True,
    top: Annotated[int, typer.Option("--top", min=1, max=200, help="How many candidates the report lists.")] = 20,
    examples: Annotated[
        bool, typer.Option("--examples", help="Add the last run of your own examples, without their texts.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write the recommendation for a task as HTML, PDF, Markdown, JSON or CSV."""
    from advisor.probe.calibration_plan import runtime_version
    from advisor.recommend import advise
    from advisor.report import build, export

    output = Output(as_json=as_json)
    export.check_target(file)
    _, spec = inputs.task(task, controls, region)
    profile = inputs.machine(machine, facts, memory)
    if machine is None:
        profile = inputs.with_runtime(profile)
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
        probes=probes,
        reserve_bytes=inputs.reserve_bytes(),
        region=inputs.chosen_region(),
        g_per_kwh=energy_inputs.own_intensity(grid_g_per_kwh, spec.region),
        calibration=inputs.calibration_of(profile),
        runtime_version=runtime_version(),
        compressions=inputs.compressions_of(profile),
    )
    document = build.build(
        answer, probes=probes, redact=redact, top=top, chosen=chosen,
        examples=inputs.last_examples(profile) if examples else (),
    )  # fmt: skip
    export.write(document, file)
    inputs.remember_report(document)
    if as_json:
        output.document({"schema": "model-fit-advisor/report-written/1", "version": 1, "file": str(file)})
    else:
        output.line(f"Report written to {file}.")
