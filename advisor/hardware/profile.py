"""Machines kept as files, to plan for another computer."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from advisor import paths
from advisor.errors import AdvisorError, InvalidFileError
from advisor.hardware.model import PROFILE_VERSION, Fact, HardwareProfile

S = TypeVar("S")
MAX_FILE_BYTES = 4 * 1024**2
"""[B] A profile has some 10 kB; a larger file is something else."""
_PRINTED = b'"model-fit-advisor/hardware/'
_HEAD_BYTES = 200
_SUFFIX = ".json"
_REMEDY = "Save the machine again with this app, or correct the file."


class SavedMachine(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the folder of saved machines."""

    path: str
    name: str
    created: str
    fingerprint: str


class DamagedMachine(msgspec.Struct, frozen=True, kw_only=True):
    """A file of that folder that cannot be used, with the reason."""

    path: str
    why: str


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    schema_version: int


def folder() -> Path:
    """Return the folder of saved machines."""
    return paths.data_folder() / "machines"


def save(profile: HardwareProfile, path: Path) -> None:
    """Write a profile as JSON, whole or not at all.

    Args:
        profile: the machine; its host name and disk folder are written as they are.
        path: file to write.

    Raises:
        OutputError: as `paths.write_atomically`.
    """
    paths.write_atomically(path, msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n")


def load(path: Path) -> HardwareProfile:
    """Return a saved machine; each fact says that it comes from a saved profile, unless the user had overridden it.

    Raises:
        InvalidFileError: `profile-missing`, `profile-unreadable`, `profile-too-large`, `profile-newer`,
            `profile-damaged`, `profile-field-invalid`; names file, field and remedy.
    """
    return parse(_read(path), path)


def parse(raw: bytes, path: Path) -> HardwareProfile:
    """Return the machine in the bytes of a profile; errors as `load`, and `profile-is-printed`.

    Args:
        raw: content of the file.
        path: named in errors.
    """
    if _PRINTED in raw[:_HEAD_BYTES]:
        raise InvalidFileError(
            "profile-is-printed",
            f"{path} is what `hardware --json` prints, not a saved machine: field $.schema_version is missing.",
            remedy="Save the machine with `hardware --save FILE`.",
            file=str(path),
            field="$.schema_version",
        )
    version = _decode(raw, _Header, path).schema_version
    if version > PROFILE_VERSION:
        raise InvalidFileError(
            "profile-newer",
            f"{path} was written by a newer version of this app: field $.schema_version is {version}, "
            f"this version reads {PROFILE_VERSION}.",
            remedy="Update the app, or save the machine again with this version.",
            file=str(path),
            field="$.schema_version",
        )
    if version < 1:
        raise _field_error(path, "$.schema_version", f"is {version}, the first version is 1")
    profile = _decode(raw, HardwareProfile, path)
    for field, value in _numbers(profile, "$"):
        if value < 0 or not math.isfinite(value):
            raise _field_error(path, field, f"is {value:g}; it must be 0 or more")
    return from_file(profile)


def from_file(profile: HardwareProfile) -> HardwareProfile:
    """Return the profile with every fact that was read marked as coming from a saved profile."""

    def mark(fact: Fact[Any]) -> Fact[Any]:
        return msgspec.structs.replace(fact, origin="profile") if fact.origin == "read" else fact

    return map_facts(profile, mark)


def saved() -> tuple[SavedMachine | DamagedMachine, ...]:
    """Return the saved machines by file name; a damaged file is listed with its reason, never hidden."""
    try:
        files = sorted(entry for entry in folder().iterdir() if entry.suffix == _SUFFIX)
    except OSError:
        return ()
    return tuple(_listed(file) for file in files)


def _listed(file: Path) -> SavedMachine | DamagedMachine:
    try:
        profile = load(file)
    except AdvisorError as error:
        return DamagedMachine(path=str(file), why=error.sentence())
    return SavedMachine(path=str(file), name=profile.name, created=profile.created, fingerprint=profile.fingerprint)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise InvalidFileError(
            "profile-missing", f"There is no file {path}.", remedy="Check the name.", file=str(path)
        ) from error
    except (OSError, ValueError) as error:
        reason = "it is a folder" if path.is_dir() else getattr(error, "strerror", None) or str(error)
        raise InvalidFileError(
            "profile-unreadable", f"{path} cannot be read: {reason}.", remedy="Choose another file.", file=str(path)
        ) from error
    if len(raw) > MAX_FILE_BYTES:
        raise InvalidFileError(
            "profile-too-large",
            f"{path} is too large to be a saved machine.",
            remedy="Choose a file that this app saved.",
            file=str(path),
        )
    return raw


def _decode(raw: bytes, kind: type[S], path: Path) -> S:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        what, _, field = str(error).partition(" - at `")
        raise _field_error(path, field.rstrip("`") or "$", f"cannot be used ({what[:1].lower()}{what[1:]})") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidFileError(
            "profile-damaged",
            f"{path} is damaged or cut short: {error}.",
            remedy="Save the machine again with this app.",
            file=str(path),
        ) from error


def _field_error(path: Path, field: str, what: str) -> InvalidFileError:
    return InvalidFileError(
        "profile-field-invalid", f"{path}: field {field} {what}.", remedy=_REMEDY, file=str(path), field=field
    )


def _numbers(value: object, field: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _numbers(getattr(value, name), f"{field}.{name}")
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            yield from _numbers(part, f"{field}[{index}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield field, value


def map_facts(profile: HardwareProfile, change: Callable[[Fact[Any]], Fact[Any]]) -> HardwareProfile:
    """Return the profile with `change` applied to every fact in it."""
    changed: HardwareProfile = _mapped(profile, change)
    return changed


def _mapped(value: Any, change: Callable[[Fact[Any]], Fact[Any]]) -> Any:  # noqa: ANN401 - walks any part of a profile
    if isinstance(value, Fact):
        return change(value)
    if isinstance(value, msgspec.Struct):
        parts = {name: _mapped(getattr(value, name), change) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **parts)
    if isinstance(value, tuple):
        return tuple(_mapped(part, change) for part in value)
    return value
