"""AI Energy Score's tasks: published totals over 1,000 queries, the rest said to be assumed, usable as any workload."""

import json

import pytest

from advisor import resources
from advisor.energy import aies
from advisor.errors import InvalidFileError, NotFoundError
from advisor.task import describe, presets, validate

RAW = json.loads(resources.read(aies.FILE_NAME))
BY_ID = {task.id: task for task in aies.tasks()}


def test_all_ten_data_sets_and_reasoning_are_there():
    assert len(BY_ID) == 11
    assert len({task.datasets for task in aies.tasks()}) == 10
    assert all(len(task.datasets) == 3 for task in aies.tasks())


@pytest.mark.parametrize(
    ("name", "tokens_in", "tokens_out"),
    [
        ("text-generation", 369, 10),
        ("summarization", 384, 10),
        ("text-classification", 157, 0),
        ("sentence-similarity", 23, 0),
    ],
)
def test_published_sizes_are_the_totals_over_a_thousand(name, tokens_in, tokens_out):
    task = BY_ID[name]
    assert (task.num_input_tokens, task.num_output_tokens) == (tokens_in, tokens_out)
    assert round(task.num_total_input_tokens / 1000) == tokens_in
    assert "num_input_tokens" not in aies.workload(task).assumed_fields
    assert "num_output_tokens" not in aies.workload(task).assumed_fields


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("question-answering", "num_input_tokens"),
        ("reasoning", "num_output_tokens"),
        ("speech-recognition", "audio_s"),
        ("image-generation", "num_passes"),
        ("image-captioning", "num_output_tokens"),
    ],
)
def test_what_is_not_published_is_assumed_with_a_reason(name, field):
    task = BY_ID[name]
    assert field in aies.workload(task).assumed_fields
    assert "taken" in task.reason


@pytest.mark.parametrize("task", aies.tasks(), ids=lambda task: task.id)
def test_each_is_a_task_the_app_can_be_asked(task):
    spec = describe.merge(describe.describe(task.label), aies.controls(task))
    assert validate.problems(spec) == ()
    asked, meant = presets.workload(spec), aies.workload(task)
    for name in ("num_input_tokens", "num_output_tokens", "num_passes", "audio_s", "num_images", "num_context_tokens"):
        assert getattr(asked, name) == getattr(meant, name), name


def test_names_with_and_without_prefix_and_unknown_ones():
    assert aies.named("aies:text-generation") == aies.named(" Text-Generation ") == BY_ID["text-generation"]
    with pytest.raises(NotFoundError) as caught:
        aies.named("aies:poetry")
    assert caught.value.code == "aies-unknown"
    assert "aies:object-detection" in caught.value.remedy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_input_tokens": 0}, "tasks[0]"),
        ({"audio_s": -1.0}, "tasks[0]"),
        ({"published": ["size"]}, "tasks[0].published"),
        ({"kind": "poetry"}, "tasks[0].kind"),
    ],
)
def test_a_damaged_table_is_refused(change, words):
    rows = [RAW["tasks"][0] | change, *RAW["tasks"][1:]]
    with pytest.raises(InvalidFileError) as caught:
        aies.parse(json.dumps(RAW | {"tasks": rows}).encode())
    assert words in caught.value.message
    with pytest.raises(InvalidFileError, match="schema_version"):
        aies.parse(json.dumps(RAW | {"schema_version": 9, "tasks": []}).encode())
