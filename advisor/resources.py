"""The one door to shipped files: `advisor/_resources` in a wheel or bundle, `resources/` in a checkout."""

from functools import cache
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

from advisor.errors import InvalidFileError, NotFoundError


class Versioned(Protocol):
    """A shipped table: it says which version of its layout it has."""

    @property
    def schema_version(self) -> int:
        """Version of the layout."""


T = TypeVar("T", bound=Versioned)


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


def table(raw: bytes, kind: type[T], *, code: str, file_name: str, version: int = 1) -> T:
    """Return a shipped table that has been checked against its type and version.

    Args:
        raw: content of the file, JSON.
        kind: its type.
        code: of the error.
        file_name: name for messages.
        version: of the layout that this app reads.

    Raises:
        InvalidFileError: `code`; file and field are named.
    """
    import msgspec  # not before the first frame

    try:
        found = msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise damaged(code, file_name, str(error)) from error
    if found.schema_version != version:
        raise damaged(code, file_name, f"version {found.schema_version} is not {version} - at `$.schema_version`")
    return found


def damaged(code: str, file_name: str, what: str) -> InvalidFileError:
    """Return the error for a shipped table with something in it that cannot be.

    Args:
        code: of the error.
        file_name: name for messages.
        what: phrase with the field.
    """
    return InvalidFileError(
        code, f"{file_name} cannot be used: {what}.", remedy="Install the app again.", file=file_name
    )
