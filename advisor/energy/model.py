"""Power and carbon values; meters come behind `MeterInfo` later."""

import msgspec

from advisor.evidence import Quantity


class GridIntensity(msgspec.Struct, frozen=True, kw_only=True):
    """Carbon intensity of one country's electricity, location-based yearly average."""

    iso3: str | None
    iso2: str | None
    name: str
    g_per_kwh: Quantity
    """[g/kWh] CO2e, with the range that other sources span."""
    year: int
    source: str
    note: str | None = None


class PowerBand(msgspec.Struct, frozen=True, kw_only=True):
    """Power of a processor at a known load, without a meter: a range first, its middle second."""

    power_w: Quantity
    """[W]"""
    idle_power_w: Quantity
    """[W]"""
    limit_w: float
    """[W] The limit the band hangs on."""
    limit_basis: str
    boundary: str
