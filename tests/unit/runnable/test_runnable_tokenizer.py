"""Texts become the model's tokens and come back; what is no tokenizer is refused with its reason."""

import msgspec
import pytest
import tiny_models

from advisor.errors import InvalidFileError, InvalidModelError, NotFoundError
from advisor.runnable.find import open_model
from advisor.runnable.tokenizer import Tokenizer


@pytest.fixture
def folder(tmp_path):
    tiny_models.encoder(tmp_path / "model.onnx")
    tiny_models.tokenizer(tmp_path)
    return tmp_path


def test_texts_and_pairs_become_tokens(folder):
    found = Tokenizer(open_model(folder))
    assert found.encode("the sky is pink") == (2, 12, 8, 11, 1, 3)
    assert found.encode("the sky is pink", special=False) == (12, 8, 11, 1)
    assert found.encode("") == (2, 3)
    assert found.encode("the [MASK] is") == (2, 12, 4, 11, 3)
    one, pair = found.encode_batch(("rose", ("the rose", "is red")))
    assert (one.ids, one.type_ids, one.offsets[1], one.is_cut) == ((2, 10, 3), (0, 0, 0), (0, 4), False)
    assert (pair.ids, pair.type_ids) == ((2, 12, 10, 3, 11, 5, 3), (0, 0, 0, 0, 1, 1, 1))
    assert found.decode((2, 12, 8, 3)) == "the sky"
    assert found.decode((2, 12, 8, 3), special=True) == "[CLS] the sky [SEP]"
    assert found.num_tokens() == tiny_models.NUM_WORDS


def test_long_texts_are_cut_where_it_is_asked(folder):
    found = Tokenizer(open_model(folder))
    text = "the sky is blue the sky is blue"
    assert found.encode(text, max_tokens=5) == (2, 12, 8, 11, 3)
    cut, whole = found.encode_batch((text, "rose"), max_tokens=5)
    assert (cut.is_cut, whole.is_cut) == (True, False)
    assert len(found.encode(text)) == 10, "what was cut before is not cut for good"
    assert len(found.encode(text, max_tokens=1)) == 3, "special tokens always have room"
    assert len(found.encode(text, max_tokens=1, special=False)) == 1


def test_what_ends_and_fills_is_found_by_number_or_name(folder):
    tiny_models.write_json(folder / "tokenizer_config.json", {"eos_token": "[SEP]", "pad_token": "[MASK]"})
    found = Tokenizer(open_model(folder))
    assert (found.eos_token_ids, found.pad_token_id, found.max_tokens) == ((3,), 4, None)
    tiny_models.write_json(folder / "config.json", {"eos_token_id": 7, "pad_token_id": 6, "n_positions": 9})
    found = Tokenizer(open_model(folder))
    assert (found.eos_token_ids, found.pad_token_id, found.max_tokens) == ((7,), 6, 9)
    assert (found.token_id("[MASK]"), found.token_id("none"), found.token_id(None)) == (4, None, None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tokenizer.pkl", "is a pickle"),
        ("spiece.model", "spiece.model alone"),
        ("vocab.txt", "vocab.txt alone"),
        ("readme.txt", "cannot be turned into tokens"),
    ],
)
def test_a_missing_tokenizer_is_explained(folder, name, words):
    (folder / "tokenizer.json").unlink()
    (folder / name).write_bytes(b"x")
    with pytest.raises(NotFoundError, match=words) as failure:
        Tokenizer(open_model(folder))
    assert failure.value.code == "tokenizer-missing"


@pytest.mark.parametrize("text", ["{", '{"version": "1.0"}', "[]", '{"model": {"type": "Unheard"}}', "\xff"])
def test_a_damaged_tokenizer_is_refused(folder, text):
    model = open_model(folder)
    (folder / "tokenizer.json").write_text(text, encoding="latin-1")
    with pytest.raises(InvalidFileError, match=r"tokenizer\.json cannot be read") as failure:
        Tokenizer(model)
    assert failure.value.code == "tokenizer-invalid"


def test_a_tokenizer_of_another_model_is_refused_and_a_few_added_tokens_are_not(folder):
    model = open_model(folder)
    num = Tokenizer(model).num_tokens()
    few, many = (msgspec.structs.replace(model, config={"vocab_size": size}) for size in (num - 1, num // 2))
    assert Tokenizer(few).num_tokens() == num
    with pytest.raises(InvalidModelError, match=f"has {num:,} tokens, the model {num // 2:,}") as failure:
        Tokenizer(many)
    assert failure.value.code == "tokenizer-foreign"


def test_an_empty_or_vanished_tokenizer_is_none(folder):
    model = open_model(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(NotFoundError):
        Tokenizer(model)
    (folder / "tokenizer.json").write_bytes(b"")
    assert open_model(folder).tokenizer is None
