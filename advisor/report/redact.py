"""Takes what points at a person out of a report: host name, user name, home folders, serial and network numbers."""

import re
from collections.abc import Callable

import msgspec

from advisor.report.model import ReportDocument

MACHINE = "this computer"
HOST, USER, SERIAL = "[host]", "[user]", "[number]"
_KEPT_FIELDS = frozenset({"schema", "version", "language", "unit", "evidence", "model", "family", "format", "verdict"})
"""Codes and published names; a user who is called like a model's owner must not change them."""
_EVERYDAY_NAMES = frozenset({"root", "user", "admin", "home", "ubuntu", "debian", "runner", "guest", "localhost"})
"""Names of accounts and hosts that point at nobody, and would be found inside ordinary sentences."""
_HOME = re.compile(r"(?:[A-Za-z]:[\\/]Users|/home|/Users)[\\/]+[^\\/\s\"'<>|,;:]+|/root(?![\w.-])")
_NUMBERS = re.compile(
    r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"  # UUID: GPU, machine, disk
    r"|\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b"  # network card
    r"|(?i:\b(?:serial(?: number)?|s/n|asset tag)\s*[:=#]?\s*)(?=[\w-]*\d)[\w-]{4,}"
)


def redacted(
    document: ReportDocument,
    *,
    host: str | None = None,
    user: str | None = None,
    home: str | None = None,
    hints: tuple[str, ...] = (),
) -> ReportDocument:
    """Return the report without what points at a person.

    Args:
        document: the report as built.
        host: host name to remove; this computer's when null.
        user: user name to remove; this process's when null.
        home: home folder to write as `~`; this user's when null.
        hints: other texts about the machine, such as the model folder: the owners of home folders in them are removed
            from the report too, so that a saved machine of somebody else is covered.
    """
    raw = msgspec.to_builtins(document)
    clean = cleaner(
        hosts=(host if host is not None else _host(), document.machine_name),
        users=(user if user is not None else _user(), *_owners(raw), *_owners(list(hints))),
        home=home if home is not None else _home(),
    )
    changed = {**_walk(raw, clean), "machine_name": MACHINE, "redacted": True}
    return msgspec.convert(changed, ReportDocument)


def _owners(value: object) -> tuple[str, ...]:
    """Return the names of the home folders in all texts of `value`."""
    if isinstance(value, str):
        return tuple(re.split(r"[\\/]", match.group())[-1] for match in _HOME.finditer(value))
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list | tuple) else []
    return tuple(name for item in items for name in _owners(item))


def cleaner(*, hosts: tuple[str, ...], users: tuple[str, ...], home: str) -> Callable[[str], str]:
    """Return a function that cleans one text."""
    names = [(name, HOST) for host in hosts for name in (host, host.partition(".")[0])]
    names += [(user, USER) for user in users]
    patterns = [
        (re.compile(rf"(?<![\w]){re.escape(name)}(?![\w])", re.IGNORECASE), mark)
        for name, mark in sorted(set(names), key=lambda pair: (-len(pair[0]), pair))
        if len(name) > 2 and name.lower() not in _EVERYDAY_NAMES
    ]

    def clean(text: str) -> str:
        if len(home) > 1:
            text = text.replace(home, "~")
        text = _NUMBERS.sub(SERIAL, _HOME.sub("~", text))
        for pattern, mark in patterns:
            text = pattern.sub(mark, text)
        return text

    return clean


def _walk(value: object, clean: Callable[[str], str]) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("a report is an object")
    return {key: item if key in _KEPT_FIELDS else _cleaned(item, clean) for key, item in value.items()}


def _cleaned(value: object, clean: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return _walk(value, clean)
    if isinstance(value, list | tuple):
        return [_cleaned(item, clean) for item in value]
    return value


def _host() -> str:
    import platform

    return platform.node()


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no account behind this process
        return ""


def _home() -> str:
    from pathlib import Path

    try:
        return str(Path.home())
    except RuntimeError:
        return ""
