"""The list of shortcuts, made from the window's actions, so that it cannot go stale."""

from collections.abc import Iterable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from advisor.ui.actions import LOCAL_SHORTCUTS
from advisor.ui.dialogs.table_dialog import TableDialog
from advisor.ui.models.simple_table import Cell


def shortcuts_dialog(actions: Iterable[QAction], parent: QWidget) -> TableDialog:
    """Return the dialog for these actions and the keys of tables."""
    rows = [
        (", ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts()), plain(action))
        for action in actions
        if action.shortcuts()
    ]
    cells = tuple((Cell(text=keys), Cell(text=words)) for keys, words in (*rows, *LOCAL_SHORTCUTS))
    return TableDialog("Keyboard shortcuts", "", ("Keys", "What they do"), cells, parent)


def plain(action: QAction) -> str:
    """Return an action's text without its mnemonic sign."""
    return action.text().replace("&", "").rstrip(".")
