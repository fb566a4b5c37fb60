"""Models of the user's own: from this computer or from a hub, sized by their headers, added, downloaded, removed."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QTabBar, QWidget
from typing_extensions import override

from advisor.ui.models_state import ModelAction, ModelsState
from advisor.ui.store import Snapshot
from advisor.ui.widgets.card import Card, Notice
from advisor.ui.widgets.convert_card import ConvertCard
from advisor.ui.widgets.here_list import HereList
from advisor.ui.widgets.hub_form import HubForm
from advisor.ui.widgets.local_open import LocalOpen, dropped_model
from advisor.ui.widgets.model_details import ModelDetails
from advisor.ui.widgets.page import Page
from advisor.ui.widgets.work_card import WorkCard

WAYS = ("On this computer", "Hugging Face Hub", "Here already")
Refusal = Callable[[Snapshot], str]
Refusals = Callable[[Snapshot], Mapping[str, str]]


class ModelsPage(Page):
    """Three ways in, the model that was chosen, and its download.

    Signals:
        shown: the page is in front now, so what is here may be looked at again.
        open_requested: path of a folder or file to read.
        search_requested: a `HubQuery`.
        look_requested: id of a model of the hub, and its revision.
        ask_stop_requested: wait for no answer of the hub.
        add_requested: put the chosen model among the candidates.
        plan_requested: name of the build whose download is to be planned.
        download_requested: start what was planned.
        download_stop_requested: cancel it.
        put_away_requested: forget the plan, or what was said of the last download.
        convert_planned: format and method whose conversion is to be planned.
        convert_requested: start the conversion that was planned.
        convert_stop_requested: cancel it.
        convert_put_away_requested: forget the plan, or what was said of the last conversion.
        remove_requested: a `HereRow` to take away.
        action_requested: id of an action on the chosen model.
        results_requested: on to the results.
    """

    shown = Signal()
    open_requested = Signal(str)
    search_requested = Signal(object)
    look_requested = Signal(str, str)
    ask_stop_requested = Signal()
    add_requested = Signal()
    plan_requested = Signal(str)
    download_requested = Signal()
    download_stop_requested = Signal()
    put_away_requested = Signal()
    convert_planned = Signal(str, str)
    convert_requested = Signal()
    convert_stop_requested = Signal()
    convert_put_away_requested = Signal()
    remove_requested = Signal(object)
    action_requested = Signal(str)
    results_requested = Signal()

    def __init__(
        self, why_no_work: Refusal, *, actions: tuple[ModelAction, ...] = (), why_not: Refusals | None = None
    ) -> None:
        """Make the page.

        Args:
            why_no_work: returns why nothing can be downloaded or converted now; empty when something can.
            actions: what can be done besides with a model on this computer; each gets a button.
            why_not: returns, by the id of an action, why it cannot be done with the chosen model now.
        """
        super().__init__("Models", "Bring a model of your own: it is judged beside those of the catalog.")
        self._why_no_work, self._why_not = why_no_work, why_not
        self.told = Notice(action="To the results")
        self.told.clicked.connect(self.results_requested)
        self.error = Notice()
        for widget in (self.told, self.error, self._ways_card()):
            self.body.addWidget(widget)
        self.download = WorkCard("Download", "&Start the download", "Download it anyway")
        self.download.start_requested.connect(self.download_requested)
        self.download.stop_requested.connect(self.download_stop_requested)
        self.download.put_away_requested.connect(self.put_away_requested)
        self.body.addWidget(self.download)
        self.convert = ConvertCard()
        self.convert.plan_requested.connect(self.convert_planned)
        self.convert.start_requested.connect(self.convert_requested)
        self.convert.stop_requested.connect(self.convert_stop_requested)
        self.convert.put_away_requested.connect(self.convert_put_away_requested)
        self.body.addWidget(self.convert)
        self.details = ModelDetails(actions)
        self.details.add_requested.connect(self.add_requested)
        self.details.download_requested.connect(self.plan_requested)
        self.details.look_requested.connect(self.look_requested)
        self.details.action_requested.connect(self.action_requested)
        self.body.addWidget(self.details)
        self.body.addStretch(1)
        self.setAcceptDrops(True)

    @override
    def show_snapshot(self, old: Snapshot | None, new: Snapshot) -> None:
        before, now = old.models if old is not None else None, new.models
        if before is None or before.local != now.local:
            self.local.show_state(now.local)
        if before is None or before.hub != now.hub:
            self.hub.show_state(now.hub)
        if before is None or before.here != now.here:
            self.here.show_state(now.here)
            self.told.show_text(now.here.told)
        self._show_error(now)
        why_not = self._why_no_work(new)
        self.download.show_state(now.download, why_not)
        self.convert.show_state(now.convert, why_not)
        reasons = dict(self._why_not(new)) if self._why_not is not None else {}
        self.details.show_model(now.chosen, why_no_download=why_not, why_not=reasons)
        if before is not None and now.chosen is not None and before.chosen != now.chosen:
            self._show_soon(self.details.name)
        for card, part in ((self.download, "download"), (self.convert, "convert")):
            phase = getattr(now, part).phase
            if before is not None and getattr(before, part).phase != phase and phase != "idle":
                self._show_soon(card)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        """Say that the page is in front."""
        super().showEvent(event)
        self.shown.emit()

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take what is one model."""
        if dropped_model(event.mimeData()):
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        """Read the model that was dropped."""
        path = dropped_model(event.mimeData())
        if path:
            event.acceptProposedAction()
            self.ways.setCurrentIndex(0)
            self.open_requested.emit(path)

    @override
    def run_wanted(self) -> None:
        if self.ways.currentIndex() == 1:
            self.hub.ask()

    @override
    def panes(self) -> tuple[QWidget, ...]:
        return (self.ways, self.hub.table, self.here.table, self.download.start, self.details.add)

    def _ways_card(self) -> Card:
        card = Card()
        self.ways = QTabBar()
        self.ways.setAccessibleName("Where the model is")
        self.ways.setExpanding(False)
        self.ways.setDrawBase(False)
        self.local, self.hub, self.here = LocalOpen(), HubForm(), HereList()
        self._bodies = (self.local, self.hub, self.here)
        card.body.addWidget(self.ways)
        for name, body in zip(WAYS, self._bodies, strict=True):
            self.ways.addTab(name)
            card.body.addWidget(body)
        self.ways.currentChanged.connect(self._on_way_changed)
        self._on_way_changed(0)
        self.local.open_requested.connect(self.open_requested)
        self.hub.search_requested.connect(self.search_requested)
        self.hub.stop_requested.connect(self.ask_stop_requested)
        self.hub.look_requested.connect(self.look_requested)
        self.here.open_requested.connect(self.open_requested)
        self.here.remove_requested.connect(self.remove_requested)
        return card

    def _show_error(self, now: ModelsState) -> None:
        """Show above all what went wrong where nobody looks: behind another tab, or on the list."""
        behind = {0: now.hub.error, 1: now.local.error}.get(self.ways.currentIndex(), now.hub.error or now.local.error)
        self.error.show_text(now.here.error or behind)

    def _show_soon(self, widget: QWidget) -> None:
        """Scroll to what is new, once it has been laid out."""
        self._wanted: Any = widget
        QTimer.singleShot(0, self._on_laid_out)

    @Slot()
    def _on_laid_out(self) -> None:
        if self._wanted.isVisible():
            self.scroll_to(self._wanted)

    @Slot(int)
    def _on_way_changed(self, chosen: int) -> None:
        for place, body in enumerate(self._bodies):
            body.setVisible(place == chosen)
        self.error.show_text("")
