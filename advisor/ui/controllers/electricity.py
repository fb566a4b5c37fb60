"""What pages about electricity need of the domain: grids, typed values, meters, the user's wall meter."""

from typing import TYPE_CHECKING, Any

from advisor.errors import InvalidInputError
from advisor.settings import Settings
from advisor.ui.store import GridChoice

if TYPE_CHECKING:
    from advisor.energy.model import MeterInfo
    from advisor.energy.self_check import PowerNow
    from advisor.energy.wall import WallPair
    from advisor.energy.wall_store import KeptFit

READ_S, BOUNDARY_S = 3.0, 0.5
"""[s] How long meters are read beside the user's wall meter, and only to learn what they cover."""


def grids() -> tuple[GridChoice, ...]:
    """Return all countries and groups of countries, the world first; errors as `carbon.regions`."""
    from advisor.energy import carbon
    from advisor.report import wording

    found = [
        GridChoice(
            code=grid.iso3 or grid.name, name=grid.name, also=tuple(code for code in (grid.iso2, grid.name) if code),
            sentence=wording.grid_sentence(grid.name, grid.g_per_kwh, grid.year, grid.source),
            note=grid.note or "", is_group=grid.iso3 is None,
        )
        for grid in carbon.regions()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda choice: choice.code != carbon.WORLD))


def regions() -> tuple[tuple[str, str], ...]:
    """Return code and name of each electricity grid, the world's mean first."""
    return tuple((choice.code, choice.name) for choice in grids())


def parse_setting(field: str, text: str, settings: Settings) -> Any:  # noqa: ANN401
    """Return the value that was typed; null where the field was emptied.

    Args:
        field: of `Settings`.
        text: as typed.
        settings: as they are, for what belongs together.

    Raises:
        NotFoundError: `region-unknown`.
        InvalidInputError: `number-invalid`, `intensity-invalid`, `price-invalid` or `currency-invalid`.
    """
    from advisor.energy import carbon, standard

    words = text.strip()
    if field == "currency":
        standard.price(settings.price_per_kwh or 0.0, words)
        return words
    if not words:
        return None
    if field == "region":
        grid = carbon.grid(words)
        return grid.iso3 or grid.name
    value = _number(words)
    if field == "grid_g_per_kwh":
        carbon.custom(value)
    else:
        standard.price(value, settings.currency)
    return value


def _number(words: str) -> float:
    """Return a number written with a point or a comma."""
    try:
        return float(words.replace(",", ".") if words.count(",") == 1 and "." not in words else words)
    except ValueError as error:
        raise InvalidInputError(
            "number-invalid", f"{words[:30]!r} is not a number.", remedy="Write digits only, for example 342 or 0.30."
        ) from error


def survey_meters() -> "tuple[MeterInfo, ...]":
    """Look for the power meters of this computer; nothing is read."""
    from advisor.energy import ladder

    return ladder.survey()


def read_power() -> "PowerNow":
    """Read the meters that are used for some seconds."""
    from advisor.energy import self_check

    return self_check.power_now(seconds=READ_S)


def load_wall(fingerprint: str) -> "KeptFit | None":
    """Return what is kept of the user's wall meter for a machine."""
    from advisor.energy import wall_store

    return wall_store.load(fingerprint)


def keep_wall(fingerprint: str, pairs: "tuple[WallPair, ...]") -> "KeptFit":
    """Fit and keep the user's wall meter; errors as `wall.fit` and `wall_store.save`."""
    from advisor.energy import self_check, wall, wall_store

    fitted = wall.fit(pairs)
    return wall_store.save(fingerprint, self_check.power_now(seconds=BOUNDARY_S).boundary, pairs, fitted)


def forget_wall(fingerprint: str) -> None:
    """Forget the user's wall meter; errors as `wall_store.forget`."""
    from advisor.energy import wall_store

    wall_store.forget(fingerprint)


def published_tasks() -> tuple[tuple[str, dict[str, object]], ...]:
    """Return the tasks of AI Energy Score: name of each, and the task fields it sets."""
    from advisor.energy import aies

    return tuple((task.label, aies.controls(task)) for task in aies.tasks())
