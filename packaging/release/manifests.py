"""Fills the manifests of winget and the cask of Homebrew from the names, the version and the artefacts' hashes.

Run when a release's installer and dmg are there: `python packaging/release/manifests.py [--dist dist]`; what is made
lies under dist/manifests/ as winget-pkgs and a tap want it. A manifest whose artefact is missing is not made, and said.

State: recipe, not yet run with a real artefact; the manifests are checked on Linux.
"""

import argparse
import hashlib
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recipes

WINGET_ID = "ModelFitAdvisor.ModelFitAdvisor"
WINGET = {"version": "", "installer": ".installer", "locale.en-US": ".locale.en-US"}
"""Template in packaging/winget -> what its name in winget-pkgs has behind the identifier."""


def release_date(number: str) -> str:
    """Return the date of a version, from CHANGELOG.md.

    Raises:
        RecipeError: the changelog has no such version.
    """
    text = (recipes.ROOT / "CHANGELOG.md").read_text("utf-8")
    found = re.search(rf"^## {re.escape(number)} - (\d{{4}}-\d{{2}}-\d{{2}})$", text, re.MULTILINE)
    if not found:
        raise recipes.RecipeError(f"CHANGELOG.md has no version {number}.")
    return found[1]


def sha256(path: Path) -> str:
    """Return a file's hash."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def winget(installer_sha256: str) -> dict[str, str]:
    """Return the three manifests by their names."""
    number = recipes.version()
    known = recipes.values(
        winget_id=WINGET_ID, windows_sha256=installer_sha256.upper(), release_date=release_date(number)
    )
    folder = recipes.HERE / "winget"
    return {
        f"{WINGET_ID}{suffix}.yaml": recipes.fill(folder / f"{name}.yaml", known) for name, suffix in WINGET.items()
    }


def cask(dmg_sha256: str) -> str:
    """Return the cask."""
    return recipes.fill(
        recipes.HERE / "homebrew" / f"{recipes.NAMES['command']}.rb", recipes.values(macos_sha256=dmg_sha256)
    )


def artefacts() -> dict[str, str]:
    """Return the names of what the manifests point to."""
    command, number = recipes.NAMES["command"], recipes.version()
    return {"installer": f"{command}-{number}-setup.exe", "dmg": f"{command}-{number}-arm64.dmg"}


def write(dist: Path) -> list[Path]:
    """Write the manifests whose artefact is in a folder; return them."""
    names, out, made = artefacts(), dist / "manifests", []
    publisher, package = WINGET_ID.split(".")
    folder = out / "winget" / publisher[0].lower() / publisher / package / recipes.version()
    if (dist / names["installer"]).is_file():
        for name, text in winget(sha256(dist / names["installer"])).items():
            made.append(recipes.write(folder / name, text))
    if (dist / names["dmg"]).is_file():
        place = out / "homebrew" / "Casks" / f"{recipes.NAMES['command']}.rb"
        made.append(recipes.write(place, cask(sha256(dist / names["dmg"]))))
    return made


def main() -> None:
    """Write the manifests."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dist", type=Path, default=recipes.ROOT / "dist")
    options = parser.parse_args()
    for kind, name in artefacts().items():
        if not (options.dist / name).is_file():
            print(f"{options.dist / name} is missing: no manifest that points to the {kind}.", file=sys.stderr)
    for path in write(options.dist):
        print(path)


if __name__ == "__main__":
    main()
