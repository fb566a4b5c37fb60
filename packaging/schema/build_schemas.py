"""Writes the JSON Schemas of the public interface to resources/schema/. Run it after a change of `report/public.py`.

.venv/bin/python packaging/schema/build_schemas.py [folder]
"""

import json
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec

from advisor.catalog.adapters import Variant
from advisor.catalog.headers.model import Container
from advisor.catalog.hub.layout import Kind
from advisor.catalog.hub.model import Gate
from advisor.catalog.model import TensorRole
from advisor.catalog.own_models import Origin
from advisor.catalog.query import Structure
from advisor.catalog.relatives import Kind as RelativeKind
from advisor.catalog.weights.model import Pattern
from advisor.child.protocol import OutcomeCode, Sample
from advisor.convert.cost import Route
from advisor.convert.own_data import Kind as DataKind
from advisor.convert.plan import FormatId
from advisor.convert.plan import Method as RoundingMethod
from advisor.convert.tools import Status as ToolsStatus
from advisor.energy.compare import Finding
from advisor.energy.model import Component, EnergyResult, MeterInfo
from advisor.energy.model import Method as MeterMethod
from advisor.energy.self_check import MeterCheck
from advisor.energy.wall_store import KeptFit
from advisor.estimate.finetune import Method
from advisor.estimate.model import Verdict
from advisor.evaluate.compression_plan import CompressionResult
from advisor.evaluate.examples_plan import Method as ExamplesMethod
from advisor.evaluate.examples_plan import Scoring
from advisor.evidence import EVIDENCE_ORDER
from advisor.examples.enough import Finding as EnoughFinding
from advisor.examples.model import ExampleKind, FileForm, NoteCode, SkipReason
from advisor.graphs.onnx_file.model import ValueKind
from advisor.hardware.model import (
    CpuFacts,
    DiskFacts,
    FactOrigin,
    GpuFacts,
    MemoryFacts,
    NpuFacts,
    OsFacts,
    PowerFacts,
    RuntimeFacts,
)
from advisor.installed.components import Kind as ComponentKind
from advisor.installed.place import Way
from advisor.probe.plan import DepthMeasurement, Precision, WeightFile
from advisor.probe.threads import ThreadChoice, ThreadTrial
from advisor.recommend.model import ApproachId, Rejection
from advisor.report import standard_units
from advisor.report.interchange.codecarbon_read import CodeCarbonSums
from advisor.report.model import ReportDocument
from advisor.report.public_parts import fact_unit
from advisor.runnable.model import Layout
from advisor.task.model import TASK_KINDS, TaskSpec

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FIGURE: Schema = {"$ref": "#/$defs/figure"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def nullable(schema: Schema) -> Schema:
    if "$ref" in schema or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def closed(**properties: Schema) -> Schema:
    """An object with exactly these fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def choice(kind: Any) -> Schema:
    return {"enum": list(get_args(kind))}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


FIGURE_FIELDS: dict[str, Schema] = {
    "value": {"type": ["number", "null"], "description": "Best value in `unit`; null when it is not known."},
    "low": {"type": ["number", "null"], "description": "Lower end of the range, in `unit`."},
    "high": {"type": ["number", "null"], "description": "Upper end of the range, in `unit`."},
    "unit": {"type": "string", "description": "SI unit or a rate of counts: B, s, Wh, g, tokens/s, 1, ..."},
    "evidence": {"enum": list(EVIDENCE_ORDER), "description": "How the value was obtained, strongest first."},
    "basis": {"type": "string", "description": "Method and main input, or why there is no value."},
}


def head(name: str) -> dict[str, Schema]:
    return {
        "schema": {"const": f"model-fit-advisor/{name}/1"},
        "version": {"const": 1},
        "tool": closed(name=TEXT, version=TEXT),
    }


FACT_FIELDS: dict[str, Schema] = {"source": TEXT, "origin": choice(FactOrigin), "why_unknown": nullable(TEXT)}
TEXT_VALUE: Schema = {"type": ["string", "boolean", "array", "null"], "items": TEXT}


def facts(kind: type[msgspec.Struct]) -> Schema:
    """Facts of one part of the computer; those with a unit are figures too."""
    return closed(
        **{
            field.name: ref("text_fact" if fact_unit(field.name) is None else "figure_fact")
            for field in msgspec.structs.fields(kind)
        }
    )


MACHINE = closed(
    name=TEXT,
    created=TEXT,
    fingerprint=TEXT,
    os=facts(OsFacts),
    cpu=facts(CpuFacts),
    memory=facts(MemoryFacts),
    disk=facts(DiskFacts),
    gpus=array(facts(GpuFacts)),
    npus=array(facts(NpuFacts)),
    power=facts(PowerFacts),
    runtime=facts(RuntimeFacts),
    notes=TEXTS,
)
PROPERTY_OF_TYPE = {int: COUNT, float: NUMBER, str: TEXT}


def task() -> Schema:
    properties: dict[str, Schema] = {}
    for field in msgspec.structs.fields(TaskSpec):
        if field.name == "kind":
            properties["kind"] = {"enum": list(TASK_KINDS)}
        elif field.name.endswith("languages"):
            properties[field.name] = TEXTS
        else:
            kinds = [kind for kind in (get_args(field.type) or (field.type,)) if kind is not type(None)]
            literal = all(isinstance(kind, str) for kind in kinds) or not all(isinstance(kind, type) for kind in kinds)
            base = {"type": "string"} if literal else PROPERTY_OF_TYPE[kinds[0]]
            properties[field.name] = nullable(base) if field.default is None else base
    return closed(**properties, kind_label=TEXT)


AGREEMENT = nullable(
    closed(earlier=TEXT, created=TEXT, rate_ratio=NUMBER, agrees=BOOLEAN, differences=TEXTS, sentence=TEXT)
)
SIZES = (
    "num_input_tokens", "num_output_tokens", "num_context_tokens", "num_batch", "num_passes", "audio_s", "num_images",
    "num_queries_per_day",
)  # fmt: skip
WORKLOAD = closed(**dict.fromkeys(SIZES, FIGURE))
ESTIMATE_FIELDS: dict[str, Schema] = {
    "model": TEXT,
    "format": TEXT,
    "device": TEXT,
    "verdict": choice(Verdict),
    "sentence": TEXT,
    "memory": FIGURE,
    "memory_parts": closed(weights=FIGURE, cache=FIGURE, activations=FIGURE, runtime=FIGURE),
    **dict.fromkeys(
        ("memory_free", "headroom", "parameters", "download", "flops_per_query", "bytes_per_query",
         "time_to_first_token", "time_per_token", "time_per_query", "rate", "energy_per_1000_queries", "max_context"),
        FIGURE,
    ),
    "not_modelled": TEXTS,
    "formulas": TEXTS,
}  # fmt: skip
QUALITY = closed(
    **FIGURE_FIELDS,
    benchmark=nullable(TEXT),
    metric=nullable(TEXT),
    source=nullable(TEXT),
    rank_share=nullable(NUMBER),
    num_compared=COUNT,
    higher_is_better=BOOLEAN,
    meets_need=nullable(BOOLEAN),
    format_note=TEXT,
)
MEASURED = closed(
    probe_id=TEXT,
    created=TEXT,
    evidence={"enum": list(EVIDENCE_ORDER)},
    same_workload=BOOLEAN,
    memory=FIGURE,
    time_to_first_token=FIGURE,
    time_per_token=FIGURE,
    rate=FIGURE,
    grade=TEXT,
)
REJECTION_CODES = get_args(next(f.type for f in msgspec.structs.fields(Rejection) if f.name == "code"))
CANDIDATE_FIELDS: dict[str, Schema] = {
    **ESTIMATE_FIELDS,
    "rank": nullable(COUNT),
    "family": TEXT,
    "approach": choice(ApproachId),
    "licence": nullable(TEXT),
    "languages": nullable(TEXTS),
    "carbon_per_1000_queries": FIGURE,
    "quality": ref("quality"),
    "measured": nullable(MEASURED),
    "rejections": array(closed(code={"enum": list(REJECTION_CODES)}, text=TEXT)),
    "pareto": BOOLEAN,
    "evidence": {"enum": list(EVIDENCE_ORDER)},
    "can_probe": BOOLEAN,
    "why_no_probe": TEXT,
    "yours": BOOLEAN,
}
SCI = closed(
    score=FIGURE, energy=FIGURE, intensity=FIGURE, embodied=FIGURE, functional_unit=TEXT, boundary=TEXT, method=TEXT
)
USE = closed(
    **dict.fromkeys((name for name, _label in standard_units.ROWS), FIGURE),
    battery=closed(share=FIGURE, minutes=FIGURE, queries_per_charge=FIGURE),
    sci_per_query=SCI,
    sci_per_1000_tokens=nullable(SCI),
    grid=nullable(closed(name=TEXT, intensity=FIGURE, year=nullable(COUNT), source=TEXT)),
    embodied_assumptions=TEXTS,
    meanings=array(closed(sentence=TEXT, arithmetic=TEXT, source=TEXT)),
    boundary=TEXT,
)
DEFINITIONS: dict[str, Schema] = {
    "use": USE,
    "figure": closed(**FIGURE_FIELDS),
    "figure_fact": closed(**FIGURE_FIELDS, **FACT_FIELDS),
    "text_fact": closed(value=TEXT_VALUE, **FACT_FIELDS),
    "machine": MACHINE,
    "task": task(),
    "workload": WORKLOAD,
    "estimate": closed(**ESTIMATE_FIELDS),
    "quality": QUALITY,
    "candidate": closed(**CANDIDATE_FIELDS),
}


def raw_struct(kind: type[msgspec.Struct]) -> Schema:
    """Raw readings keep their SI unit in the name and are not figures."""
    _, parts = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}")
    return {**parts[kind.__name__], "additionalProperties": False}


def with_inner(kind: type[msgspec.Struct], inner: type[msgspec.Struct]) -> Schema:
    """The same of a struct that holds a list of another."""
    found = raw_struct(kind)
    lists = {
        name: array(raw_struct(inner)) for name, part in found["properties"].items() if part.get("type") == "array"
    }
    return {**found, "properties": {**found["properties"], **lists}}


def documents() -> dict[str, Schema]:
    """Every document of the command line by name."""
    catalog_model = closed(
        model=TEXT,
        family=TEXT,
        tasks=TEXTS,
        licence=nullable(TEXT),
        released=nullable(TEXT),
        parameters=FIGURE,
        verification=TEXT,
        max_context=FIGURE,
        languages=nullable(TEXTS),
        quality=array(closed(benchmark=TEXT, metric=TEXT, **FIGURE_FIELDS, source=TEXT, note=nullable(TEXT))),
        formats=TEXTS,
        notes=nullable(TEXT),
        gaps=TEXTS,
    )
    approach = closed(
        id=choice(ApproachId),
        label=TEXT,
        needs=TEXT,
        limits=TEXT,
        possible=BOOLEAN,
        why_not=TEXT,
        workload=ref("workload"),
    )
    chip_value: Schema = {"type": ["string", "number", "array"], "items": TEXT}
    return {
        "hardware": closed(**head("hardware"), **MACHINE["properties"]),
        "describe": closed(
            **head("describe"),
            task=ref("task"),
            sizes=ref("workload"),
            languages=array(closed(code=TEXT, name=TEXT)),
            chips=array(closed(field=TEXT, value=chip_value, label=TEXT, words=TEXT, start=COUNT, end=COUNT)),
            not_understood=TEXTS,
            notes=TEXTS,
            kind_certain=BOOLEAN,
        ),
        "catalog": closed(
            **head("catalog"), catalog_version=nullable(TEXT), num_models=COUNT, models=array(catalog_model)
        ),
        "estimate": closed(
            **head("estimate"),
            task=nullable(ref("task")),
            workload=nullable(ref("workload")),
            **ESTIMATE_FIELDS,
            carbon_per_1000_queries=FIGURE,
            measured=nullable(MEASURED),
            use=nullable(ref("use")),
        ),
        "about": _about(),
        "updates": closed(**head("updates"), newest=TEXT, is_newer=BOOLEAN, page=TEXT, looked=TEXT),
        "finetune": _finetune(),
        "size": _size(),
        "sparsity": _sparsity(),
        "conversion": _conversion(),
        "conversion-plan": _conversion_plan(),
        "conversion-tools": _conversion_tools(),
        "converted": _converted(),
        "data": _data(),
        "examples": _examples(),
        "examples-run": _examples_run(),
        "hub-size": _hub_size(),
        "hub-search": _hub_search(),
        "hub-plan": _hub_plan(),
        "own-models": _own_models(),
        "hub-download": _hub_download(),
        "recommend": closed(
            **head("recommend"),
            created=TEXT,
            catalog_version=TEXT,
            task=ref("task"),
            machine=ref("machine"),
            approaches=array(approach),
            pick=nullable(ref("pick")),
            use=nullable(ref("use")),
            why_no_pick=TEXT,
            num_candidates=COUNT,
            num_rejected={"type": "object", "additionalProperties": COUNT},
            learned=TEXT,
            candidates=array(ref("candidate")),
        ),
        "probe": _probe(),
        "probe-file": _probe_file(),
        "calibration": _calibration(),
        "meters": _meters(),
        "compare-energy": _compare_energy(),
        "compression": _compression(),
        "compare-codecarbon": _compare_codecarbon(),
        "fit-energy": _fit_energy(),
        "wall-meter": closed(
            **head("wall-meter"),
            **{**whole(KeptFit)["properties"]},
            sentence=TEXT,
        ),
        "report-written": closed(**{name: head("report-written")[name] for name in ("schema", "version")}, file=TEXT),
    }


def _size() -> Schema:
    return closed(
        **head("size"),
        **dict.fromkeys(("name", "sentence", "kind", "recognised", "stored_as"), TEXT),
        container=choice(Container),
        family_known=BOOLEAN,
        agrees_with_family=nullable(BOOLEAN),
        structure={"enum": [*get_args(Structure), None]},
        **dict.fromkeys(("tasks", "formats", "notes", "related"), TEXTS),
        **dict.fromkeys(("parameters", "stored_numbers", "weights", "file_size", "layers", "max_context"), FIGURE),
        format=nullable(TEXT),
        types=array(closed(type=TEXT, num_tensors=COUNT, num_elements=COUNT, size=FIGURE)),
        files=array(closed(name=TEXT, num_tensors=COUNT, weights=FIGURE, header=FIGURE, file_size=FIGURE)),
        quantization=nullable(TEXT),
        tokenizer=closed(kind=nullable(TEXT), files=TEXTS, num_tokens=nullable(COUNT), has_chat_template=BOOLEAN),
        adapter=nullable(
            closed(
                method=TEXT,
                base_model=nullable(TEXT),
                rank=nullable(COUNT),
                alpha_ratio=nullable(NUMBER),
                targets=TEXTS,
            )
        ),
        refusals=array(closed(code=TEXT, message=TEXT, remedy=TEXT)),
        relatives=array(
            closed(
                **dict.fromkeys(("model", "of", "source", "note"), TEXT),
                kind=choice(RelativeKind),
                **dict.fromkeys(("parameters", "size_ratio"), FIGURE),
            )
        ),
        adapters=array(
            closed(
                **dict.fromkeys(("name", "sentence"), TEXT),
                variant=choice(Variant),
                base_model=nullable(TEXT),
                ranks=array(COUNT),
                strength=nullable(NUMBER),
                **dict.fromkeys(("targets", "types", "whole_tensors"), TEXTS),
                num_matrices=COUNT,
                **dict.fromkeys(("parameters", "weights"), FIGURE),
            )
        ),
        combined=nullable(
            closed(sentence=TEXT, **dict.fromkeys(("parameters", "weights", "added_work"), FIGURE), remarks=TEXTS)
        ),
    )


def _conversion_plan() -> Schema:
    refusal = closed(**dict.fromkeys(("code", "message", "remedy"), TEXT))
    return closed(
        **head("conversion-plan"), **dict.fromkeys(("sentence", "model", "stored_as", "folder"), TEXT),
        format=choice(FormatId), method=choice(RoundingMethod), source_kind={"enum": ["safetensors", "gguf"]},
        structure=nullable(choice(Structure)), route=choice(Route), exists=BOOLEAN, steps=TEXTS, notes=TEXTS,
        **dict.fromkeys(("memory", "time", "size", "parameters", "disk", "free"), FIGURE), refusals=array(refusal),
    )  # fmt: skip


def _conversion() -> Schema:
    words = {"type": "object", "additionalProperties": TEXT}
    figures = ("max_error", "mean_error", "scale", "cosine", "top1_agreement", "divergence")
    check = closed(
        sentence=TEXT, accepted=BOOLEAN, limit=TEXT, num_inputs=COUNT, num_values=COUNT,
        **dict.fromkeys(figures, FIGURE),
    )  # fmt: skip
    return closed(
        **head("conversion"), **dict.fromkeys(("sentence", "model", "folder", "made_by", "created"), TEXT),
        format=choice(FormatId), method=choice(RoundingMethod), licence=nullable(TEXT), revision=nullable(TEXT),
        options=words, versions=words, notes=TEXTS, check=nullable(check),
        **dict.fromkeys(("size", "weights", "predicted_weights", "time", "predicted_time"), FIGURE),
        **dict.fromkeys(("memory", "predicted_memory"), FIGURE),
        files=array(closed(name=TEXT, size=FIGURE, sha256=TEXT)),
    )  # fmt: skip


def _about() -> Schema:
    component = closed(name=TEXT, version=TEXT, licence=TEXT, kind=choice(ComponentKind), homepage=TEXT)
    return closed(**head("about"), installed=choice(Way), components=array(component))


def _conversion_tools() -> Schema:
    return closed(
        **head("conversion-tools"), sentence=TEXT, status=choice(ToolsStatus), folder=TEXT, python=nullable(TEXT),
        versions={"type": "object", "additionalProperties": TEXT}, has_leftovers=BOOLEAN, size=FIGURE, free=FIGURE,
        installation=closed(download=FIGURE, disk=FIGURE, time=FIGURE),
    )  # fmt: skip


def _converted() -> Schema:
    words = nullable(TEXT)
    model = closed(
        model=TEXT, format=TEXT, folder=TEXT, size=FIGURE, problem=words, licence=words, revision=words, created=words,
        method=words, checked=nullable(BOOLEAN),
    )  # fmt: skip
    return closed(**head("converted"), sentence=TEXT, size=FIGURE, leftovers=FIGURE, models=array(model))


def _data() -> Schema:
    part = closed(kind=choice(DataKind), folders=TEXTS, num_files=COUNT, size=FIGURE)
    return closed(**head("data"), sentence=TEXT, size=FIGURE, parts=array(part))


def _sparsity() -> Schema:
    counts = dict.fromkeys(("num_tensors", "num_elements", "num_zeros"), COUNT)
    sides = array(COUNT)
    return closed(
        **head("sparsity"),
        **dict.fromkeys(("name", "sentence"), TEXT),
        container=choice(Container),
        **dict.fromkeys(("saving", "remarks", "unknown_types"), TEXTS),
        **counts,
        **dict.fromkeys(("num_unknown_elements", "num_masks", "num_pruned_heads"), COUNT),
        is_quantized=BOOLEAN,
        **dict.fromkeys(("zero_share", "matrix_zero_share", "removable", "read", "duration"), FIGURE),
        roles=array(closed(role=choice(TensorRole), **counts)),
        patterns=array(closed(pattern=choice(Pattern), **counts)),
        tensors=array(
            closed(
                **dict.fromkeys(("name", "file", "type"), TEXT),
                role=choice(TensorRole),
                shape=sides,
                pattern=choice(Pattern),
                **dict.fromkeys(
                    ("num_elements", "num_zeros", "num_zero_rows", "num_zero_columns", "num_zero_heads"), COUNT
                ),
            )
        ),
        num_stated_layers=nullable(COUNT),
        missing_layers=array(COUNT),
        uneven=array(closed(name=TEXT, num_shapes=COUNT, smallest=sides, largest=sides)),
        stated=nullable(closed(format=TEXT, structure=nullable(TEXT), share=FIGURE)),
    )


def _examples() -> Schema:
    lines = array({"type": "integer", "minimum": 1})
    return closed(
        **head("examples"),
        sentence=TEXT,
        source=TEXT,
        form=choice(FileForm),
        kind=choice(ExampleKind),
        text_column=TEXT,
        **dict.fromkeys(("answer_column", "delimiter"), nullable(TEXT)),
        encoding=TEXT,
        **dict.fromkeys(("num_rows", "num_usable", "num_skipped", "num_examples"), COUNT),
        labels=array(closed(label=TEXT, num_rows=COUNT, num_examples=COUNT)),
        skipped=array(closed(reason=choice(SkipReason), num_rows=COUNT, lines=lines, sentence=TEXT)),
        notes=array(closed(code=choice(NoteCode), names=TEXTS, lines=lines, num_rows=COUNT, sentence=TEXT)),
    )


def _examples_run() -> Schema:
    counts = ("num_examples", "num_given", "num_right")
    candidate = closed(
        **dict.fromkeys(("id", "created", "model", "sentence"), TEXT),
        **dict.fromkeys(("format", "energy_boundary"), nullable(TEXT)),
        method=choice(ExamplesMethod),
        scoring=nullable(choice(Scoring)),
        **dict.fromkeys(("num_scored", "num_right", "size_bytes", "num_input_tokens", "num_output_tokens"), COUNT),
        **dict.fromkeys(("accuracy", "macro_f1", "micro_f1", "token_f1", "similarity"), nullable(FIGURE)),
        labels=array(closed(label=TEXT, **dict.fromkeys(counts, COUNT))),
        confusions=array(closed(expected=TEXT, given=nullable(TEXT), num_examples=COUNT)),
        **dict.fromkeys(("time_per_query", "rate", "load", "memory", "energy_per_1000_queries"), FIGURE),
        num_threads=COUNT,
        seed={"type": "integer"},
        versions={"type": "object", "additionalProperties": TEXT},
        notes=TEXTS,
        misses=nullable(
            array(
                closed(
                    text=TEXT,
                    expected=TEXT,
                    given=nullable(TEXT),
                    line=nullable(COUNT),
                    similarity=nullable(NUMBER),
                )
            )
        ),
    )
    numbers = ("difference", "low", "high", "confidence", "margin", "p")
    return closed(
        **head("examples-run"),
        **dict.fromkeys(("sentence", "source", "examples_hash"), TEXT),
        kind=choice(ExampleKind),
        num_examples=COUNT,
        candidates=array(candidate),
        comparisons=array(
            closed(
                **dict.fromkeys(("smaller", "larger", "sentence", "test"), TEXT),
                finding=choice(EnoughFinding),
                **dict.fromkeys(
                    ("num_examples", "num_right_smaller", "num_right_larger", "num_only_smaller", "num_only_larger"),
                    COUNT,
                ),
                **dict.fromkeys(numbers, NUMBER),
                num_more=nullable(COUNT),
            )
        ),
        remarks=TEXTS,
    )


def _hub_size() -> Schema:
    """The document of `size`, and the hub it comes from."""
    hub = closed(
        **dict.fromkeys(("model", "host", "revision", "commit"), TEXT),
        licence=nullable(TEXT),
        gate=choice(Gate),
        private=BOOLEAN,
        num_requests=COUNT,
        transferred=FIGURE,
        ready_made=TEXTS,
        build=nullable(TEXT),
        builds=TEXTS,
    )
    return closed(**{**_size()["properties"], **head("hub-size")}, hub=hub)


def _hub_search() -> Schema:
    model = closed(
        id=TEXT,
        **dict.fromkeys(("task", "licence", "library"), nullable(TEXT)),
        gate=choice(Gate),
        private=BOOLEAN,
        **dict.fromkeys(("num_downloads", "num_likes"), COUNT),
        **dict.fromkeys(("parameters", "weights"), FIGURE),
    )
    counts = dict.fromkeys(("num_looked_at", "num_size_unknown"), COUNT)
    return closed(**head("hub-search"), host=TEXT, words=TEXT, models=array(model), **counts)


def _own_models() -> Schema:
    """The user's own models, as every candidate list takes them."""
    model = closed(
        model=TEXT, origin=choice(Origin), path=nullable(TEXT), is_here=BOOLEAN, hub_model=nullable(TEXT),
        commit=nullable(TEXT), file=nullable(TEXT), tasks=TEXTS, licence=nullable(TEXT), parameters=FIGURE,
        weights=FIGURE, stored_as=TEXT, format=nullable(TEXT), formats=TEXTS, added=TEXT,
    )  # fmt: skip
    return closed(**head("own-models"), notice=TEXT, models=array(model))


def _hub_plan() -> Schema:
    return closed(
        **head("hub-plan"),
        **_hub_build(),
        variants=TEXTS,
        **dict.fromkeys(("size", "missing", "free", "transferred"), FIGURE),
        files=array(closed(name=TEXT, size=FIGURE, here=BOOLEAN)),
    )


def _hub_download() -> Schema:
    return closed(
        **head("hub-download"),
        **_hub_build(),
        **dict.fromkeys(("size", "transferred"), FIGURE),
        files=array(closed(name=TEXT, size=FIGURE, checked=BOOLEAN, was_here=BOOLEAN)),
    )


def _hub_build() -> dict[str, Schema]:
    """Which build of a model, and where."""
    return {
        **dict.fromkeys(("sentence", "model", "host", "revision", "commit", "variant", "folder"), TEXT),
        "kind": choice(Kind),
        "licence": nullable(TEXT),
    }


def _finetune() -> Schema:
    sizes = ("num_examples", "num_tokens", "num_epochs", "num_batch", "rank")
    names = ("weights", "gradients", "optimizer", "activations", "memory", "flops", "time", "energy")
    method = closed(
        method=choice(Method),
        trained=FIGURE,
        trained_share=FIGURE,
        verdict=choice(Verdict),
        **dict.fromkeys(names, FIGURE),
    )
    return closed(
        **head("finetune"),
        model=TEXT,
        device=TEXT,
        plan=closed(**dict.fromkeys(sizes, FIGURE), targets=TEXT, checkpointing=BOOLEAN),
        parameters=FIGURE,
        steps=FIGURE,
        memory_free=FIGURE,
        methods=array(method),
        boundary=TEXT,
        assumptions=TEXTS,
    )


def _probe() -> Schema:
    names = ("time_to_first_token", "time_per_token", "time_per_query", "rate", "peak_memory", "load_time",
             "energy_per_1000_queries", "wall")  # fmt: skip
    return closed(
        **head("probe"),
        id=nullable(TEXT),
        created=nullable(TEXT),
        outcome=choice(OutcomeCode),
        message=TEXT,
        sentence=TEXT,
        kind={"enum": ["synthetic", "weights"]},
        model=nullable(TEXT),
        format=nullable(TEXT),
        device=nullable(TEXT),
        workload=nullable(ref("workload")),
        depths_measured=array(COUNT),
        num_layers=nullable(COUNT),
        extrapolated=BOOLEAN,
        **dict.fromkeys(names, FIGURE),
        num_measurements=COUNT,
        depths=array(raw_struct(DepthMeasurement)),
        samples=array(raw_struct(Sample)),
        grade={"enum": ["A", "B", "C", None]},
        reasons=TEXTS,
        estimate=nullable(ref("estimate")),
        num_threads=nullable(COUNT),
        threads=nullable(with_inner(ThreadChoice, ThreadTrial)),
        precision=nullable(raw_struct(Precision)),
        contexts=array(closed(num_context_tokens=COUNT, time_per_token=FIGURE)),
        provider=nullable(TEXT),
        versions={"type": "object", "additionalProperties": TEXT},
        fingerprint=nullable(TEXT),
        power_source=nullable(TEXT),
        agreement=AGREEMENT,
        build_s=nullable(NUMBER),
        energy=nullable(whole(EnergyResult)),
        weights=nullable(_weights()),
        beside=array(_beside()),
    )


def _weights() -> Schema:
    return closed(
        folder=TEXT, layout={"enum": list(get_args(Layout))}, files=array(raw_struct(WeightFile)),
        revision=nullable(TEXT), language=nullable(TEXT), with_template=BOOLEAN, num_texts=COUNT, unknown_share=NUMBER,
        load_time_cold=FIGURE, tokenize_time=FIGURE, made_up_probe=nullable(TEXT), notes=TEXTS,
    )  # fmt: skip


def _beside() -> Schema:
    maybe = nullable(FIGURE)
    return closed(
        figure=TEXT, label=TEXT, estimate=maybe, made_up=maybe, weights=FIGURE, over_made_up=maybe, over_estimate=maybe
    )  # fmt: skip


def whole(kind: type[msgspec.Struct]) -> Schema:
    """A value with all the values in it, written out where it stands."""
    (root,), parts = msgspec.json.schema_components((kind,), ref_template="{name}")

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(item) for item in node]
        if not isinstance(node, dict):
            return node
        if set(node) == {"$ref"}:
            name = node["$ref"]
            if name == "Quantity":
                return FIGURE
            part = resolved(parts[name])
            return {**part, "additionalProperties": False, "required": list(part["properties"])}
        return {key: resolved(item) for key, item in node.items() if key not in ("title", "default")}

    made: Schema = resolved(root)
    return made


def _meters() -> Schema:
    info = whole(MeterInfo)
    info = {**info, "properties": {**info["properties"], "used": BOOLEAN}, "required": [*info["required"], "used"]}
    return closed(
        **head("meters"), meters=array(info), reasons={"type": "object", "additionalProperties": TEXT},
        checks=nullable(array(whole(MeterCheck))),
    )  # fmt: skip


def _compare_energy() -> Schema:
    turns: Schema = {"type": "array", "items": {"type": ["number", "null"]}}
    side = closed(
        model=TEXT, format=TEXT, energy_per_query=FIGURE, turns_j=turns, query_s=array(NUMBER), ratio=nullable(FIGURE),
        finding={"enum": [*get_args(Finding), None]},
    )  # fmt: skip
    return closed(
        **head("compare-energy"), created=TEXT, meter=whole(MeterInfo), order=array(COUNT), candidates=array(side),
        sentences=TEXTS,
    )  # fmt: skip


def _compression() -> Schema:
    result = whole(CompressionResult)
    result = {
        **result,
        "properties": {**result["properties"], "sentences": TEXTS},
        "required": [*result["required"], "sentences"],
    }
    return closed(**head("compression"), results=array(result))


def _compare_codecarbon() -> Schema:
    ours = closed(
        id=TEXT, created=TEXT, model=TEXT, format=TEXT, n_queries=COUNT, boundary=TEXT, duration_s=FIGURE,
        gross_j=FIGURE, power=FIGURE, g_per_kwh=nullable(FIGURE),
    )  # fmt: skip
    return closed(
        **head("compare-codecarbon"), codecarbon=whole(CodeCarbonSums), ours=array(ours), sentences=TEXTS
    )  # fmt: skip


def _fit_energy() -> Schema:
    """The canonical energy of one measurement: totals are of `workload.n_queries` queries, null is not measured."""
    words, whole_number, number = nullable(TEXT), nullable({"type": "integer"}), nullable(NUMBER)
    evidence: Schema = {"enum": list(EVIDENCE_ORDER)}
    counted = choice(Component)
    phase = closed(gross_j=FIGURE, net_j=FIGURE, duration_s=NUMBER, n_blocks=COUNT, block_shares=array(NUMBER))
    component = closed(
        gross_j=FIGURE, net_j=FIGURE, evidence=evidence, in_total=BOOLEAN, method=choice(MeterMethod), meter=TEXT,
        meter_id=TEXT, covers=TEXT, refresh_s=NUMBER, k_scale=NUMBER, cv=number, loaded_idle_w=FIGURE,
        phases={"type": "object", "additionalProperties": phase},
    )  # fmt: skip
    sci = closed(
        value=FIGURE, r=TEXT, boundary=TEXT, method=TEXT, e_kwh=FIGURE, i_g_per_kwh=FIGURE, m_g=nullable(FIGURE)
    )  # fmt: skip
    check = nullable(array(closed(passed=BOOLEAN, text=TEXT)))
    checks = ("liveness", "cross", "drift", "sampler", "gaps")
    return closed(
        schema={"const": "fit-energy/1"},
        id=TEXT,
        created=TEXT,
        tool=closed(name=TEXT, version=TEXT, versions={"type": "object", "additionalProperties": TEXT}),
        host=closed(
            os=words, system=words, cpu=words, logical_cores=whole_number,
            gpu=array(closed(name=words, memory_bytes=whole_number)), ram_bytes=whole_number,
            virtualised=nullable(BOOLEAN), power_source=words,
        ),
        model=closed(
            name=TEXT, source=TEXT, sha256=words, params=whole_number, layers=whole_number, format=TEXT, runtime=TEXT,
            ep=TEXT, threads=COUNT,
        ),
        workload=closed(
            id=words, task=words, prompts_sha256=words, n_queries={"type": "integer", "minimum": 1}, scope=TEXT,
            tokens_in=whole_number, tokens_out=whole_number, batch=COUNT, decoding=words,
        ),
        performance=closed(
            latency_s=closed(p50=number, p95=number), query_s=FIGURE, ttft_s=FIGURE, rate=FIGURE, peak_rss_bytes=FIGURE
        ),
        energy=closed(
            boundary=TEXT, mode={"enum": ["quick", "standard", "band"]}, duration_s=FIGURE, window_s=number,
            n_blocks=COUNT, n_rejected=COUNT, extrapolated=BOOLEAN,
            components=closed(**{name: nullable(component) for name in get_args(Component)}),
            excluded=array(closed(component=counted, why=TEXT)), ram_assumed_w=nullable(FIGURE),
            total=closed(gross_j=FIGURE, net_j=FIGURE, evidence=evidence, parts=array(counted)), per_query_wh=FIGURE,
            wh_per_1000_queries=FIGURE, j_per_output_token=FIGURE,
        ),
        checks={"type": "object", "additionalProperties": check, "required": list(checks)},
        carbon=nullable(
            closed(
                g_per_kwh=FIGURE, name=TEXT, iso3=words, year=whole_number, source=TEXT, operational_g=FIGURE,
                embodied_g=nullable(FIGURE), embodied_assumptions=TEXTS, sci=sci, sci_per_1000_tokens=nullable(sci),
            )
        ),
        comparability=closed(aies={"const": False}, reason=TEXT),
        trace=closed(file=words, n_points=COUNT, sha256=words),
    )  # fmt: skip


def _probe_file() -> Schema:
    names = ("time_per_query", "rate", "peak_memory", "device_memory", "load_time", "energy_per_1000_queries", "wall")
    counts: Schema = {"type": "object", "additionalProperties": COUNT}
    size: Schema = {
        "type": ["integer", "string", "null"],
        "description": "A size, a free one's name, or a nameless one.",
    }
    shape: Schema = {"type": ["array", "null"], "items": size}
    value = closed(name=TEXT, kind=choice(ValueKind), data_type=TEXT, shape=shape)
    model = closed(
        file_size=FIGURE,
        ir_version=COUNT,
        producer=TEXT,
        opsets=counts,
        inputs=array(value),
        outputs=array(value),
        custom_operators=TEXTS,
        num_nodes=COUNT,
        num_by_operator=counts,
        parameters=FIGURE,
        weights={"type": "object", "additionalProperties": FIGURE},
        external_files=array(closed(name=TEXT, size=FIGURE, num_tensors=COUNT)),
    )
    return closed(
        **head("probe-file"),
        id=TEXT,
        created=TEXT,
        outcome=choice(OutcomeCode),
        sentence=TEXT,
        file=TEXT,
        sha256=TEXT,
        model=model,
        inputs=array(closed(name=TEXT, data_type=TEXT, shape=array(COUNT), values=TEXT, why=TEXT)),
        free_dimensions=array(closed(name=TEXT, value=COUNT, why=TEXT)),
        **dict.fromkeys(names, FIGURE),
        num_batch=COUNT,
        num_measurements=COUNT,
        num_launches=COUNT,
        launches_apart_share=nullable(NUMBER),
        samples=array(raw_struct(Sample)),
        grade={"enum": ["A", "B", "C"]},
        reasons=TEXTS,
        num_threads=COUNT,
        pinned=BOOLEAN,
        device=TEXT,
        provider=TEXT,
        placement=array(closed(provider=TEXT, num_nodes=COUNT, num_by_operator=counts)),
        versions={"type": "object", "additionalProperties": TEXT},
        fingerprint=TEXT,
        power_source=nullable(TEXT),
        agreement=AGREEMENT,
    )


def _calibration() -> Schema:
    rate = closed(name=TEXT, **FIGURE_FIELDS, residual_share=nullable(NUMBER), meaning=TEXT)
    return closed(
        **{name: head("calibration")[name] for name in ("schema", "version")},
        created=TEXT,
        fingerprint=TEXT,
        runtime_version=TEXT,
        power_source=nullable(TEXT),
        num_threads=COUNT,
        grade={"enum": ["A", "B", "C"]},
        reasons=TEXTS,
        wall_s=NUMBER,
        peak_rss_bytes=COUNT,
        rates=array(rate),
    )


def _with_definitions(name: str, document: Schema) -> Schema:
    """Put only the definitions that are used beside the document."""
    pool = {
        **DEFINITIONS,
        "pick": closed(**CANDIDATE_FIELDS, reason=TEXT, why_not_smaller=TEXT, why_not_larger=TEXT, caveats=TEXTS),
    }
    used: dict[str, Schema] = {}
    waiting = [document]
    while waiting:
        text = json.dumps(waiting.pop())
        for key, definition in pool.items():
            if f'"#/$defs/{key}"' in text and key not in used:
                used[key] = definition
                waiting.append(definition)
    return {
        "$schema": DIALECT,
        "$id": f"urn:model-fit-advisor:{name}:1",
        "title": f"Model Fit Advisor: {name}",
        **document,
        **({"$defs": dict(sorted(used.items()))} if used else {}),
    }


def report() -> Schema:
    """The report follows from its value type."""
    root, parts = msgspec.json.schema_components((ReportDocument,), ref_template="#/$defs/{name}")
    definitions = {name: {**part, "additionalProperties": False} for name, part in parts.items()}
    document = definitions.pop("ReportDocument")
    document["required"] = list(document["properties"])
    for definition in definitions.values():
        definition["required"] = list(definition["properties"])
    assert root[0] == {"$ref": "#/$defs/ReportDocument"}
    return {
        "$schema": DIALECT,
        "$id": "urn:model-fit-advisor:report:1",
        **document,
        "title": "Model Fit Advisor: report",
        "$defs": dict(sorted(definitions.items())),
    }


def schemas() -> dict[str, Schema]:
    """Every schema by the name of its file without the ending."""
    made = {name: _with_definitions(name, document) for name, document in documents().items()}
    return {**made, "report": report()}


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        text = json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        (folder / f"{name}.schema.json").write_text(text, "utf-8")


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[2]
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else here / "resources" / "schema")
