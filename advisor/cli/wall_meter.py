"""`wall-meter`: the user's own power meter at the plug beside the meters of the machine."""

from pathlib import Path
from typing import Annotated

import typer

from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.energy.wall import WallPair
from advisor.errors import InvalidInputError, NotFoundError

_SECONDS = 5.0


def wall_meter(
    pairs: Annotated[
        list[str] | None,
        typer.Option("--pair", metavar="METERS:WALL", help="Watts of --read and at the plug. Five or more."),
    ] = None,
    read: Annotated[bool, typer.Option("--read", help="Read the machine's meters for five seconds.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Forget what was kept for this computer.")] = False,
    sys_root: Annotated[Path, typer.Option("--sys", hidden=True)] = Path("/sys"),
    as_json: JsonFlag = False,
) -> None:
    """Set your own meter at the plug beside the machine's meters; results then also say the energy at the wall."""
    from advisor.energy import self_check, wall, wall_store
    from advisor.hardware import detect
    from advisor.hardware.roots import Roots
    from advisor.report import energy_document

    output = Output(as_json=as_json)
    fingerprint = detect.detect().fingerprint
    if forget:
        known = wall_store.forget(fingerprint)
        output.line("Forgotten." if known else "Nothing was kept for this computer.")
        return
    if read:
        now = self_check.power_now(Roots(sys=sys_root), seconds=_SECONDS)
        if now.power_w is None:
            raise NotFoundError(
                "no-meter", "No power meter of this computer can be read.",
                remedy="`model-fit-advisor meters` says why, and what opens the locked ones.",
            )  # fmt: skip
        output.line(f"{now.power_w:.1f} W ({now.boundary})")
        return
    if pairs:
        parsed = tuple(_pair(text) for text in pairs)
        boundary = self_check.power_now(Roots(sys=sys_root), seconds=0.5).boundary
        kept = wall_store.save(fingerprint, boundary, parsed, wall.fit(parsed))
    else:
        found = wall_store.load(fingerprint)
        if found is None:
            raise NotFoundError(
                "no-wall-meter", "No readings of a meter at the plug are kept for this computer.",
                remedy="Note `wall-meter --read` and the plug at five loads, then give them with --pair.",
            )  # fmt: skip
        kept = found
    if as_json:
        output.document(energy_document.wall_json(kept))
        return
    output.line(energy_document.wall_sentence(kept))


def _pair(text: str) -> WallPair:
    meters, _, plug = text.partition(":")
    try:
        return WallPair(meters_w=float(meters), wall_w=float(plug))
    except ValueError as error:
        raise InvalidInputError(
            "wall-bad-pair", f"--pair {text[:40]!r} is not two numbers of watts.",
            remedy="Write it as METERS:WALL, for example 12.5:38.",
        ) from error  # fmt: skip
