"""Words of the command line about electricity, price and presets as values; the settings fill what is not said."""

from advisor.energy.standard import Conditions
from advisor.errors import InvalidInputError
from advisor.hardware.model import HardwareProfile


def conditions(
    profile: HardwareProfile,
    *,
    num_queries_per_day: float | None,
    region: str | None,
    g_per_kwh: float | None,
    price_per_kwh: float | None,
    currency: str | None,
    with_embodied: bool,
) -> Conditions:
    """Return what was chosen for standard units.

    Args:
        profile: the machine, for its battery and its kind.
        num_queries_per_day: of the task.
        region: of the task or the command line; null takes that of the settings.
        g_per_kwh: [g/kWh] the user's own value; null takes that of the settings, unless a region was named here.
        price_per_kwh: null takes that of the settings.
        currency: null takes that of the settings.
        with_embodied: true also where the settings say so.

    Raises:
        InvalidInputError: a value that cannot be; the field is named.
        NotFoundError: `region-unknown`.
    """
    from advisor import settings
    from advisor.energy import standard

    kept = settings.load()
    return standard.conditions(
        profile,
        num_queries_per_day=num_queries_per_day,
        region=region or kept.region,
        g_per_kwh=own_intensity(g_per_kwh, region),
        price_per_kwh=price_per_kwh if price_per_kwh is not None else kept.price_per_kwh,
        currency=currency or kept.currency,
        with_embodied=with_embodied or kept.with_embodied,
    )


def own_intensity(g_per_kwh: float | None, region: str | None) -> float | None:
    """Return the user's own carbon intensity: said here, else that of the settings unless a region was named."""
    from advisor import settings

    if g_per_kwh is not None or region is not None:
        return g_per_kwh
    return settings.load().grid_g_per_kwh


def preset_controls(name: str) -> tuple[str, dict[str, object]]:
    """Return the words and the task fields of a preset: `aies:text-generation`, or one of the app's own, `short-chat`.

    Raises:
        NotFoundError: `aies-unknown` or `preset-unknown`; the remedy lists the ids.
    """
    from advisor.energy import aies
    from advisor.task import presets

    if name.strip().casefold().startswith(aies.PREFIX):
        task = aies.named(name)
        return task.label, aies.controls(task)
    found = presets.named(name)
    fields: dict[str, object] = {
        "kind": found.kind,
        "num_input_tokens": found.num_input_tokens,
        "num_output_tokens": found.num_output_tokens,
        "num_context_tokens": found.num_context_tokens,
    }
    more = {"audio_s": found.audio_s, "num_images": found.num_images}
    return found.label, fields | {key: value for key, value in more.items() if value}


def task_words(words: str | None, preset: str | None) -> tuple[str, dict[str, object]]:
    """Return the words of a task and the fields its preset sets.

    Raises:
        InvalidInputError: `task-missing`; neither words nor a preset were given.
        NotFoundError: the preset is not known.
    """
    if preset is None:
        if words is None:
            raise InvalidInputError(
                "task-missing",
                "No task was given.",
                remedy='Say it in words, --task "summarise German e-mails", or name a preset, '
                "--preset aies:text-generation.",
            )
        return words, {}
    label, fields = preset_controls(preset)
    return words if words is not None else label, fields
