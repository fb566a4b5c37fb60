"""Writes bills of materials, CycloneDX 1.6 as JSON: the same bytes each time, held against the schema.

Of the bundle: every component of its licences with version, licence and, for packages of the Python index and of
Debian, the address they are known by (purl); each library with its hash, under whom it belongs to; what is compiled
into wheels, by their own bills; who needs whom, by the wheels' metadata and by what the loader reads in each library.
Of the wheel: the distributions that an installation brings at the versions the tests ran with, and the same graph.
Run: `python packaging/release/sbom.py` after wheel and bundle; both lie in dist/ then.
"""

import argparse
import datetime
import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "packaging" / "bundle"), str(ROOT / "packaging" / "release")]
import build as bundle_build  # noqa: E402
import elf  # noqa: E402
import licences as collected  # noqa: E402

NAMES = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
TYPES = {"data": ComponentType.DATA, "font": ComponentType.DATA}
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, NAMES["homepage"])
Graph = dict[str, set[str]]
"""Name of a component -> names of those that it needs."""


def folder_hash(folder: Path) -> str:
    """Return one hash over names and contents of a folder's files, links by where they point."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix().encode()
        if path.is_symlink():
            found.update(name + b"\0->" + path.readlink().as_posix().encode() + b"\0")
        elif path.is_file():
            found.update(name + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _sha256(path: Path) -> HashType:
    with path.open("rb") as file:
        return HashType(alg=HashAlgorithm.SHA_256, content=hashlib.file_digest(file, "sha256").hexdigest())


def _purl(item: dict[str, Any]) -> PackageURL | None:
    if item["kind"] in ("python", "qt") and item["version"]:
        return PackageURL("pypi", name=collected.plain(item["name"]), version=item["version"])
    if item["kind"] == "system":
        return PackageURL("deb", "debian", item["name"], item["version"], {"arch": "amd64"})
    if item["name"] == "Python":
        return PackageURL("generic", name="python", version=item["version"])
    return None


def component(item: dict[str, Any], files: Iterable[Component] = ()) -> Component:
    """Return a component of the licences as one of the bill."""
    purl = _purl(item)
    links = (
        [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(item["homepage"]))] if item["homepage"] else []
    )
    kind = ComponentType.PLATFORM if item["name"] == "Python" else TYPES.get(item["kind"], ComponentType.LIBRARY)
    return Component(
        name=item["name"], version=item["version"] or None, type=kind, licenses=[LicenseExpression(item["licence"])],
        purl=purl, bom_ref=str(purl) if purl else f"{item['kind']}:{item['name']}", external_references=links,
        components=files,
    )  # fmt: skip


def compiled_in(site: Path, name: str) -> list[Component]:
    """Return what the bill of a wheel's Rust code names as compiled into it."""
    found = []
    for path in sorted(site.glob("*.dist-info/sboms/*.cyclonedx.json")):
        if collected.plain(collected.metadata(path.parents[1])[0]) != collected.plain(name):
            continue
        for item in json.loads(path.read_text("utf-8"))["components"]:
            purl = PackageURL("cargo", name=item["name"], version=item["version"])
            said = [" ".join(entry["expression"].split()) for entry in item["licenses"]]
            found.append(Component(
                name=item["name"], version=item["version"], purl=purl, bom_ref=str(purl),
                licenses=[LicenseExpression(said[0] if len(said) == 1 else f"({') AND ('.join(said)})")],
            ))  # fmt: skip
    return found


def requirements(site: Path) -> Graph:
    """Return which distribution needs which here, extras left out, by their plain names."""
    found: Graph = {}
    for folder in sorted(site.glob("*.dist-info")):
        lines = (folder / "METADATA").read_text("utf-8", errors="replace").partition("\n\n")[0].splitlines()
        wanted = [Requirement(line.partition(": ")[2]) for line in lines if line.startswith("Requires-Dist: ")]
        found[collected.plain(collected.metadata(folder)[0])] = {
            collected.plain(item.name) for item in wanted if not item.marker or item.marker.evaluate({"extra": ""})
        }
    return found


def _by_loader(inside: Path, owner: dict[str, str]) -> Graph:
    """Return which component needs which by the libraries that their files ask the loader for."""
    by_name = {name.rpartition("/")[2]: whose for name, whose in owner.items()}
    found: Graph = defaultdict(set)
    for name, whose in owner.items():
        if elf.is_elf(inside / name):
            found[whose] |= {by_name[library] for library in elf.needed(inside / name) if library in by_name} - {whose}
    return found


def _write(app: Component, parts: dict[str, Component], needs: Graph, crates: dict[str, list[Component]],
           moment: datetime.datetime) -> str:  # fmt: skip
    """Return a bill as JSON."""
    bom = Bom(serial_number=uuid.uuid5(NAMESPACE, next(iter(app.hashes)).content))
    bom.metadata.timestamp = moment
    bom.metadata.component = app
    unique = {str(crate.purl): crate for found in crates.values() for crate in found}
    bom.components.update([*parts.values(), *unique.values()])
    for name, part in {app.name: app, **parts}.items():
        needed = [parts[other] for other in sorted(needs.get(name, ())) if other in parts]
        compiled = [unique[str(crate.purl)] for crate in crates.get(name, ())]
        bom.register_dependency(part, [*needed, *compiled])
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _app(version: str, digest: HashType, files: Iterable[Component] = ()) -> Component:
    return Component(
        name=NAMES["command"], version=version, type=ComponentType.APPLICATION, description=NAMES["summary"],
        licenses=[LicenseExpression(NAMES["license"])], hashes=[digest], components=files,
        purl=PackageURL("pypi", name=NAMES["command"], version=version), bom_ref=NAMES["command"],
    )  # fmt: skip


def of_bundle(bundle: Path, survey: collected.Collector, site: Path, version: str, moment: datetime.datetime) -> str:
    """Return the bill of a bundle as JSON.

    Args:
        bundle: folder with the executables and `_internal`.
        survey: its components, by licences.survey().
        site: packages of the environment that it was made in.
        version: of the app.
        moment: of the sources, not of the build.
    """
    inside = bundle / "_internal"
    files: dict[str, list[Component]] = defaultdict(list)
    for name, whose in survey.owner.items():
        if collected.LIBRARY.search(name):
            files[whose].append(Component(
                name=name, type=ComponentType.FILE, bom_ref=f"file:{name}", hashes=[_sha256(inside / name)],
            ))  # fmt: skip
    programs = [
        Component(name=path.name, type=ComponentType.FILE, bom_ref=f"file:../{path.name}", hashes=[_sha256(path)])
        for path in sorted(bundle.iterdir()) if path.is_file() and not path.is_symlink()
    ]  # fmt: skip
    app = _app(version, HashType(alg=HashAlgorithm.SHA_256, content=folder_hash(bundle)), programs)
    parts = {
        item["name"]: component(item, files[item["name"]])
        for item in survey.components if item["name"] != NAMES["command"]
    }  # fmt: skip
    needs: Graph = defaultdict(set, _by_loader(inside, survey.owner))
    plain = {collected.plain(name): name for name in (*parts, app.name)}
    for name, wanted in requirements(site).items():
        needs[plain.get(name, name)] |= {plain[other] for other in wanted if other in plain}
    for part in collected.PARTS:
        needs[plain.get(part["of"], part["of"])].add(part["name"])
    needs[app.name] |= parts.keys() - {other for name, wanted in needs.items() if name in parts for other in wanted}
    return _write(app, parts, needs, {name: compiled_in(site, name) for name in parts}, moment)


def of_wheel(wheel: Path, site: Path, version: str, moment: datetime.datetime) -> str:
    """Return the bill of an installation of the wheel as JSON; see of_bundle()."""
    needs = requirements(site)
    reached, waiting = set(), [NAMES["command"]]
    while waiting:
        name = waiting.pop()
        if name in needs and name not in reached:
            reached.add(name)
            waiting += needs[name]
    parts, crates = {}, {}
    for folder in sorted(site.glob("*.dist-info")):
        name, number, licence, homepage = collected.metadata(folder)
        if (plain := collected.plain(name)) in reached - {NAMES["command"]}:
            item = {"name": name, "version": number, "licence": licence, "homepage": homepage, "kind": "python"}
            parts[plain], crates[plain] = component(item), compiled_in(site, name)
    return _write(_app(version, _sha256(wheel)), parts, needs, crates, moment)


def main() -> None:
    """Write the bills of what is there: bundle, wheel."""
    found = re.search(r'__version__ = "(.+)"', (ROOT / "advisor" / "__init__.py").read_text("utf-8"))
    version = found[1] if found else sys.exit("advisor/__init__.py names no __version__.")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=ROOT / "build" / "bundle" / NAMES["command"])
    parser.add_argument("--site", type=Path, help="packages of the environment that the bundle was made in")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="where the wheel is and the bills go")
    options = parser.parse_args()
    moment = datetime.datetime.fromtimestamp(int(bundle_build.epoch()), datetime.UTC)
    site = options.site or collected.build_site()
    options.dist.mkdir(parents=True, exist_ok=True)
    name = f"{NAMES['command']}-{version}"
    bills = {name: of_bundle(options.bundle, collected.survey(options.bundle, site), site, version, moment)}
    for wheel in sorted(options.dist.glob(f"*-{version}-*.whl")):
        bills[f"{name}-wheel"] = of_wheel(wheel, site, version, moment)
    for name, text in bills.items():
        problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        if problem is not None:
            sys.exit(f"The bill of materials {name} does not follow its schema: {problem}")
        place = options.dist / f"{name}.cdx.json"
        place.write_text(text, "utf-8")
        print(f"{place}: {len(json.loads(text)['components'])} components")


if __name__ == "__main__":
    main()
