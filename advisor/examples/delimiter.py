"""What separates the cells of a table: tried, not guessed from counts, on the first lines."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from advisor.examples import columns
from advisor.examples.source import damaged

CANDIDATES = (",", ";", "\t", "|")
_WORDS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
_AGREE_SHARE = 0.8
_BAD_QUOTES_SHARE = 0.1
_OTHER_SEPARATOR = re.compile(r"^\s*\"?([\w .-]*?\w)\"?\s*([^\w\s\"]{1,3}| {2,})\s*\"?(\w[\w .-]*?)\"?\s*$")


class Reader(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __next__(self) -> list[str]:
        """Return the next row."""


class Separation(msgspec.Struct, frozen=True, kw_only=True):
    """How a table's lines are cut into cells."""

    delimiter: str | None
    """Null: one column."""
    quoted: bool = True
    """Whether quotes hold a cell together; false where they are plain characters of the text."""


def word(delimiter: str | None) -> str:
    """Return the delimiter in words."""
    return "nothing" if delimiter is None else _WORDS.get(delimiter, repr(delimiter))


def choose(lines: Sequence[str], source: str, wanted: str | None, *, cut: bool) -> Separation:
    """Choose the separation that fits the first lines best.

    A heading with known names decides; else the most lines with the same number of cells, at least 80 %.

    Args:
        lines: the first lines, with their ends.
        source: name of the file, for messages.
        wanted: what the user says it is.
        cut: whether the file goes on, so that the last line may stop inside a cell.

    Raises:
        InvalidFileError: `examples-delimiter`.
    """
    tried = [(*_fit(lines, mark, cut=cut), mark) for mark in CANDIDATES]
    known, share, quoted, mark = max(tried, key=lambda item: (item[0], item[1]))
    if wanted is not None:
        return _wanted(lines, source, wanted, mark if known == 2 else None, cut=cut)
    if known == 2 or share >= _AGREE_SHARE:
        return Separation(delimiter=mark, quoted=quoted)
    _refuse_other(next((line for line in lines if line.strip()), ""), source)
    return Separation(delimiter=None, quoted=_fit(lines, None, cut=cut)[2])


def _wanted(lines: Sequence[str], source: str, wanted: str, better: str | None, *, cut: bool) -> Separation:
    known, _, quoted = _fit(lines, wanted, cut=cut)
    if better is not None and better != wanted and known < 2:
        raise damaged(
            "examples-delimiter",
            f"{source}, line 1 is not separated by {word(wanted)} but by {word(better)}.",
            f"Choose {word(better)}, or let the app find it.",
            line=1,
        )
    return Separation(delimiter=wanted, quoted=quoted)


def _refuse_other(heading: str, source: str) -> None:
    """Refuse a heading whose names are known but separated by something else, such as `text::label`."""
    found = _OTHER_SEPARATOR.match(heading)
    if found and columns.num_known((found[1], found[3])) == 2:
        raise damaged(
            "examples-delimiter",
            f"{source}, line 1: {found[1]!r} and {found[3]!r} are separated by {found[2]!r}.",
            "Save it with a comma, a semicolon or a tab between the columns.",
            line=1,
        )


def _fit(lines: Sequence[str], mark: str | None, *, cut: bool) -> tuple[int, float, bool]:
    """Return how many column names are known, the share of lines that agree, and whether quotes hold cells."""
    known, share, num_bad = _agreement(lines, Separation(delimiter=mark), cut=cut)
    if num_bad > _BAD_QUOTES_SHARE * len(lines):
        plain_known, plain_share, _ = _agreement(lines, Separation(delimiter=mark, quoted=False), cut=cut)
        if (plain_known, plain_share) > (known, share):
            return plain_known, plain_share, False
    return known, share, True


def _agreement(lines: Sequence[str], separation: Separation, *, cut: bool) -> tuple[int, float, int]:
    found, num_bad = parsed(lines, separation, cut=cut)
    rows = [row for row in found if any(map(str.strip, row))]
    widths = Counter(map(len, rows))
    common = [number for width, number in widths.items() if width > 1 or separation.delimiter is None]
    known = columns.num_known(rows[0]) if rows and len(rows[0]) > 1 else 0
    return known, max(common, default=0) / max(1, widths.total() + num_bad), num_bad


def parsed(lines: Sequence[str], separation: Separation, *, cut: bool) -> tuple[list[list[str]], int]:
    """Return the rows of the first lines, and how many lines could not be cut into cells."""
    rows: list[list[str]] = []
    num_bad = start = 0
    rows_of = reader(lines, separation)
    while True:
        try:
            rows.append(next(rows_of))
        except StopIteration:
            return rows, num_bad
        except csv.Error:
            if not (cut and rows_of.line_num >= len(lines)):
                num_bad += rows_of.line_num - start
        start = rows_of.line_num


def reader(lines: Iterable[str], separation: Separation) -> Reader:
    """Return the reader of a table; a single column is cut at a character that no text holds."""
    return csv.reader(
        lines,
        delimiter=separation.delimiter or "\x1f",
        quoting=csv.QUOTE_MINIMAL if separation.quoted else csv.QUOTE_NONE,
        strict=True,
    )
