"""Contradictions and impossible values."""

import pytest

from advisor.task.describe import describe
from advisor.task.model import TASK_KINDS, TaskSpec
from advisor.task.validate import problems


@pytest.mark.parametrize("kind", [kind for kind in TASK_KINDS if kind != "translation"])
def test_a_task_of_which_nothing_is_said_has_no_problem(kind):
    assert problems(TaskSpec(kind=kind)) == ()


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (
            TaskSpec(kind="generation", num_output_tokens=5000, num_context_tokens=4096),
            "The output of 5,000 tokens does not fit the context of 4,096 tokens.",
        ),
        (
            TaskSpec(kind="generation", num_input_tokens=4000, num_output_tokens=100, num_context_tokens=4096),
            "Input and output, 4,100 tokens together, do not fit the context of 4,096 tokens.",
        ),
        (TaskSpec(kind="translation"), "A translation needs the language to translate to."),
        (
            TaskSpec(kind="translation", languages=("de",), target_languages=("de",)),
            "The translation is from German to the same language.",
        ),
        (
            TaskSpec(kind="generation", target_languages=("de",)),
            "Only a translation has a language to translate to; add the language to the task's languages.",
        ),
        (TaskSpec(kind="generation", num_input_tokens=0), "The input must be at least 1 tokens, not 0."),
        (TaskSpec(kind="generation", num_output_tokens=-3), "The output must be at least 0 tokens, not -3."),
        (TaskSpec(kind="generation", num_batch=0), "The number of queries at once must be at least 1, not 0."),
        (TaskSpec(kind="text-classification", num_labels=1), "The number of labels must be at least 2, not 1."),
        (
            TaskSpec(kind="speech-recognition", audio_s=-1.0),
            "The length of the sound must be more than zero, not -1.0.",
        ),
        (
            TaskSpec(kind="generation", max_latency_s=0.0),
            "The longest time for an answer must be more than zero, not 0.0.",
        ),
        (
            TaskSpec(kind="generation", num_queries_per_day=float("inf")),
            "The number of queries a day must be more than zero, not inf.",
        ),
        (TaskSpec(kind="generation", max_memory_bytes=-1), "The memory limit must be more than zero, not -1."),
        (
            TaskSpec(kind="text-classification", num_labels=6, num_labelled_examples=4),
            "4 labelled examples are fewer than the 6 labels: some labels have none.",
        ),
        (
            TaskSpec(kind="zero-shot-classification", num_labelled_examples=40),
            "Sorting without examples does not use labelled examples; choose 'Sort texts' to use them.",
        ),
        (
            TaskSpec(kind="generation", languages=("klingon",)),
            "'klingon' is not a language code the app knows; use two or three letters, for example 'de'.",
        ),
        (
            TaskSpec(kind="generation", region="de"),
            "'de' is not a country code of three capital letters, for example 'DEU'.",
        ),
    ],
)
def test_each_problem_is_one_sentence(task, sentence):
    assert problems(task) == (sentence,)


def test_limits_themselves_are_no_problem():
    assert (
        problems(TaskSpec(kind="generation", num_input_tokens=4000, num_output_tokens=96, num_context_tokens=4096))
        == ()
    )
    assert problems(TaskSpec(kind="token-classification", num_labels=1)) == ()
    assert problems(TaskSpec(kind="text-classification", num_labels=6, num_labelled_examples=6)) == ()
    assert problems(TaskSpec(kind="generation", region="DEU", languages=("deu", "hi"))) == ()
    assert problems(TaskSpec(kind="generation", region="World")) == ()


def test_several_problems_are_all_named():
    found = problems(TaskSpec(kind="translation", num_input_tokens=-1, max_latency_s=-1.0))
    assert len(found) == 3


def test_described_tasks_of_the_start_page_have_none():
    for text in ("summarise 20-page contracts in German, offline, on battery", "transcribe 2 hour meetings in Spanish"):
        assert problems(describe(text).task) == ()
