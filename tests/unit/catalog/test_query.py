import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.catalog import load, query

CATALOG = load.catalog()
KINDS = (
    "generation", "summarization", "translation", "text-classification", "zero-shot-classification",
    "token-classification", "question-answering", "sentence-embedding", "reranking", "speech-recognition",
    "image-classification", "object-detection", "image-text", "image-generation", "speech-synthesis",
)  # fmt: skip


def ids(**filters):
    return {card.id for card in query.find(CATALOG, **filters)}


def test_without_filters_all_are_found_in_order():
    assert query.find(CATALOG) == CATALOG.models


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_task_has_models(kind):
    found = ids(task=kind)
    assert 4 <= len(found) < len(CATALOG.models)


def test_a_hub_tag_is_a_task_too():
    assert "Qwen/Qwen2.5-Coder-7B-Instruct" in ids(task="code")
    assert "BAAI/bge-m3" in ids(task="sentence-similarity") <= ids(task="sentence-embedding")


def test_language_takes_long_and_short_codes():
    assert ids(language="de") == ids(language="deu") == ids(language="deu-Latn")
    assert "BAAI/bge-m3" in ids(language="hi") or "intfloat/multilingual-e5-small" in ids(language="hi")


def test_a_model_that_lists_no_languages_is_not_said_to_speak_one():
    silent = next(card for card in CATALOG.models if card.languages is None)
    assert query.speaks(silent, "en") is None
    assert silent.id not in ids(language="en")
    assert query.speaks(CATALOG.by_id("intfloat/multilingual-e5-small"), "de") is True
    assert query.speaks(CATALOG.by_id("intfloat/multilingual-e5-small"), "not a code") is None


def test_size_limits_include_their_ends_and_leave_out_unknown_sizes():
    smol = CATALOG.by_id("HuggingFaceTB/SmolLM2-135M-Instruct")
    exactly = smol.num_parameters()
    assert smol.id in ids(min_parameters=exactly, max_parameters=exactly)
    assert smol.id not in ids(min_parameters=exactly + 1)
    unknown = {card.id for card in CATALOG.models if card.num_parameters() is None}
    assert unknown
    assert not unknown & ids(min_parameters=0)


def test_text_needs_all_words_in_any_case():
    found = ids(text="QWEN3 embedding")
    assert "Qwen/Qwen3-Embedding-0.6B" in found
    assert all("qwen3" in name.casefold() for name in found)
    assert not ids(text="qwen3 whisper")


def test_family_in_any_case():
    family = CATALOG.by_id("microsoft/phi-2").family
    assert "microsoft/phi-2" in ids(family=family.upper())


def test_filters_narrow_each_other():
    both = ids(task="generation", licence="apache-2.0", max_parameters=1e9)
    assert both == ids(task="generation") & ids(licence="APACHE-2.0") & ids(max_parameters=1e9)
    assert both


@given(
    st.sampled_from([None, *KINDS]),
    st.sampled_from([None, "de", "hi"]),
    st.sampled_from([None, "commercial", "mit"]),
    st.one_of(st.none(), st.floats(0, 1e12)),
)
def test_every_model_found_passes_every_filter(task, language, licence, most):
    for card in query.find(CATALOG, task=task, language=language, licence=licence, max_parameters=most):
        assert task is None or query.serves(card, task)
        assert language is None or language in card.languages
        assert licence != "commercial" or query.commercial_use(card.licence) is True
        assert most is None or card.num_parameters() <= most


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("apache-2.0", True), ("MIT", True), ("cc-by-4.0", True), ("gemma", True), ("llama3.2", True), ("lfm1.0", True),
        ("cc-by-nc-4.0", False), ("qwen-research", False), ("mrl", False), ("flux-1-dev-non-commercial-license", False),
        ("other", None), ("a licence nobody knows", None), (None, None),
    ],
)  # fmt: skip
def test_commercial_use(licence, allowed):
    assert query.commercial_use(licence) is allowed


@pytest.mark.parametrize("licence", ["gemma", "llama3.1", "bigscience-bloom-rail-1.0", "cc-by-4.0", "LFM1.0"])
def test_conditions_are_said_in_a_sentence(licence):
    assert query.licence_conditions(licence).endswith(".")


@pytest.mark.parametrize("licence", ["apache-2.0", "mit", "cc-by-nc-4.0", "other", None])
def test_no_conditions_where_there_are_none_or_none_known(licence):
    assert query.licence_conditions(licence) == ""


def test_few_licences_of_the_catalog_are_unjudged():
    unjudged = {card.licence for card in CATALOG.models if query.commercial_use(card.licence) is None}
    assert unjudged == {None, "other", "cvnets-license", "fastvit-license"}


@pytest.mark.parametrize(
    ("model_id", "kind"),
    [
        ("Qwen/Qwen3-0.6B", "decoder"),
        ("state-spaces/mamba-130m-hf", "decoder"),
        ("Qwen/Qwen3-Embedding-0.6B", "decoder"),
        ("google/gemma-3-4b-it", "decoder"),
        ("HuggingFaceTB/SmolVLM-256M-Instruct", "decoder"),
        ("BAAI/bge-small-en-v1.5", "encoder"),
        ("MoritzLaurer/deberta-v3-large-zeroshot-v2.0", "encoder"),
        ("facebook/bart-large-cnn", "encoder-decoder"),
        ("facebook/bart-large-mnli", "encoder-decoder"),
        ("Helsinki-NLP/opus-mt-en-de", "encoder-decoder"),
        ("openai/whisper-tiny", "speech"),
        ("facebook/mms-tts-eng", "speech"),
        ("google/vit-base-patch16-224", "vision"),
        ("openai/clip-vit-base-patch32", "vision"),
        ("facebook/detr-resnet-50", "vision"),
        ("black-forest-labs/FLUX.1-schnell", "diffusion"),
        ("urchade/gliner_medium-v2.1", None),
    ],
)
def test_structure(model_id, kind):
    assert query.structure(CATALOG.by_id(model_id)) == kind
