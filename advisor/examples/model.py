"""Values of the user's own examples: what was read, from where, and what was left out and why."""

from typing import Literal

import msgspec

ExampleKind = Literal["classification", "generation"]
FileForm = Literal["table", "jsonl", "json"]

SkipReason = Literal[
    "empty-row", "empty-text", "empty-answer", "too-few-cells", "too-many-cells", "text-after-quote", "cell-too-long",
    "bytes-not-text", "not-json", "not-an-object", "not-text", "duplicate",
]  # fmt: skip
"""Why a row is not used."""

NoteCode = Literal[
    "columns-by-position", "heading-guessed", "first-row-is-data", "kind-guessed", "no-answers", "lines-in-cp1252",
    "labels-alike", "same-text-other-answer", "sampled", "no-quotes", "duplicates-not-all-seen", "few-of-a-label",
]  # fmt: skip
"""What the reader decided or saw that the user should know; sentences are made in `report.examples`."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One text with what is right for it."""

    text: str
    """What is given to the model."""
    label: str | None = None
    """The right label, in a classification."""
    expected: str | None = None
    """The right answer, in a generation."""
    line_id: int = 0
    """Line of the file in which the row starts, from 1; in a JSON array the place of the item; 0: not from a file."""

    def answer(self) -> str | None:
        """Return what is right, whichever the kind."""
        return self.label if self.label is not None else self.expected


class LabelCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often a label occurs."""

    label: str
    num_rows: int
    """Usable rows of the file with it."""
    num_examples: int
    """Examples kept with it; fewer than the rows where a sample was drawn."""


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are not used, for one reason."""

    reason: SkipReason
    num_rows: int
    line_ids: tuple[int, ...]
    """The first lines it happened in."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something the reader decided or saw."""

    code: NoteCode
    names: tuple[str, ...] = ()
    """Columns or labels it is about."""
    line_ids: tuple[int, ...] = ()
    """The first lines it is about."""
    num_rows: int = 0
    """How many rows it is about."""


class ExampleSet(msgspec.Struct, frozen=True, kw_only=True):
    """Examples of one kind, ready to be run."""

    kind: ExampleKind
    examples: tuple[Example, ...]
    labels: tuple[LabelCount, ...] = ()
    """In a classification: the labels, most frequent first."""
    source: str
    """Name of the file, or `typed`."""
    form: FileForm
    num_rows: int
    """Rows found, the heading not counted."""
    skipped: tuple[Skipped, ...] = ()
    text_column: str
    """Name or place of the column the texts come from."""
    answer_column: str | None
    """Name or place of the column of labels or expected answers; null: there is none."""
    delimiter: str | None = None
    """What separates the cells of a table; null: a single column, or JSON."""
    encoding: str
    """As found: `utf-8`, `utf-8-sig`, `utf-16-le`, `cp1252`, `utf-8, some lines cp1252`, ..."""
    notes: tuple[Note, ...] = ()

    @property
    def num_skipped(self) -> int:
        """Rows that are not used."""
        return sum(item.num_rows for item in self.skipped)

    @property
    def num_usable(self) -> int:
        """Rows that could be used; more than the examples where a sample was drawn."""
        return self.num_rows - self.num_skipped
