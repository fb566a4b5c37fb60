"""Energy and carbon of training and answering from size, data and chips: the operational model of LLMCarbon. Pure.

It serves to check our arithmetic against a published validation, and to derive a training energy where only sizes are
published. It is not used for this computer, which has figures of its own.
"""

import msgspec

from advisor.energy import ranges
from advisor.energy.carbon import carbon
from advisor.energy.model import GridIntensity
from advisor.errors import InvalidInputError
from advisor.evidence import Quantity

TRAINING_FLOPS = 6.0
"""[FLOP] A parameter and a token: forward 2, backward 4."""
ANSWER_FLOPS = 2.0
"""[FLOP] A parameter and a token: forward only."""
MODEL_K = 1.1
"""[1] Range factor: the largest error of the published validation is 8.2 %."""
J_PER_KWH = 3.6e6


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """The chips and their building."""

    num_devices: int
    device_w: float
    """[W] One device with its part of the host, on average while it works."""
    peak_flops: float
    """[FLOP/s] Of one device."""
    efficiency_share: float
    """[1] Of the peak that is reached."""
    pue_ratio: float = 1.0
    """[1] Power of the building over that of the computers."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a job on a cluster takes."""

    flops: Quantity
    """[FLOP]"""
    time: Quantity
    """[s]"""
    energy: Quantity
    """[kWh] With the building."""


def work(num_parameters: float, num_tokens: float, cluster: Cluster, *, flops_factor: float = TRAINING_FLOPS) -> Work:
    """Return arithmetic, time and energy of reading tokens.

    Args:
        num_parameters: of a dense model. A mixture of experts gives those of its base model, the dense model that takes
            the same arithmetic, since a token passes only some experts.
        num_tokens: read in all.
        cluster: where it runs.
        flops_factor: `TRAINING_FLOPS` or `ANSWER_FLOPS`.

    Returns:
        FLOP = factor x parameters x tokens; s = FLOP / (devices x peak x efficiency); kWh = W x devices x s x PUE.

    Raises:
        InvalidInputError: `cluster-invalid`; the field is named.

    Source:
        LLMCarbon, arXiv 2309.14393, sections 4.2 to 4.4.
    """
    _check(
        num_parameters=num_parameters,
        num_tokens=num_tokens,
        num_devices=cluster.num_devices,
        device_w=cluster.device_w,
        peak_flops=cluster.peak_flops,
        efficiency_share=cluster.efficiency_share,
    )
    if not cluster.efficiency_share <= 1 <= cluster.pue_ratio < 10:
        raise _invalid("efficiency_share or pue_ratio", f"{cluster.efficiency_share:g}, {cluster.pue_ratio:g}")
    flops = flops_factor * num_parameters * num_tokens
    time_s = flops / (cluster.num_devices * cluster.peak_flops * cluster.efficiency_share)
    energy_kwh = cluster.device_w * cluster.num_devices * time_s * cluster.pue_ratio / J_PER_KWH
    return Work(
        flops=_quantity(flops, "FLOP", f"{flops_factor:g} x parameters x tokens"),
        time=_quantity(time_s, "s", "arithmetic over devices x peak x efficiency"),
        energy=_quantity(energy_kwh, "kWh", "power x devices x time x PUE"),
    )


def operational_carbon(done: Work, intensity: GridIntensity) -> Quantity:
    """Return CO2e of a job, in grams: energy x intensity of its electricity."""
    return carbon(ranges.scaled(done.energy, 1e3, "Wh"), intensity)


def _check(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < float("inf"):
            raise _invalid(name, f"{value:g}")


def _invalid(name: str, text: str) -> InvalidInputError:
    return InvalidInputError(
        "cluster-invalid",
        f"{name} of a training job cannot be {text}.",
        remedy="Give sizes above 0, an efficiency up to 1 and a PUE of 1 or more.",
        field=name,
    )


def _quantity(value: float, unit: str, basis: str) -> Quantity:
    return ranges.with_k(value, MODEL_K, unit, "estimated", basis)
