"""Keeps the line between the user's wall meter and the machine's meters, one for each machine."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from advisor import paths
from advisor.energy.wall import WallFit, WallPair

FILE_NAME = "wall_meter.json"
VERSION = 1
_MAX_FILE_BYTES = 1_000_000
_log = logging.getLogger(__name__)


class KeptFit(msgspec.Struct, frozen=True, kw_only=True):
    """A line with what it was made from."""

    fingerprint: str
    """Of the machine."""
    boundary: str
    """What the machine's meters covered; the line holds for these only."""
    created: str
    """ISO 8601, UTC."""
    pairs: tuple[WallPair, ...]
    fit: WallFit


class _File(msgspec.Struct, frozen=True, kw_only=True):
    version: int = VERSION
    fits: tuple[KeptFit, ...] = ()


def file() -> Path:
    """Return the file of all lines."""
    return paths.data_folder() / FILE_NAME


def load(fingerprint: str) -> KeptFit | None:
    """Return the line of a machine; None where there is none or the file cannot be read, which is logged."""
    return next((kept for kept in _read().fits if kept.fingerprint == fingerprint), None)


def save(fingerprint: str, boundary: str, pairs: tuple[WallPair, ...], fit: WallFit) -> KeptFit:
    """Keep a line in place of the machine's earlier one.

    Raises:
        OutputError: as `paths.write_atomically`.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    made = KeptFit(fingerprint=fingerprint, boundary=boundary, created=created, pairs=pairs, fit=fit)
    _write((*_others(fingerprint), made))
    return made


def forget(fingerprint: str) -> bool:
    """Remove the line of a machine and tell whether there was one."""
    known = load(fingerprint) is not None
    if known:
        _write(_others(fingerprint))
    return known


def _others(fingerprint: str) -> tuple[KeptFit, ...]:
    return tuple(kept for kept in _read().fits if kept.fingerprint != fingerprint)


def _write(fits: tuple[KeptFit, ...]) -> None:
    paths.write_atomically(file(), msgspec.json.format(msgspec.json.encode(_File(fits=fits)), indent=2) + b"\n")


def _read() -> _File:
    try:
        with file().open("rb") as stream:
            return msgspec.json.decode(stream.read(_MAX_FILE_BYTES), type=_File)
    except (FileNotFoundError, NotADirectoryError):
        return _File()
    except (OSError, msgspec.DecodeError, UnicodeError) as error:
        _log.warning("%s cannot be read (%s); the wall meter is not used", file(), error)
        return _File()
