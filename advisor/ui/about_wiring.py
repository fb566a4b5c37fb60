"""About and the look for newer versions, connected: a part of the composition root."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Slot
from shiboken6 import isValid

from advisor.child.protocol import Outcome
from advisor.errors import AdvisorError
from advisor.ui.about_state import UpdatesState
from advisor.ui.controllers import jobs
from advisor.ui.controllers.request import Request
from advisor.ui.controllers.updates import UpdatesController
from advisor.ui.main_window import MainWindow
from advisor.ui.store import Store

if TYPE_CHECKING:
    from advisor.installed.components import Components
    from advisor.ui.dialogs.about_dialog import AboutDialog
    from advisor.ui.pages.settings_page import SettingsPage


class AboutPart(QObject):
    """The dialog and the card of the settings."""

    def __init__(
        self,
        store: Store,
        window: MainWindow,
        *,
        run: Any,  # noqa: ANN401 - a `Run`
        make_child: Callable[[QObject], Any],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Make the controller.

        Args:
            store: what the window knows.
            window: the dialog's parent.
            run: the app's worker.
            make_child: makes a child process.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._window = store, window
        self._dialog: AboutDialog | None = None
        self.updates = UpdatesController(
            store, run, known=_known, request=_request, is_due=_is_due, keep=_keep, keep_failed=_keep_failed,
            make_child=make_child, log=jobs.log_child, broken=broken, parent=self,
        )  # fmt: skip
        self._components: Request[Components] = Request(
            run, answered=self._on_components, refused=self._on_refused, broken=broken, parent=self
        )

    def attach(self, page: "SettingsPage") -> None:
        """Connect the card of the settings."""
        page.updates.look_requested.connect(self.updates.look_now)
        page.updates.about_requested.connect(self.show)

    @Slot()
    def show(self) -> None:
        """Open the dialog; what is slow to read follows."""
        from advisor.ui.dialogs.about_dialog import AboutDialog

        if self._dialog is not None and isValid(self._dialog):
            self._dialog.activateWindow()
            return
        self._dialog = AboutDialog(self._store.snapshot.updates.sentence, self._window)
        self._dialog.show()
        self._components.ask(_load)

    def _on_components(self, components: "Components") -> None:
        if self._dialog is not None and isValid(self._dialog):
            self._dialog.show_components(components)

    def _on_refused(self, error: AdvisorError) -> None:
        if self._dialog is not None and isValid(self._dialog):
            self._dialog.show_error(error.sentence())


def _load() -> "Components":
    from advisor.installed import components

    return components.load()


def _known() -> UpdatesState:
    from advisor.installed import updates

    return _state(updates.last())


def _request() -> bytes:
    from advisor.installed import updates

    return msgspec.json.encode(updates.Request(address=updates.address()))


def _is_due() -> bool:
    import datetime

    from advisor.installed import updates

    return updates.is_due(datetime.datetime.now(datetime.UTC))


def _keep(answer: bytes) -> UpdatesState:
    from advisor.installed import updates

    looked = msgspec.json.decode(answer, type=updates.Looked)
    updates.keep(looked)
    return _state(looked)


def _keep_failed(outcome: Outcome) -> UpdatesState:
    """Keep when a server that answered was asked; one that could not be reached was not."""
    import datetime

    from advisor.installed import updates

    if outcome.code != "cancelled" and outcome.reason != updates.UNREACHABLE:
        updates.keep_asked(datetime.datetime.now(datetime.UTC))
    return _known()


def _state(looked: Any) -> UpdatesState:  # noqa: ANN401 - `updates.Looked`, imported late
    from advisor import __version__
    from advisor.installed import updates
    from advisor.report import about as words

    if looked is None:
        return UpdatesState()
    newer = updates.is_newer(looked.version, __version__)
    return UpdatesState(sentence=words.found_sentence(looked), is_newer=newer)
