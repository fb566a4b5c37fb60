"""One energy in the units people compare by: per 1,000 queries, per token, per year, of a battery, in CO2e, money, SCI.

Everything is made from gross energy of one query and its ranges; nothing is measured here. A figure whose ground is
missing has no value and says why; it is never 0.
"""

import math

import msgspec

from advisor.energy import carbon, embodied, ranges
from advisor.energy.embodied import Embodied
from advisor.energy.model import EnergyResult, GridIntensity
from advisor.errors import InvalidInputError
from advisor.evidence import Quantity, unknown
from advisor.hardware.model import HardwareProfile
from advisor.units import J_PER_WH

DAYS_PER_YEAR = 365.0
QUERIES = 1000.0
"""AI Energy Score and Power Hungry Processing count by 1,000 queries."""
SCI_TOKENS = 1000.0
MINUTES_PER_HOUR = 60.0
IDLE_LAPTOP_W = 8.0
IDLE_LAPTOP_K = 2.0
"""[W], [1] A laptop with its screen on and nothing to do: assumed, 4 to 16 W, where no meter told the machine's own."""
HIGHEST_PRICE = 1000.0
"""[currency/kWh] No electricity costs more in a currency people count by the unit; above it, cents were given."""
NO_REGION = "no country of the electricity grid is chosen"
NO_PRICE = "no price of electricity is set"
NO_VOLUME = "how many queries a day is not said"
NO_BATTERY = "this computer has no battery, or does not state its capacity"
GROSS_METHOD = "E x I + M, gross energy, yearly average of the grid, no losses between meter and socket"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One query, as far as its energy is known."""

    per_query_gross: Quantity
    """[J] What meter or model say while it ran."""
    per_query_net: Quantity
    """[J] Above idle; without a value where only gross is known."""
    per_input_token: Quantity
    """[J] Gross, prefill."""
    per_output_token: Quantity
    """[J] Gross, decode."""
    query_time: Quantity
    """[s] One query."""
    num_output_tokens: int = 0
    boundary: str
    """What is in the energy and what is not."""
    idle_power: Quantity
    """[W] Of the whole machine doing nothing, for the battery."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user chose; what was not chosen leaves its figures out."""

    num_queries_per_day: float | None = None
    intensity: GridIntensity | None = None
    price: Quantity | None = None
    """[currency/kWh] As `price` makes it."""
    currency: str = ""
    embodied: Embodied | None = None
    battery_capacity_wh: float | None = None


class Sci(msgspec.Struct, frozen=True, kw_only=True):
    """Software Carbon Intensity: ((E x I) + M) / R, with all that the standard wants disclosed."""

    score: Quantity
    """[g] Of one functional unit."""
    energy: Quantity
    """[kWh] E, gross, of one functional unit."""
    intensity: Quantity
    """[g/kWh] I"""
    embodied: Quantity
    """[g] M of one functional unit; without a value where it is switched off, and then it is not in the score."""
    functional_unit: str
    """R"""
    boundary: str
    method: str


class Battery(msgspec.Struct, frozen=True, kw_only=True):
    """1,000 queries on battery."""

    share: Quantity
    """[1] Of a full charge, by gross energy."""
    minutes: Quantity
    """[min] How much sooner the battery is empty: energy above idle over idle power."""
    queries_per_charge: Quantity
    """[queries] One after the other until it is empty."""


class StandardFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one candidate. Those that lack their ground have no value and say why."""

    energy_per_1000_queries: Quantity
    """[Wh]"""
    per_input_token: Quantity
    """[J/token]"""
    per_output_token: Quantity
    """[J/token]"""
    energy_per_day: Quantity
    """[Wh]"""
    energy_per_year: Quantity
    """[Wh]"""
    carbon_per_1000_queries: Quantity
    """[g] Operational."""
    carbon_per_year: Quantity
    """[g] Operational."""
    embodied_per_1000_queries: Quantity
    """[g] Shown apart, never in the carbon above."""
    embodied_per_year: Quantity
    """[g]"""
    cost_per_1000_queries: Quantity
    """[currency]"""
    cost_per_year: Quantity
    """[currency]"""
    battery: Battery
    sci_per_query: Sci
    sci_per_1000_tokens: Sci | None
    """Null for tasks that write nothing."""
    boundary: str


def of_result(
    result: EnergyResult, *, query_time: Quantity, num_output_tokens: int = 0, idle_power: Quantity | None = None
) -> Subject:
    """Return the subject of a measured energy.

    Args:
        result: of a probe.
        query_time: [s] one query of the same probe.
        num_output_tokens: it writes.
        idle_power: [W] of the whole machine; null takes that of the platform's meter where there is one.
    """
    platform = next((part for part in result.components if part.component == "platform"), None)
    if idle_power is None:
        idle_power = platform.loaded_idle_w if platform is not None else unknown("W", "no meter of the whole machine")
    return Subject(
        per_query_gross=result.per_query_gross_j,
        per_query_net=result.per_query_net_j,
        per_input_token=result.per_input_token_j,
        per_output_token=result.per_output_token_j,
        query_time=query_time,
        num_output_tokens=num_output_tokens,
        boundary=result.boundary,
        idle_power=idle_power,
    )


def of_estimate(
    energy_per_1000_queries: Quantity,
    *,
    query_time: Quantity,
    boundary: str,
    num_output_tokens: int = 0,
    active_power: Quantity | None = None,
    time_per_token: Quantity | None = None,
    time_per_input_token: Quantity | None = None,
) -> Subject:
    """Return the subject of a predicted energy.

    Args:
        energy_per_1000_queries: [Wh] gross.
        query_time: [s]
        boundary: of the power behind it.
        num_output_tokens: it writes.
        active_power: [W] where it is known, energies per token are power x time per token.
        time_per_token: [s] of a further token.
        time_per_input_token: [s] of a token of the prompt.
    """
    power = active_power or unknown("W", "the power is not known")

    def token(time: Quantity | None, what: str) -> Quantity:
        if time is None or time.value is None:
            return unknown("J", (time.basis if time is not None else "") or f"the time of {what} is not known")
        return ranges.times((power, time), "J", f"power x time of {what}")

    return Subject(
        per_query_gross=ranges.scaled(energy_per_1000_queries, J_PER_WH / QUERIES, "J"),
        per_query_net=unknown("J", "an estimate has no energy above idle"),
        per_input_token=token(time_per_input_token, "one token read"),
        per_output_token=token(time_per_token, "one token written"),
        query_time=query_time,
        num_output_tokens=num_output_tokens,
        boundary=boundary,
        idle_power=unknown("W", "no meter of the whole machine"),
    )


def price(price_per_kwh: float, currency: str) -> Quantity:
    """Return the user's price of electricity: assumed, no range.

    Args:
        price_per_kwh: 0 or more, in units of the currency and not in cents.
        currency: written behind the amount, up to 8 letters or a sign; no conversion is made.

    Raises:
        InvalidInputError: `price-invalid` or `currency-invalid`.
    """
    if not 0 <= price_per_kwh <= HIGHEST_PRICE:  # NaN is refused here too
        raise InvalidInputError(
            "price-invalid",
            f"The price of electricity, price_per_kwh, cannot be {price_per_kwh:g} a kilowatt hour.",
            remedy=f"Give a number from 0 to {HIGHEST_PRICE:g}, in units of the currency and not in cents: 0.30.",
            field="price_per_kwh",
        )
    if not 1 <= len(currency.strip()) <= 8 or any(letter.isdigit() or not letter.isprintable() for letter in currency):
        raise InvalidInputError(
            "currency-invalid",
            f"currency {currency[:20]!r} cannot be used.",
            remedy="Give up to 8 letters or a sign, for example EUR, INR or $.",
            field="currency",
        )
    return Quantity(
        value=float(price_per_kwh), unit=f"{currency.strip()}/kWh", evidence="assumed", basis="the price you set"
    )


def conditions(
    profile: HardwareProfile,
    *,
    num_queries_per_day: float | None = None,
    region: str | None = None,
    g_per_kwh: float | None = None,
    price_per_kwh: float | None = None,
    currency: str = "EUR",
    with_embodied: bool = False,
) -> Conditions:
    """Return what was chosen, checked; the fields of the settings are named alike.

    Raises:
        NotFoundError: `region-unknown`.
        InvalidInputError: `intensity-invalid`, `price-invalid`, `currency-invalid` or `queries-invalid`.
    """
    if num_queries_per_day is not None and not 0 <= num_queries_per_day < math.inf:
        raise InvalidInputError(
            "queries-invalid",
            f"{num_queries_per_day} is not a number of queries a day.",
            remedy="Give a number of 0 or more.",
        )
    return Conditions(
        num_queries_per_day=num_queries_per_day,
        intensity=carbon.intensity(region, g_per_kwh),
        price=None if price_per_kwh is None else price(price_per_kwh, currency),
        currency=currency.strip(),
        embodied=embodied.whole_machine(profile) if with_embodied else None,
        battery_capacity_wh=profile.power.battery_capacity_wh.value,
    )


def figures(subject: Subject, chosen: Conditions) -> StandardFigures:
    """Return one query's energy in all standard units, ranges and evidence kept."""
    energy = ranges.scaled(subject.per_query_gross, QUERIES / J_PER_WH, "Wh")
    per_day = _per_day(energy, chosen)
    per_year = ranges.scaled(per_day, DAYS_PER_YEAR, "Wh")
    making = _embodied(subject, chosen)
    making_year = _per_day(making, chosen, DAYS_PER_YEAR)
    tokens = subject.num_output_tokens
    return StandardFigures(
        energy_per_1000_queries=energy,
        per_input_token=ranges.scaled(subject.per_input_token, 1.0, "J/token"),
        per_output_token=ranges.scaled(subject.per_output_token, 1.0, "J/token"),
        energy_per_day=per_day,
        energy_per_year=per_year,
        carbon_per_1000_queries=_carbon(energy, chosen),
        carbon_per_year=_carbon(per_year, chosen),
        embodied_per_1000_queries=making,
        embodied_per_year=making_year,
        cost_per_1000_queries=cost(energy, chosen),
        cost_per_year=cost(per_year, chosen),
        battery=_battery(energy, subject, chosen),
        sci_per_query=_sci(subject, chosen, 1.0, "one query"),
        sci_per_1000_tokens=_sci(subject, chosen, SCI_TOKENS / tokens, "1,000 tokens written") if tokens else None,
        boundary=subject.boundary,
    )


def cost(energy_wh: Quantity, chosen: Conditions) -> Quantity:
    """Return what some energy costs, in the user's currency; without a value until a price is set."""
    if chosen.price is None:
        return unknown(chosen.currency or "EUR", NO_PRICE)
    basis = f"energy x {chosen.price.value:g} {chosen.price.unit}, {chosen.price.basis}"
    return ranges.times((energy_wh, chosen.price), chosen.currency, basis, scale=1e-3)


def _per_day(item: Quantity, chosen: Conditions, days: float = 1.0) -> Quantity:
    if chosen.num_queries_per_day is None:
        return unknown(item.unit, NO_VOLUME)
    told = f"{item.basis}; {chosen.num_queries_per_day:g} queries a day"
    return ranges.scaled(item, days * chosen.num_queries_per_day / QUERIES, item.unit, told)


def _carbon(energy_wh: Quantity, chosen: Conditions) -> Quantity:
    return unknown("g", NO_REGION) if chosen.intensity is None else carbon.carbon(energy_wh, chosen.intensity)


def _embodied(subject: Subject, chosen: Conditions, num_queries: float = QUERIES) -> Quantity:
    if chosen.embodied is None:
        return unknown("g", "the share of the computer's making is switched off")
    return embodied.share(chosen.embodied, ranges.scaled(subject.query_time, num_queries, "s"))


def _battery(energy_wh: Quantity, subject: Subject, chosen: Conditions) -> Battery:
    if not chosen.battery_capacity_wh:
        missing = [unknown(unit, NO_BATTERY) for unit in ("1", "min", "queries")]
        return Battery(share=missing[0], minutes=missing[1], queries_per_charge=missing[2])
    capacity = Quantity(
        value=chosen.battery_capacity_wh, unit="Wh", evidence="measured", basis="full charge as the battery states it"
    )
    full = f"a full charge of {chosen.battery_capacity_wh:.0f} Wh"
    return Battery(
        share=ranges.over(energy_wh, capacity, "1", f"energy of 1,000 queries over {full}"),
        minutes=_minutes(energy_wh, subject),
        queries_per_charge=ranges.over(capacity, energy_wh, "queries", f"{full} over energy of a query", scale=QUERIES),
    )


def _minutes(energy_wh: Quantity, subject: Subject) -> Quantity:
    """Return the minutes of doing nothing that the same energy would have given."""
    net = ranges.scaled(subject.per_query_net, QUERIES / J_PER_WH, "Wh")
    spent, word = (energy_wh, "all energy") if net.value is None else (net, "energy above idle")
    idle = subject.idle_power
    if idle.value is None:
        idle = ranges.with_k(IDLE_LAPTOP_W, IDLE_LAPTOP_K, "W", "assumed", "a laptop with its screen on, not measured")
    told = f"{word} of 1,000 queries over the {idle.value:.1f} W of doing nothing: {idle.basis}"
    return ranges.over(spent, idle, "min", told, scale=MINUTES_PER_HOUR)


def _sci(subject: Subject, chosen: Conditions, num_queries: float, unit: str) -> Sci:
    energy_wh = ranges.scaled(subject.per_query_gross, num_queries / J_PER_WH, "Wh")
    operational, making = _carbon(energy_wh, chosen), _embodied(subject, chosen, num_queries)
    with_making = making.value is not None
    score = ranges.total([operational, making], "g", f"E x I + M of {unit}") if with_making else operational
    without = "; M switched off, so this is its operational part" if not with_making else ""
    return Sci(
        score=score,
        energy=ranges.scaled(energy_wh, 1e-3, "kWh"),
        intensity=unknown("g/kWh", NO_REGION) if chosen.intensity is None else chosen.intensity.g_per_kwh,
        embodied=making,
        functional_unit=unit,
        boundary=subject.boundary,
        method=f"SCI v1.1 (ISO/IEC 21031:2024): {GROSS_METHOD}{without}",
    )
