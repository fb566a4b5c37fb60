"""The whole report in each text format, byte by byte: no clock, no random number, versions given."""

import re
from pathlib import Path

import fakes_report as fakes
import pytest

from advisor.report import document_json, export, html
from advisor.report.build import build

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
    assert count == 3
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


def test_an_old_report_still_opens():
    made = document_json.read(
        (Path(__file__).parent / "expected" / "report.json").read_bytes(), file_name="report.json"
    )
    assert made == document()
