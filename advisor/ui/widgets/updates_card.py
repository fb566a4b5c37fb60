"""New versions: a switch that is off, what it does, what was found, a button to look now."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from advisor.errors import AdvisorError
from advisor.installed import updates
from advisor.report import about as words
from advisor.ui import theme
from advisor.ui.about_state import UpdatesState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card

LOOK, LOOKING, ABOUT = "Look now", "It is being looked.", "About and licences..."


class UpdatesCard(Card):
    """Shows the setting and what a look found.

    Signals:
        switched: the switch, by the user.
        look_requested: ask now.
        about_requested: show what this app is and what it is made of.
    """

    switched = Signal(bool)
    look_requested = Signal()
    about_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("New versions", parent)
        self.switch = QCheckBox(words.SWITCH)
        self.switch.clicked.connect(self.switched)
        self.what = text.label(level="small", role="muted", wrap=True)
        self.found = text.selectable(text.label(wrap=True))
        self.error = text.selectable(text.label(role="accent", wrap=True))
        self.look = text.button(LOOK)
        self.look.setAccessibleName("Look for a new version now")
        self.look.clicked.connect(self._on_look_clicked)
        row = QHBoxLayout()
        row.setSpacing(theme.unit_px(self))
        self.about = text.button(ABOUT)
        self.about.clicked.connect(self._on_about_clicked)
        row.addStretch(1)
        row.addWidget(self.about)
        row.addWidget(self.look)
        for part in (self.switch, self.what, self.found, self.error):
            self.body.addWidget(part)
        self.body.addLayout(row)
        self.show_state(UpdatesState(), on=False)

    def show_state(self, state: UpdatesState, *, on: bool) -> None:
        """Show the switch and what is known."""
        self.switch.setChecked(on)
        self.what.setText(_asks(on=on))
        text.restyle(self.found, "role", "accent" if state.is_newer else "")
        self.found.setText(state.sentence)
        self.error.setText(state.error)
        for label in (self.found, self.error):
            label.setVisible(bool(label.text()))
        text.set_because(self.look, LOOKING if state.looking else "")

    @Slot()
    def _on_look_clicked(self) -> None:
        self.look_requested.emit()

    @Slot()
    def _on_about_clicked(self) -> None:
        self.about_requested.emit()


def _asks(*, on: bool) -> str:
    """Return when and who would be asked, or why nobody can be."""
    try:
        return f"{words.ON if on else words.OFF} {words.asks_sentence(updates.address())}"
    except AdvisorError as error:
        return error.sentence()
