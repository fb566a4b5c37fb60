"""Values as people type them: `16 GiB`, `3.5 GHz`, `65 W`, `80 %`, `mains`."""

import math
import re
from collections.abc import Callable
from typing import Literal

_BYTES = {
    "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
_HERTZ = {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}
_WATTS = {"mw": 1e-3, "w": 1.0, "kw": 1e3, "watt": 1.0, "watts": 1.0}
_WATT_HOURS = {"mwh": 1e-3, "wh": 1.0, "kwh": 1e3}
_AMOUNT = re.compile(r"([0-9]{1,15}(?:[.,][0-9]{1,9})?)\s*([a-z%/]*)", re.IGNORECASE)
_YES, _NO = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
_MAX_BYTES = 2**60

Parser = Callable[[str], object]
"""Text -> value; raises `ValueError` with a phrase that says what is wrong."""


def _amount(text: str, units: dict[str, int] | dict[str, float], *, what: str) -> float:
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or match[2].lower() not in units:
        raise ValueError(f"it is not {what}")
    value = float(match[1].replace(",", ".")) * units[match[2].lower()]
    if not math.isfinite(value):
        raise ValueError("it is too large")
    return value


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("it must be more than 0")
    return value


def size_bytes(text: str) -> int:
    """Return [B] of a size with its unit: KiB, MiB, GiB, TiB are powers of 1,024, kB, MB, GB, TB powers of 1,000."""
    value = _amount(text, _BYTES, what="a size with its unit")
    if value > _MAX_BYTES:
        raise ValueError("it is too large")
    return round(value)


def positive_size_bytes(text: str) -> int:
    """Return [B] of a size above 0."""
    return int(_positive(size_bytes(text)))


def rate_bytes_per_s(text: str) -> float:
    """Return [B/s] of a bandwidth such as `50 GB/s`."""
    stripped = text.strip()
    if not stripped.endswith("/s"):
        raise ValueError("it is not an amount per second")
    return _positive(float(size_bytes(stripped[:-2])))


def frequency_hz(text: str) -> float:
    """Return [Hz] of a clock such as `3.5 GHz`."""
    return _positive(_amount(text, _HERTZ, what="a clock with its unit"))


def power_w(text: str) -> float:
    """Return [W] of a power such as `65 W`."""
    return _positive(_amount(text, _WATTS, what="a power with its unit"))


def energy_wh(text: str) -> float:
    """Return [Wh] of a charge such as `56 Wh`."""
    return _positive(_amount(text, _WATT_HOURS, what="an energy with its unit"))


def count(text: str) -> int:
    """Return a whole number of 1 to 65,536."""
    stripped = text.strip()
    if not re.fullmatch(r"[0-9]{1,5}", stripped, re.ASCII) or not 1 <= int(stripped) <= 65_536:
        raise ValueError("it is not a whole number from 1 to 65,536")
    return int(stripped)


def number_of_cpus(text: str) -> float:
    """Return a number of CPUs, a fraction is allowed."""
    value = _amount(text, {"": 1.0}, what="a number")
    if not 0 < value <= 65_536:
        raise ValueError("it is not a number from 0 to 65,536")
    return value


def share(text: str) -> float:
    """Return a share of 0 to 1, given so or in percent."""
    value = _amount(text, {"": 1.0, "%": 0.01}, what="a share")
    if value > 1:
        raise ValueError("it is more than 100 %")
    return value


def power_source(text: str) -> Literal["mains", "battery"]:
    """Return `mains` or `battery`."""
    lower = text.strip().lower()
    if lower == "mains":
        return "mains"
    if lower == "battery":
        return "battery"
    raise ValueError("it is neither mains nor battery")


def yes(text: str) -> bool:
    """Return whether the text says yes."""
    lower = text.strip().lower()
    if lower in _YES or lower in _NO:
        return lower in _YES
    raise ValueError("it is neither yes nor no")


def name(text: str) -> str:
    """Return a name of 1 to 200 characters on one line."""
    cleaned = " ".join(text.split())
    if not 1 <= len(cleaned) <= 200 or not cleaned.isprintable():
        raise ValueError("it is not a name of 1 to 200 characters")
    return cleaned


INSTRUCTION_SETS = (
    "avx2", "f16c", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "amx_bf16", "avx512_bf16", "neon",
    "dotprod", "i8mm", "bf16", "sve",
)  # fmt: skip


def instruction_sets(text: str) -> tuple[str, ...]:
    """Return known instruction sets, separated by spaces or commas; `none` for none."""
    parts = [part for part in re.split(r"[\s,]+", text.strip().lower()) if part]
    if parts == ["none"]:
        return ()
    wrong = next((part for part in parts if part not in INSTRUCTION_SETS), None)
    if wrong is not None or not parts:
        raise ValueError(f"{wrong!r} is not known; known are {', '.join(INSTRUCTION_SETS)}" if wrong else "it is empty")
    return tuple(name for name in INSTRUCTION_SETS if name in parts)
