"""Files of examples as people have them: every form, every fault, bounded memory."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from advisor.errors import AdvisorError, InvalidFileError, InvalidInputError, NotFoundError
from advisor.examples import columns, read
from advisor.examples.gather import MAX_LABELS, Seen
from advisor.examples.source import MAX_LINE_BYTES


def parse(text, **options):
    return read.parse(text if isinstance(text, bytes) else text.encode(), "mine.csv", **options)


def pairs(found):
    return [(item.text, item.answer()) for item in found.examples]


def reasons(found):
    return {item.reason: (item.num_rows, item.line_ids) for item in found.skipped}


def codes(found):
    return {item.code for item in found.notes}


def refused(text, code, *words, **options):
    with pytest.raises(AdvisorError) as caught:
        parse(text, **options)
    assert caught.value.code == code, caught.value
    assert caught.value.remedy
    for word in ("mine.csv", *words):
        assert word in caught.value.message
    return caught.value


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_tables_with_quotes_newlines_and_delimiters_in_cells(mark):
    cell = f'"one{mark} two\nthree ""four"""'
    found = parse(f"text{mark}label\r\n{cell}{mark}a\r\nplain{mark}b\r\n")
    assert found.delimiter == mark
    assert pairs(found) == [(f'one{mark} two\nthree "four"', "a"), ("plain", "b")]
    assert [item.line_id for item in found.examples] == [2, 4]
    assert found.kind == "classification"
    assert (found.text_column, found.answer_column) == ("text", "label")


@pytest.mark.parametrize(
    "heading", ["Text , LABEL", '"TEXT","label"', "label,Text", "id,text,label", "Sentence,Category"]
)
def test_columns_are_found_by_name_in_any_spelling(heading):
    names = [name.strip(' "') for name in heading.split(",")]
    by_role = {"text": "good film", "prompt": "", "label": "pos", None: "7"}
    row = ",".join(by_role[columns.role(name)] for name in names)
    found = parse(f"{heading}\n{row}\n")
    assert pairs(found) == [("good film", "pos")]
    assert "columns-by-position" not in codes(found)


@pytest.mark.parametrize(
    "name", ["Expected answer", "expected_answer", "EXPECTED-ANSWER", "ExpectedAnswer", "expected"]
)
def test_prompts_with_expected_answers_are_a_generation(name):
    found = parse(f"Prompt,{name}\nWhat is 2+2?,4\n")
    assert found.kind == "generation"
    assert (found.examples[0].expected, found.examples[0].label, found.labels) == ("4", None, ())


def test_a_strange_heading_is_told_by_what_stands_below():
    rows = "\n".join(f"Satz {i};{'gut' if i % 2 else 'schlecht'}" for i in range(8))
    found = parse(f"Aussage;Urteil\n{rows}\n")
    assert len(found.examples) == 8
    assert {"columns-by-position", "heading-guessed", "kind-guessed"} <= codes(found)
    assert {item.label: item.num_rows for item in found.labels} == {"gut": 4, "schlecht": 4}


def test_without_a_heading_the_first_row_counts():
    found = parse("gut gemacht,pos\nnicht gut,neg\n")
    assert pairs(found)[0] == ("gut gemacht", "pos")
    assert "first-row-is-data" in codes(found)


def test_long_answers_by_position_are_a_generation():
    found = parse("erkläre\t" + "ein langer Satz " * 5 + "\nsage\t" + "noch ein Satz " * 5 + "\n")
    assert found.kind == "generation"


def test_texts_without_answers():
    found = parse("Hello there, how are you\nFine\nGood, good, and good\n")
    assert (found.delimiter, found.answer_column) == (None, None)
    assert pairs(found)[0][0] == "Hello there, how are you"
    assert "no-answers" in codes(found)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("id,text\n1,hello\n2,bye\n", [None, None]), ("Unnamed: 0,sentence,mood\n0,hi,x\n1,ho,y\n", ["x", "y"]),
        ("1,hello,pos\n2,bye,neg\n", ["pos", "neg"]), ("0;hello\n1;bye\n", [None, None]),
    ],
)  # fmt: skip
def test_a_column_that_numbers_the_rows_is_no_answer_and_no_text(text, answers):
    found = parse(text)
    assert [item.answer() for item in found.examples] == answers
    assert {item.text for item in found.examples} <= {"hello", "bye", "hi", "ho"}


def test_json_lines_and_array_say_the_same():
    rows = [{"text": "a, b", "label": 1}, {"text": "c\nd", "label": True}, {"text": "e", "label": " x "}]
    lines = parse("\n\n".join(json.dumps(row) for row in rows))
    array = parse(json.dumps(rows, indent=2))
    assert pairs(lines) == pairs(array) == [("a, b", "1"), ("c\nd", "true"), ("e", "x")]
    assert (lines.form, array.form) == ("jsonl", "json")
    assert [item.line_id for item in lines.examples] == [1, 3, 5]


def test_a_large_json_array_is_read_in_pieces():
    rows = [{"text": f"text {i}" + "ä" * (i % 700), "label": str(i % 3), "n": i} for i in range(3000)]
    found = parse(json.dumps(rows, ensure_ascii=False), max_num_examples=5000)
    assert pairs(found) == [(row["text"], row["label"]) for row in rows]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16-le"), ("utf-16-be", "utf-16-be"),
     ("utf-16-le", "utf-16-le"), ("cp1252", "cp1252"), ("utf-32", "utf-32-le")],
)  # fmt: skip
@pytest.mark.parametrize("form", ["table", "jsonl", "json"])
def test_encodings(encoding, named, form):
    # Long enough to pass the first piece that is read, so that no mark and no half character is lost between pieces.
    rows = [(f"schöner Café-Film {i}", "größer" if i % 2 else "kleiner") for i in range(2000)]
    objects = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in rows]
    text = {
        "table": "text,label\r\n" + "".join(f"{a},{b}\r\n" for a, b in rows),
        "jsonl": "\n".join(objects), "json": f"[{','.join(objects)}]",
    }[form]  # fmt: skip
    raw = text.encode(encoding)
    if (encoding, form) == ("cp1252", "json"):
        refused(raw, "examples-encoding")
        return
    found = parse(raw, max_num_examples=2000)
    assert pairs(found) == rows
    assert found.encoding == named
    assert found.text_column == "text"


def test_lines_in_another_encoding_are_read_and_named():
    rows = [f"Straße {i},a".encode("cp1252" if i in (3, 5) else "utf-8") for i in range(1, 8)]
    found = parse(b"text,label\n" + b"\n".join(rows))
    assert [text for text, _ in pairs(found)] == [f"Straße {i}" for i in range(1, 8)]
    assert found.encoding == "utf-8, some lines cp1252"
    (note,) = [item for item in found.notes if item.code == "lines-in-cp1252"]
    assert (note.num_rows, note.line_ids) == (2, (4, 6))


def test_bytes_that_are_no_text_cost_their_row_only():
    found = parse(b'text,label\nfine,a\n"two\nlines \x81\xe4",b\nalso fine,a\n')
    assert pairs(found) == [("fine", "a"), ("also fine", "a")]
    assert reasons(found) == {"bytes-not-text": (1, (3,))}


def test_rows_that_cannot_be_used_are_counted_with_reason_and_line():
    rows = ["text,label", "ok,a", "", ",", " ,a", "no label, ", "short", "too,many,cells", "fine,b,,", "ok, a ",
            '"quoted"more,a', "x" * 100_001 + ",a", *(f"row {i},a" for i in range(9))]  # fmt: skip
    found = parse("\n".join(rows))
    assert pairs(found)[:2] == [("ok", "a"), ("fine", "b")]
    assert len(found.examples) == 11
    assert reasons(found) == {
        "empty-row": (2, (3, 4)), "empty-text": (1, (5,)), "empty-answer": (1, (6,)), "too-few-cells": (1, (7,)),
        "too-many-cells": (1, (8,)), "duplicate": (1, (10,)), "text-after-quote": (1, (11,)),
        "cell-too-long": (1, (12,)),
    }  # fmt: skip
    assert found.num_rows == len(rows) - 1
    assert found.num_usable == 11


def test_json_rows_that_cannot_be_used():
    rows = ['{"text": "a", "label": "x"}', "{broken", "[1]", '{"text": 5, "label": "x"}', '{"text": "b", "label": [1]}',
            '{"text": "\\ud800", "label": "x"}', '{"text": "c"}', '{"label": "x"}', "[" * 100_000,
            *(json.dumps({"text": f"t{i}", "label": "x"}) for i in range(9))]  # fmt: skip
    found = parse("\n".join(rows))
    assert len(found.examples) == 10
    assert reasons(found) == {
        "not-json": (2, (2, 9)), "not-an-object": (1, (3,)), "not-text": (2, (4, 5)), "bytes-not-text": (1, (6,)),
        "empty-answer": (1, (7,)), "empty-text": (1, (8,)),
    }  # fmt: skip


def test_same_text_with_another_label_and_labels_that_look_alike_are_noted():
    found = parse("text,label\na,Pos\na,neg\nb,pos\n")
    notes = {item.code: item for item in found.notes}
    assert notes["same-text-other-answer"].line_ids == (3,)
    assert notes["labels-alike"].names == ("Pos", "pos")


def test_quotes_that_do_not_pair_up_are_part_of_the_text():
    rows = "".join(f'he said "no {i}\tneg\n"yes" she said {i}\tpos\n' for i in range(30))
    found = parse(f"sentence\tlabel\n{rows}")
    assert pairs(found)[:2] == [('he said "no 0', "neg"), ('"yes" she said 0', "pos")]
    assert len(found.examples) == 60
    assert "no-quotes" in codes(found)


def test_one_bad_quote_among_good_ones_costs_one_row():
    rows = "".join(f'"good, number {i}",a\n' for i in range(20))
    found = parse(f'text,label\n"bad" one,b\n{rows}')
    assert len(found.examples) == 20
    assert reasons(found) == {"text-after-quote": (1, (2,))}


def test_excel_says_its_delimiter():
    assert pairs(parse("sep=;\ntext;label\na, b, c;x\n")) == [("a, b, c", "x")]
    assert parse("sep=;\ntext;label\na;x\n").examples[0].line_id == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end):
    assert pairs(parse(end.join(["text,label", "a,x", "b,y", ""]))) == [("a", "x"), ("b", "y")]


def test_unicode_line_separators_stay_in_the_text():
    assert pairs(parse("text,label\none\u2028two\x0bthree\x85four,x\n")) == [("one\u2028two\x0bthree\x85four", "x")]


def test_blank_lines_before_the_heading_are_passed_over():
    found = parse("\n,,\n \ntext,label\na,x\n")
    assert pairs(found) == [("a", "x")]
    assert found.examples[0].line_id == 5
    assert reasons(found) == {"empty-row": (3, (1, 2, 3))}


def test_what_is_refused():
    refused(b"text,label,\x81\xe4\na,b,c\n", "examples-encoding", "heading")
    refused(b"", "examples-empty")
    refused("\n \n\n", "examples-no-rows")
    refused("text,label\n", "examples-no-rows")
    refused("[]", "examples-no-rows")
    refused("text,label\na,b\nc\0d,e\n", "examples-nul", "line 3")
    refused("a,b\n" * 3 + 'text,"open\n' + "x\n" * 3000, "examples-quote-open", "line 4", delimiter=",")
    refused("text,label\na,b\n" * 300 + '"open,b\n' + "word " * 50_000, "examples-quote-open", "line 601")
    refused("x" * (MAX_LINE_BYTES + 300_000), "examples-line-long", "line 1")
    refused("text::label\nhi::a\n", "examples-delimiter", "'::'", "line 1")
    refused("text;label\nhi;a\n", "examples-delimiter", "a comma", "a semicolon", delimiter=",")
    refused("text,label,expected\na,b,c\n", "examples-mixed", "'label'", "'expected'")
    refused("label,size,colour\na,b,c\n", "examples-columns", "'colour'", "line 1")
    refused('{"text": "a", "label": "x"}\n{"text": "b", "expected": "y"}\n', "examples-mixed", "line 2")
    refused('{\n "text": "a",\n "label": "x"\n}\n', "examples-json", "line 1")
    refused('[{"text": "a", "label": "x"},\n {"text": "b"', "examples-json", "line 2", "item 2")
    refused('[{"text": "a", "label": "x"}\n {"text": "b"}]', "examples-json", "line 2", "comma")
    refused('[{"text": "a", "label": "x"}] more', "examples-json", "end of the array")
    refused("[" * 200_000, "examples-json")
    refused("text,label\n" + "yes, no, perhaps,x\n" * 3 + "a,x\n", "examples-mostly-unusable", "line 2", "more cells")
    refused(
        "text,label\n" + "".join(f"t,{i}\n" for i in range(MAX_LABELS + 2)), "examples-too-many-labels", "line 1002"
    )
    for start in (b"PK\x03\x04", b"PAR1", b"%PDF-1.7", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0"):
        refused(start + b"text,label", "examples-other-file")


@pytest.mark.parametrize(
    "options", [{"max_num_examples": 0}, {"delimiter": "ab"}, {"delimiter": '"'}, {"delimiter": ""}]
)
def test_options_that_cannot_be_used(options):
    with pytest.raises(InvalidInputError):
        parse("text,label\na,b\n", **options)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(NotFoundError, match=r"nothing\.csv"):
        read.load(tmp_path / "nothing.csv")
    with pytest.raises(InvalidFileError, match="is a folder"):
        read.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidFileError, match="not an ordinary file"):
        read.load(tmp_path / "pipe")
    with pytest.raises(AdvisorError):
        read.load(tmp_path / "nul\0byte")
    with pytest.raises(AdvisorError):
        read.load(tmp_path / ("long" * 100))


def test_a_file_is_named_not_its_folder(tmp_path):
    (tmp_path / "mine.tsv").write_text("text\tlabel\na\tx\n")
    assert read.load(tmp_path / "mine.tsv").source == "mine.tsv"


def test_a_sample_keeps_the_shares_is_seeded_and_misses_no_label():
    # Sorted by label, the worst case for a sample made on the way.
    text = "text,label\n" + "".join(
        f"row {i},{'rare' if i < 3 else 'some' if i < 4000 else 'most'}\n" for i in range(16000)
    )
    found = parse(text, max_num_examples=200)
    assert {item.label: (item.num_rows, item.num_examples) for item in found.labels} == {
        "rare": (3, 1), "some": (3997, 50), "most": (12000, 149),
    }  # fmt: skip
    assert len(found.examples) == 200
    assert [item.line_id for item in found.examples] == sorted(item.line_id for item in found.examples)
    assert parse(text, max_num_examples=200) == found
    assert parse(text, max_num_examples=200, seed=1).examples != found.examples
    assert found.num_usable == 16000
    assert "sampled" in codes(found)


def test_each_row_is_as_likely_to_be_drawn():
    text = "prompt,expected\n" + "".join(f"p{i},e{i}\n" for i in range(300))
    drawn = [0] * 300
    for seed in range(400):
        for item in parse(text, max_num_examples=30, seed=seed).examples:
            drawn[item.line_id - 2] += 1
    # 40 expected each, deviation 6; both halves alike.
    assert min(drawn) > 12
    assert max(drawn) < 70
    assert abs(sum(drawn[:150]) - 6000) < 250


def test_rows_seen_before_are_known_however_many():
    seen = Seen(4)
    assert [seen.add(f"t{i}", "a") for i in range(5000)] == ["new"] * 5000
    assert [seen.add(f"t{i}", "a") for i in range(5000)] == ["same"] * 5000
    assert seen.add("t7", "b") == "other"
    assert seen.add("t7", None) == "other"


def test_a_million_rows_in_little_memory(tmp_path):
    path = tmp_path / "million.csv"
    with path.open("w") as file:
        file.write("text,label\n")
        file.writelines(f'"row {i}, of many, with words in it",{"abc"[i % 3]}\n' for i in range(1_000_000))
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom advisor.examples import read\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = read.load(Path(sys.argv[1]))\n"
        "print(found.num_rows, len(found.examples), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=200)
    num_rows, num_examples, more_kib = map(int, done.stdout.split())
    assert (num_rows, num_examples) == (1_000_000, 1000)
    assert more_kib < 100 * 1024


def test_long_texts_are_bounded_too():
    text = "prompt,expected\n" + "".join(f"{i}{'x' * 90_000},e\n" for i in range(600))
    refused(text, "examples-too-long", "line ")
    assert len(parse(text, max_num_examples=50).examples) == 50


PIECES = st.sampled_from(
    [b"text,label\n", b"prompt;expected\r\n", b'"', b'""', b",", b";", b"\t", b"\n", b"\r", b"[", b"]", b"{", b"}",
     b'{"text": "a", "label": "b"}', b'{"prompt":', b"\\ud800", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe4", b"\x81", b"\0",
     b"sep=;\n", b"1e999", b"NaN", b"-", b"word ", "漢字".encode(), "漢字".encode("utf-16-le"),
     b"|", b"=cmd()", b"null"]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=25).map(b"".join)))
@example(b'text,label\n"')
@example(b"\xff\xfe")
@example(b"sep=;")
@example(b"sep=;\n")
@example(b"[1")
@example(b'{"a": 1}')
@example(b"\xef\xbb\xbf")
@example(b'sep=\x01\n"')
def test_whatever_the_bytes_there_is_a_set_or_a_sentence(raw):
    found = said = None
    try:
        found = parse(raw)
    except AdvisorError as error:
        said = error
    if found is None:
        assert said.remedy
        assert "mine.csv" in said.message
        return
    assert 0 < len(found.examples) == found.num_usable <= found.num_rows
    assert all(item.text.strip() for item in found.examples)
    for item in found.examples:
        item.text.encode("utf-8")
        (item.answer() or "").encode("utf-8")
