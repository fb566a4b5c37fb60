"""`examples`: what a file of the user's own examples is understood as."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.examples.model import ExampleKind

if TYPE_CHECKING:
    from advisor.examples.model import ExampleSet

_LARGE_BYTES = 5_000_000
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "\\t": "\t"}


def examples(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSON lines or a JSON array; - reads standard input.")
    ],
    kind: Annotated[
        ExampleKind | None, typer.Option("--kind", help="What they are; found from the columns if not given.")
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option("--delimiter", help="comma, semicolon, tab, bar or a character; found if not given."),
    ] = None,
    max_examples: Annotated[
        int, typer.Option("--max-examples", help="Of a larger file, a sample of so many is drawn.", show_default=True)
    ] = 1000,
    as_json: JsonFlag = False,
) -> None:
    """Check a file of your own examples (text,label or prompt,expected) before candidates are run on them."""
    from advisor.examples import read
    from advisor.report import examples as words

    mark = delimiter_mark(delimiter)
    output = Output(as_json=as_json)
    if str(file) == "-":
        found = read.parse(sys.stdin.buffer, "standard input", kind=kind, delimiter=mark, max_num_examples=max_examples)
    else:
        _say_large(file, output)
        found = read.load(file, kind=kind, delimiter=mark, max_num_examples=max_examples)
    if as_json:
        output.document(words.document(found))
        return
    print_examples(output, found)


def _say_large(file: Path, output: Output) -> None:
    """Say that a large file is being read, before nothing is seen for seconds."""
    from advisor import units

    with contextlib.suppress(OSError):
        if (size_bytes := file.stat().st_size) > _LARGE_BYTES:
            output.note(f"Reading {file.name}, {units.size(size_bytes)}.")


def delimiter_mark(word: str | None) -> str | None:
    """Return the character that a word for a delimiter means; any other word as it is."""
    return None if word is None else _DELIMITERS.get(word.casefold(), word)


def print_examples(output: Output, found: "ExampleSet") -> None:
    """Print what a file was understood as."""
    from advisor.report import examples as words

    output.heading(words.sentence(found))
    output.line(words.columns(found))
    if found.labels:
        output.table(words.LABEL_TITLES, words.label_rows(found), right=frozenset({1, 2}))
    for item in found.skipped:
        output.line(words.skipped(item))
    for note in found.notes:
        output.line(words.note(note))
