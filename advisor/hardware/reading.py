"""How a fact is read: text in bounds, numbers in range, and a plain reason where there is none."""

import io
import logging
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from advisor.hardware.model import Fact

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
_log = logging.getLogger(__name__)

MAX_TEXT_BYTES = 16 * 1024**2
"""[B] No file of the kernel is longer; a longer one is cut."""
MAX_INT = 2**62
"""Above it a size is a kernel's way of saying `no limit`, and JSON readers lose digits."""
_CHUNK_BYTES = 64 * 1024
_MAX_CPUS = 65_536
_UNEXPECTED = "it says something this app does not understand"


class UnreadableError(Exception):
    """A source gave no value; the text is the reason, in plain words."""


def known(value: T, source: str) -> Fact[T]:
    """Return a fact that was read.

    Args:
        value: the fact.
        source: file, command or library it came from.
    """
    return Fact(value=value, source=source)


def missing(source: str, why: str) -> Fact[Any]:
    """Return a fact without a value.

    Args:
        source: where it was looked for.
        why: one phrase that says why there is none.
    """
    return Fact(value=None, source=source, why_unknown=why, origin="unknown")


def attempt(source: str, read: Callable[[], T | None], *, why: str = "this system does not state it") -> Fact[T]:
    """Return what `read` returns as a fact; a failure becomes the reason. Never raises.

    Args:
        source: shown beside the value.
        read: returns the value or null, or raises.
        why: the reason when it returns null.
    """
    try:
        value = read()
    except UnreadableError as error:
        return missing(source, str(error))
    except Exception:  # noqa: BLE001 - whatever a strange machine says, the other facts must still be shown
        _log.debug("%s cannot be understood", source, exc_info=True)
        return missing(source, _UNEXPECTED)
    return missing(source, why) if value is None else known(value, source)


def guarded(part: type[S], source: str, collect: Callable[[], S]) -> S:
    """Return what `collect` returns; if it fails as a whole, `part` with no fact known. Never raises."""
    try:
        return collect()
    except Exception as error:  # noqa: BLE001 - see attempt
        _log.debug("%s cannot be understood", source, exc_info=True)
        return blank(part, source, str(error) if isinstance(error, UnreadableError) else _UNEXPECTED)


def guarded_list(source: str, collect: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
    """Return what `collect` returns, or nothing if it fails. Never raises."""
    try:
        return collect()
    except Exception:  # noqa: BLE001 - see attempt
        _log.debug("%s cannot be understood", source, exc_info=True)
        return ()


def blank(part: type[S], source: str, why: str) -> S:
    """Return a group of facts of which none is known."""
    return part(**{name: missing(source, why) for name in part.__struct_fields__})


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        UnreadableError: it is not there, may not be read, or the kernel refuses.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return b"".join(_chunks(file))
    except FileNotFoundError as error:
        raise UnreadableError("this system does not state it") from error
    except PermissionError as error:
        raise UnreadableError("only the administrator may read it") from error
    except (OSError, ValueError) as error:
        raise UnreadableError("the system refused to read it") from error


def _chunks(file: io.FileIO) -> Iterator[bytes]:
    # In small pieces: the kernel answers `out of memory` to a large read of a file below /proc/sys.
    left = MAX_TEXT_BYTES
    while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk


def read_text(path: Path) -> str:
    """Return the text of a file without white space around it; errors as `read_bytes`."""
    return read_bytes(path).decode("utf-8", "replace").replace("\0", " ").strip()


def find_text(path: Path) -> str | None:
    """Return the text of a file, or null where there is none."""
    try:
        return read_text(path) or None
    except UnreadableError:
        return None


def find_int(path: Path) -> int | None:
    """Return the count in a file, or null where there is none."""
    text = find_text(path)
    return parse_int(text) if text is not None else None


def folders(path: Path, pattern: str) -> tuple[Path, ...]:
    """Return the entries of a folder that match, sorted with numbers in their order; none if it cannot be listed."""
    try:
        found = [entry for entry in path.iterdir() if re.fullmatch(pattern, entry.name)]
    except (OSError, ValueError):
        return ()
    return tuple(sorted(found, key=lambda entry: [int(p) if p.isdecimal() else p for p in _pieces(entry.name)]))


def _pieces(name: str) -> list[str]:
    return re.split(r"([0-9]+)", name)


def link_name(path: Path) -> str | None:
    """Return the last part of a link's target, for example a driver's name."""
    try:
        return Path(path.readlink()).name or None
    except (OSError, ValueError):
        return None


def parse_int(text: str) -> int | None:
    """Return a count of 0 to 2^62, or null for anything else."""
    stripped = text.strip()
    if not re.fullmatch(r"[0-9]{1,19}", stripped, re.ASCII):
        return None
    value = int(stripped)
    return value if value <= MAX_INT else None


def parse_float(text: str) -> float | None:
    """Return a positive finite number, or null for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """Return the numbers of a kernel list such as `0-3,8,10-11`; parts that are none are left out."""
    numbers: set[int] = set()
    for part in text.strip().split(","):
        match = re.fullmatch(r"\s*([0-9]{1,6})(?:-([0-9]{1,6}))?\s*", part, re.ASCII)
        if match is None:
            continue
        first = int(match[1])
        last = int(match[2]) if match[2] is not None else first
        numbers.update(range(first, min(last, first + _MAX_CPUS) + 1))
    return tuple(sorted(numbers))


def parse_pairs(text: str, *, separator: str = ":") -> dict[str, str]:
    """Return `key: value` lines as a dictionary; the first of equal keys wins."""
    pairs: dict[str, str] = {}
    for line in text.splitlines():
        key, found, value = line.partition(separator)
        if found:
            pairs.setdefault(key.strip(), value.strip().strip('"'))
    return pairs
