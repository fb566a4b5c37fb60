"""Which licences of an SPDX expression are taken: all that AND joins, and the best accepted one of those OR offers."""

import re

PREFERRED = ("Apache-2.0", "MIT", "BSD-3-Clause", "BSD-2-Clause")
"""Of licences to choose from: the first asks for no line of copyright in a program's papers."""


def chosen(expression: str, accepted: frozenset[str]) -> frozenset[str] | None:
    """Return the licences that are taken, or None when the expression cannot be met with accepted ones.

    Args:
        expression: `MIT OR (Apache-2.0 WITH LLVM-exception AND ISC)` and the like.
        accepted: licences, those with an exception as one name.
    """
    words = re.findall(r"[()]|[^\s()]+", expression)
    joined: list[str] = []
    for word in words:
        if joined and (word == "WITH" or joined[-1].endswith(" WITH")):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    try:
        found, rest = _either(joined, accepted)
    except IndexError:
        return None
    return found if not rest else None


def _either(words: list[str], accepted: frozenset[str]) -> tuple[frozenset[str] | None, list[str]]:
    first, words = _both(words, accepted)
    offered = [first]
    while words and words[0] == "OR":
        found, words = _both(words[1:], accepted)
        offered.append(found)
    there = [found for found in offered if found is not None]
    best = min(there, key=lambda found: min(map(_rank, found)), default=None)
    return best, words


def _both(words: list[str], accepted: frozenset[str]) -> tuple[frozenset[str] | None, list[str]]:
    found, words = _one(words, accepted)
    while words and words[0] == "AND":
        more, words = _one(words[1:], accepted)
        found = None if found is None or more is None else found | more
    return found, words


def _one(words: list[str], accepted: frozenset[str]) -> tuple[frozenset[str] | None, list[str]]:
    if words[0] == "(":
        found, rest = _either(words[1:], accepted)
        return (found, rest[1:]) if rest[0] == ")" else (None, rest)
    return (frozenset({words[0]}) if words[0] in accepted else None), words[1:]


def _rank(name: str) -> int:
    return PREFERRED.index(name) if name in PREFERRED else len(PREFERRED)
