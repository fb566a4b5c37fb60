"""What the window, the command line and the report say. Sentences are made here and nowhere else; no Qt."""

from functools import cache
from typing import Any

import msgspec

from advisor import units
from advisor.errors import AdvisorError
from advisor.estimate.model import Estimate, Verdict
from advisor.evidence import Evidence, Quantity
from advisor.probe.plan import ProbeResult
from advisor.recommend.model import QualityView
from advisor.report import words
from advisor.report.language import _
from advisor.resources import read

NO_DATA = units.NO_DATA
ENERGY_NOTE = "Informative; not an AI Energy Score rating."
UNKNOWN_QUALITY = "No published figure is known."
_SAME_SHARE = 0.02  # an estimate within 2 % of the measurement is called the same


def _look_up(table: dict[Any, str], code: str) -> str:
    return _(table[code]) if code in table else code


def verdict_word(verdict: Verdict) -> str:
    """Return `Fits`, `Tight`, `Does not fit` or `Unknown`."""
    return _look_up(words.VERDICT_WORDS, verdict)


def verdict_glyph(verdict: Verdict) -> str:
    """Return the sign that stands before the word, so that colour is never alone: ✓ ! ✕ ?."""
    return words.VERDICT_GLYPHS.get(verdict, "?")


def verdict_label(verdict: Verdict) -> str:
    """Return glyph and word: `✓ Fits`."""
    return f"{verdict_glyph(verdict)} {verdict_word(verdict)}"


def verdict_help(verdict: Verdict) -> str:
    """Return what the verdict means, one sentence."""
    return _look_up(words.VERDICT_HELP, verdict)


def verdict_colour(verdict: Verdict, *, dark: bool = False) -> str:
    """Return the verdict's colour as `#rrggbb` for a light or a dark ground."""
    return words.VERDICT_COLOURS.get(verdict, words.VERDICT_COLOURS["unknown"])[dark]


def evidence_word(evidence: Evidence) -> str:
    """Return the evidence in words: `measured with made-up weights`."""
    return _look_up(words.EVIDENCE_WORDS, evidence)


def evidence_help(evidence: Evidence) -> str:
    """Return what that evidence means, one sentence."""
    return _look_up(words.EVIDENCE_HELP, evidence)


def kind_label(kind: str) -> str:
    """Return the name of a task kind; an unknown kind as it is."""
    return _look_up(words.KIND_LABELS, kind)


def format_label(format_id: str) -> str:
    """Return the name of a format, `ONNX, 4-bit, blocks of 32`; an unknown one as it is."""
    return _look_up(words.FORMAT_LABELS, format_id)


def runtime_label(runtime: str) -> str:
    """Return the name of the program that runs a format."""
    return _look_up(words.RUNTIME_LABELS, runtime)


def approach_label(approach_id: str) -> str:
    """Return the short name of an approach."""
    return _look_up(words.APPROACH_LABELS, approach_id)


def marked(text: str, *, yours: bool) -> str:
    """Return a text with the mark of a model the user brought."""
    return f"{text}, {_('your model')}" if yours else text


def stage_name(stage: str) -> str:
    """Return the name of a probe's stage: `Warm up`."""
    return _look_up(words.STAGE_NAMES, stage)


stage_label = stage_name


def stage_help(stage: str) -> str:
    """Return what happens in a stage, one phrase."""
    return _look_up(words.STAGE_HELP, stage)


def column_title(name: str) -> str:
    """Return a column's title with its unit."""
    return _look_up(words.COLUMN_TITLES, name)


def figure_label(key: str) -> str:
    """Return the name of a figure of the public JSON: `Time to first answer`."""
    return _look_up(words.FIGURE_LABELS, key)


def rate_title(unit: str) -> str:
    """Return the title of the speed column for one rate unit: `Speed (tokens/s)`."""
    return _look_up(words.RATE_TITLES, unit)


def unit_word(unit: str) -> str:
    """Return a unit in words: `tokens per second`."""
    return _look_up(words.UNIT_WORDS, unit)


def part_word(part: str) -> str:
    """Return the name of a part of the memory need."""
    return _look_up(words.PART_WORDS, part)


def rejection_word(code: str) -> str:
    """Return a hard need that is not met, two or three words."""
    return _look_up(words.REJECTION_WORDS, code)


def licence_need(need: str) -> str:
    """Return the licence need in words."""
    return _look_up(words.LICENCE_NEEDS, need)


def quality_need(need: str) -> str:
    """Return the quality need in words."""
    return _look_up(words.QUALITY_NEEDS, need)


def power_source(source: str) -> str:
    """Return `mains power` or `battery`."""
    return _look_up(words.POWER_SOURCES, source)


def probe_kind(kind: str) -> str:
    """Return whose weights a probe ran: `made-up weights`."""
    return _look_up(words.PROBE_KIND_WORDS, kind)


def grade_help(grade: str) -> str:
    """Return what a probe's grade means."""
    return _look_up(words.GRADE_HELP, grade)


@cache
def _languages() -> dict[str, str]:
    """Return English names by code; empty when the table is not there, since a code is readable too."""
    try:
        return _names(msgspec.json.decode(read("presets/languages.json")))
    except (AdvisorError, msgspec.DecodeError):
        return {}


def _names(table: object) -> dict[str, str]:
    """Read names out of `{code: name}`, `{code: {name: ...}}` or `{languages: [{code, name}]}`."""
    if isinstance(table, dict) and "languages" in table:
        return _names(table["languages"])
    if isinstance(table, dict):
        pairs = [(code, entry.get("name") if isinstance(entry, dict) else entry) for code, entry in table.items()]
    elif isinstance(table, list):
        pairs = [(entry.get("code"), entry.get("name")) for entry in table if isinstance(entry, dict)]
    else:
        pairs = []
    return {code: name for code, name in pairs if isinstance(code, str) and isinstance(name, str)}


def language_name(code: str) -> str:
    """Return a language's name, or its code where no name is known."""
    return _(_languages().get(code, code))


def language_names(codes: tuple[str, ...]) -> str:
    """Return languages as a list in words: `German and Hindi`."""
    return listed(tuple(language_name(code) for code in codes))


def listed(items: tuple[str, ...]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return _("{first} and {last}").format(first=", ".join(items[:-1]), last=items[-1])


def amount(item: Quantity) -> str:
    """Return the value alone with its unit: `4.9 GiB`; `no data` when there is none."""
    return units.amount(item.value, item.unit) if item.value is not None else figure(item)


def value_range(item: Quantity) -> str:
    """Return the range alone: `4.5 to 5.4 GiB`; empty when there is none or its ends read the same."""
    if item.low is None or item.high is None:
        return ""
    low, high = units.amount(item.low, item.unit), units.amount(item.high, item.unit)
    if low == high and item.value is not None:
        return ""
    number, _space, unit = low.partition(" ")
    return f"{number} to {high}" if unit and high.partition(" ")[2] == unit else f"{low} to {high}"


def short_range(item: Quantity) -> str:
    """Return the range without its unit where the value beside it has the same: `4.5 to 5.4`."""
    span = value_range(item)
    if item.value is None:
        return span
    unit = units.amount(item.value, item.unit).partition(" ")[2]
    low, _to, high = span.partition(" to ")
    return (
        f"{low} to {high.removesuffix(f' {unit}')}" if unit and high.endswith(f" {unit}") and " " not in low else span
    )


def figure(item: Quantity) -> str:
    """Return value and range with the unit written as rarely as possible: `4.9 GiB (4.5 to 5.4)`."""
    if item.value is None:
        return value_range(item) or _(NO_DATA)
    text, span = units.amount(item.value, item.unit), short_range(item)
    return f"{text} ({span})" if span else text


def verdict_sentence(estimate: Estimate, *, num_context_tokens: int | None = None) -> str:
    """Return the verdict with the numbers behind it.

    Args:
        estimate: what was predicted.
        num_context_tokens: context the memory was computed for; left out when null.

    Returns:
        `Fits: needs about 4.9 GiB (4.5 to 5.4), 7.1 GiB free, context 4,096`.
    """
    word = verdict_word(estimate.verdict)
    free_bytes = estimate.memory_free_bytes
    need = figure(estimate.memory)
    if estimate.memory.value is None:
        return _("{word}: the memory need is not known: {why}").format(word=word, why=estimate.memory.basis)
    parts = [_("needs about {need}").format(need=need)]
    parts.append(
        _("free memory is not known") if free_bytes is None else _("{size} free").format(size=units.size(free_bytes))
    )
    if num_context_tokens:
        parts.append(_("context {tokens}").format(tokens=f"{num_context_tokens:,}"))
    return f"{word}: {', '.join(parts)}{_crossing(estimate)}"


def _crossing(estimate: Estimate) -> str:
    """Say when the range, and not only the value, decides."""
    free, need = estimate.memory_free_bytes, estimate.memory
    if free is None or need.value is None or need.low is None or need.high is None:
        return ""
    if need.value <= free < need.high:
        return _("; at the upper end of the range it would not fit")
    if need.low <= free < need.value:
        return _("; at the lower end of the range it would fit")
    return ""


def headroom_sentence(estimate: Estimate) -> str:
    """Return how much memory stays free or is missing, one sentence; empty when it is not known."""
    if estimate.memory_free_bytes is None or estimate.memory.value is None:
        return ""
    left = estimate.memory_free_bytes - estimate.memory.value
    if left < 0:
        return _("{size} of memory are missing.").format(size=units.size(-left))
    return _("{size} of memory stay free.").format(size=units.size(left))


def outcome_sentence(code: str, message: str = "", remedy: str = "") -> str:
    """Return how a probe ended, with what the child said and what to do.

    Args:
        code: an outcome code of the child protocol.
        message: the child's own sentence; it replaces the general one.
        remedy: its own advice; it replaces the general one.
    """
    said = message or _look_up(words.OUTCOME_SENTENCES, code)
    advice = remedy or (_look_up(words.OUTCOME_REMEDIES, code) if code in words.OUTCOME_REMEDIES else "")
    return f"{said} {advice}".strip()


def num_measurements(result: ProbeResult) -> int:
    """Return how many single measurements stand behind a probe's rate."""
    return max((len(depth.decode_s) or len(depth.query_s) for depth in result.depths), default=0)


def probe_sentence(result: ProbeResult, estimate: Estimate | None = None) -> str:
    """Return the measurement beside the prediction.

    Args:
        result: a probe.
        estimate: what was predicted before it; null leaves the comparison out.

    Returns:
        `Measured with made-up weights: 8.1 tokens/s (7.9 to 8.2, n = 30). Estimate 9.1, 12 % high.`, or how the probe
        ended when it measured nothing.
    """
    if result.outcome != "finished" or result.rate.value is None:
        return outcome_sentence(result.outcome, result.message)
    number = num_measurements(result)
    counted = _("n = {number}").format(number=f"{number:,}") if number else ""
    measured = figure(result.rate)
    if counted:
        measured = f"{measured[:-1]}, {counted})" if measured.endswith(")") else f"{measured} ({counted})"
    opening = _("Measured with {weights}: {figure}.").format(weights=probe_kind(result.kind), figure=measured)
    if estimate is None:
        return opening
    return f"{opening} {comparison_sentence(estimate.rate, result.rate)}"


def comparison_sentence(estimated: Quantity, measured: Quantity) -> str:
    """Return how far an estimate was off, `Estimate 9.1, 12 % high.`, as one sentence."""
    if estimated.value is None:
        return _("There was no estimate.")
    value = units.amount(estimated.value, estimated.unit)
    if estimated.unit == measured.unit and estimated.unit not in {"B", "s", "Wh", "g"}:
        value = value.partition(" ")[0]  # the unit stands beside the measurement already
    if not measured.value or estimated.unit != measured.unit:
        return _("Estimate {value}.").format(value=value)
    return _("Estimate {value}, {difference}.").format(
        value=value, difference=difference(estimated.value / measured.value)
    )


def difference(ratio: float) -> str:
    """Return estimate over measurement in words: `12 % high`, `8 % low`, `the same within 2 %`, `3.1 times as high`."""
    if abs(ratio - 1) <= _SAME_SHARE:
        return _("the same within {percent} %").format(percent=f"{100 * _SAME_SHARE:.0f}")
    if ratio >= 2:
        return _("{times} times as high").format(times=units.number(ratio))
    percent = f"{100 * abs(ratio - 1):.0f}"
    return (_("{percent} % high") if ratio > 1 else _("{percent} % low")).format(percent=percent)


def quality_sentence(quality: QualityView) -> str:
    """Return a published figure with its benchmark and its place: `62.3 mean on MTEB, ahead of 70 % of 14 models`."""
    if quality.value is None or quality.benchmark is None:
        return _(UNKNOWN_QUALITY)
    text = _("{value} {metric} on {benchmark}").format(
        value=f"{quality.value:g}", metric=quality.metric or "", benchmark=quality.benchmark
    )
    text = " ".join(text.split())
    if quality.rank_share is None or quality.num_compared < 2:
        return text
    return _("{text}, ahead of {percent} % of {number} models").format(
        text=text, percent=f"{100 * quality.rank_share:.0f}", number=quality.num_compared
    )


def count_sentence(num_candidates: int, num_rejected: dict[str, int]) -> str:
    """Return how many candidates were judged and why some were left out, largest group first."""
    opening = _("{number} candidates were judged.").format(number=f"{num_candidates:,}")
    groups = sorted(num_rejected.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{rejection_word(code)} {number:,}" for code, number in groups if number)
    return (
        f"{opening} {_('Left out, some for more than one reason: {groups}.').format(groups=told)}" if told else opening
    )


def grid_sentence(name: str, intensity: Quantity, year: int | None, source: str) -> str:
    """Return whose electricity stands behind carbon figures, its intensity and where that comes from."""
    if year is None:
        return _("{name}: {figure}, as you set it.").format(name=name, figure=figure(intensity))
    return _("{name}: {figure}, yearly average of {year}. {source}.").format(
        name=name, figure=figure(intensity), year=year, source=source
    )


def energy_note() -> str:
    """Return the sentence that stands beside every energy figure."""
    return _(ENERGY_NOTE)
