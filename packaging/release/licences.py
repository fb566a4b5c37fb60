"""Collects who wrote what is in the bundle and under which licence, with every text, and puts it into the bundle.

Run by packaging/bundle/build.py; by hand: `python packaging/release/licences.py` writes `_internal/licences.json` of
build/bundle. It ends with a sentence when a file belongs to nobody, a licence is none of those accepted below, or a
text is missing: then the bundle may not be given away.
"""

import argparse
import csv
import email.parser
import hashlib
import json
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TEXTS = Path(__file__).resolve().parent / "texts"
FILE_NAME = "licences.json"
NAMES = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
ACCEPTED = frozenset({
    "MIT", "MIT-CMU", "ISC", "Zlib", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "HPND", "MPL-2.0",
    "CC0-1.0", "LGPL-3.0-only", "LGPL-2.1-or-later", "GPL-2.0-or-later WITH Bootloader-exception", "bzip2-1.0.6",
    "LicenseRef-Sources",
    "blessing", "X11", "Matplotlib", "CC-BY-4.0",
})  # fmt: skip
"""Each may be given away inside this bundle: Qt and glib as separate files that a user can replace (LGPL)."""
STATED: dict[str, str] = {
    "altgraph": "MIT", "colorama": "BSD-3-Clause", "contourpy": "BSD-3-Clause", "cycler": "BSD-3-Clause",
    "flatbuffers": "Apache-2.0", "fonttools": "MIT", "h11": "MIT", "huggingface-hub": "Apache-2.0",
    "jinja2": "BSD-3-Clause", "kiwisolver": "BSD-3-Clause", "markdown-it-py": "MIT", "matplotlib": "Matplotlib",
    "mdurl": "MIT", "nvidia-ml-py": "BSD-3-Clause", "onnxruntime": "MIT", "protobuf": "BSD-3-Clause",
    "psutil": "BSD-3-Clause", "pyqtgraph": "MIT", "pyside6-essentials": "LGPL-3.0-only", "shiboken6": "LGPL-3.0-only",
    "pyyaml": "MIT", "rich": "MIT", "shellingham": "ISC", "tokenizers": "Apache-2.0", "tomli-w": "MIT",
    "tqdm": "MPL-2.0 AND MIT", "tzdata": "Apache-2.0",
}  # fmt: skip
"""Where a package's metadata name no licence of the SPDX list; each was read in the text that comes with it."""
OF_SYSTEM: dict[str, str] = {
    "libbz2-1.0": "bzip2-1.0.6", "libssl3": "Apache-2.0", "libffi8": "MIT", "libglib2.0-0": "LGPL-2.1-or-later",
    "liblzma5": "0BSD", "libpcre2-8-0": "BSD-3-Clause", "libsqlite3-0": "blessing", "libuuid1": "BSD-3-Clause",
    "libxcb-cursor0": "MIT", "libxcb-glx0": "MIT", "libxcb-icccm4": "MIT", "libxcb-image0": "MIT",
    "libxcb-keysyms1": "MIT", "libxcb-randr0": "MIT", "libxcb-render-util0": "MIT", "libxcb-render0": "MIT",
    "libxcb-shape0": "MIT", "libxcb-shm0": "MIT", "libxcb-sync1": "MIT", "libxcb-util1": "MIT",
    "libxcb-xfixes0": "MIT", "libxcb-xkb1": "MIT", "libxkbcommon-x11-0": "MIT", "libxkbcommon0": "MIT",
    "zlib1g": "Zlib", "libzstd1": "BSD-3-Clause", "libexpat1": "MIT", "libmpdec3": "BSD-2-Clause",
    "libncursesw6": "X11", "libtinfo6": "X11",
}  # fmt: skip
"""Debian package -> licence of the library itself; the text in the bundle is the whole copyright file."""
QT_NOTE = (
    "Qt and its Python bindings are used under the GNU Lesser General Public License, version 3. They lie in this "
    "bundle as separate shared libraries, unchanged but for removed debugging symbols, and can be replaced by your own "
    "build of the same version: put your files in place of those in the folder PySide6. Their sources are published by "
    "The Qt Company (qt-everywhere and pyside-setup, of the version stated here). Third-party parts of Qt: see "
    "its documentation under 'Third-Party Code Used in Qt'.\n\n"
)
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)


class IncompleteError(Exception):
    """Something in the bundle may not be given away as it is."""


class Collector:
    """Components and their texts; a text that comes twice is kept once."""

    def __init__(self) -> None:
        self.components: list[dict[str, Any]] = []
        self.texts: dict[str, str] = {}

    def add(self, name: str, version: str, licence: str, kind: str, homepage: str, texts: list[str]) -> None:
        """Add a component.

        Raises:
            IncompleteError: its licence is not accepted, or it has no text.
        """
        unknown = [
            part for part in re.split(r" AND | OR |[()]", licence) if part.strip() and part.strip() not in ACCEPTED
        ]
        if unknown and " OR " not in licence:
            raise IncompleteError(
                f"{name} {version}: the licence {licence or '(none named)'} is not among those accepted."
            )
        kept = [text.strip() + "\n" for text in texts if text.strip()]
        if not kept:
            raise IncompleteError(f"{name} {version}: no text of its licence was found.")
        keys = []
        for text in kept:
            key = hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
            self.texts[key] = text
            keys.append(key)
        self.components.append({
            "name": name, "version": version, "licence": licence, "kind": kind, "homepage": homepage, "texts": keys,
        })  # fmt: skip

    def document(self) -> dict[str, Any]:
        """Return all of it, in an order that does not depend on the file system."""
        ordered = sorted(self.components, key=lambda item: (item["kind"], item["name"].lower()))
        return {"schema_version": 1, "components": ordered, "texts": dict(sorted(self.texts.items()))}


def plain(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _read(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")


def _rust_crates(folder: Path) -> str:
    """Return the crates that a wheel's own bill of materials names, as a text."""
    lines = []
    for path in sorted(folder.glob("sboms/*.json")):
        for item in json.loads(_read(path)).get("components", []):
            named = [
                entry.get("expression") or entry.get("license", {}).get("id") for entry in item.get("licenses", [])
            ]
            lines.append(
                f"{item.get('name')} {item.get('version', '')}: {', '.join(filter(None, named)) or 'not stated'}"
            )
    return "Built into it, by its own bill of materials:\n" + "\n".join(sorted(set(lines))) if lines else ""


def _own_texts(name: str, folder: Path, site: Path) -> list[str]:
    """Return the licence texts that come with a distribution, or that it refers to."""
    found = [_read(path) for path in sorted(folder.rglob("*")) if path.is_file() and LICENCE_FILE.search(path.name)]
    if name == "onnxruntime":
        found += [_read(site / "onnxruntime" / file) for file in ("LICENSE", "ThirdPartyNotices.txt")]
    if name in ("pyside6-essentials", "shiboken6"):
        found += [QT_NOTE + _read(TEXTS / "LGPL-3.0.txt"), _read(TEXTS / "GPL-3.0.txt")]
    if name in ("flatbuffers", "tokenizers"):
        found.append(_read(ROOT / "LICENSE"))  # Apache-2.0, whose text is the same everywhere
    if name == "nvidia-ml-py":
        found.append(_read(site / "pynvml.py").split("#####")[1])
    if name == "matplotlib":
        found += [_read(path) for path in sorted((site / "matplotlib/mpl-data/fonts").rglob("LICENSE*"))]
    return [*found, _rust_crates(folder)]


def distributions(bundle: Path, site: Path, into: Collector) -> set[str]:
    """Add the Python packages of the bundle; return the files that are theirs, as paths under `_internal`."""
    files: set[str] = set()
    for folder in sorted((bundle / "_internal").glob("*.dist-info")):
        metadata = email.parser.HeaderParser().parsestr(_read(folder / "METADATA"))
        name = plain(metadata["Name"])
        origin = next(path for path in site.glob("*.dist-info") if path.name.lower() == folder.name.lower())
        with (origin / "RECORD").open(encoding="utf-8", newline="") as file:
            files |= {row[0] for row in csv.reader(file)}
        licence = STATED.get(name) or metadata["License-Expression"] or ""
        urls = dict(line.split(", ", 1) for line in metadata.get_all("Project-URL", []) if ", " in line)
        wanted = ("homepage", "home", "source", "repository")
        homepage = next((url for key, url in urls.items() if key.lower() in wanted), metadata["Home-page"] or "")
        kind = "qt" if name in ("pyside6-essentials", "shiboken6") else "python"
        into.add(metadata["Name"], metadata["Version"], licence, kind, homepage, _own_texts(name, origin, site))
        files |= {path.relative_to(bundle / "_internal").as_posix() for path in folder.rglob("*")}
    return files


def runtime(site: Path, into: Collector) -> None:
    """Add Python itself and the small program that starts it."""
    text = Path(sysconfig.get_paths()["stdlib"]) / "LICENSE.txt"
    version = ".".join(map(str, sys.version_info[:3]))
    into.add("Python", version, "PSF-2.0", "runtime", "https://www.python.org", [_read(text)] if text.is_file() else [])
    tool = next(site.glob("pyinstaller-*.dist-info"))
    into.add(
        "PyInstaller (the program that starts Python)", tool.name.split("-")[1].removesuffix(".dist"),
        "GPL-2.0-or-later WITH Bootloader-exception", "runtime", "https://pyinstaller.org",
        [_read(path) for path in sorted(tool.rglob("COPYING*"))],
    )  # fmt: skip


def system_library(name: str, into: Collector) -> None:
    """Add the Debian package that a library was copied from, once.

    Raises:
        IncompleteError: no package holds it, or its licence was never looked at.
    """
    done = subprocess.run(["dpkg", "-S", f"*/{name}"], capture_output=True, text=True)
    owners = sorted({line.split(":")[0] for line in done.stdout.splitlines() if "-linux-gnu" in line})
    if not owners:
        raise IncompleteError(f"{name}: no Debian package holds this library.")
    package = re.sub(r"t64$", "", owners[0])
    if any(item["name"] == package for item in into.components):
        return
    asked = ["dpkg-query", "-W", "-f=${Version}|${Homepage}", owners[0]]
    version, _, homepage = subprocess.run(asked, capture_output=True, text=True).stdout.partition("|")
    text = Path("/usr/share/doc", owners[0], "copyright")
    texts = [_read(text)] if text.is_file() else []
    licence = OF_SYSTEM.get(package, "")
    if licence.startswith("LGPL"):
        texts.append(_read(TEXTS / "LGPL-2.1.txt"))
    into.add(package, version, licence, "system", homepage, texts)


def data(into: Collector) -> None:
    """Add the app's own tables; each names its sources and their licences in its text."""
    for path in sorted((ROOT / "resources").rglob("SOURCES.md")):
        name = path.parent.relative_to(ROOT / "resources").as_posix()
        into.add(f"Data: {name}", "", "LicenseRef-Sources", "data", "", [_read(path)])


def collect(bundle: Path, site: Path) -> dict[str, Any]:
    """Return the document of a bundle.

    Args:
        bundle: folder with the executables and `_internal`.
        site: packages of the environment that it was made in.

    Raises:
        IncompleteError: see there.
    """
    into = Collector()
    theirs = distributions(bundle, site, into)
    runtime(site, into)
    python = re.compile(r"(python3\.\d+/|base_library\.zip$|libpython3)")
    for path in sorted((bundle / "_internal").rglob("*")):
        name = path.relative_to(bundle / "_internal").as_posix()
        if path.is_symlink() or not path.is_file() or name in theirs or name == FILE_NAME or python.match(name):
            continue
        if "/" in name or ".so" not in name:
            raise IncompleteError(f"{name}: this file belongs to no package that is known here.")
        system_library(path.name, into)
    data(into)
    return into.document()


def write(bundle: Path, site: Path) -> Path:
    """Write the document into the bundle; return where."""
    place = bundle / "_internal" / FILE_NAME
    text = json.dumps(collect(bundle, site), ensure_ascii=False, indent=1, sort_keys=False)
    place.write_text(text + "\n", "utf-8")
    return place


def main() -> None:
    """Write and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=ROOT / "build" / "bundle" / NAMES["command"])
    parser.add_argument("--site", type=Path, help="packages of the build environment")
    options = parser.parse_args()
    site = options.site or next((ROOT / "build" / "venv" / "lib").glob("python3*")) / "site-packages"
    try:
        place = write(options.bundle, site)
    except IncompleteError as error:
        sys.exit(str(error))
    found = json.loads(place.read_text("utf-8"))
    size_mb = place.stat().st_size / 1e6
    print(f"{place}: {len(found['components'])} components, {len(found['texts'])} texts, {size_mb:.2f} MB")


if __name__ == "__main__":
    main()
