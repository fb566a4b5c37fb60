import msgspec
import pytest

from advisor.catalog import load, proof

CATALOG = load.catalog()
SMOL = CATALOG.by_id("HuggingFaceTB/SmolLM2-135M-Instruct")


def with_parameters(card, **changes):
    return msgspec.structs.replace(card, parameters=msgspec.structs.replace(card.parameters, **changes))


def test_a_matching_count_is_proof():
    assert proof.why_unproven(SMOL) is None
    assert proof.target(SMOL) == 134_515_008


def test_a_difference_of_one_percent_is_proof_and_of_two_is_not():
    assert proof.why_unproven(with_parameters(SMOL, num_computed=int(134_515_008 * 1.009))) is None
    assert "134,515,008" in proof.why_unproven(with_parameters(SMOL, num_computed=int(134_515_008 * 1.02)))


@pytest.mark.parametrize(
    "verification", ["computed_only", "mismatch", "not_available", "explained_difference", "new word"]
)
def test_a_count_that_agrees_with_nothing_published_proves_nothing(verification):
    card = with_parameters(SMOL, verification=verification)
    assert proof.target(card) is None
    assert proof.why_unproven(card).endswith(".")


def test_the_note_is_told():
    assert proof.why_unproven(CATALOG.by_id("sesame/csm-1b")).endswith("the upload holds fewer tensors.")


@pytest.mark.parametrize(
    ("model_id", "words"),
    [
        ("hexgrad/Kokoro-82M", "only the total is known"),
        ("facebook/mms-tts-eng", "only the parameters of whole components are known"),
        ("urchade/gliner_medium-v2.1", "No configuration"),
        ("nomic-ai/nomic-embed-text-v2-moe", "were not sourced"),
    ],
)
def test_reasons(model_id, words):
    assert words in proof.why_unproven(CATALOG.by_id(model_id))


def test_lumps_are_named():
    assert proof.lumps(SMOL) == ()
    assert proof.lumps(CATALOG.by_id("google/gemma-3n-E2B-it")) == ("vision_tower", "audio_tower")
