"""The labelled descriptions: tuned on one half, tested on both."""

import json
from collections import Counter
from pathlib import Path

import pytest

from advisor.task.describe import describe
from advisor.task.model import TASK_KINDS

FOLDER = Path(__file__).parents[2] / "data" / "descriptions"


def rows(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["descriptions"]


@pytest.mark.parametrize(("name", "least"), [("tune", 0.95), ("held_out", 0.90)])
def test_share_of_kinds_that_are_right(name, least):
    all_rows = rows(name)
    right = sum(describe(row["text"]).task.kind == row["kind"] for row in all_rows)
    assert right / len(all_rows) >= least


def test_the_part_written_after_the_rules_holds_by_itself():
    after = [row for row in rows("held_out") if row["written"] == "after"]
    assert len(after) >= 90
    assert sum(describe(row["text"]).task.kind == row["kind"] for row in after) / len(after) >= 0.90


def test_halves_are_large_cover_every_kind_and_share_nothing():
    tune, held_out = rows("tune"), rows("held_out")
    assert len(tune) >= 80
    assert len(held_out) >= 80
    for half in (tune, held_out):
        kinds = Counter(row["kind"] for row in half)
        assert set(kinds) == set(TASK_KINDS)
        assert min(kinds.values()) >= 4
    assert not {row["text"].lower() for row in tune} & {row["text"].lower() for row in held_out}
