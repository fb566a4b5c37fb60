"""`estimate`: one model in one format, predicted."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from advisor.cli import energy_inputs, inputs
from advisor.cli.figures import print_estimate, print_measured
from advisor.cli.options import (
    Controls,
    Currency,
    Embodied,
    Facts,
    FormatName,
    GramsPerKwh,
    JsonFlag,
    MachineFile,
    Memory,
    ModelName,
    OptionalTaskText,
    PresetName,
    Price,
    Region,
)
from advisor.cli.output import Output


def estimate(
    model: ModelName,
    format_id: FormatName = "onnx-int4-b32",
    task: OptionalTaskText = None,
    controls: Controls = None,
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
    adapter: Annotated[
        list[Path] | None,
        typer.Option("--adapter", metavar="FOLDER", help="A LoRA adapter that is laid over it. Repeat it for several."),
    ] = None,
    merged: Annotated[
        bool, typer.Option("--merged", help="The adapters are worked into the model's matrices.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Predict memory, speed and energy of one model in one format."""
    from advisor.catalog import adapters
    from advisor.estimate import estimator
    from advisor.recommend import known_power, merge, single, use
    from advisor.report import calibration, public, standard_units

    output = Output(as_json=as_json)
    chosen = single.candidate(model, format_id)
    if adapter:
        card = adapters.combined_card(chosen.model, [adapters.load(folder) for folder in adapter], merged=merged)
        chosen = msgspec.structs.replace(chosen, model=card)
    profile = inputs.machine(machine, facts, memory)
    spec = None
    if task is not None or preset is not None:
        words, fields = energy_inputs.task_words(task, preset)
        spec = inputs.task(words, controls, region, fields)[1]
    workload = single.workload(chosen, spec, inputs.control_values(controls))
    limits = inputs.roofs_of(profile, device)
    probes = inputs.probes_of(profile)
    power = known_power.power_model(profile, device, probes)
    result = estimator.estimate(chosen, workload, limits, power)
    wanted = energy_inputs.conditions(
        profile,
        num_queries_per_day=workload.num_queries_per_day,
        region=region or (spec.region if spec is not None else None),
        g_per_kwh=grid_g_per_kwh,
        price_per_kwh=price,
        currency=currency,
        with_embodied=embodied,
    )
    figures = use.figures(result.energy_per_1000_queries, result, workload, power, wanted)
    here = merge.measured_here(probes, profile.fingerprint, device)
    found = merge.measurement(here.get((chosen.model.id, chosen.format.id), ()), workload)
    if as_json:
        output.document(
            public.estimate_json(
                result,
                workload,
                carbon=figures.carbon_per_1000_queries if wanted.intensity is not None else None,
                measured=None if found is None else found.view,
                use=standard_units.use_json(figures, wanted),
            )
        )
        return
    print_estimate(output, result)
    for line in standard_units.sentences(figures, wanted):
        output.line(line)
    taught = calibration.lessons(limits.learned, num_made=len(probes))
    if taught:
        output.note(taught)
    if found is not None:
        print_measured(output, found.view)
