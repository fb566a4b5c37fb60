"""Starts the window: first what can be seen, then, one turn of the event loop later, all the rest."""

import sys
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from advisor import __version__
from advisor.ui import first_look, theme
from advisor.ui.actions import PAGES
from advisor.ui.main_window import MainWindow

if TYPE_CHECKING:
    from advisor.ui.composition import App

USAGE = (
    "Usage: model-fit-advisor gui [--theme light|dark|high-contrast] [--page NAME] [--smoke] [--ready-line] "
    "[FILE.mfa.json ...]\n"
)
APP_ID = "io.github.model_fit_advisor.ModelFitAdvisor"
"""Of the desktop entry and everything else a desktop knows the app by; packaging/project.toml has it for packages."""
_FLAGS = frozenset({"--smoke", "--ready-line"})


class Options(NamedTuple):
    """What the words of the command line ask of the window."""

    theme: str = ""
    page: str = ""
    flags: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()


class Start(QObject):
    """Shows the window at once and builds the app behind it.

    Signals:
        first_frame: the window can be seen; nothing heavy has been loaded yet.
        made: the `App`; it has been set to work.
    """

    first_frame = Signal()
    made = Signal(object)

    def __init__(self, qt: QApplication, options: Options = Options()) -> None:  # noqa: B008 - cannot be changed
        """Make the window.

        Args:
            qt: the one application object.
            options: what was asked for; no theme takes the settings'.
        """
        super().__init__()
        self._qt, self._options, self._font = qt, options, qt.font()
        look = first_look.read()
        self._look = look._replace(theme=options.theme or look.theme)
        self.app: App | None = None
        self._files = options.files
        if sys.platform == "darwin":
            self.take_handed_files()
        name_application(qt)
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

    def take_handed_files(self) -> None:
        """Open files that come as events: macOS names them so, at the start and later, not on the command line."""
        self._qt.installEventFilter(self)

    # No @override here: typing_extensions is not loaded before the first frame.
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # type: ignore[explicit-override]  # noqa: ARG002, N802
        """Take the names of files; everything else goes its way."""
        if not isinstance(event, QFileOpenEvent) or not event.file():
            return False
        self._files = (*self._files, event.file())
        QTimer.singleShot(0, self._open_files)  # several that were chosen together come one by one
        return True

    @Slot()
    def _open_files(self) -> None:
        if self.app is not None and self._files:
            files, self._files = self._files, ()
            self.app.open_files(files)

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
        start = composition.settings_for(self._options.theme)
        self.app = composition.App(self._qt, start, self.window, self._font)
        self.app.catch_crashes()
        self.app.begin()
        if self._options.page:
            self.window.go(self._options.page)
        self._open_files()
        self.made.emit(self.app)


def name_application(qt: QApplication) -> None:
    """Tell Qt, and through it the desktop, which app this is: windows get its icon and lie under one entry."""
    qt.setApplicationName("Model Fit Advisor")
    qt.setApplicationVersion(__version__)
    qt.setDesktopFileName(APP_ID)


def main(argv: list[str]) -> int:
    """Open the window and run until it is closed.

    Args:
        argv: program name, the window's own options, and result files to open.

    Returns:
        Exit status: 0; 1 when the self-test failed; 2 for options that are not known.
    """
    options = _options(argv[1:])
    if options is None:
        sys.stderr.write(USAGE)
        return 2
    _find_plugins()
    qt = QApplication([*argv[:1], *theme.STYLE_OPTIONS])
    start = Start(qt, options)
    if "--ready-line" in options.flags:
        start.first_frame.connect(_say_ready)
    if "--smoke" in options.flags:
        start.made.connect(_test)
    start.show()
    status = qt.exec()
    start.dispose()
    return status


def _find_plugins() -> None:
    """Tell Qt of a bundle where its plugins are: its own way misreads a folder with `;`, a quote or a backslash."""
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        QCoreApplication.addLibraryPath(f"{bundle}/PySide6/Qt/plugins")


def _options(words: list[str]) -> Options | None:
    """Return what is asked for, or None for words that are not known. By hand: argparse would cost the first frame."""
    chosen = {"--theme": "", "--page": ""}
    known = {"--theme": theme.THEMES, "--page": tuple(name for name, _, _ in PAGES)}
    flags: set[str] = set()
    files: list[str] = []
    rest = iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if word in _FLAGS:
            flags.add(word)
        elif name in known and (value := value or next(rest, "")) in known[name]:
            chosen[name] = value
        elif word == "--":
            files += rest
        elif word.startswith("-"):
            return None
        else:
            files.append(word)
    return Options(theme=chosen["--theme"], page=chosen["--page"], flags=frozenset(flags), files=tuple(files))


def _test(app: "App") -> None:
    from advisor.ui.self_test import SelfTest

    SelfTest(app).start()


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
