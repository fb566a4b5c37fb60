"""Result files on disk: what opens, and the sentence for each that does not."""

import os
import tomllib
from pathlib import Path

import fakes_report
import pytest

from advisor.errors import InvalidFileError, OutputError
from advisor.report import build, document_json, export, result_file

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def document():
    return build.build(fakes_report.recommendation(), probes=())


def refusal(path):
    with pytest.raises(InvalidFileError) as raised:
        result_file.read(path)
    assert str(path) in raised.value.sentence()
    return raised.value


def test_what_was_written_opens_whatever_it_is_called(document, tmp_path):
    for name in ("result.mfa.json", "Result.MFA.JSON", "plain.json", "Ergebnis für Zoë.mfa.json"):
        export.write(document, tmp_path / name)
        assert result_file.read(tmp_path / name) == document


def test_packages_and_the_app_use_one_suffix():
    names = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
    assert names["result_suffix"] == result_file.SUFFIX
    assert f".{export.ending('json')}" == names["result_suffix"]
    assert {kind: export.ending(kind) for kind in export.FORMATS} == {
        "html": "html", "pdf": "pdf", "md": "md", "json": "mfa.json", "csv": "csv",
    }  # fmt: skip


def test_the_remedy_for_an_unknown_ending_names_the_suffix():
    with pytest.raises(OutputError) as raised:
        export.kind_of(Path("report.docx"))
    assert ".mfa.json" in raised.value.remedy


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "report-invalid", "truncated"),
        (b'{"schema": 1', "report-invalid", "truncated"),
        (b'{"schema": "model-fit-advisor/machine/1", "version": 1}', "report-invalid", "$.schema"),
        (b"\xff\xfe{}", "report-invalid", "not a whole report"),
        (b'{"version": 1, "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "report-invalid", "too deep"),
        (b'{"version": 99}', "report-too-new", "newer version"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, content, code, words):
    path = tmp_path / "bad.mfa.json"
    path.write_bytes(content)
    error = refusal(path)
    assert error.code == code
    assert words in error.message


def test_what_is_no_file_is_never_read(tmp_path):
    assert refusal(tmp_path / "none.mfa.json").code == "file-not-found"
    (tmp_path / "folder.mfa.json").mkdir()
    assert "is not a file" in refusal(tmp_path / "folder.mfa.json").message
    os.mkfifo(tmp_path / "pipe.mfa.json")  # reading it would wait for ever
    assert "is not a file" in refusal(tmp_path / "pipe.mfa.json").message


def test_a_file_far_too_large_for_a_result_is_not_read(tmp_path):
    path = tmp_path / "huge.mfa.json"
    with path.open("wb") as file:
        file.truncate(result_file.MOST_BYTES + 1)
    error = refusal(path)
    assert error.code == "report-too-large"
    assert "64 MiB" in error.message


def test_of_many_files_those_that_are_not_opened_are_named():
    assert result_file.not_shown(["a", "b"]) == ""
    assert result_file.not_shown(["a", "b", "/x/c.json"]) == "Two results stand side by side; not opened: c.json."
    assert result_file.not_shown(list("abcdefg")).endswith("not opened: c, d, e and 2 more.")


def test_a_report_saved_again_is_the_same_report(document):
    assert document_json.read(document_json.render(document)) == document
