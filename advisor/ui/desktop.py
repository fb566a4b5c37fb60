"""What the desktop wants: dark or light, and more contrast; asked once the first frame has been seen."""

from typing import Any

from PySide6.QtCore import QObject, Signal, Slot


class Desktop(QObject):
    """Follows the desktop's wishes while the app runs.

    Signals:
        changed: one of them is another one now.
    """

    changed = Signal()

    def __init__(self, hints: Any, parent: QObject | None = None) -> None:  # noqa: ANN401  (a fake in tests)
        """Listen to the desktop.

        Args:
            hints: `QStyleHints`. Its `accessibility` came with Qt 6.10; an older one is never asked for contrast.
            parent: Qt parent.
        """
        super().__init__(parent)
        self._hints = hints
        hints.colorSchemeChanged.connect(self._on_hints_changed)
        self._accessibility = hints.accessibility() if hasattr(hints, "accessibility") else None
        if self._accessibility is not None:
            self._accessibility.contrastPreferenceChanged.connect(self._on_hints_changed)

    @property
    def dark(self) -> bool:
        """The desktop is dark; one that says nothing is not."""
        return bool(self._hints.colorScheme().name == "Dark")

    @property
    def high_contrast(self) -> bool:
        """The desktop asks for high contrast."""
        return self._accessibility is not None and self._accessibility.contrastPreference().name == "HighContrast"

    @Slot()
    def _on_hints_changed(self) -> None:
        self.changed.emit()
