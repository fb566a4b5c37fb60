"""What is said and written of a measured ONNX file: sentences, rows and the public JSON."""

import math
from collections.abc import Sequence
from pathlib import PurePath

import msgspec

from advisor import units
from advisor.child.protocol import Outcome
from advisor.evidence import Quantity, unknown, weakest
from advisor.graphs.onnx_file.model import OnnxHeader, Value
from advisor.probe import energy_answer, providers
from advisor.probe.agreement import Agreement
from advisor.probe.file_feed import FileFeed
from advisor.probe.onnx_file.plan import Inputs, OnnxFileResult
from advisor.report import beside_document, probe_notes, wording
from advisor.report.language import _
from advisor.report.public_parts import Document, figure, head, plain_figure

QUERIES_PER_FIGURE = 1000
_SHOWN_OPERATORS = 6
_SHOWN_VALUES = 4
_LONGEST_NAME = 20
"""[letters] Of a free dimension that a person named."""
_J_PER_WH = units.J_PER_WH
_FILL_WORDS = {
    "ones": "ones", "zeros": "zeros", "positions": "0, 1, 2, ...", "normal": "normal distribution", "pixels": "0 to 1",
    "bytes": "0 to 255", "empty": "empty texts",
}  # fmt: skip


def energy(result: OnnxFileResult, power: Quantity | None) -> Quantity:
    """Return the energy of 1,000 queries: measured by a meter, else measured time x power while working.

    Independent factors, so their logarithms add in squares, as in the estimate.

    Args:
        result: what was measured.
        power: [W] typical range or limit of the device; null without an honest figure.
    """
    told = energy_answer.per_1000_queries(result.energy, "")
    if told.value is not None:
        return told
    time = result.time_per_query
    if power is None or not power.value or not time.value:
        return unknown("Wh", "no meter, and no power limit of this device is known")
    value = time.value * power.value * QUERIES_PER_FIGURE / _J_PER_WH / result.num_batch
    down, up = (
        math.hypot(_log(time_end, time.value), _log(power_end, power.value))
        for time_end, power_end in ((time.low, power.low), (time.high, power.high))
    )
    return Quantity(
        value=value, low=value * math.exp(-down), high=value * math.exp(up), unit="Wh",
        evidence=weakest((time.evidence, power.evidence)), basis=f"time measured here x power: {power.basis}",
    )  # fmt: skip


def _log(end: float | None, value: float) -> float:
    return abs(math.log(end / value)) if end else 0.0


def sentence(result: OnnxFileResult) -> str:
    """Return the measurement in one sentence."""
    return _("{file}: {time} for one run, {rate}, {memory} of memory; grade {grade}.").format(
        file=PurePath(result.file).name, time=wording.amount(result.time_per_query), rate=wording.amount(result.rate),
        memory=wording.amount(result.peak_memory), grade=result.grade,
    )  # fmt: skip


def about(header: OnnxHeader) -> tuple[str, ...]:
    """Return what the file says of itself, one sentence each."""
    weights = ", ".join(f"{name} {units.size(count)}" for name, count in header.weight_bytes.items()) or _("none")
    operators = ", ".join(
        f"{name} {count:,}" for name, count in list(header.num_by_operator.items())[:_SHOWN_OPERATORS]
    )
    opsets = ", ".join(f"{domain} {version}" for domain, version in header.opsets.items())
    lines = [
        _("Made by {producer}; operator sets: {opsets}; format version {version}.").format(
            producer=header.producer or _("a program that is not named"), opsets=opsets, version=header.ir_version
        ),
        _("{parameters} parameters; weights: {weights}.").format(
            parameters=units.count(header.num_parameters), weights=weights
        ),
        _("{number} nodes, most of them: {operators}.").format(number=f"{header.num_nodes:,}", operators=operators),
        _("Outputs: {outputs}.").format(outputs=_some([_value_words(value) for value in header.outputs])),
    ]
    beside = (
        _("{number} weights lie beside it in {file} ({size}).").format(
            number=item.num_tensors, file=item.name, size=units.size(item.size_bytes)
        )
        for item in header.external_files
    )
    return (*lines, *beside)


def input_rows(made: Inputs) -> list[tuple[str, str, str, str]]:
    """Return name, type, shape and values of each input; many alike (the cache of a decoder) share a row."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for feed in made.feeds:
        shape = "x".join(map(str, feed.shape)) or _("one value")
        alike.setdefault((feed.data_type, shape, f"{_fill_words(feed)} ({feed.why})"), []).append(feed.name)
    return [(_some(names), *words) for words, names in alike.items()]


def _some(words: Sequence[str]) -> str:
    """Return a few words and how many more there are."""
    more = len(words) - _SHOWN_VALUES
    shown = "; ".join(words[:_SHOWN_VALUES])
    return _("{shown} and {more} more").format(shown=shown, more=more) if more > 0 else shown


def placed(result: OnnxFileResult) -> tuple[str, ...]:
    """Return which execution provider ran how many nodes, one sentence each."""
    if not result.placement:
        return (_("Ran on {provider}; the runtime did not record single nodes.").format(
            provider=providers.label(result.provider)),)  # fmt: skip
    return tuple(
        _("Nodes that ran on {provider} ({name}): {number}.").format(
            number=f"{item.num_nodes:,}", provider=providers.label(item.provider), name=item.provider
        )
        for item in result.placement
    )


def how(result: OnnxFileResult) -> str:
    """Return how it was measured, in a sentence."""
    starts = _("1 start") if result.num_launches == 1 else _("{count} starts").format(count=result.num_launches)
    if result.launches_apart_share is not None:
        starts = _("{starts} that lie {share} apart").format(
            starts=starts, share=f"{result.launches_apart_share:.1%}"
        )  # fmt: skip
    return _("{number} timed runs in {starts}, with {threads}; the whole measurement took {time}.").format(
        number=f"{result.num_measurements:,}", time=units.duration(result.wall_s), starts=starts,
        threads=probe_notes.threads_words(result.num_threads, pinned=result.pinned),
    )  # fmt: skip


def graded(result: OnnxFileResult) -> str:
    """Return how steady it was, in a sentence."""
    return _("Grade {grade}: {meaning}.").format(grade=result.grade, meaning=wording.grade_help(result.grade))


def document(result: OnnxFileResult, consumed: Quantity, agreement: Agreement | None = None) -> Document:
    """Return the public JSON of a measured file.

    Args:
        result: what was measured.
        consumed: [Wh] energy of 1,000 queries, from `energy`.
        agreement: with the last measurement of the same file, when there was one.
    """
    return {
        **head("probe-file"),
        "id": result.id,
        "created": result.created,
        "outcome": result.outcome,
        "sentence": sentence(result),
        "file": result.file,
        "sha256": result.sha256,
        "model": _header(result.header),
        "inputs": [_feed(feed) for feed in result.inputs.feeds],
        "free_dimensions": [{"name": item.name, "value": item.value, "why": item.why} for item in result.inputs.free],
        "time_per_query": figure(result.time_per_query),
        "rate": figure(result.rate),
        "peak_memory": figure(result.peak_memory),
        "device_memory": figure(result.device_memory),
        "load_time": figure(result.load_time),
        "energy_per_1000_queries": figure(consumed),
        "wall": plain_figure(result.wall_s, "s", "measured", "the whole probe, from start to result"),
        "num_batch": result.num_batch,
        "num_measurements": result.num_measurements,
        "num_launches": result.num_launches,
        "launches_apart_share": result.launches_apart_share,
        "samples": [msgspec.to_builtins(sample) for sample in result.samples],
        "grade": result.grade,
        "reasons": list(result.reasons),
        "num_threads": result.num_threads,
        "pinned": result.pinned,
        "device": result.device,
        "provider": result.provider,
        "placement": [
            {"provider": item.provider, "num_nodes": item.num_nodes, "num_by_operator": dict(item.num_by_operator)}
            for item in result.placement
        ],
        "versions": dict(result.versions),
        "fingerprint": result.fingerprint,
        "power_source": result.power_source,
        "agreement": beside_document.agreement_json(agreement),
    }


def failure(outcome: Outcome) -> Document:
    """Return the public JSON of a file that could not be measured."""
    body = {"code": outcome.code, "message": outcome.message, "remedy": outcome.remedy}
    return {"schema": "model-fit-advisor/error/1", "version": 1, "error": body}


def _header(header: OnnxHeader) -> Document:
    stated = "stated in the file"
    return {
        "file_size": plain_figure(header.file_bytes, "B", "measured", "size of the file"),
        "ir_version": header.ir_version,
        "producer": header.producer,
        "opsets": dict(header.opsets),
        "inputs": [_value(value) for value in header.inputs],
        "outputs": [_value(value) for value in header.outputs],
        "custom_operators": list(header.custom_operators),
        "num_nodes": header.num_nodes,
        "num_by_operator": dict(header.num_by_operator),
        "parameters": plain_figure(header.num_parameters, "parameters", "measured", "numbers stored as weights"),
        "weights": {name: plain_figure(count, "B", "measured", stated) for name, count in header.weight_bytes.items()},
        "external_files": [
            {"name": item.name, "size": plain_figure(item.size_bytes, "B", "measured", "size of the file"),
             "num_tensors": item.num_tensors}
            for item in header.external_files
        ],
    }  # fmt: skip


def _value(value: Value) -> Document:
    shape: Sequence[object] | None = None if value.shape is None else list(value.shape)
    return {"name": value.name, "kind": value.kind, "data_type": value.data_type, "shape": shape}


def _value_words(value: Value) -> str:
    if value.shape is None:
        return f"{value.name} {value.data_type}"
    sizes = "x".join(_dimension_words(item) for item in value.shape)
    return f"{value.name} {value.data_type} {sizes or _('one value')}"


def _dimension_words(item: int | str | None) -> str:
    """Return a size, or the name of a free one; a name that a program made up says nothing."""
    return "?" if item is None or (isinstance(item, str) and len(item) > _LONGEST_NAME) else str(item)


def _feed(feed: FileFeed) -> Document:
    return {
        "name": feed.name,
        "data_type": feed.data_type,
        "shape": list(feed.shape),
        "values": _fill_words(feed),
        "why": feed.why,
    }


def _fill_words(feed: FileFeed) -> str:
    if feed.fill == "ids":
        return _("0 to {most}").format(most=f"{feed.limit - 1:,}")
    return f"{feed.limit:,}" if feed.fill == "constant" else _(_FILL_WORDS[feed.fill])
