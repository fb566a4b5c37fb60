"""Makes .deb and .rpm from the bundle and the desktop's files: build/bundle and build/linux into dist/.

Run: `python packaging/linux/build_packages.py [--fast]` with the environment that test.sh makes (nfpm). A release packs
the .deb by xz, which takes minutes and two processors; --fast packs it by zstd. Same input, same bytes.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from email.utils import formatdate
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parents[0] / "bundle")]
import build as bundle_build  # noqa: E402
import depends  # noqa: E402
import stage  # noqa: E402

NAMES = stage.NAMES
COMMAND, CONSOLE = NAMES["command"], NAMES["console_command"]
HOME_FOLDER = f"/usr/lib/{COMMAND}"
MAINTAINER = f"{NAMES['developer']} <{COMMAND}@users.noreply.github.com>"
REVISION = "1"
DESCRIPTION = """\
{summary}
Says which AI model, at which quantization, is enough for your task on this
computer, and what it costs in memory, time, energy and carbon. Predicts, then
proves the prediction with a live ONNX Runtime measurement in one click, and
writes a report. Window and command line; nothing is sent anywhere unless you
ask for a look-up or a download."""
XZ = ("xz", "-9", "-T2", "--block-size=192MiB", "-c")
"""Fixed threads and blocks: both show in the bytes."""
RPM_PLACES = {"/usr/share/zsh/vendor-completions/": "/usr/share/zsh/site-functions/"}
ON_DEBIAN = ("Apache-2.0", "GPL-2", "GPL-3", "LGPL-2.1", "LGPL-3", "MPL-2.0", "CC0-1.0")


def version() -> str:
    """Return the app's version, read without importing it."""
    found = re.search(r'__version__ = "(.+)"', (ROOT / "advisor" / "__init__.py").read_text("utf-8"))
    if not found:
        sys.exit("advisor/__init__.py names no __version__.")
    return found[1]


def debian_changelog(number: str, date: int) -> str:
    """Return the changelog of the packaging in Debian's form: one entry, which points to the app's own."""
    moment = formatdate(date, usegmt=True).replace("GMT", "+0000")
    return (
        f"{COMMAND} ({number}-{REVISION}) unstable; urgency=medium\n\n"
        f"  * Release {number}; what changed for users is in changelog.gz.\n\n -- {MAINTAINER}  {moment}\n"
    )


def copyright_file(licences: dict[str, Any]) -> str:
    """Return the copyright file (DEP-5): the app, then every component that the bundle brings."""
    lines = [
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
        f"Upstream-Name: {NAMES['name']}",
        f"Source: {NAMES['homepage']}",
        "Comment: The program brings its own Python, Qt and libraries. Every text in full:",
        f" /usr/share/doc/{COMMAND}/licences.txt.gz, and in the window under About.",
        "", "Files: *", f"Copyright: 2026 {NAMES['developer']}", f"License: {NAMES['license']}",
    ]  # fmt: skip
    used = {NAMES["license"]}
    for item in licences["components"]:
        if item["kind"] == "data" or item["name"] == COMMAND:
            continue
        short = item["licence"].replace(" AND ", " and ").replace(" OR ", " or ")
        used |= {part for part in re.split(r" and | or |[()]", short) if part.strip()}
        pattern = re.sub(r"[^A-Za-z0-9._]+", "?", item["name"].split(" (")[0])
        lines += [
            "", f"Files: usr/lib/{COMMAND}/_internal/{pattern}*", f"Copyright: the authors of {item['name']}",
            f"License: {short}",
            f"Comment: {item['name']} {item['version']} {item['homepage']}".rstrip(),
        ]  # fmt: skip
    for name in sorted(part.strip() for part in used):
        lines += ["", f"License: {name}"]
        common = next((known for known in ON_DEBIAN if name.startswith(known)), "")
        if common:
            lines += [f" The text is in /usr/share/common-licenses/{common} on Debian systems."]
        else:
            lines += [f" The text is in /usr/share/doc/{COMMAND}/licences.txt.gz, under each component that has it."]
    return "\n".join(lines) + "\n"


def licence_texts(licences: dict[str, Any]) -> str:
    """Return every component with the whole of its texts; a text that comes again is referred to."""
    out, first = [], {}
    for item in licences["components"]:
        out += ["=" * 100, f"{item['name']} {item['version']} ({item['licence']}) {item['homepage']}".rstrip(), ""]
        for key in item["texts"]:
            if key in first:
                out += [f"The text is the one of {first[key]}, above.", ""]
            else:
                first[key] = item["name"]
                out += [licences["texts"][key], ""]
    return "\n".join(out)


def documents(place: Path, licences: dict[str, Any], number: str, date: int) -> None:
    """Write what belongs into /usr/share/doc and lintian's overrides."""
    doc = place / "usr/share/doc" / COMMAND
    stage.write(doc / "copyright", copyright_file(licences))
    stage.write(doc / "changelog.gz", stage.zipped((ROOT / "CHANGELOG.md").read_bytes()))
    stage.write(doc / "changelog.Debian.gz", stage.zipped(debian_changelog(number, date).encode()))
    stage.write(doc / "licences.txt.gz", stage.zipped(licence_texts(licences).encode()))
    stage.write(place / "usr/share/lintian/overrides" / COMMAND, (HERE / "source" / "lintian-overrides").read_bytes())


def contents(bundle: Path, files: Path, *, rpm: bool) -> list[dict[str, Any]]:
    """Return nfpm's list of contents."""
    found: list[dict[str, Any]] = [{"src": str(bundle), "dst": HOME_FOLDER, "type": "tree"}]
    found += [
        {"src": f"../lib/{COMMAND}/{command}", "dst": f"/usr/bin/{command}", "type": "symlink"}
        for command in (COMMAND, CONSOLE)
    ]
    for path in sorted(item for item in files.rglob("*") if item.is_file()):
        place = f"/{path.relative_to(files).as_posix()}"
        if rpm:
            if "lintian" in place or "changelog.Debian" in place:
                continue
            for debian, other in RPM_PLACES.items():
                place = place.replace(debian, other)
        found.append({"src": str(path), "dst": place, "file_info": {"mode": 0o644}})
    return found


def settings(bundle: Path, files: Path, number: str, *, rpm: bool, packing: str) -> dict[str, Any]:
    """Return what nfpm reads."""
    text = DESCRIPTION.format(summary=NAMES["summary"])
    return {
        "name": COMMAND, "arch": "amd64", "platform": "linux", "version": number, "release": REVISION,
        "section": "science", "priority": "optional", "maintainer": MAINTAINER, "vendor": NAMES["developer"],
        "homepage": NAMES["homepage"], "license": NAMES["license"], "description": text,
        "depends": depends.rpm(bundle) if rpm else depends.debian(bundle),
        "recommends": ["xdg-desktop-portal", "python3"] if rpm else ["xdg-desktop-portal", "python3", "python3-venv"],
        "contents": contents(bundle, files, rpm=rpm),
        "rpm": {
            "group": "Applications/Engineering", "summary": NAMES["summary"], "compression": "zstd",
            "buildhost": "localhost",
        },
        "deb": {"compression": packing},
    }  # fmt: skip


def copied(bundle: Path, place: Path, date: int) -> Path:
    """Copy a bundle with the rights and dates that are installed; what running it has left there stays behind."""
    shutil.copytree(bundle, place, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in [place, *place.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent == place else 0o644)
        os.utime(path, (date, date), follow_symlinks=False)
    return place


def nfpm(config: dict[str, Any], kind: str, target: Path, date: int) -> None:
    """Run nfpm."""
    program = shutil.which("nfpm") or str(Path(sys.executable).with_name("nfpm"))
    with tempfile.TemporaryDirectory() as work:
        written = Path(work) / "nfpm.yaml"
        written.write_text(json.dumps(config), "utf-8")  # JSON is YAML
        done = subprocess.run(
            [program, "package", "-f", written, "-p", kind, "-t", target], capture_output=True, text=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(date)},
        )  # fmt: skip
    if done.returncode:
        sys.exit(f"nfpm: {done.stdout}{done.stderr}")


def pack_by_xz(package: Path) -> None:
    """Replace the unpacked data of a .deb by what xz makes of it: nfpm's own xz leaves a quarter more."""
    with tempfile.TemporaryDirectory(dir=package.parent) as work:
        subprocess.run(["ar", "x", package.resolve()], cwd=work, check=True)
        data = Path(work, "data.tar")
        with Path(work, "data.tar.xz").open("wb") as file:
            subprocess.run([*XZ, data], stdout=file, check=True)
        members = ["debian-binary", "control.tar.gz", "data.tar.xz"]
        package.unlink()
        subprocess.run(["ar", "rcD", package.resolve(), *members], cwd=work, check=True)


def make(
    bundle: Path, files: Path, out: Path, *, packing: str = "xz", kinds: tuple[str, ...] = ("deb", "rpm")
) -> list[Path]:
    """Return the packages, written into a folder.

    Args:
        bundle: folder with the executables and `_internal`.
        files: what the desktop wants, laid out as on disk.
        out: where the packages go.
        packing: of the .deb: xz, zstd, gzip or none. An .rpm is packed by zstd.
        kinds: which to make.
    """
    number, date = version(), int(bundle_build.epoch())
    licences = json.loads((bundle / "_internal" / "licences.json").read_text("utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    made = []
    with tempfile.TemporaryDirectory(dir=out) as work:
        bundle = copied(bundle, Path(work) / COMMAND, date)
        whole = Path(work) / "files"
        shutil.copytree(files, whole)
        documents(whole, licences, number, date)
        for path in [whole, *whole.rglob("*")]:
            os.utime(path, (date, date))
        for kind in kinds:
            by_nfpm = "none" if packing == "xz" else packing
            config = settings(bundle, whole, number, rpm=kind == "rpm", packing=by_nfpm)
            arch = {"deb": f"_{number}-{REVISION}_amd64", "rpm": f"-{number}-{REVISION}.x86_64"}[kind]
            target = out / f"{COMMAND}{arch}.{kind}"
            nfpm(config, kind, target, date)
            if kind == "deb" and packing == "xz":
                pack_by_xz(target)
            made.append(target)
    return made


def main() -> None:
    """Make the packages and say what they are."""
    parser = argparse.ArgumentParser(description=textwrap.shorten(__doc__, 120))
    parser.add_argument("--bundle", type=Path, default=bundle_build.ROOT / "build" / "bundle" / COMMAND)
    parser.add_argument("--files", type=Path, default=ROOT / "build" / "linux")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--fast", action="store_true", help="pack by zstd: larger, in seconds")
    parser.add_argument("--only", choices=("deb", "rpm"))
    options = parser.parse_args()
    packing = "zstd" if options.fast else "xz"
    kinds = (options.only,) if options.only else ("deb", "rpm")
    for path in make(options.bundle, options.files, options.out.resolve(), packing=packing, kinds=kinds):
        content = path.read_bytes()
        print(f"{path.name}: {len(content) / 1e6:.1f} MB, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
