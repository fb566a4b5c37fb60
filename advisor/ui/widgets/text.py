"""Labels, buttons and lines in the app's text levels: one call each, so that pages read as lists of content."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QWidget

from advisor.ui import theme


def label(text: str = "", *, level: theme.Level | None = None, role: str = "", wrap: bool = False) -> QLabel:
    """Return a plain-text label: never HTML, whatever the text holds.

    Args:
        text: what it says.
        level: text level; None is body text.
        role: `muted`, `small`, `accent` or `badge`, for its colour.
        wrap: break long text over lines.
    """
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if level is not None:
        made.setFont(theme.scaled_font(level))
        made.setProperty("level", level)
    if role:
        made.setProperty("role", role)
    if wrap:
        policy = made.sizePolicy()  # keeps height-for-width
        policy.setHorizontalPolicy(QSizePolicy.Policy.Expanding)
        policy.setVerticalPolicy(QSizePolicy.Policy.Preferred)
        made.setSizePolicy(policy)
    return made


def selectable(made: QLabel) -> QLabel:
    """Let the mouse and the keyboard copy a label's text."""
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def button(text: str, *, role: str = "", tip: str = "") -> QPushButton:
    """Return a push button; `role` is `primary`, `link` or empty."""
    made = QPushButton(text)
    made.setAutoDefault(False)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    if role:
        made.setProperty("role", role)
    if tip:
        made.setToolTip(tip)
        made.setAccessibleDescription(tip)
    return made


def line() -> QFrame:
    """Return a hairline between rows."""
    made = QFrame()
    made.setProperty("role", "line")
    made.setFixedHeight(1)
    return made


def set_because(widget: QWidget, why_not: str) -> None:
    """Enable a widget, or disable it and say why, to the mouse and to a screen reader."""
    widget.setEnabled(not why_not)
    widget.setToolTip(why_not)
    widget.setAccessibleDescription(why_not)


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Change a property that the style sheet looks at."""
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
