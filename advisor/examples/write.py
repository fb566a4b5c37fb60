"""Writes results as CSV: whole or not at all, and no cell runs as a formula in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from advisor import paths

Cell = str | int | float | None
# Full-width signs start a formula too, in spreadsheets of East Asian languages.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def safe_cell(value: Cell) -> str:
    """Return a cell that a spreadsheet takes as text or number and never as a formula; a quote ' is put before one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    risky = value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA)
    return f"'{value}" if risky and not _NUMBER.fullmatch(value) else value


def render(titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table as CSV.

    All cells are quoted: unquoted, a text such as `a;=1+1` would be cut where spreadsheets separate by semicolons.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    for row in (titles, *rows):
        writer.writerow([safe_cell(cell) for cell in row])
    return buffer.getvalue()


def write(path: Path, titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a table as CSV, UTF-8 with a byte order mark so that spreadsheets know.

    Raises:
        OutputError: the file cannot be written; what was there is untouched.
    """
    paths.write_atomically(path, render(titles, rows).encode("utf-8-sig", errors="replace"))
