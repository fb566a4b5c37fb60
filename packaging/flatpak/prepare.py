"""Makes what flatpak-builder reads under build/flatpak/: the manifest, and each wheel of the app with its hash.

Run after packaging/wheel/build.py and packaging/linux/stage.py:
`python packaging/flatpak/prepare.py --python PYTHON`, where PYTHON is the runtime's version (25.08 has 3.13). Which
wheels those are is asked of pip, which asks the package index that it is set to; the addresses are its answer, so the
files are made at build time and never kept in the repository. Then, on a machine with flatpak:
`flatpak-builder --user --install-deps-from=flathub --repo=build/flatpak/repo build/flatpak/app build/flatpak/ID.yaml`

State: recipe, not yet run; the files are made and checked on Linux.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import recipes  # noqa: E402

PLATFORMS = (*(f"manylinux_2_{minor}_x86_64" for minor in range(41, 16, -1)), "manylinux2014_x86_64")
"""What the runtime's glibc takes, the newest first."""


def report(wheel: Path, version: str) -> dict[str, Any]:
    """Return pip's own account of what it would install, hashes included; nothing is installed."""
    with tempfile.TemporaryDirectory() as work:
        told = Path(work) / "report.json"
        words = [word for platform in PLATFORMS for word in ("--platform", platform)]
        done = subprocess.run(
            [
                sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", told,
                "--only-binary", ":all:", "--target", work, "--python-version", version, *words,
                "--constraint", recipes.ROOT / "constraints.txt", wheel,
            ], capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"pip: {done.stderr}")
        return json.loads(told.read_text("utf-8"))


def module(told: dict[str, Any], own: str) -> dict[str, Any]:
    """Return flatpak-builder's module that installs the wheels of pip's report.

    Args:
        told: pip's report.
        own: name of the app itself, which has a module of its own.

    Raises:
        RecipeError: something is no wheel, or comes without a SHA-256.
    """
    sources = []
    for item in told["install"]:
        if item["metadata"]["name"].lower().replace("_", "-") == own:
            continue
        url = item["download_info"]["url"]
        found = item["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256", "")
        if not url.endswith(".whl") or not found:
            raise recipes.RecipeError(f"{url} is no wheel with a SHA-256.")
        sources.append({"type": "file", "url": url, "sha256": found})
    return {
        "name": "python3-modules", "buildsystem": "simple",
        "build-commands": ["pip3 install --no-index --no-deps --prefix=/app ./*.whl"],
        "sources": sorted(sources, key=lambda source: source["url"].rpartition("/")[2].lower()),
    }  # fmt: skip


def manifest(wheel: Path) -> str:
    """Return the manifest."""
    known = recipes.values(wheel=wheel.name, wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())
    return recipes.fill(HERE / "manifest.yaml", known)


def prepare(out: Path, wheel: Path, files: Path, told: dict[str, Any]) -> Path:
    """Write everything; return the manifest's path."""
    shutil.rmtree(out / "linux", ignore_errors=True)
    shutil.copytree(files, out / "linux")
    shutil.copyfile(wheel, out / wheel.name)
    recipes.write(out / "python3-modules.json", json.dumps(module(told, recipes.NAMES["command"]), indent=1))
    return recipes.write(out / f"{recipes.NAMES['id']}.yaml", manifest(wheel))


def main() -> None:
    """Write the files."""
    default = recipes.ROOT / "dist" / f"model_fit_advisor-{recipes.version()}-py3-none-any.whl"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=recipes.ROOT / "build" / "flatpak")
    parser.add_argument("--wheel", type=Path, default=default)
    parser.add_argument("--files", type=Path, default=recipes.ROOT / "build" / "linux")
    parser.add_argument("--python", default="3.13", help="version of the runtime's Python")
    options = parser.parse_args()
    print(prepare(options.out, options.wheel, options.files, report(options.wheel, options.python)))


if __name__ == "__main__":
    main()
