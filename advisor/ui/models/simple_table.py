"""A small table of ready texts, with sort keys: for plots shown as tables, comparisons and histories."""

import math
from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

Index = QModelIndex | QPersistentModelIndex
KEY_ROLE = Qt.ItemDataRole.UserRole + 1


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: what it shows, what it sorts by, what more there is to say."""

    text: str
    key: float | str | None = None
    """Null: sorts by the text; NaN: missing, sorts last both ways."""
    tip: str = ""
    strong: bool = False
    number: bool = False
    """Aligned to the right."""


class SimpleTableModel(QAbstractTableModel):
    """Headers and rows of cells."""

    def __init__(
        self, headers: tuple[str, ...] = (), rows: tuple[tuple[Cell, ...], ...] = (), parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._headers, self._rows = headers, rows
        self._row_headers: tuple[str, ...] = ()

    def show_rows(
        self, headers: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...], *, row_headers: tuple[str, ...] = ()
    ) -> None:
        """Replace the whole table."""
        self.beginResetModel()
        self._headers, self._rows, self._row_headers = headers, rows, row_headers
        self.endResetModel()

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._headers)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        cell = self._rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell.tip or None
        if role == KEY_ROLE:
            return cell.key if cell.key is not None else cell.text.casefold()
        if role == Qt.ItemDataRole.TextAlignmentRole and cell.number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return _strong_font(cell) if role == Qt.ItemDataRole.FontRole else None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and orientation == Qt.Orientation.Horizontal:
            number = bool(self._rows) and section < len(self._headers) and self._rows[0][section].number
            side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Horizontal:
            return self._headers[section] if section < len(self._headers) else None
        return self._row_headers[section] if section < len(self._row_headers) else str(section + 1)

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self._headers) or self._row_headers:
            return
        missing = [row for row in self._rows if _missing(row[column])]
        present = [row for row in self._rows if not _missing(row[column])]
        present.sort(key=lambda row: _key(row[column]), reverse=order == Qt.SortOrder.DescendingOrder)
        self.layoutAboutToBeChanged.emit()
        self._rows = (*present, *missing)
        self.layoutChanged.emit()


def _missing(cell: Cell) -> bool:
    return isinstance(cell.key, float) and math.isnan(cell.key)


def _key(cell: Cell) -> tuple[int, float, str]:
    """Return a key that can always be compared: numbers before words."""
    if isinstance(cell.key, int | float):
        return 0, float(cell.key), ""
    return 1, 0.0, (cell.key if cell.key is not None else cell.text).casefold()


def _strong_font(cell: Cell) -> Any:  # noqa: ANN401
    from PySide6.QtGui import QFont
    from PySide6.QtWidgets import QApplication

    if not cell.strong:
        return None
    font = QFont(QApplication.font())
    font.setWeight(QFont.Weight.DemiBold)
    return font
