import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.catalog import languages, load


@pytest.mark.parametrize(
    ("given_code", "ours"),
    [
        ("de", "de"), ("deu", "de"), ("ger", "de"), ("deu-Latn", "de"), ("eng-Latn", "en"), ("zh_Hans", "zh"),
        ("cmn", "zh"), ("arb", "ar"), ("pes", "fa"), ("PT-br", "pt"), ("hin-Deva", "hi"), ("ceb", "ceb"),
        ("ckb", "ckb"), ("iw", "he"), ("nob", "nb"), ("swh", "sw"), (" fr ", "fr"),
    ],
)  # fmt: skip
def test_codes_become_the_short_one_where_there_is_one(given_code, ours):
    assert languages.normalise(given_code) == ours


@pytest.mark.parametrize("word", ["tf", "on-device", "", "x", "english", "12", "multilingual", "..."])
def test_words_that_are_no_codes_are_refused(word):
    assert languages.normalise(word) is None


@given(st.text(max_size=8))
def test_normal_codes_stay_as_they_are(text):
    code = languages.normalise(text)
    assert code is None or languages.normalise(code) == code


def test_the_catalog_holds_normal_codes_only():
    spoken = {code for card in load.catalog().models for code in card.languages or ()}
    assert {"de", "hi", "zh", "ceb"} <= spoken
    exaone = load.catalog().by_id("LGAI-EXAONE/EXAONE-4.0-1.2B")
    assert "lg" not in (exaone.languages or ())
    assert all(languages.normalise(code) == code for code in spoken)
