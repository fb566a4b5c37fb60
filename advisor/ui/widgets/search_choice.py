"""Fields that are typed into: one word of a long list, found by any part of it, and text that is checked elsewhere."""

from PySide6.QtCore import QStringListModel, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from advisor.ui import theme
from advisor.ui.widgets import text
from advisor.ui.widgets.controls import LabelledField


class SearchChoice(QComboBox):
    """A list that can be searched by typing any part of a name.

    Signals:
        chosen: field and value of an entry.
        typed: field and words that are no entry.
    """

    chosen = Signal(str, object)
    typed = Signal(str, str)

    def __init__(self, field: str, name: str, nothing: str, parent: QWidget | None = None) -> None:
        """Build the list.

        Args:
            field: of what is set.
            name: for a screen reader.
            nothing: words of the first entry, whose value is null.
            parent: Qt parent.
        """
        super().__init__(parent)
        self.field = field
        self._nothing = nothing
        self._values: list[object] = []
        self._shown = 0
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(26)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._edit = QLineEdit()
        self._edit.setAccessibleName(name)
        self.setLineEdit(self._edit)
        self._edit.editingFinished.connect(self._on_editing_finished)
        found = QCompleter(self)
        found.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        found.setFilterMode(Qt.MatchFlag.MatchContains)
        found.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._words = QStringListModel(self)
        found.setModel(self._words)
        self.setCompleter(found)
        self.activated.connect(self._on_activated)
        self.set_choices(())

    def set_choices(self, choices: tuple[tuple[object, str], ...]) -> None:
        """Replace the entries behind the first one."""
        self.clear()
        every = ((None, self._nothing), *choices)
        self._values = [value for value, _ in every]
        self.addItems([words for _, words in every])
        self._words.setStringList([words for _, words in every])

    def show_value(self, value: object) -> None:
        """Show a value; one that is no entry leaves the first."""
        self._shown = self._values.index(value) if value in self._values else 0
        self.setCurrentIndex(self._shown)
        self.setEditText(self.itemText(self._shown))

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        """Choose the whole text, so that typing starts a new search."""
        super().focusInEvent(event)
        self._edit.selectAll()

    @Slot(int)
    def _on_activated(self, place: int) -> None:
        if place != self._shown and 0 <= place < len(self._values):
            self._shown = place
            self.chosen.emit(self.field, self._values[place])

    @Slot()
    def _on_editing_finished(self) -> None:
        words = self.currentText().strip()
        if words.casefold() == self.itemText(self._shown).casefold():
            return
        place = self.findText(words, Qt.MatchFlag.MatchFixedString)
        if place >= 0:
            self.setCurrentIndex(place)
            self._on_activated(place)
        elif not words:
            self.setCurrentIndex(0)
            self._on_activated(0)
        else:
            self.typed.emit(self.field, words)


class TypedField(QWidget):
    """A line to type into, its label above, and below it why what was typed is not used.

    Signals:
        typed: field and text, when it was changed and left.
    """

    typed = Signal(str, str)

    def __init__(self, field: str, words: str, *, hint: str = "", example: str = "", chars: int = 10) -> None:
        """Build the field.

        Args:
            field: name of what is set.
            words: label, with its mnemonic.
            hint: more words, for tooltip and screen reader.
            example: shown while it is empty.
            chars: room for that many letters.
        """
        super().__init__()
        unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(unit // 4)
        self.field, self._shown = field, ""
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(example)
        self.edit.setMinimumWidth(chars * self.fontMetrics().averageCharWidth() + 4 * unit)
        self.edit.editingFinished.connect(self._on_editing_finished)
        self._hint = hint
        layout.addWidget(LabelledField(words, self.edit, hint))
        self.error = text.label(role="accent", wrap=True)
        self.error.hide()
        layout.addWidget(self.error)
        layout.addStretch(1)

    def show_value(self, words: str, why_not: str) -> None:
        """Show a value, or why what was typed is not used; the typed text stays to be corrected."""
        self._shown = self.edit.text() if why_not else words
        if not why_not and self.edit.text() != words:
            self.edit.setText(words)
        self.error.setText(why_not)
        self.error.setVisible(bool(why_not))
        self.edit.setAccessibleDescription(why_not or self._hint)

    @Slot()
    def _on_editing_finished(self) -> None:
        if self.edit.text().strip() != self._shown.strip():
            self._shown = self.edit.text()
            self.typed.emit(self.field, self.edit.text())
