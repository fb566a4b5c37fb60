"""Fields to fill in. Each knows the name of what it sets, shows values without echoing them, and ignores the wheel."""

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from advisor.ui import theme
from advisor.ui.widgets import text

NOT_SAID = "Not said"


class ChoiceControl(QComboBox):
    """One of several words.

    Signals:
        chosen: field and value; None for the entry that says nothing.
    """

    chosen = Signal(str, object)

    def __init__(self, field: str, choices: tuple[tuple[Any, str], ...], parent: QWidget | None = None) -> None:
        """Build the list.

        Args:
            field: name of what is set.
            choices: value and words of each entry.
            parent: Qt parent.
        """
        super().__init__(parent)
        self.field = field
        self._values: list[Any] = []
        self.set_choices(choices)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(14)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.activated.connect(self._on_activated)

    def set_choices(self, choices: tuple[tuple[Any, str], ...]) -> None:
        """Replace the entries."""
        self.clear()
        self._values = [value for value, _ in choices]
        self.addItems([words for _, words in choices])

    def show_value(self, value: Any, usual: str = "") -> None:  # noqa: ANN401, ARG002  (same shape as the others)
        """Show a value; an unknown one leaves the first entry."""
        self.setCurrentIndex(self._values.index(value) if value in self._values else 0)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    @Slot(int)
    def _on_activated(self, place: int) -> None:
        self.chosen.emit(self.field, self._values[place])


class NumberControl(QDoubleSpinBox):
    """A number; its lowest value means that nothing was said.

    Signals:
        chosen: field and value in base units; None when nothing is said.
    """

    chosen = Signal(str, object)

    def __init__(
        self,
        field: str,
        *,
        suffix: str = "",
        maximum: float = 10_000_000,
        decimals: int = 0,
        factor: float = 1.0,
        nothing: str = NOT_SAID,
        parent: QWidget | None = None,
    ) -> None:
        """Build the field.

        Args:
            field: name of what is set.
            suffix: unit shown behind the number.
            maximum: largest value, as shown.
            decimals: digits behind the point; 0 gives whole numbers.
            factor: base units per unit shown.
            nothing: words for the lowest value.
            parent: Qt parent.
        """
        super().__init__(parent)
        self.field = field
        self._factor, self._nothing = factor, nothing
        self.setDecimals(decimals)
        self.setRange(0, maximum)
        self.setGroupSeparatorShown(True)
        self.setSuffix(suffix)
        self.setSpecialValueText(nothing)
        self.setKeyboardTracking(False)
        self.lineEdit().setTextMargins(theme.unit_px(self), 0, 0, 0)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(theme.unit_px(self) * 12)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.valueChanged.connect(self._on_value_changed)

    def show_value(self, value: float | None, usual: str = "") -> None:
        """Show a value; without one, what is usual."""
        was = self.blockSignals(True)
        self.setSpecialValueText(f"{self._nothing}, usually {usual}" if usual else self._nothing)
        self.setValue(0 if value is None else value / self._factor)
        self.blockSignals(was)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    @Slot(float)
    def _on_value_changed(self, value: float) -> None:
        if value == 0:
            self.chosen.emit(self.field, None)
            return
        base = value * self._factor
        self.chosen.emit(self.field, base if self.decimals() else round(base))


class WordsControl(QLineEdit):
    """Names separated by commas, for example languages.

    Signals:
        chosen: field and a tuple of codes; None when it is empty.
        misunderstood: a word that names nothing known.
    """

    chosen = Signal(str, object)
    misunderstood = Signal(str)

    def __init__(self, field: str, names: dict[str, str], parent: QWidget | None = None) -> None:
        """Build the field.

        Args:
            field: name of what is set.
            names: name by code.
            parent: Qt parent.
        """
        super().__init__(parent)
        self.field = field
        self._names = names
        self._codes = {name.casefold(): code for code, name in names.items()}
        self._shown = ""
        self.setPlaceholderText(NOT_SAID)
        self.editingFinished.connect(self._on_editing_finished)

    def show_value(self, codes: tuple[str, ...] | None, usual: str = "") -> None:  # noqa: ARG002
        """Show the names of codes."""
        self._shown = ", ".join(self._names.get(code, code) for code in codes or ())
        if not self.hasFocus():
            self.setText(self._shown)

    @Slot()
    def _on_editing_finished(self) -> None:
        if self.text().strip() == self._shown:
            return
        words = [word.strip() for word in self.text().split(",") if word.strip()]
        found = [self._code(word) for word in words]
        for word, code in zip(words, found, strict=True):
            if code is None:
                self.misunderstood.emit(word)
        codes = tuple(code for code in found if code is not None)
        self._shown = self.text().strip()
        self.chosen.emit(self.field, codes or None)

    def _code(self, word: str) -> str | None:
        plain = word.casefold()
        return plain if plain in self._names else self._codes.get(plain)


Control = ChoiceControl | NumberControl | WordsControl


class LabelledField(QWidget):
    """A control with its label above it; the label's mnemonic leads to the control."""

    def __init__(self, words: str, control: Control | QWidget, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(unit // 4)
        self.words = words
        self.control = control
        self.label: QLabel = text.label(words)
        self.label.setTextFormat(Qt.TextFormat.AutoText)
        self.label.setBuddy(control)
        control.setAccessibleName(words.replace("&", ""))
        if hint:
            control.setToolTip(hint)
            control.setAccessibleDescription(hint)
        layout.addWidget(self.label)
        layout.addWidget(control)

    def show_mark(self, mark: str) -> None:
        """Say behind the label where the value comes from."""
        self.label.setText(f"{self.words} ({mark})" if mark else self.words)
