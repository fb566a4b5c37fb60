"""Which approaches compete, what they need, and the sizes of a query under each."""

import pytest

from advisor.recommend.approach import EXAMPLES_PER_LABEL, approach_ids, approaches, needs_examples, num_labels
from advisor.task.model import TASK_KINDS, TaskSpec, Workload


def of(task, sizes, approach_id):
    return next(item for item in approaches(task, sizes) if item.id == approach_id)


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_every_kind_has_approaches_with_words_and_tags(kind, sizes):
    found = approaches(TaskSpec(kind=kind), sizes)
    assert [item.id for item in found] == list(approach_ids(kind))
    for item in found:
        assert item.label
        assert item.hub_tasks
        assert item.limits.endswith(".")
        assert item.needs.endswith(".")
        assert item.possible == (item.why_not == "")


def test_classification_by_examples_counts_them(sizes):
    task = TaskSpec(kind="text-classification", num_labels=6)
    assert of(task, sizes, "embedder-head").possible
    assert "48 for 6 labels; you did not say" in of(task, sizes, "embedder-head").needs
    enough = TaskSpec(kind="text-classification", num_labels=6, num_labelled_examples=48)
    assert of(enough, sizes, "embedder-head").possible
    assert "you have 48" in of(enough, sizes, "embedder-head").needs
    few = TaskSpec(kind="text-classification", num_labels=6, num_labelled_examples=47)
    assert "and you have 47" in of(few, sizes, "embedder-head").why_not


def test_without_a_number_of_labels_one_is_assumed(sizes):
    task = TaskSpec(kind="text-classification")
    assert of(task, sizes, "zero-shot-nli").workload.num_passes == num_labels(task) == 10


def test_zero_shot_means_without_examples_unless_the_user_has_them(sizes):
    task = TaskSpec(kind="zero-shot-classification", num_labels=3)
    assert "without examples" in of(task, sizes, "embedder-head").why_not
    rich = TaskSpec(kind="zero-shot-classification", num_labels=3, num_labelled_examples=3 * EXAMPLES_PER_LABEL)
    assert of(rich, sizes, "embedder-head").possible


def test_zero_shot_takes_one_pass_for_each_label(sizes):
    workload = of(TaskSpec(kind="text-classification", num_labels=6), sizes, "zero-shot-nli").workload
    assert (workload.num_passes, workload.num_input_tokens, workload.num_output_tokens) == (6, 138, 0)


def test_a_preset_that_counts_the_label_sentence_is_not_counted_twice():
    preset = Workload(num_input_tokens=144, assumed_fields=("num_input_tokens",))
    task = TaskSpec(kind="zero-shot-classification", num_labels=4)
    assert of(task, preset, "zero-shot-nli").workload.num_input_tokens == 144


def test_a_language_model_reads_the_labels_and_writes_one(sizes):
    workload = of(TaskSpec(kind="text-classification", num_labels=6), sizes, "generate").workload
    assert workload.num_input_tokens == 128 + 60 + 60
    assert workload.num_output_tokens == 8
    assert workload.num_context_tokens == 512
    assert workload.num_passes == 1


def test_a_language_model_that_tags_repeats_the_terms(sizes):
    assert of(TaskSpec(kind="token-classification"), sizes, "generate").workload.num_output_tokens == 32
    answer = of(TaskSpec(kind="question-answering"), Workload(num_output_tokens=40), "generate").workload
    assert answer.num_output_tokens == 40


def test_a_context_the_user_set_is_kept(sizes):
    task = TaskSpec(kind="text-classification", num_labels=6, num_context_tokens=512)
    assert of(task, sizes, "generate").workload.num_context_tokens == 512
    longer = Workload(num_input_tokens=3000, num_context_tokens=512)
    assert of(task, longer, "generate").workload.num_context_tokens == 3000 + 60 + 60 + 8


def test_generation_keeps_its_sizes():
    chat = Workload(num_input_tokens=512, num_output_tokens=256)
    assert of(TaskSpec(kind="generation"), chat, "generate").workload == chat


def test_a_reranker_scores_the_best_hits_or_what_the_user_names(sizes):
    assert of(TaskSpec(kind="sentence-embedding"), sizes, "embedder-reranker").workload.num_passes == 20
    small = TaskSpec(kind="sentence-embedding", num_documents=5)
    assert of(small, sizes, "embedder-reranker").workload.num_passes == 5
    named = Workload(num_passes=77)
    assert of(TaskSpec(kind="reranking"), named, "reranker").workload.num_passes == 77


def test_ready_made_classes_serve_only_those_who_want_them(sizes):
    assert of(TaskSpec(kind="image-classification"), sizes, "image-classifier").possible
    own = of(TaskSpec(kind="image-classification", num_labels=5), sizes, "image-classifier")
    assert "you have 5 of your own" in own.why_not
    moods = TaskSpec(kind="text-classification", text="positive or negative?")
    assert of(moods, sizes, "fine-tuned-classifier").possible
    topics = of(TaskSpec(kind="text-classification", text="six topics"), sizes, "fine-tuned-classifier")
    assert not topics.possible


def test_only_heads_need_examples():
    assert [i for i in approach_ids("image-classification") if needs_examples(i)] == ["image-embedder-head"]
