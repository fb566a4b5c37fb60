"""The conversion tools and the converted models: look, install in a child, remove, clear."""

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from advisor.child.protocol import LogRecord, Message, Outcome, Progress
from advisor.errors import AdvisorError
from advisor.ui.controllers.request import Request, Run
from advisor.ui.store import Store
from advisor.ui.tools_state import ShelfView, ToolsView

JOB = "conversion-tools"
Views = tuple[ToolsView, ShelfView]


class ConversionController(QObject):
    """One installation, removal or clearing at a time.

    Signals:
        changed: the tools or the shelf are no longer what they were.
    """

    changed = Signal()

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        request: Callable[[], bytes],
        look: Callable[[], Views],
        after_install: Callable[[Outcome], Views],
        remove: Callable[[], Views],
        clear: Callable[[], Views],
        make_child: Callable[[QObject], Any],
        log: Callable[[LogRecord], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, the maker of children and functions of the domain.

        Args:
            store: what the window knows.
            run: the worker.
            request: returns what the child that installs is asked.
            look: returns what there is.
            after_install: clears away what a failed installation left; returns what there is.
            remove: removes the tools; returns what there is.
            clear: removes the converted models; returns what there is.
            make_child: makes a child process.
            log: takes a child's log line.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._ask_for, self._make_child, self._log = store, request, make_child, log
        self._look, self._after_install, self._remove, self._clear = look, after_install, remove, clear
        self._child: Any = None
        self._views: Request[Views] = Request(
            run, answered=self._on_views, refused=self._on_refused, broken=broken, parent=self
        )

    @Slot()
    def look(self) -> None:
        """Read again what there is, unless it is being changed."""
        state = self._store.snapshot.conversion
        if state.phase == "idle" and not state.clearing:
            self._views.ask(self._look)

    @Slot()
    def install(self) -> None:
        """Install the tools; the user has been told what it takes."""
        if not self._is_idle():
            return
        self._change(phase="running", done_share=0.0, detail="", error="")
        self._child = self._make_child(self)
        self._child.message.connect(self._on_child_message)
        self._child.ended.connect(self._on_child_ended)
        self._child.start(JOB, self._ask_for(), timeout_s=None, memory_limit_bytes=None)

    @Slot()
    def stop(self) -> None:
        """Stop the installation; the card says so at once."""
        if self._child is not None and self._store.snapshot.conversion.phase == "running":
            self._change(phase="stopping")
            self._child.stop()

    @Slot()
    def remove(self) -> None:
        """Remove the tools; the user has said so."""
        if self._is_idle():
            self._change(phase="removing", error="")
            self._views.ask(self._remove)

    @Slot()
    def clear(self) -> None:
        """Remove all converted models; the user has said so."""
        if self._is_idle():
            self._change(clearing=True, shelf_error="")
            self._views.ask(self._clear)

    def _is_idle(self) -> bool:
        state = self._store.snapshot.conversion
        return state.phase == "idle" and not state.clearing

    @Slot(object)
    def _on_child_message(self, message: Message) -> None:
        if isinstance(message, Progress):
            self._change(done_share=message.done_share, detail=message.detail)
        elif isinstance(message, LogRecord):
            self._log(message)

    @Slot(object)
    def _on_child_ended(self, outcome: Outcome) -> None:
        self._child.deleteLater()
        self._child = None
        quiet = outcome.code in ("finished", "cancelled")
        self._change(
            phase="removing" if outcome.code != "finished" else "stopping", detail="",
            error="" if quiet else f"{outcome.message} {outcome.remedy}".strip(),
        )  # fmt: skip
        self._views.ask(lambda: self._after_install(outcome))

    def _on_views(self, views: Views) -> None:
        before = self._store.snapshot.conversion
        self._change(tools=views[0], shelf=views[1], phase="idle", clearing=False)
        if before.tools is not None and (before.tools, before.shelf) != views:
            self.changed.emit()

    def _on_refused(self, error: AdvisorError) -> None:
        if self._store.snapshot.conversion.clearing:
            self._change(clearing=False, shelf_error=error.sentence())
        else:
            self._change(phase="idle", error=error.sentence())

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(
            lambda old: msgspec.structs.replace(old, conversion=msgspec.structs.replace(old.conversion, **fields))
        )
