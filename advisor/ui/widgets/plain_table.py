"""A short table in a card: as high as its rows, one column takes the room that is left."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from advisor.ui import theme
from advisor.ui.models.simple_table import Index, SimpleTableModel

MOST_ROWS = 8


class PlainTable(QTableView):
    """Shows a `SimpleTableModel`.

    Signals:
        opened: row that was double-clicked or entered.
    """

    opened = Signal(int)

    def __init__(self, name: str, model: SimpleTableModel, parent: QWidget | None = None) -> None:
        """Build the table.

        Args:
            name: accessible name.
            model: what it shows.
            parent: Qt parent.
        """
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(name)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicatorClearable(True)
        self.horizontalHeader().setHighlightSections(False)
        self.sortByColumn(-1, self.horizontalHeader().sortIndicatorOrder())
        self.activated.connect(self._on_activated)

    def fit(self, *, stretched: int) -> None:
        """Give each column what its texts need and the rest to one of them; show up to `MOST_ROWS` rows at once."""
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        rows = min(MOST_ROWS, self.model().rowCount())
        row_px = self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(header.sizeHint().height() + rows * row_px + theme.unit_px(self))
        self.setVisible(rows > 0)

    @Slot(object)
    def _on_activated(self, index: Index) -> None:
        self.opened.emit(index.row())
