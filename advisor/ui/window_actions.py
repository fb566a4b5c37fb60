"""What each menu entry and shortcut of the window does."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject, Slot

from advisor.ui.actions import HELP
from advisor.ui.main_window import MainWindow


class WindowActions(QObject):
    """Reacts to the window's actions; what pages cannot do themselves is handed in."""

    def __init__(
        self,
        window: MainWindow,
        *,
        given: Mapping[str, Callable[[], Any]],
        has_answer: Callable[[], bool],
        refuse_export: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        """Connect.

        Args:
            window: whose actions they are.
            given: reactions of controllers, by the action's name.
            has_answer: tells whether there is a recommendation to export.
            refuse_export: says that there is none.
            parent: of this object.
        """
        super().__init__(parent)
        self.window, self._has_answer, self._refuse_export = window, has_answer, refuse_export
        self._reactions: dict[str, Callable[[], Any]] = {
            **given, "quit": window.close, "run": self._run,
            "load-machine": self._load_machine, "save-machine": self._save_machine, "export": self._export,
            "open-result": self._open_result, "copy-summary": self._copy_summary, "filter": self._filter,
            "help": self._help,
            "next-pane": self._next_pane, "previous-pane": self._previous_pane, "shortcuts": self._shortcuts,
        }  # fmt: skip
        window.action_triggered.connect(self._on_window_action_triggered)

    @Slot(str)
    def _on_window_action_triggered(self, name: str) -> None:
        if name.startswith("go-"):
            self.window.go(name.removeprefix("go-"))
            return
        self._reactions[name]()

    def _run(self) -> None:
        page = self.window.current if self.window.current in {"this-computer", "task"} else "probe"
        self.window.go(page)
        self.window.page(page).run_wanted()

    def _load_machine(self) -> None:
        self.window.go("this-computer")
        self.window.page("this-computer").choose_file()  # type: ignore[attr-defined]

    def _save_machine(self) -> None:
        self.window.go("this-computer")
        self.window.page("this-computer").choose_target()  # type: ignore[attr-defined]

    def _open_result(self) -> None:
        self.window.go("report")
        self.window.page("report").choose_result()  # type: ignore[attr-defined]

    def _export(self) -> None:
        self.window.go("report")
        if self._has_answer():
            self.window.page("report").choose_file()  # type: ignore[attr-defined]
        else:
            self._refuse_export()

    def _copy_summary(self) -> None:
        self.window.page("results").copy_summary()  # type: ignore[attr-defined]

    def _filter(self) -> None:
        self.window.go("results")
        self.window.page("results").focus_filter()  # type: ignore[attr-defined]

    def _next_pane(self) -> None:
        self.window.next_pane(1)

    def _previous_pane(self) -> None:
        self.window.next_pane(-1)

    def _help(self) -> None:
        from advisor.ui.dialogs.note_dialog import note

        note("Help", HELP[self.window.current], self.window)

    def _shortcuts(self) -> None:
        from advisor.ui.dialogs.shortcuts_dialog import shortcuts_dialog

        shortcuts_dialog(self.window.actions_by_id.values(), self.window).show()
