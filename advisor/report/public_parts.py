"""Parts of the public JSON that several documents share: figures, the computer, the task and its sizes."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from advisor import __version__
from advisor.evidence import Evidence, Quantity
from advisor.hardware.model import Fact, HardwareProfile
from advisor.report import wording
from advisor.task.model import Chip, TaskSpec, Workload

INTERFACE_VERSION = 1
TOOL_NAME = "model-fit-advisor"
Document = dict[str, Any]

_SIZE_UNITS = {
    "num_input_tokens": "tokens",
    "num_output_tokens": "tokens",
    "num_context_tokens": "tokens",
    "num_batch": "queries",
    "num_passes": "passes",
    "audio_s": "s",
    "num_images": "images",
    "num_queries_per_day": "queries/day",
}
_FACT_UNITS = {"cores": "cores", "cpus": "CPUs"}
_SUFFIX_UNITS = (
    ("_bytes_per_s", "B/s"),
    ("_bytes", "B"),
    ("_hz", "Hz"),
    ("_wh", "Wh"),
    ("_w", "W"),
    ("_share", "1"),
)
"""The unit of a hardware fact is the end of its name."""


def head(name: str) -> Document:
    """Return the fields every document starts with."""
    return {
        "schema": f"{TOOL_NAME}/{name}/{INTERFACE_VERSION}",
        "version": INTERFACE_VERSION,
        "tool": {"name": TOOL_NAME, "version": __version__},
    }


def figure(item: Quantity) -> Document:
    """Return one figure as the interface writes it."""
    return {
        "value": item.value,
        "low": item.low,
        "high": item.high,
        "unit": item.unit,
        "evidence": item.evidence,
        "basis": item.basis,
    }


def plain_figure(value: object, unit: str, evidence: Evidence, basis: str) -> Document:
    """Return a figure without a range; a null value is `excluded`."""
    known: Evidence = "excluded" if value is None else evidence
    return {"value": value, "low": None, "high": None, "unit": unit, "evidence": known, "basis": basis}


def encode(document: Mapping[str, Any], *, pretty: bool = True) -> bytes:
    """Return a document as UTF-8 JSON that ends with a newline.

    Raises:
        ValueError: a number is NaN or infinite; msgspec would write it as null and so hide it.
    """
    _refuse_not_finite(document, "$")
    raw = msgspec.json.encode(document)
    return (msgspec.json.format(raw, indent=2) if pretty else raw) + b"\n"


def _refuse_not_finite(value: object, path: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{path} is {value}; only finite numbers are written")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_not_finite(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _refuse_not_finite(item, f"{path}[{index}]")


def machine_json(profile: HardwareProfile) -> Document:
    """Return the computer as a part of another document."""
    return {
        "name": profile.name,
        "created": profile.created,
        "fingerprint": profile.fingerprint,
        "os": _facts(profile.os),
        "cpu": _facts(profile.cpu),
        "memory": _facts(profile.memory),
        "disk": _facts(profile.disk),
        "gpus": [_facts(gpu) for gpu in profile.gpus],
        "npus": [_facts(npu) for npu in profile.npus],
        "power": _facts(profile.power),
        "runtime": _facts(profile.runtime),
        "notes": list(profile.notes),
    }


def _facts(group: msgspec.Struct) -> Document:
    return {name: _fact(name, getattr(group, name)) for name in group.__struct_fields__}


def fact_unit(name: str) -> str | None:
    """Return the unit of a hardware fact by its name; null for a text."""
    if name.startswith("num_"):
        return _FACT_UNITS.get(name.rpartition("_")[2], "1")
    return next((unit for suffix, unit in _SUFFIX_UNITS if name.endswith(suffix)), None)


def _fact(name: str, fact: Fact[Any]) -> Document:
    unit = fact_unit(name)
    value = list(fact.value) if isinstance(fact.value, tuple) else fact.value
    where: Document = {"source": fact.source, "origin": fact.origin, "why_unknown": fact.why_unknown}
    if unit is None:
        return {"value": value, **where}
    evidence: Evidence = "measured" if fact.origin == "read" else "assumed"
    return {**plain_figure(value, unit, evidence, fact.why_unknown or fact.source), **where}


def chip_json(chip: Chip) -> Document:
    """Return one understood thing with the words it was read from."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in fields(chip)}


def fields(value: msgspec.Struct) -> Iterable[tuple[str, Any]]:
    """Return names and values of a struct."""
    return ((name, getattr(value, name)) for name in value.__struct_fields__)


def task_json(task: TaskSpec) -> Document:
    """Return a task; null is what the user did not say."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields(task)} | {
        "kind_label": wording.kind_label(task.kind)
    }


def workload_json(workload: Workload) -> Document:
    """Return the sizes of one query as figures; their basis says which come from a preset."""
    sizes: Document = {}
    for name, unit in _SIZE_UNITS.items():
        value = getattr(workload, name)
        preset = name in workload.assumed_fields
        basis = "usual size for this kind of task" if preset else "given with the task"
        sizes[name] = plain_figure(value, unit, "assumed", "not given" if value is None else basis)
    return sizes
