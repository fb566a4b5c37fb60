"""What the page "Your examples" shows: frozen values, made in words."""

from typing import Literal

import msgspec

ExamplesPhase = Literal["idle", "running", "stopping"]


class ReadView(msgspec.Struct, frozen=True, kw_only=True):
    """What a file or typed rows were understood as."""

    sentence: str
    lines: tuple[str, ...] = ()
    """Columns, what was left out and why, what was decided."""
    labels: tuple[str, ...] = ()
    """In a classification, the most frequent first."""
    kind: Literal["classification", "generation"] = "classification"
    num_examples: int = 0


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A model on this computer in one of its ways of working."""

    key: str
    """Of the folder and the way."""
    folder: str
    method: str
    name: str
    help: str
    why_not: str = ""
    """Why it cannot be run on these examples; empty when it can."""


class Dot(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate's share that is right, with its interval."""

    name: str
    value_share: float
    low_share: float
    high_share: float
    words: str


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """The wrong outputs of one candidate."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    num_rows: int
    """All there are; more than `rows` where they are many."""


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """What candidates made of the examples."""

    sentence: str
    verdicts: tuple[str, ...]
    """Is the smaller one enough: one sentence a pair."""
    axis: str
    dots: tuple[Dot, ...]
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    wrong_headers: tuple[str, ...]
    wrong: tuple[Wrong, ...]


class ExamplesState(msgspec.Struct, frozen=True, kw_only=True):
    """Examples, candidates, the run, its result."""

    reading: bool = False
    read_error: str = ""
    read: ReadView | None = None
    looking: bool = False
    choices: tuple[Choice, ...] | None = None
    """Null until it was looked."""
    phase: ExamplesPhase = "idle"
    done_share: float = 0.0
    remaining_s: float | None = None
    detail: str = ""
    error: str = ""
    view: RunView | None = None
    saved: str = ""
    """What became of the table that was to be saved."""
