"""Starts the window: first what can be seen, then, one turn of the event loop later, all the rest."""

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from advisor.ui import first_look, theme
from advisor.ui.main_window import MainWindow

if TYPE_CHECKING:
    from advisor.ui.composition import App

USAGE = "Usage: model-fit-advisor gui [--theme light|dark|high-contrast] [--smoke] [--ready-line]\n"
_FLAGS = frozenset({"--smoke", "--ready-line"})


class Start(QObject):
    """Shows the window at once and builds the app behind it.

    Signals:
        first_frame: the window can be seen; nothing heavy has been loaded yet.
        made: the `App`; it has been set to work.
    """

    first_frame = Signal()
    made = Signal(object)

    def __init__(self, qt: QApplication, *, theme_name: str = "") -> None:
        """Make the window.

        Args:
            qt: the one application object.
            theme_name: colours for this run; empty takes the settings'.
        """
        super().__init__()
        self._qt, self._theme_name, self._font = qt, theme_name, qt.font()
        look = first_look.read()
        self._look = look._replace(theme=theme_name or look.theme)
        self.app: App | None = None
        qt.setApplicationName("Model Fit Advisor")
        theme.dress(qt, self._look, self._font)
        self.window = MainWindow()
        self.window.painted.connect(self._on_window_painted)

    def show(self) -> None:
        """Show the window where it was last time."""
        if self._look.window_geometry:
            from PySide6.QtCore import QByteArray

            saved = self._look.window_geometry.encode("ascii", "ignore")
            self.window.restoreGeometry(QByteArray.fromBase64(saved))
        self.window.show()

    def dispose(self) -> None:
        """End everything before the application object goes."""
        if self.app is not None:
            self.app.remember_window()
            self.app.dispose()

    @Slot()
    def _on_window_painted(self) -> None:
        QTimer.singleShot(0, self._on_first_turn)

    @Slot()
    def _on_first_turn(self) -> None:
        self.first_frame.emit()
        QTimer.singleShot(0, self._on_second_turn)

    @Slot()
    def _on_second_turn(self) -> None:
        from advisor import log
        from advisor.ui import composition

        log.start()
        start = composition.settings_for(self._theme_name)
        self.app = composition.App(self._qt, start, self.window, self._font)
        self.app.catch_crashes()
        self.app.begin()
        self.made.emit(self.app)


def main(argv: list[str]) -> int:
    """Open the window and run until it is closed.

    Args:
        argv: program name and the window's own options.

    Returns:
        Exit status: 0; 1 when the self-test failed; 2 for options that are not known.
    """
    options = _options(argv[1:])
    if options is None:
        sys.stderr.write(USAGE)
        return 2
    theme_name, flags = options
    qt = QApplication([*argv[:1], *theme.STYLE_OPTIONS])
    start = Start(qt, theme_name=theme_name)
    if "--ready-line" in flags:
        start.first_frame.connect(_say_ready)
    if "--smoke" in flags:
        start.made.connect(_test)
    start.show()
    status = qt.exec()
    start.dispose()
    return status


def _options(words: list[str]) -> tuple[str, set[str]] | None:
    """Return theme and flags, or None for words that are not known. By hand: argparse would cost the first frame."""
    chosen = ""
    flags: set[str] = set()
    rest = iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if word in _FLAGS:
            flags.add(word)
        elif name == "--theme" and (value := value or next(rest, "")) in theme.THEMES:
            chosen = value
        else:
            return None
    return chosen, flags


def _test(app: "App") -> None:
    from advisor.ui.self_test import SelfTest

    SelfTest(app).start()


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
