"""Numbers in digits and words, tokens and spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.task import numbers, spelling, token
from advisor.task.source import cut


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("1500", 1500.0), ("1,500", 1500.0), ("1.500", 1500.0), ("1 500", 1500.0), ("1,500,000", 1.5e6), ("1.5", 1.5),
        ("1,5", 1.5), ("0.125", 0.125), ("1,234.5", 1234.5), ("1.234,5", 1234.5), ("007", 7.0),
        ("9" * 400, numbers.LARGEST),
    ],
)  # fmt: skip
def test_digits(raw, value):
    assert numbers.digits(raw) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("two hundred and five", [205.0]),
        ("twenty-five thousand", [25000.0]),
        ("a dozen or so", [12.0]),
        ("three dozen", [36.0]),
        ("hundreds of mails", [300.0]),
        ("half a million", [0.5, 1e6]),
        ("1.5k and 2M", [1500.0, 2e6]),
        ("20-30 pages", [30.0]),
        ("two or three", [3.0]),
        ("10 to 20", [20.0]),
        ("5 to 3", [5.0, 3.0]),
        ("2 million", [2e6]),
        ("4 K", [4.0]),
        ("no number and none", []),
        ("two and a half", [2.0, 0.5]),
    ],
)
def test_numbers_in_a_text(text, values):
    assert [item.value for item in numbers.merge(token.split(text)) if item.value is not None] == values


@given(st.integers(0, 10**12))
def test_grouped_and_plain_digits_are_the_same_number(value):
    assert numbers.digits(f"{value:,}") == numbers.digits(str(value)) == value


@given(st.text(max_size=200))
def test_tokens_keep_their_place(text):
    end = 0
    for item in token.split(text):
        assert end <= item.start < item.end
        assert text[item.start : item.end] == item.raw
        end = item.end


@given(st.text(max_size=200))
def test_a_piece_of_the_plain_line_leads_back_to_its_tokens(text):
    source = cut(text, spelling.mend)
    at = 0
    for index, item in enumerate(source.tokens):
        assert source.range(at, at + len(item.norm)) == (index, index + 1)
        at += len(item.norm) + 1
    assert at == len(source.line)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("sumarize", "summarize"), ("clasify", "classify"), ("trnaslate", "translate"), ("langauge", "language"),
        ("transcirption", "transcription"), ("angle", "angle"), ("contacts", "contacts"), ("mail", "mail"),
        ("answers", "answers"),
    ],
)  # fmt: skip
def test_slips_are_mended_and_real_words_are_not(word, meant):
    assert spelling.mend(word) == meant


def test_distance_counts_a_swap_as_one():
    pairs = (("ab", "ba"), ("abc", "abc"), ("kitten", "sitting"), ("", "abc"))
    assert [spelling.distance(*pair) for pair in pairs] == [1, 0, 3, 3]
