"""The catalog is read whole or refused with file, row, field and remedy."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.catalog import load
from advisor.errors import AdvisorError, InvalidFileError, NotFoundError

NAME = "models.json"


def row(**changes):
    card = {
        "id": "owner/model",
        "family": "Model",
        "tasks": ["text-generation"],
        "parameters": {"num_published": 100, "verification": "exact"},
        "architecture": {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 8},
        "quality": [{"benchmark": "MMLU", "metric": "score", "value": 50.0, "source": "card"}],
    }
    return card | changes


def raw(*rows, **head):
    return json.dumps(
        {"schema_version": 1, "version": "1", "as_of": "2026-11-23", "models": list(rows)} | head
    ).encode()


def refused(content):
    with pytest.raises(InvalidFileError) as caught:
        load.parse(content, NAME)
    assert NAME in caught.value.message
    assert caught.value.remedy
    return caught.value


def test_shipped_catalog_has_all_models_once():
    models = load.catalog().models
    assert len(models) == 489
    assert len({card.id.casefold() for card in models}) == 489
    assert load.catalog() is load.catalog()
    assert load.catalog().version.startswith(load.catalog().as_of)


def test_unknown_stays_unknown():
    card = load.parse(raw(row()), NAME).models[0]
    assert card.licence is None
    assert card.languages is None
    assert card.num_context_tokens is None
    assert card.architecture.num_attention_heads is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parameters": {"num_published": -1, "verification": "exact"}}, "parameters.num_published"),
        ({"parameters": {"num_published": 0, "verification": "exact"}}, "parameters.num_published"),
        ({"parameters": {"num_published": 5}}, "parameters.verification"),
        ({"parameters": None}, "parameters"),
        ({"architecture": {"model_type": "llama", "num_hidden_layers": -2}}, "architecture.num_hidden_layers"),
        ({"architecture": {"model_type": "llama", "hidden_size": 1.5}}, "architecture.hidden_size"),
        ({"architecture": {"num_hidden_layers": 2}}, "architecture.model_type"),
        ({"architecture": {"model_type": "llama", "num_hiden_layers": 2}}, "architecture"),
        ({"num_context_tokens": "long"}, "num_context_tokens"),
        ({"quality": [{"benchmark": "MMLU", "metric": "score", "source": "card"}]}, "quality[0].value"),
        ({"tasks": "chat"}, "tasks"),
        ({"family": 3}, "family"),
        ({"id": ""}, "id"),
    ],
)
def test_a_bad_field_is_named_with_its_row(changes, field):
    error = refused(raw(row(id="owner/first"), row(**changes)))
    assert error.code == "catalog-row-invalid"
    assert error.facts["row"] == 1
    assert error.facts["field"] == field
    assert "row 1" in error.message
    assert field in error.message
    assert changes.get("id", "owner/model") in error.message


def test_a_missing_field_is_named():
    card = row()
    del card["family"]
    error = refused(raw(card))
    assert error.facts["field"] == "family"
    assert "owner/model" in error.message


def test_a_row_that_is_no_object_is_named():
    assert refused(raw(row(), 5)).facts["row"] == 1


def test_ids_that_differ_only_in_case_are_refused():
    error = refused(raw(row(), row(id="OWNER/Model")))
    assert error.code == "catalog-id-twice"
    assert error.facts["row"] == 1
    assert "row 0" in error.message


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_schema_version_is_refused_before_its_rows_are_read(version):
    error = refused(raw({"what": "ever"}, schema_version=version))
    assert error.code == "catalog-version"
    assert str(version) in error.message


@pytest.mark.parametrize("content", [b"", b"{", raw(row())[:-20], b"\xff\xfe{}", b"not json"])
def test_a_damaged_file_is_refused(content):
    assert refused(content).code == "catalog-unreadable"


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"schema_version":"1"}', b"null"])
def test_json_of_another_shape_is_refused(content):
    assert refused(content).code == "catalog-row-invalid"


def test_an_empty_catalog_is_refused():
    assert refused(raw()).code == "catalog-empty"


FIELDS = [
    ("parameters", "num_published"),
    ("parameters", "num_computed"),
    ("architecture", "vocab_size"),
    ("architecture", "num_attention_heads"),
    ("architecture", "max_position_embeddings"),
]


@given(st.sampled_from(FIELDS), st.integers(max_value=0, min_value=-(2**60)))
def test_no_size_may_be_zero_or_less(field, value):
    card = row()
    card[field[0]][field[1]] = value
    assert refused(raw(card)).facts["field"] == ".".join(field)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_catalog_or_our_error(content):
    with pytest.raises(AdvisorError):
        load.parse(content, NAME)


@given(st.integers(min_value=0, max_value=400))
def test_a_file_cut_anywhere_is_refused(length):
    whole = raw(row(), row(id="owner/second"))
    refused(whole[: min(length, len(whole) - 1)])


class TestById:
    def test_in_any_case(self):
        assert load.catalog().by_id("qwen/QWEN3-0.6b").id == "Qwen/Qwen3-0.6B"

    def test_without_the_owner(self):
        assert load.catalog().by_id(" phi-2 ").id == "microsoft/phi-2"

    def test_a_typo_gets_suggestions(self):
        with pytest.raises(NotFoundError) as caught:
            load.catalog().by_id("Qwen/Qwen3-0.6")
        assert caught.value.code == "model-unknown"
        assert "Qwen/Qwen3-0.6B" in caught.value.remedy

    def test_part_of_a_name_gets_suggestions(self):
        with pytest.raises(NotFoundError) as caught:
            load.catalog().by_id("smollm2")
        assert "SmolLM2" in caught.value.remedy

    def test_nonsense_gets_none_and_is_shortened(self):
        with pytest.raises(NotFoundError) as caught:
            load.catalog().by_id("#" * 1_000_000)
        assert caught.value.facts["matches"] == ()
        assert len(caught.value.message) < 200

    def test_a_name_of_two_owners_asks_for_the_owner(self):
        catalog = load.parse(raw(row(id="a/same"), row(id="b/same")), NAME)
        with pytest.raises(NotFoundError) as caught:
            catalog.by_id("same")
        assert caught.value.code == "model-ambiguous"
        assert caught.value.facts["matches"] == ("a/same", "b/same")
