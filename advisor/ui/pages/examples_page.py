"""The user's own examples: bring them, choose candidates, see which is good enough and what it costs."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from advisor.ui.examples_state import RunView
from advisor.ui.store import Snapshot
from advisor.ui.widgets.examples_choice import ExamplesChoice
from advisor.ui.widgets.examples_input import ExamplesInput, dropped_examples
from advisor.ui.widgets.examples_result import ExamplesResult
from advisor.ui.widgets.page import Page

if TYPE_CHECKING:
    from advisor.ui.plots.accuracy_plot import AccuracyPlot


class ExamplesPage(Page):
    """Examples, candidates, result, one below the other.

    Signals:
        open_requested: path of a file of examples.
    """

    open_requested = Signal(str)

    def __init__(self, why_not: Callable[[Snapshot], str], known: Mapping[str, str]) -> None:
        """Make the page.

        Args:
            why_not: returns why nothing can be run now; empty when it can.
            known: descriptions of labels that the app brings.
        """
        super().__init__(
            "Your examples", "Whether a smaller model is enough, answered on your own texts instead of on benchmarks."
        )
        self._why_not, self._known = why_not, dict(known)
        self.input, self.choice, self.result = ExamplesInput(), ExamplesChoice(), ExamplesResult()
        for card in (self.input, self.choice, self.result):
            self.body.addWidget(card)
        self.body.addStretch(1)
        self.plot: AccuracyPlot | None = None
        self.input.open_requested.connect(self.open_requested)
        self.setAcceptDrops(True)

    @override
    def show_snapshot(self, old: Snapshot | None, new: Snapshot) -> None:
        self.choice.show_state(new.examples, self._why_not(new), self._known)
        if old is not None and old.examples == new.examples:
            return
        self.input.show_state(new.examples)
        self.result.show_view(new.examples.view, new.examples.saved)
        if new.examples.view is not None and (old is None or old.examples.view != new.examples.view):
            self._show_plot(new.examples.view)

    def _show_plot(self, view: RunView) -> None:
        if self.plot is None:
            from advisor.ui.plots.accuracy_plot import AccuracyPlot

            self.plot = AccuracyPlot()
            self.result.plot_place.addWidget(self.plot)
        self.plot.show_dots(view.dots, view.axis)

    @override
    def panes(self) -> tuple[QWidget, ...]:
        return (self.input.open, self.choice.run, self.result.table)

    @override
    def run_wanted(self) -> None:
        if self.choice.run.isVisible() and self.choice.run.isEnabled():
            self.choice.run.click()

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_examples(event.mimeData()):
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_examples(event.mimeData())
        if path:
            event.acceptProposedAction()
            self.open_requested.emit(path)
