"""The command line: parses, calls the domain, prints. Says nothing the window would say differently."""

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from advisor import __version__
from advisor.cli import (
    about,
    calibrate,
    catalog,
    compare_energy,
    completion,
    compression,
    conversion_tools,
    convert,
    describe,
    estimate,
    examples,
    examples_run,
    finetune,
    hardware,
    hub,
    interchange,
    meters,
    models,
    own_data,
    probe,
    recommend,
    report,
    size,
    sparsity,
    wall_meter,
)
from advisor.errors import AdvisorError

COMPLETE_VARIABLE = "_MODEL_FIT_ADVISOR_COMPLETE"
"""Set by a shell that asks for the words that can follow; click's name for this program."""
EXIT_OK = 0
EXIT_BUG = 1
EXIT_INPUT = 2
EXIT_INTERRUPTED = 130
_EPILOG = (
    "Exit codes: 0 done; 1 a bug in the app; 2 input that cannot be used or output that cannot be written; "
    "3 no candidate meets every need; 4 the probe or calibration did not finish; 130 interrupted. No arguments open "
    "the window."
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"model-fit-advisor {__version__}")
        raise typer.Exit


def _until_the_reader_leaves(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command end quietly when the reader of its output (`head`, `less`) has seen enough."""

    @functools.wraps(command)
    def quiet(*args: object, **options: object) -> None:
        try:
            command(*args, **options)
            sys.stdout.flush()
        except BrokenPipeError as error:
            # Nothing may be flushed into the closed pipe at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(EXIT_OK) from error

    return quiet


def build() -> typer.Typer:
    """Return the application with all its commands."""
    app = typer.Typer(
        name="model-fit-advisor",
        help="Which AI model, at which quantization, is enough for your task on this computer, and what will it cost "
        "in memory, time, energy and carbon?",
        epilog=_EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def _root(
        version: bool = typer.Option(
            False, "--version", callback=_show_version, is_eager=True, help="Print the version."
        ),
    ) -> None:
        """Keep `--version` beside the commands."""

    for command in (hardware.hardware, describe.describe, catalog.catalog, size.size, sparsity.sparsity,
                    examples.examples, estimate.estimate, examples_run.examples_run,
                    recommend.recommend,
                    calibrate.calibrate, probe.probe, meters.meters, compare_energy.compare_energy,
                    compression.compression,
                    wall_meter.wall_meter, finetune.finetune, interchange.export_energy,
                    interchange.compare_codecarbon,
                    report.report):  # fmt: skip
        app.command()(_until_the_reader_leaves(command))

    app.add_typer(hub.build(_until_the_reader_leaves), name="hub")
    app.add_typer(models.build(_until_the_reader_leaves), name="models")

    app.command()(_until_the_reader_leaves(convert.convert))
    app.add_typer(conversion_tools.build_tools(_until_the_reader_leaves), name="conversion-tools")
    app.add_typer(conversion_tools.build_shelf(_until_the_reader_leaves), name="converted")

    app.add_typer(own_data.build(_until_the_reader_leaves), name="data")
    app.command()(_until_the_reader_leaves(about.about))
    app.command()(_until_the_reader_leaves(about.updates))

    @app.command("gui")
    def _gui(
        files: Annotated[
            list[Path] | None,
            typer.Argument(metavar="FILE.mfa.json", help="Results to open; two stand side by side."),
        ] = None,
        theme: Annotated[  # noqa: ARG001
            str | None,
            typer.Option(
                "--theme",
                metavar="NAME",
                help="light, dark or high-contrast, for this run.",
                autocompletion=completion.themes,
            ),
        ] = None,
        page: Annotated[  # noqa: ARG001
            str | None,
            typer.Option(
                "--page",
                metavar="NAME",
                help="Page to begin with, for example models.",
                autocompletion=completion.pages,
            ),
        ] = None,
    ) -> None:
        """Open the window (the same as no arguments), with results in it if you name some."""
        # The launcher takes `gui` before this package is imported; only a wrong order of words leads here.
        named = "".join(f" {file}" for file in files or ())
        raise AdvisorError("gui-last", "`gui` comes first.", remedy=f"Run `model-fit-advisor gui{named}`.")

    return app


def main(argv: list[str]) -> int:
    """Run one command.

    Args:
        argv: words after the program's name.

    Returns:
        The exit code, as listed in `--help`.
    """
    if COMPLETE_VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
    try:
        build()(args=argv, prog_name="model-fit-advisor")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else EXIT_OK
    except AdvisorError as error:
        _show_error(error, as_json="--json" in argv)
        return EXIT_INPUT
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_OK


def _show_error(error: AdvisorError, *, as_json: bool) -> None:
    print(error.sentence(), file=sys.stderr)
    if as_json:
        body = {"code": error.code, "message": error.message, "remedy": error.remedy}
        print(json.dumps({"schema": "model-fit-advisor/error/1", "version": 1, "error": body}, ensure_ascii=False))
