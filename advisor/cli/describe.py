"""`describe`: what a text is understood as."""

from typing import Annotated

import typer

from advisor.cli import inputs
from advisor.cli.options import Controls, JsonFlag
from advisor.cli.output import Output


def describe(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What you want done, in plain words; - reads standard input.")
    ],
    controls: Controls = None,
    as_json: JsonFlag = False,
) -> None:
    """Show how a task in plain words is understood."""
    import msgspec

    from advisor.report import public, wording

    output = Output(as_json=as_json)
    description, spec = inputs.task(text, controls)
    description = msgspec.structs.replace(description, task=spec)
    if as_json:
        output.document(public.describe_json(description))
        return
    output.heading(f"Task: {wording.kind_label(spec.kind)}")
    output.table(("Understood", "From the words"), [(chip.label, chip.words) for chip in description.chips])
    if description.not_understood:
        output.line(f"Not understood: {', '.join(description.not_understood)}")
    for note in description.notes:
        output.line(note)
