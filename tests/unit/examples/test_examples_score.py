"""Scores against values of scikit-learn 1.x, sacreBLEU 2.x (see each) and by hand; results that no spreadsheet runs."""

import csv
import io

import pytest

from advisor.errors import InvalidInputError, OutputError
from advisor.examples import read, score, text_match, write
from advisor.report import table_csv


def labelled(labels):
    rows = "".join(f"text {index},{label}\n" for index, label in enumerate(labels))
    return read.parse(f"text,label\n{rows}".encode(), "mine.csv")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Paris.", "paris", True), ("  New   York ", "new\nyork", True), ("ﬁne", "FINE", True),
        ("Straße", "STRASSE", True),
        ("don\u2019t", "dont", True), ("\uff13\uff10", "30", True), ("3.5", "35", False),
        ("-5", "5", False), ("\u22125", "-5", True),
        ("well-known", "well known", True), ("1,000", "1000", False), (":)", ":(", False), (":)", ":)", True),
        ("the cat", "cat", False), ("東京。", "東京", True), ("é", "e\u0301", True), ("¿Qué?", "qué", True),
    ],
)  # fmt: skip
def test_exact_match(one, other, same):
    assert text_match.exact(one, other) is same
    assert text_match.exact(other, one) is same


def test_no_answer_never_matches():
    assert not text_match.exact(None, "")
    assert text_match.token_f1(None, "a") == 0
    assert text_match.chrf(None, "a") == 0


@pytest.mark.parametrize(
    ("given", "expected", "f1"),
    [
        ("a b c", "b c d e", 2 * 2 / 7), ("a a", "a", 2 / 3), ("", "a", 0), ("x", "y", 0), ("A b!", "a, B", 1),
        ("東京都", "東京", 4 / 5), ("ภาษา", "ภาษี", 6 / 8),
    ],
)  # fmt: skip
def test_token_f1(given, expected, f1):
    assert text_match.token_f1(given, expected) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("given", "expected", "value"),
    [  # sacreBLEU, CHRF(eps_smoothing=False).sentence_score(...).score / 100
        ("the cat sat on the mat", "the cat is on the mat", 0.645779420625287),
        ("Hallo Welt", "Hallo, schöne Welt!", 0.29577653119942326),
        ("abc", "xyz", 0.0), ("a", "ab", 0.5555555555555556), ("", "x", 0.0), ("same text", "same text", 1.0),
        ("東京は日本の首都です", "日本の首都は東京です", 0.4156746031746031),
    ],
)  # fmt: skip
def test_chrf_is_that_of_sacrebleu(given, expected, value):
    assert text_match.chrf(given, expected) == pytest.approx(value, abs=1e-12)


def test_a_classification():
    found = score.score(labelled("aaabbbccc"), ["a", "A ", "b", "b", "b.", "c", "c", "c", None])
    # scikit-learn would count the missing output as a label of its own; here it is a label missed.
    assert found.right == (True, True, False, True, True, False, True, True, False)
    assert found.accuracy.value == pytest.approx(6 / 9)
    assert found.micro_f1.value == pytest.approx(12 / 17)
    by_label = {item.label: item for item in found.labels}
    assert (by_label["a"].precision_share, by_label["a"].recall_share) == (1.0, pytest.approx(2 / 3))
    assert [by_label[label].f1_share for label in "abc"] == pytest.approx([4 / 5, 4 / 6, 4 / 6])
    assert found.macro_f1.value == pytest.approx((4 / 5 + 4 / 6 + 4 / 6) / 3)
    assert {(item.expected, item.given): item.num_examples for item in found.confusions} == {
        ("a", "a"): 2, ("a", "b"): 1, ("b", "b"): 2, ("b", "c"): 1, ("c", "c"): 2, ("c", None): 1,
    }  # fmt: skip
    assert [(item.text, item.expected, item.given, item.line_id) for item in found.misses] == [
        ("text 2", "a", "b", 4), ("text 5", "b", "c", 7), ("text 8", "c", None, 10),
    ]  # fmt: skip
    assert "6 of 9 right; 95% Wilson interval" in found.accuracy.basis
    assert found.accuracy.low == pytest.approx(0.3542, abs=1e-4)
    assert found.macro_f1.low < found.macro_f1.value < found.macro_f1.high


def test_macro_and_micro_f1_are_those_of_scikit_learn():
    # What its f1_score gives of the same two lists.
    found = score.score(labelled("aaabbbccc"), list("aabbbccca"))
    assert found.macro_f1.value == pytest.approx(0.6666666666666666)
    assert found.micro_f1.value == found.accuracy.value == pytest.approx(0.6666666666666666)


def test_an_output_that_is_no_label_is_wrong_and_no_label():
    found = score.score(labelled("ab"), ["I think a", "b"])
    assert found.right == (False, True)
    assert {item.label for item in found.labels} == {"a", "b"}
    assert [(item.expected, item.given) for item in found.confusions] == [("a", None), ("b", "b")]
    assert found.misses[0].given == "I think a"


def test_labels_that_look_alike_stay_apart():
    found = score.score(labelled(["Pos", "pos"]), ["Pos", "pos"])
    assert found.right == (True, True)


def test_a_generation():
    examples = read.parse(b"prompt,expected\ncapital of France,Paris\n2+2,4\nsky,light blue\n", "mine.csv")
    found = score.score(examples, ["paris!", "5", "blue"])
    assert found.right == (True, False, False)
    assert found.token_f1.value == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert found.similarity.value == pytest.approx(
        (text_match.chrf("paris!", "Paris") + text_match.chrf("blue", "light blue")) / 3
    )
    assert [item.given for item in found.misses] == ["5", "blue"]
    assert found.macro_f1 is None


def test_what_cannot_be_scored():
    with pytest.raises(InvalidInputError, match="2 outputs for the 3 examples"):
        score.score(labelled("abc"), ["a", "b"])
    with pytest.raises(InvalidInputError, match="no labels"):
        score.score(read.parse(b"prompt\nhi\n", "mine.csv"), ["x"])


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\t=", " =", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_runs_as_a_formula(start):
    cell = f"{start}cmd|' /C calc'!A0"
    assert write.safe_cell(cell) == f"'{cell}"
    (_, row) = csv.reader(io.StringIO(write.render(["text"], [[cell]]), newline=""))
    assert row == [f"'{cell}"]


def test_numbers_texts_and_empty_cells_stay():
    for cell in ("-5", "+1.5", "-1e-3", "a=b", "plain", ""):
        assert write.safe_cell(cell) == cell
    assert [write.safe_cell(cell) for cell in (None, -2, 0.5)] == ["", "-2", "0.5"]
    assert write.safe_cell("-5+1") == "'-5+1"


def test_a_cell_cut_at_a_semicolon_is_no_formula_either():
    (row,) = csv.reader(io.StringIO(write.render(["a;=1+1"], []), newline=""), delimiter=";")
    assert row == ["a;=1+1"]


def test_results_come_back_as_they_were(tmp_path):
    path = tmp_path / "new" / "results.csv"
    rows = [['ä, "b"\nc; d', "x"], ["漢字", "y"]]
    write.write(path, ["text", "label"], rows)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    found = read.load(path)
    assert [[item.text, item.label] for item in found.examples] == rows
    assert [item.name for item in path.parent.iterdir()] == ["results.csv"]


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OutputError):
        write.write(tmp_path, ["text"], [])


def test_the_report_escapes_the_same_starts():
    for start in ("=", "+", "-", "@"):
        assert table_csv.safe_cell(f"{start}x") == write.safe_cell(f"{start}x")
