"""The power of a device while it works: measured in earlier probes where there were any, else a typical range."""

import math
import statistics
from collections.abc import Iterable

from advisor.energy import ranges
from advisor.estimate import energy
from advisor.estimate.model import PowerModel
from advisor.evidence import Quantity, unknown
from advisor.hardware.model import HardwareProfile
from advisor.probe.plan import ProbeResult

OTHER_MODEL_K = 1.15
"""[1] Another model may draw that much more or less power than the ones that were measured. Our choice: `assumed`."""
_METERED = frozenset({"quick", "standard"})


def power_model(profile: HardwareProfile, device: str, probes: Iterable[ProbeResult]) -> PowerModel | None:
    """Return the power of a device while it answers one query after the other, or null without an honest figure.

    Args:
        profile: the machine.
        device: `cpu`, or `gpu:0` ...
        probes: earlier measurements of any machine.

    Source:
        Energy of another model = power measured here x predicted time; the meter's scale, the scatter between models
        and a factor of 1.15 for a model that was not measured add in squares of logarithms.
    """
    metered = [
        probe
        for probe in probes
        if probe.fingerprint == profile.fingerprint
        and probe.device == device
        and probe.energy is not None
        and probe.energy.mode in _METERED
    ]
    found = [(probe, watts) for probe in metered if (watts := _power(probe)) is not None]
    if not found:
        return energy.power_model(profile, device)
    boundary = found[-1][0].energy.boundary if found[-1][0].energy is not None else ""
    same = [(probe, watts) for probe, watts in found if probe.energy is not None and probe.energy.boundary == boundary]
    return PowerModel(active_power_w=_active(same), idle_power_w=_idle(same), boundary=boundary)


def _power(probe: ProbeResult) -> Quantity | None:
    """Return the mean power over a query, in watts."""
    told = probe.energy
    if told is None or not told.per_query_gross_j.value or not probe.time_per_query.value:
        return None
    query_s = probe.time_per_query.value / probe.workload.num_batch
    gross = told.per_query_gross_j
    return Quantity(
        value=gross.value / query_s if gross.value else None,
        low=None if gross.low is None else gross.low / query_s,
        high=None if gross.high is None else gross.high / query_s,
        unit="W", evidence="calibrated", basis=gross.basis,
    )  # fmt: skip


def _active(found: list[tuple[ProbeResult, Quantity]]) -> Quantity:
    logs = [math.log(watts.value) for _, watts in found if watts.value]
    value = math.exp(statistics.fmean(logs))
    own = max(_log(watts) for _, watts in found)
    scatter = 1.96 * statistics.stdev(logs) if len(logs) > 1 else 0.0
    k = math.exp(math.hypot(own, scatter, math.log(OTHER_MODEL_K)))
    models = "1 probe" if len(logs) == 1 else f"{len(logs)} probes"
    basis = f"power measured here in {models}"
    return Quantity(value=value, low=value / k, high=value * k, unit="W", evidence="calibrated", basis=basis)


def _log(watts: Quantity) -> float:
    return math.log(watts.high / watts.value) if watts.high and watts.value else 0.0


def _idle(found: list[tuple[ProbeResult, Quantity]]) -> Quantity:
    """Return idle power with a model loaded, of the newest probe."""
    told = found[-1][0].energy
    parts = [part.loaded_idle_w for part in told.components if part.component != "platform"] if told is not None else []
    if not parts or any(part.value is None for part in parts):
        return unknown("W", "idle power was not measured")
    return ranges.total(parts, "W", parts[0].basis)
