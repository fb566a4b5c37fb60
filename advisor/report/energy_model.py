"""The section on energy and carbon as a value: how it was obtained, in which units, beside what."""

from typing import Literal

import msgspec

from advisor.evidence import Quantity


class EnergyFigure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure in a standard unit; what is missing has no value and its basis says why."""

    label: str
    quantity: Quantity


class SciView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Software Carbon Intensity with all that the standard wants disclosed."""

    functional_unit: str
    """R"""
    score: Quantity
    """[g] Of one functional unit."""
    energy: Quantity
    """[kWh] E"""
    intensity: Quantity
    """[g/kWh] I"""
    embodied: Quantity
    """[g] M"""
    boundary: str
    method: str


class PhaseRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of work of one part of the machine, as the probe measured it."""

    part: str
    """`Processor`, `Graphics card`, ..."""
    phase: str
    """`Reading the input`, ..."""
    unit: str
    """What one unit is: `a token`."""
    gross: Quantity
    """[J] Of one unit."""
    net: Quantity
    """[J] Above idle with the model loaded."""
    net_text: str
    """The same in words: `below detection limit (< 0.3 J)` where it cannot be told from idling."""
    power: Quantity
    """[W] Mean while it ran, gross."""
    num_blocks: int
    num_rejected: int


class CheckRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One proof with its result."""

    title: str
    passed: bool
    verdict: str
    """Sign and word."""
    text: str


class MeterRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A meter that was looked for."""

    name: str
    covers: str
    way: str
    """How it counts, its grade and how often it has a new value."""
    state: str
    used: bool
    why: str


class PartView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of the stacked bar."""

    phase: Literal["load", "prefill", "decode", "query"]
    label: str
    energy: Quantity
    """[J] Gross; of one query, for loading of one load."""


class MeaningRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure in a daily term."""

    sentence: str
    arithmetic: str
    basis: str


class OtherEnergy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another candidate's energy against the pick's."""

    model: str
    format_label: str
    energy: Quantity
    """[Wh] Per 1,000 queries."""
    against: str
    """`2.3 times the energy`, or `no measurable difference`."""


class PublishedPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mark on the logarithmic axis."""

    kind: Literal["ours", "same-model", "task-mean", "other-model"]
    label: str
    energy: Quantity
    """[Wh] Per 1,000 queries."""
    stars: int | None = None
    """Official, of its cohort; never ours."""
    hardware: str = ""
    sizes: str = ""
    """Of a query: an energy says little without them."""


class PublishedSeries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ours beside published figures."""

    points: tuple[PublishedPoint, ...]
    axis_low_wh: float
    axis_high_wh: float


class EnergySection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Energy and carbon of the pick."""

    model: str
    format_label: str
    how: str
    """Measured, and how thoroughly, or a typical range; one or two sentences."""
    measured: bool
    """A meter was read."""
    boundary: str
    """What is counted and what is not, one sentence."""
    figures: tuple[EnergyFigure, ...]
    """All standard units, those without a value too."""
    settings: tuple[str, ...]
    """Electricity, price, volume and making of the computer: what was chosen, or that nothing was."""
    sci: tuple[SciView, ...]
    excluded: tuple[str, ...] = ()
    """Parts of the machine that are not counted, and why."""
    holding: tuple[str, ...] = ()
    """Idle with and without the model, and what loading takes; one sentence each."""
    ranges: tuple[EnergyFigure, ...] = ()
    """Gross and net of one query; empty without a probe."""
    phases: tuple[PhaseRow, ...] = ()
    parts: tuple[PartView, ...] = ()
    """Of the stacked bar."""
    checks: tuple[CheckRow, ...] = ()
    meters: tuple[MeterRow, ...] = ()
    meters_note: str = ""
    """Which probe looked for them."""
    meaning_title: str = ""
    meanings: tuple[MeaningRow, ...] = ()
    training: str = ""
    others: tuple[OtherEnergy, ...] = ()
    published: PublishedSeries | None = None
    """Ours and published figures of the task; null where nothing is published."""
