"""What is known of this computer's speed, and the button that measures it."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from advisor import units
from advisor.ui import theme
from advisor.ui.store import CalibrationState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card

NOT_CALIBRATED = (
    "Not calibrated: speeds come from published specifications, which are off by up to a factor of two. Calibration "
    "measures them here in about 30 seconds; nothing is downloaded or sent."
)
START, AGAIN, STOP, STOPPING = "Calibrate this computer", "Calibrate again", "Stop", "Stopping..."


class SpeedCard(Card):
    """Sentences, a progress bar while it runs, one button.

    Signals:
        start_requested: calibrate.
        stop_requested: stop.
    """

    start_requested = Signal()
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Speed", parent)
        self._running = False
        self.told = text.selectable(text.label(NOT_CALIBRATED, wrap=True))
        self.learned = text.selectable(text.label(wrap=True))
        self.learned.hide()
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the calibration")
        self.bar.hide()
        self.detail = text.label(level="small", role="muted", wrap=True)
        self.error = text.label(role="accent", wrap=True)
        self.error.hide()
        self.button = text.button(START)
        self.button.clicked.connect(self._on_button_clicked)
        row = QHBoxLayout()
        row.setSpacing(theme.unit_px(self))
        row.addWidget(self.bar, 20)
        row.addStretch(1)
        row.addWidget(self.button)
        for part in (self.told, self.learned, self.detail, self.error):
            self.body.addWidget(part)
        self.body.addLayout(row)

    def show_state(self, state: CalibrationState, why_not: str) -> None:
        """Show what is known and what runs.

        Args:
            state: of the calibration.
            why_not: why it cannot be started; empty when it can.
        """
        self._running = state.phase != "idle"
        speed = state.speed
        self.told.setText("\n".join(speed.lines) if speed.lines else NOT_CALIBRATED)
        self.learned.setText(speed.learned)
        self.learned.setVisible(bool(speed.learned))
        self.bar.setVisible(self._running)
        self.bar.setValue(round(100 * state.done_share))
        left = f"about {units.duration(state.remaining_s)} left" if self._running and state.remaining_s else ""
        self.detail.setText(", ".join(part for part in (state.detail if self._running else "", left) if part))
        self.detail.setVisible(bool(self.detail.text()))
        self.error.setText(state.error)
        self.error.setVisible(bool(state.error))
        if self._running:
            self.button.setText(STOPPING if state.phase == "stopping" else STOP)
            text.set_because(self.button, "It is being stopped." if state.phase == "stopping" else "")
            return
        self.button.setText(AGAIN if speed.created else START)
        text.set_because(self.button, why_not)

    @Slot()
    def _on_button_clicked(self) -> None:
        if self._running:
            self.stop_requested.emit()
        else:
            self.start_requested.emit()
