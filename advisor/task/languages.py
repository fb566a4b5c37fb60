"""Languages named in a text: by name, own name, slip of the pen, or code where a code makes sense; and their part."""

import re
from functools import cache
from typing import Literal

import msgspec

from advisor import resources
from advisor.task.model import TaskKind
from advisor.task.source import Source
from advisor.task.token import fold, split

Role = Literal["source", "target", "both", "unsaid"]
_LIST_WORDS = frozenset({",", "and", "or", "/", "as", "well"})
_TO_WORDS = frozenset({"to", "into", "->", "2"})


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """One language of the table."""

    code: str
    """ISO 639-1, or ISO 639-3 where there is no shorter one."""
    iso639_3: str
    name: str
    """English name."""
    endonyms: tuple[str, ...]
    """What its speakers call it."""
    aliases: tuple[str, ...]
    """Other names and common misspellings."""
    script: str
    """ISO 15924 code of its usual script."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """One language found in a text."""

    code: str
    start: int
    """Number of its first token."""
    end: int
    """Number of the token behind it."""
    role: Role = "unsaid"


class _File(msgspec.Struct, frozen=True, kw_only=True):
    languages: tuple[Language, ...]


@cache
def table() -> tuple[Language, ...]:
    """Return all languages the app can name."""
    return msgspec.json.decode(resources.read("presets/languages.json"), type=_File).languages


@cache
def by_code() -> dict[str, Language]:
    """Return the languages by each of their codes, two letters and three."""
    return {code: item for item in table() for code in (item.iso639_3, item.code)}


def name(code: str) -> str:
    """Return the English name of a language, or the code itself when it is not in the table."""
    found = by_code().get(code)
    return found.name if found else code


def _key(written: str) -> str:
    return " ".join(item.norm for item in split(written) if item.norm != "-")


@cache
def _codes_by_name() -> dict[str, str]:
    names = {}
    for item in reversed(table()):
        for written in (*item.aliases, *item.endonyms, item.name):
            names[_key(written)] = item.code
    return names


def _alternatives(words: list[str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", " ") for word in sorted(words, key=lambda word: (-len(word), word)))


@cache
def name_pattern() -> str:
    """Return the regular expression of a language's name in Latin letters, whole words."""
    return rf"(?:{_alternatives([word for word in _codes_by_name() if word.isascii()])})"


@cache
def code_pattern() -> str:
    """Return the regular expression of a language code."""
    return rf"(?:{_alternatives(list(by_code()))})"


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    code = code_pattern()
    other = _alternatives([word for word in _codes_by_name() if not word.isascii()])
    return (
        re.compile(rf"(?<!\S)({name_pattern()})(?: speaking| language)?(?!\S)|({other})"),
        re.compile(rf"(?<!\S)(?:languages?|lang|locales?) (?:: |codes? )?({code})((?: (?:, |and )?{code})*)(?!\S)"),
        re.compile(rf"(?<!\S)({code}) (?:->|<->|2|to|/) ({code})(?!\S)"),
    )


def mentions(source: Source) -> tuple[Mention, ...]:
    """Return the languages of a text, in order, without overlap, each with the part it plays."""
    found = [*_by_name(source), *_by_code(source), *_capitals(source)]
    found.sort(key=lambda item: (item.start, -item.end))
    kept: list[Mention] = []
    for item in found:
        if not kept or item.start >= kept[-1].end:
            kept.append(item)
    return _with_roles(source, kept)


def _by_name(source: Source) -> list[Mention]:
    names = _codes_by_name()
    return [
        Mention(code=names[match[1] or match[2]], start=first, end=after)
        for match, first, after in source.find(_patterns()[0])
        if not _is_other_word(source, first)
    ]


def _is_other_word(source: Source, first: int) -> bool:
    """Tell whether a name is another word here: `polish my text`, `finish`, `creole` dishes are not languages."""
    token = source.tokens[first]
    if token.norm != "polish" or token.raw[:1].isupper():
        return False
    following = source.tokens[first + 1].norm if first + 1 < len(source.tokens) else ""
    return following in {"my", "the", "our", "this", "these", "their", "up", "your", "a", "an", "it", "and"}


def _by_code(source: Source) -> list[Mention]:
    found = []
    codes = by_code()
    for match, _, _ in source.find(_patterns()[2]):
        if match[0].split()[1] == "to" and {match[1], match[2]} & {
            "it",
            "is",
            "as",
            "so",
            "no",
            "he",
            "am",
            "be",
            "my",
        }:
            continue
        for group in (1, 2):
            first, after = source.range(*match.span(group))
            found.append(Mention(code=codes[match[group]].code, start=first, end=after))
    for _, first, after in source.find(_patterns()[1]):
        for at in range(first + 1, after):
            word = source.tokens[at].norm
            if word in codes and word != "and":
                found.append(Mention(code=codes[word].code, start=at, end=at + 1))
    return found


def _capitals(source: Source) -> list[Mention]:
    """Read codes in capitals that stand in a list: `DE, FR and IT`; a single `IT` is no language."""
    runs: list[list[int]] = [[]]
    for at, token in enumerate(source.tokens):
        if len(token.raw) == 2 and token.raw.isupper() and token.norm in by_code():
            runs[-1].append(at)
        elif token.norm not in _LIST_WORDS and runs[-1]:
            runs.append([])
    codes = by_code()
    return [
        Mention(code=codes[source.tokens[at].norm].code, start=at, end=at + 1)
        for run in runs
        if len(run) > 1
        for at in run
    ]


def adjacent(source: Source, before: Mention, after: Mention) -> bool:
    """Tell whether two mentions stand in one list: only commas and `and` between them."""
    return all(source.tokens[at].norm in _LIST_WORDS for at in range(before.end, after.start))


def _with_roles(source: Source, found: list[Mention]) -> tuple[Mention, ...]:
    placed: list[Mention] = []
    for at, item in enumerate(found):
        role = _own_role(source, item, found[at + 1] if at + 1 < len(found) else None)
        before = placed[-1] if placed else None
        if role == "unsaid" and before and before.role != "unsaid" and item.start > before.end:
            role = before.role if adjacent(source, before, item) else role
        placed.append(msgspec.structs.replace(item, role=role))
    return tuple(placed)


def _own_role(source: Source, item: Mention, following: Mention | None) -> Role:
    before = source.tokens[item.start - 1].norm if item.start else ""
    behind = source.tokens[item.end].norm if item.end < len(source.tokens) else ""
    if "<->" in (before, behind) or before == "between":
        return "both"
    if before in _TO_WORDS or behind in {"target", "output", "version", "translation"}:
        return "target"
    next_to = following is not None and following.start == item.end + 1 and behind in _TO_WORDS
    return "source" if before == "from" or next_to or behind in {"source", "input"} else "unsaid"


def parts(source: Source, found: tuple[Mention, ...], kind: TaskKind) -> tuple[tuple[Mention, str], ...]:
    """Return each mention with the `TaskSpec` field it belongs to, `languages` or `target_languages` (or both).

    Only a translation has a target: elsewhere every language is what the model must know. Two languages without a
    word between them, or one after the other, are source and target; one alone is the target after `in`.
    """
    if kind != "translation":
        return tuple((item, "languages") for item in found)
    placed: list[tuple[Mention, str]] = []
    has_source = any(item.role == "source" for item in found)
    has_target = any(item.role == "target" for item in found)
    starts = [item.start for item in found]
    before: tuple[str, ...] = ()
    for at, item in enumerate(found):
        listed = at > 0 and _listed(source, found[at - 1], item)
        fields = before if listed else _fields(source, item, starts, has_source=has_source, has_target=has_target)
        placed += [(item, field) for field in fields]
        has_source = has_source or "languages" in fields
        before = fields
    return tuple(placed)


def _listed(source: Source, before: Mention, item: Mention) -> bool:
    """Tell whether two languages play the same part: `French and Dutch` do, `EN/DE` and `English-Spanish` do not."""
    between = {source.tokens[at].norm for at in range(before.end, item.start)}
    return bool(between) and "/" not in between and adjacent(source, before, item)


def _fields(source: Source, item: Mention, starts: list[int], *, has_source: bool, has_target: bool) -> tuple[str, ...]:
    if item.role == "both":
        return ("languages", "target_languages")
    if item.role != "unsaid":
        return ("target_languages",) if item.role == "target" else ("languages",)
    if has_source and not has_target:
        return ("target_languages",)
    after_in = item.start > 0 and source.tokens[item.start - 1].norm == "in"
    is_last_place = not any(first > item.end + 3 for first in starts)
    return ("target_languages",) if after_in and not has_target and is_last_place else ("languages",)


def folded(code_or_name: str) -> str | None:
    """Return the code of a language given by code or by any of its names, or null."""
    word = fold(code_or_name.strip())
    found = by_code().get(word)
    return found.code if found else _codes_by_name().get(_key(code_or_name))
