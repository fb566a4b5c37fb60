"""A real app whose snapshot the test sets; nothing is detected, nothing is started."""

import pytest
from PySide6.QtWidgets import QApplication
from window_fakes import full_snapshot

from advisor.ui import composition


def pytest_collection_modifyitems(items):
    for item in items:  # the offscreen platform says so of every window that has a smallest size
        item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints"))


@pytest.fixture
def app(qapp):
    before = (qapp.font(), qapp.palette(), qapp.styleSheet(), qapp.style().name())
    made = composition.make(qapp, theme_name="light")
    yield made
    made.window.may_close = True
    made.window.close()
    made.dispose()
    made.deleteLater()
    font, palette, sheet, style = before
    QApplication.setFont(font)
    qapp.setPalette(palette)
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)


@pytest.fixture
def full_app(app):
    app.store.update(lambda _old: full_snapshot())
    return app
