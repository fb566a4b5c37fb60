"""The table of results: rows are looked at only when they are painted, order and filter work on columns."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from advisor.evidence import Quantity
from advisor.recommend.model import CandidateRow
from advisor.report import wording
from advisor.report.row_use import Uses
from advisor.ui.models.columns import COLUMNS, Column, short_range
from advisor.ui.store import Rows

Index = QModelIndex | QPersistentModelIndex
SECOND_LINE_ROLE = Qt.ItemDataRole.UserRole + 1
VERDICT_ROLE = Qt.ItemDataRole.UserRole + 2
PICK_ROLE = Qt.ItemDataRole.UserRole + 3


class ResultsModel(QAbstractTableModel):
    """Rows of a recommendation, sorted, filtered, with what cannot be used folded away."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Rows | None = None
        self._columns: tuple[Column, ...] = COLUMNS
        self._names: list[str] = []
        self._usable: Any = None
        self._order: Any = ()
        self._filter = ""
        self._folded = True
        self._approach = ""
        self._sort: tuple[str, bool] | None = None
        self._pinned: frozenset[tuple[str, str, str]] = frozenset()
        self._uses: Uses | None = None

    def show_rows(self, rows: Rows | None) -> None:
        """Show another recommendation; order, filter and fold stay as chosen."""
        self.beginResetModel()
        self._rows, self._names, self._usable = rows, [], None
        self._order = self._ordered()
        self.endResetModel()

    def show_uses(self, uses: Uses | None) -> None:
        """Show what rows take in standard units, as the user's choices make it."""
        self._uses = uses
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def show_pins(self, pinned: frozenset[tuple[str, str, str]]) -> None:
        """Mark the rows that are pinned."""
        self._pinned = pinned
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 1))

    def set_filter(self, text: str) -> None:
        """Show rows that hold every one of these words in model, format or approach."""
        self._filter = text
        self._reorder()

    def set_approach(self, approach: str) -> None:
        """Show one approach; empty shows all."""
        self._approach = approach
        self._reorder()

    def set_folded(self, folded: bool) -> None:
        """Hide or show the rows that do not fit or miss a need."""
        self._folded = folded
        self._reorder()

    @property
    def num_folded(self) -> int:
        """How many rows do not fit or miss a need."""
        if self._rows is None or not len(self._rows):
            return 0
        return int((~self._usable_rows()).sum())

    def column_of(self, key: str) -> int:
        """Return the place of a column."""
        return next(place for place, column in enumerate(self._columns) if column.key == key)

    def row_at(self, row: int) -> CandidateRow | None:
        """Return the candidate in a row of the table."""
        if self._rows is None or not 0 <= row < len(self._order):
            return None
        return self._rows.row(int(self._order[row]))

    def place_of(self, index: int) -> int:
        """Return the table row that shows a candidate, or -1 when it is filtered out."""
        import numpy as np

        found = np.flatnonzero(np.asarray(self._order) == index)
        return int(found[0]) if found.size else -1

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._order)

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return column.title.replace("\n", " ")
        if role == Qt.ItemDataRole.ToolTipRole:
            return wording.column_title(column.key)
        return _alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row_at(index.row()) if index.isValid() else None
        if row is None:
            return None
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._pin_mark(column, row) + self.texts(column, row)[0]
        if role == SECOND_LINE_ROLE:
            return self.texts(column, row)[1]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(column, row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {' '.join(self.texts(column, row))}".replace("\n", " ").strip()
        if role == VERDICT_ROLE:
            return row.verdict if column.key == "verdict" else None
        if role == PICK_ROLE:
            return row.rank == 1
        return _alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        descending = order == Qt.SortOrder.DescendingOrder
        self._sort = (self._columns[column].key, descending) if 0 <= column < len(self._columns) else None
        self._reorder()

    def as_tsv(self, places: list[int]) -> str:
        """Return rows as tab-separated text with titles and units, to paste into a sheet."""
        lines = ["\t".join(column.title.replace("\n", " ") for column in self._columns)]
        for place in places:
            row = self.row_at(place)
            if row is not None:
                lines.append("\t".join(" ".join(self.texts(column, row)).strip() for column in self._columns))
        return "\n".join(lines)

    def texts(self, column: Column, row: CandidateRow) -> tuple[str, str]:
        """Return both lines of a cell."""
        item = self._use(column, row)
        if item is None:
            return column.text(row), column.second(row)
        return wording.amount(item), short_range(item)

    def _tip(self, column: Column, row: CandidateRow) -> str:
        item = self._use(column, row)
        if item is None:
            return column.tip(row)
        return f"{wording.figure(item)}, {wording.evidence_word(item.evidence)}. {item.basis}"

    def _use(self, column: Column, row: CandidateRow) -> Quantity | None:
        return column.use(self._uses.of(row)) if column.use is not None and self._uses is not None else None

    def _pin_mark(self, column: Column, row: CandidateRow) -> str:
        pinned = column.key == "model" and (row.model, row.format, row.approach) in self._pinned
        return "◆ " if pinned else ""

    def _reorder(self) -> None:
        """Compute the order again, and tell the view where each row went."""
        if self._rows is None:
            return
        self.beginResetModel()
        self._order = self._ordered()
        self.endResetModel()

    def _usable_rows(self) -> Any:  # noqa: ANN401
        """Return one truth value a candidate: fits (or is not known) and meets every need."""
        import numpy as np

        if self._usable is None and self._rows is not None:
            ranks = np.asarray(self._rows.column("rank"), dtype=float)
            self._usable = ~np.isnan(ranks)
        return self._usable

    def _ordered(self) -> Any:  # noqa: ANN401
        if self._rows is None or not len(self._rows):
            return ()
        import numpy as np

        order = np.asarray(self._rows.order)
        if self._folded:
            order = order[self._usable_rows()[order]]
        if self._approach:
            order = order[np.asarray(self._rows.column("approach")).astype(str)[order] == self._approach]
        if self._filter.strip():
            words = self._filter.casefold().split()
            names = self._searchable()
            order = order[[all(word in names[i] for word in words) for i in order]]
        if self._sort is not None:
            key, descending = self._sort
            order = order[stable_order(self._keys(key)[order], descending=descending)]
        return order

    def _keys(self, key: str) -> Any:  # noqa: ANN401
        import numpy as np

        column = self._columns[self.column_of(key)]
        if self._rows is None:
            return np.array(())
        return np.asarray(column.sort_keys(self._rows) if column.sort_keys is not None else self._rows.column(key))

    def _searchable(self) -> list[str]:
        if not self._names and self._rows is not None:
            rows = self._rows
            formats = [str(value) for value in rows.column("format")]
            labels = {value: wording.format_label(value) for value in set(formats)}
            self._names = [
                f"{model} {form} {labels[form]}".casefold()
                for model, form in zip(rows.column("model"), formats, strict=True)
            ]
        return self._names


def stable_order(keys: Any, *, descending: bool) -> Any:  # noqa: ANN401
    """Return the places of `keys` in order; equal ones keep theirs, missing ones come last both ways.

    Args:
        keys: array of numbers, NaN where missing, or of texts, empty where missing.
        descending: largest first.
    """
    import numpy as np

    if keys.dtype.kind in "OUS":
        words = np.array([str(key).casefold() if key is not None else "" for key in keys])
        _, codes = np.unique(words, return_inverse=True)
        values = np.where(words == "", np.nan, codes.reshape(-1).astype(float))
    else:
        values = keys.astype(float)
    return np.argsort(-values if descending else values, kind="stable")  # NaN sorts last, negated or not


def _alignment(column: Column) -> int:
    side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)
