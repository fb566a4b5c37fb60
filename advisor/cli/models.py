"""`models`: models of the user's own, judged like those of the catalog; and `--model` of other commands."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import completion, inputs
from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.errors import NotFoundError

if TYPE_CHECKING:
    from advisor.catalog.load import Catalog
    from advisor.catalog.local_model import LocalModel
    from advisor.catalog.own_models import OwnModel
    from advisor.recommend.recommendation import Recommendation

Command = Callable[..., None]
_HUB = "hub:"
Named = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="A folder, .safetensors, .gguf or .onnx; or hub:owner/name."),
]
AskedModels = Annotated[
    list[str] | None,
    typer.Option(
        "--model", metavar="MODEL",
        help="Judge this one too: a folder or file of yours, an id of the catalog, or hub:owner/name. Repeat it.",
    ),
]  # fmt: skip


def build(wrap: Callable[[Command], Command]) -> typer.Typer:
    """Return the group of commands.

    Args:
        wrap: put around each.
    """
    group = typer.Typer(
        help="Your own models, sized from their headers and judged like those of the catalog.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    group.command("add")(wrap(add))
    group.command("list")(wrap(list_models))
    group.command("remove")(wrap(remove))
    return group


def add(
    model: Named,
    revision: Annotated[
        str | None, typer.Option("--revision", metavar="NAME", help="Of the hub: branch, tag or commit.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="NAME", help="Of the hub: the weight file, of several."),
    ] = None,
    tasks: Annotated[
        list[str] | None,
        typer.Option("--task", metavar="TASK", help="What it is for, in the hub's words; its files say by default."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a model to the candidates of every command and of the window; only its headers are read."""
    import msgspec

    from advisor.catalog import own_models
    from advisor.report import own_models as words

    output = Output(as_json=as_json)
    found = read(model, output, revision=revision, file=file)
    if tasks:
        found = msgspec.structs.replace(found, card=msgspec.structs.replace(found.card, tasks=tuple(tasks)))
    kept = own_models.add(found)
    if as_json:
        output.document(words.document(own_models.read()))
        return
    output.line(words.added(kept))


def list_models(as_json: JsonFlag = False) -> None:
    """List your own models."""
    from advisor.catalog import own_models
    from advisor.report import own_models as words

    output = Output(as_json=as_json)
    found = own_models.read()
    if as_json:
        output.document(words.document(found))
        return
    if found.notice:
        output.note(found.notice)
    if found.models:
        output.table(words.TITLES, words.rows(found.models), right=frozenset({1, 2}))
    else:
        output.line(words.EMPTY)


def remove(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Its name, as `models list` shows it.", autocompletion=completion.own_models
        ),
    ],
    as_json: JsonFlag = False,
) -> None:
    """Take a model off your list; its files stay where they are."""
    from advisor.catalog import own_models
    from advisor.report import own_models as words

    output = Output(as_json=as_json)
    gone = own_models.remove(model)
    if as_json:
        output.document(words.document(own_models.read()))
        return
    output.line(f"{gone.card.id} is off your list. Its files were not touched.")


def read(model: str, output: Output, *, revision: str | None = None, file: str | None = None) -> "OwnModel":
    """Return a model of the user's from its headers.

    Args:
        model: a path, or `hub:owner/name`.
        output: where it is said that a hub is asked.
        revision: of the hub.
        file: of the hub, the weight file that is meant.

    Raises:
        NotFoundError: `model-file-missing`.
        AdvisorError: as `local_model.load` and `sizing.size`.
    """
    from advisor.catalog import load, local_model, own_models
    from advisor.catalog.headers.source import shown
    from advisor.catalog.hub import failures

    path = Path(model).expanduser()
    if not model.startswith(_HUB) and path.exists():
        here = local_model.load(path, load.catalog())
        _say_refused(here, output)
        return own_models.of_files(here, path)
    if not model.startswith(_HUB):
        looks = failures.is_id(model) and "/" in model
        raise NotFoundError(
            "model-file-missing", f"There is no file or folder {shown(model)}.",
            remedy=f"Write hub:{model} for the model of that name on the hub." if looks else "Check the path.",
        )  # fmt: skip
    return _of_hub(model.removeprefix(_HUB), output, revision, file)


def with_asked(asked: Sequence[str] | None, output: Output) -> tuple["Catalog", tuple[str, ...]]:
    """Return the catalog with the models that `--model` names in it, and their ids.

    Raises:
        AdvisorError: as `read`.
    """
    import msgspec

    from advisor.catalog import own_models

    known = inputs.known()
    ids: list[str] = []
    brought: list[OwnModel] = []
    for text in asked or ():
        listed = None if Path(text).expanduser().exists() else _listed(known, text)
        if listed is None:
            found = read(text, output)
            if listed_twice := {item.card.id for item in brought if item.card.id == found.card.id}:
                name = f"{listed_twice.pop()} ({len(brought) + 1})"
                found = msgspec.structs.replace(found, card=msgspec.structs.replace(found.card, id=name))
            brought.append(found)
            listed = found.card.id
        ids.append(listed)
    return own_models.with_models(known, tuple(brought)), tuple(ids)


def print_asked(output: Output, answer: "Recommendation", known: "Catalog", asked: Sequence[str]) -> None:
    """Print how the models that were asked for fare."""
    from advisor.report import own_models as words

    for model_id in asked:
        output.line(words.standing(answer, model_id, known.by_id(model_id).tasks))


def _listed(known: "Catalog", text: str) -> str | None:
    try:
        return known.by_id(text).id
    except NotFoundError:
        return None


def _of_hub(model_id: str, output: Output, revision: str | None, file: str | None) -> "OwnModel":
    from advisor.catalog import load, local_model, own_models
    from advisor.catalog.hub import sizing
    from advisor.catalog.hub.client import Hub
    from advisor.report import hub as words

    hub = Hub()
    output.note(words.asking(hub.host))
    sized = sizing.size(model_id, revision, file=file, hub=hub)
    there = local_model.describe(sized.checkpoint, load.catalog())
    _say_refused(there, output)
    return own_models.of_hub(there, sized, weight_file=file)


def _say_refused(model: "LocalModel", output: Output) -> None:
    """Say why a model can be judged and never run, where that is so."""
    from advisor.report import local_model as words

    for line in words.refused(model.checkpoint):
        output.note(line)
