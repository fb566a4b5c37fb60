"""Text with a unit. The only place that turns numbers into what a person reads."""

from collections.abc import Callable

from advisor.evidence import Quantity

KIB = 1024
MIB = 1024**2
GIB = 1024**3
J_PER_WH = 3600.0

_BYTE_STEPS = ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB"), (1, "B"))
_TIME_STEPS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
NO_DATA = "no data"


def number(value: float, digits: int = 2) -> str:
    """Return a number with `digits` significant digits, grouped by thousands, without an exponent down to 0.0001."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}") if abs(value) < 10**digits else round(value)
    if abs(rounded) >= 10 ** (digits - 1):
        return f"{rounded:,.0f}"
    text = f"{rounded:.{digits}g}"
    return f"{rounded:.10f}".rstrip("0").rstrip(".") if "e" in text and abs(rounded) >= 1e-9 else text


def _stepped(value: float, steps: tuple[tuple[float, str], ...], digits: int) -> tuple[float, str]:
    for factor, name in steps:
        if abs(value) >= factor * (1 - 0.5 * 10.0**-digits):
            return factor, name
    return steps[-1]


def size(size_bytes: float) -> str:
    """Return a memory or file size: `4.9 GiB`, `123 MiB`."""
    factor, name = _stepped(size_bytes, _BYTE_STEPS, 3)
    return f"{number(size_bytes / factor, 3 if size_bytes / factor >= 10 else 2)} {name}"


def duration(duration_s: float) -> str:
    """Return a time: `1.2 s`, `35 ms`, `3.4 min`, `2.1 h`."""
    if duration_s >= 2 * 3600:
        return f"{number(duration_s / 3600)} h"
    if duration_s >= 120:
        return f"{number(duration_s / 60)} min"
    factor, name = _stepped(duration_s, _TIME_STEPS, 2)
    return f"{number(duration_s / factor)} {name}"


def energy(energy_wh: float) -> str:
    """Return an energy: `1.3 kWh`, `47 Wh`, `0.12 Wh`."""
    return f"{number(energy_wh / 1000)} kWh" if energy_wh >= 1000 else f"{number(energy_wh)} Wh"


def mass(mass_g: float) -> str:
    """Return a mass of CO2e: `1.3 kg`, `47 g`, `0.12 g`."""
    return f"{number(mass_g / 1000)} kg" if mass_g >= 1000 else f"{number(mass_g)} g"


def count(value: float) -> str:
    """Return a count in words of engineers: `135 M`, `3.1 B`, `820`."""
    for factor, name in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if value >= factor:
            return f"{number(value / factor, 3)} {name}"
    return f"{value:,.0f}"


def scaled(value: float, unit: str) -> str:
    """Return a large amount with a decimal prefix: `70 GFLOP`, `3.2 GHz`."""
    for factor, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{number(value / factor)} {prefix}{unit}"
    return f"{number(value)} {unit}"


_FORMATS: dict[str, Callable[[float], str]] = {
    "B": size,
    "s": duration,
    "Wh": energy,
    "g": mass,
    "J": lambda value: f"{number(value)} J",
    "W": lambda value: f"{number(value)} W",
    "1": number,
    "parameters": count,
    "tokens": lambda value: f"{value:,.0f} tokens",
    "B/s": lambda value: f"{size(value)}/s",
    "FLOP": lambda value: scaled(value, "FLOP"),
    "FLOP/s": lambda value: scaled(value, "FLOP/s"),
    "Hz": lambda value: scaled(value, "Hz"),
}


def amount(value: float | None, unit: str) -> str:
    """Return one value with its unit, or `no data`."""
    if value is None:
        return NO_DATA
    render = _FORMATS.get(unit)
    return render(value) if render is not None else f"{number(value)} {unit}"


def quantity(item: Quantity) -> str:
    """Return a quantity with its range: `4.9 GiB (4.5 GiB to 5.4 GiB)`, or `no data`."""
    if item.value is None:
        if item.low is None or item.high is None:
            return NO_DATA
        return f"{amount(item.low, item.unit)} to {amount(item.high, item.unit)}"
    text = amount(item.value, item.unit)
    if item.low is None or item.high is None:
        return text
    return f"{text} ({amount(item.low, item.unit)} to {amount(item.high, item.unit)})"
