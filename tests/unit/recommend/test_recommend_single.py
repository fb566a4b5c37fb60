"""One candidate by name, at the sizes of its own task."""

import pytest
from recommend_builders import cut

from advisor.catalog.load import catalog
from advisor.errors import InvalidInputError, NotFoundError
from advisor.recommend import single
from advisor.recommend.qualify import qualifies
from advisor.task.model import TaskSpec


def test_a_candidate_is_found_by_name():
    found = single.candidate("SmolLM2-135M-Instruct", "onnx-int8")
    assert (found.model.id, found.format.id) == ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int8")
    with pytest.raises(NotFoundError):
        single.candidate("SmolLM2-135M-Instruct", "onnx-int3")


def test_a_format_that_does_not_apply_names_those_that_do():
    with pytest.raises(InvalidInputError) as caught:
        single.candidate("microsoft/resnet-50", "gguf-q4_k_m")
    assert caught.value.code == "format-not-applicable"
    assert "onnx-fp32" in caught.value.remedy
    with pytest.raises(InvalidInputError) as caught:
        single.candidate(
            "jinaai/jina-embeddings-v5-text-nano", "onnx-fp32", cut(["jinaai/jina-embeddings-v5-text-nano"])
        )
    assert "no format can be sized" in caught.value.remedy


@pytest.mark.parametrize("name", [card.id for card in catalog().models[::25]])
def test_every_model_has_a_kind_of_its_own(name):
    card = catalog().by_id(name)
    assert single.default_kind(card)


def test_sizes_are_those_of_the_approach_the_model_serves():
    reranker = single.candidate("cross-encoder/ms-marco-MiniLM-L6-v2", "onnx-int8")
    assert single.workload(reranker, None, {"num_documents": 7}).num_passes == 7
    chat = single.candidate("Qwen/Qwen2.5-0.5B-Instruct", "onnx-int8")
    task = TaskSpec(kind="text-classification", num_labels=6)
    assert qualifies("generate", chat.model, "text-classification")
    assert single.workload(chat, task, {}).num_output_tokens == 8
    odd = single.candidate("microsoft/resnet-50", "onnx-fp32")
    assert single.workload(odd, task, {}).num_output_tokens == 0
