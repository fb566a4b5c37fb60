"""The details of a candidate propose its smaller relatives, with what they would take here."""

import fakes_report
import numpy as np

from advisor.report import relatives
from advisor.ui.widgets.details import DetailsPane

LARGE, SMALL = "openai/whisper-large-v3", "distil-whisper/distil-large-v3"


class TwoRows:
    """A recommendation of two candidates."""

    order = np.array([0, 1])

    def __init__(self):
        self.rows = [fakes_report.row(0, LARGE, "onnx-fp32", gib=8.0), fakes_report.row(1, SMALL, "onnx-fp32", gib=4.0)]

    def row(self, index):
        return self.rows[index]

    def column(self, name):
        return np.array([getattr(row, name) for row in self.rows], dtype=object)


def texts(pane):
    items = (pane._grid.itemAt(place) for place in range(pane._grid.count()))
    return [item.widget().text() for item in items]


def test_a_smaller_relative_is_proposed_with_its_source_and_costs(qtbot):
    pane = DetailsPane()
    qtbot.addWidget(pane)
    answer = TwoRows()
    pane.show_row(answer.row(0), pinned=False, answer=answer)
    shown = texts(pane)
    place = shown.index(relatives.LABEL)
    assert shown[place + 1].startswith("distil-large-v3, distilled from this model")
    assert "0.5" in shown[place + 1]
    assert "huggingface.co/distil-whisper/distil-large-v3" in shown[place + 2]


def test_a_candidate_without_relatives_has_no_such_line(qtbot):
    pane = DetailsPane()
    qtbot.addWidget(pane)
    answer = TwoRows()
    pane.show_row(answer.row(1), pinned=False, answer=answer)
    assert relatives.LABEL not in texts(pane)
