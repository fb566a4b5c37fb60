"""Carbon of electricity: a country's yearly average times energy. No country is ever assumed or looked up."""

import unicodedata
from functools import cache

import msgspec

from advisor import resources
from advisor.energy.model import GridIntensity
from advisor.energy.ranges import times
from advisor.errors import InvalidFileError, InvalidInputError, NotFoundError
from advisor.evidence import Quantity, unknown

FILE_NAME = "grid/intensity.json"
SCHEMA = 1
GRID_K = 1.3
"""[1] Range factor of a country's average. Source: spread between public tables of the same method."""
NOTED_GRID_K = 2.0
"""[1] The same for a value whose row carries a note: suspect, stale, coarse or from another source."""
HIGHEST_G_PER_KWH = 1500.0
"""[g/kWh] More than any grid emits; the highest plausible value is about 1,300."""
WH_PER_KWH = 1000.0
WORLD = "World"
"""Name of the world's mean in the table; nobody's country, so it must be chosen like one."""
OWN_NAME = "Your own value"
_REGION_PREFIX = "region:"
_ALIASES = {
    "uk": "gbr",
    "great britain": "gbr",
    "united states of america": "usa",
    "america": "usa",
    "korea": "kor",
    "republic of korea": "kor",
    "russia": "rus",
    "czech republic": "cze",
    "turkey": "tur",
    "viet nam": "vnm",
    "ivory coast": "civ",
    "european union": "eu",
    "brunei": "brn",
    "laos": "lao",
    "syria": "syr",
    "swaziland": "swz",
    "holland": "nld",
    "macedonia": "mkd",
    "cape verde": "cpv",
    "palestine": "pse",
    "democratic republic of the congo": "cod",
    "burma": "mmr",
    "east timor": "tls",
    "latin america": "latin america and caribbean",
}
"""Other names people use, in small letters, for a code or a name of the table."""


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    iso3: str | None
    iso2: str | None
    name: str
    g_per_kwh: float
    year: int
    source: int
    note: str | None = None


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: int
    as_of: str
    sources: tuple[str, ...]
    rows: tuple[_Row, ...]


def parse(raw: bytes, file_name: str = FILE_NAME) -> tuple[GridIntensity, ...]:
    """Return the rows of a grid table.

    Args:
        raw: content of the file, JSON.
        file_name: name for messages.

    Raises:
        InvalidFileError: `resource-invalid`; the sentence names file, row and field.
    """
    try:
        table = msgspec.json.decode(raw, type=_Table)
    except msgspec.DecodeError as error:
        raise _invalid(file_name, str(error)) from error
    if table.schema != SCHEMA:
        raise _invalid(file_name, f"$.schema is {table.schema}, this version reads {SCHEMA}")
    return tuple(_grid(row, number, table, file_name) for number, row in enumerate(table.rows))


def _grid(row: _Row, number: int, table: _Table, file_name: str) -> GridIntensity:
    if not 0 < row.g_per_kwh <= HIGHEST_G_PER_KWH:
        raise _invalid(
            file_name,
            f"$.rows[{number}].g_per_kwh ({row.name}) is {row.g_per_kwh:g}, it lies above 0 and up to "
            f"{HIGHEST_G_PER_KWH:g}",
        )
    if not 0 <= row.source < len(table.sources):
        raise _invalid(file_name, f"$.rows[{number}].source ({row.name}) names source {row.source}, which is not there")
    k = GRID_K if row.note is None else NOTED_GRID_K
    source = table.sources[row.source]
    return GridIntensity(
        iso3=row.iso3,
        iso2=row.iso2,
        name=row.name,
        g_per_kwh=Quantity(
            value=row.g_per_kwh,
            low=row.g_per_kwh / k,
            high=row.g_per_kwh * k,
            unit="g/kWh",
            evidence="estimated",
            basis=f"yearly average of {row.name}, {row.year}" + (f" ({row.note})" if row.note else ""),
        ),
        year=row.year,
        source=source,
        note=row.note,
    )


def _invalid(file_name: str, what: str) -> InvalidFileError:
    return InvalidFileError(
        "resource-invalid",
        f"The shipped file {file_name} is damaged: {what}.",
        remedy="Install the app again.",
        file=file_name,
    )


@cache
def regions() -> tuple[GridIntensity, ...]:
    """Return all countries by name, then the regions by name; errors as `parse` and `resources.read`."""
    rows = parse(resources.read(FILE_NAME))
    return tuple(sorted(rows, key=lambda row: (row.iso3 is None, _folded(row.name))))


def _folded(text: str) -> str:
    """Small letters without accents, so that `Turkiye` finds `Türkiye`."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in spread if not unicodedata.combining(letter)).split())


@cache
def _index() -> dict[str, GridIntensity]:
    found: dict[str, GridIntensity] = {}
    for row in regions():
        for key in (row.name, row.iso3, row.iso2):
            if key is not None:
                found.setdefault(_folded(key), row)
    for alias, target in _ALIASES.items():
        found.setdefault(alias, found[target])
    return found


def grid(region: str) -> GridIntensity:
    """Return the carbon intensity of a country or region.

    Args:
        region: two-letter or three-letter code of ISO 3166-1, or a name, in any case, with or without accents;
            `World` and other groups of countries by name, also with the prefix `REGION:` that public tables use.

    Raises:
        NotFoundError: `region-unknown`; the remedy offers names that look alike.
    """
    wanted = _folded(_folded(region[:200]).removeprefix(_REGION_PREFIX))
    found = _index().get(wanted)
    if found is not None:
        return found
    near = [row.name for row in regions() if len(wanted) >= 3 and wanted in _folded(row.name)]
    if not near:
        import difflib

        names = {_folded(row.name): row.name for row in regions()}
        near = [names[name] for name in difflib.get_close_matches(wanted, names, n=3)]
    raise NotFoundError(
        "region-unknown",
        f"No carbon figure is known for {region[:60]!r}.",
        remedy=f"Did you mean {' or '.join(near[:3])}?" if near else "Give a country code such as DE, FRA or IN.",
        region=region[:200],
    )


def custom(g_per_kwh: float) -> GridIntensity:
    """Return the user's own carbon intensity, for example of a contract or of their own roof: assumed, no range.

    Args:
        g_per_kwh: [g/kWh] above 0 and up to 1,500. Nothing is free of carbon: wind and sun have their making.

    Raises:
        InvalidInputError: `intensity-invalid`.
    """
    if not 0 < g_per_kwh <= HIGHEST_G_PER_KWH:  # NaN is refused here too
        raise InvalidInputError(
            "intensity-invalid",
            f"The carbon intensity of electricity, grid_g_per_kwh, cannot be {g_per_kwh:g} g/kWh.",
            remedy=f"Give a number above 0 and up to {HIGHEST_G_PER_KWH:g}, for example 41 for wind and sun with "
            "their making, or choose a country.",
            field="grid_g_per_kwh",
        )
    own = Quantity(value=float(g_per_kwh), unit="g/kWh", evidence="assumed", basis="your own value")
    return GridIntensity(iso3=None, iso2=None, name=OWN_NAME, g_per_kwh=own, year=None, source="you")


def intensity(region: str | None, g_per_kwh: float | None = None) -> GridIntensity | None:
    """Return what all carbon figures use: the user's own value, else the region's average, else null.

    Null means that nothing was chosen, and then no carbon is shown: neither a country nor zero is assumed.

    Args:
        region: code or name, as `grid` takes it; null or empty when none is chosen.
        g_per_kwh: [g/kWh] the user's own value; it wins over the region.

    Raises:
        NotFoundError: `region-unknown`.
        InvalidInputError: `intensity-invalid`.
    """
    if g_per_kwh is not None:
        return custom(g_per_kwh)
    return grid(region) if region else None


def carbon(energy_wh: Quantity, intensity: GridIntensity) -> Quantity:
    """Return the carbon of some energy: location-based yearly average, no losses between meter and socket added.

    Energy and intensity are independent, so the logarithms of their range factors add in squares. Evidence is the
    weakest of the two and never better than `estimated`: the intensity is an average of a whole year.

    Args:
        energy_wh: [Wh] energy with its range.
        intensity: [g/kWh] of the country or region.

    Returns:
        [g] CO2e with its range, or a quantity without value where the energy has none.

    Source:
        SCI v1.1 (ISO/IEC 21031:2024), operational part: E x I.
    """
    factor = intensity.g_per_kwh
    if energy_wh.value is None or factor.value is None:
        return unknown("g", f"no energy figure: {energy_wh.basis}")
    return times(
        (energy_wh, factor),
        "g",
        f"energy x {factor.value:g} g/kWh, {factor.basis}",
        scale=1 / WH_PER_KWH,
        at_best="estimated",
    )
