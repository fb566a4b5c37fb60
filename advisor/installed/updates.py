"""Whether there is a newer version: what is asked, what the answer means, and when it was asked last.

Nothing is asked unless the user turned it on or asks now, and nothing is ever downloaded or installed.
"""

import datetime
import os
import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from advisor import paths
from advisor.errors import AdvisorError, InvalidFileError, InvalidInputError

JOB = "updates"
ADDRESS = "https://api.github.com/repos/model-fit-advisor/model-fit-advisor/releases/latest"
"""The latest release of the project (packaging/project.toml has its home; a test holds both together)."""
ADDRESS_VARIABLE = "MODEL_FIT_ADVISOR_UPDATES"
"""Another address that answers alike, for a company's own mirror."""
EVERY = datetime.timedelta(days=7)
_FILE = "updates.json"
_VERSION = re.compile(r"^v?(\d{1,6}(?:\.\d{1,6}){0,3})$")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and when."""

    version: str
    """Of the newest release."""
    page: str = ""
    """Address of its notes."""
    looked: str
    """ISO 8601, UTC."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the child is asked."""

    address: str


def address() -> str:
    """Return what is asked; errors as `checked_address`."""
    return checked_address(os.environ.get(ADDRESS_VARIABLE) or ADDRESS)


def host(of: str) -> str:
    """Return the host of an address, to be named before it is asked."""
    return urlsplit(of).hostname or ""


def checked_address(of: str) -> str:
    """Return an address that may be asked.

    Raises:
        InvalidInputError: `updates-address-invalid`; it is not https, nor http on this computer itself.
    """
    parts = urlsplit(of)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        return of
    raise InvalidInputError(
        "updates-address-invalid", f"{ADDRESS_VARIABLE} is {of!r}: an address that starts with https:// is needed.",
        remedy="Set another one, or none for the project's own.",
    )  # fmt: skip


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
    notes = page if isinstance(page, str) and urlsplit(page).scheme == "https" and len(page) < 500 else ""
    return Looked(version=match[1], page=notes, looked=now.isoformat(timespec="seconds"))


def is_newer(version: str, than: str) -> bool:
    """Tell whether one release comes after another; versions that are none of ours never do."""
    one, other = _numbers(version), _numbers(than)
    return bool(one and other) and one > other


def last() -> Looked | None:
    """Return what was found when it was looked last; None when it never was, or the file cannot be used."""
    try:
        return msgspec.json.decode((paths.cache_folder() / _FILE).read_bytes(), type=Looked)
    except (OSError, msgspec.DecodeError):
        return None


def keep(looked: Looked) -> None:
    """Keep what was found; where that cannot be written it is asked again next time."""
    try:
        paths.write_atomically(paths.cache_folder() / _FILE, msgspec.json.encode(looked))
    except AdvisorError:
        return


def is_due(now: datetime.datetime) -> bool:
    """Tell whether the last look lies a week back; a moment in the future counts as none."""
    found = last()
    if found is None:
        return True
    try:
        looked = datetime.datetime.fromisoformat(found.looked)
    except ValueError:
        return True
    if looked.tzinfo is None or looked > now:
        return True
    return now - looked >= EVERY


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
