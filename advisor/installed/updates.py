"""Whether there is a newer version: what is asked, what the answer means, and when it was asked last.

Nothing is asked unless the user turned it on or asks now, and nothing is ever downloaded or installed.
"""

import datetime
import os
import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from advisor import paths
from advisor.errors import AdvisorError, InvalidFileError, InvalidInputError

JOB = "updates"
UNREACHABLE = "updates-unreachable"
"""Code of the failure in which nobody answered."""
ADDRESS = "https://api.github.com/repos/model-fit-advisor/model-fit-advisor/releases/latest"
"""The latest release of the project (packaging/project.toml has its home; a test holds both together)."""
ADDRESS_VARIABLE = "MODEL_FIT_ADVISOR_UPDATES"
"""Another address that answers alike, for a company's own mirror."""
EVERY = datetime.timedelta(days=7)
_FILE = "updates.json"
_VERSION = re.compile(r"^v?(\d{1,6}(?:\.\d{1,6}){0,3})$")
_BEFORE_RELEASE = re.compile(r"^(\d{1,6}(?:\.\d{1,6}){0,3})\.?(?:dev|a|b|rc)\d*")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and when."""

    version: str
    """Of the newest release."""
    page: str = ""
    """Address of its notes."""
    looked: str
    """ISO 8601, UTC."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The file: what was found last, and when a server answered last, whatever it said."""

    looked: Looked | None = None
    asked: str = ""
    """ISO 8601, UTC."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the child is asked."""

    address: str


def address() -> str:
    """Return what is asked; errors as `checked_address`."""
    return checked_address(os.environ.get(ADDRESS_VARIABLE) or ADDRESS)


def host(of: str) -> str:
    """Return the host of an address, to be named before it is asked."""
    parts = _parts(of)
    return (parts.hostname or "") if parts is not None else ""


def checked_address(of: str) -> str:
    """Return an address that may be asked.

    Raises:
        InvalidInputError: `updates-address-invalid`; it is not https, nor http on this computer itself.
    """
    if _is_safe(of) or is_loopback(of):
        return of
    raise InvalidInputError(
        "updates-address-invalid", f"{ADDRESS_VARIABLE} is {of!r}: an address that starts with https:// is needed.",
        remedy="Set another one, or none for the project's own.",
    )  # fmt: skip


def may_follow(redirect: str, *, asked: str) -> bool:
    """Tell whether a server may send on to an address: over https only, or within this computer."""
    return _is_safe(redirect) or (is_loopback(asked) and is_loopback(redirect))


def is_loopback(of: str) -> bool:
    """Tell whether an address is of this computer itself, without encryption."""
    parts = _parts(of)
    return parts is not None and parts.scheme == "http" and parts.hostname in _LOOPBACK


def read_answer(raw: bytes, now: datetime.datetime) -> Looked:
    """Return what a server's answer says.

    Args:
        raw: JSON of a release, with `tag_name` and `html_url`.
        now: moment of the answer.

    Raises:
        InvalidFileError: `updates-answer-invalid`; it is no release with a version.
    """
    try:
        found: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refuse(f"it is no JSON object ({error})") from error
    tag, page = found.get("tag_name"), found.get("html_url")
    match = _VERSION.match(tag) if isinstance(tag, str) else None
    if match is None or found.get("draft") is True or found.get("prerelease") is True:
        raise _refuse("at `$.tag_name` there is no version of a release")
    notes = page if isinstance(page, str) and _is_safe(page) and len(page) < 500 and page.isprintable() else ""
    return Looked(version=match[1], page=notes, looked=now.isoformat(timespec="seconds"))


def is_newer(version: str, than: str) -> bool:
    """Tell whether a release comes after a version; versions that are none of ours never do.

    Args:
        version: of a release.
        than: a version, perhaps of what is being worked on (`0.3.0.dev1`, `0.3.0rc1`), which its release comes after.
    """
    before_release = _BEFORE_RELEASE.match(than)
    one, other = _numbers(version), _numbers(before_release[1] if before_release else than)
    return bool(one and other) and (one > other or (before_release is not None and one == other))


def last() -> Looked | None:
    """Return what was found when it was looked last; None when it never was, or the file cannot be used."""
    found = _kept().looked
    return found if found is not None and _numbers(found.version) else None


def keep(looked: Looked) -> None:
    """Keep what was found; where that cannot be written it is asked again next time."""
    _write(_Kept(looked=looked, asked=looked.looked))


def keep_asked(now: datetime.datetime) -> None:
    """Keep that a server answered with what cannot be used, so that it is not asked again and again."""
    _write(_Kept(looked=_kept().looked, asked=now.isoformat(timespec="seconds")))


def is_due(now: datetime.datetime) -> bool:
    """Tell whether the last answer lies a week back; a moment in the future counts as none."""
    try:
        asked = datetime.datetime.fromisoformat(_kept().asked)
    except ValueError:
        return True
    if asked.tzinfo is None or asked > now:
        return True
    return now - asked >= EVERY


def _kept() -> _Kept:
    try:
        return msgspec.json.decode((paths.cache_folder() / _FILE).read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return _Kept()


def _write(kept: _Kept) -> None:
    try:
        paths.write_atomically(paths.cache_folder() / _FILE, msgspec.json.encode(kept))
    except AdvisorError:
        return


def _parts(of: str) -> SplitResult | None:
    try:
        return urlsplit(of)
    except ValueError:  # an unfinished IPv6 address
        return None


def _is_safe(of: str) -> bool:
    parts = _parts(of)
    return parts is not None and parts.scheme == "https" and bool(parts.hostname)


def _numbers(version: str) -> tuple[int, ...]:
    match = _VERSION.match(version)
    if match is None:
        return ()
    numbers = [int(part) for part in match[1].split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def _refuse(what: str) -> InvalidFileError:
    return InvalidFileError(
        "updates-answer-invalid", f"The answer about new versions cannot be used: {what}.",
        remedy="Look again later, or on the project's page.",
    )  # fmt: skip
