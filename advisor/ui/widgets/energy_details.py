"""Energy and carbon of one candidate: a query part by part, daily terms, all units, training against use, published."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from advisor.recommend.model import CandidateRow
from advisor.report import row_use
from advisor.report.row_use import UseLine, Uses
from advisor.ui import theme
from advisor.ui.models import energy_table
from advisor.ui.widgets import text
from advisor.ui.widgets.stacked_bar import NamedBar, clear

NAME = "Energy and carbon"
MEASURED_PARTS = "One query, by kind of work, measured"
ESTIMATED_PARTS = "One query, by kind of work, estimated: shared out by the predicted times"
PUBLISHED = "Published figures of this model"


class EnergyDetails(QScrollArea):
    """Scrolls; grows with what is known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(NAME)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        unit = theme.unit_px(self)
        content = QWidget()
        content.setProperty("role", "content")
        outer = QVBoxLayout(content)
        outer.setContentsMargins(0, 0, unit, 0)
        outer.setSpacing(unit)
        self.bar = NamedBar()
        outer.addWidget(self.bar)
        self.meaning_title = text.label(level="heading")
        self.meanings = _Lines(unit, stacked=True)
        self.training = text.selectable(text.label(wrap=True))
        self.lines = _Lines(unit)
        self.published_title = text.label(PUBLISHED, level="heading")
        self.published = _Lines(unit)
        for part in (
            self.meaning_title, self.meanings, self.training, self.lines, self.published_title, self.published,
        ):  # fmt: skip
            outer.addWidget(part)
        outer.addStretch(1)
        self.setWidget(content)

    def show_row(self, row: CandidateRow, uses: Uses) -> None:
        """Show another candidate."""
        found = uses.of(row)
        heading = MEASURED_PARTS if found.parts_measured else ESTIMATED_PARTS
        self.bar.show_parts(heading, energy_table.bar_parts(found.parts) if len(found.parts) > 1 else ())
        meanings = row_use.meanings(row, uses)
        self.meaning_title.setText(row_use.meaning_title(uses, row))
        self.meaning_title.setVisible(bool(meanings))
        self.meanings.show_lines(meanings)
        sentence = row_use.training_sentence(row, uses)
        self.training.setText(sentence)
        self.training.setVisible(bool(sentence))
        self.lines.show_lines(row_use.lines(row, uses))
        published = row_use.published_lines(row)
        self.published_title.setVisible(bool(published))
        self.published.show_lines(published)


class _Lines(QWidget):
    """Label and figure on one line, where it comes from on the next, over the whole width."""

    def __init__(self, unit: int, *, stacked: bool = False) -> None:
        """Make no lines yet.

        Args:
            unit: grid step in px.
            stacked: labels are sentences and have a line of their own.
        """
        super().__init__()
        self._unit, self._stacked = unit, stacked
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * unit)
        self._grid.setVerticalSpacing(unit // 4)
        self._grid.setColumnStretch(1, 1)

    def show_lines(self, lines: Sequence[UseLine]) -> None:
        """Show other lines; none hides it."""
        clear(self._grid)
        self.setVisible(bool(lines))
        for place, line in enumerate(lines):
            self._add(line, 2 * place)

    def _add(self, line: UseLine, place: int) -> None:
        top = Qt.AlignmentFlag.AlignTop
        if self._stacked:
            self._grid.addWidget(text.selectable(text.label(line.label, wrap=True)), place, 0, 1, 2)
            self._add_below(f"{line.text}; {line.basis}", place)
            return
        self._grid.addWidget(text.label(line.label, role="muted"), place, 0, top)
        words = text.label(line.text or line.basis, wrap=True)
        self._grid.addWidget(text.selectable(words), place, 1, top)
        if line.text:
            self._add_below(line.basis, place)

    def _add_below(self, words: str, place: int) -> None:
        below = text.selectable(text.label(words, level="small", role="muted", wrap=True))
        below.setContentsMargins(0, 0, 0, self._unit // 2)
        self._grid.addWidget(below, place + 1, 0, 1, 2)
