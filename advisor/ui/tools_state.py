"""What the cards of the conversion tools and of the converted models show: frozen values, made in words."""

from typing import Literal

import msgspec

ToolsPhase = Literal["idle", "running", "stopping", "removing"]


class ToolsView(msgspec.Struct, frozen=True, kw_only=True):
    """The conversion tools of this computer, in words."""

    status: str
    """In two words."""
    sentence: str
    takes: str
    """What an installation takes; shown before it starts."""
    can_install: bool
    can_remove: bool
    is_update: bool = False


class ShelfView(msgspec.Struct, frozen=True, kw_only=True):
    """The converted models, in words."""

    sentence: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sizes_bytes: tuple[int, ...]
    """[B] Of each row, to sort by."""
    clear_words: str
    """What clearing means; shown before it is done."""
    can_clear: bool


class ConversionState(msgspec.Struct, frozen=True, kw_only=True):
    """The tools, the installation that runs, and the shelf."""

    tools: ToolsView | None = None
    """Null until it was looked."""
    shelf: ShelfView | None = None
    phase: ToolsPhase = "idle"
    done_share: float = 0.0
    detail: str = ""
    error: str = ""
    clearing: bool = False
    shelf_error: str = ""
