"""The user's settings: versioned TOML under the config folder. Settings never stop the start."""

import logging
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from advisor import __version__, paths

SETTINGS_VERSION = 1
_FILE_NAME = "settings.toml"
_log = logging.getLogger(__name__)
_said: set[str] = set()

Migration = Callable[[dict[str, Any]], dict[str, Any]]
MIGRATIONS: dict[int, Migration] = {}
"""Version a file has -> function that brings it to the next one."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the user chose. A missing field is the default."""

    theme: Literal["system", "light", "dark", "high-contrast"] = "system"
    text_size_share: float = 1.0
    """Text size, 0.9 to 2.0 of the system's."""
    region: str | None = None
    """ISO 3166-1 alpha-2 country of the electricity grid; null until chosen."""
    grid_g_per_kwh: float | None = None
    """[g/kWh] The user's own carbon intensity, in place of the region's yearly average."""
    price_per_kwh: float | None = None
    """Price of a kilowatt hour in `currency`; null: no cost is shown."""
    currency: str = "EUR"
    """Written behind the cost; no conversion is made."""
    with_embodied: bool = False
    """Show the share of the computer's making beside the carbon of its electricity."""
    energy_mode: Literal["off", "quick", "standard"] = "quick"
    """How a probe measures energy where a meter can be read."""
    memory_reserve_bytes: int = 0
    """[B] Kept free for other programs, taken off what a candidate may use."""
    redact_reports: bool = True
    """Leave host name, user name and home paths out of reports."""
    model_folder: str | None = None
    """Where models would be stored; null: the data folder."""
    look_for_updates: bool = False
    """Ask once a week whether there is a newer version."""
    window_geometry: str | None = None
    """Base64 of Qt's own format."""
    unknown_fields: dict[str, Any] = {}
    """Keys of a newer version, kept when the file is written again."""


def file() -> Path:
    """Return the settings file."""
    return paths.config_folder() / _FILE_NAME


def load() -> Settings:
    """Return the settings; a bad field is dropped with a warning, a bad file is set aside as `settings.toml.bad`."""
    source = file()
    try:
        raw = tomllib.loads(source.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:  # the file may be sound: it stays
        _say(f"{source} cannot be read ({error.strerror or error}); starting with the defaults")
        return Settings()
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        _say(f"{source} cannot be read ({error}); starting with the defaults")
        _set_aside(source)
        return Settings()
    return from_mapping(_migrated(raw))


def from_mapping(raw: dict[str, Any]) -> Settings:
    """Build settings field by field; a field of the wrong type is dropped with a warning, an unknown one is kept."""
    known = {field.name: field for field in msgspec.structs.fields(Settings)}
    values: dict[str, Any] = {}
    newer = _version(raw) > SETTINGS_VERSION
    unknown: dict[str, Any] = {"version": raw["version"]} if newer else {}
    for key, value in raw.items():
        if key in {"version", "written_by", "unknown_fields"}:
            continue
        if key not in known:
            unknown[key] = value
            continue
        try:
            values[key] = msgspec.convert(value, known[key].type)
        except msgspec.ValidationError as error:
            _say(f"setting {key!r} of {file()} is not used: {error}")
            if newer:  # it means something to the version that wrote it
                unknown[key] = value
    return Settings(**values, unknown_fields=unknown)


def save(settings: Settings) -> None:
    """Write the settings, whole or not at all; a file of an older version is kept as `settings.toml.v<n>-backup`.

    A file of a newer version keeps its version and what only that one knows.

    Raises:
        OutputError: as `paths.write_atomically`.
    """
    import tomli_w

    raw = msgspec.to_builtins(settings)
    unknown = raw.pop("unknown_fields", {})
    content = {
        "version": SETTINGS_VERSION,
        "written_by": __version__,
        **unknown,
        **{key: value for key, value in raw.items() if value is not None},
    }
    _back_up(file())
    paths.write_atomically(file(), tomli_w.dumps(content).encode("utf-8"))


def _migrated(raw: dict[str, Any]) -> dict[str, Any]:
    version = _version(raw)
    while version < SETTINGS_VERSION and version in MIGRATIONS:
        raw = MIGRATIONS[version](raw)
        version += 1
    return raw


def _version(raw: dict[str, Any]) -> int:
    version = raw.get("version", SETTINGS_VERSION)
    return version if isinstance(version, int) else SETTINGS_VERSION


def _back_up(source: Path) -> None:
    """Keep a file of an older version as it is, once, before it is written anew."""
    try:
        content = source.read_bytes()
        version = _version(tomllib.loads(content.decode("utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        _set_aside(source)
        return
    kept = source.with_name(f"{source.name}.v{version}-backup")
    if version < SETTINGS_VERSION and not kept.exists():
        paths.write_atomically(kept, content)


def _set_aside(source: Path) -> None:
    try:
        source.replace(source.with_name(source.name + ".bad"))
    except OSError as error:
        _say(f"{source} cannot be set aside: {error.strerror or error}")


def _say(sentence: str) -> None:
    """Log a warning; the settings are read often, so each only once."""
    if sentence not in _said:
        _said.add(sentence)
        _log.warning("%s", sentence)
