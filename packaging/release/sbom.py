"""Writes the bill of materials of a bundle: CycloneDX 1.6 as JSON, the same bytes each time, held against its schema.

Every component of `_internal/licences.json` with its version, licence and, for packages of the Python index and of
Debian, the address they are known by (purl); each file of the bundle counts towards one hash.
Run: `python packaging/release/sbom.py [--bundle FOLDER] [--out dist/model-fit-advisor-VERSION.cdx.json]`.
"""

import argparse
import datetime
import hashlib
import json
import re
import sys
import tomllib
import uuid
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

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "packaging" / "bundle")]
import licences as collected  # noqa: E402

import build as bundle_build  # noqa: E402

NAMES = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
TYPES = {"data": ComponentType.DATA, "font": ComponentType.DATA, "runtime": ComponentType.PLATFORM}
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, NAMES["homepage"])


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


def _purl(item: dict[str, Any]) -> PackageURL | None:
    if item["kind"] in ("python", "qt"):
        return PackageURL("pypi", name=collected.plain(item["name"]), version=item["version"])
    if item["kind"] == "system":
        return PackageURL("deb", "debian", item["name"], item["version"], {"arch": "amd64"})
    if item["name"] == "Python":
        return PackageURL("generic", name="python", version=item["version"])
    return None


def component(item: dict[str, Any]) -> Component:
    """Return a component of the licences as one of the bill."""
    purl = _purl(item)
    reference = str(purl) if purl else f"{item['kind']}:{item['name']}"
    links = (
        [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(item["homepage"]))] if item["homepage"] else []
    )
    return Component(
        name=item["name"], version=item["version"] or None, type=TYPES.get(item["kind"], ComponentType.LIBRARY),
        licenses=[LicenseExpression(item["licence"])], purl=purl, bom_ref=reference, external_references=links,
    )  # fmt: skip


def document(bundle: Path, version: str, moment: datetime.datetime) -> str:
    """Return the bill as JSON.

    Args:
        bundle: folder with the executables and `_internal`.
        version: of the app.
        moment: of the sources, not of the build.
    """
    listed = json.loads((bundle / "_internal" / "licences.json").read_text("utf-8"))["components"]
    hashed = folder_hash(bundle)
    app = Component(
        name=NAMES["command"], version=version, type=ComponentType.APPLICATION, description=NAMES["summary"],
        licenses=[LicenseExpression(NAMES["license"])], hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashed)],
        purl=PackageURL("pypi", name=NAMES["command"], version=version), bom_ref=NAMES["command"],
    )  # fmt: skip
    bom = Bom(serial_number=uuid.uuid5(NAMESPACE, hashed))
    bom.metadata.timestamp = moment
    bom.metadata.component = app
    parts = [component(item) for item in listed if collected.plain(item["name"]) != NAMES["command"]]
    bom.components.update(parts)
    bom.register_dependency(app, parts)
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        raise ValueError(f"the bill of materials does not follow its schema: {problem}")
    return text + "\n"


def main() -> None:
    """Write the bill."""
    found = re.search(r'__version__ = "(.+)"', (ROOT / "advisor" / "__init__.py").read_text("utf-8"))
    version = found[1] if found else sys.exit("advisor/__init__.py names no __version__.")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=ROOT / "build" / "bundle" / NAMES["command"])
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / f"{NAMES['command']}-{version}.cdx.json")
    options = parser.parse_args()
    moment = datetime.datetime.fromtimestamp(int(bundle_build.epoch()), datetime.UTC)
    text = document(options.bundle, version, moment)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, "utf-8")
    print(f"{options.out}: {len(json.loads(text)['components'])} components")


if __name__ == "__main__":
    main()
