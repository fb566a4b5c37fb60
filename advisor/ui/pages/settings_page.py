"""Settings: how the window looks, and what every recommendation takes into account."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QHBoxLayout, QLineEdit, QSlider, QSpinBox, QWidget
from typing_extensions import override

from advisor import paths, units
from advisor.report import conversion_tools as words
from advisor.report import own_data
from advisor.settings import Settings
from advisor.ui import theme
from advisor.ui.dialogs.ask_dialog import ask
from advisor.ui.store import GridChoice, Snapshot
from advisor.ui.tools_state import ConversionState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.controls import ChoiceControl, LabelledField, NumberControl
from advisor.ui.widgets.electricity_card import ElectricityCard
from advisor.ui.widgets.page import Page
from advisor.ui.widgets.tools_card import ShelfCard, ToolsCard
from advisor.ui.widgets.updates_card import UpdatesCard

THEME_WORDS = (
    ("system", "As the desktop"), ("light", "Light"), ("dark", "Dark"), ("high-contrast", "High contrast"),
)  # fmt: skip


class SettingsPage(Page):
    """Fields that take effect at once.

    Signals:
        setting_changed: name of a field of `Settings` and its value.
        setting_typed: name of a field and the text that was typed, to be checked.
        look_requested: the page is shown; what lies on the disk may have changed.
        install_requested: install the conversion tools; the user was told what it takes.
        remove_requested: remove them; the user was asked.
        clear_requested: remove the converted models; the user was asked.
    """

    setting_changed = Signal(str, object)
    setting_typed = Signal(str, str)
    look_requested = Signal()
    install_requested = Signal()
    remove_requested = Signal()
    clear_requested = Signal()

    def __init__(self) -> None:
        super().__init__("Settings", "Changes take effect at once and are kept.")
        self.electricity = ElectricityCard()
        self.electricity.changed.connect(self.setting_changed)
        self.electricity.typed.connect(self.setting_typed)
        self.tools, self.shelf = ToolsCard(), ShelfCard()
        self.tools.install_asked.connect(self._on_tools_install_asked)
        self.tools.remove_asked.connect(self._on_tools_remove_asked)
        self.shelf.clear_asked.connect(self._on_shelf_clear_asked)
        self._conversion = ConversionState()
        self.updates = UpdatesCard()
        self.updates.switched.connect(self._on_updates_switched)
        cards = (self._look_card(), self.electricity, self._advice_card(), self._files_card(), self.tools, self.shelf)
        for card in (*cards, self.updates):
            self.body.addWidget(card)
        self.body.addStretch(1)

    def set_grids(self, grids: tuple[GridChoice, ...]) -> None:
        """Offer electricity grids."""
        self.electricity.set_grids(grids)

    @override
    def show_snapshot(self, old: Snapshot | None, new: Snapshot) -> None:
        if old is None or old.conversion != new.conversion:
            self._conversion = new.conversion
            self.tools.show_state(new.conversion)
            self.shelf.show_state(new.conversion)
        if old is None or (old.updates, old.settings) != (new.updates, new.settings):
            self.updates.show_state(new.updates, on=new.settings.look_for_updates)
        if old is not None and (old.settings, old.setting_errors) == (new.settings, new.setting_errors):
            return
        settings: Settings = new.settings
        self.electricity.show_settings(settings, dict(new.setting_errors))
        self.theme.show_value(settings.theme)
        percent = round(100 * settings.text_size_share)
        for control in (self.text_size, self.slider):
            was = control.blockSignals(True)
            control.setValue(percent)
            control.blockSignals(was)
        self.reserve.show_value(settings.memory_reserve_bytes or None)
        self.redact.setChecked(settings.redact_reports)
        self.folder.setText(settings.model_folder or str(paths.data_folder() / "models"))

    @override
    def panes(self) -> tuple[QWidget, ...]:
        return (self.theme, self.electricity.region, self.browse)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.look_requested.emit()

    def _look_card(self) -> Card:
        card = Card("Look")
        unit = theme.unit_px(self)
        grid = QGridLayout()
        grid.setHorizontalSpacing(3 * unit)
        grid.setColumnStretch(2, 1)
        self.theme = ChoiceControl("theme", THEME_WORDS)
        self.theme.chosen.connect(self.setting_changed)
        grid.addWidget(LabelledField("&Colours", self.theme), 0, 0)
        self.text_size = QSpinBox()
        self.text_size.setRange(90, 200)
        self.text_size.setSuffix(" %")
        self.text_size.setSingleStep(10)
        self.text_size.setKeyboardTracking(False)
        self.text_size.lineEdit().setTextMargins(unit, 0, 0, 0)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(90, 200)
        self.slider.setSingleStep(10)
        self.slider.setTracking(False)
        self.slider.setAccessibleName("Text size in percent")
        self.slider.setMinimumWidth(24 * unit)
        self.text_size.valueChanged.connect(self._on_size_changed)
        self.slider.valueChanged.connect(self._on_size_changed)
        grid.addWidget(LabelledField("&Text size", self.text_size), 0, 1)
        grid.addWidget(self.slider, 0, 2, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft)
        card.body.addLayout(grid)
        return card

    def _advice_card(self) -> Card:
        card = Card("Recommendations")
        unit = theme.unit_px(self)
        row = QHBoxLayout()
        row.setSpacing(3 * unit)
        self.reserve = NumberControl(
            "memory_reserve_bytes",
            suffix=" GiB",
            maximum=10_000,
            decimals=1,
            factor=float(units.GIB),
            nothing="Nothing",
        )
        self.reserve.chosen.connect(self._on_reserve_chosen)
        row.addWidget(LabelledField("Memory kept &free for other programs", self.reserve))
        row.addStretch(1)
        card.body.addLayout(row)
        return card

    def _files_card(self) -> Card:
        card = Card("Files")
        unit = theme.unit_px(self)
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.folder = QLineEdit()
        self.folder.setReadOnly(True)
        row.addWidget(LabelledField("Folder for &models", self.folder), 1)
        self.browse = text.button("Choose...", tip="Choose the folder for models")
        self.browse.clicked.connect(self._on_browse_clicked)
        row.addWidget(self.browse, 0, Qt.AlignmentFlag.AlignBottom)
        card.body.addLayout(row)
        self.redact = QCheckBox("&Leave names of the computer, of you and of folders out of reports")
        self.redact.clicked.connect(self._on_redact_clicked)
        card.body.addWidget(self.redact)
        for said in (
            f"Settings: {paths.config_folder()}", f"History: {paths.data_folder()}", f"Log: {paths.log_folder()}",
            own_data.KEPT,
        ):  # fmt: skip
            card.body.addWidget(text.selectable(text.label(said, level="small", role="muted", wrap=True)))
        return card

    @Slot(bool)
    def _on_updates_switched(self, on: bool) -> None:
        self.setting_changed.emit("look_for_updates", on)

    @Slot()
    def _on_tools_install_asked(self) -> None:
        if self._conversion.tools is not None:
            ask(words.INSTALL_QUESTION, self._conversion.tools.takes, "Install", self.install_requested.emit, self)

    @Slot()
    def _on_tools_remove_asked(self) -> None:
        if self._conversion.tools is not None:
            ask(words.REMOVE_QUESTION, words.REMOVE_WORDS, "Remove", self.remove_requested.emit, self)

    @Slot()
    def _on_shelf_clear_asked(self) -> None:
        if self._conversion.shelf is not None:
            ask(words.CLEAR_QUESTION, self._conversion.shelf.clear_words, "Remove all", self.clear_requested.emit, self)

    @Slot(int)
    def _on_size_changed(self, percent: int) -> None:
        self.setting_changed.emit("text_size_share", percent / 100)

    @Slot(str, object)
    def _on_reserve_chosen(self, field: str, value: int | None) -> None:
        self.setting_changed.emit(field, round(value) if value is not None else 0)

    @Slot(bool)
    def _on_redact_clicked(self, on: bool) -> None:
        self.setting_changed.emit("redact_reports", on)

    @Slot()
    def _on_browse_clicked(self) -> None:
        dialog = QFileDialog(self, "Choose the folder for models")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self._on_dialog_file_selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_dialog_file_selected(self, folder: str) -> None:
        self.setting_changed.emit("model_folder", folder)
