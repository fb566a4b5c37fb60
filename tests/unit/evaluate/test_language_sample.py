"""The shipped texts: the same sentences in many languages, each in its own script."""

import unicodedata
from collections import Counter

import pytest

from advisor.errors import InvalidInputError
from advisor.evaluate import sample
from advisor.task import languages

FIRST_WORDS = {
    "Latn": "LATIN", "Cyrl": "CYRILLIC", "Grek": "GREEK", "Arab": "ARABIC", "Hebr": "HEBREW", "Deva": "DEVANAGARI",
    "Beng": "BENGALI", "Taml": "TAMIL", "Telu": "TELUGU", "Thai": "THAI", "Hani": "CJK", "Jpan": "HIRAGANA",
    "Kore": "HANGUL", "Ethi": "ETHIOPIC", "Geor": "GEORGIAN", "Armn": "ARMENIAN",
}  # fmt: skip


def test_many_languages_of_many_scripts_with_much_and_with_little_to_train_on():
    texts = sample.load().languages
    assert len(texts) == len({item.code for item in texts}) >= 26
    assert len({languages.by_code()[item.code].script for item in texts}) >= 12
    classes = Counter(item.resource_class for item in texts)
    assert classes[5] >= 5
    assert classes[1] + classes[2] >= 5
    assert sample.load().licence == "CC0-1.0"


@pytest.mark.parametrize("text", sample.load().languages, ids=lambda item: item.code)
def test_each_language_has_ten_sentences_of_its_own_in_its_own_script(text):
    assert len(text.sentences) == len(set(text.sentences)) == 10
    script = FIRST_WORDS[languages.by_code()[text.code].script]
    letters = [
        unicodedata.name(letter).split()[0] for sentence in text.sentences for letter in sentence if letter.isalpha()
    ]
    assert Counter(letters).most_common(1)[0][0] == script
    for sentence in text.sentences:
        assert sentence == unicodedata.normalize("NFC", sentence).strip()
        assert text.code == "th" or unicodedata.category(sentence[-1]) == "Po"  # Thai writes no full stop
    assert sum(map(len, text.sentences)) >= (150 if script in ("CJK", "HIRAGANA", "HANGUL") else 400)


def test_no_sentence_stands_in_two_languages():
    seen = Counter(sentence for item in sample.load().languages for sentence in item.sentences)
    assert [sentence for sentence, number in seen.items() if number > 1] == []


def test_languages_are_chosen_by_code_or_name_in_the_order_of_the_table():
    assert [item.code for item in sample.chosen(("Swahili", "de"))] == ["de", "sw"]
    assert len(sample.chosen(())) == len(sample.codes())
    with pytest.raises(InvalidInputError, match="'Klingon'") as caught:
        sample.chosen(("de", "Klingon"))
    assert caught.value.code == "language-without-text"
    assert "sw" in caught.value.remedy
