"""Answers that an expert would have laughed at, each held here so that it does not come back."""

import msgspec
import numpy as np
import pytest
from recommend_builders import build_machine, build_probe, cut

from advisor.catalog import load
from advisor.recommend import approach, quality, wording
from advisor.recommend.advise import advise
from advisor.recommend.prepared import language_state
from advisor.recommend.rank import LIKELY, STATED, UNKNOWN, UNSTATED
from advisor.task import describe, presets
from advisor.task.model import TaskSpec

LAPTOP = build_machine()


def best(task, models=None):
    answer = advise(task, LAPTOP, catalog=None if models is None else cut(models))
    return answer, answer.row(answer.pick.index)


def test_a_translator_is_not_beaten_by_a_general_figure():
    """Finnish to Swedish went to a language model at 2 bits, for its sums in other languages."""
    task = TaskSpec(kind="translation", languages=("fi",), target_languages=("sv",))
    answer, row = best(task, ["facebook/m2m100_418M", "google/gemma-3-4b-it"])
    assert row.model == "facebook/m2m100_418M"
    assert "whether it is good enough is not known" in answer.pick.reason.pick
    named = msgspec.structs.replace(task, quality_need="good")
    assert quality.scales_for("generate", named)
    assert not quality.scales_for("generate", task)


def test_a_figure_proves_nothing_of_two_bits_or_of_an_unstated_language():
    task = TaskSpec(kind="generation", languages=("vi",))
    answer = advise(task, LAPTOP, catalog=cut(["google/gemma-3-4b-it", "ibm-granite/granite-4.0-h-micro"]))
    data = answer.data
    for index in range(len(answer)):
        row = answer.row(index)
        if data.traits.language[index] == UNSTATED or row.format == "gguf-q2_k":
            assert data.traits.tier[index] == UNKNOWN
    assert (data.traits.tier < UNKNOWN).any()
    named = advise(msgspec.structs.replace(task, quality_need="basic"), LAPTOP)
    cards = [index for index in range(len(named)) if named.candidate_card(index).id == "google/gemma-3-4b-it"]
    assert (named.data.traits.tier[cards] < UNKNOWN).all()


def test_a_model_of_fifty_languages_is_not_taken_to_know_yoruba():
    fifty = load.catalog().by_id("facebook/mbart-large-50-many-to-many-mmt")
    assert language_state(fifty, frozenset({"de"}), None) == LIKELY
    assert language_state(fifty, frozenset({"yo"}), None) == UNSTATED
    assert language_state(load.catalog().by_id("google/gemma-3-4b-it"), frozenset({"yo"}), None) == LIKELY


def test_a_language_whose_word_errors_were_measured_is_known():
    parakeet = load.catalog().by_id("nvidia/parakeet-tdt-0.6b-v3")
    assert language_state(parakeet, frozenset({"pt"}), None) == STATED


def test_what_a_day_has_no_time_for_is_rejected():
    """Ten pictures a second were given a detector of three a second."""
    task = TaskSpec(kind="object-detection", num_queries_per_day=864_000)
    answer = advise(task, LAPTOP, catalog=cut(["PekingU/rtdetr_r18vd", "Roboflow/rf-detr-base"]))
    slow = [answer.row(i) for i in range(len(answer)) if answer.data.axes.time_s[i] > 0.1]
    assert slow
    for row in slow:
        assert "864,000 a day leave 100 ms for each" in row.rejections[0].text
    assert "a number is missing" in answer.pick.reason.pick
    calm = advise(msgspec.structs.replace(task, num_queries_per_day=20), LAPTOP, catalog=cut(["PekingU/rtdetr_r18vd"]))
    assert not calm.data.mask.all()
    batches = msgspec.structs.replace(task, num_batch=64)
    several = advise(batches, LAPTOP, catalog=cut(["PekingU/rtdetr_r18vd"]))
    assert several.data.limits.pace_s == pytest.approx(6.4)


def test_passages_to_rank_are_embedded_with_the_query():
    task = TaskSpec(kind="reranking", languages=("en",), num_documents=20)
    ways = {item.id: item for item in approach.approaches(task, presets.workload(task))}
    assert ways["embedder"].workload.num_passes == ways["reranker"].workload.num_passes + 1
    assert "every passage is embedded" in ways["embedder"].needs
    assert best(task)[1].approach == "reranker"


def test_a_ready_made_classifier_says_what_it_takes_for_granted():
    task = TaskSpec(kind="image-classification")
    answer, _ = best(task, ["timm/mobilenetv2_100.ra_in1k"])
    assert any("as long as your classes are among its 1,000" in text for text in answer.pick.reason.caveats)


def test_a_neighbour_of_no_known_memory_is_compared_by_what_is_known():
    task = TaskSpec(kind="image-text")
    answer, row = best(task, ["OpenGVLab/InternVL3-2B", "vikhyatk/moondream2"])
    assert np.isnan(answer.data.axes.memory_bytes[row.index])
    assert "can't be shown" not in answer.pick.reason.larger
    assert "times the energy" in answer.pick.reason.larger


def test_a_measured_format_is_not_overtaken_by_a_guess_of_its_sibling():
    """A probe a little slower than its estimate moved the pick to a format that nobody had measured."""
    small = "sentence-transformers/all-MiniLM-L6-v2"
    task = TaskSpec(kind="sentence-embedding", languages=("en",))
    answer, row = best(task, [small])
    sizes = answer.part_of(row.index).approach.workload
    second = answer.row(int(answer.data.ranked[1]))

    def after(time_s):
        probe = build_probe(small, row.format, sizes, time_s=time_s, memory_bytes=1e8)
        again = advise(task, LAPTOP, catalog=cut([small]), probes=(probe,))
        return again.row(again.pick.index).format

    slower = second.estimate.time_per_query
    assert after(slower.value * 1.2) == row.format
    assert after(slower.high * 3) != row.format


def test_a_model_quicker_than_its_input_says_so():
    task = TaskSpec(kind="sentence-embedding", languages=("en",))

    def told(model):
        return " ".join(best(task, [model])[0].pick.reason.caveats)

    assert "it can take longer than the model itself" in told("minishlab/potion-multilingual-128M")
    assert "Preparing the input" not in told("sentence-transformers/all-MiniLM-L6-v2")


def test_ratios_have_two_digits():
    assert wording.share_of(8798.3, "energy") == "8,800 times the energy"
    assert wording.share_of(446.2, "energy") == "450 times the energy"


def test_pictures_without_examples_are_still_pictures():
    assert describe.describe("classify images without examples, labels cat, dog, bird").task.kind == (
        "image-classification"
    )
    assert describe.describe("classify emails without examples").task.kind == "zero-shot-classification"


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "the best of the 8"), (0.0, "the weakest of the 8"), (0.5, "better than 50 % of the 8")]
)
def test_the_first_is_not_better_than_all_of_itself(share, words):
    whisper = load.catalog().by_id("openai/whisper-large-v3")
    place = quality.Standing(figure=whisper.quality[0], rank_share=share, num_compared=8, higher_is_better=False)
    assert f"{words} models compared" in wording.quality_words(place)
