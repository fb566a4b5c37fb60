"""Settings of electricity: any grid by a part of its name, values checked in place, results that follow at once."""

import pytest
from PySide6.QtCore import Qt
from window_fakes import NowRun, full_snapshot

from advisor.energy import carbon
from advisor.settings import Settings
from advisor.ui.controllers import jobs
from advisor.ui.controllers.settings import SettingsController
from advisor.ui.pages.settings_page import SettingsPage
from advisor.ui.store import Store
from advisor.ui.widgets.electricity_card import NO_GRID


@pytest.fixture
def store(qapp):
    return Store(full_snapshot())


@pytest.fixture
def saved():
    return []


@pytest.fixture
def page(qtbot, store, saved):
    """The page as the app connects it, with a worker that is quick."""
    controller = SettingsController(
        store, NowRun(), save=saved.append, parse=jobs.parse_setting, refused=pytest.fail, broken=pytest.fail
    )
    made = SettingsPage()
    qtbot.addWidget(made)
    made.set_grids(jobs.grids())
    made.setting_changed.connect(controller.change)
    made.setting_typed.connect(controller.change_text)
    store.changed.connect(made.show_snapshot)
    made.show_snapshot(None, store.snapshot)
    yield made
    controller.deleteLater()


def write(edit, words):
    """Write and leave the field; no key is pressed, as the offscreen platform warns of each popup."""
    edit.setText(words)
    edit.editingFinished.emit()


def test_every_grid_can_be_chosen_nothing_comes_first_and_the_world_next(page):
    texts = [page.electricity.region.itemText(place) for place in range(page.electricity.region.count())]
    assert texts[0] == "Not chosen"
    assert texts[1].startswith("World")
    assert len(texts) == 1 + len(carbon.regions())
    assert page.electricity.region.currentIndex() == 0
    assert page.electricity.told.text() == NO_GRID


def test_a_grid_is_found_by_any_part_of_its_name(page):
    finder = page.electricity.region.completer()
    finder.setCompletionPrefix("kingd")
    assert finder.currentCompletion() == "United Kingdom"
    assert finder.completionCount() == 1


@pytest.mark.parametrize("words", ["Germany", "germany", "DE", "deu"])
def test_a_typed_name_or_code_chooses_its_grid_with_value_year_and_source(page, store, saved, qtbot, words):
    write(page.electricity.region.lineEdit(), words)
    assert store.snapshot.settings.region == "DEU"
    assert saved[-1].region == "DEU"
    grid = carbon.grid("DEU")
    told = page.electricity.told.text()
    assert f"{grid.g_per_kwh.value:.0f} g/kWh" in told
    assert str(grid.year) in told
    assert grid.source in told
    assert page.electricity.region.currentText() == "Germany"


def test_a_doubtful_figure_is_said_to_be(page, qtbot):
    doubtful = next(row for row in carbon.regions() if row.note and row.iso3)
    write(page.electricity.region.lineEdit(), doubtful.name)
    assert doubtful.note in page.electricity.note.text()
    assert not page.electricity.note.isHidden()


def test_a_country_that_is_not_known_is_refused_with_names_that_look_alike(page, store, saved, qtbot):
    write(page.electricity.region.lineEdit(), "Germny")
    assert store.snapshot.settings.region is None
    assert saved == []
    assert "Germany" in page.electricity.note.text()
    assert page.electricity.region.currentText() == "Germny"
    write(page.electricity.region.lineEdit(), "")
    write(page.electricity.region.lineEdit(), "France")
    assert store.snapshot.settings.region == "FRA"
    assert page.electricity.note.isHidden()


def test_the_worlds_mean_is_one_click_away(page, store, qtbot):
    qtbot.mouseClick(page.electricity.world, Qt.MouseButton.LeftButton)
    assert store.snapshot.settings.region == carbon.WORLD
    assert carbon.intensity(store.snapshot.settings.region).g_per_kwh.value == pytest.approx(473, abs=1)
    assert page.electricity.world.isHidden()
    assert page.electricity.region.currentText().startswith("World")


@pytest.mark.parametrize("words", ["-5", "0", "1501", "nan", "free", "1e999"])
def test_an_absurd_intensity_is_refused_in_place_and_the_old_one_stays(page, store, saved, qtbot, words):
    write(page.electricity.own.edit, "41,5")
    assert store.snapshot.settings.grid_g_per_kwh == 41.5
    write(page.electricity.own.edit, words)
    assert store.snapshot.settings.grid_g_per_kwh == 41.5
    assert len(saved) == 1
    assert page.electricity.own.edit.text() == words
    assert not page.electricity.own.error.isHidden()
    assert page.electricity.own.edit.accessibleDescription() == page.electricity.own.error.text()
    write(page.electricity.own.edit, "")
    assert store.snapshot.settings.grid_g_per_kwh is None
    assert page.electricity.own.error.isHidden()


def test_price_and_currency_are_checked_together(page, store, qtbot):
    write(page.electricity.price.edit, "0.30")
    write(page.electricity.currency.edit, "INR")
    assert (store.snapshot.settings.price_per_kwh, store.snapshot.settings.currency) == (0.3, "INR")
    write(page.electricity.price.edit, "30000")
    assert "cents" in page.electricity.price.error.text()
    write(page.electricity.currency.edit, "12")
    assert "cannot be used" in page.electricity.currency.error.text()
    assert (store.snapshot.settings.price_per_kwh, store.snapshot.settings.currency) == (0.3, "INR")


def test_the_way_of_measuring_and_the_making_are_set_and_explained(page, store, qtbot):
    page.electricity.embodied.click()
    page.electricity.mode.setCurrentIndex(2)
    page.electricity.mode.activated.emit(2)
    assert store.snapshot.settings.with_embodied
    assert store.snapshot.settings.energy_mode == "standard"
    assert "4 minutes" in page.electricity.mode_told.text()


def test_showing_settings_sends_nothing(page, store, saved, qtbot):
    page.show_snapshot(None, store.snapshot)
    for edit in (page.electricity.own.edit, page.electricity.price.edit, page.electricity.region.lineEdit()):
        edit.editingFinished.emit()
    assert saved == []
    assert store.snapshot.settings == Settings()


def test_another_grid_or_value_of_the_users_own_ranks_again_at_once(app, qtbot, monkeypatch):
    asked = []
    monkeypatch.setattr(app.recommend, "refresh", lambda: asked.append(1))
    app.settings.change("region", "DEU")
    app.settings.change_text("grid_g_per_kwh", "41")
    app.settings.change_text("price_per_kwh", "0.3")
    assert len(asked) == 2
    qtbot.waitUntil(lambda: app.pool.num_waiting == 0)


@pytest.mark.parametrize(("mode", "more_s"), [("off", 0.0), ("quick", 40.0), ("standard", 240.0)])
def test_files_are_measured_as_the_settings_say_and_have_the_time_for_it(mode, more_s):
    import json

    import fakes_report

    asked = jobs.file_plan("/a/vad.onnx", {}, fakes_report.profile(), mode)
    plan = json.loads(asked.request)
    assert plan["energy"]["mode"] == mode
    assert asked.limit_s == 1.5 * (plan["time_limit_s"] + more_s) + 30.0
