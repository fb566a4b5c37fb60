"""Reads CodeCarbon's CSV files of several versions, row by row, into sums to compare with ours."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec

from advisor.errors import InvalidFileError

NEEDED = ("duration", "emissions", "energy_consumed")
"""In every version since 1.0; other columns may be absent or new."""
PARTS = ("cpu", "gpu", "ram")
_ENERGIES = tuple(f"{part}_energy" for part in PARTS)
_SUM_TOLERANCE = 1e-6
_MOST_NAMES = 5
_NAME_LENGTH = 80
_WH_PER_KWH = 1000.0
_G_PER_KG = 1000.0
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_REMEDY = "Give the emissions.csv as CodeCarbon wrote it, separated by commas, with a point in decimal numbers."


class CodeCarbonSums(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the runs of a file."""

    file: str
    num_rows: int
    num_runs: int
    """Rows of one run that follow each other are states of it: the last one counts."""
    num_without_energy: int
    """Runs whose energy cell is empty; they are in no sum."""
    num_short: int
    """Rows that CodeCarbon wrote without their empty cells; they are read up to their energy."""
    duration_s: float | None
    """[s] Null where no run states it."""
    energy_wh: float | None
    """[Wh]"""
    cpu_wh: float | None
    """[Wh] Null where the file says nothing of it."""
    gpu_wh: float | None
    ram_wh: float | None
    emissions_g: float | None
    """[g]"""
    power_w: float | None
    """[W] Energy over duration, of runs that state both."""
    implied_g_per_kwh: float | None
    """[g/kWh] Emissions over energy, of runs that state both."""
    ram_share: float | None
    """Of the energy that CodeCarbon counts as memory's, by its constant."""
    versions: tuple[str, ...]
    """Of CodeCarbon, the first few."""
    countries: tuple[str, ...]
    projects: tuple[str, ...]
    first: str
    """Time stamp of the first row."""
    last: str


class _Row:
    """One row, its numbers read."""

    __slots__ = ("cells", "emissions", "energy", "is_short", "run", "seconds", "wh")

    def __init__(self, cells: dict[str, str], number: int, path: Path, *, is_short: bool) -> None:
        def read(column: str) -> float | None:
            return _number(cells.get(column, ""), column, number, path)

        self.cells = cells
        self.run = cells.get("run_id", "")
        self.seconds = read("duration")
        self.energy = read("energy_consumed")
        self.emissions = read("emissions")
        self.wh = {part: read(f"{part}_energy") for part in PARTS}
        self.is_short = is_short

    def adds_up(self) -> bool:
        """Tell whether the energy is the sum of its parts, so that no cell before it is missing."""
        parts = [value for value in self.wh.values() if value is not None]
        if self.energy is None or len(parts) < len(PARTS):
            return False
        return math.isclose(self.energy, sum(parts), rel_tol=_SUM_TOLERANCE, abs_tol=1e-15)


class _Sums:
    """Adds up without keeping rows."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}
        self.names: dict[str, list[str]] = {"codecarbon_version": [], "country_name": [], "project_name": []}
        self.num_runs = self.num_without = 0

    def add(self, row: _Row) -> None:
        self.num_runs += 1
        for column, known in self.names.items():
            name = row.cells.get(column, "")[:_NAME_LENGTH]
            if name and name not in known and len(known) < _MOST_NAMES:
                known.append(name)
        if row.energy is None:
            self.num_without += 1
            return
        self._plus("energy", row.energy)
        self._plus("seconds", row.seconds)
        self._plus("emissions", row.emissions)
        for part, energy in row.wh.items():
            self._plus(part, energy)
        if row.seconds is not None:
            self._plus("energy with time", row.energy)
        if row.emissions is not None:
            self._plus("energy with emissions", row.energy)

    def _plus(self, name: str, value: float | None) -> None:
        if value is not None:
            self.totals[name] = self.totals.get(name, 0.0) + value

    def wh(self, name: str) -> float | None:
        total = self.totals.get(name)
        return None if total is None else total * _WH_PER_KWH

    def ratio(self, top: str, bottom: str, factor: float) -> float | None:
        above, below = self.totals.get(top), self.totals.get(bottom)
        return above * factor / below if above is not None and below else None


def read(path: Path) -> CodeCarbonSums:
    """Return the sums of a file; memory does not grow with its length.

    Raises:
        InvalidFileError: `codecarbon-not-readable`, `codecarbon-not-text`, `codecarbon-empty`,
            `codecarbon-separator`, `codecarbon-column-missing`, `codecarbon-row` or `codecarbon-number`; the file, and
            the row and column where there is one, are named.
    """
    sums, held, num_rows, num_short, first, last = _Sums(), None, 0, 0, "", ""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for row in _rows(lines, path):
                num_rows += 1
                num_short += row.is_short
                last = row.cells.get("timestamp", "")[:_NAME_LENGTH]
                first = first or last
                if held is not None and not _continues(held, row):
                    sums.add(held)
                held = row
    except UnicodeDecodeError as error:
        raise _refused(path, "codecarbon-not-text", f"it is not text in UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise _refused(path, "codecarbon-not-readable", str(error.strerror or error)) from error
    if held is None:
        raise _refused(path, "codecarbon-empty", "it has no row of a run")
    sums.add(held)
    return msgspec.structs.replace(
        _told(path, sums), num_rows=num_rows, num_short=num_short, first=first, last=last
    )  # fmt: skip


def _told(path: Path, sums: _Sums) -> CodeCarbonSums:
    emissions = sums.totals.get("emissions")
    return CodeCarbonSums(
        file=path.name, num_rows=0, num_short=0, num_runs=sums.num_runs, num_without_energy=sums.num_without,
        duration_s=sums.totals.get("seconds"), energy_wh=sums.wh("energy"), cpu_wh=sums.wh("cpu"),
        gpu_wh=sums.wh("gpu"), ram_wh=sums.wh("ram"), emissions_g=None if emissions is None else emissions * _G_PER_KG,
        power_w=sums.ratio("energy with time", "seconds", _WH_PER_KWH * 3600.0),
        implied_g_per_kwh=sums.ratio("emissions", "energy with emissions", _G_PER_KG),
        ram_share=sums.ratio("ram", "energy", 1.0), versions=tuple(sums.names["codecarbon_version"]),
        countries=tuple(sums.names["country_name"]), projects=tuple(sums.names["project_name"]), first="", last="",
    )  # fmt: skip


def _continues(before: _Row, row: _Row) -> bool:
    """Tell whether a row is a later state of the run before it: CodeCarbon's `flush` writes the run so far again."""
    known = before.seconds is not None and row.seconds is not None and row.seconds >= before.seconds
    return bool(row.run) and row.run == before.run and known


def _rows(lines: Iterator[str], path: Path) -> Iterator[_Row]:
    reader = csv.reader(lines)
    names = _header(reader, path)
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _refused(path, "codecarbon-row", f"row {number} cannot be read ({error})", row=number) from error
        if not any(cells):
            continue
        yield _row(cells, names, number, path)


def _row(cells: list[str], names: list[str], number: int, path: Path) -> _Row:
    """Return a row, also one whose empty cells CodeCarbon left out: they lie behind the energies, as the sum shows.

    Source:
        mlco2/codecarbon, output_methods/file.py: in `append` mode a row loses the columns that have no value, such as
        `gpu_count` and `gpu_model` on a computer without a graphics card.
    """
    if len(cells) == len(names):
        return _Row(dict(zip(names, cells, strict=True)), number, path, is_short=False)
    reach = 1 + max((names.index(name) for name in (*NEEDED, *_ENERGIES) if name in names), default=0)
    if reach <= len(cells) < len(names) and all(name in names for name in _ENERGIES):
        row = _Row(dict(zip(names[:reach], cells, strict=False)), number, path, is_short=True)
        if row.adds_up():
            return row
    what = f"row {number} has {len(cells)} cells, the line of column names {len(names)}"
    raise _refused(path, "codecarbon-row", what, row=number)


def _header(reader: Iterator[list[str]], path: Path) -> list[str]:
    try:
        names = [name.strip() for name in next(reader)]
    except StopIteration:
        raise _refused(path, "codecarbon-empty", "it is empty") from None
    except csv.Error as error:
        raise _refused(path, "codecarbon-not-text", f"its first line cannot be read ({error})") from error
    missing = [name for name in NEEDED if name not in names]
    other = next((word for sign, word in _SEPARATORS.items() if any(sign in name for name in names)), None)
    if missing and other is not None:
        raise _refused(path, "codecarbon-separator", f"its columns are separated by {other}, not by commas")
    if missing:
        columns = " and ".join(repr(name) for name in missing)
        raise _refused(path, "codecarbon-column-missing", f"it has no column {columns}", column=missing[0])
    twice = next((name for name in (*NEEDED, "run_id") if names.count(name) > 1), None)
    if twice is not None:
        raise _refused(path, "codecarbon-column-twice", f"it has the column {twice!r} twice", column=twice)
    return names


def _number(cell: str, column: str, row: int, path: Path) -> float | None:
    text = cell.strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        what = f"row {row}, column {column!r}: {text[:40]!r} is not a number of 0 or more"
        raise _refused(path, "codecarbon-number", what, row=row, column=column)
    return value


def _refused(path: Path, code: str, what: str, **facts: object) -> InvalidFileError:
    return InvalidFileError(code, f"{path} cannot be compared: {what}.", remedy=_REMEDY, path=str(path), **facts)
