"""Turns plain words into a task: deterministic, offline, and honest about what it did not understand."""

from collections.abc import Iterable, Mapping

import msgspec

from advisor.errors import InvalidInputError
from advisor.task import clue, count, kinds, languages, limit, rate, region, size, spelling, wish, word
from advisor.task.find import Find, Taken, written
from advisor.task.model import Chip, Description, TaskKind, TaskSpec
from advisor.task.script import script_of
from advisor.task.source import Source, cut

LONGEST_TEXT = 20_000
"""[characters] About seven pages: a description, not a document."""
_NOT_UNDERSTOOD_SHOWN = 40
_LONGEST_WORD_SHOWN = 40
"""[characters]"""


def describe(text: str) -> Description:
    """Read a task from the user's words.

    Args:
        text: a description in English; languages may be named by their own names.

    Returns:
        The task, the chips it was read from (spans do not overlap), the meaningful words that were not used, and one
        sentence for each thing that was assumed. Without any word of a known kind of task, `generation` is guessed and
        `kind_certain` is false.

    Raises:
        InvalidInputError: `text-empty` or `text-too-long`.
    """
    _check(text)
    source = cut(text, spelling.mend)
    named = languages.mentions(source)
    verdict = kinds.judge(source, named)
    kind: TaskKind = verdict.kind if verdict else "generation"
    taken = Taken()
    for find in _finds(source, kind):
        taken.add(find)
    language_words = _add_languages(source, named, kind, taken)
    if verdict:
        _add_kind(verdict, taken)
    known = taken.tokens() | language_words | _subjects(source) | (verdict.known_positions if verdict else frozenset())
    return Description(
        task=_task(text, kind, taken.finds),
        chips=_chips(source, taken.finds),
        not_understood=_not_understood(source, known),
        notes=_notes(source, verdict, taken.finds),
        kind_certain=verdict.certain if verdict else False,
    )


def _subjects(source: Source) -> frozenset[int]:
    return frozenset(at for _, first, after in source.find(clue.subject()) for at in range(first, after))


def _check(text: str) -> None:
    if not text.strip():
        raise InvalidInputError(
            "text-empty",
            "The task text is empty.",
            remedy="Say in a sentence what should be done, for example: summarise 20-page contracts in German.",
        )
    if len(text) > LONGEST_TEXT:
        raise InvalidInputError(
            "text-too-long",
            f"The task text has {len(text):,} characters; at most {LONGEST_TEXT:,} are read.",
            remedy="Describe the task in a few sentences; the documents themselves are not needed.",
            num_characters=len(text),
        )


def _finds(source: Source, kind: TaskKind) -> Iterable[Find]:
    """Yield everything but kind and languages, the surest readers first: a token belongs to the first that takes it."""
    yield from region.read(source)
    yield from count.examples(source)
    yield from limit.memory(source)
    yield from limit.disk(source)
    yield from size.context(source)
    yield from size.batch(source)
    yield from count.images(source, kind)
    yield from rate.read(source)
    yield from limit.latency(source, kind)
    yield from size.audio(source, kind)
    yield from count.labels(source, kind)
    yield from size.text(source, kind)
    yield from count.documents(source, kind)
    yield from wish.read(source)


def _add_languages(
    source: Source, named: tuple[languages.Mention, ...], kind: TaskKind, taken: Taken
) -> frozenset[int]:
    """Add one chip for each list of languages with the same part; returns the tokens of all of them."""
    groups: list[tuple[str, list[languages.Mention]]] = []
    used: set[int] = set()
    for item, field in sorted(languages.parts(source, named, kind), key=lambda part: part[1]):
        if not taken.is_free(item.start, item.end):
            continue
        used.update(range(item.start, item.end))
        if groups and groups[-1][0] == field and languages.adjacent(source, groups[-1][1][-1], item):
            groups[-1][1].append(item)
        else:
            groups.append((field, [item]))
    for field, items in groups:
        codes = tuple(dict.fromkeys(item.code for item in items))
        find = Find(
            field=field,
            value=codes,
            label=_language_label(field, codes, groups),
            start=items[0].start,
            end=items[-1].end,
        )
        if not taken.add(find, again=True):
            taken.finds.append(msgspec.structs.replace(find, start=find.start, end=find.start))
    return frozenset(used)


def _language_label(field: str, codes: tuple[str, ...], groups: list[tuple[str, list[languages.Mention]]]) -> str:
    names = ", ".join(languages.name(code) for code in codes)
    if field == "target_languages":
        return f"to {names}"
    both = any(other == "target_languages" and codes == tuple(item.code for item in items) for other, items in groups)
    return f"{names}, both ways" if both else names


def _add_kind(verdict: kinds.Verdict, taken: Taken) -> None:
    """Add the chip of the kind on the longest free piece of its strongest clue."""
    label = kinds.LABELS[verdict.kind]
    for hit in verdict.hits:
        pieces = _free_pieces(taken, hit.start, hit.end)
        if pieces:
            start, end = max(pieces, key=lambda piece: (piece[1] - piece[0], -piece[0]))
            taken.add(Find(field="kind", value=verdict.kind, label=label, start=start, end=end))
            return


def _free_pieces(taken: Taken, first: int, after: int) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    for at in range(first, after):
        if not taken.is_free(at, at + 1):
            continue
        if pieces and pieces[-1][1] == at:
            pieces[-1] = (pieces[-1][0], at + 1)
        else:
            pieces.append((at, at + 1))
    return pieces


def _chips(source: Source, finds: Iterable[Find]) -> tuple[Chip, ...]:
    chips = []
    for find in sorted(finds, key=lambda item: item.start):
        if find.end == find.start:
            continue
        start, end = source.span(find.start, find.end)
        words = written(source, find.start, find.end)
        chips.append(Chip(field=find.field, value=find.value, label=find.label, words=words, start=start, end=end))
    return tuple(chips)


def _task(text: str, kind: TaskKind, finds: Iterable[Find]) -> TaskSpec:
    values: dict[str, object] = {}
    for find in finds:
        if isinstance(find.value, tuple):
            before = values.get(find.field, ())
            values[find.field] = (
                tuple(dict.fromkeys((*before, *find.value))) if isinstance(before, tuple) else find.value
            )
        elif find.field != "kind":
            values[find.field] = find.value
    return msgspec.convert({"kind": kind, "text": text, **values}, TaskSpec)


def _not_understood(source: Source, known: frozenset[int]) -> tuple[str, ...]:
    words = [
        token.raw if len(token.raw) <= _LONGEST_WORD_SHOWN else token.raw[:_LONGEST_WORD_SHOWN] + "\u2026"
        for at, token in enumerate(source.tokens)
        if at not in known and (token.value is not None or word.is_meaningful(token.norm)) and token.norm != "1"
    ]
    unique = tuple(dict.fromkeys(words))
    return unique[:_NOT_UNDERSTOOD_SHOWN]


def _notes(source: Source, verdict: kinds.Verdict | None, finds: Iterable[Find]) -> tuple[str, ...]:
    notes = []
    script = script_of(source.text)
    if script is not None:
        notes.append(f"Most of the text is written in {script} letters. Only English descriptions are understood.")
    if verdict is None:
        notes.append("No word of a known task was found: chat or writing is assumed. Choose the task if that is wrong.")
    elif not verdict.certain:
        notes.append(
            f"The task is not clear: '{kinds.LABELS[verdict.kind]}' is assumed. Choose another if that is wrong."
        )
    if verdict is not None and verdict.rival is not None:
        notes.append(f"'{kinds.LABELS[verdict.rival]}' seems to be meant as well. One task is looked at at a time.")
    notes += [find.note for find in finds if find.note]
    if word.mentions_offline(frozenset(token.norm for token in source.tokens)):
        notes.append("Everything runs on this computer, without a network.")
    return tuple(dict.fromkeys(notes))


def merge(description: Description, overrides: Mapping[str, object]) -> TaskSpec:
    """Return the task with what the user set by hand; a control always wins over the words.

    Args:
        description: what was read from the words.
        overrides: `TaskSpec` field to its value; null takes away what was read.

    Raises:
        InvalidInputError: `field-unknown` or `value-invalid`, with the field's name.
    """
    values = msgspec.structs.asdict(description.task)
    empty = msgspec.structs.asdict(TaskSpec(kind="generation"))
    for field, value in overrides.items():
        if field not in values:
            known = ", ".join(values)
            raise InvalidInputError("field-unknown", f"A task has no field {field!r}.", remedy=f"Fields are: {known}.")
        values[field] = empty[field] if value is None else value
    return _checked(values)


def _checked(values: Mapping[str, object]) -> TaskSpec:
    try:
        return msgspec.convert(values, TaskSpec, from_attributes=True)
    except msgspec.ValidationError as error:
        raise InvalidInputError(
            "value-invalid", f"The task cannot be used: {error}.", remedy="Correct that value or leave it empty."
        ) from error


def apply_chips(text: str, removed: Iterable[str] = (), corrections: Mapping[str, object] | None = None) -> TaskSpec:
    """Return the task of a text without the chips the user removed and with those the user corrected.

    Args:
        text: as for `describe`.
        removed: fields of the removed chips.
        corrections: field to the value the user gave; wins over `removed`.

    Raises:
        InvalidInputError: as `describe` and `merge`.
    """
    return merge(describe(text), {**dict.fromkeys(removed), **(corrections or {})})
