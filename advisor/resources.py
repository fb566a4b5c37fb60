"""The one door to shipped files: `advisor/_resources` in a wheel or bundle, `resources/` in a checkout."""

from functools import cache
from pathlib import Path, PurePosixPath

from advisor.errors import InvalidFileError, NotFoundError


@cache
def root() -> Path:
    """Return the folder of the shipped files.

    Raises:
        NotFoundError: `resources-missing`; the installation is damaged.
    """
    package = Path(__file__).resolve().parent
    for candidate in (package / "_resources", package.parent / "resources"):
        if candidate.is_dir():
            return candidate
    raise NotFoundError("resources-missing", "The app's data files are missing.", remedy="Install it again.")


def path(name: str) -> Path:
    """Return the path of a shipped file, for example `catalog/models.json`.

    Raises:
        InvalidFileError: `resource-name-invalid`; the name is absolute or climbs out.
        NotFoundError: `resource-missing`.
    """
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts:
        raise InvalidFileError("resource-name-invalid", f"{name!r} is not the name of a shipped file.")
    found = root().joinpath(*pure.parts)
    if not found.is_file():
        raise NotFoundError("resource-missing", f"The shipped file {name} is missing.", remedy="Install the app again.")
    return found


def read(name: str) -> bytes:
    """Return the content of a shipped file; errors as `path`."""
    return path(name).read_bytes()
