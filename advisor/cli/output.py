"""How results leave the command line: rich tables in a terminal, tab-separated lines when piped, JSON on request."""

import json
import sys
from collections.abc import Sequence
from typing import Any


class Output:
    """Prints one command's results."""

    def __init__(self, *, as_json: bool) -> None:
        """Choose the form.

        Args:
            as_json: one JSON document on standard output and nothing else.
        """
        self.as_json = as_json
        self.in_terminal = sys.stdout.isatty()

    def document(self, value: dict[str, Any]) -> None:
        """Print the public JSON document. NaN and infinity are refused: they are not JSON."""
        print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))

    def heading(self, text: str) -> None:
        """Print a heading before a table or a paragraph."""
        if self.in_terminal:
            from rich.console import Console
            from rich.text import Text

            Console().print(Text(text, style="bold"))
        else:
            print(text)

    def line(self, text: str = "") -> None:
        """Print one line of text, exactly as it is."""
        print(text)

    def note(self, text: str) -> None:
        """Say something about the result on standard error, so that pipes stay clean."""
        print(text, file=sys.stderr)

    def table(
        self,
        titles: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        right: frozenset[int] = frozenset(),
        wide: int | None = None,
    ) -> None:
        """Print a table.

        Args:
            titles: column titles with their units.
            rows: cells as text.
            right: indexes of the columns that are set flush right.
            wide: index of the column that takes the room the others leave.
        """
        if not self.in_terminal:
            for row in (titles, *rows):
                print("\t".join(_one_line(cell) for cell in row))
            return
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for index, title in enumerate(titles):
            table.add_column(
                Text(title),
                justify="right" if index in right else "left",
                overflow="fold",
                width=_room(titles, rows, wide) if index == wide else None,
            )
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))  # Text: markup in a model's name stays literal
        Console().print(table)


def _room(titles: Sequence[str], rows: Sequence[Sequence[str]], wide: int) -> int:
    """Return the width left for one column, at least 24 characters; two blanks stand between columns."""
    import shutil

    def longest(index: int) -> int:
        return max(len(line) for row in (titles, *rows) for line in row[index].splitlines() or [""])

    others = sum(longest(index) + 2 for index in range(len(titles)) if index != wide)
    return max(24, shutil.get_terminal_size().columns - others - 2)


def _one_line(cell: str) -> str:
    return " ".join(cell.split())
