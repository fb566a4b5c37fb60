"""Two saved reports side by side: what was picked, and how far its figures lie apart. No Qt."""

import msgspec

from advisor import units
from advisor.evidence import Quantity
from advisor.report import wording
from advisor.report.model import Answer, ReportDocument

FIGURES: tuple[tuple[str, str], ...] = (
    ("memory", "Memory"), ("rate", "Speed"), ("time_per_query", "Time per query"),
    ("energy_per_1000_queries", "Energy, 1,000 queries"), ("carbon_per_1000_queries", "CO2e, 1,000 queries"),
)  # fmt: skip
NO_PICK = "no model meets every need"
_SAME_SHARE = 0.005
"""Ratios closer to one than this read the same."""
_SHORT_LETTERS = 60


class SheetLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that both reports say."""

    label: str
    first: str
    second: str
    difference: str
    """How the second differs; empty where both say the same."""


def lines(first: ReportDocument, second: ReportDocument) -> tuple[SheetLine, ...]:
    """Return what both reports say, the second held against the first."""
    words = (
        ("Written", when(first.created), when(second.created)),
        ("Task", task_words(first), task_words(second)),
        ("Computer", first.machine_name, second.machine_name),
        ("Model", model_name(first), model_name(second)),
        ("Format", *(document.answer.format_label if document.answer else "" for document in (first, second))),
        ("Way to do it", *(document.answer.approach_label if document.answer else "" for document in (first, second))),
        ("Verdict", *(_verdict(document.answer) for document in (first, second))),
    )
    made = [
        SheetLine(label=label, first=one, second=two, difference="" if one == two else "another")
        for label, one, two in words
        if one or two
    ]
    made[0] = msgspec.structs.replace(made[0], difference="")  # two reports are never written at the same time
    for key, label in FIGURES:
        one, two = quantity(first, key), quantity(second, key)
        if one is not None or two is not None:
            made.append(_figures(label, one, two))
    return tuple(made)


def quantity(document: ReportDocument, key: str) -> Quantity | None:
    """Return a figure of the pick: what the answer says, else what its row says; null without one."""
    answer = document.answer
    if answer is None:
        return None
    found = next((row.quantity for row in answer.key_figures if row.key == key), None)
    if found is not None:
        return found
    same = (row for row in document.candidates if (row.model, row.format_label) == (answer.model, answer.format_label))
    return next((row.quantity(key) for row in same), None)


def quality_words(document: ReportDocument) -> tuple[str, str]:
    """Return the quality of the pick and the benchmark it was measured with."""
    answer = document.answer
    for row in document.candidates:
        if answer is not None and (row.model, row.format_label) == (answer.model, answer.format_label):
            value = row.quality.value
            known = value is not None and row.quality.benchmark
            return (units.number(value or 0.0, 3), row.quality.benchmark or "") if known else (units.NO_DATA, "")
    return units.NO_DATA, ""


def difference(first: Quantity | None, second: Quantity | None) -> str:
    """Return the second figure over the first in words; empty without both, or where they are alike."""
    if first is None or second is None or not first.value or second.value is None:
        return ""
    if first.unit != second.unit:
        return "counted in another unit"
    ratio = second.value / first.value
    if abs(ratio - 1) <= _SAME_SHARE:
        return ""
    if ratio >= 2:
        text = f"{units.number(ratio)} times as much"
    else:
        text = f"{100 * abs(ratio - 1):.0f} % {'more' if ratio > 1 else 'less'}"
    return f"{text}, but the ranges meet" if _meet(first, second) else text


def model_name(document: ReportDocument) -> str:
    """Return the picked model without its maker's name."""
    if document.answer is None:
        return NO_PICK
    return document.answer.model.partition("/")[2] or document.answer.model


def task_words(document: ReportDocument) -> str:
    """Return the user's words, shortened; without any, the report's own title."""
    words = " ".join(document.task_text.split()) or document.title
    return words if len(words) <= _SHORT_LETTERS else f"{words[: _SHORT_LETTERS - 3].rstrip()}..."


def when(created: str) -> str:
    """Return an ISO time as people write it, in UTC as it is stored."""
    return f"{created[:10]} {created[11:16]} UTC" if len(created) >= 16 else created


def _verdict(answer: Answer | None) -> str:
    return wording.verdict_label(answer.verdict) if answer is not None else ""


def _figures(label: str, first: Quantity | None, second: Quantity | None) -> SheetLine:
    return SheetLine(
        label=label,
        first=wording.figure(first) if first is not None else units.NO_DATA,
        second=wording.figure(second) if second is not None else units.NO_DATA,
        difference=difference(first, second),
    )


def _meet(first: Quantity, second: Quantity) -> bool:
    """Return whether two ranges share a value; a figure without a range is its own range."""
    ends = [
        (item.low if item.low is not None else item.value, item.high if item.high is not None else item.value)
        for item in (first, second)
    ]
    (low, high), (other_low, other_high) = ends
    if low is None or high is None or other_low is None or other_high is None:
        return False
    return low <= other_high and other_low <= high and (low, other_low) != (high, other_high)
