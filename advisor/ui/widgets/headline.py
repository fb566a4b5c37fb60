"""The answer at a glance: the pick, why, and its four figures."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from advisor.recommend.model import CandidateRow, Summary
from advisor.report import row_use, wording
from advisor.report.row_use import Uses
from advisor.ui import theme
from advisor.ui.models.columns import memory_of, quality_text, quality_tip, rate_of
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.figure import FigureTile, VerdictLabel


class Headline(Card):
    """Pick and reasons, or why there is none.

    Signals:
        show_requested: show the pick in the table.
    """

    show_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        unit = theme.unit_px(self)
        direction = QBoxLayout.Direction
        row = QBoxLayout(direction.TopToBottom if theme.is_wide_text(self) else direction.LeftToRight)
        row.setSpacing(unit if theme.is_wide_text(self) else 4 * unit)
        self.body.addLayout(row)
        left = QVBoxLayout()
        left.setSpacing(unit // 2)
        row.addLayout(left, 3)
        over = QHBoxLayout()
        over.setSpacing(unit)
        self.kicker = text.label("Smallest model that is enough", level="small", role="muted")
        self.verdict = VerdictLabel()
        over.addWidget(self.kicker)
        over.addWidget(self.verdict)
        over.addStretch(1)
        left.addLayout(over)
        self.name = text.selectable(text.label(level="figure", wrap=True))
        self.reason = text.selectable(text.label(wrap=True))
        left.addWidget(self.name)
        self.more = text.button("Why not another?", role="link")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._on_more_toggled)
        self.why = text.selectable(text.label(role="muted", wrap=True))
        self.why.hide()
        left.addStretch(1)
        lower = QHBoxLayout()
        lower.setSpacing(2 * unit)
        lower.addWidget(self.reason, 1)
        lower.addWidget(self.more, 0, Qt.AlignmentFlag.AlignBottom)
        self.tiles = {name: FigureTile(title) for name, title in _TILES}
        figures = QGridLayout()
        figures.setHorizontalSpacing(3 * unit)
        figures.setVerticalSpacing(unit)
        across = _TILES_ACROSS if theme.is_wide_text(self) else len(self.tiles)
        for place, tile in enumerate(self.tiles.values()):
            figures.addWidget(tile, *divmod(place, across), Qt.AlignmentFlag.AlignTop)
        if theme.is_wide_text(self):
            figures.setColumnStretch(across, 1)
        row.addLayout(figures, 0)
        self.body.addLayout(lower)
        self.body.addWidget(self.why)

    def show_pick(self, summary: Summary, row: CandidateRow | None, uses: Uses | None = None) -> None:
        """Show the answer.

        Args:
            summary: of the recommendation.
            row: the pick; null where there is none.
            uses: rows in standard units, for the battery.
        """
        for tile in self.tiles.values():
            tile.setVisible(row is not None)
        self.verdict.setVisible(row is not None)
        if row is None or summary.pick is None:
            self.kicker.setText("No model meets every need")
            self.name.setText("No pick")
            self.reason.setText(summary.why_no_pick)
            self.more.hide()
            return
        reason = summary.pick.reason
        self.kicker.setText("Smallest model that is enough")
        self.name.setText(f"{row.model.partition('/')[2] or row.model}, {wording.format_label(row.format)}")
        self.name.setToolTip(row.model)
        self.reason.setText(reason.pick)
        rest = tuple(part for part in (reason.smaller, reason.larger, *reason.caveats) if part)
        self.why.setText("\n".join(rest))
        self.more.setVisible(bool(rest))
        self.verdict.show_verdict(row.verdict)
        self._show_figures(row)
        self.show_battery(row, uses)

    def show_battery(self, row: CandidateRow, uses: Uses | None) -> None:
        """Show how much sooner the battery is empty, where the task runs on one."""
        shown = uses is not None and row_use.on_battery(uses.summary)
        self.tiles["battery"].setVisible(shown)
        if uses is not None and shown:
            minutes = uses.of(row).figures.battery.minutes
            self.tiles["battery"].show_quantity(minutes)
            self.tiles["battery"].setToolTip(row_use.battery_sentence(minutes))

    def _show_figures(self, row: CandidateRow) -> None:
        self.tiles["memory"].show_quantity(memory_of(row))
        self.tiles["rate"].show_quantity(rate_of(row))
        self.tiles["energy"].show_quantity(row.energy_per_1000_queries)
        benchmark = row.quality.benchmark or wording.UNKNOWN_QUALITY
        self.tiles["quality"].show_words(quality_text(row), benchmark, quality_tip(row))

    @Slot(bool)
    def _on_more_toggled(self, shown: bool) -> None:
        self.why.setVisible(shown)


_TILES_ACROSS = 3
"""With large text."""
_TILES = (
    ("memory", "Memory"), ("rate", "Speed"), ("energy", "Energy, 1,000 queries"),
    ("quality", "Quality"), ("battery", "Battery, 1,000 queries"),
)  # fmt: skip
