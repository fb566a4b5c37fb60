"""The energy parts in the whole window: nothing cut at any text size, a name for all that takes the focus."""

import energy_fakes
import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication
from test_window import cut, nodes, settle
from window_fakes import full_snapshot, outcome_of

from advisor.ui.store import with_meters, with_probe


@pytest.fixture
def energy_app(app):
    result = energy_fakes.probe()
    snapshot = with_probe(full_snapshot(), result=result, outcome=outcome_of(result), samples=result.samples)
    snapshot = with_meters(snapshot, infos=energy_fakes.report().meters)
    app.store.update(lambda _old: snapshot)
    return app


@pytest.mark.parametrize("share", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)], ids=["1280x800", "1920x1080"])
@pytest.mark.parametrize("name", ["probe", "settings", "results", "this-computer"])
def test_no_text_about_energy_is_cut(energy_app, name, size, share, qtbot):
    energy_app.settings.change("text_size_share", share)
    QApplication.processEvents()
    window = energy_app.window
    window.resize(*size)
    window.go(name)
    window.show()
    settle()
    assert cut(window) == []


@pytest.mark.parametrize("name", ["probe", "settings", "results", "this-computer"])
def test_everything_about_energy_that_takes_the_focus_has_a_name(energy_app, name, qtbot):
    energy_app.window.go(name)
    energy_app.window.show()
    unnamed = [
        path
        for path, node in nodes(QAccessible.queryAccessibleInterface(energy_app.window))
        if node.state().focusable and not node.state().invisible and not node.text(QAccessible.Text.Name)
    ]
    assert unnamed == []
