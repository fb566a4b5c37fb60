"""What people read about energy: parts of the machine, kinds of work, meters, checks."""

from collections.abc import Sequence
from typing import get_args

from advisor import units
from advisor.energy import ladder, wall
from advisor.energy.model import (
    Component,
    ComponentEnergy,
    EnergyCheck,
    EnergyResult,
    MeterInfo,
    MeterState,
    Method,
    PhaseEnergy,
    PhaseName,
)
from advisor.energy.wall_store import KeptFit
from advisor.evidence import Quantity
from advisor.probe.energy_settings import EnergyMode
from advisor.report import wording
from advisor.report.language import _

COMPONENT_WORDS: dict[Component, str] = {
    "cpu": "Processor", "gpu": "Graphics card", "ram": "Memory", "platform": "Whole machine",
}  # fmt: skip
PHASE_WORDS: dict[PhaseName, str] = {
    "load": "Loading the model", "prefill": "Reading the input", "decode": "Writing the answer", "query": "Answering",
}  # fmt: skip
_UNITS: dict[PhaseName, str] = {"load": "a load", "prefill": "an input", "decode": "a token", "query": "a query"}
TRACE_WORDS: dict[str, str] = {
    "idle": "idle", "spin": "meter test", "load": "loading", "loaded idle": "waiting", "prefill": "reading",
    "decode": "writing", "query": "answering",
}  # fmt: skip
"""What ran, short enough to stand in a plot."""
CHECK_WORDS: dict[str, str] = {
    "liveness": "The meter moves under load", "cross": "Counter against power readings",
    "drift": "Idle power before and after", "load": "Other programs are quiet", "gaps": "No missing readings",
    "resolution": "Blocks are long enough for the meter", "sampler": "Reading the meter costs little",
    "clock": "The system's clock", "vanished": "The meter stayed", "speed": "As fast as without the meter",
}  # fmt: skip
METHOD_WORDS: dict[Method, str] = {
    "counter": "by its energy counter", "integral": "by its power, added up",
    "os-model": "by an estimate of the system", "band": "typical range", "constant": "from a table",
}  # fmt: skip
STATE_WORDS: dict[MeterState, str] = {
    "open": "can be read", "locked": "locked", "absent": "not there", "refused": "not believed",
}  # fmt: skip
STATE_GLYPHS: dict[MeterState, str] = {"open": "✓", "locked": "!", "absent": "-", "refused": "✕"}
GRADE_WORDS: dict[str, str] = {"A": "within 5 to 10 %", "B": "within 10 to 30 %", "C": "within a factor of 2"}
MODE_WORDS: dict[EnergyMode, str] = {"off": "Not measured", "quick": "Quick", "standard": "Thorough"}
MODE_HELP: dict[EnergyMode, str] = {
    "off": "Probes measure speed and memory only.",
    "quick": "Adds about 40 seconds to a probe: three blocks of work under the meter, aiming at 10 % either way.",
    "standard": "Adds about 4 minutes to a probe: five to twenty longer blocks, aiming at 5 % either way.",
}
ESTIMATED_NO_METER = "estimated, no meter"
_PASSED, _FAILED = "✓ passed", "✕ not passed"
NO_RESULT = "Energy was not measured."


def component(name: Component) -> str:
    """Return what a part of the machine is called."""
    return _(COMPONENT_WORDS[name])


def phase(name: PhaseName) -> str:
    """Return what a kind of work is called."""
    return _(PHASE_WORDS[name])


def phase_unit(name: PhaseName) -> str:
    """Return what one unit of a kind of work is, with its article."""
    return _(_UNITS[name])


def trace_phase(name: str) -> str:
    """Return what ran at a point of the power trace; empty for what is between."""
    return _(TRACE_WORDS[name]) if name in TRACE_WORDS else ""


def mode_help(mode: EnergyMode) -> str:
    """Return what a way of measuring energy takes and gives, one sentence."""
    return _(MODE_HELP[mode])


def mode_choices() -> tuple[tuple[EnergyMode, str], ...]:
    """Return each way of measuring energy with its name."""
    return tuple((mode, _(MODE_WORDS[mode])) for mode in get_args(EnergyMode))


def check_title(check: EnergyCheck) -> str:
    """Return what a check looks at."""
    return _(CHECK_WORDS[check.code])


def check_verdict(check: EnergyCheck) -> str:
    """Return sign and word: never a sign alone."""
    return _(_PASSED) if check.passed else _(_FAILED)


def meter_state(info: MeterInfo, *, used: bool = False) -> str:
    """Return sign and word of a meter's state."""
    words = _("used") if used else _(STATE_WORDS[info.state])
    return f"{STATE_GLYPHS[info.state]} {words}"


def meter_tip(info: MeterInfo) -> str:
    """Return unit, how often there is a new value, and who may read it."""
    return _("Counts in {unit}, a new value every {time}; {permission}.").format(
        unit=info.native_unit, time=units.duration(info.refresh_s), permission=permission(info)
    )


def meter_grade(info: MeterInfo) -> str:
    """Return how far a meter may be trusted: `within 5 to 10 %`."""
    return _(GRADE_WORDS[info.grade])


def meter_way(info: MeterInfo) -> str:
    """Return how a meter comes to its figure."""
    return _(METHOD_WORDS[info.method])


def permission(info: MeterInfo) -> str:
    """Return who may read an open meter: `any user may read it`."""
    return _("{who} may read it").format(who=info.permission)


def open_note(info: MeterInfo) -> str:
    """Return who may read an open meter, and what it leaves out."""
    left_out = info.covers.partition(";")[2].strip()
    return "; ".join(part for part in (permission(info), left_out) if part)


def meters_sentence(infos: Sequence[MeterInfo]) -> str:
    """Return which meters are used, or that none can be and what happens then."""
    if not infos:
        return _("No power meter has been looked for yet.")
    chosen = ladder.choose(infos)
    if not chosen:
        return _(
            "No power meter can be read here. Probes then show the typical range of the processor's power for the load "
            "they measure: an estimate, and never a line."
        )
    used = [
        _("{part}: {meter}, {way}, {grade}.").format(
            part=component(part), meter=info.name, way=meter_way(info), grade=_(GRADE_WORDS[info.grade])
        )
        for part, info in chosen.items()
    ]
    missing = [component(part).lower() for part in ("cpu", "gpu", "ram") if part not in chosen]
    if missing:
        used.append(_("Without a meter: {parts}.").format(parts=wording.listed(tuple(missing))))
    return " ".join(used)


def energy_outlook(mode: EnergyMode, infos: Sequence[MeterInfo]) -> str:
    """Return what a probe will do about energy, one sentence; empty while nothing is known of the meters."""
    if mode == "off":
        return _("Energy is not measured: it is switched off in the settings.")
    if not infos:
        return ""
    if not {"cpu", "gpu", "platform"} & set(ladder.choose(infos)):
        return _("No power meter can be read, so energy is a range by the measured load.")
    return mode_help(mode)


def net_words(part: PhaseEnergy) -> str:
    """Return net energy, or that it is too small to be told from idling: `below detection limit (< 0.3 J)`."""
    if not part.below_detection_limit:
        return wording.figure(part.net_j)
    return below_limit(part.net_j)


def below_limit(item: Quantity) -> str:
    """Return the words for a net energy that cannot be told from idling."""
    if item.high is None:
        return _("below detection limit")
    return _("below detection limit (< {limit})").format(limit=units.amount(item.high, item.unit))


def boundary_sentence(energy: EnergyResult) -> str:
    """Return what is counted and what is not, one sentence."""
    return _("Counted: {boundary}.").format(boundary=energy.boundary.rstrip("."))


def excluded_sentences(energy: EnergyResult) -> tuple[str, ...]:
    """Return each part of the machine that is not counted, and why; it has no figure, which is not the same as 0."""
    return tuple(
        _("Not counted: {part} ({why}).").format(part=component(part.component).lower(), why=part.why.rstrip("."))
        for part in energy.excluded
    )


def how_sentence(energy: EnergyResult) -> str:
    """Return with which meters, how thoroughly, in how many blocks."""
    if energy.mode == "band":
        text = _("Estimated: no meter could be read, so this is the typical range for the load that was measured.")
        return " ".join((text, *(check.text for check in energy.checks)))
    names = wording.listed(tuple(part.meter.name for part in energy.components))
    number = max((phase.num_blocks for part in energy.components for phase in part.phases), default=0)
    left_out = sum(phase.num_rejected for part in energy.components for phase in part.phases)
    text = _("Measured with {meters}, up to {number} blocks of each kind of work").format(meters=names, number=number)
    return f"{text}, {_('{number} left out').format(number=left_out)}." if left_out else f"{text}."


def holding_sentence(part: ComponentEnergy) -> str:
    """Return what it costs to keep the model in memory while nothing is asked of it; empty where it is not known."""
    idle, loaded = part.idle_w.value, part.loaded_idle_w.value
    if idle is None or loaded is None:
        return ""
    more = loaded - idle
    if abs(more) < max(0.1, 0.02 * idle):
        return _("{part}: idle at {idle}, the same with the model loaded.").format(
            part=component(part.component), idle=units.amount(idle, "W")
        )
    change = _("more") if more > 0 else _("less")
    return _("{part}: idle at {idle}; with the model loaded {loaded}, {difference} {change}.").format(
        part=component(part.component), idle=units.amount(idle, "W"), loaded=units.amount(loaded, "W"),
        difference=units.amount(abs(more), "W"), change=change,
    )  # fmt: skip


def failed_checks(checks: Sequence[EnergyCheck]) -> str:
    """Return how many checks passed, one phrase: `7 of 8 checks passed`."""
    passed = sum(check.passed for check in checks)
    return _("{passed} of {number} checks passed").format(passed=passed, number=len(checks))


def no_energy_sentence(item: Quantity) -> str:
    """Return that a probe has no energy and why, one or two sentences."""
    if item.value is not None:
        return _("Energy per 1,000 queries: {figure}.").format(figure=wording.figure(item))
    why = item.basis.rstrip(".")
    return f"{_(NO_RESULT)} {_('Why: {why}.').format(why=why)}" if why else _(NO_RESULT)


def plug_sentence(energy: EnergyResult, query_time: Quantity, kept: KeptFit | None) -> str:
    """Return the energy of a query at the plug, by the user's own meter; empty where none is kept for these meters.

    Args:
        energy: of a probe.
        query_time: [s] of one query of it.
        kept: the user's wall meter.
    """
    if kept is None or energy.mode == "band" or not energy.boundary.startswith(kept.boundary):
        return ""
    item = wall.wall_energy(kept.fit, energy.per_query_gross_j, query_time)
    if item.value is None:
        return ""
    return _("At the plug, by your own meter: {figure} a query, {evidence}.").format(
        figure=wording.figure(item), evidence=wording.evidence_word(item.evidence)
    )
