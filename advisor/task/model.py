"""What the user wants done, and its sizes."""

from typing import Literal, get_args

import msgspec

TaskKind = Literal[
    "generation", "summarization", "translation", "text-classification", "zero-shot-classification",
    "token-classification", "question-answering", "sentence-embedding", "reranking", "speech-recognition",
    "image-classification", "object-detection", "image-text", "image-generation", "speech-synthesis",
]  # fmt: skip
TASK_KINDS: tuple[TaskKind, ...] = get_args(TaskKind)
LicenceNeed = Literal["any", "commercial"]
QualityNeed = Literal["any", "basic", "good", "best"]
PowerSource = Literal["mains", "battery"]


class TaskSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task. `None` means the user did not say; presets fill sizes in `presets.workload`."""

    kind: TaskKind
    text: str = ""
    """The user's own words."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes where there is one, else ISO 639-3."""
    target_languages: tuple[str, ...] = ()
    """For translation and the like: what comes out."""
    num_input_tokens: int | None = None
    num_output_tokens: int | None = None
    num_context_tokens: int | None = None
    """Longest context that must be held; start value 4096 for generation."""
    num_batch: int | None = None
    num_labels: int | None = None
    num_labelled_examples: int | None = None
    """Labelled examples the user can give; 0 means none, null not said."""
    audio_s: float | None = None
    """[s] Length of one recording, or of the speech to make."""
    num_images: int | None = None
    num_documents: int | None = None
    """Documents searched, or passages ranked per query."""
    num_queries_per_day: float | None = None
    max_latency_s: float | None = None
    """[s] Wish: one query answered within."""
    quality_need: QualityNeed = "any"
    licence_need: LicenceNeed = "any"
    max_memory_bytes: int | None = None
    max_disk_bytes: int | None = None
    region: str | None = None
    """ISO 3166-1 alpha-3 country of the electricity grid, or `World`; null until the user chooses one."""
    power_source: PowerSource | None = None


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes of one query, all known: what an estimate or a probe needs."""

    num_input_tokens: int = 128
    """Tokens read per query (per text for embedders, per query-passage pair for rerankers)."""
    num_output_tokens: int = 0
    """Tokens generated per query; 0 for encoders."""
    num_context_tokens: int = 4096
    """Cache allocated, in tokens."""
    num_batch: int = 1
    num_passes: int = 1
    """Forward passes per query: labels of a zero-shot classifier, passages of a reranker, denoising steps."""
    audio_s: float = 0.0
    num_images: int = 0
    num_queries_per_day: float | None = None
    assumed_fields: tuple[str, ...] = ()
    """Names of the fields that came from a preset and not from the user."""


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was understood in the user's words."""

    field: str
    """Name of the `TaskSpec` field it sets."""
    value: str | int | float | tuple[str, ...]
    label: str
    """What the chip shows: `German, Hindi`, `500 a day`, `at most 1 s`."""
    words: str
    """The words it was read from."""
    start: int
    """Offset of those words in the text."""
    end: int


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A text turned into a task."""

    task: TaskSpec
    chips: tuple[Chip, ...]
    not_understood: tuple[str, ...]
    """Words that carry meaning and were not used, in order."""
    notes: tuple[str, ...] = ()
    """What was guessed, one sentence each: `No task word found: chat is assumed.`"""
    kind_certain: bool = True
    """False when the kind was guessed; the user is asked to confirm it."""
