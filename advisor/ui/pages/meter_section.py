"""The card of power meters with its dialog, as one part of the page This computer."""

from PySide6.QtCore import QObject, Signal, Slot

from advisor.ui.store import MeterState
from advisor.ui.widgets.meter_card import MeterCard
from advisor.ui.widgets.wall_dialog import WallDialog


class MeterSection(QObject):
    """Card and dialog show the same state; the dialog lives while it is open.

    Signals:
        look_requested: look for meters again.
        read_requested: read them now.
        keep_requested: pairs of readings, to fit and keep.
        forget_requested: forget the user's wall meter.
    """

    look_requested = Signal()
    read_requested = Signal()
    keep_requested = Signal(object)
    forget_requested = Signal()

    def __init__(self) -> None:
        self.card = MeterCard()
        super().__init__(self.card)
        self.dialog: WallDialog | None = None
        self._state = MeterState()
        self.card.look_requested.connect(self.look_requested)
        self.card.forget_requested.connect(self.forget_requested)
        self.card.calibrate_requested.connect(self.open_dialog)

    def show_state(self, state: MeterState) -> None:
        """Show what was found and read."""
        self._state = state
        self.card.show_state(state)
        if self.dialog is not None:
            self.dialog.show_state(state)

    @Slot()
    def open_dialog(self) -> None:
        """Open the dialog of the wall meter, or bring it to the front."""
        if self.dialog is None:
            self.dialog = WallDialog(self._state, self.card)
            self.dialog.read_requested.connect(self.read_requested)
            self.dialog.keep_requested.connect(self.keep_requested)
            self.dialog.finished.connect(self._on_dialog_finished)
        self.dialog.show()

    @Slot()
    def _on_dialog_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
