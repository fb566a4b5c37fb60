"""Smaller relatives: facts with sources, found for a model and for one of the user's own, and what they take here."""

import msgspec
import pytest
from recommend_builders import build_machine, cut

from advisor.catalog import load, relatives
from advisor.catalog.model import ReadFacts
from advisor.recommend.advise import advise
from advisor.report import relatives as words
from advisor.task.model import TaskSpec

LARGE, DISTILLED, TURBO = "openai/whisper-large-v3", "distil-whisper/distil-large-v3", "openai/whisper-large-v3-turbo"
CATALOG = load.catalog()
SPEECH = TaskSpec(kind="speech-recognition", languages=("en",))


def of(model_id):
    return relatives.relatives(CATALOG.by_id(model_id), CATALOG)


def found(model_id):
    return {item.model: item for item in of(model_id)}


def test_every_statement_names_a_model_of_the_catalog_and_its_source():
    seen = set()
    for item in relatives.descents():
        assert CATALOG.by_id(item.model).id == item.model
        assert item.source.startswith("https://")
        assert item.model not in (item.of, item.teacher)
        assert item.of or item.note, item.model
        assert (item.model, item.kind) not in seen
        seen.add((item.model, item.kind))


def test_what_was_distilled_cut_out_and_trained_on_is_found():
    kinds = {model: item.kind for model, item in found(LARGE).items()}
    assert kinds[DISTILLED] == "distilled-from"
    assert kinds[TURBO] == "pruned-from"
    assert kinds["openai/whisper-small"] == "smaller-sibling"
    assert "openai/whisper-small.en" not in kinds  # one language of a hundred
    assert found("meta-llama/Llama-3.1-8B-Instruct")["meta-llama/Llama-3.2-1B-Instruct"].kind == "pruned-from"
    assert found("BAAI/bge-m3")["minishlab/potion-multilingual-128M"].size_ratio == pytest.approx(4.44, abs=0.01)
    kept = found("google-bert/bert-base-uncased")["distilbert/distilbert-base-uncased-finetuned-sst-2-english"]
    assert (kept.of, kept.kind) == ("google-bert/bert-base-uncased", "fine-tuned-from")  # through a model between


def test_relatives_are_smaller_or_need_fewer_steps():
    for card in CATALOG.models:
        for item in relatives.relatives(card, CATALOG):
            assert item.size_ratio > 1.05 or item.kind == "distilled-from"
            assert item.model != card.id
    (turbo,) = of("stabilityai/stable-diffusion-2-1")
    assert (turbo.size_ratio, turbo.kind) == (1.0, "distilled-from")
    assert "of the same size" in words.sentences([turbo], "stabilityai/stable-diffusion-2-1")[0]


def test_a_model_of_the_users_own_has_the_relatives_of_the_one_it_is_like():
    base = CATALOG.by_id(LARGE)
    own = msgspec.structs.replace(base, id="me/my-whisper", read=ReadFacts(structure=None, groups=()))
    got = {item.model: item for item in relatives.relatives(own, CATALOG)}
    assert got[DISTILLED].of == LARGE
    assert "openai/whisper-large-v3, which has the shape of this model" in words.sentences([got[DISTILLED]], own.id)[0]
    wider = msgspec.structs.replace(base.parameters, num_computed=1_000)
    assert relatives.relatives(msgspec.structs.replace(own, parameters=wider), CATALOG) == ()


def test_what_a_relative_would_take_here_is_by_the_same_estimator():
    answer = advise(SPEECH, build_machine(), catalog=cut([LARGE, DISTILLED, TURBO]))
    index = next(
        place for place in range(len(answer))
        if (answer.column("model")[place], answer.column("format")[place]) == (LARGE, "onnx-fp32")
    )  # fmt: skip
    row = answer.row(index)
    first, second = words.offers(answer, row, CATALOG)
    assert (first.relative.model, second.relative.model) == (DISTILLED, TURBO)
    assert first.row.format == "onnx-fp32"
    own, theirs = row.estimate.memory, first.row.estimate.memory
    assert first.memory_ratio.value == theirs.value / own.value
    assert first.memory_ratio.low == theirs.low / own.high
    assert first.memory_ratio.high == theirs.high / own.low
    assert first.energy_ratio.value == first.row.energy_per_1000_queries.value / row.energy_per_1000_queries.value
    assert first.energy_ratio.high < first.time_ratio.high * 1.01  # the power is the same for both
    assert first.memory_ratio.value < 0.6
    line = words.lines(answer, row, CATALOG)[0]
    assert line.text.startswith(
        "distil-large-v3, distilled from this model (English only), 2 times smaller. In the same"
    )
    assert "of the memory and" in line.text
    assert "https://huggingface.co/distil-whisper/distil-large-v3" in line.basis
    assert "lower is better" in line.basis or "not said" in line.basis


def test_a_relative_that_cannot_do_the_task_is_not_offered():
    answer = advise(SPEECH, build_machine(), catalog=cut([LARGE, TURBO]))
    row = answer.row(int(answer.order[-1]))
    assert {item.relative.model for item in words.offers(answer, row, CATALOG)} <= {TURBO}
    assert words.offers(answer, msgspec.structs.replace(row, model="nobody/nothing"), CATALOG) == ()


def test_origins_and_documents():
    said = words.origins(CATALOG.by_id(DISTILLED))
    assert said == [f"It is distilled from {LARGE}, say its makers (https://huggingface.co/{DISTILLED})."]
    (row, *_) = words.documents(of(LARGE))
    assert (row["kind"], row["of"]) == ("distilled-from", LARGE)
