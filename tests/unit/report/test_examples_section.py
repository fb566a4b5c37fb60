"""The report's section on the last run of the user's own examples: in every format, only when it is wanted."""

import sys
from pathlib import Path

import fakes_report
import msgspec
import pytest

from advisor.report import examples_section, export
from advisor.report.build import build

sys.path.append(str(Path(__file__).parents[1] / "examples"))

from test_examples_candidates import result, right_but

RESULTS = (
    result("x", right_but({1, 2}), created="2026-01-02T00:00:00+00:00"), result("y", right_but(set()), time_s=1.0),
)  # fmt: skip


def test_the_last_run_is_that_on_the_newest_examples_each_candidate_once():
    older = result("x", right_but({3}), id="older")
    other = result("z", right_but(set()), examples_hash="0" * 16)
    found = examples_section.last_run([RESULTS[1], other, RESULTS[0], older])
    assert [item.id for item in found] == ["x", "y"]
    assert examples_section.last_run([]) == ()


@pytest.mark.parametrize("ending", ["html", "md", "pdf", "json"])
def test_the_section_is_in_every_format_and_holds_no_text(ending, tmp_path):
    document = build(fakes_report.recommendation(), examples=RESULTS)
    path = tmp_path / f"report.{ending}"
    export.write(document, path)
    plain = tmp_path / f"plain.{ending}"
    export.write(build(fakes_report.recommendation()), plain)
    if ending == "pdf":
        assert path.stat().st_size > plain.stat().st_size
        return
    text = path.read_text("utf-8")
    assert "Too few examples to tell" in text
    assert "x, onnx-fp32" in text
    assert "text 1" not in text
    assert "Too few examples to tell" not in plain.read_text("utf-8")
    if ending != "json":
        assert examples_section.TITLE in text
    else:
        again = msgspec.json.decode(path.read_bytes())
        assert again


def test_there_is_no_section_without_a_run():
    assert build(fakes_report.recommendation()).examples is None
    assert examples_section.blocks(build(fakes_report.recommendation())) == ()
