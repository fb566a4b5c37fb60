"""Which ways of serving a task compete, what each needs from the user, and the sizes of a query under each."""

from collections.abc import Callable

import msgspec

from advisor.recommend.model import Approach, ApproachId
from advisor.recommend.qualify import HUB_TASKS, label_topic
from advisor.task.model import TaskKind, TaskSpec, Workload

EXAMPLES_PER_LABEL = 8
"""Labelled examples a linear head on sentence vectors wants for each label. Source: SetFit (arXiv 2209.11055) reaches
the level of full fine-tuning on a sentiment set with 8 a class; harder labels need more."""
ASSUMED_NUM_LABELS = 10
"""Labels when the user did not say how many, as in the preset of zero-shot classification."""
PROMPT_TOKENS = 60
"""[tokens] Instructions around the text when a language model is asked to classify, extract or rank."""
TOKENS_PER_LABEL = 10
"""[tokens] A label and its short description, in a prompt or as a hypothesis of a zero-shot classifier."""
LABEL_ANSWER_TOKENS = 8
"""[tokens] The answer of a language model that was asked for one label."""
RERANKED_PASSAGES = 20
"""Passages re-scored for one search, the best of what the embedder found."""
IMAGENET_CLASSES = 1000

_CANDIDATES: dict[TaskKind, tuple[ApproachId, ...]] = {
    "generation": ("generate",),
    "summarization": ("seq2seq", "generate"),
    "translation": ("seq2seq", "generate"),
    "text-classification": ("fine-tuned-classifier", "embedder-head", "zero-shot-nli", "generate"),
    "zero-shot-classification": ("zero-shot-nli", "embedder-head", "generate"),
    "token-classification": ("token-classifier", "generate"),
    "question-answering": ("extractive-qa", "generate"),
    "sentence-embedding": ("embedder", "embedder-reranker"),
    "reranking": ("reranker", "embedder"),
    "speech-recognition": ("asr-seq2seq", "asr-ctc"),
    "image-classification": ("image-classifier", "image-zero-shot", "image-embedder-head"),
    "object-detection": ("detector",),
    "image-text": ("image-text",),
    "image-generation": ("diffusion",),
    "speech-synthesis": ("tts",),
}

_WORDS: dict[ApproachId, tuple[str, str, str]] = {
    "generate": (
        "Language model that follows instructions",
        "Nothing but a prompt.",
        "It can invent facts or leave the format you asked for, so answers need a check.",
    ),
    "seq2seq": (
        "Model made for this one text task",
        "Nothing.",
        "It does this one task in the languages it was trained on and takes no further instructions.",
    ),
    "fine-tuned-classifier": (
        "Ready-made classifier",
        "Nothing, as long as its labels are yours.",
        "Its labels are fixed.",
    ),
    "embedder-head": (
        "Embedder with a linear head on your examples",
        f"About {EXAMPLES_PER_LABEL} labelled examples for each label.",
        "It knows only the labels you gave examples of; a new label needs new examples.",
    ),
    "zero-shot-nli": (
        "Zero-shot classifier, one pass for each label",
        "Nothing but the names of the labels.",
        "Its time grows with the number of labels, and vague label names cost accuracy.",
    ),
    "embedder": (
        "Embedder",
        "Every document is embedded once before the first search.",
        "It compares meanings as vectors and can miss exact names and numbers.",
    ),
    "embedder-reranker": (
        "Embedder, then a reranker over its best hits",
        "Every document is embedded once before the first search.",
        "Each search costs one more pass for every hit that is scored again.",
    ),
    "reranker": (
        "Reranker",
        "Nothing.",
        "It reads the query with each passage, so it can't search a large collection alone.",
    ),
    "token-classifier": (
        "Ready-made tagger",
        "Nothing, as long as its tags are yours.",
        "Most taggers know only person, place, organisation and a rest.",
    ),
    "extractive-qa": (
        "Reader that marks the answer in a text",
        "The text that holds the answer.",
        "It can only quote a passage, not combine or calculate.",
    ),
    "asr-seq2seq": (
        "Speech model that writes text (Whisper and its kind)",
        "Nothing.",
        "It can invent words in silence or noise.",
    ),
    "asr-ctc": (
        "Speech model that spells sound by sound (CTC or transducer)",
        "Nothing.",
        "Older ones give no punctuation and few know more than English.",
    ),
    "image-classifier": (
        "Ready-made image classifier",
        "Nothing, as long as your classes are among its 1,000 everyday ones.",
        "Its 1,000 ImageNet classes are fixed.",
    ),
    "image-zero-shot": (
        "Image-text matcher (CLIP and its kind)",
        "Nothing but the names of the classes.",
        "Fine differences that are hard to put into words are hard for it too.",
    ),
    "image-embedder-head": (
        "Image embedder with a linear head on your examples",
        f"About {EXAMPLES_PER_LABEL} labelled images for each class.",
        "It knows only the classes you gave examples of.",
    ),
    "detector": (
        "Object detector",
        "Nothing, as long as your objects are among its classes.",
        "Most know the 80 everyday objects of COCO; open-vocabulary ones take names but are slower.",
    ),
    "image-text": (
        "Model that reads images and answers in text",
        "Nothing but a prompt.",
        "Small print and counting are weak points; answers need a check.",
    ),
    "diffusion": (
        "Image generator",
        "Nothing but a prompt.",
        "Text inside images and exact layouts often come out wrong.",
    ),
    "tts": (
        "Speech generator",
        "Nothing but the text.",
        "The voices and languages are those it was trained on.",
    ),
}


def approaches(task: TaskSpec, workload: Workload) -> tuple[Approach, ...]:
    """Return the approaches that compete for a task, the impossible ones too, with the reason.

    Args:
        task: what the user wants.
        workload: sizes of one query of that task as `task.presets.workload` gives them.
    """
    return tuple(_approach(approach_id, task, workload) for approach_id in _CANDIDATES[task.kind])


def num_labels(task: TaskSpec) -> int:
    """Return the number of labels, assumed where the user did not say."""
    return task.num_labels if task.num_labels is not None else ASSUMED_NUM_LABELS


def approach_ids(kind: TaskKind) -> tuple[ApproachId, ...]:
    """Return the approaches to a kind of task."""
    return _CANDIDATES[kind]


def needs_examples(approach_id: ApproachId) -> bool:
    """Return whether an approach learns from the user's labelled examples."""
    return approach_id in _NEED_EXAMPLES


def _approach(approach_id: ApproachId, task: TaskSpec, workload: Workload) -> Approach:
    label, needs, limits = _WORDS[approach_id]
    sizes = _SIZES.get(approach_id)
    why_not = _why_not(approach_id, task)
    return Approach(
        id=approach_id,
        label=label,
        needs=_needs(approach_id, task, needs),
        limits=limits,
        workload=workload if sizes is None else sizes(task, workload),
        hub_tasks=(task.kind,) if approach_id == "seq2seq" else HUB_TASKS[approach_id],
        possible=not why_not,
        why_not=why_not,
    )


_NEED_EXAMPLES: frozenset[ApproachId] = frozenset({"embedder-head", "image-embedder-head"})


def _needs(approach_id: ApproachId, task: TaskSpec, needs: str) -> str:
    if approach_id == "embedder" and task.kind == "reranking":
        return "Nothing; every passage is embedded with the query."
    if approach_id not in _NEED_EXAMPLES:
        return needs
    total = EXAMPLES_PER_LABEL * num_labels(task)
    said = task.num_labelled_examples
    have = f"you have {said}" if said is not None else "you did not say whether you have them"
    labels = f"{num_labels(task)} labels" if task.num_labels is not None else f"the {num_labels(task)} labels assumed"
    return f"{needs[:-1]}, {total} for {labels}; {have}."


def _why_not(approach_id: ApproachId, task: TaskSpec) -> str:
    rule = _POSSIBLE.get(approach_id)
    return "" if rule is None else rule(task)


def _enough_examples(task: TaskSpec) -> str:
    said = task.num_labelled_examples
    if said is None:
        if task.kind == "zero-shot-classification":
            return "You asked for classification without examples, and this way learns from examples."
        return ""
    wanted = EXAMPLES_PER_LABEL * num_labels(task)
    if said >= wanted:
        return ""
    return f"It needs about {wanted} labelled examples ({EXAMPLES_PER_LABEL} for each label) and you have {said}."


def _labels_exist(task: TaskSpec) -> str:
    if label_topic(task) is None:
        return "No ready-made classifier of the catalog is known to have your labels."
    return ""


def _imagenet_labels(task: TaskSpec) -> str:
    if task.num_labels is not None and task.num_labels < IMAGENET_CLASSES:
        return f"Its 1,000 classes are fixed and you have {task.num_labels} of your own."
    return ""


_POSSIBLE: dict[ApproachId, Callable[[TaskSpec], str]] = {
    "fine-tuned-classifier": _labels_exist,
    "embedder-head": _enough_examples,
    "image-embedder-head": _enough_examples,
    "image-classifier": _imagenet_labels,
}


def _generate(task: TaskSpec, workload: Workload) -> Workload:
    """Classifying by prompt: labels and instructions are read with every text, a few tokens come out."""
    if task.kind in ("text-classification", "zero-shot-classification"):
        num_in = workload.num_input_tokens + PROMPT_TOKENS + TOKENS_PER_LABEL * num_labels(task)
        num_out = LABEL_ANSWER_TOKENS
    elif task.kind in ("token-classification", "question-answering"):
        num_in = workload.num_input_tokens + PROMPT_TOKENS
        num_out = max(workload.num_output_tokens, workload.num_input_tokens // 4 if _extracts(task) else 0, 32)
    else:
        return workload
    context = max(workload.num_context_tokens, num_in + num_out) if task.num_context_tokens else _up(num_in + num_out)
    return msgspec.structs.replace(
        workload, num_input_tokens=num_in, num_output_tokens=num_out, num_context_tokens=context, num_passes=1
    )


def _extracts(task: TaskSpec) -> bool:
    return task.kind == "token-classification"


def _up(num_tokens: int) -> int:
    """Round a context up to the next power of two, as runtimes allocate it."""
    return max(512, 1 << (num_tokens - 1).bit_length())


def _zero_shot(task: TaskSpec, workload: Workload) -> Workload:
    """One pass for each label, over the text and a sentence with it; a preset may count that sentence already."""
    counted = task.kind == "zero-shot-classification" and "num_input_tokens" in workload.assumed_fields
    return msgspec.structs.replace(
        workload,
        num_input_tokens=workload.num_input_tokens + (0 if counted else TOKENS_PER_LABEL),
        num_output_tokens=0,
        num_passes=num_labels(task),
    )


def _one_pass(_: TaskSpec, workload: Workload) -> Workload:
    return msgspec.structs.replace(workload, num_output_tokens=0, num_passes=1)


def _embedder(task: TaskSpec, workload: Workload) -> Workload:
    """Passages to rank come with the query, so each is embedded with it; a collection is embedded beforehand."""
    if task.kind == "reranking":
        return msgspec.structs.replace(workload, num_output_tokens=0, num_passes=workload.num_passes + 1)
    return _one_pass(task, workload)


def _reranker(task: TaskSpec, workload: Workload) -> Workload:
    if task.kind == "reranking":
        return msgspec.structs.replace(workload, num_output_tokens=0)
    passages = min(task.num_documents or RERANKED_PASSAGES, RERANKED_PASSAGES)
    return msgspec.structs.replace(workload, num_output_tokens=0, num_passes=passages)


_SIZES: dict[ApproachId, Callable[[TaskSpec, Workload], Workload]] = {
    "generate": _generate,
    "zero-shot-nli": _zero_shot,
    "fine-tuned-classifier": _one_pass,
    "embedder-head": _one_pass,
    "token-classifier": _one_pass,
    "extractive-qa": _one_pass,
    "embedder": _embedder,
    "embedder-reranker": _reranker,
    "reranker": _reranker,
    "image-classifier": _one_pass,
    "image-zero-shot": _one_pass,
    "image-embedder-head": _one_pass,
}
