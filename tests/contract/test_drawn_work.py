"""The table of the work of image networks is what their drawings say."""

import sys
from pathlib import Path

from advisor.estimate import drawn_work

ROOT = Path(__file__).parents[2]


def test_the_table_is_that_of_the_drawings(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "packaging" / "drawn"))
    sys.modules.pop("build_drawn_work", None)
    import build_drawn_work

    assert {model_id: tuple(row) for model_id, row in drawn_work.DRAWN.items()} == build_drawn_work.rows()
    assert build_drawn_work.text() == (ROOT / "advisor" / "estimate" / "drawn_work.py").read_text("utf-8")
