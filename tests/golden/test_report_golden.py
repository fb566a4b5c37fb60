"""The whole report in each text format, byte by byte: no clock, no random number, versions given."""

import re
from pathlib import Path

import energy_fakes
import fakes_report as fakes
import pytest

from advisor.report import document_json, export, html
from advisor.report.build import build

FOLDER = Path(__file__).parent / "expected"
_DRAWING = re.compile(r"<svg.*?</svg>", re.DOTALL)


def document(**options):
    return build(
        fakes.recommendation(**options), probes=[fakes.probe()], grid=fakes.GRID, versions=fakes.VERSIONS, redact=False
    )


@pytest.mark.parametrize("kind", ["md", "json", "csv"])
def test_a_report_is_as_expected(matches, kind):
    matches(f"report.{kind}", export.render(document(), kind).decode("utf-8"))


def test_the_page_is_as_expected(matches):
    """Drawings are left out: their numbers follow the drawing library; they have tests of their own."""
    text, count = _DRAWING.subn("<svg></svg>", html.render(document()))
    assert count == 4
    matches("report.html", text)


@pytest.mark.parametrize("kind", ["md", "csv"])
def test_hostile_text_is_escaped_as_expected(matches, kind):
    made = document(text=fakes.HOSTILE, model="=evil|<b>`x`")
    matches(f"hostile.{kind}", export.render(made, kind).decode("utf-8"))


def test_a_report_without_an_answer_is_as_expected(matches):
    matches("no-answer.md", export.render(document(picked=False), "md").decode("utf-8"))


@pytest.mark.parametrize("kind", ["html", "md", "json", "csv"])
def test_the_same_report_gives_the_same_bytes(kind):
    assert export.render(document(), kind) == export.render(document(), kind)


def test_a_report_of_a_metered_probe_is_as_expected(matches):
    """Gross and net, work by work, checks, meters: the section on energy with everything a probe adds."""
    matches("metered.md", export.render(energy_fakes.metered_report(), "md").decode("utf-8"))


def test_a_report_opens_as_it_was_written():
    assert document_json.read((FOLDER / "report.json").read_bytes(), file_name="report.json") == document()


def test_an_older_report_still_opens_and_is_set_again():
    """It was written before there was a section on energy."""
    made = document_json.read((FOLDER / "older-report.json").read_bytes(), file_name="older-report.json")
    assert made.energy is None
    assert made.answer.model == "acme/small-embedder"
    for kind in ("html", "md", "csv", "json"):
        assert "Energy and carbon" not in export.render(made, kind).decode("utf-8")
