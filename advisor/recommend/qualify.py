"""Which catalog models an approach can use, read off their tags and structure; never off their size or score."""

import re
from collections.abc import Callable

from advisor.catalog.model import ModelCard
from advisor.recommend.model import ApproachId
from advisor.task.model import TaskKind, TaskSpec

HUB_TASKS: dict[ApproachId, tuple[str, ...]] = {
    "generate": ("text-generation",),
    "seq2seq": ("summarization", "translation"),
    "fine-tuned-classifier": ("text-classification",),
    "embedder-head": ("sentence-similarity",),
    "zero-shot-nli": ("zero-shot-classification",),
    "embedder": ("sentence-similarity",),
    "embedder-reranker": ("text-ranking",),
    "reranker": ("text-ranking",),
    "token-classifier": ("token-classification",),
    "extractive-qa": ("question-answering",),
    "asr-seq2seq": ("automatic-speech-recognition",),
    "asr-ctc": ("automatic-speech-recognition",),
    "image-classifier": ("image-classification",),
    "image-zero-shot": ("zero-shot-image-classification",),
    "image-embedder-head": ("image-feature-extraction",),
    "detector": ("object-detection", "zero-shot-object-detection"),
    "image-text": ("image-text-to-text", "image-to-text"),
    "diffusion": ("text-to-image",),
    "tts": ("text-to-speech",),
}
"""Catalog tags an approach draws from; one of them is enough."""

LABEL_TOPICS: dict[str, tuple[str, str]] = {
    "sentiment": (
        r"\b(sentiments?|positive|negative|opinions?|stimmung|moods?)\b",
        r"sst-?2|sentiment",
    ),
    "toxicity": (r"\b(toxic\w*|hate ?speech|abusive|insult\w*)\b", r"toxic|hate"),
    "emotion": (r"\b(emotions?|anger|joy|feelings?)\b", r"emotion"),
    "spam": (r"\b(spam|phishing)\b", r"spam|phishing"),
    "language": (
        r"\b(language (identification|detection)|detect the language|which language)\b",
        r"language-(id|detection)",
    ),
}
"""Label set -> (pattern that finds it in the user's words, pattern that finds models trained on it by their id)."""

_INSTRUCT = re.compile(r"instruct|chat|-it\b|-it$|bloomz|r1-distill|rnj|assistant", re.IGNORECASE)
_CODE_WORDS = re.compile(
    r"(?<!\w)(code|coding|programming|program|python|javascript|typescript|java|rust|c\+\+|sql|regex|unit tests?|"
    r"functions?|scripts?|refactor\w*|debug\w*)(?!\w)",
    re.IGNORECASE,
)
_CTC = re.compile(r"wav2vec2|hubert|mms|parakeet|ctc|rnnt|tdt", re.IGNORECASE)
_GENERATION_KINDS: frozenset[TaskKind] = frozenset({"generation"})


def about_code(task: TaskSpec) -> bool:
    """Return whether the task is about program code."""
    return task.kind in _GENERATION_KINDS and _CODE_WORDS.search(task.text) is not None


def label_topic(task: TaskSpec) -> str | None:
    """Return the label set that ready-made classifiers could cover, found in the user's words, or null."""
    for topic, (words, _) in LABEL_TOPICS.items():
        if re.search(words, task.text, re.IGNORECASE):
            return topic
    return None


def qualifies(approach: ApproachId, card: ModelCard, kind: TaskKind) -> bool:
    """Return whether a model can be used by an approach at all, whatever the task's needs.

    Args:
        approach: the approach.
        card: the model.
        kind: the task kind; a summarizer can't translate.
    """
    tags = HUB_TASKS[approach]
    if approach == "seq2seq":
        tags = (kind,)
    if not set(tags) & set(card.tasks):
        return False
    extra = _EXTRA.get(approach)
    return extra is None or extra(card, kind)


def is_code_model(card: ModelCard) -> bool:
    """Return whether a model is made for program code."""
    return "code" in card.tasks


def trained_on(card: ModelCard, topic: str | None) -> bool:
    """Return whether a ready-made classifier's id says that it was trained on that label set; the user knows theirs."""
    if topic is None or card.read is not None:
        return topic is not None
    return re.search(LABEL_TOPICS[topic][1], card.id, re.IGNORECASE) is not None


def _follows_instructions(card: ModelCard, kind: TaskKind) -> bool:
    """Base models continue a text; they do not answer. Reasoning models think aloud first: long texts only."""
    if "reasoning" in card.tasks and kind not in _GENERATION_KINDS:
        return False
    if is_code_model(card) and kind not in _GENERATION_KINDS:
        return False
    return "chat" in card.tasks or "reasoning" in card.tasks or _INSTRUCT.search(card.id) is not None


def _has_labels(card: ModelCard, _: TaskKind) -> bool:
    return card.read is not None or any(
        re.search(pattern, card.id, re.IGNORECASE) for _words, pattern in LABEL_TOPICS.values()
    )


def _is_ctc(card: ModelCard) -> bool:
    model_type = card.architecture.model_type if card.architecture is not None else ""
    return _CTC.search(model_type) is not None or _CTC.search(card.id) is not None


def _speech_only(card: ModelCard) -> bool:
    return not {"text-generation", "chat"} & set(card.tasks)


_EXTRA: dict[ApproachId, Callable[[ModelCard, TaskKind], bool]] = {
    "generate": _follows_instructions,
    "fine-tuned-classifier": _has_labels,
    "asr-seq2seq": lambda card, _: _speech_only(card) and not _is_ctc(card),
    "asr-ctc": lambda card, _: _speech_only(card) and _is_ctc(card),
    # DINO backbones are tagged as classifiers too, but ship without class names.
    "image-classifier": lambda card, _: "image-feature-extraction" not in card.tasks,
}
