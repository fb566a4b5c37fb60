"""Which Python the environment of the conversion tools is made of: this one, or in a bundle one that the computer has.

A bundle has no Python that could make environments, and the packages of the tools are made for ordinary ones. None is
fetched for the user: that would be a program of a third party, from a server that the user did not choose; one that
the user installs, uv's included, is found.
"""

import glob
import os
import platform
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from advisor.errors import NotFoundError

VERSIONS = ("3.11", "3.12", "3.13")
"""For which the lock holds packages; the first is the one they were tested with."""
PLACES = {
    "linux": (
        "/usr/bin/python{}", "/usr/local/bin/python{}", "~/.local/bin/python{}", "~/.pyenv/versions/{}.*/bin/python",
        "~/.local/share/uv/python/cpython-{}.*/bin/python3",
    ),
    "darwin": (
        "/Library/Frameworks/Python.framework/Versions/{0}/bin/python{0}", "/opt/homebrew/bin/python{}",
        "/opt/homebrew/opt/python@{0}/bin/python{0}", "/usr/local/bin/python{}", "/opt/local/bin/python{}",
        "~/.local/bin/python{}", "~/.pyenv/versions/{}.*/bin/python",
        "~/.local/share/uv/python/cpython-{}.*/bin/python3",
    ),
    "win32": (
        "~/AppData/Local/Programs/Python/Python{1}/python.exe", "C:/Program Files/Python{1}/python.exe",
        "~/AppData/Roaming/uv/python/cpython-{0}.*/python.exe", "~/.pyenv/pyenv-win/versions/{0}.*/python.exe",
    ),
}  # fmt: skip
"""Where Pythons lie besides the folders of PATH, which is short for a program that a desktop starts. {0}: 3.11, {1}:
311."""
_ASK = """
import json, platform, struct, sys, sysconfig
try:
    import ensurepip, venv
    able = bool(ensurepip.version())
except Exception:  # parts of it may lie there still
    able = False
print(json.dumps({
    "path": sys.executable, "version": "%d.%d" % sys.version_info[:2], "is_able": able,
    "kind": "%s %s %d%s" % (sys.implementation.name, platform.machine().lower(), 8 * struct.calcsize("P"),
                            " free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""),
}))
"""
_ASK_S = 20.0
_STUB = "/usr/bin/python3"
"""On macOS it asks the user to install developer tools when it is called."""


class Python(msgspec.Struct, frozen=True, kw_only=True):
    """What an interpreter says of itself."""

    path: str
    version: str
    """As 3.11."""
    is_able: bool
    """It can make environments: it has `venv` and `ensurepip`."""
    kind: str
    """Implementation, processor, bits."""


def find(places: Sequence[str] | None = None) -> Python:
    """Return the interpreter that the environment is made of.

    Args:
        places: patterns of paths that a bundle looks at after PATH; those of this system by default.

    Raises:
        NotFoundError: `venv-missing`; it cannot make environments. `python-missing`; the computer has none that suits.
    """
    if not getattr(sys, "frozen", False):
        own = ask([sys.executable])
        if own is not None and own.is_able:
            return own
        mine = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise _unable(own or Python(path=sys.executable, version=mine, is_able=False, kind=""))
    unfit: dict[str, Python] = {}
    for command in _commands(PLACES.get(sys.platform, ()) if places is None else places):
        found = ask(command)
        if found is None:
            continue
        if found.is_able and suits(found):
            return found
        unfit.setdefault(found.path, found)
    unable = [python for python in unfit.values() if suits(python)]
    raise _unable(unable[0]) if unable else _missing(tuple(unfit.values()))


def suits(python: Python) -> bool:
    """Tell whether the lock holds packages for an interpreter."""
    here = f"cpython {platform.machine().lower()} {8 * struct.calcsize('P')}"
    return python.version in VERSIONS and python.kind == here


def ask(command: Sequence[str]) -> Python | None:
    """Return what an interpreter says of itself, or None where it does not start.

    Args:
        command: its path, or the launcher of Windows with its option.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a list of our own making, no shell
            [*command, "-I", "-c", _ASK], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_ASK_S
        )
        return msgspec.json.decode(done.stdout, type=Python) if done.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, msgspec.ValidationError, msgspec.DecodeError):
        return None


def _commands(places: Sequence[str]) -> Iterator[list[str]]:
    """Go through what may be a Python, each file once: by version, then whatever else is called so."""
    seen = set()
    for path in _paths(places):
        real = os.path.realpath(path)
        if real not in seen and not (sys.platform == "darwin" and path == _STUB):
            seen.add(real)
            yield [path]
    launcher = shutil.which("py") if sys.platform == "win32" else None
    if launcher:
        yield from ([launcher, f"-{version}"] for version in VERSIONS)


def _paths(places: Sequence[str]) -> Iterator[str]:
    for version in VERSIONS:
        named = shutil.which(f"python{version}")
        if named:
            yield named
        for place in places:
            pattern = place.format(version, version.replace(".", ""))
            yield from sorted(glob.glob(str(Path(pattern).expanduser())), reverse=True)  # noqa: PTH207 - from the root
    for name in ("python3", "python"):
        other = shutil.which(name)
        if other:
            yield other


def _unable(python: Python) -> NotFoundError:
    return NotFoundError(
        "venv-missing",
        f"Python {python.version} ({python.path}) cannot make environments: its parts `venv` and `ensurepip` are "
        "missing.",
        remedy=f"On Debian or Ubuntu: sudo apt-get install python{python.version}-venv. Then try again.",
    )


def _missing(others: Sequence[Python]) -> NotFoundError:
    named = ", ".join(f"{python.version} ({python.path}, {python.kind}-bit)" for python in others)
    found = f"; there is Python {named}" if others else ""
    return NotFoundError(
        "python-missing",
        f"The tools need Python 3.11, 3.12 or 3.13 for this processor, and none was found on this computer{found}.",
        remedy=f"{_advice(bool(others))} Then try again.",
    )


def _advice(has_other: bool) -> str:
    """Say how a fitting Python is had."""
    if sys.platform == "win32":
        return "Install one from python.org, or by: winget install Python.Python.3.12."
    if sys.platform == "darwin":
        return "Install one from python.org, or by: brew install python@3.12."
    if shutil.which("apt-get") and not has_other:
        return "Install it by: sudo apt-get install python3-venv."
    if shutil.which("dnf"):
        return "Install one by: sudo dnf install python3.13."
    return "Install Python 3.12 from your system's packages, or by: uv python install 3.12."
