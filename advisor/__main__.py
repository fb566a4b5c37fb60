"""Launcher: reads the arguments, then imports the window, the terminal app or a child's job; never two of them."""

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from advisor.child.command import CHILD_OPTION, NO_TELEMETRY, users_variables

if TYPE_CHECKING:
    from advisor.child.main import Job

_WINDOW_WORD = "gui"
_RESULT_SUFFIX = ".mfa.json"  # as report.result_file names it
_COMPLETE_VARIABLE = "_MODEL_FIT_ADVISOR_COMPLETE"  # as cli.app names it, which is not loaded for the window
_USAGE_EXIT = 2
_NO_DISPLAY = (
    "Model Fit Advisor found no display to open its window on; in a terminal, use for example: "
    'model-fit-advisor recommend --task "sort 500 emails a day into 6 topics"\n'
)


def main() -> NoReturn:
    """Start what the arguments ask for and leave with its exit status."""
    os.environ.update(NO_TELEMETRY)
    users_variables(os.environ)
    _have_streams()
    arguments = sys.argv[1:]
    if arguments[:1] == [CHILD_OPTION]:
        _child(arguments[1:])
    asked_by_shell = _COMPLETE_VARIABLE in os.environ  # for words that can follow: it gives no arguments
    if not asked_by_shell and _is_for_window(arguments):
        words = arguments[1:] if arguments[:1] == [_WINDOW_WORD] else arguments
        sys.exit(_window(sys.argv[:1] + words))
    from advisor.cli import app

    sys.exit(app.main(arguments))


def _have_streams() -> None:
    """Give a program that the system started without streams (a window on Windows) ones that lead nowhere."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - open as long as the program runs
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def _is_for_window(arguments: list[str]) -> bool:
    """Return whether the window is asked for: by no words at all, by `gui`, or by the name of a file."""
    if not arguments:
        return True
    first = arguments[0]
    if first == _WINDOW_WORD:
        return "--help" not in arguments  # the terminal app has the words for it
    if first.startswith("-"):
        return False
    if first.lower().endswith(_RESULT_SUFFIX):
        return True  # there or not: the window says so
    # No command's name has a dot or a slash, so that a file in the current folder never hides a command.
    return ("." in first or os.sep in first) and os.path.isfile(first)  # noqa: PTH113 - pathlib is not loaded here


def _window(argv: list[str]) -> int:
    if _no_display():
        sys.stderr.write(_NO_DISPLAY)
        return _USAGE_EXIT
    from advisor.ui import app

    return app.main(argv)


def _no_display() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    return not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _child(arguments: list[str]) -> NoReturn:
    from advisor.child import main as child

    jobs = {
        "probe": _probe,
        "probe-depth": _probe_depth,
        "probe-energy": _probe_energy,
        "probe-weights": _probe_weights,
        "energy-pair": _energy_pair,
        "providers": _providers,
        "calibrate": _calibrate,
        "compression": _compression,
        "onnx-file": _onnx_file,
        "onnx-file-run": _onnx_file_run,
        "calibrate-kernels": _calibrate_kernels,
        "hub-download": _hub_download,
        "convert": _convert,
        "conversion-tools": _conversion_tools,
        "sparsity": _sparsity,
        "examples-run": _examples_run,
        "updates": _updates,
    }
    child.leave(child.main(arguments[0] if arguments else "", jobs))


def _probe() -> "Job":
    from advisor.probe import job

    return job.probe


def _onnx_file() -> "Job":
    from advisor.probe.onnx_file import job

    return job.probe


def _onnx_file_run() -> "Job":
    from advisor.probe.engine import onnx_file

    return onnx_file.measure


def _probe_depth() -> "Job":
    from advisor.probe.engine import measure as engine

    return engine.measure


def _probe_energy() -> "Job":
    from advisor.probe.engine import energy as engine

    return engine.measure_energy


def _probe_weights() -> "Job":
    from advisor.probe.weights import job

    return job.probe


def _energy_pair() -> "Job":
    from advisor.probe import energy_pair as job

    return job.compare_energy


def _providers() -> "Job":
    from advisor.probe.engine import measure as engine

    return engine.providers


def _calibrate() -> "Job":
    from advisor.probe import calibrate as job

    return job.calibrate


def _compression() -> "Job":
    from advisor.evaluate import compression as job

    return job.measure


def _calibrate_kernels() -> "Job":
    from advisor.probe.engine import kernels

    return kernels.measure


def _sparsity() -> "Job":
    from advisor.evaluate import sparsity as job

    return job.sparsity


def _examples_run() -> "Job":
    from advisor.evaluate import examples_run as job

    return job.run


def _convert() -> "Job":
    from advisor.convert import convert as job

    return job.convert


def _hub_download() -> "Job":
    from advisor.convert import download

    return download.download


def _conversion_tools() -> "Job":
    from advisor.convert import tools_install

    return tools_install.install


def _updates() -> "Job":
    from advisor.installed import look

    return look.look


if __name__ == "__main__":
    main()
