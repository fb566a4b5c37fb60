"""Collects who wrote what is in the bundle and under which licence, with every text, and puts it into the bundle.

Run by packaging/bundle/build.py; by hand: `python packaging/release/licences.py` writes `_internal/licences.json` of
build/bundle. It ends with a sentence when a file belongs to nobody, a licence is none of those accepted below, or a
text is missing: then the bundle may not be given away. What wheels bring besides their own code is in parts.toml and,
for those written in Rust, in their own bills of materials.
"""

import argparse
import csv
import email.parser
import functools
import hashlib
import json
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

from expressions import chosen

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
TEXTS = HERE / "texts"
FILE_NAME = "licences.json"
NAMES = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
PARTS = tomllib.loads((HERE / "parts.toml").read_text("utf-8"))["part"]
ACCEPTED = frozenset({
    "MIT", "MIT-0", "MIT-CMU", "ISC", "Zlib", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Open-MPI",
    "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "PSF-2.0", "HPND", "MPL-2.0", "CC0-1.0", "LGPL-3.0-only",
    "LGPL-2.1-or-later", "GPL-2.0-or-later WITH Bootloader-exception", "GPL-3.0-or-later WITH GCC-exception-3.1",
    "bzip2-1.0.6", "blessing", "X11", "IJG", "libtiff", "Matplotlib", "CC-BY-4.0", "BSL-1.0", "CDLA-Permissive-2.0",
    "Unicode-3.0", "Unicode-DFS-2016", "OFL-1.1", "LPPL-1.3c", "Bitstream-Vera", "LicenseRef-BaKoMa",
    "LicenseRef-Qt-third-party", "LicenseRef-Sources",
})  # fmt: skip
"""Each may be given away inside this bundle: Qt and glib as separate files that a user can replace (LGPL), what is
under MPL unchanged and with the address of its sources, GCC's library by the exception made for that."""
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
    "build of the same version: put your files in place of those in the folder PySide6. Their sources, published by "
    "The Qt Company: https://download.qt.io/official_releases/qt/ and "
    "https://download.qt.io/official_releases/QtForPython/, in the folder of the version stated here.\n\n"
)
DEBIAN_NOTE = (
    "Copied unchanged, but for removed debugging symbols, from the Debian package {package} {version}. It lies in this "
    "bundle as a separate file and can be replaced by your own build. Its sources: "
    "https://snapshot.debian.org/binary/{package}/ and `apt-get source {package}={version}`.\n\n"
)
BOOTLOADER = "PyInstaller (the program that starts Python)"
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
WHOLE_TEXTS = {
    "Apache-2.0": [ROOT / "LICENSE"],
    "Apache-2.0 WITH LLVM-exception": [ROOT / "LICENSE", TEXTS / "LLVM-exception.txt"],
    "LGPL-2.1-or-later": [TEXTS / "LGPL-2.1.txt"], "LGPL-3.0-only": [TEXTS / "LGPL-3.0.txt", TEXTS / "GPL-3.0.txt"],
}  # fmt: skip
"""Licences whose text is the same for everybody; all others lie under their own name in texts/."""
LIBRARY = re.compile(r"\.so$|\.so\.|\.dll$|\.dylib$|\.pyd$")
OF_PYTHON = re.compile(r"(python3\.\d+/|base_library\.zip$|libpython3|Python$|python3\d*\.dll$)")


class IncompleteError(Exception):
    """Something in the bundle may not be given away as it is."""


class Collector:
    """Components and their texts; a text that comes twice is kept once."""

    def __init__(self) -> None:
        self.components: list[dict[str, Any]] = []
        self.texts: dict[str, str] = {}
        self.owner: dict[str, str] = {}
        """File under `_internal` -> name of the component that it belongs to."""

    def add(self, name: str, version: str, licence: str, kind: str, homepage: str, texts: list[str]) -> None:
        """Add a component.

        Raises:
            IncompleteError: its licence is not accepted, or it has no text.
        """
        if chosen(licence, ACCEPTED) is None:
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
            "name": name, "version": version, "licence": licence, "kind": kind, "homepage": homepage,
            "texts": list(dict.fromkeys(keys)),
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


def whole_texts(licence: str) -> list[str]:
    """Return the general text of an accepted licence."""
    return [_read(path) for path in WHOLE_TEXTS.get(licence, [TEXTS / f"{licence}.txt"])]


def built_in(name: str, folder: Path) -> list[str]:
    """Return what a distribution's own bill of materials says was compiled into it, and the texts of those licences.

    Raises:
        IncompleteError: something there has no licence, or none that is accepted.
    """
    lines, used = set(), set()
    bills = [path for path in sorted(folder.glob("sboms/*.json")) if name != "pillow"]  # Pillow's lists what could be
    for item in (item for path in bills for item in json.loads(_read(path)).get("components", [])):
        named = [entry.get("expression") or entry.get("license", {}).get("id") for entry in item.get("licenses", [])]
        said = " AND ".join(f"({part})" for part in filter(None, named))
        taken = chosen(said, ACCEPTED)
        if taken is None:
            raise IncompleteError(f"{name}: {item['name']} in it has the licence {said or '(none named)'}.")
        used |= taken
        lines.add(f"{item['name']} {item.get('version', '')}: {', '.join(sorted(taken))} [{' AND '.join(named)}]")
    if not lines:
        return []
    listed = "\n".join(sorted(lines))
    intro = "Compiled into it, by its own bill of materials; what each is used under, [what its authors offer]:"
    return [f"{intro}\n{listed}", *(text for licence in sorted(used) for text in whole_texts(licence))]


def _own_texts(name: str, folder: Path, site: Path, licence: str) -> list[str]:
    """Return the licence texts that come with a distribution, or that it refers to."""
    found = [_read(path) for path in sorted(folder.rglob("*")) if path.is_file() and LICENCE_FILE.search(path.name)]
    if name == "onnxruntime":
        found += [_read(site / "onnxruntime" / file) for file in ("LICENSE", "ThirdPartyNotices.txt")]
    if name in ("pyside6-essentials", "shiboken6"):
        found.append(QT_NOTE)
    if name == "nvidia-ml-py":
        found.append(_read(site / "pynvml.py").split("#####")[1])
    if name in ("flatbuffers", "tokenizers", "pyside6-essentials", "shiboken6", "tqdm"):
        found += [text for part in sorted(chosen(licence, ACCEPTED) or ()) for text in whole_texts(part)]
    return [*found, *built_in(name, folder)]


def metadata(folder: Path) -> tuple[str, str, str, str]:
    """Return name, version, licence and homepage of an installed distribution."""
    said = email.parser.HeaderParser().parsestr(_read(folder / "METADATA"))
    urls = {key.lower(): url for key, url in (line.split(", ", 1) for line in said.get_all("Project-URL", []))}
    wanted = ("homepage", "home", "source", "source code", "repository", "documentation")
    homepage = next((urls[key] for key in wanted if key in urls), said["Home-page"] or "")
    licence = STATED.get(plain(said["Name"])) or said["License-Expression"] or ""
    return said["Name"], said["Version"], licence, homepage


def distributions(bundle: Path, site: Path, into: Collector) -> None:
    """Add the Python packages of the bundle with their files, and what their wheels bring besides."""
    inside = bundle / "_internal"
    for folder in sorted(inside.glob("*.dist-info")):
        name, version, licence, homepage = metadata(folder)
        origin = next(path for path in site.glob("*.dist-info") if path.name.lower() == folder.name.lower())
        kind = "qt" if plain(name) in ("pyside6-essentials", "shiboken6") else "python"
        into.add(name, version, licence, kind, homepage, _own_texts(plain(name), origin, site, licence))
        with (origin / "RECORD").open(encoding="utf-8", newline="") as file:
            into.owner |= {row[0]: name for row in csv.reader(file) if (inside / row[0]).is_file()}
        into.owner |= {path.relative_to(inside).as_posix(): name for path in folder.rglob("*") if path.is_file()}
        for part in (part for part in PARTS if part["of"] == plain(name)):
            add_part(part, inside, site, into)


def add_part(part: dict[str, Any], inside: Path, site: Path, into: Collector) -> None:
    """Add something that a wheel brings besides its own code, unless its files are not in the bundle."""
    files = [
        path.relative_to(inside).as_posix()
        for glob in part.get("files", ()) for path in sorted(inside.glob(glob)) if not path.is_symlink()
    ]  # fmt: skip
    if "files" in part and not files:
        return
    texts = [part["notice"]] if "notice" in part else []
    if "text" in part:
        texts.append(section(_read(next(iter(site.glob(part["text"])))), part.get("from"), part.get("to")))
    texts += [_read(TEXTS / f"{name}.txt") for name in part.get("texts", ())]
    into.add(part["name"], "", part["licence"], part.get("kind", "runtime"), part["homepage"], texts)
    into.owner |= dict.fromkeys(files, part["name"])


def section(text: str, first: str | None, last: str | None) -> str:
    """Return the lines from one to before another; nothing when they are not there."""
    lines = text.splitlines()
    if (first and first not in lines) or (last and last not in lines):
        return ""
    start = lines.index(first) if first else 0
    end = lines.index(last, start) if last else len(lines)
    return "\n".join(lines[start:end]).rstrip("-=\n ")


def runtime(site: Path, into: Collector) -> None:
    """Add Python itself and the small program that starts it."""
    places = (Path(sysconfig.get_paths()["stdlib"]) / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt")
    text = [_read(path) for path in places if path.is_file()][:1]
    version = ".".join(map(str, sys.version_info[:3]))
    incorporated = [_read(TEXTS / "Python-incorporated.txt")] if text else []
    into.add("Python", version, "PSF-2.0", "runtime", "https://www.python.org", text + incorporated)
    tool = next(site.glob("pyinstaller-*.dist-info"))
    into.add(
        BOOTLOADER, tool.name.split("-")[1].removesuffix(".dist"), "GPL-2.0-or-later WITH Bootloader-exception",
        "runtime", "https://pyinstaller.org", [_read(path) for path in sorted(tool.rglob("COPYING*"))],
    )  # fmt: skip


@functools.cache
def names_beside_python() -> frozenset[str]:
    """Return the libraries that came with Python on Windows and macOS: OpenSSL, SQLite, libffi, Microsoft's runtime."""
    places = [Path(sys.base_prefix), Path(sys.base_prefix) / "DLLs", Path(sys.base_prefix) / "lib"]
    return frozenset(path.name for place in places if place.is_dir() for path in place.iterdir() if path.is_file())


def debian_packages(names: list[str]) -> dict[str, str]:
    """Return the Debian package of each library that one holds."""
    if sys.platform != "linux" or not names:
        return {}
    done = subprocess.run(["dpkg", "-S", *(f"*/{name}" for name in names)], capture_output=True, text=True)
    found: dict[str, str] = {}
    for line in sorted(done.stdout.splitlines(), reverse=True):
        if "-linux-gnu" in line:
            found[line.rpartition("/")[2]] = line.split(":")[0]
    return found


def system_library(name: str, packages: dict[str, str], into: Collector) -> str:
    """Add the Debian package that a library was copied from, once; return the component's name.

    Raises:
        IncompleteError: no package holds it, or its licence was never looked at.
    """
    if sys.platform != "linux" and name in names_beside_python():
        return "Python"
    if name not in packages:
        raise IncompleteError(f"{name}: this library belongs to no package that is known here.")
    owner = packages[name]
    package = re.sub(r"t64$", "", owner)
    if any(item["name"] == package for item in into.components):
        return package
    asked = ["dpkg-query", "-W", "-f=${Version}|${Homepage}", owner]
    version, _, homepage = subprocess.run(asked, capture_output=True, text=True).stdout.partition("|")
    text = Path("/usr/share/doc", owner, "copyright")
    licence = OF_SYSTEM.get(package, "")
    texts = [_read(text)] if text.is_file() else []
    if texts and licence in WHOLE_TEXTS:  # Debian's file only says where the text is on Debian
        texts += whole_texts(licence)
    if texts and licence.startswith("LGPL"):
        texts.insert(0, DEBIAN_NOTE.format(package=owner, version=version))
    into.add(package, version, licence, "system", homepage, texts)
    return package


def data(into: Collector) -> None:
    """Add the app's own tables; each names its sources and their licences in its text."""
    for path in sorted((ROOT / "resources").rglob("SOURCES.md")):
        name = path.parent.relative_to(ROOT / "resources").as_posix()
        into.add(f"Data: {name}", "", "LicenseRef-Sources", "data", "", [_read(path)])


def survey(bundle: Path, site: Path) -> Collector:
    """Return the components of a bundle and whose each file is.

    Args:
        bundle: folder with the executables and `_internal`.
        site: packages of the environment that it was made in.

    Raises:
        IncompleteError: see there.
    """
    into = Collector()
    for path in sorted(bundle.iterdir()):
        if path.name.removesuffix(".exe") not in ("_internal", NAMES["command"], NAMES["console_command"]):
            raise IncompleteError(f"{path.name}: this file belongs to no package that is known here.")
    distributions(bundle, site, into)
    runtime(site, into)
    own, left = {part["name"] for part in PARTS}, []
    for path in sorted((bundle / "_internal").rglob("*")):
        name = path.relative_to(bundle / "_internal").as_posix()
        if path.is_symlink() or not path.is_file() or name == FILE_NAME:
            continue
        if re.match(r"[^/]+\.libs/", name) and into.owner.get(name) not in own:
            raise IncompleteError(f"{name}: a library inside a package of which parts.toml says nothing.")
        if OF_PYTHON.match(name):
            into.owner.setdefault(name, "Python")
        elif name not in into.owner:
            left.append(name)
    for name in left:
        if "/" in name or not LIBRARY.search(name):
            raise IncompleteError(f"{name}: this file belongs to no package that is known here.")
    packages = debian_packages(left)
    into.owner |= {name: system_library(name, packages, into) for name in left}
    data(into)
    return into


def collect(bundle: Path, site: Path) -> dict[str, Any]:
    """Return the document of a bundle; see survey()."""
    return survey(bundle, site).document()


def build_site(build: Path = ROOT / "build") -> Path:
    """Return the packages of the environment that a bundle was made in."""
    return next(path for path in sorted((build / "venv").rglob("site-packages")) if path.is_dir())


def write(bundle: Path, site: Path) -> Path:
    """Write the document into the bundle; return where."""
    place = bundle / "_internal" / FILE_NAME
    text = json.dumps(collect(bundle, site), ensure_ascii=False, indent=1, sort_keys=False)
    place.unlink(missing_ok=True)  # it may be a link to the file of another copy
    place.write_text(text + "\n", "utf-8")
    return place


def main() -> None:
    """Write and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=ROOT / "build" / "bundle" / NAMES["command"])
    parser.add_argument("--site", type=Path, help="packages of the build environment")
    options = parser.parse_args()
    try:
        place = write(options.bundle, options.site or build_site())
    except IncompleteError as error:
        sys.exit(str(error))
    found = json.loads(place.read_text("utf-8"))
    size_mb = place.stat().st_size / 1e6
    print(f"{place}: {len(found['components'])} components, {len(found['texts'])} texts, {size_mb:.2f} MB")


if __name__ == "__main__":
    main()
