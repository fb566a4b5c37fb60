"""Limits in a text: answered within a time, no more memory or disk than this."""

import re
from collections.abc import Iterator

from advisor import units
from advisor.task.find import Find
from advisor.task.model import TaskKind
from advisor.task.source import NUMBER, Source

REAL_TIME_S = 1.0
"""[s] What `real time` is taken as. Source: J. Nielsen, Usability Engineering, 1993, chapter 5: up to one second a
person's flow of thought stays uninterrupted."""
_SECONDS = {"millisecond": 1e-3, "msec": 1e-3, "ms": 1e-3, "second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0,
            "min": 60.0, "hour": 3600.0, "hr": 3600.0, "h": 3600.0}  # fmt: skip
_UNIT = r"(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|min|hours?|hrs?|h)"
_AMOUNT = rf"(?:{NUMBER}(?: an?)?|an?)"
_BELOW = (
    r"(?:within|under|below|less than|faster than|quicker than|in less than|in under|no more than|not more than"
    r"|no longer than|not longer than|at most|max(?:imum)?|up to|<|in|latency(?: of| :| under| below)?"
    r"|respon(?:se|d|ds)(?: time)?(?: of| in| :)?|takes?|after|wait)"
)
_LATENCIES = (
    re.compile(rf"(?<!\S){_BELOW} (?:about |around |max |maximum |at most )?{_AMOUNT} {_UNIT}(?: or less)?(?!\S)"),
    re.compile(
        rf"(?<!\S){_AMOUNT} {_UNIT} (?:latency|response(?: time)?|max(?:imum)?|or less|at most|or faster|tops)(?!\S)"
    ),
    re.compile(
        rf"(?<!\S){_AMOUNT} {_UNIT} (?:per|for each|an?|each|for every) (?:query|frame|image|answer|request"
        rf"|message|document|paper|email|text|item|page|reply|question|result|picture|sentence)(?!\S)"
    ),
    re.compile(rf"(?<!\S){_AMOUNT} (milliseconds?|msecs?|ms)(?!\S)"),
)
_LENGTH_AHEAD = re.compile(
    r"(?:long|audio|of audio|recordings?|clips?|meetings?|calls?|episodes?|each|interviews?|talks?|speech"
    r"|videos?|lectures?|voice|podcasts?|sessions?) "
)
_REAL_TIME = re.compile(
    r"(?<!\S)(?:in )?(?:real ?time|instant(?:ly|aneous(?:ly)?)?|live|immediate(?:ly)?|on the spot|without delay)(?!\S)"
)
_BYTE_UNIT = r"(gib|gb|gigs?|gigabytes?|g|mib|mb|megabytes?|megs?|tb|tib|kb|kib)"
_MEMORY_WORD = (
    r"(?:ram|memory|vram|of ram|of memory|of vram|main memory|system memory|mem|unified memory"
    r"|of unified memory|of main memory)"
)
_DISK_WORD = r"(?:disk|disc|storage|ssd|hard drive|drive|download|disk space|space|file size|on disk|hdd)"
_MEMORIES = (
    re.compile(rf"(?<!\S){NUMBER} {_BYTE_UNIT} (?:max )?{_MEMORY_WORD}(?!\S)"),
    re.compile(
        rf"(?<!\S)(?:ram|memory|vram)(?: limit| budget| of| under| below| at most| :| is"
        rf"|, )* {NUMBER} {_BYTE_UNIT}(?!\S)"
    ),
)
_DISKS = (
    re.compile(rf"(?<!\S){NUMBER} {_BYTE_UNIT} (?:of |free |on |the |my |for )*{_DISK_WORD}(?!\S)"),
    re.compile(
        rf"(?<!\S)(?:disk|storage|download|file|model)(?: space| size| limit| under| below| smaller than"
        rf"| less than| at most| of| :)+ {NUMBER} {_BYTE_UNIT}(?!\S)"
    ),
)
_MACHINE = re.compile(
    rf"(?<!\S)(?:with|has|have|only|got|on a?|laptop|pc|computer|machine|gpu) (?:only |just "
    rf"|about )*{NUMBER} {_BYTE_UNIT}(?!\S)"
)
_FACTOR = {"k": 1, "m": 2, "g": 3, "t": 4}


def latency(source: Source, kind: TaskKind) -> Iterator[Find]:
    """Yield how long one answer may take."""
    for pattern in _LATENCIES:
        for match, first, after in source.find(pattern):
            unit = _singular(match[2])
            seconds = float(match[1] or 1) * _SECONDS[unit]
            if seconds > 0 and not _is_length(source, kind, first, after, unit):
                yield _latency(seconds, f"at most {units.duration(seconds)}", first, after)
    for match, first, after in source.find(_REAL_TIME):
        if "live" in match[0] and kind != "speech-recognition":
            continue  # where people live, or a live text
        yield _real_time(kind, match[0], first, after)


def _real_time(kind: TaskKind, words: str, first: int, after: int) -> Find:
    if kind in {"speech-recognition", "speech-synthesis"}:
        from advisor.task import presets

        length_s = presets.preset(kind).audio_s
        note = f"'{words}' is taken as no slower than the sound itself: {length_s:.0f} s of it within {length_s:.0f} s."
        return _latency(length_s, f"real time: {length_s:.0f} s of sound in {length_s:.0f} s", first, after, note)
    note = f"'{words}' is taken as at most {REAL_TIME_S:.0f} second for an answer."
    return _latency(REAL_TIME_S, f"real time: at most {REAL_TIME_S:.0f} s", first, after, note)


def _singular(unit: str) -> str:
    return unit if unit in _SECONDS else unit.removesuffix("s")


def _is_length(source: Source, kind: TaskKind, first: int, after: int, unit: str) -> bool:
    """Tell whether a time is how long something lasts: `max 30 minutes long`, `up to 2 hours of audio`."""
    ahead = "".join(f"{token.norm} " for token in source.tokens[after : after + 2])
    if _LENGTH_AHEAD.match(ahead) and kind in {"speech-recognition", "speech-synthesis", "summarization"}:
        return True
    return unit in {"hour", "hr", "h"} and source.tokens[first].norm in {"in", "up"}


def _latency(seconds: float, label: str, first: int, after: int, note: str = "") -> Find:
    return Find(field="max_latency_s", value=seconds, label=label, start=first, end=after, note=note)


def memory(source: Source) -> Iterator[Find]:
    """Yield how much memory the model may use; a bare size of a machine counts as its memory."""
    for pattern in (*_MEMORIES, _MACHINE):
        for match, first, after in source.find(pattern):
            size_bytes = _bytes(match[1], match[2], is_memory=True)
            label = f"Memory at most {units.size(size_bytes)}"
            yield Find(field="max_memory_bytes", value=size_bytes, label=label, start=first, end=after)


def disk(source: Source) -> Iterator[Find]:
    """Yield how much disk the model's files may use."""
    for pattern in _DISKS:
        for match, first, after in source.find(pattern):
            size_bytes = _bytes(match[1], match[2], is_memory=False)
            label = f"Disk at most {units.size(size_bytes)}"
            yield Find(field="max_disk_bytes", value=size_bytes, label=label, start=first, end=after)


def _bytes(number: str, unit: str, *, is_memory: bool) -> int:
    """Return a size; memory is sold in powers of two, disks in powers of ten."""
    base = 1024 if is_memory or unit.endswith("ib") else 1000
    return round(float(number) * float(base) ** _FACTOR[unit[0]])
