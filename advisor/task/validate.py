"""What is wrong with a task: values that cannot be, and wishes that contradict each other. One sentence each."""

import math

from advisor.task import languages
from advisor.task.model import TaskSpec

_COUNTS = {
    "num_input_tokens": ("The input", "tokens", 1),
    "num_output_tokens": ("The output", "tokens", 0),
    "num_context_tokens": ("The context", "tokens", 1),
    "num_batch": ("The number of queries at once", "", 1),
    "num_labels": ("The number of labels", "", 2),
    "num_labelled_examples": ("The number of labelled examples", "", 0),
    "num_images": ("The number of images", "", 0),
    "num_documents": ("The number of documents", "", 1),
}
"""Field: what it is called, its unit, its least value."""
_POSITIVE = {
    "audio_s": "The length of the sound",
    "num_queries_per_day": "The number of queries a day",
    "max_latency_s": "The longest time for an answer",
    "max_memory_bytes": "The memory limit",
    "max_disk_bytes": "The disk limit",
}
WORLD = "World"
"""Region of the world's mean intensity, beside the countries."""
_LABEL_KINDS = frozenset({"text-classification", "zero-shot-classification", "image-classification"})


def problems(task: TaskSpec) -> tuple[str, ...]:
    """Return each impossible value and each contradiction of a task as one sentence; empty when there is none."""
    return (*_values(task), *_contradictions(task), *_unknown_words(task))


def _values(task: TaskSpec) -> list[str]:
    found = []
    for field, (name, unit, least) in _COUNTS.items():
        value = getattr(task, field)
        smallest = least if field != "num_labels" or task.kind in _LABEL_KINDS else 1
        if value is not None and value < smallest:
            found.append(f"{name} must be at least {f'{smallest} {unit}'.strip()}, not {value:,}.")
    for field, name in _POSITIVE.items():
        value = getattr(task, field)
        if value is not None and not (value > 0 and math.isfinite(value)):
            found.append(f"{name} must be more than zero, not {value:,}.")
    return found


def _contradictions(task: TaskSpec) -> list[str]:
    found = []
    num_input, num_output, num_context = task.num_input_tokens, task.num_output_tokens, task.num_context_tokens
    if num_context is not None and num_context > 0:
        total = max(num_input or 0, 0) + max(num_output or 0, 0)
        if num_output is not None and num_output > num_context:
            found.append(f"The output of {num_output:,} tokens does not fit the context of {num_context:,} tokens.")
        elif total > num_context:
            found.append(
                f"Input and output, {total:,} tokens together, do not fit the context of {num_context:,} tokens."
            )
    if task.kind == "translation":
        found += _translation(task)
    elif task.target_languages:
        found.append("Only a translation has a language to translate to; add the language to the task's languages.")
    if task.num_labelled_examples and task.num_labels and task.num_labelled_examples < task.num_labels:
        found.append(
            f"{task.num_labelled_examples:,} labelled examples are fewer than the {task.num_labels:,} labels: "
            "some labels have none."
        )
    if task.kind == "zero-shot-classification" and task.num_labelled_examples:
        found.append("Sorting without examples does not use labelled examples; choose 'Sort texts' to use them.")
    return found


def _translation(task: TaskSpec) -> list[str]:
    if not task.target_languages:
        return ["A translation needs the language to translate to."]
    if len(task.languages) == 1 and task.languages == task.target_languages:
        return [f"The translation is from {languages.name(task.languages[0])} to the same language."]
    return []


def _unknown_words(task: TaskSpec) -> list[str]:
    known = languages.by_code()
    found = [
        f"{code!r} is not a language code the app knows; use two or three letters, for example 'de'."
        for code in dict.fromkeys((*task.languages, *task.target_languages))
        if code not in known
    ]
    code = task.region
    if code is not None and code != WORLD and not (len(code) == 3 and code.isascii() and code.isupper()):
        found.append(f"{code!r} is not a country code of three capital letters, for example 'DEU'.")
    return found
