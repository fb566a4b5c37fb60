"""What this installation is made of: every component with its version, licence and texts.

A bundle carries a file that was written when it was made; elsewhere the installed packages are asked.
"""

import importlib.metadata
import platform
import re
import sys
import sysconfig
from pathlib import Path
from typing import Literal

import msgspec

from advisor import resources
from advisor.errors import InvalidFileError

FILE_NAME = "licences.json"
SCHEMA_VERSION = 1
_APP = "model-fit-advisor"
_TEXT = re.compile(r"(licen[cs]e|copying|notice)", re.IGNORECASE)
_LARGEST_TEXT_BYTES = 400_000

Kind = Literal["python", "qt", "system", "runtime", "data", "font"]
_ORDER: tuple[Kind, ...] = ("python", "qt", "runtime", "system", "font", "data")


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody else made, or a table of ours."""

    name: str
    version: str
    licence: str
    """SPDX expression; empty where none is stated."""
    kind: Kind
    homepage: str = ""
    texts: tuple[str, ...] = ()
    """Keys into `Components.texts`."""


class Components(msgspec.Struct, frozen=True, kw_only=True):
    """All of it: this app first, then by kind and name."""

    schema_version: int
    components: tuple[Component, ...]
    texts: dict[str, str]

    def text_of(self, component: Component) -> str:
        """Return the texts of a component, one after the other."""
        return "\n\n".join(self.texts[key] for key in component.texts if key in self.texts)


def load() -> Components:
    """Return what this installation is made of.

    Raises:
        InvalidFileError: `licences-invalid`; the file of a bundle is missing or damaged.
    """
    inside = getattr(sys, "_MEIPASS", None)
    found = of_bundle(Path(inside) / FILE_NAME) if inside else _with_own(of_packages())
    return msgspec.structs.replace(found, components=tuple(sorted(found.components, key=_place)))


def of_bundle(path: Path) -> Components:
    """Return what a bundle's file says; errors as `load`."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Components)
    except (OSError, msgspec.DecodeError) as error:
        raise InvalidFileError(
            "licences-invalid", f"{path} cannot be used: {error}.", remedy="Install the app again.", file=str(path)
        ) from error
    if found.schema_version != SCHEMA_VERSION:
        raise InvalidFileError(
            "licences-invalid", f"{path} has version {found.schema_version} of its layout, not {SCHEMA_VERSION}.",
            remedy="Install the app again.", file=str(path),
        )  # fmt: skip
    return found


def of_packages(root: str = _APP) -> Components:
    """Return the installed packages that one needs, itself first, without those of its extras."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [root]
    while waiting:
        name = plain(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of another system or another Python
        waiting += [_name(line) for line in found[name].requires or () if "extra ==" not in line]
    texts: dict[str, str] = {}
    components = [_component(found[name], texts) for name in sorted(found)]
    return Components(schema_version=SCHEMA_VERSION, components=tuple(components), texts=texts)


def _with_own(found: Components) -> Components:
    """Add what no package lists: Python itself and the app's own tables, each with its sources."""
    texts = dict(found.texts)
    licence = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    if licence.is_file():
        texts["python"] = licence.read_text("utf-8", errors="replace")
    more = [
        Component(
            name="Python", version=platform.python_version(), licence="PSF-2.0", kind="runtime",
            homepage="https://www.python.org", texts=("python",) if "python" in texts else (),
        )
    ]  # fmt: skip
    for path in resources.root().rglob("SOURCES.md"):
        name = f"Data: {path.parent.relative_to(resources.root()).as_posix()}"
        texts[name] = path.read_text("utf-8", errors="replace")
        more.append(Component(name=name, version="", licence="LicenseRef-Sources", kind="data", texts=(name,)))
    return msgspec.structs.replace(found, components=(*found.components, *more), texts=texts)


def _place(component: Component) -> tuple[bool, int, str]:
    return component.name != _APP, _ORDER.index(component.kind), component.name.casefold()


def plain(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _name(requirement: str) -> str:
    return re.split(r"[\s<>=!~;\[(]", requirement.strip(), maxsplit=1)[0]


def _component(distribution: importlib.metadata.Distribution, texts: dict[str, str]) -> Component:
    metadata = distribution.metadata
    keys = []
    for number, text in enumerate(_texts(distribution)):
        key = f"{plain(metadata['Name'])}-{number}"
        texts[key] = text
        keys.append(key)
    name = metadata["Name"]
    return Component(
        name=name, version=distribution.version, licence=_licence(distribution), texts=tuple(keys),
        kind="qt" if plain(name) in {"pyside6-essentials", "shiboken6"} else "python", homepage=_homepage(distribution),
    )  # fmt: skip


def _licence(distribution: importlib.metadata.Distribution) -> str:
    """Return the licence as the package states it: an expression, else a short word, else its classifier."""
    stated = distribution.metadata.get_all("License-Expression") or distribution.metadata.get_all("License") or []
    short = [text for text in stated if text and "\n" not in text and len(text) < 80]
    if short:
        return str(short[0])
    classified = [
        line.rpartition(" :: ")[2] for line in distribution.metadata.get_all("Classifier") or () if "License ::" in line
    ]  # fmt: skip
    return ", ".join(classified)


def _homepage(distribution: importlib.metadata.Distribution) -> str:
    for line in distribution.metadata.get_all("Project-URL") or ():
        label, _, address = line.partition(", ")
        if label.lower() in {"homepage", "source", "repository"}:
            return str(address)
    return str((distribution.metadata.get_all("Home-page") or [""])[0])


def _texts(distribution: importlib.metadata.Distribution) -> list[str]:
    found = []
    for file in distribution.files or ():
        if ".dist-info" in file.parts[0] and _TEXT.search(file.name) and file.suffix != ".json":
            place = Path(str(distribution.locate_file(file)))
            if place.is_file() and place.stat().st_size <= _LARGEST_TEXT_BYTES:
                found.append(place.read_text("utf-8", errors="replace"))
    return found
