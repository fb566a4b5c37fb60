"""Which column holds the texts and which the answers: by name in many spellings, else by place with a note."""

import unicodedata
from collections.abc import Sequence
from typing import Literal

import msgspec

from advisor.errors import AdvisorError
from advisor.examples.model import ExampleKind, Note
from advisor.examples.source import damaged

Role = Literal["text", "prompt", "label", "expected"]

# From the most to the least certain name.
_NAMES: dict[Role, tuple[str, ...]] = {
    "text": ("text", "texts", "sentence", "review", "comment", "message", "document", "utterance", "content", "body"),
    "prompt": ("prompt", "prompts", "question", "instruction", "query", "input", "source", "request"),
    "label": ("label", "labels", "class", "category", "intent", "sentiment", "tag", "topic"),
    "expected": (
        "expected", "expectedanswer", "expectedoutput", "expectedresponse", "expectedresult", "answer", "reference",
        "response", "completion", "ideal", "gold", "output", "target",
    ),
}  # fmt: skip
_ROLES = {name: role for role, names in _NAMES.items() for name in names}
_NUMBERING = frozenset(
    ("", "#", "id", "ids", "idx", "index", "key", "line", "no", "nr", "row", "uid", "uuid", "unnamed:0")
)
_SHORT_LABEL_CHARACTERS = 40


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """The two columns that count, by their place from 0."""

    kind: ExampleKind
    text_index: int
    answer_index: int | None
    text_name: str
    answer_name: str | None
    has_heading: bool
    notes: tuple[Note, ...] = ()


def role(name: str) -> Role | None:
    """Return what a column of this name holds: `Expected answer`, `EXPECTED_ANSWER` and `expected` are the same."""
    return _ROLES.get(_plain(name))


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if not character.isspace() and character not in "_-.\ufeff")


def num_known(names: Sequence[str]) -> int:
    """Return how many of text and answer these names tell."""
    roles = {role(name) for name in names}
    return bool(roles & {"text", "prompt"}) + bool(roles & {"label", "expected"})


def choose(rows: Sequence[Sequence[str]], source: str, kind: ExampleKind | None = None) -> Columns:
    """Choose the columns of a table from its first rows.

    Args:
        rows: the first rows, at least one.
        source: name of the file, for messages.
        kind: what the user says the examples are.

    Raises:
        AdvisorError: `examples-columns` or `examples-mixed`.
    """
    first = rows[0]
    if num_known(first) and (num_known(first) == 2 or len(set(first)) == len(first)):
        return _by_name(first, source, kind, rows[1:])
    return _by_place(rows, kind)


def of_names(names: Sequence[str], source: str, kind: ExampleKind | None, rows: Sequence[Sequence[str]]) -> Columns:
    """Choose the fields of JSON objects.

    Args:
        names: the fields of the first object.
        source: name of the file, for messages.
        kind: what the user says the examples are.
        rows: values of the first objects, to tell labels from answers.

    Raises:
        AdvisorError: `examples-columns` or `examples-mixed`.
    """
    if not names:
        raise _no_text(names, source)
    return _by_name(names, source, kind, rows)


def _by_name(names: Sequence[str], source: str, kind: ExampleKind | None, rows: Sequence[Sequence[str]]) -> Columns:
    found = _found(names)
    if "label" in found and "expected" in found:
        label, expected = names[found["label"]].strip(), names[found["expected"]].strip()
        raise damaged(
            "examples-mixed",
            f"{source}, line 1: it has both labels (column {label!r}) and expected answers (column {expected!r}).",
            "Keep one of the two: labels for sorting texts, expected answers for writing them.",
            line=1,
        )
    text, answer, notes = found.get("text", found.get("prompt")), found.get("label", found.get("expected")), []
    others = [
        index for index, name in enumerate(names) if index not in (text, answer) and _plain(name) not in _NUMBERING
    ]
    if text is None:
        if len(others) != 1:
            raise _no_text(names, source)
        text = others.pop()
        notes.append(Note(code="columns-by-position", names=(names[text].strip(),)))
    elif answer is None and len(others) == 1:
        answer = others[0]
        notes.append(Note(code="columns-by-position", names=(names[answer].strip(),)))
    elif answer is None:
        notes.append(Note(code="no-answers", names=tuple(names[index].strip() for index in others)))
    made = kind or ("classification" if "label" in found else "generation" if "expected" in found else None)
    if made is None and answer is None:
        made = "generation" if "prompt" in found else "classification"
    if made is None:
        made = _guessed([row[answer] for row in rows if answer is not None and answer < len(row)])
        notes.append(Note(code="kind-guessed", names=(made,)))
    return Columns(
        kind=made, text_index=text, answer_index=answer, text_name=names[text].strip(),
        answer_name=None if answer is None else names[answer].strip(), has_heading=True, notes=tuple(notes),
    )  # fmt: skip


def _found(names: Sequence[str]) -> dict[Role, int]:
    """Return the place of the most certain name of each role; `text` wins over `prompt`."""
    found: dict[Role, int] = {}
    best: dict[Role, int] = {}
    for index, name in enumerate(names):
        what = role(name)
        if what is None:
            continue
        certain = _NAMES[what].index(_plain(name))
        if what not in found or certain < best[what]:
            found[what], best[what] = index, certain
    return found


def _by_place(rows: Sequence[Sequence[str]], kind: ExampleKind | None) -> Columns:
    width = max(len(row) for row in rows)
    text = int(width > 1 and _counts_up([row[0].strip() for row in rows if row]))
    answer = text + 1 if width > text + 1 else None
    heading = answer is not None and _looks_like_heading([row[answer] for row in rows if answer < len(row)])
    names = [name.strip() for name in rows[0]] if heading else [f"column {index + 1}" for index in range(width)]
    notes = [Note(code="columns-by-position", names=tuple(names[text : text + 2]))]
    notes.append(Note(code="heading-guessed" if heading else "first-row-is-data", line_ids=(1,)))
    if answer is None:
        notes.append(Note(code="no-answers"))
    data = rows[1:] if heading else rows
    made = kind
    if made is None and answer is not None:
        made = _guessed([row[answer] for row in data if answer < len(row)])
        notes.append(Note(code="kind-guessed", names=(made,)))
    return Columns(
        kind=made or "classification", text_index=text, answer_index=answer, text_name=names[text],
        answer_name=None if answer is None else names[answer], has_heading=heading, notes=tuple(notes),
    )  # fmt: skip


def _counts_up(cells: Sequence[str]) -> bool:
    """Whether a column only numbers its rows, from 0 or 1, with or without a heading."""
    numbers = cells if cells[0].isdecimal() else cells[1:]
    return len(numbers) > 1 and any(list(numbers) == [str(at + n) for n in range(len(numbers))] for at in (0, 1))


def _looks_like_heading(answers: Sequence[str]) -> bool:
    """A heading stands once above answers that come again and again."""
    rest = [answer.strip() for answer in answers[1:]]
    return len(rest) >= 4 and answers[0].strip() not in rest and len(set(rest)) * 2 <= len(rest)


def _guessed(answers: Sequence[str]) -> ExampleKind:
    """Labels are short and come again; with few rows, short ones are taken for labels."""
    filled = [answer.strip() for answer in answers if answer.strip()]
    if any(len(answer) > _SHORT_LABEL_CHARACTERS for answer in filled):
        return "generation"
    return "classification" if len(filled) < 10 or len(set(filled)) * 2 <= len(filled) else "generation"


def _no_text(names: Sequence[str], source: str) -> AdvisorError:
    listed = ", ".join(repr(name.strip()[:40]) for name in list(names)[:8]) or "none"
    return damaged(
        "examples-columns",
        f"{source}, line 1: no column of texts is found. Its columns are: {listed}.",
        "Name the columns text and label, or prompt and expected.",
        line=1,
    )
