"""One model of the user's, as its headers describe it, and what can be done with it."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QLineEdit, QPushButton, QWidget

from advisor.report import wording
from advisor.ui import theme
from advisor.ui.models.simple_table import Cell, SimpleTableModel
from advisor.ui.models_state import ModelAction, ModelView
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.controls import ChoiceControl, LabelledField
from advisor.ui.widgets.flow_layout import FlowLayout
from advisor.ui.widgets.plain_table import PlainTable

TYPE_TITLES = ("Numbers stored as", "Tensors", "Numbers", "Bytes", "Size")
ADD, DOWNLOAD = "&Add to the candidates", "&Download..."
_MOST_SHOWN = 40
"""Characters of a model's name on a button."""


class ModelDetails(Card):
    """Figures, notes, builds of a hub, and buttons.

    Signals:
        add_requested: put it among the candidates.
        download_requested: name of the build to download.
        look_requested: id of a model of the hub and a revision, to be read in its place.
        action_requested: id of an action on a model of this computer.
    """

    add_requested = Signal()
    download_requested = Signal(str)
    look_requested = Signal(str, str)
    action_requested = Signal(str)

    def __init__(self, actions: tuple[ModelAction, ...] = (), parent: QWidget | None = None) -> None:
        """Build the card.

        Args:
            actions: what can be done besides with a model of this computer, a button each.
            parent: Qt parent.
        """
        super().__init__("", parent)
        self._view: ModelView | None = None
        unit = theme.unit_px(self)
        self.name = text.selectable(text.label(level="figure", wrap=True))
        self.sentence = text.selectable(text.label(role="muted", wrap=True))
        self.verdict = text.selectable(text.label(wrap=True))
        for label in (self.name, self.sentence, self.verdict):
            self.body.addWidget(label)
        self.body.addWidget(self._hub_part(unit))
        self.body.addLayout(self._buttons(actions, unit))
        self.why = text.label(level="small", role="muted", wrap=True)
        self.body.addWidget(self.why)
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(3 * unit)
        self.grid.setVerticalSpacing(unit // 2)
        self.grid.setColumnStretch(2, 1)
        self.body.addLayout(self.grid)
        self.notes = text.selectable(text.label(level="small", role="muted", wrap=True))
        self.body.addWidget(self.notes)
        self.type_model = SimpleTableModel(parent=self)
        self.types = PlainTable("Numbers of the model by their type", self.type_model)
        self.body.addWidget(self.types)
        self.hide()

    def show_model(self, view: ModelView | None, *, why_no_download: str, why_not: dict[str, str]) -> None:
        """Show a model, or none.

        Args:
            view: the model.
            why_no_download: why nothing can be downloaded now; empty where something can.
            why_not: id of an action -> why it cannot be done now, empty where it can.
        """
        before, self._view = self._view, view
        self.setVisible(view is not None)
        if view is None:
            return
        if before != view:
            self._show_view(view)
        text.set_because(self.add, view.why_not_add)
        text.set_because(self.download, why_no_download)
        self.download.setVisible(bool(view.hub_id))
        for name, button in self.more.items():
            button.setVisible(bool(view.path))
            text.set_because(button, why_not.get(name, ""))
        reasons = [view.why_not_add, *(why for name, why in why_not.items() if why and view.path)]
        self.why.setText(" ".join(dict.fromkeys(reason for reason in reasons if reason)))
        self.why.setVisible(bool(self.why.text()))

    def _hub_part(self, unit: int) -> QWidget:
        self.hub = QWidget()
        direction, wide = QBoxLayout.Direction, theme.is_wide_text(self)
        row = QBoxLayout(direction.TopToBottom if wide else direction.LeftToRight, self.hub)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * unit)
        self.build = ChoiceControl("build", (("", "No build"),))
        self.build.setMinimumContentsLength(20 if wide else 32)
        self.revision = QLineEdit()
        self.revision.setMinimumWidth(16 * unit)
        self.revision.returnPressed.connect(self._on_revision_return_pressed)
        row.addWidget(LabelledField("&Build to download", self.build), 2)
        row.addWidget(
            LabelledField("Re&vision", self.revision, "Branch, tag or commit; press Enter to read that one"), 1
        )
        row.addStretch(1)
        return self.hub

    def _buttons(self, actions: tuple[ModelAction, ...], unit: int) -> FlowLayout:
        row = FlowLayout(spacing_px=unit)
        self.add = text.button(ADD, role="primary")
        self.add.clicked.connect(self.add_requested)
        self.download = text.button(DOWNLOAD)
        self.download.clicked.connect(self._on_download_clicked)
        self.more: dict[str, QPushButton] = {}
        for button in (self.add, self.download):
            row.addWidget(button)
        for action in actions:
            button = text.button(action.text, tip=action.tip)
            button.clicked.connect(self._on_action_clicked)
            self.more[action.id] = button
            row.addWidget(button)
        self.others: list[QPushButton] = []
        self.row = row
        return row

    def _show_view(self, view: ModelView) -> None:
        self.name.setText(view.name)
        self.sentence.setText(view.sentence)
        self.verdict.setText(f"{wording.verdict_glyph(view.verdict)} {view.verdict_sentence}".strip())
        self.verdict.setVisible(bool(view.verdict_sentence))
        text.restyle(self.verdict, "verdict", view.verdict)
        self.hub.setVisible(bool(view.hub_id))
        self.build.set_choices(tuple((build.name, build.label) for build in view.builds) or (("", "No build"),))
        self.revision.setText(view.revision)
        self._show_figures(view)
        self._show_others(view)
        self.notes.setText("\n".join(view.notes))
        cells = tuple(
            tuple(Cell(text=words, number=place > 0) for place, words in enumerate(row)) for row in view.types
        )
        self.type_model.show_rows(TYPE_TITLES, cells)
        self.types.fit(stretched=0)

    def _show_figures(self, view: ModelView) -> None:
        while (item := self.grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        wide = theme.is_wide_text(self)
        for place, figure in enumerate(view.figures):
            basis = text.label(figure.basis, level="small", role="muted", wrap=True)
            value = text.label(figure.value, level="heading", wrap=wide)
            self.grid.addWidget(text.label(figure.name), 2 * place, 0)
            self.grid.addWidget(text.selectable(value), 2 * place, 1, 1, 2 if wide else 1)
            if wide:
                self.grid.addWidget(basis, 2 * place + 1, 0, 1, 3)
            else:
                self.grid.addWidget(basis, 2 * place, 2)

    def _show_others(self, view: ModelView) -> None:
        """Offer the models of the hub that hold this one ready to run."""
        for button in self.others:
            self.row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.others = []
        for model_id in view.ready_made:
            short = model_id if len(model_id) <= _MOST_SHOWN else f"{model_id[:_MOST_SHOWN]}..."
            button = text.button(f"Ready-made: {short}", role="link", tip=f"Read the headers of {model_id}")
            button.setProperty("model", model_id)
            button.clicked.connect(self._on_other_clicked)
            self.others.append(button)
            self.row.addWidget(button)

    @Slot()
    def _on_download_clicked(self) -> None:
        view, place = self._view, self.build.currentIndex()
        if view is not None:
            self.download_requested.emit(view.builds[place].name if 0 <= place < len(view.builds) else "")

    @Slot()
    def _on_revision_return_pressed(self) -> None:
        if self._view is not None:
            self.look_requested.emit(self._view.hub_id, self.revision.text().strip())

    @Slot()
    def _on_action_clicked(self) -> None:
        sender = self.sender()
        self.action_requested.emit(next(name for name, button in self.more.items() if button is sender))

    @Slot()
    def _on_other_clicked(self) -> None:
        self.look_requested.emit(str(self.sender().property("model")), "")
