"""What a run of a model on the user's own examples is asked and what it answers. Pure values, and which way fits."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

from advisor.errors import InvalidInputError
from advisor.evidence import Quantity
from advisor.examples.model import ExampleKind, ExampleSet
from advisor.examples.score import Score
from advisor.hardware.model import CpuFacts
from advisor.runnable.model import RunnableModel

JOB = "examples-run"
HISTORY_KIND = "examples"
Method = Literal["descriptions", "centroid", "labels", "likelihood", "answer"]
"""`descriptions`: an embedder takes the label whose description is nearest. `centroid`: the label whose other examples
are nearest on the mean. `labels`: a classifier with its own labels. `likelihood`: a language model takes the label that
is most likely as its answer. `answer`: what a language model writes."""
METHODS: tuple[Method, ...] = get_args(Method)
Scoring = Literal["calibrated", "mean", "sum"]
"""Of `likelihood`: [nat] log-probability of the whole label, end of answer included; `calibrated`: less what it is for
prompts without content, so that a label that is likely anyway is not preferred; `mean`: per token; `sum`: as it is."""
NoteCode = Literal["cut", "one-of-a-label", "no-end-token", "folds", "no-answers", "energy-band"]
DEFAULT_NUM_ANSWER_TOKENS = 64
LEAVE_ONE_OUT_UP_TO = 1000
NUM_FOLDS = 10


class ExamplesRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one set of examples."""

    path: str
    """Folder of the model, or its ONNX file."""
    model_id: str | None = None
    examples: ExampleSet
    method: Method | None = None
    """Null: the usual one for the model."""
    instruction: str = ""
    """What the model is told to do; the app's own words when empty."""
    descriptions: dict[str, str] = {}
    """Of labels, by the label; a label without one is described by its name."""
    scoring: Scoring = "calibrated"
    seed: int = 0
    max_num_answer_tokens: int = DEFAULT_NUM_ANSWER_TOKENS
    num_threads: int = 1
    with_energy: bool = True
    time_share: float = 1.0
    """[1] Of the times energy is measured for; tests make it shorter."""
    sys_root: str = "/sys"
    cpu: CpuFacts | None = None
    """For the typical range where no meter can be read; null: energy is then excluded."""
    fingerprint: str = ""
    """Of this machine."""


class ExampleOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What a model made of one example."""

    text: str | None
    """Its label or answer; null: none of the labels."""
    latency_s: float
    num_input_tokens: int
    num_output_tokens: int = 0
    """Tokens of the answer; 0 where nothing is written."""
    is_cut: bool = False
    """The text was longer than the model takes, and was cut."""
    is_right: bool | None = None
    """Null: the example has no answer."""
    similarity_share: float | None = None
    """chrF of a written answer."""


class RunNote(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the run that the user should know; sentences are made in `report.examples_run`."""

    code: NoteCode
    num_examples: int = 0
    detail: str = ""


class ExamplesResult(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one set of examples: how good, and what it costs."""

    id: str
    created: str
    """ISO 8601, UTC."""
    model: str
    format: str
    """The catalog's name, or empty."""
    fingerprint: str
    model_bytes: int
    """[B] Graphs and weights."""
    method: Method
    scoring: Scoring | None = None
    """Null: another method."""
    kind: ExampleKind
    source: str
    """Name of the examples' file."""
    examples_hash: str
    """Of texts and answers, in order; results with the same hash are compared in pairs."""
    num_examples: int
    instruction: str
    descriptions: dict[str, str]
    seed: int
    outputs: tuple[ExampleOutput, ...]
    """In the order of the examples; empty in the history unless the user wants them kept."""
    score: Score | None
    """Without the misses, which repeat the texts: `examples_compare.misses` makes them. Null: no answers are known."""
    time_per_query: Quantity
    rate: Quantity
    """[queries/s] One after another."""
    load_time: Quantity
    peak_memory: Quantity
    energy_per_1000: Quantity
    """[Wh] Of 1,000 queries, gross."""
    energy_boundary: str
    """What is in that figure; empty where there is none."""
    num_input_tokens: int
    num_output_tokens: int
    num_threads: int
    versions: dict[str, str]
    notes: tuple[RunNote, ...] = ()
    examples: ExampleSet | None = None
    """The texts themselves, only where the user wants them kept."""


def examples_hash(examples: ExampleSet) -> str:
    """Return 16 hexadecimal digits of a SHA-256 over kind, texts and answers in their order."""
    parts = [examples.kind, [(item.text, item.answer()) for item in examples.examples]]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


def methods(model: RunnableModel, kind: ExampleKind) -> tuple[Method, ...]:
    """Return the ways in which a model can work on examples of a kind, the usual one first."""
    writes = model.head == "next-token" and model.structure in ("decoder", "encoder-decoder")
    if kind == "generation":
        return ("answer",) if writes else ()
    if model.structure == "decoder" and writes:
        return ("likelihood", "answer")
    if writes:
        return ("answer",)
    if model.structure in ("encoder", "decoder") and model.head == "embedding":
        return ("descriptions", "centroid")
    return ("labels",) if model.structure == "encoder" and model.head == "classes" else ()


def chosen_method(model: RunnableModel, kind: ExampleKind, wanted: Method | None) -> Method:
    """Return the way a model works on examples.

    Raises:
        InvalidInputError: `method-unsuitable`; the model cannot do it, with what it can.
    """
    known = methods(model, kind)
    if wanted is None and known:
        return known[0]
    if wanted in known and wanted is not None:
        return wanted
    what = "label texts" if kind == "classification" else "answer prompts"
    if not known:
        raise InvalidInputError(
            "method-unsuitable", f"{model.model_id} cannot {what}: it is of the kind {model.structure}, {model.head}.",
            remedy="Choose a language model"
            + (", an embedder or a classifier of texts." if kind == "classification" else "."),
        )  # fmt: skip
    raise InvalidInputError(
        "method-unsuitable", f"{model.model_id} cannot {what} by the method {wanted}.",
        remedy=f"It can by {' or '.join(known)}.",
    )  # fmt: skip


def check_descriptions(examples: ExampleSet, descriptions: Mapping[str, str]) -> None:
    """Refuse descriptions of labels that do not occur.

    Raises:
        InvalidInputError: `label-unknown`.
    """
    known = labels(examples)
    unknown = [label for label in descriptions if label not in known]
    if unknown:
        raise InvalidInputError(
            "label-unknown", f"There is no label {unknown[0]!r} in {examples.source}.",
            remedy=f"The labels are {', '.join(known[:20])}.",
        )  # fmt: skip


def labels(examples: ExampleSet) -> tuple[str, ...]:
    """Return the labels, the most frequent first."""
    return tuple(item.label for item in examples.labels)


def without_texts(result: ExamplesResult) -> ExamplesResult:
    """Return a result as it is kept by default: no text, no output, no instruction; labels stay."""
    return msgspec.structs.replace(result, outputs=(), instruction="", descriptions={}, examples=None)


def smallest_first(results: Sequence[ExamplesResult]) -> tuple[ExamplesResult, ...]:
    """Return results by their time per query, the least work first; where it is the same, by the size of the weights.

    Bytes on disk alone would call a language model in 4 bits smaller than an embedder in 32 that does a fiftieth of
    its work.
    """
    return tuple(sorted(results, key=lambda item: (item.time_per_query.value or 0.0, item.model_bytes)))
