"""What compression costs in the window: empty, with results, as a table, in other colours; and how it gets there."""

import fakes_compression
import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from window_fakes import full_snapshot

from advisor import paths
from advisor.evaluate.compression_plan import KIND
from advisor.history.store import History
from advisor.ui.controllers import jobs
from advisor.ui.dialogs.table_dialog import TableDialog, as_tsv
from advisor.ui.pages.compare_page import ComparePage
from advisor.ui.store import Snapshot, with_archive


@pytest.fixture
def page(qtbot):
    made = ComparePage()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def measured(qapp):
    results = (
        fakes_compression.result(losing=("hi", "th")),
        fakes_compression.result(format="onnx-int8", loss=0.03, losing=()),
        fakes_compression.result(model="owner/embedder", kind="embedding"),
    )
    return with_archive(full_snapshot(), compressions=results)


def test_before_anything_was_measured_the_tab_says_how(page):
    page.show_snapshot(None, Snapshot())
    assert not page.compression.empty.isHidden()
    assert page.compression.shown.isHidden()
    assert "model-fit-advisor compression" in page.compression.empty.sentence.text()


def test_results_are_drawn_with_the_users_languages_marked_and_said(page, measured):
    page.show_snapshot(None, measured)
    tab = page.compression
    assert tab.empty.isHidden()
    assert [tab.model.itemText(place) for place in range(tab.model.count())] == [
        "HuggingFaceTB/SmolLM2-135M-Instruct", "owner/embedder",
    ]  # fmt: skip
    plot = tab.plot
    assert [len(marks.points()) for marks in plot.marks] == [10, 10]
    filled = {point.data().code for point in plot.marks[0].points() if point.data().loses_more}
    assert filled == {"hi", "th"}
    solid = {point.data().code for point in plot.marks[0].points() if point.brush().color() == point.pen().color()}
    assert solid == filled
    names = [name for _, name in plot.plot.getAxis("left")._tickLevels[0]]
    assert names[0] == "Thai"
    assert "▸ Hindi (yours)" in names
    assert plot.plot.getAxis("bottom").labelText == "Loss: divergence from the original (nats per sentence)"
    assert "With confidence, 1.25 times the average or more" in plot.plot.accessibleDescription()
    assert "Of your languages" in tab.found.label.text()


def test_another_model_is_drawn_when_it_is_chosen_and_kept_when_results_come(page, measured):
    page.show_snapshot(None, measured)
    tab = page.compression
    tab.model.setCurrentIndex(1)
    tab.model.activated.emit(1)
    assert len(tab.plot.marks) == 1
    assert "cosine" in tab.plot.plot.getAxis("bottom").labelText
    more = with_archive(
        measured, compressions=(fakes_compression.result(model="owner/newest"), *measured.archive.compressions)
    )
    page.show_snapshot(measured, more)
    assert tab.model.currentText() == "owner/embedder"
    assert tab.model.count() == 3


def test_the_plot_as_a_table_that_can_be_copied(page, measured):
    page.show_snapshot(None, measured)
    page.compression.as_table.click()
    (dialog,) = page.findChildren(TableDialog)
    lines = as_tsv(dialog.model).splitlines()
    assert len(lines) == 21
    assert lines[0].startswith("Language\tFormat\t")
    assert lines[1].startswith("Thai\t")
    dialog.close()


def test_the_buttons_of_the_sheet_are_not_shown_beside_the_languages(page, measured):
    page.show_snapshot(None, measured)
    page.tabs.setCurrentIndex(1)
    assert page.copy.isHidden()
    page.tabs.setCurrentIndex(0)
    assert not page.copy.isHidden()


def test_the_plot_follows_the_palette(page, measured, qapp):
    page.show_snapshot(None, measured)
    light = page.compression.plot.marks[0].points()[0].pen().color().name()
    palette = QApplication.palette()
    for role in (palette.ColorRole.Window, palette.ColorRole.Base):
        palette.setColor(role, "#1e1e1e")
    page.compression.plot.setPalette(palette)
    assert page.compression.plot.marks[0].points()[0].pen().color().name() != light


def test_what_the_history_keeps_reaches_the_window_and_the_recommendation(own_folders):
    history = History(paths.data_folder() / "history.sqlite").open()
    kept = fakes_compression.result()
    history.add_evaluation(KIND, kept)
    history.close()
    assert jobs.load_archive().compressions == (kept,)
    assert jobs.compressions_of(msgspec.structs.replace(full_snapshot().machine.profile, fingerprint="here")) == (kept,)
    assert jobs.compressions_of(full_snapshot().machine.profile) == ()
