"""What is said and written of the user's own examples: sentences, rows and the public JSON."""

from collections.abc import Sequence

from advisor.catalog.headers.source import shown
from advisor.examples.enough import MAX_NUM_MORE, POWER_SOURCE, Verdict
from advisor.examples.gather import WHAT_IS_WRONG
from advisor.examples.model import ExampleSet, LabelCount, Note, NoteCode, Skipped
from advisor.report.public_parts import Document, head

LABEL_TITLES = ("Label", "Rows", "Kept")
_FORMS = {"table": "a table", "jsonl": "JSON lines", "json": "a JSON array"}
_KINDS = {"classification": "texts to be labelled", "generation": "prompts to be answered"}
_DELIMITERS = {
    ",": "separated by commas", ";": "separated by semicolons", "\t": "separated by tabs",
    "|": "separated by vertical bars",
}  # fmt: skip
_NOTES: dict[NoteCode, str] = {
    "columns-by-position": "No column name tells which holds what; taken by position: {names}.",
    "heading-guessed": "The first row is taken for a heading: what it says comes nowhere below.",
    "first-row-is-data": "The first row is taken for an example; name the columns text and label to be sure.",
    "kind-guessed": "Taken for a {names}, by how long and how often repeated the answers are; --kind says it for sure.",
    "no-answers": "There are no labels or expected answers: candidates can be run and read, not scored.",
    "lines-in-cp1252": "Not UTF-8 and read as Windows-1252: {num_rows}{lines}. Check the accents.",
    "labels-alike": "These labels differ in case or spaces only and count as different: {names}.",
    "same-text-other-answer": "An earlier text again with another answer: {num_rows}{lines}.",
    "sampled": "Drawn at random, with the labels' shares kept: {num_rows}.",
    "no-quotes": "Quotes are taken as part of the texts, since they do not pair up.",
    "duplicates-not-all-seen": "The file is too long to find all rows that repeat.",
    "few-of-a-label": "Fewer than 5 examples: {names}. What is said of such a label is a guess.",
}


def sentence(found: ExampleSet) -> str:
    """Return what a file was understood as, in one sentence."""
    how = _FORMS[found.form]
    if found.delimiter is not None:
        how += " " + _DELIMITERS.get(found.delimiter, f"separated by {found.delimiter!r}")
    elif found.form == "table":
        how += " of one column"
    return (
        f"{found.source}: {_count(len(found.examples), 'example')}, {_KINDS[found.kind]}, from {how} in "
        f"{found.encoding}; {_rows(found.num_rows)} found, {found.num_skipped:,} left out."
    )


def columns(found: ExampleSet) -> str:
    """Return which columns are used."""
    answers = "label" if found.kind == "classification" else "expected answer"
    if found.answer_column is None:
        return f"Text: {shown(found.text_column)}. No {answers}."
    return f"Text: {shown(found.text_column)}. {answers.capitalize()}: {shown(found.answer_column)}."


def label_rows(found: ExampleSet, most: int = 30) -> list[tuple[str, ...]]:
    """Return the labels for a table, the most frequent first."""
    rows = [_label_row(item) for item in found.labels[:most]]
    if len(found.labels) > most:
        rest = found.labels[most:]
        rows.append(
            (
                f"{len(rest)} more", f"{sum(item.num_rows for item in rest):,}",
                f"{sum(item.num_examples for item in rest):,}",
            )
        )  # fmt: skip
    return rows


def _label_row(item: LabelCount) -> tuple[str, ...]:
    return shown(item.label), f"{item.num_rows:,}", f"{item.num_examples:,}"


def skipped(item: Skipped) -> str:
    """Return which rows were left out and why."""
    return f"{_rows(item.num_rows)} left out: {WHAT_IS_WRONG[item.reason]}{_lines(item.line_ids, item.num_rows)}."


def note(item: Note) -> str:
    """Return what the reader decided or saw."""
    names = ", ".join(shown(name) for name in item.names)
    if item.code == "kind-guessed":
        names = item.names[0]
    if item.code == "few-of-a-label" and item.num_rows > len(item.names):
        names += f" and {item.num_rows - len(item.names)} more labels"
    return _NOTES[item.code].format(
        names=names, num_rows=_rows(item.num_rows), lines=_lines(item.line_ids, item.num_rows)
    )


def document(found: ExampleSet) -> Document:
    """Return the public JSON of a file of examples. The texts themselves are not in it."""
    return {
        **head("examples"),
        "sentence": sentence(found),
        "source": found.source,
        "form": found.form,
        "kind": found.kind,
        "text_column": found.text_column,
        "answer_column": found.answer_column,
        "delimiter": found.delimiter,
        "encoding": found.encoding,
        "num_rows": found.num_rows,
        "num_usable": found.num_usable,
        "num_skipped": found.num_skipped,
        "num_examples": len(found.examples),
        "labels": [
            {"label": item.label, "num_rows": item.num_rows, "num_examples": item.num_examples}
            for item in found.labels
        ],
        "skipped": [
            {"reason": item.reason, "num_rows": item.num_rows, "lines": list(item.line_ids), "sentence": skipped(item)}
            for item in found.skipped
        ],
        "notes": [
            {
                "code": item.code, "names": list(item.names), "lines": list(item.line_ids), "num_rows": item.num_rows,
                "sentence": note(item),
            }
            for item in found.notes
        ],
    }  # fmt: skip


def verdict_sentence(verdict: Verdict) -> str:
    """Return whether the smaller candidate is enough, with the numbers it follows from."""
    interval, difference = verdict.interval, verdict.difference_share
    ends = interval.low_share, interval.high_share
    who = "larger"
    if difference < 0:
        who, difference, ends = "smaller", -difference, (-ends[1], -ends[0])
    numbers = (
        f"{verdict.num_right_small:,} and {verdict.num_right_large:,} of {verdict.num_examples:,} right; the {who} one "
        f"is ahead by {_points(difference)} points ({100 * interval.confidence_share:.3g} % interval "
        f"{_points(ends[0])} to {_points(ends[1])})"
    )
    margin = f"{_points(verdict.margin_share)} points in favour of the larger one would matter"
    if verdict.finding == "smaller-is-enough":
        return f"The smaller one is enough: {numbers}; {margin}."
    if verdict.finding == "larger-is-better":
        return f"The larger one is better: {numbers}; McNemar's test, p = {verdict.test.p_share:.2g}."
    more = verdict.num_more or 0
    count = f"at least {MAX_NUM_MORE:,}" if more >= MAX_NUM_MORE else f"about {more:,}"
    return f"Too few examples to tell: {count} more would. So far: {numbers}; {margin}."


def verdict_basis() -> str:
    """Return where the number of examples that are missing comes from."""
    return f"Number of examples by {POWER_SOURCE}."


def _points(share: float) -> str:
    text = f"{100 * share:.1f}"
    return "0" if float(text) == 0 else text.removesuffix(".0")


def _rows(number: int) -> str:
    return _count(number, "row")


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


def _lines(lines: Sequence[int], number: int) -> str:
    if not lines:
        return ""
    listed = ", ".join(f"{line:,}" for line in lines)
    more = ", ..." if number > len(lines) else ""
    return f" (line{'' if len(lines) == 1 and not more else 's'} {listed}{more})"
