"""How many queries a day: `500 emails a day`, `60 per hour`, `2,000 images/day`, `30 fps`, `twice a week`."""

import re
from collections.abc import Iterator

from advisor.task.find import DAYS_PER_MONTH, DAYS_PER_WEEK, DAYS_PER_YEAR, HOURS_PER_DAY, Find, shown
from advisor.task.source import NUMBER, Source

_SECONDS_PER_DAY = HOURS_PER_DAY * 3600
_PER_DAY = {
    "second": _SECONDS_PER_DAY, "sec": _SECONDS_PER_DAY, "s": _SECONDS_PER_DAY,
    "minute": HOURS_PER_DAY * 60, "min": HOURS_PER_DAY * 60,
    "hour": HOURS_PER_DAY, "hr": HOURS_PER_DAY, "h": HOURS_PER_DAY, "hourly": HOURS_PER_DAY,
    "day": 1.0, "d": 1.0, "daily": 1.0, "morning": 1.0, "evening": 1.0, "night": 1.0, "workday": 1.0,
    "week": 1 / DAYS_PER_WEEK, "wk": 1 / DAYS_PER_WEEK, "weekly": 1 / DAYS_PER_WEEK,
    "month": 1 / DAYS_PER_MONTH, "mo": 1 / DAYS_PER_MONTH, "monthly": 1 / DAYS_PER_MONTH,
    "year": 1 / DAYS_PER_YEAR, "yearly": 1 / DAYS_PER_YEAR,
}  # fmt: skip
_NAMES = {
    "sec": "second", "s": "second", "min": "minute", "hr": "hour", "h": "hour", "d": "day", "wk": "week", "mo": "month",
    "hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year",
}  # fmt: skip
_UNIT = r"(second|sec|s|minute|min|hour|hr|h|day|d|morning|evening|night|workday|week|wk|month|mo|year)"
_EACH = r"(?:per|a|an|each|every|the)"
_ADVERB = r"(hourly|daily|weekly|monthly|yearly)"
_THING = r"(?:[^\s.,;!?\d]+ ){0,4}?"
_SPEED = frozenset({"token", "tokens", "tok", "toks", "word", "words"})
_DURATIONS = frozenset(
    ["second", "seconds", "sec", "s", "minute", "minutes", "min", "mins", "hour", "hours", "hr", "hrs", "h", "ms"]
)

_PATTERNS = tuple(
    re.compile(rf"(?<!\S){pattern}(?!\S)")
    for pattern in (
        rf"{NUMBER} ({_THING}){_EACH} {_UNIT}",
        (
            rf"{_EACH} {_UNIT} (?:(?:we|i|they|about|around|get|have|there|are|come|comes|receive|some|with|for|up"
            rf"|to|at|most) )*{NUMBER} ({_THING})"
        ),
        rf"{NUMBER} ({_THING}){_ADVERB}",
        rf"{_ADVERB} (?:about |around |volume |of |: )*{NUMBER} ()",
    )
)
_EVERY_MORNING = re.compile(
    rf"(?<!\S)every {_UNIT} , (?:about |around |roughly |some )?{NUMBER} ()(?:a day|per day)?(?!\S)"
)
_FRAMES = re.compile(rf"(?<!\S){NUMBER} fps(?!\S)")
_TIMES = re.compile(rf"(?<!\S)(once|twice|{NUMBER} times) {_EACH} {_UNIT}(?!\S)")
_EVERY = re.compile(r"(?<!\S)every (second|minute|hour)(?!\S)")


def _find(value: float, unit: str, first: int, after: int) -> Find:
    named = _NAMES.get(unit, unit)
    per_day = value * _PER_DAY[unit]
    label = f"{shown(per_day)} a day"
    if _PER_DAY[unit] != 1.0:
        label = f"{shown(value)} a {named} = {label}" if named != "hour" else f"{shown(value)} an hour = {label}"
    note = ""
    if _PER_DAY[unit] > 1.0:
        note = f"A rate per {named} is counted round the clock, {HOURS_PER_DAY:.0f} hours a day."
    return Find(field="num_queries_per_day", value=per_day, label=label, start=first, end=after, note=note)


def _from_groups(match: re.Match[str], first: int, after: int) -> Find | None:
    groups = [group or "" for group in match.groups()]
    number = next(group for group in groups if group[:1].isdecimal())
    unit = next(group for group in groups if group in _PER_DAY)
    things = set(" ".join(group for group in groups if group not in (number, unit)).split())
    if things & _SPEED and unit in {"second", "sec", "s", "minute", "min"}:
        return None  # a reading or writing speed
    if not things and float(number) < 1:
        return None  # half an hour
    value = 1.0 if things & _DURATIONS else float(number)
    if things & _DURATIONS:
        first = after - 2  # `8 hours of audio a day`: the hours are the size, `a day` the rate
    return _find(value, unit, first, after)


def read(source: Source) -> Iterator[Find]:
    """Yield what the text says about queries a day, best first."""
    for match, first, after in source.find(_FRAMES):
        yield _find(float(match[1]), "second", first, after)
    for match, first, after in source.find(_TIMES):
        times = {"once": 1.0, "twice": 2.0}.get(match[1]) or float(match[2])
        yield _find(times, match[3], first, after)
    for pattern in (_PATTERNS[0], _EVERY_MORNING, *_PATTERNS[1:]):
        for match, first, after in source.find(pattern):
            find = _from_groups(match, first, after)
            if find is not None:
                yield find
    for match, first, after in source.find(_EVERY):
        yield _find(1.0, match[1], first, after)
