"""The energy part of a probe: is there a meter, run the energy child, and the typical range where there is none."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from advisor.energy import ladder
from advisor.energy.model import MeterInfo
from advisor.graphs.recipe import Recipe
from advisor.hardware.roots import Roots
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.energy import EnergyReport, EnergyRequest
from advisor.probe.energy_settings import EnergySettings
from advisor.probe.plan import ProbePlan

JOB = "probe-energy"
EXPECTED_S = {"quick": 40.0, "standard": 240.0}
"""[s] What the energy part is expected to take."""


class EnergyOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the energy part came to."""

    report: EnergyReport | None = None
    """Null: no meter can be read, or the child did not deliver."""
    meters: tuple[MeterInfo, ...] = ()
    """All that were looked for."""
    why_not: str = ""
    """One phrase: why nothing was measured."""


def survey(settings: EnergySettings | None) -> tuple[MeterInfo, ...]:
    """Return the meters of this machine; none where energy is not wanted."""
    if settings is None or settings.mode == "off":
        return ()
    return ladder.survey(Roots(sys=Path(settings.sys_root)))


def usable(meters: Sequence[MeterInfo], *, on_card: bool) -> bool:
    """Tell whether a meter of the part that works, or of the whole machine, can be read."""
    chosen = ladder.choose(meters)
    return ("gpu" if on_card else "cpu") in chosen or "platform" in chosen


def request(
    settings: EnergySettings, recipe: Recipe, depth: DepthRequest, earlier: Sequence[DepthReport]
) -> EnergyRequest:
    """Return what the energy child is asked.

    Args:
        settings: of the probe.
        recipe: of the model.
        depth: of the largest slice, as its launches were asked.
        earlier: launches of that slice.
    """
    num_prompt_tokens = min((report.num_prompt_tokens for report in earlier), default=recipe.num_input_tokens)
    return EnergyRequest(
        depth=depth, mode="standard" if settings.mode == "standard" else "quick", sys_root=settings.sys_root,
        num_prompt_tokens=num_prompt_tokens,
    )  # fmt: skip


def with_root(plan: ProbePlan, sys_root: Path) -> ProbePlan:
    """Return a plan whose meters are looked for in another folder than the kernel's; tests simulate meters so."""
    if plan.energy is None:
        return plan
    return msgspec.structs.replace(plan, energy=msgspec.structs.replace(plan.energy, sys_root=str(sys_root)))
