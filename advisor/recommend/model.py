"""The answer's values: approaches, rows, reasons."""

from typing import Literal

import msgspec

from advisor.estimate.learning import Learned
from advisor.estimate.model import Estimate, Verdict
from advisor.evidence import Evidence, Quantity
from advisor.hardware.model import HardwareProfile
from advisor.task.model import TaskSpec, Workload

ApproachId = Literal[
    "generate", "seq2seq", "fine-tuned-classifier", "embedder-head", "zero-shot-nli", "embedder", "embedder-reranker",
    "reranker", "token-classifier", "extractive-qa", "asr-seq2seq", "asr-ctc", "image-classifier", "image-zero-shot",
    "image-embedder-head", "detector", "image-text", "diffusion", "tts",
]  # fmt: skip


class Approach(msgspec.Struct, frozen=True, kw_only=True):
    """One way to serve a task."""

    id: ApproachId
    label: str
    """`Embedder with a linear head on your examples`."""
    needs: str
    """What the user must bring: `about 8 labelled examples per label`, `nothing`."""
    limits: str
    """What it can't do, one sentence."""
    workload: Workload
    """The task's sizes as this approach runs them."""
    hub_tasks: tuple[str, ...]
    """Catalog tags of the models it can use."""
    possible: bool = True
    """False when the user cannot bring what it needs."""
    why_not: str = ""


class QualityView(msgspec.Struct, frozen=True, kw_only=True):
    """The public figure a candidate is judged by; never mixed with another benchmark."""

    benchmark: str | None = None
    """Null: no figure is known for this approach's benchmarks."""
    metric: str | None = None
    value: float | None = None
    source: str | None = None
    rank_share: float | None = None
    """Place among the catalog's models that serve this kind of task and have a figure of the same benchmark and metric,
    0 worst to 1 best; null with fewer than five of them."""
    num_compared: int = 0
    """How many models that place is among."""
    higher_is_better: bool = True
    meets_need: bool | None = None
    """Null when unknown."""
    format_note: str = ""
    """What quantization does to the figure: the published one is for the original weights."""


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A hard need a candidate does not meet."""

    code: Literal[
        "licence",
        "licence-unknown",
        "language",
        "memory",
        "unknown-memory",
        "disk",
        "context",
        "latency",
        "quality",
        "approach",
    ]
    text: str
    """One sentence with the numbers."""


class MeasuredView(msgspec.Struct, frozen=True, kw_only=True):
    """A probe made on this machine for the same candidate and sizes."""

    probe_id: str
    created: str
    evidence: Evidence
    same_workload: bool
    """False: measured at other sizes; shown, not used for ranking."""
    memory: Quantity
    time_to_first_token: Quantity
    time_per_token: Quantity
    rate: Quantity
    grade: str


class CandidateRow(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate as it is shown: estimate and measurement side by side."""

    index: int
    """Stable number inside one recommendation."""
    model: str
    family: str
    format: str
    approach: ApproachId
    licence: str | None
    languages: tuple[str, ...] | None
    verdict: Verdict
    estimate: Estimate
    measured: MeasuredView | None
    energy_per_1000_queries: Quantity
    carbon_per_1000_queries: Quantity
    """[g] Excluded until the user has chosen a region."""
    quality: QualityView
    rejections: tuple[Rejection, ...]
    """Empty: meets every hard need."""
    pareto: bool
    """On the front of quality against energy, time and memory."""
    rank: int | None
    """1 is the pick; null when rejected."""
    evidence: Evidence
    """The weakest of memory, speed and energy."""
    can_probe: bool
    why_no_probe: str = ""
    yours: bool = False
    """A model the user brought, not one of the shipped catalog."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why the pick is the pick, in sentences with numbers."""

    pick: str
    smaller: str
    """Why the next smaller was not picked, or that there is none."""
    larger: str
    """Why the next larger was not picked, or that there is none."""
    caveats: tuple[str, ...] = ()


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """The recommendation."""

    index: int
    """Index of the row."""
    reason: Reason


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a recommendation is about, without its rows."""

    task: TaskSpec
    machine: HardwareProfile
    approaches: tuple[Approach, ...]
    pick: Pick | None
    why_no_pick: str = ""
    """What stands in the way and which need to relax, when there is no pick."""
    num_candidates: int
    num_rejected: dict[str, int]
    catalog_version: str
    created: str
    learned: Learned | None = None
    """What probes made on this machine have taught about the estimates; null before a calibration."""
