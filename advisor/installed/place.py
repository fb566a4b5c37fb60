"""How this app came onto this computer, and so how it is brought up to date."""

import sys
from pathlib import Path
from typing import Literal

Way = Literal["debian-package", "rpm-package", "bundle", "pipx", "uv-tool", "source", "python-package"]
_SYSTEM_PLACE = "/usr/lib/model-fit-advisor"


def way() -> Way:
    """Return it, by where the program lies."""
    if getattr(sys, "frozen", False):
        return of_bundle(Path(sys.executable))
    return of_package(Path(__file__).resolve(), Path(sys.prefix))


def of_bundle(program: Path, *, root: Path = Path("/")) -> Way:
    """Return how a bundle came here.

    Args:
        program: its executable.
        root: of the file system.
    """
    if program.resolve().is_relative_to(root / _SYSTEM_PLACE.lstrip("/")):
        listed = root / "var/lib/dpkg/info/model-fit-advisor.list"
        return "debian-package" if listed.is_file() else "rpm-package"
    return "bundle"


def of_package(module: Path, prefix: Path) -> Way:
    """Return how a package of Python came here.

    Args:
        module: a file of it.
        prefix: of the environment it runs in.
    """
    if module.parents[2].joinpath("pyproject.toml").is_file():
        return "source"
    if "pipx" in prefix.parts:
        return "pipx"
    if "uv" in prefix.parts and "tools" in prefix.parts:
        return "uv-tool"
    return "python-package"
