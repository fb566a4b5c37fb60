"""`hardware`: what this machine is."""

from pathlib import Path
from typing import Annotated

import typer

from advisor.cli import inputs
from advisor.cli.options import Facts, JsonFlag, MachineFile, Memory
from advisor.cli.output import Output


def hardware(
    machine: MachineFile = None,
    facts: Facts = None,
    memory: Memory = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save the machine to plan for it elsewhere.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what this computer is, each fact with its source."""
    from advisor.hardware import override
    from advisor.hardware import profile as profiles
    from advisor.report import facts as known
    from advisor.report import public

    output = Output(as_json=as_json)
    profile = inputs.machine(machine, facts, memory)
    if machine is None:
        profile = inputs.with_runtime(profile)
    if save is not None:
        profiles.save(profile, save)
        output.note(f"Saved to {save}.")
    if as_json:
        output.document(public.hardware_json(profile))
        return
    settable = {field.path for field in override.fields()}
    rows = [
        (title if first else "", line.label, line.text, line.source, line.path if line.path in settable else "")
        for title, lines in known.groups(profile)
        for first, line in zip((True, *(False for _ in lines)), lines, strict=False)
    ]
    output.table(("Part", "Fact", "Value", "Source, or why it is not known", "Name for --set"), rows)
    for note in profile.notes:
        output.line(note)
