import logging

import pytest

from advisor import settings
from advisor.settings import Settings


def test_nothing_saved_is_the_defaults():
    assert settings.load() == Settings()


def test_round_trip_keeps_every_field():
    chosen = Settings(theme="dark", text_size_share=1.5, region="DE", memory_reserve_bytes=2**30, redact_reports=False)
    settings.save(chosen)
    assert settings.load() == chosen


@pytest.mark.allow_log("a dropped field is announced")
def test_a_bad_field_is_dropped_and_the_others_stay(caplog):
    settings.file().parent.mkdir(parents=True)
    settings.file().write_text('version = 1\ntheme = "purple"\nregion = "FR"\n')
    assert settings.load() == Settings(region="FR")
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "theme" in caplog.text


def test_unknown_keys_of_a_newer_version_are_kept():
    settings.file().parent.mkdir(parents=True)
    settings.file().write_text('version = 9\nregion = "FR"\nsparkle = 3\n')
    settings.save(settings.load())
    assert {"sparkle = 3", "version = 9"} <= set(settings.file().read_text().splitlines())
    assert settings.load().unknown_fields == {"version": 9, "sparkle": 3}


@pytest.mark.allow_log("a damaged file is announced")
@pytest.mark.parametrize("damage", [b'theme = "da', b"\xff\xfe\x00", b"\x00" * 50])
def test_a_damaged_file_is_set_aside(damage):
    settings.file().parent.mkdir(parents=True)
    settings.file().write_bytes(damage)
    assert settings.load() == Settings()
    assert settings.file().with_name("settings.toml.bad").read_bytes() == damage
    settings.save(Settings(theme="light"))
    assert settings.load().theme == "light"


def test_migrations_run_in_order(monkeypatch):
    monkeypatch.setattr(settings, "SETTINGS_VERSION", 3)
    monkeypatch.setattr(
        settings,
        "MIGRATIONS",
        {1: lambda raw: {**raw, "region": raw.pop("country")}, 2: lambda raw: {**raw, "region": raw["region"].upper()}},
    )
    settings.file().parent.mkdir(parents=True)
    settings.file().write_text('version = 1\ncountry = "de"\n')
    assert settings.load().region == "DE"


def test_a_file_of_an_older_version_is_kept_as_it_was_once(monkeypatch):
    monkeypatch.setattr(settings, "SETTINGS_VERSION", 2)
    monkeypatch.setattr(settings, "MIGRATIONS", {1: lambda raw: {"region": raw["country"]}})
    settings.file().parent.mkdir(parents=True)
    old = b'version = 1\ncountry = "DE"  # mine\n'
    settings.file().write_bytes(old)
    settings.save(settings.load())
    kept = settings.file().with_name("settings.toml.v1-backup")
    assert kept.read_bytes() == old
    assert settings.load() == Settings(region="DE")
    settings.file().write_bytes(b'version = 1\ncountry = "FR"\n')  # the older version was started once more
    settings.save(settings.load())
    assert settings.load().region == "FR"
    assert kept.read_bytes() == old


@pytest.mark.allow_log("a value of a newer version is announced")
def test_a_value_that_only_a_newer_version_knows_survives_until_it_is_changed_here():
    settings.file().parent.mkdir(parents=True)
    settings.file().write_text('version = 9\ntheme = "sepia"\n')
    settings.save(settings.load())
    assert 'theme = "sepia"' in settings.file().read_text()
    changed = Settings(theme="dark", unknown_fields=settings.load().unknown_fields)
    settings.save(changed)
    assert settings.load().theme == "dark"


@pytest.mark.allow_log("a file that cannot be read is announced")
def test_a_file_that_cannot_be_read_now_is_not_set_aside():
    settings.file().mkdir(parents=True)  # reading it fails; it is not damaged
    assert settings.load() == Settings()
    assert [path.name for path in settings.file().parent.iterdir()] == ["settings.toml"]
