"""What the start of "What compression costs" shows: frozen values, made in words."""

from typing import Literal

import msgspec

MeasurePhase = Literal["idle", "running", "stopping"]
Extent = Literal["all", "few"]


class HereModel(msgspec.Struct, frozen=True, kw_only=True):
    """A converted model that is whole."""

    folder: str
    model: str
    format: str


class MeasureChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A model whose original can be held against its compressed formats."""

    key: str
    """The model's id, or what stands for the user's own folders."""
    name: str
    reference: str = ""
    """Folder of the original."""
    compressed: tuple[str, ...] = ()
    """Folders of the compressed formats."""
    what: str = ""
    """Which formats, in words."""
    why_not: str = ""
    """Why it cannot be measured, and what to do; empty when it can."""


class CompressionState(msgspec.Struct, frozen=True, kw_only=True):
    """What can be measured, the choice, the run."""

    looking: bool = False
    choices: tuple[MeasureChoice, ...] | None = None
    """Null until it was looked; those that can be measured first."""
    here: tuple[HereModel, ...] = ()
    chosen: str = ""
    """Key of a choice."""
    codes: tuple[str, ...] = ()
    """Of all languages with sample texts."""
    largest: tuple[str, ...] = ()
    """Of those with the most to train on."""
    num_sentences: int = 0
    """Of each language."""
    phase: MeasurePhase = "idle"
    done_share: float = 0.0
    remaining_s: float | None = None
    detail: str = ""
    error: str = ""
    done: str = ""
    """What was just measured."""


def picked(state: CompressionState) -> MeasureChoice | None:
    """Return the chosen model; the first where none is chosen, or it is gone."""
    choices = state.choices or ()
    return next((item for item in choices if item.key == state.chosen), choices[0] if choices else None)


def languages(state: CompressionState, extent: Extent, yours: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes to read: all, or the user's with the largest, in the table's order.

    Args:
        state: knows which there are.
        extent: how many are wanted.
        yours: codes of the task's languages.
    """
    wanted = set(state.codes) if extent == "all" else {*state.largest, *yours}
    return tuple(code for code in state.codes if code in wanted)
