"""The energy part of a probe: is there a meter, run the energy child, and the typical range where there is none."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from advisor.child.protocol import Outcome
from advisor.energy import ladder
from advisor.energy.model import MeterInfo
from advisor.hardware.roots import Roots
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.energy import EnergyReport, EnergyRequest
from advisor.probe.energy_settings import EnergySettings
from advisor.probe.file_feed import FileFeed
from advisor.probe.plan import RunPlan
from advisor.probe.providers import ProviderUse

JOB = "probe-energy"
Plan = TypeVar("Plan", bound=RunPlan)
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


def card(providers: Sequence[ProviderUse]) -> int | None:
    """Return the number of the graphics card that a model runs on, among its vendor's; None for another device."""
    if not providers or not providers[0].device.startswith("gpu"):
        return None
    number = providers[0].options.get("device_id", "0")
    return int(number) if number.isdigit() else 0


def survey(settings: EnergySettings | None, *, card: int | None = None) -> tuple[MeterInfo, ...]:
    """Return the meters of this machine; none where energy is not wanted.

    Args:
        settings: of the probe.
        card: number of the graphics card that is used; None: all are listed.
    """
    if settings is None or settings.mode == "off":
        return ()
    return ladder.survey(Roots(sys=Path(settings.sys_root)), card=card)


def usable(meters: Sequence[MeterInfo], *, on_card: bool) -> bool:
    """Tell whether a meter of the part that works, or of the whole machine, can be read."""
    chosen = ladder.choose(meters)
    return ("gpu" if on_card else "cpu") in chosen or "platform" in chosen


def why_not(settings: EnergySettings | None, meters: Sequence[MeterInfo], *, on_card: bool) -> str:
    """Return why energy is not measured, as one phrase; empty where it is."""
    if settings is None or settings.mode == "off":
        return "the measurement of energy is switched off"
    return "" if usable(meters, on_card=on_card) else ladder.reason(meters, "gpu" if on_card else "cpu")


def asked_s(settings: EnergySettings) -> float:
    """Return what the energy part is expected to take, in seconds."""
    return settings.time_share * EXPECTED_S.get(settings.mode, 0.0)


def outcome(ended: Outcome, meters: tuple[MeterInfo, ...]) -> EnergyOutcome:
    """Return what the energy child came to; one that failed leaves its sentence."""
    if ended.code != "finished" or ended.result is None:
        return EnergyOutcome(meters=meters, why_not=ended.message.rstrip("."))
    report = msgspec.json.decode(ended.result, type=EnergyReport)
    return EnergyOutcome(report=report, meters=report.meters)


def request(
    settings: EnergySettings, num_input_tokens: int, depth: DepthRequest, earlier: Sequence[DepthReport], *,
    feeds: tuple[FileFeed, ...] = (),
) -> EnergyRequest:  # fmt: skip
    """Return what the energy child is asked.

    Args:
        settings: of the probe.
        num_input_tokens: of a prompt; 0 where none is read.
        depth: of the largest slice, as its launches were asked.
        earlier: launches of that slice.
        feeds: inputs of an ONNX file of the user's.
    """
    num_prompt_tokens = min((report.num_prompt_tokens for report in earlier), default=num_input_tokens)
    return EnergyRequest(
        depth=depth, mode="standard" if settings.mode == "standard" else "quick", sys_root=settings.sys_root,
        time_share=settings.time_share,
        num_prompt_tokens=num_prompt_tokens, feeds=feeds,
    )  # fmt: skip


def with_root(plan: Plan, sys_root: Path, time_share: float) -> Plan:
    """Return a plan for simulated meters, as tests use them.

    Args:
        plan: of a probe.
        sys_root: where meters are looked for instead of the kernel's folder.
        time_share: [1] Of the protocol's times.
    """
    if plan.energy is None:
        return plan
    energy = msgspec.structs.replace(plan.energy, sys_root=str(sys_root), time_share=time_share)
    return msgspec.structs.replace(plan, energy=energy)
