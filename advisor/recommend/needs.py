"""The hard needs of a task, and the sentence for each one that a candidate does not meet."""

import math
from typing import get_args, get_type_hints

import msgspec

from advisor import units
from advisor.recommend.model import Rejection
from advisor.recommend.wording import listed
from advisor.task.model import TaskSpec

Code = str
"""A code of `Rejection`."""
SECONDS_PER_DAY = 86_400.0
CODES: tuple[Code, ...] = get_args(get_type_hints(Rejection)["code"])


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Hard needs as numbers; infinity where there is none."""

    memory_bytes: float = math.inf
    """[B] Set by the user; what the computer has is in the verdict."""
    memory_named: bool = False
    disk_bytes: float = math.inf
    """[B] The smaller of the user's limit and the free disk."""
    disk_named: bool = False
    """True when the user's limit is the smaller one."""
    latency_s: float = math.inf
    """[s] One query."""
    pace_s: float = math.inf
    """[s] What a day leaves for one query, or for one batch where several are answered at once."""
    num_queries_per_day: float = 0.0
    commercial: bool = False
    quality: bool = False
    """True when a quality need was named: what is known to be below it is rejected."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of one candidate that its rejections are worded with; NaN where unknown."""

    model: str
    licence: str | None
    missing_languages: tuple[str, ...]
    memory_bytes: float
    memory_free_bytes: float
    download_bytes: float
    time_s: float
    num_context_tokens: float
    num_needed_tokens: int
    quality: str
    """Figure and place in words."""
    why_not_approach: str


def bit(code: Code) -> int:
    """Return the bit of a code in a rejection mask."""
    return 1 << CODES.index(code)


def limits(task: TaskSpec, disk_free_bytes: int | None) -> Limits:
    """Return the hard needs of a task on a computer with that much free disk."""
    named = math.inf if task.max_disk_bytes is None else float(task.max_disk_bytes)
    free = math.inf if disk_free_bytes is None else float(disk_free_bytes)
    a_day = float(task.num_queries_per_day or 0.0)
    return Limits(
        memory_bytes=math.inf if task.max_memory_bytes is None else float(task.max_memory_bytes),
        memory_named=task.max_memory_bytes is not None,
        disk_bytes=min(named, free),
        disk_named=named <= free and named < math.inf,
        latency_s=math.inf if task.max_latency_s is None else task.max_latency_s,
        pace_s=SECONDS_PER_DAY * (task.num_batch or 1) / a_day if a_day else math.inf,
        num_queries_per_day=a_day,
        commercial=task.licence_need == "commercial",
        quality=task.quality_need != "any",
    )


def sentences(mask: int, facts: Facts, limits: Limits) -> tuple[Rejection, ...]:
    """Return the rejections of one candidate, worded with its numbers."""
    return tuple(
        Rejection(code=code, text=_text(code, facts, limits))  # type: ignore[arg-type]
        for code in CODES
        if mask & bit(code)
    )


def _text(code: Code, facts: Facts, limits: Limits) -> str:
    if code == "memory":
        return _memory_text(facts, limits)
    if code == "disk":
        whose = "your limit is" if limits.disk_named else "free on the disk are"
        return f"The download is {units.size(facts.download_bytes)}; {whose} {units.size(limits.disk_bytes)}."
    return {
        "licence": f"Its licence, {facts.licence}, does not allow commercial use.",
        "licence-unknown": (
            f"Its licence{f', {facts.licence},' if facts.licence else ''} is not known to allow commercial use; "
            "read its card before you use it."
        ),
        "language": (
            f"Its card does not list {listed(facts.missing_languages, 'or')}."
            if facts.missing_languages
            else "It translates the other way round."
        ),
        "unknown-memory": "Its memory need is not known, and you set a limit.",
        "context": (
            f"It reads at most {units.count(_or_zero(facts.num_context_tokens))} tokens; "
            f"a query needs {units.count(facts.num_needed_tokens)}."
        ),
        "latency": _time_text(facts, limits),
        "quality": f"Its quality is known to be below your need: {facts.quality}.",
        "approach": facts.why_not_approach,
    }[code]


def _time_text(facts: Facts, limits: Limits) -> str:
    took = f"One query would take about {units.duration(_or_zero(facts.time_s))}"
    if limits.latency_s < math.inf and not facts.time_s <= limits.latency_s:
        return f"{took}; you asked for {units.duration(limits.latency_s)}."
    if limits.pace_s == math.inf:
        return f"{took}; you asked for less."
    number = units.count(limits.num_queries_per_day)
    return f"{took}; {number} a day leave {units.duration(limits.pace_s)} for each."


def _memory_text(facts: Facts, limits: Limits) -> str:
    need = f"It needs about {units.size(_or_zero(facts.memory_bytes))} of memory"
    if limits.memory_named and facts.memory_bytes > limits.memory_bytes:
        return f"{need}; your limit is {units.size(limits.memory_bytes)}."
    return f"{need}; {units.size(_or_zero(facts.memory_free_bytes))} are free."


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def need_words(code: Code, limits: Limits) -> str:
    """Return how a need is called in a sentence: `the time limit of 1 s`."""
    return {
        "licence": "the need for a commercial licence",
        "licence-unknown": "the need for a licence that is known to be commercial",
        "language": "the languages",
        "memory": "the memory limit" if limits.memory_named else "the memory of this computer",
        "unknown-memory": "the memory limit",
        "disk": "the disk limit" if limits.disk_named else "the free disk",
        "context": "the length of the text",
        "latency": f"the time limit of {units.duration(limits.latency_s)}"
        if limits.latency_s < math.inf
        else "the number of queries a day",
        "quality": "the quality need",
        "approach": "what a way of working asks for",
    }[code]
