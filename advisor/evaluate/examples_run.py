"""The job `examples-run`: one model on the user's own examples, in a child. Nothing is written, nothing is sent."""

import importlib.metadata
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from advisor.child.main import Channel, refuse_request
from advisor.errors import InvalidInputError
from advisor.evaluate import examples_cost as cost
from advisor.evaluate import examples_plan as plan
from advisor.evaluate import examples_ways as ways
from advisor.evaluate.examples_cost import Energy
from advisor.evaluate.examples_plan import ExampleOutput, ExamplesRequest, ExamplesResult, RunNote
from advisor.evaluate.examples_ways import Way
from advisor.evidence import Quantity, unknown
from advisor.examples import score as scoring
from advisor.examples import text_match
from advisor.examples.model import Example
from advisor.examples.score import Score
from advisor.runnable import find

_TOLD_EVERY_S = 0.2
_RUN_SHARE = 0.7
"""[1] Of the progress for the examples, the rest for energy."""


def run(raw: bytes, channel: Channel) -> bytes:
    """Run the job. A cancel ends it at once.

    Args:
        raw: JSON of an `ExamplesRequest`.
        channel: to the app.

    Returns:
        JSON of an `ExamplesResult`.

    Raises:
        AdvisorError: as `find.open_model`, `examples_ways.make`; `method-unsuitable`, `label-unknown`,
            `examples-none`.
    """
    try:
        request = msgspec.json.decode(raw, type=ExamplesRequest)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise refuse_request(error) from error
    channel.progress("prepare", 0.0, detail="reading the model's files")
    if not request.examples.examples:
        raise InvalidInputError("examples-none", "There are no examples.", remedy="Give one or more.")
    model = find.open_model(Path(request.path), model_id=request.model_id)
    method = plan.chosen_method(model, request.examples.kind, request.method)
    labels = plan.labels(request.examples) or tuple(request.descriptions)
    if plan.labels(request.examples):
        plan.check_descriptions(request.examples, request.descriptions)
    way = ways.make(model, request, method, labels)
    channel.progress("load", 0.05, detail="loading the weights")
    begin_s = cost.clock()
    way.open()
    load_s = cost.clock() - begin_s
    latencies_s, load = _queries(way, channel, request)
    outputs = way.outputs()
    energy = _energy(way, latencies_s, load, request, channel)
    found = None
    if any(item.answer() is not None for item in request.examples.examples):
        found = scoring.score(request.examples, outputs, seed=request.seed)
    notes = [*way.notes(), *_notes(way, found, energy)]
    result = ExamplesResult(
        id=uuid.uuid4().hex, created=datetime.now(UTC).isoformat(timespec="seconds"), model=model.model_id,
        format=model.format_id or "", fingerprint=request.fingerprint, model_bytes=model.size_bytes(), method=method,
        scoring=request.scoring if method == "likelihood" else None, kind=request.examples.kind,
        source=request.examples.source, examples_hash=plan.examples_hash(request.examples),
        num_examples=len(request.examples.examples), instruction=request.instruction,
        descriptions=request.descriptions, seed=request.seed,
        outputs=_outputs(way, outputs, latencies_s, found, request),
        score=None if found is None else msgspec.structs.replace(found, misses=()),
        time_per_query=cost.time_per_query(latencies_s, request.num_threads), rate=cost.rate(latencies_s),
        load_time=Quantity(
            value=load_s, unit="s", evidence="measured",
            basis="weights into memory and what is done once for all queries; one load, the file perhaps in the cache",
        ),
        peak_memory=cost.peak_memory(), energy_per_1000=energy.per_1000, energy_boundary=energy.boundary,
        num_input_tokens=sum(way.num_input_tokens), num_output_tokens=sum(way.num_output_tokens),
        num_threads=request.num_threads, versions=_versions(), notes=tuple(notes),
    )  # fmt: skip
    way.close()
    return msgspec.json.encode(result)


def _queries(way: Way, channel: Channel, request: ExamplesRequest) -> tuple[list[float], cost.Load]:
    """Run all queries once, timed each, after one that warms up."""
    num, share = len(request.examples.examples), _RUN_SHARE if request.with_energy else 0.95
    channel.progress("warm-up", 0.1, detail="first query")
    way.query(0)
    meter = cost.LoadMeter()
    latencies_s: list[float] = []
    begin_s = told_s = cost.clock()
    for place in range(num):
        start_s = cost.clock()
        way.query(place)
        now_s = cost.clock()
        latencies_s.append(now_s - start_s)
        if now_s - told_s >= _TOLD_EVERY_S:
            told_s = now_s
            done = (place + 1) / num
            left_s = (now_s - begin_s) / done * (1 - done)
            channel.progress(
                "measure", 0.1 + (share - 0.1) * done, remaining_s=left_s, detail=f"{place + 1:,} of {num:,} examples"
            )
    return latencies_s, meter.read()


def _energy(
    way: Way, latencies_s: list[float], load: cost.Load, request: ExamplesRequest, channel: Channel
) -> Energy:  # fmt: skip
    if not request.with_energy:
        return Energy(per_1000=unknown("Wh", "energy was not asked for"), boundary="")
    mean_s = cost.mean_time(latencies_s)
    found = cost.measured_energy(
        way.query, len(latencies_s), mean_s, channel, num_threads=request.num_threads, sys_root=request.sys_root,
        time_share=request.time_share,
    )  # fmt: skip
    if not isinstance(found, str):
        return found
    return cost.banded_energy(request.cpu, load, mean_s, len(latencies_s), found)


def _outputs(
    way: Way, outputs: list[str | None], latencies_s: list[float], found: Score | None, request: ExamplesRequest
) -> tuple[ExampleOutput, ...]:
    right = iter(found.right if found is not None else ())
    return tuple(
        ExampleOutput(
            text=text, latency_s=latency_s, num_input_tokens=num_in, num_output_tokens=num_out, is_cut=is_cut,
            is_right=None if item.answer() is None else next(right),
            similarity_share=_similarity(text, item) if request.examples.kind == "generation" else None,
        )
        for text, latency_s, num_in, num_out, is_cut, item in zip(
            outputs, latencies_s, way.num_input_tokens, way.num_output_tokens, way.is_cut, request.examples.examples,
            strict=True,
        )
    )  # fmt: skip


def _similarity(text: str | None, item: Example) -> float | None:
    return None if item.expected is None else text_match.chrf(text, item.expected)


def _notes(way: Way, found: Score | None, energy: Energy) -> list[RunNote]:
    notes = []
    if any(way.is_cut):
        notes.append(RunNote(code="cut", num_examples=sum(way.is_cut)))
    if found is None:
        notes.append(RunNote(code="no-answers"))
    if energy.is_band:
        notes.append(RunNote(code="energy-band"))
    return notes


def _versions() -> dict[str, str]:
    found = {}
    for name in ("onnxruntime", "tokenizers", "model-fit-advisor"):
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
