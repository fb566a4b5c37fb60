"""Starts the measurement of what compression costs: of which model, in which languages; how far it is."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QProgressBar, QWidget

from advisor import units
from advisor.report import compression_start as words
from advisor.ui import compression_state as states
from advisor.ui import theme
from advisor.ui.compression_state import CompressionState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card, Notice
from advisor.ui.widgets.controls import ChoiceControl

CANCEL, CANCELLING = "&Cancel", "Cancelling..."
_NOTHING = "Nothing is chosen"
_BEING_CANCELLED = "It is being cancelled; nothing is kept of it."


class MeasureCard(Card):
    """Choice, amount, start, progress.

    Signals:
        model_chosen: key of a choice.
        folders_chosen: the original's folder and that of a compressed format.
        start_requested: which languages, `all` or `few`.
        stop_requested: stop it.
    """

    model_chosen = Signal(str)
    folders_chosen = Signal(str, str)
    start_requested = Signal(str)
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Measure what compression costs", parent)
        self._state = CompressionState()
        self._yours: tuple[str, ...] = ()
        self._reference = ""
        self.grid = QGridLayout()
        self.grid.setSpacing(theme.unit_px(self))
        self.grid.setColumnStretch(1, 1)
        self.model = ChoiceControl("model", ())
        self.model.setAccessibleName("Model to measure")
        self.languages = ChoiceControl("languages", (("all", "All languages"), ("few", "Fewer languages")))
        self.languages.setAccessibleName("Languages to measure in")
        self.folders = text.button("Choose f&olders...", tip="The original's folder first, then the compressed one's")
        for place, (name, control) in enumerate((("Model", self.model), ("Languages", self.languages))):
            label = text.label(name)
            label.setBuddy(control)
            self.grid.addWidget(label, place, 0)
            self.grid.addWidget(control, place, 1)
        self.what = text.label(role="muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the measurement")
        self.detail = text.label(role="muted", wrap=True)
        self.error = Notice()
        self.body.addWidget(self.error)
        self.body.addLayout(self.grid)
        below: tuple[QWidget, ...] = (self.what, self.bar, self.detail)
        for widget in below:
            self.body.addWidget(widget)
        self.body.addLayout(self._buttons())
        self.model.chosen.connect(self._on_model_chosen)
        self.languages.chosen.connect(self._on_languages_chosen)
        self.folders.clicked.connect(self.choose_folders)

    def show_state(self, state: CompressionState, yours: tuple[str, ...], why_not: str) -> None:
        """Show what can be measured and how far it is.

        Args:
            state: of the measurement.
            yours: codes of the task's languages.
            why_not: why nothing can be started now, other than for the choice; empty where it can.
        """
        before, self._state = self._state, state
        if (before.choices, before.codes) != (state.choices, state.codes) or self._yours != yours:
            self._yours = yours
            self._fill()
        chosen = states.picked(state)
        self.model.show_value(chosen.key if chosen is not None else "")
        running = state.phase != "idle"
        busy = "It is being measured." if running else ""
        self.model.setEnabled(not running and bool(state.choices))
        self.languages.setEnabled(not running)
        text.set_because(self.folders, busy)
        reason = words.NO_MODELS if chosen is None else chosen.why_not
        if state.choices is None:
            reason = "The app is looking which models are on this computer."
        text.set_because(self.start, busy or reason or why_not)
        self._show_words(reason or why_not if not running else "")
        self._show_progress(state, running=running)
        self._announce(before, state)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.unit_px(self))
        self.start = text.button("&Start", role="primary")
        self.start.clicked.connect(self._on_start_clicked)
        self.stop = text.button(CANCEL, tip="Esc")
        self.stop.clicked.connect(self.stop_requested)
        row.addWidget(self.start)
        row.addWidget(self.stop)
        row.addWidget(self.folders)
        row.addStretch(1)
        return row

    def _fill(self) -> None:
        state = self._state
        self.model.set_choices(tuple((item.key, item.name) for item in state.choices or ()) or (("", _NOTHING),))
        extent = self.extent()
        few = states.languages(state, "few", self._yours)
        whose = "Yours and the" if set(self._yours) & set(state.codes) else "The"
        self.languages.set_choices(
            (
                ("all", f"All {len(state.codes)} languages"),
                ("few", f"{whose} {len(state.largest)} with the most to train on: {len(few)}"),
            )
        )
        self.languages.show_value(extent)

    def extent(self) -> states.Extent:
        """Return how many languages are wanted."""
        return "few" if self.languages.currentIndex() == 1 else "all"

    def _show_words(self, why_not: str) -> None:
        """Say what Start would do, or why it cannot."""
        state, chosen = self._state, states.picked(self._state)
        if why_not:
            self.what.setText(why_not)
            return
        codes = states.languages(state, self.extent(), self._yours)
        if chosen is not None:
            amount = words.amount(len(codes), state.num_sentences, len(chosen.compressed))
            self.what.setText(f"{chosen.what}. {amount}")

    def _show_progress(self, state: CompressionState, *, running: bool) -> None:
        self.bar.setVisible(running)
        self.bar.setValue(round(1000 * state.done_share))
        left = "" if state.remaining_s is None else f" About {units.duration(state.remaining_s)} left."
        stopping = state.phase == "stopping"
        self.detail.setText(_BEING_CANCELLED if stopping else f"{state.detail or 'Starting'}.{left}")
        self.detail.setVisible(running)
        self.stop.setVisible(running)
        self.stop.setText(CANCELLING if stopping else CANCEL)
        text.set_because(self.stop, _BEING_CANCELLED if stopping else "")
        self.error.show_text("" if running else state.error)

    def _announce(self, before: CompressionState, now: CompressionState) -> None:
        """Tell a screen reader of start and end, never of each percent."""
        if now.phase == before.phase:
            return
        told = {"running": "Measuring started.", "stopping": CANCELLING}.get(now.phase, now.error or now.done)
        if told:
            event = QAccessibleAnnouncementEvent(self, told)
            if now.error:
                event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
            QAccessible.updateAccessibility(event)

    @Slot()
    def choose_folders(self) -> None:
        """Ask for the original's folder, then for the compressed one's."""
        self._ask("Folder of the original, in full precision", self._on_reference_selected)

    def _ask(self, title: str, selected: Callable[[str], None]) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_reference_selected(self, folder: str) -> None:
        self._reference = folder
        self._ask("Folder of the same model in a compressed format", self._on_compressed_selected)

    @Slot(str)
    def _on_compressed_selected(self, folder: str) -> None:
        self.folders_chosen.emit(self._reference, folder)

    @Slot(str, object)
    def _on_model_chosen(self, _field: str, key: object) -> None:
        self.model_chosen.emit(str(key))

    @Slot(str, object)
    def _on_languages_chosen(self, _field: str, _value: object) -> None:
        if self.start.isEnabled():
            self._show_words("")

    @Slot()
    def _on_start_clicked(self) -> None:
        focus = self.start.hasFocus()
        self.start_requested.emit(self.extent())
        if focus and self.stop.isVisible():
            self.stop.setFocus(Qt.FocusReason.OtherFocusReason)
