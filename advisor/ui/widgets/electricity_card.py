"""Settings of electricity: whose grid, what it costs, how energy is measured, whether the computer's making counts."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from advisor.report import energy_words
from advisor.settings import Settings
from advisor.ui import theme
from advisor.ui.store import GridChoice
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.controls import ChoiceControl, LabelledField
from advisor.ui.widgets.search_choice import SearchChoice, TypedField

WORLD = "World"
NOT_CHOSEN = "Not chosen"
NO_GRID = (
    "Without a grid, CO2e is not shown: it differs more than tenfold between countries. Nothing is looked up from "
    "where you are."
)
OWN_WINS = "Your own value is used in place of the grid above."
EMBODIED = (
    "Off: only electricity counts. On: the CO2e of making this computer is shared out over its life, by the time a "
    "query takes, and shown apart."
)


class ElectricityCard(Card):
    """Fields that take effect at once.

    Signals:
        changed: field of the settings and its value.
        typed: field of the settings and the text that was typed.
    """

    changed = Signal(str, object)
    typed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Energy, carbon and cost", parent)
        self._grids: tuple[GridChoice, ...] = ()
        unit = theme.unit_px(self)
        wide = theme.is_wide_text(self)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(3 * unit)
        self._grid.setVerticalSpacing(unit)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 0 if wide else 1)
        self.body.addLayout(self._grid)
        for place, block in enumerate(
            (self._place(unit), self._prices(unit), self._measuring(unit), self._making(unit))
        ):
            row, column = (place, 0) if wide else divmod(place, 2)
            self._grid.addWidget(block, row, column, Qt.AlignmentFlag.AlignTop)

    def set_grids(self, grids: tuple[GridChoice, ...]) -> None:
        """Offer electricity grids."""
        self._grids = grids
        self.region.set_choices(tuple((grid.code, _words(grid)) for grid in grids))

    def show_settings(self, settings: Settings, errors: dict[str, str]) -> None:
        """Show what is chosen, and why what was typed is not used.

        Args:
            settings: as they are.
            errors: by field.
        """
        grid = self._find(settings.region)
        if "region" not in errors:
            self.region.show_value(grid.code if grid is not None else None)
        self.told.setText(NO_GRID if grid is None else grid.sentence)
        self.note.setText(errors.get("region", "") or (f"Take care: {grid.note}." if grid and grid.note else ""))
        self.note.setVisible(bool(self.note.text()))
        self.world.setHidden(settings.region == WORLD)
        own = settings.grid_g_per_kwh
        self.own.show_value("" if own is None else f"{own:g}", errors.get("grid_g_per_kwh", ""))
        self.own_told.setText("" if own is None else OWN_WINS)
        self.own_told.setHidden(own is None)
        price = settings.price_per_kwh
        self.price.show_value("" if price is None else f"{price:g}", errors.get("price_per_kwh", ""))
        self.currency.show_value(settings.currency, errors.get("currency", ""))
        self.embodied.setChecked(settings.with_embodied)
        self.mode.show_value(settings.energy_mode)
        self.mode_told.setText(energy_words.mode_help(settings.energy_mode))

    def _find(self, region: str | None) -> GridChoice | None:
        wanted = (region or "").casefold()
        return next(
            (grid for grid in self._grids if wanted in {name.casefold() for name in (grid.code, *grid.also)}), None
        )

    def _place(self, unit: int) -> QWidget:
        block, layout = _block(unit)
        self.region = SearchChoice("region", "Electricity grid", NOT_CHOSEN)
        self.region.chosen.connect(self.changed)
        self.region.typed.connect(self.typed)
        hint = "Type a part of the name. The country whose power plants are counted for CO2e"
        layout.addWidget(LabelledField("Electricity &grid", self.region, hint), 0, 0)
        self.world = text.button("Use the &world's mean", tip="The mean of all countries, 473 g/kWh in 2024")
        self.world.clicked.connect(self._on_world_clicked)
        layout.addWidget(self.world, 0, 1, Qt.AlignmentFlag.AlignBottom)
        self.told = text.selectable(text.label(NO_GRID, level="small", role="muted", wrap=True))
        layout.addWidget(self.told, 1, 0, 1, 2)
        self.note = text.label(role="accent", wrap=True)
        self.note.hide()
        layout.addWidget(self.note, 2, 0, 1, 2)
        return block

    def _prices(self, unit: int) -> QWidget:
        block, layout = _block(unit)
        self.own = TypedField(
            "grid_g_per_kwh", "Your own CO2e value (g/k&Wh)", example="for example 41",
            hint="For a contract or a roof of your own. Nothing is free of carbon: wind and sun have their making",
        )  # fmt: skip
        self.price = TypedField("price_per_kwh", "&Price of a kilowatt hour", example="for example 0.30",
                                hint="In units of the currency, not in cents")  # fmt: skip
        self.currency = TypedField(
            "currency", "C&urrency", hint="Written behind amounts; nothing is converted", chars=4
        )
        for place, field in enumerate((self.own, self.price, self.currency)):
            field.typed.connect(self.typed)
            layout.addWidget(field, 0, place, Qt.AlignmentFlag.AlignTop)
        self.own_told = text.label(level="small", role="muted", wrap=True)
        self.own_told.hide()
        layout.addWidget(self.own_told, 1, 0, 1, 3)
        return block

    def _measuring(self, unit: int) -> QWidget:
        block, layout = _block(unit)
        self.mode = ChoiceControl("energy_mode", energy_words.mode_choices())
        self.mode.chosen.connect(self.changed)
        layout.addWidget(LabelledField("&Energy in probes", self.mode), 0, 0)
        layout.setColumnStretch(1, 1)
        self.mode_told = text.label(level="small", role="muted", wrap=True)
        layout.addWidget(self.mode_told, 1, 0, 1, 2)
        return block

    def _making(self, unit: int) -> QWidget:
        block, layout = _block(unit)
        self.embodied = QCheckBox("&Show the share of the computer's making")
        self.embodied.clicked.connect(self._on_embodied_clicked)
        layout.addWidget(self.embodied, 0, 0)
        layout.addWidget(text.label(EMBODIED, level="small", role="muted", wrap=True), 1, 0)
        return block

    @Slot()
    def _on_world_clicked(self) -> None:
        self.changed.emit("region", WORLD)

    @Slot(bool)
    def _on_embodied_clicked(self, on: bool) -> None:
        self.changed.emit("with_embodied", on)


def _block(unit: int) -> tuple[QWidget, QGridLayout]:
    block = QWidget()
    layout = QGridLayout(block)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(unit)
    layout.setVerticalSpacing(unit // 2)
    return block, layout


def _words(grid: GridChoice) -> str:
    if grid.code == WORLD:
        return "World (mean of all countries)"
    return f"{grid.name} (group of countries)" if grid.is_group else grid.name
