"""The energy of a probe as rows: gross and net by part and work, checks, readings. No Qt."""

import math

from advisor import units
from advisor.energy import ladder
from advisor.energy.model import ComponentEnergy, EnergyResult, MeterInfo, PhaseEnergy
from advisor.evidence import Quantity
from advisor.report import energy_words, wording
from advisor.report.energy_series import EnergyPart, PowerSeries
from advisor.ui.models.simple_table import Cell

HEADERS = ("Part", "Work", "Energy of one", "Above idle", "Power", "One takes", "Blocks")
METER_HEADERS = ("Meter", "Covers", "State", "Trust", "Why")
POWER_HEADERS = ("Time (s)", "What", "Power", "At least", "At most")


def rows(energy: EnergyResult) -> tuple[tuple[Cell, ...], ...]:
    """Return gross and net energy of each kind of work under each meter."""
    return tuple(_row(part, phase) for part in energy.components for phase in part.phases)


def _row(part: ComponentEnergy, phase: PhaseEnergy) -> tuple[Cell, ...]:
    blocks = f"{phase.num_blocks}, {phase.num_rejected} left out" if phase.num_rejected else str(phase.num_blocks)
    return (
        Cell(text=energy_words.component(part.component), tip=part.meter.name),
        Cell(text=f"{energy_words.phase(phase.phase)}, {energy_words.phase_unit(phase.phase)}"),
        _figure(phase.gross_j),
        Cell(text=energy_words.net_words(phase), key=_key(phase.net_j), number=True, tip=phase.net_j.basis),
        _figure(phase.power_w),
        Cell(text=units.duration(phase.unit_s), key=phase.unit_s, number=True),
        Cell(text=blocks, key=phase.num_blocks, number=True),
    )


def power_cells(series: PowerSeries) -> tuple[tuple[Cell, ...], ...]:
    """Return the points of a power plot; a range has no middle."""
    found = [
        (_time(t_s), Cell(text=curve.label), _watts(power), _watts(None), _watts(None))
        for curve in series.curves
        for t_s, power in zip(curve.t_s, curve.power_w, strict=True)
    ]
    points = zip(series.band_t_s, series.band_low_w, series.band_high_w, strict=True)
    found += [
        (_time(t_s), Cell(text=energy_words.ESTIMATED_NO_METER), _watts(None), _watts(low), _watts(high))
        for t_s, low, high in points
    ]
    return tuple(found)


def bar_parts(parts: tuple[EnergyPart, ...]) -> tuple[tuple[str, float, str], ...]:
    """Return name, size and figure of each part of a bar."""
    return tuple((part.label, part.energy.value or 0.0, wording.figure(part.energy)) for part in parts)


def _figure(item: Quantity) -> Cell:
    return Cell(text=wording.figure(item), key=_key(item), number=True, tip=item.basis)


def _key(item: Quantity) -> float:
    return item.value if item.value is not None else math.nan


def _time(t_s: float) -> Cell:
    return Cell(text=f"{t_s:.2f}", key=t_s, number=True)


def _watts(value: float | None) -> Cell:
    return Cell(
        text="" if value is None else units.amount(value, "W"), key=math.nan if value is None else value, number=True
    )


def meter_cells(infos: tuple[MeterInfo, ...]) -> tuple[tuple[Cell, ...], ...]:
    """Return one row a meter, as the ladder orders them."""
    used = {info.id for info in ladder.choose(infos).values()}
    return tuple(
        (
            Cell(text=info.name, strong=info.id in used, tip=energy_words.meter_tip(info)),
            Cell(text=info.covers.partition(";")[0], tip=info.covers),
            Cell(text=energy_words.meter_state(info, used=info.id in used)),
            Cell(text=energy_words.meter_grade(info), tip=energy_words.meter_way(info)),
            Cell(text=info.why or energy_words.open_note(info), tip=info.why),
        )
        for info in infos
    )
