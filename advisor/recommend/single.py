"""One candidate by name, and the sizes it is judged at: what `estimate` and `probe` ask for a single model."""

from collections.abc import Mapping

import msgspec

from advisor.catalog import formats, own_models
from advisor.catalog.load import Catalog
from advisor.catalog.model import Candidate, ModelCard
from advisor.errors import InvalidInputError
from advisor.recommend.approach import approaches
from advisor.recommend.qualify import qualifies
from advisor.task import presets
from advisor.task.model import TaskKind, TaskSpec, Workload

_KIND_OF_TAG: dict[str, TaskKind] = {
    "text-generation": "generation",
    "chat": "generation",
    "image-text-to-text": "image-text",
    "image-to-text": "image-text",
    "sentence-similarity": "sentence-embedding",
    "text-ranking": "reranking",
    "automatic-speech-recognition": "speech-recognition",
    "speech-translation": "speech-recognition",
    "translation": "translation",
    "summarization": "summarization",
    "text2text-generation": "summarization",
    "text-classification": "text-classification",
    "zero-shot-classification": "zero-shot-classification",
    "token-classification": "token-classification",
    "question-answering": "question-answering",
    "text-to-image": "image-generation",
    "text-to-speech": "speech-synthesis",
    "object-detection": "object-detection",
    "zero-shot-object-detection": "object-detection",
    "image-classification": "image-classification",
    "zero-shot-image-classification": "image-classification",
    "image-feature-extraction": "image-classification",
    "feature-extraction": "sentence-embedding",
    "fill-mask": "sentence-embedding",
}
"""The task a model is judged at when the user names none, in the order the tags are looked for."""


def candidate(model_id: str, format_id: str, catalog: Catalog | None = None) -> Candidate:
    """Find a model and a format it exists in.

    Raises:
        NotFoundError: the model or the format is not known; near names are listed.
        InvalidInputError: `format-not-applicable`; the formats that apply are listed.
    """
    card = (catalog or own_models.catalog()).by_id(model_id)
    chosen = formats.by_id(format_id)
    possible = formats.applicable(card)
    if chosen.id not in {item.id for item in possible}:
        names = ", ".join(item.id for item in possible)
        raise InvalidInputError(
            "format-not-applicable",
            f"{card.id} does not exist as {chosen.id}.",
            remedy=f"Choose one of: {names}." if names else "Its shape is not known, so no format can be sized.",
        )
    return Candidate(model=card, format=chosen)


def default_kind(card: ModelCard) -> TaskKind:
    """Return the kind of task a model is judged at when none is named; generation when its tags say nothing."""
    return next((kind for tag, kind in _KIND_OF_TAG.items() if tag in card.tasks), "generation")


def workload(chosen: Candidate, task: TaskSpec | None, controls: Mapping[str, object]) -> Workload:
    """Return the sizes of one query, as the approach that this model serves runs them.

    Args:
        chosen: the candidate.
        task: what the user wants, or None for the model's own kind of task at typical sizes.
        controls: fields of the task that the user set; they win. Used only where `task` is None.
    """
    if task is None:
        base = TaskSpec(kind=default_kind(chosen.model))
        task = msgspec.structs.replace(base, **controls)
    sizes = presets.workload(task)
    for approach in approaches(task, sizes):
        if qualifies(approach.id, chosen.model, task.kind):
            return approach.workload
    return sizes
