"""Meters and comparisons by turns, as JSON and as rows: for the command line and whoever reads its documents."""

from collections.abc import Sequence
from typing import Any

import msgspec

from advisor import units
from advisor.energy import ladder
from advisor.energy.compare import PairedRatio
from advisor.energy.model import EnergyResult, MeterInfo
from advisor.energy.self_check import SelfCheck
from advisor.energy.wall_store import KeptFit
from advisor.evidence import Quantity
from advisor.probe import energy_pair_plan
from advisor.probe.energy_pair_plan import PairResult, PairSide
from advisor.report import energy_words, load_words
from advisor.report.language import _
from advisor.report.public_parts import figure, head

Document = dict[str, Any]
METERS_HEADING = "Power meters of this computer"
METER_TITLES = ("Meter", "Covers", "Way", "New value", "State", "Why")
PAIR_TITLES = ("Candidate", "Energy of a query", "Time of a query", "Against the first")


def meter_rows(infos: Sequence[MeterInfo]) -> list[tuple[str, ...]]:
    """Return one row a meter: name, what it covers, how, how often, state, why."""
    return [
        (
            info.name, info.covers, f"{energy_words.meter_way(info)}, {energy_words.meter_grade(info)}",
            _("every {time}").format(time=units.duration(info.refresh_s)), energy_words.meter_state(info), info.why,
        )
        for info in infos
    ]  # fmt: skip


def chosen_lines(infos: Sequence[MeterInfo]) -> list[str]:
    """Return which meter is used for each part of the machine and why, one sentence each."""
    return [f"{energy_words.component(part)}: {ladder.reason(infos, part)}." for part in ladder.COMPONENTS]


def remedies(infos: Sequence[MeterInfo]) -> list[tuple[str, str]]:
    """Return the locked meters with the exact rule that opens each; the app itself never asks for these rights."""
    named: dict[str, str] = {}
    for info in infos:
        if info.state == "locked" and info.remedy:
            named.setdefault(info.remedy, info.name)
    return [(_("To let this app read {meter}").format(meter=name), remedy) for remedy, name in named.items()]


def meters_json(infos: Sequence[MeterInfo], checked: SelfCheck | None) -> Document:
    """Return the meters as the public document `meters`."""
    chosen = {info.id for info in ladder.choose(infos).values()}
    return {
        **head("meters"),
        "meters": [{**msgspec.to_builtins(info), "used": info.id in chosen} for info in infos],
        "reasons": {part: ladder.reason(infos, part) for part in ladder.COMPONENTS},
        "checks": None if checked is None else [msgspec.to_builtins(check) for check in checked.checks],
    }


def energy_json(energy: EnergyResult | None) -> Document | None:
    """Return the energy of a probe, every figure with its range; null where it was not measured."""
    return None if energy is None else msgspec.to_builtins(energy)


_MODES = {
    "quick": "Energy, measured (quick protocol)", "standard": "Energy, measured (standard protocol)",
    "band": "Energy, typical range: no meter was read",
}  # fmt: skip


def heading(energy: EnergyResult) -> str:
    """Return what kind of energy figures follow."""
    return _(_MODES[energy.mode])


def energy_figures(energy: EnergyResult) -> list[tuple[str, Quantity]]:
    """Return all figures of a probe's energy with their names: gross and net, by part of the machine and phase."""
    found: list[tuple[str, Quantity]] = [
        (_("A query, gross"), energy.per_query_gross_j),
        (_("A query, net (above idle with the model loaded)"), energy.per_query_net_j),
    ]
    if energy.per_output_token_j.value is not None:
        found.append((_("An output token, gross"), energy.per_output_token_j))
    if energy.per_input_token_j.value is not None:
        found.append((_("An input token, gross"), energy.per_input_token_j))
    for part in energy.components:
        name = energy_words.component(part.component)
        found += [
            (f"{name}: {_('idle, no model')}", part.idle_w),
            (f"{name}: {_('idle, model loaded')}", part.loaded_idle_w),
        ]
        for phase in part.phases:
            label = f"{name}: {energy_words.phase(phase.phase)}"
            found += [
                (f"{label}, {_('power')}", phase.power_w),
                (f"{label}, {_('gross')}", phase.gross_j),
                (f"{label}, {_('net')}", phase.net_j),
            ]
    if energy.ram_w is not None:
        found.append((_("Memory, by assumption, not in the total"), energy.ram_w))
    return found


def energy_sentences(energy: EnergyResult) -> list[str]:
    """Return what is counted, what is not and why, and the checks with their results."""
    lines = [energy_words.boundary_sentence(energy), *energy_words.excluded_sentences(energy)]
    lines += load_words.sentences(energy)
    lines += [f"{energy_words.check_verdict(check)}: {check.text}" for check in energy.checks]
    return lines


def wall_sentence(kept: KeptFit) -> str:
    """Return the line between the machine's meters and the plug in words."""
    fit = kept.fit
    return _(
        "At the plug: {a} + {b} x the machine's meters, from {number} readings between {low} and {high}; they scatter "
        "by {sd}."
    ).format(
        a=units.amount(fit.a_w, "W"), b=f"{fit.b_ratio:.2f}", number=fit.num_pairs, low=units.amount(fit.least_w, "W"),
        high=units.amount(fit.most_w, "W"), sd=units.amount(fit.residual_sd_w, "W"),
    )  # fmt: skip


def wall_json(kept: KeptFit) -> Document:
    """Return the user's wall meter as the public document `wall-meter`."""
    body: Document = msgspec.to_builtins(kept)
    return {**head("wall-meter"), **body, "sentence": wall_sentence(kept)}


def ratio_sentence(first: str, second: str, ratio: PairedRatio) -> str:
    """Return how two candidates compare: a number only where the interval excludes 1."""
    item = ratio.ratio
    ends = "" if item.low is None or item.high is None else f" ({item.low:.2f} to {item.high:.2f})"
    if ratio.finding == "too-few" or item.value is None:
        return _("{first} against {second}: too few usable pairs ({number}) to tell.").format(
            first=first, second=second, number=ratio.num_pairs
        )
    if ratio.finding == "no-difference":
        return _("{first} against {second}: no measurable difference, {ratio} times the energy{ends}.").format(
            first=first, second=second, ratio=f"{item.value:.2f}", ends=ends
        )
    return _("{first} takes {ratio} times the energy of {second}{ends}.").format(
        first=first, second=second, ratio=f"{item.value:.2f}", ends=ends
    )


def pair_rows(result: PairResult) -> list[tuple[str, ...]]:
    """Return one row a candidate."""
    return [
        (
            name_of(side), _amount(energy_pair_plan.query_energy(side)),
            units.duration(sum(side.query_s) / len(side.query_s)) if side.query_s else units.NO_DATA,
            "" if side.ratio is None else _ratio_cell(side.ratio),
        )
        for side in result.sides
    ]  # fmt: skip


def pair_sentences(result: PairResult) -> list[str]:
    """Return how each candidate compares with the first."""
    first = result.sides[0]
    return [
        ratio_sentence(name_of(side), name_of(first), side.ratio) for side in result.sides if side.ratio is not None
    ]


def pair_json(result: PairResult) -> Document:
    """Return a comparison by turns as the public document `compare-energy`."""
    return {
        **head("compare-energy"),
        "created": result.created,
        "meter": msgspec.to_builtins(result.meter),
        "order": list(result.order),
        "candidates": [
            {
                "model": side.model,
                "format": side.format,
                "energy_per_query": figure(energy_pair_plan.query_energy(side)),
                "turns_j": list(side.energy_j),
                "query_s": list(side.query_s),
                "ratio": None if side.ratio is None else figure(side.ratio.ratio),
                "finding": None if side.ratio is None else side.ratio.finding,
            }
            for side in result.sides
        ],
        "sentences": pair_sentences(result),
    }


def name_of(side: PairSide) -> str:
    """Return a candidate's name for people."""
    return f"{side.model} ({side.format})"


def _ratio_cell(ratio: PairedRatio) -> str:
    item = ratio.ratio
    if item.value is None or item.low is None or item.high is None:
        return _("too few pairs")
    text = f"{item.value:.2f} ({item.low:.2f} to {item.high:.2f})"
    return text if ratio.finding != "no-difference" else f"{text}, {_('no measurable difference')}"


def _amount(item: Quantity) -> str:
    return units.quantity(item)
