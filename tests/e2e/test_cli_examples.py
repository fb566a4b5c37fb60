"""`examples` as a user meets it: real processes on real files, documents against their schema."""

import json
import subprocess
import sys

import jsonschema
import pytest

from advisor import resources

TABLE = "Text ;LABEL\r\nhallo;gut\r\nhi;schlecht\r\n;gut\r\nhallo;gut\r\nwas\r\nna;gut\r\n"


def run(*words, given=None):
    return subprocess.run(
        [sys.executable, "-m", "advisor", "examples", *map(str, words)], capture_output=True, timeout=60, input=given
    )


def document(*words, given=None):
    done = run(*words, "--json", given=given)
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read("schema/examples.schema.json")))
    return value


def test_what_was_understood_is_said(tmp_path):
    (tmp_path / "mine.csv").write_text(TABLE, "utf-8")
    done = run(tmp_path / "mine.csv")
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    for words in (
        "mine.csv: 3 examples, texts to be labelled, from a table separated by semicolons in utf-8; ",
        "; 6 rows found, 3 left out.",
        "Text: 'Text'. Label: 'LABEL'.", "'gut'\t2\t2", "the same text with the same answer came before (line 5)",
        "the text is empty (line 4)", "fewer cells than in the heading (line 6)", "Fewer than 5 examples",
    ):  # fmt: skip
        assert words in text, words


def test_a_large_file_is_named_before_it_is_read(tmp_path):
    rows = "".join(f"text number {number} {'of some length ' * 20},{'ab'[number % 2]}\n" for number in range(20_000))
    (tmp_path / "large.csv").write_text(f"text,label\n{rows}")
    done = run(tmp_path / "large.csv")
    assert done.stderr.decode() == "Reading large.csv, 6.1 MiB.\n"
    assert "Drawn at random, with the labels' shares kept: 1,000 rows." in done.stdout.decode()


def test_one_line_of_another_encoding_is_named(tmp_path):
    (tmp_path / "mixed.csv").write_bytes(b"text,label\nh\xe4\xdflich,bad\nsch\xc3\xb6n,good\n")
    text = run(tmp_path / "mixed.csv").stdout.decode()
    assert "Not UTF-8 and read as Windows-1252: 1 row (line 2). Check the accents." in text


def test_the_document(tmp_path):
    (tmp_path / "mine.csv").write_text(TABLE, "utf-16")
    value = document(tmp_path / "mine.csv")
    assert (value["kind"], value["delimiter"], value["encoding"]) == ("classification", ";", "utf-16-le")
    assert (value["num_rows"], value["num_usable"], value["num_skipped"], value["num_examples"]) == (6, 3, 3, 3)
    assert value["labels"][0] == {"label": "gut", "num_rows": 2, "num_examples": 2}
    assert {item["reason"]: item["lines"] for item in value["skipped"]} == {
        "duplicate": [5], "empty-text": [4], "too-few-cells": [6],
    }  # fmt: skip


def test_typed_examples_and_a_sample():
    rows = "".join(json.dumps({"prompt": f"p{i}", "expected": f"e{i}"}) + "\n" for i in range(50)).encode()
    value = document("-", "--max-examples", 20, given=rows)
    assert (value["kind"], value["form"], value["num_usable"], value["num_examples"]) == ("generation", "jsonl", 50, 20)
    assert [note["code"] for note in value["notes"]] == ["sampled"]
    assert value["source"] == "standard input"


@pytest.mark.parametrize(
    ("raw", "options", "words"),
    [
        (b"", (), "is empty"), (b"text;label\na;b\n", ("--delimiter", "tab"), "but by a semicolon"),
        (b"text,label\na\0,b\n", (), "line 2: a NUL byte"),
        (b"text,label,expected\na,b,c\n", (), "Keep one of the two"),
        (b"text,label\na,b\n", ("--max-examples", "0"), "Give 1 or more"),
    ],
)  # fmt: skip
def test_bad_files_end_with_a_sentence(tmp_path, raw, options, words):
    (tmp_path / "mine.csv").write_bytes(raw)
    for more in ((), ("--json",)):
        done = run(tmp_path / "mine.csv", *options, *more)
        assert done.returncode == 2
        assert words in done.stderr.decode()
        assert b"Traceback" not in done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["remedy"]


def test_labels_cannot_write_to_the_terminal(tmp_path):
    (tmp_path / "mine.csv").write_text("text,label\nhi,\x1b[31mred\x1b[0m\n", "utf-8")
    assert b"\x1b" not in run(tmp_path / "mine.csv").stdout
