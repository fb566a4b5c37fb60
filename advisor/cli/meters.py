"""`meters`: which power meters this computer has, which are used, and what opens the locked ones."""

from pathlib import Path
from typing import Annotated

import typer

from advisor.cli.options import JsonFlag
from advisor.cli.output import Output

_CHECK_S = 2.0


def meters(
    check: Annotated[
        bool, typer.Option("--check", help="Also read each for some seconds, idle and under load: does it move?")
    ] = False,
    sys_root: Annotated[Path, typer.Option("--sys", hidden=True)] = Path("/sys"),
    as_json: JsonFlag = False,
) -> None:
    """List the power meters of this computer: what each covers, whether it can be read, and the rule that opens it."""
    from advisor.energy import ladder
    from advisor.energy.self_check import run_check
    from advisor.hardware.roots import Roots
    from advisor.report import energy_document

    output = Output(as_json=as_json)
    roots = Roots(sys=sys_root)
    checked = run_check(roots, seconds=_CHECK_S) if check else None
    infos = checked.infos if checked is not None else ladder.survey(roots)
    if as_json:
        output.document(energy_document.meters_json(infos, checked))
        return
    output.heading(energy_document.METERS_HEADING)
    output.table(energy_document.METER_TITLES, energy_document.meter_rows(infos), wide=5)
    for line in energy_document.chosen_lines(infos):
        output.line(line)
    for name, remedy in energy_document.remedies(infos):
        output.heading(name)
        output.line(remedy)
    if checked is not None:
        for line in checked.sentences:
            output.line(line)
