"""Typical sizes of each kind of task, and the workload of a task: what the user said, the rest from the preset."""

from functools import cache
from typing import TypeVar

import msgspec

from advisor import resources
from advisor.errors import NotFoundError
from advisor.task.find import TOKENS_PER_WORD, WORDS_PER_SPOKEN_MINUTE
from advisor.task.model import TaskKind, TaskSpec, Workload

_T = TypeVar("_T")
_SUMMARY_SHARE = 1 / 20
_SUMMARY_LONGEST = 1024
"""[tokens] A summary grows with its text up to here; see the reason of the preset `summary`."""
_LONGEST_CONTEXT = 2**40
TOKENS_PER_SPOKEN_SECOND = WORDS_PER_SPOKEN_MINUTE * TOKENS_PER_WORD / 60
"""[tokens/s] Text of one second of speech."""


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of one query, with the reason for each."""

    id: str
    kind: TaskKind
    label: str
    default: bool
    """True for the one preset of its kind that fills what the user did not say."""
    num_input_tokens: int
    num_output_tokens: int
    num_context_tokens: int
    num_passes: int
    audio_s: float
    """[s]"""
    num_images: int
    reason: str
    source: str
    """Where published sizes come from, or `assumption`."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    presets: tuple[Preset, ...]


@cache
def presets() -> tuple[Preset, ...]:
    """Return all presets, shipped in `resources/presets/tasks.json`."""
    return msgspec.json.decode(resources.read("presets/tasks.json"), type=_File).presets


@cache
def default(kind: TaskKind) -> Preset:
    """Return the preset that fills the gaps of a kind of task."""
    return next(item for item in presets() if item.kind == kind and item.default)


def named(preset_id: str) -> Preset:
    """Return a preset by its id.

    Raises:
        NotFoundError: `preset-unknown`.
    """
    for item in presets():
        if item.id == preset_id:
            return item
    known = ", ".join(item.id for item in presets())
    raise NotFoundError("preset-unknown", f"There is no preset {preset_id!r}.", remedy=f"Choose one of: {known}.")


def of(item: Preset) -> Workload:
    """Return a preset as a workload; every size is assumed."""
    return Workload(
        num_input_tokens=item.num_input_tokens,
        num_output_tokens=item.num_output_tokens,
        num_context_tokens=item.num_context_tokens,
        num_passes=item.num_passes,
        audio_s=item.audio_s,
        num_images=item.num_images,
        assumed_fields=(
            "num_input_tokens", "num_output_tokens", "num_context_tokens", "num_batch", "num_passes", "audio_s",
            "num_images",
        ),
    )  # fmt: skip


def preset(kind: TaskKind) -> Workload:
    """Return the typical workload of a kind of task."""
    return of(default(kind))


def workload(task: TaskSpec) -> Workload:
    """Return the sizes of one query of a task: what the user said, the rest from the kind's preset.

    A longer input makes a longer summary or translation, a longer recording a longer transcript; the context holds
    input and output, rounded up to a power of two, and is at least the preset's. `assumed_fields` names all that the
    user did not say.
    """
    base = default(task.kind)
    said: dict[str, object] = {}
    num_input = _said(said, "num_input_tokens", task.num_input_tokens, base.num_input_tokens)
    audio_s = _said(said, "audio_s", task.audio_s, _speech_length_s(task, base))
    num_output = _said(said, "num_output_tokens", task.num_output_tokens, _output(task, base, num_input, audio_s))
    if task.kind == "speech-synthesis" and task.num_input_tokens is None and task.audio_s is not None:
        num_input = max(1, round(task.audio_s * TOKENS_PER_SPOKEN_SECOND))
    num_batch = _said(said, "num_batch", task.num_batch, 1)
    num_images = _said(said, "num_images", task.num_images, base.num_images)
    num_passes = _said(said, "num_passes", _passes(task), base.num_passes)
    needed = _power_of_two(num_input + num_output)
    longest = base.num_context_tokens if task.kind == "speech-recognition" else max(base.num_context_tokens, needed)
    num_context = _said(said, "num_context_tokens", task.num_context_tokens, longest)
    fields = of(base).assumed_fields
    return Workload(
        num_input_tokens=num_input,
        num_output_tokens=num_output,
        num_context_tokens=num_context,
        num_batch=num_batch,
        num_passes=num_passes,
        audio_s=audio_s,
        num_images=num_images,
        num_queries_per_day=task.num_queries_per_day,
        assumed_fields=tuple(name for name in fields if name not in said),
    )


def _said(said: dict[str, object], field: str, value: _T | None, otherwise: _T) -> _T:
    if value is None:
        return otherwise
    said[field] = value
    return value


def _passes(task: TaskSpec) -> int | None:
    if task.kind == "zero-shot-classification":
        return task.num_labels
    return task.num_documents if task.kind == "reranking" else None


def _speech_length_s(task: TaskSpec, base: Preset) -> float:
    if task.kind == "speech-synthesis" and task.num_input_tokens is not None:
        return task.num_input_tokens / TOKENS_PER_SPOKEN_SECOND
    return base.audio_s


def _output(task: TaskSpec, base: Preset, num_input: int, audio_s: float) -> int:
    """Return the tokens that come out when the user did not say."""
    if task.kind == "translation":
        return num_input
    if task.kind == "summarization":
        return min(_SUMMARY_LONGEST, max(base.num_output_tokens, round(num_input * _SUMMARY_SHARE)))
    if task.kind == "speech-recognition":
        return max(1, round(audio_s * TOKENS_PER_SPOKEN_SECOND))
    return base.num_output_tokens


def _power_of_two(count: int) -> int:
    return 1 << max(0, min(count, _LONGEST_CONTEXT) - 1).bit_length()
