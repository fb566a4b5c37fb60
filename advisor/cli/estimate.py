"""`estimate`: one model in one format, predicted."""

from typing import Annotated

import typer

from advisor.cli import inputs
from advisor.cli.figures import print_estimate, print_measured
from advisor.cli.options import Controls, Facts, FormatName, JsonFlag, MachineFile, Memory, ModelName, OptionalTaskText
from advisor.cli.output import Output


def estimate(
    model: ModelName,
    format_id: FormatName = "onnx-int4-b32",
    task: OptionalTaskText = None,
    controls: Controls = None,
    machine: MachineFile = None,
    facts: Facts = None,
    memory: Memory = None,
    device: Annotated[str, typer.Option("--device", help="cpu, or gpu:0 where one was found.")] = "cpu",
    as_json: JsonFlag = False,
) -> None:
    """Predict memory, speed and energy of one model in one format."""
    from advisor.estimate import estimator
    from advisor.recommend import known_power, merge, single
    from advisor.report import calibration, public

    output = Output(as_json=as_json)
    chosen = single.candidate(model, format_id)
    profile = inputs.machine(machine, facts, memory)
    workload = single.workload(
        chosen, inputs.task(task, controls)[1] if task is not None else None, inputs.control_values(controls)
    )
    limits = inputs.roofs_of(profile, device)
    probes = inputs.probes_of(profile)
    power = known_power.power_model(profile, device, probes)
    result = estimator.estimate(chosen, workload, limits, power)
    here = merge.measured_here(probes, profile.fingerprint, device)
    found = merge.measurement(here.get((chosen.model.id, chosen.format.id), ()), workload)
    if as_json:
        output.document(public.estimate_json(result, workload, measured=None if found is None else found.view))
        return
    print_estimate(output, result)
    taught = calibration.lessons(limits.learned, num_made=len(probes))
    if taught:
        output.note(taught)
    if found is not None:
        print_measured(output, found.view)
