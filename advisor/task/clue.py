"""Which words point to which kind of task, and how strongly. The table is `resources/presets/clues.json`.

Patterns are regular expressions over the plain line of `source.Source`: lower case, one blank between words, no
hyphens. `{IMAGE}` and the like stand for the table's groups, `{LANG}` for a language's name or code, `{GAP}` for up to
six words of the same sentence. A weight of 5 settles the kind, 3 is a good sign, 1 a hint; a negative weight speaks
against it. `kinds` adds the weights up.
"""

import re
from functools import cache

import msgspec

from advisor import resources
from advisor.task.model import TaskKind

LANGUAGE = "@language"
"""Stands in the plain line for the first word of a language's name, or for its code."""
LANGUAGE_GOES_ON = "@more"
"""Stands for each further word of the name."""


class Clue(msgspec.Struct, frozen=True, kw_only=True):
    """One sign of a kind of task."""

    kind: TaskKind
    value: int
    pattern: re.Pattern[str]


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    kind: TaskKind
    value: int
    pattern: str


class _File(msgspec.Struct, frozen=True, kw_only=True):
    groups: dict[str, str]
    clues: tuple[_Row, ...]
    no_training: tuple[str, ...]
    hints: dict[TaskKind, str]


@cache
def _table() -> _File:
    return msgspec.json.decode(resources.read("presets/clues.json"), type=_File)


@cache
def _groups() -> dict[str, str]:
    return {**_table().groups, "NUM": r"\d+(?:\.\d+)?", "LANG": f"{LANGUAGE}(?: {LANGUAGE_GOES_ON})*"}


def _compiled(body: str) -> re.Pattern[str]:
    for name, group in _groups().items():
        body = body.replace("{" + name + "}", group)
    return re.compile(rf"(?<!\S)(?:{body})(?!\S)")


@cache
def clues() -> tuple[Clue, ...]:
    """Return all clues, compiled."""
    return tuple(Clue(kind=row.kind, value=row.value, pattern=_compiled(row.pattern)) for row in _table().clues)


@cache
def no_training() -> tuple[re.Pattern[str], ...]:
    """Return the patterns that say: the labels come without examples, or change all the time."""
    return tuple(_compiled(body) for body in _table().no_training)


@cache
def hints() -> dict[str, tuple[tuple[TaskKind, float], ...]]:
    """Return for each single word the kinds it hints at, with a weight: a word of few kinds says more."""
    found: dict[str, list[TaskKind]] = {}
    for kind, words in _table().hints.items():
        for word in words.split():
            found.setdefault(word, []).append(kind)
    return {word: tuple((kind, 1 / len(kinds) ** 0.5) for kind in kinds) for word, kinds in found.items()}


@cache
def subject() -> re.Pattern[str]:
    """Return the pattern of the things tasks are about: documents, recordings, images, classes."""
    return _compiled("{DOCS}|{AUDIO}|{IMAGE}|{CLASSES}|{ART}")
