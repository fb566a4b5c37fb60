"""A cell to type in that has a name while it is empty, for those who hear the table."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableWidgetItem
from typing_extensions import override


class TypedCell(QTableWidgetItem):
    """Is read aloud by its text, else by what belongs there."""

    def __init__(self, text: str, empty: str) -> None:
        """Hold a text.

        Args:
            text: to begin with.
            empty: what the cell is called while it has none.
        """
        super().__init__(text)
        self._empty = empty

    @override
    def data(self, role: int) -> Any:
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return super().data(Qt.ItemDataRole.DisplayRole) or self._empty
        return super().data(role)
