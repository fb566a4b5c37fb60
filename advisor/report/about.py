"""Words about this installation: what it is, what it is made of, whether there is a newer one."""

import os
import platform
from typing import Any

from advisor import __version__, paths
from advisor.installed import place, updates
from advisor.installed.components import Component, Components, plain
from advisor.report.public_parts import head

WHAT = (
    "Says which AI model, at which quantization, is enough for your task on this computer, and what it costs in "
    "memory, time, energy and carbon."
)
LICENCE = (
    "Model Fit Advisor is free software under the Apache License 2.0. Everything it brings is listed with its licence."
)
SENDS_NOTHING = "Nothing about you or this computer is sent."
TITLES = ("Component", "Version", "Licence", "Kind")
KINDS = {
    "python": "Python package", "qt": "Qt", "system": "system library", "runtime": "runtime",
    "data": "data of this app", "font": "font",
}  # fmt: skip
WAYS: dict[place.Way, str] = {
    "debian-package": "installed from a .deb", "rpm-package": "installed from an .rpm", "bundle": "a folder of its own",
    "pipx": "installed by pipx", "uv-tool": "installed by uv", "source": "run from its sources",
    "python-package": "installed as a Python package",
}  # fmt: skip
_HOW: dict[place.Way, str] = {
    "debian-package": "Download the new .deb and install it with: sudo apt install ./FILE.deb",
    "rpm-package": "Download the new .rpm and install it with: sudo dnf install ./FILE.rpm",
    "bundle": "Download the new one and unpack it in place of this one.",
    "pipx": "Update with: pipx upgrade model-fit-advisor",
    "uv-tool": "Update with: uv tool upgrade model-fit-advisor",
    "source": "Update with: git pull",
    "python-package": "Update with: pip install --upgrade model-fit-advisor",
}
SWITCH = "Look for a &new version once a week"
OFF = "Off: no server is asked unless you press Look now."
ON = "On: about once a week while the window is open."


def version_sentence() -> str:
    """Return what stands at the top."""
    return f"Model Fit Advisor {__version__}, {WAYS[place.way()]}."


def licence_words(component: Component) -> str:
    """Return a component's licence as people read it."""
    return component.licence if component.licence not in {"", "LicenseRef-Sources"} else "see the text"


def rows(components: Components) -> tuple[tuple[str, ...], ...]:
    """Return the table of components under `TITLES`."""
    return tuple(
        (item.name.removeprefix("Data: "), item.version, licence_words(item), KINDS[item.kind])
        for item in components.components
    )


QT_NOTICE = (
    "Qt and its Python bindings are used under the GNU Lesser General Public License, version 3, as packages of their "
    "own that any build of the same version can take the place of. The text of the licence: "
    "https://www.gnu.org/licenses/lgpl-3.0.html. The sources: https://download.qt.io."
)
_VERSIONS = ("pyside6-essentials", "onnxruntime", "onnx", "numpy", "pyqtgraph", "msgspec", "huggingface-hub")
"""Whose versions matter when a fault is reported."""


def text_words(components: Components, component: Component) -> str:
    """Return what is shown of one component: name, licence, address, texts."""
    name = component.name.removeprefix("Data: ")
    head = [f"{name} {component.version}".strip(), licence_words(component), component.homepage]
    where = "; it is published at the address above." if component.homepage else "."
    text = components.text_of(component) or (
        QT_NOTICE if component.kind == "qt" else f"No text of its licence came with it{where}"
    )
    return "\n".join(filter(None, head)) + "\n\n" + text


def details(components: Components | None = None) -> str:
    """Return what helps to understand a report of a fault, nothing personal in it.

    Args:
        components: what the installation is made of; null where that is not known.
    """
    named = {plain(item.name): item for item in components.components} if components is not None else {}
    versions = [f"{named[name].name} {named[name].version}" for name in _VERSIONS if name in named]
    lines = [
        f"Model Fit Advisor {__version__} ({WAYS[place.way()]})",
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {platform.machine()}",
        ", ".join(versions),
        f"Folders moved by {paths.HOME_VARIABLE}: {'yes' if os.environ.get(paths.HOME_VARIABLE) else 'no'}",
    ]
    return "\n".join(filter(None, lines))


def asks_sentence(address: str) -> str:
    """Return who is asked and what is sent, before anything is."""
    host = updates.host(address)
    return f"Asks {host} for the number of the newest version. Nothing is sent with it, downloaded or installed."


def found_sentence(looked: updates.Looked) -> str:
    """Return what a look found."""
    day = looked.looked[:10]
    if updates.is_newer(looked.version, __version__):
        notes = f" What is new: {looked.page}." if looked.page else ""
        return f"Version {looked.version} is available; you have {__version__}.{notes} {_HOW[place.way()]}"
    return f"You have the newest version, {__version__} (looked on {day})."


def document(components: Components) -> dict[str, Any]:
    """Return all of it for programs."""
    return {
        **head("about"), "installed": place.way(),
        "components": [
            {"name": item.name, "version": item.version, "licence": item.licence, "kind": item.kind,
             "homepage": item.homepage}
            for item in components.components
        ],
    }  # fmt: skip


def updates_document(looked: updates.Looked) -> dict[str, Any]:
    """Return what a look found for programs."""
    return {
        **head("updates"), "newest": looked.version, "is_newer": updates.is_newer(looked.version, __version__),
        "page": looked.page, "looked": looked.looked,
    }  # fmt: skip
