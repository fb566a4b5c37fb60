"""The shipped tables hold together."""

import re

from advisor.task import clue, languages, region, word
from advisor.task.model import TASK_KINDS
from advisor.task.script import script_of


def test_language_codes_are_unique_and_names_too():
    rows = languages.table()
    assert len(rows) > 100
    assert len({row.code for row in rows}) == len(rows)
    assert len({row.name.lower() for row in rows}) == len(rows)
    for row in rows:
        assert re.fullmatch(r"[a-z]{2,3}", row.code)
        assert re.fullmatch(r"[a-z]{3}", row.iso639_3)
        assert re.fullmatch(r"[A-Z][a-z]{3}", row.script)
        assert row.code == row.iso639_3 or len(row.code) == 2


def test_every_language_is_found_by_name_code_and_own_name():
    for row in languages.table():
        assert languages.folded(row.name) == row.code
        assert languages.folded(row.code) == row.code
        assert languages.name(row.code) == row.name
        for written in row.endonyms:
            assert languages.folded(written) is not None
    assert languages.folded("Deutsch") == "de"
    assert languages.folded("Klingon") is None
    assert languages.name("tlh") == "tlh"


def test_countries_have_both_codes_and_one_name_each():
    rows = region.table()
    assert (
        len({row.iso3 for row in rows})
        == len({row.iso2 for row in rows})
        == len({row.name for row in rows})
        == len(rows)
    )
    for row in rows:
        assert re.fullmatch(r"[A-Z]{3}", row.iso3)
        assert re.fullmatch(r"[A-Z]{2}", row.iso2)


def test_clues_cover_every_kind_and_match_no_empty_text():
    assert {item.kind for item in clue.clues()} == set(TASK_KINDS)
    for item in clue.clues():
        assert item.pattern.search("") is None, item.pattern.pattern
        assert item.value != 0


def test_word_lists_do_not_contradict():
    lists = word.table()
    assert not lists.stop & lists.always_true
    assert all(len(item) >= 5 for item in lists.mended)
    assert all(item == item.lower() for item in (*lists.mended, *lists.stop, *lists.always_true))


def test_script_is_named_by_the_majority_of_letters():
    assert script_of("hello") is None
    assert script_of("123") is None
    assert script_of("hello привет, товарищи") == "Cyrillic"
    assert script_of("日本語の文書") == "Chinese or Japanese"
    assert script_of("한국어") == "Korean"
