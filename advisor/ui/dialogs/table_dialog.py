"""A plot or a list as a table that can be sorted and copied."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from advisor.ui import theme
from advisor.ui.models.simple_table import Cell, SimpleTableModel


class TableDialog(QDialog):
    """Does not block; Copy puts the whole table on the clipboard as text with tabs."""

    def __init__(
        self,
        title: str,
        summary: str,
        headers: tuple[str, ...],
        rows: tuple[tuple[Cell, ...], ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        unit = theme.unit_px(self)
        self.resize(90 * unit, 60 * unit)
        layout = QVBoxLayout(self)
        if summary:
            words = QLabel(summary)
            words.setTextFormat(Qt.TextFormat.PlainText)
            words.setWordWrap(True)
            layout.addWidget(words)
        self.model = SimpleTableModel(headers, rows, self)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setAccessibleName(title)
        self.view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # or it would sort at once
        self.view.setSortingEnabled(True)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.verticalHeader().hide()
        self.view.setTabKeyNavigation(False)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.view.horizontalHeader().setStretchLastSection(True)
        layout.addWidget(self.view, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("&Copy the table", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)

    @Slot()
    def copy(self) -> None:
        """Put the table on the clipboard."""
        QGuiApplication.clipboard().setText(as_tsv(self.model))


def as_tsv(model: SimpleTableModel) -> str:
    """Return a table as text with tabs, headings first."""
    columns, role = range(model.columnCount()), Qt.ItemDataRole.DisplayRole
    lines = ["\t".join(str(model.headerData(c, Qt.Orientation.Horizontal, role)) for c in columns)]
    lines += ["\t".join(str(model.data(model.index(r, c), role)) for c in columns) for r in range(model.rowCount())]
    return "\n".join(lines)
