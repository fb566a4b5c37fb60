"""Reads a file of examples, or typed ones: tables, JSON lines, a JSON array; row by row, with bounded memory."""

import csv
import io
import itertools
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from advisor.errors import InvalidInputError
from advisor.examples import columns, delimiter, json_array
from advisor.examples.columns import Columns
from advisor.examples.delimiter import Reader
from advisor.examples.gather import Gatherer
from advisor.examples.model import ExampleKind, ExampleSet, FileForm, Note, SkipReason
from advisor.examples.source import Lines, damaged, open_file

MAX_CELL_CHARACTERS = 100_000
"""Longest text or answer; about 25,000 tokens of English."""
DEFAULT_MAX_NUM_EXAMPLES = 1000
_SAMPLE_LINES = 400
_SAMPLE_CHARACTERS = 512 * 1024
_EXCEL_HINT = re.compile(r"^\"?sep=(.)\"?\s*$")


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller asks for."""

    source: str
    kind: ExampleKind | None
    delimiter: str | None
    max_num_examples: int
    seed: int


def load(
    path: Path,
    *,
    kind: ExampleKind | None = None,
    delimiter: str | None = None,
    max_num_examples: int = DEFAULT_MAX_NUM_EXAMPLES,
    seed: int = 0,
) -> ExampleSet:
    """Read a file of examples.

    Args:
        path: CSV, TSV, JSON lines or a JSON array; told by what is in it, not by its name.
        kind: what the examples are; found from the columns if not given.
        delimiter: what separates the cells; found if not given.
        max_num_examples: of a larger file, a sample of so many rows with the labels' shares kept.
        seed: of the sample.

    Raises:
        NotFoundError: there is no such file.
        InvalidFileError: it cannot be used; the sentence names the line and the remedy.
        InvalidInputError: `examples-limit` or `examples-delimiter-invalid`.
    """
    with open_file(path) as stream:
        return parse(stream, path.name, kind=kind, delimiter=delimiter, max_num_examples=max_num_examples, seed=seed)


def parse(
    stream: BinaryIO | bytes,
    source: str,
    *,
    kind: ExampleKind | None = None,
    delimiter: str | None = None,
    max_num_examples: int = DEFAULT_MAX_NUM_EXAMPLES,
    seed: int = 0,
) -> ExampleSet:
    """Read examples from an open file or from what the user typed; arguments and errors as in `load`."""
    if max_num_examples < 1:
        raise InvalidInputError(
            "examples-limit", f"At most {max_num_examples} examples would be none.", remedy="Give 1 or more."
        )
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n '):
        raise InvalidInputError(
            "examples-delimiter-invalid",
            f"{delimiter!r} cannot separate columns.",
            remedy="Give one character: a comma, a semicolon, a tab or a vertical bar.",
        )
    lines = Lines(io.BytesIO(stream) if isinstance(stream, bytes) else stream, source)
    wanted = _Wanted(source=source, kind=kind, delimiter=delimiter, max_num_examples=max_num_examples, seed=seed)
    first = lines.first_character()
    if first == "[":
        return _objects(json_array.items(lines.chunks(), source), lines, wanted, "json")
    if first == "{":
        return _objects(_json_lines(lines), lines, wanted, "jsonl")
    return _table(lines, wanted)


def _table(lines: Lines, wanted: _Wanted) -> ExampleSet:
    every, chosen_mark, first_number = iter(lines), wanted.delimiter, 0
    sample = _first_lines(every)
    hint = _EXCEL_HINT.match(sample[0]) if sample else None
    if hint:
        chosen_mark, first_number, sample = chosen_mark or hint[1], 1, sample[1:]
    cut = len(sample) >= _SAMPLE_LINES or sum(map(len, sample)) >= _SAMPLE_CHARACTERS
    separation = delimiter.choose(sample, wanted.source, chosen_mark, cut=cut)
    rows = [row for row in delimiter.parsed(sample, separation, cut=cut)[0] if any(map(str.strip, row))]
    chosen = columns.choose(rows or [[""]], wanted.source, wanted.kind)
    heading_left = chosen.has_heading
    _refuse_bad_heading(rows, wanted.source, heading=heading_left)
    gatherer = _gatherer(chosen, wanted)
    reader = delimiter.reader(itertools.chain(sample, every), separation)
    width = _width(chosen, rows)
    for line_id, row in _rows(reader, lines, gatherer, first_number):
        if heading_left and any(map(str.strip, row)):
            heading_left = False
        else:
            _take(row, line_id, chosen, width, gatherer)
    return _finish(
        gatherer, chosen, lines, wanted, "table", mark=separation.delimiter,
        more=() if separation.quoted else (Note(code="no-quotes"),),
    )  # fmt: skip


def _first_lines(every: Iterator[str]) -> list[str]:
    sample, num_characters = [], 0
    for line in every:
        sample.append(line)
        num_characters += len(line)
        if len(sample) >= _SAMPLE_LINES or num_characters >= _SAMPLE_CHARACTERS:
            break
    return sample


def _width(chosen: Columns, rows: list[list[str]]) -> int:
    """Return how many cells a row may have: the heading's, or without one the most frequent number."""
    if chosen.has_heading:
        return len(rows[0])
    widths = [len(row) for row in rows]
    return max(set(widths), key=lambda width: (widths.count(width), width), default=1)


def _refuse_bad_heading(rows: list[list[str]], source: str, *, heading: bool) -> None:
    if heading and any("\ufffd" in cell for cell in rows[0]):
        raise damaged(
            "examples-encoding", f"{source}, the heading: it has bytes that are no text.", "Save it as UTF-8.", line=1
        )


def _rows(reader: Reader, lines: Lines, gatherer: Gatherer, first_number: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that could be cut into cells, with the line each starts in."""
    while True:
        start = first_number + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _refuse_open_quote(error, start, first_number + reader.line_num, lines.source)
            gatherer.skip("cell-too-long" if "limit" in str(error) else "text-after-quote", start)
            continue
        if lines.bad_lines and _has_bad(lines, start, first_number + reader.line_num):
            gatherer.skip("bytes-not-text", start)
            continue
        yield start, row


def _has_bad(lines: Lines, start: int, end: int) -> bool:
    bad = {number for number in lines.bad_lines if number <= end}
    lines.bad_lines -= bad
    return any(number >= start for number in bad)


def _refuse_open_quote(error: csv.Error, start: int, end: int, source: str) -> None:
    if "end of data" in str(error) or ("limit" in str(error) and end > start):
        raise damaged(
            "examples-quote-open",
            f"{source}, line {start}: a quote that opens a cell is not closed.",
            "Close it, or write a quote inside a cell twice.",
            line=start,
        ) from error


def _take(row: list[str], line_id: int, chosen: Columns, width: int, gatherer: Gatherer) -> None:
    if not any(map(str.strip, row)):
        gatherer.skip("empty-row", line_id)
        return
    needed = max(chosen.text_index, -1 if chosen.answer_index is None else chosen.answer_index)
    if len(row) <= needed:
        gatherer.skip("too-few-cells", line_id)
    elif len(row) > width and any(map(str.strip, row[width:])):
        gatherer.skip("too-many-cells", line_id)
    else:
        answer = None if chosen.answer_index is None else row[chosen.answer_index]
        _add(row[chosen.text_index], answer, line_id, chosen, gatherer)


def _add(text: str, answer: str | None, line_id: int, chosen: Columns, gatherer: Gatherer) -> None:
    text = text.strip()
    answer = None if answer is None else unicodedata.normalize("NFC", answer.strip())
    problem: SkipReason | None = None
    if not text:
        problem = "empty-text"
    elif chosen.answer_index is not None and not answer:
        problem = "empty-answer"
    elif max(len(text), len(answer or "")) > MAX_CELL_CHARACTERS:
        problem = "cell-too-long"
    if problem is not None:
        gatherer.skip(problem, line_id)
    else:
        gatherer.add(text, answer, line_id)


def _json_lines(lines: Lines) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if lines.bad_lines:
            lines.bad_lines.clear()
            yield number, json_array.Broken("bytes-not-text")
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):
            yield number, json_array.Broken("not-json")


def _objects(found: Iterator[tuple[int, object]], lines: Lines, wanted: _Wanted, form: FileForm) -> ExampleSet:
    sample = list(itertools.islice(found, _SAMPLE_LINES))
    objects = [item for _, item in sample if isinstance(item, dict)]
    if not objects:
        raise _no_objects(sample, wanted.source, form)
    names = [str(name) for name in objects[0]]
    texts = [[_as_text(item.get(name)) or "" for name in names] for item in objects]
    chosen = columns.of_names(names, wanted.source, wanted.kind, texts)
    gatherer = _gatherer(chosen, wanted)
    names_of = names[chosen.text_index], None if chosen.answer_index is None else names[chosen.answer_index]
    for line_id, item in itertools.chain(sample, found):
        _take_object(item, line_id, names_of, chosen, gatherer, wanted.source)
    return _finish(gatherer, chosen, lines, wanted, form)


def _no_objects(sample: Iterable[tuple[int, object]], source: str, form: FileForm) -> Exception:
    for line_id, item in sample:
        if isinstance(item, json_array.Broken) and form == "jsonl":
            return damaged(
                "examples-json",
                f"{source}, line {line_id}: not one whole JSON object.",
                'Write one object a line, such as {"text": "...", "label": "..."}, or all of them in one array.',
                line=line_id,
            )
    return damaged(
        "examples-no-rows",
        f"{source} has no JSON objects.",
        'Write objects such as {"text": "...", "label": "..."}.',
    )


def _take_object(
    item: object, line_id: int, names: tuple[str, str | None], chosen: Columns, gatherer: Gatherer, source: str
) -> None:
    if isinstance(item, json_array.Broken):
        gatherer.skip(item.reason, line_id)
        return
    if not isinstance(item, dict):
        gatherer.skip("not-an-object", line_id)
        return
    _refuse_mixed(item, line_id, names[1], source)
    text, answer = item.get(names[0]), None if names[1] is None else item.get(names[1])
    if not isinstance(text, str | None) or not isinstance(answer, str | int | float | None):
        gatherer.skip("not-text", line_id)
        return
    given = None if names[1] is None else _as_text(answer)
    if not _whole(text or "") or not _whole(given or ""):
        gatherer.skip("bytes-not-text", line_id)
        return
    _add(text or "", given, line_id, chosen, gatherer)


def _refuse_mixed(item: Mapping[str, Any], line_id: int, answer: str | None, source: str) -> None:
    """Refuse an object that answers in another field than the first object does."""
    if answer is None or answer in item:
        return
    others = [name for name in item if columns.role(name) in ("label", "expected")]
    if others and columns.role(others[0]) != columns.role(answer):
        raise damaged(
            "examples-mixed",
            f"{source}, line {line_id}: the answer is in the field {others[0]!r}, before it was in {answer!r}.",
            "Keep labels and expected answers in two files.",
            line=line_id,
        )


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value)
    return value if isinstance(value, str) else None


def _whole(text: str) -> bool:
    """Whether a text has no half of a surrogate pair, which JSON can spell."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _gatherer(chosen: Columns, wanted: _Wanted) -> Gatherer:
    return Gatherer(
        wanted.source,
        classification=chosen.kind == "classification",
        max_num_examples=wanted.max_num_examples,
        seed=wanted.seed,
    )


def _finish(
    gatherer: Gatherer, chosen: Columns, lines: Lines, wanted: _Wanted, form: FileForm, *,
    mark: str | None = None, more: tuple[Note, ...] = (),
) -> ExampleSet:  # fmt: skip
    found = gatherer.finish()
    if lines.num_cp1252:
        more += (Note(code="lines-in-cp1252", num_rows=lines.num_cp1252, line_ids=tuple(lines.cp1252_lines)),)
    return ExampleSet(
        kind=chosen.kind, examples=found.examples, labels=found.labels, source=wanted.source, form=form,
        num_rows=found.num_rows, skipped=found.skipped, text_column=chosen.text_name,
        answer_column=chosen.answer_name, delimiter=mark, encoding=lines.encoding,
        notes=(*chosen.notes, *more, *found.notes),
    )  # fmt: skip
