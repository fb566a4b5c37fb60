"""`data`: what the app keeps on this computer, and its removal."""

from collections.abc import Callable
from typing import Annotated

import typer

from advisor.cli.conversion_tools import Command, Yes, confirm
from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.errors import InvalidInputError

_EVERYTHING = "all"
Kinds = Annotated[
    list[str],
    typer.Argument(metavar="KIND", help="tools, converted, downloaded, cache, log, history, settings, or all."),
]


def build(wrap: Callable[[Command], Command]) -> typer.Typer:
    """Return the group `data`.

    Args:
        wrap: put around each command.
    """
    group = typer.Typer(
        help="What the app keeps on this computer: folders, sizes, removal.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    group.command("list")(wrap(list_data))
    group.command("remove")(wrap(remove_data))
    return group


def list_data(as_json: JsonFlag = False) -> None:
    """List what the app keeps, with folders and sizes."""
    from advisor.convert import own_data
    from advisor.report import own_data as words

    output, parts = Output(as_json=as_json), own_data.parts()
    if as_json:
        output.document(words.document(parts))
        return
    output.heading(words.sentence(parts))
    output.table(words.TITLES, words.rows(parts), right=frozenset({1}), wide=2)


def remove_data(kinds: Kinds, yes: Yes = False, as_json: JsonFlag = False) -> None:
    """Remove what the app keeps of some kinds, or all of it, for example before the app itself is removed."""
    from advisor.convert import own_data
    from advisor.report import own_data as words

    output = Output(as_json=as_json)
    wanted = own_data.KINDS if _EVERYTHING in kinds else tuple(kind for kind in own_data.KINDS if kind in kinds)
    unknown = [kind for kind in kinds if kind != _EVERYTHING and kind not in own_data.KINDS]
    if unknown:
        raise InvalidInputError(
            "unknown-kind", f"The app keeps nothing of the kind {unknown[0]!r}.",
            remedy=f"Name one of: {', '.join((*own_data.KINDS, _EVERYTHING))}.",
        )  # fmt: skip
    confirm(words.question(wanted, own_data.parts()), yes)
    freed_bytes = own_data.remove(wanted)
    done = words.removed_sentence(freed_bytes, own_data.left() if wanted == own_data.KINDS else ())
    if as_json:
        output.document(words.document(own_data.parts(), done))
    else:
        output.line(done)
