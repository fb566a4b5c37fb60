"""Typical sizes, and what the user's own sizes change."""

import pytest

from advisor.errors import NotFoundError
from advisor.task import presets
from advisor.task.describe import describe
from advisor.task.model import TASK_KINDS, TaskSpec


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_every_kind_has_one_default_with_a_reason(kind):
    own = [item for item in presets.presets() if item.kind == kind and item.default]
    assert len(own) == 1
    assert own[0].reason.endswith(".")
    assert own[0].source


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_preset_is_a_workload_of_which_all_is_assumed(kind):
    workload = presets.preset(kind)
    assert set(workload.assumed_fields) == {
        "num_input_tokens", "num_output_tokens", "num_context_tokens", "num_batch", "num_passes", "audio_s",
        "num_images",
    }  # fmt: skip
    assert workload.num_context_tokens >= workload.num_input_tokens + workload.num_output_tokens or "image" in kind
    assert workload == presets.workload(TaskSpec(kind=kind))


def test_generation_starts_with_a_context_of_4096():
    assert presets.preset("generation").num_context_tokens == 4096


def test_published_sizes_are_a_named_preset():
    named = presets.named("ai-energy-score-text-generation")
    assert (named.num_input_tokens, named.num_output_tokens) == (369, 10)
    assert "AI Energy Score" in named.source
    assert not named.default
    assert presets.of(named).num_output_tokens == 10


def test_unknown_preset_is_named():
    with pytest.raises(NotFoundError) as caught:
        presets.named("big")
    assert caught.value.code == "preset-unknown"
    assert "chat" in caught.value.remedy


def test_what_the_user_said_is_not_assumed():
    workload = presets.workload(TaskSpec(kind="generation", num_output_tokens=700, num_queries_per_day=5.0))
    assert workload.num_output_tokens == 700
    assert workload.num_input_tokens == presets.preset("generation").num_input_tokens
    assert "num_output_tokens" not in workload.assumed_fields
    assert "num_input_tokens" in workload.assumed_fields
    assert workload.num_queries_per_day == 5.0


def test_context_holds_input_and_output_as_a_power_of_two():
    contract = presets.workload(TaskSpec(kind="summarization", num_input_tokens=13300))
    assert contract.num_output_tokens == 665
    assert contract.num_context_tokens == 16384
    assert "num_context_tokens" in contract.assumed_fields
    exact = presets.workload(TaskSpec(kind="generation", num_input_tokens=8000, num_output_tokens=192))
    assert exact.num_context_tokens == 8192
    more = presets.workload(TaskSpec(kind="generation", num_input_tokens=8000, num_output_tokens=193))
    assert more.num_context_tokens == 16384


def test_context_of_the_user_stands():
    workload = presets.workload(TaskSpec(kind="generation", num_context_tokens=2048))
    assert workload.num_context_tokens == 2048
    assert "num_context_tokens" not in workload.assumed_fields


def test_summary_has_a_least_and_a_longest():
    def output(num_input):
        return presets.workload(TaskSpec(kind="summarization", num_input_tokens=num_input)).num_output_tokens

    assert [output(count) for count in (100, 2560, 10_000, 1_000_000)] == [128, 128, 500, 1024]


def test_translation_makes_as_much_as_it_reads():
    assert presets.workload(TaskSpec(kind="translation", num_input_tokens=900)).num_output_tokens == 900


def test_longer_recording_makes_longer_text_and_keeps_the_window():
    workload = presets.workload(TaskSpec(kind="speech-recognition", audio_s=7200.0))
    assert workload.num_output_tokens == pytest.approx(7200 / 60 * 150 * 1.33)
    assert workload.num_context_tokens == presets.preset("speech-recognition").num_context_tokens
    assert presets.preset("speech-recognition").num_output_tokens == 100


def test_speech_and_its_text_have_one_length():
    spoken = presets.workload(TaskSpec(kind="speech-synthesis", audio_s=60.0))
    assert spoken.num_input_tokens == pytest.approx(150 * 1.33, abs=0.5)
    written = presets.workload(TaskSpec(kind="speech-synthesis", num_input_tokens=1330))
    assert written.audio_s == pytest.approx(400.0)


def test_passes_are_labels_or_passages():
    assert presets.workload(TaskSpec(kind="zero-shot-classification", num_labels=6)).num_passes == 6
    assert presets.workload(TaskSpec(kind="reranking", num_documents=20)).num_passes == 20
    assert presets.workload(TaskSpec(kind="text-classification", num_labels=6)).num_passes == 1
    assert presets.workload(TaskSpec(kind="sentence-embedding", num_documents=20)).num_passes == 1


def test_described_task_becomes_a_workload():
    workload = presets.workload(describe("summarise 20-page contracts in German, 40 a day").task)
    assert (workload.num_input_tokens, workload.num_queries_per_day) == (13300, 40.0)
    assert workload.assumed_fields == (
        "num_output_tokens", "num_context_tokens", "num_batch", "num_passes", "audio_s", "num_images",
    )  # fmt: skip
