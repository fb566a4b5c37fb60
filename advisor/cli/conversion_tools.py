"""`conversion-tools` and `converted`: the environment that converts models, and the models it made."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.errors import ChildError, InvalidInputError

Command = Callable[..., None]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Name = Annotated[str, typer.Argument(metavar="MODEL", help="Its hub id, or the name or path of its folder.")]
Format = Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="This format alone.")]


def build_tools(wrap: Callable[[Command], Command]) -> typer.Typer:
    """Return the group `conversion-tools`.

    Args:
        wrap: put around each command.
    """
    group = typer.Typer(
        help="The tools that convert models (PyTorch, transformers, onnxruntime-genai), in their own environment.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (status, install, remove):
        group.command()(wrap(command))
    return group


def build_shelf(wrap: Callable[[Command], Command]) -> typer.Typer:
    """Return the group `converted`.

    Args:
        wrap: put around each command.
    """
    group = typer.Typer(
        help="The models that were converted on this computer.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("list")(wrap(list_models))
    group.command("remove")(wrap(remove_model))
    group.command("clear")(wrap(clear))
    return group


def status(as_json: JsonFlag = False) -> None:
    """Say whether models can be converted here, and what installing the tools takes."""
    from advisor.convert import tools
    from advisor.report import conversion_tools as words

    output = Output(as_json=as_json)
    state, takes = tools.state(), tools.takes()
    if as_json:
        output.document(words.document(state, takes))
        return
    output.line(words.state_sentence(state))
    if state.status in ("missing", "outdated"):
        output.line(words.takes_sentence(takes, state))


def install(yes: Yes = False, as_json: JsonFlag = False) -> None:
    """Install the tools, or bring them up to date. What it takes is said first."""
    import msgspec

    from advisor.cli import job_run
    from advisor.convert import base_python, tools
    from advisor.convert.tools_install import InstallRequest, InstallResult
    from advisor.report import conversion_tools as words

    output = Output(as_json=as_json)
    state, takes = tools.state(), tools.takes()
    if state.status == "unsupported":
        raise tools.missing()
    if state.status in ("own", "installed"):
        _say(output, words.state_sentence(state))
        return
    base_python.find()  # before the user is asked
    output.note(words.takes_sentence(takes, state))
    confirm(words.INSTALL_QUESTION, yes)
    request = msgspec.json.encode(InstallRequest(folder=str(tools.folder())))
    try:
        outcome = job_run.run(tools.JOB, request, output, timeout_s=None, describe=lambda message: message.detail)
    except KeyboardInterrupt:
        tools.discard_leftovers()
        output.note(words.CANCELLED)
        raise
    if outcome.code != "finished" or outcome.result is None:
        tools.discard_leftovers()
        raise ChildError(outcome.reason or outcome.code.replace("_", "-"), outcome.message, remedy=outcome.remedy)
    _say(output, words.done_sentence(msgspec.json.decode(outcome.result, type=InstallResult)))


def remove(yes: Yes = False, as_json: JsonFlag = False) -> None:
    """Remove the tools that this app installed."""
    from advisor.convert import tools
    from advisor.report import conversion_tools as words

    output = Output(as_json=as_json)
    tools.check_own(tools.folder())
    confirm(words.REMOVE_QUESTION, yes)
    _say(output, words.removed_sentence(tools.remove()))


def list_models(as_json: JsonFlag = False) -> None:
    """List the converted models with their sizes."""
    _show_shelf(Output(as_json=as_json))


def remove_model(model: Name, format_id: Format = None, yes: Yes = False, as_json: JsonFlag = False) -> None:
    """Remove a converted model, in one format or in all."""
    from advisor.convert import shelf
    from advisor.report import conversion_tools as words

    output = Output(as_json=as_json)
    found = shelf.find(model, format_id)
    output.note(words.shelf_sentence(found, ()))
    confirm("Remove " + ", ".join(f"{one.model_id} ({one.format_id})" for one in found) + "?", yes)
    freed_bytes = sum(shelf.remove(one) for one in found)
    _show_shelf(output, words.shelf_removed_sentence(len(found), freed_bytes))


def clear(yes: Yes = False, as_json: JsonFlag = False) -> None:
    """Remove all converted models, and what conversions left that did not finish."""
    from advisor.convert import shelf
    from advisor.report import conversion_tools as words

    output = Output(as_json=as_json)
    output.note(words.clear_words(shelf.models(), shelf.leftovers()))
    confirm(words.CLEAR_QUESTION, yes)
    _show_shelf(output, words.shelf_removed_sentence(*shelf.clear()))


def _say(output: Output, sentence: str) -> None:
    """Print what was done, as text or as the state that it led to."""
    from advisor.convert import tools
    from advisor.report import conversion_tools as words

    if output.as_json:
        output.document(words.document(tools.state(), tools.takes(), sentence))
    else:
        output.line(sentence)


def _show_shelf(output: Output, done: str = "") -> None:
    from advisor.convert import shelf
    from advisor.report import conversion_tools as words

    models, leftovers = shelf.models(), shelf.leftovers()
    if output.as_json:
        output.document(words.shelf_document(models, leftovers, done))
        return
    if done:
        output.line(done)
        return
    output.heading(words.shelf_sentence(models, leftovers))
    if models:
        output.table(words.MODEL_TITLES, words.shelf_rows(models), right=frozenset({2}))


def confirm(question: str, yes: bool) -> None:
    """Go on only with the user's word.

    Raises:
        InvalidInputError: `not-confirmed`.
    """
    if yes:
        return
    if sys.stdin.isatty() and typer.confirm(question, err=True):
        return
    raise InvalidInputError("not-confirmed", "Nothing was changed.", remedy="Say --yes to go on without being asked.")
