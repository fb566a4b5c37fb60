"""The window follows the desktop while it runs, where the settings leave that to the desktop."""

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication
from window_fakes import full_snapshot

from advisor import settings
from advisor.settings import Settings
from advisor.ui import composition, theme
from advisor.ui.desktop import Desktop
from advisor.ui.main_window import MainWindow


class OldHints(QObject):
    """Style hints as Qt had them before 6.10: no word on contrast."""

    colorSchemeChanged = Signal(object)  # noqa: N815 - Qt's name

    def __init__(self):
        super().__init__()
        self.scheme = Qt.ColorScheme.Light

    def colorScheme(self):  # noqa: N802 - Qt's name
        return self.scheme

    def become(self, scheme):
        self.scheme = scheme
        self.colorSchemeChanged.emit(scheme)


class Accessibility(QObject):
    contrastPreferenceChanged = Signal(object)  # noqa: N815 - Qt's name

    def __init__(self):
        super().__init__()
        self.preference = Qt.ContrastPreference.NoPreference

    def contrastPreference(self):  # noqa: N802 - Qt's name
        return self.preference


class Hints(OldHints):
    def __init__(self):
        super().__init__()
        self.made = Accessibility()

    def accessibility(self):
        return self.made


@pytest.fixture
def wearing(qapp):
    """Return a function that makes an app for a theme setting and a desktop; what it changed is put back."""
    before = (qapp.font(), qapp.palette(), qapp.styleSheet(), qapp.style().name())
    made = []

    def make(chosen, hints):
        settings.save(Settings(theme=chosen))
        theme.use_fusion(qapp)
        app = composition.App(qapp, composition.settings_for(""), MainWindow(), qapp.font(), desktop=Desktop(hints))
        made.append(app)
        app._on_desktop_changed()
        return app

    yield make
    for app in made:
        app.window.close()
        app.dispose()
        app.deleteLater()
    font, palette, sheet, style = before
    QApplication.setFont(font)
    qapp.setPalette(palette)
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)


def worn(qapp):
    return theme.of(qapp.palette()).name


@pytest.mark.parametrize("kind", [OldHints, Hints])
def test_dark_and_back_while_it_runs(wearing, qapp, kind):
    hints = kind()
    wearing("system", hints)
    assert worn(qapp) == "light"
    hints.become(Qt.ColorScheme.Dark)
    assert worn(qapp) == "dark"
    hints.become(Qt.ColorScheme.Light)
    assert worn(qapp) == "light"


def test_more_contrast_while_it_runs(wearing, qapp):
    hints = Hints()
    wearing("system", hints)
    hints.made.preference = Qt.ContrastPreference.HighContrast
    hints.made.contrastPreferenceChanged.emit(hints.made.preference)
    assert worn(qapp) == "high-contrast"


def test_a_theme_that_was_chosen_stays(wearing, qapp):
    hints = Hints()
    wearing("light", hints)
    theme.dress(qapp, Settings(theme="light"), qapp.font())
    hints.become(Qt.ColorScheme.Dark)
    assert worn(qapp) == "light"


def test_plots_follow_too(wearing, qapp):
    hints = Hints()
    app = wearing("system", hints)
    app.store.update(lambda _old: full_snapshot())
    app.window.show()
    app.window.go("results")
    page = app.window.page("results")
    page.show_plot()
    hints.become(Qt.ColorScheme.Dark)
    qapp.processEvents()
    assert page.pareto.plot.plot.backgroundBrush().color().name() == theme.DARK.base.lower()


def test_qt_has_what_the_desktop_is_asked(qapp):
    desktop = Desktop(qapp.styleHints())
    assert desktop.dark in {True, False}
    assert desktop.high_contrast in {True, False}
    desktop.deleteLater()
