"""What a row of the results takes in standard units and daily terms, against its training, beside published figures."""

import msgspec

from advisor.energy import daily, standard, training
from advisor.energy.standard import Conditions, StandardFigures
from advisor.errors import AdvisorError
from advisor.evidence import Quantity
from advisor.probe.plan import ProbeResult
from advisor.recommend import comparison, known_power, published, use
from advisor.recommend.comparison import Comparison, Ours
from advisor.recommend.model import CandidateRow, Summary
from advisor.report import energy_series, energy_words, standard_units, wording
from advisor.report.energy_series import EnergyPart
from advisor.report.language import _
from advisor.settings import Settings
from advisor.task.model import Workload

LEADERBOARD = "huggingface.co/spaces/AIEnergyScore/Leaderboard"
NUM_MEANINGS = 3
MOST_PUBLISHED = 12


class RowUse(msgspec.Struct, frozen=True, kw_only=True):
    """One row's energy in all units."""

    figures: StandardFigures
    net_per_query: Quantity
    """[J] Above idle; without a value where only gross is known."""
    parts: tuple[EnergyPart, ...]
    """Of one query, by kind of work."""
    parts_measured: bool
    below_limit: bool
    """Net energy cannot be told from idling."""


class UseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the details: what, how much, where from."""

    label: str
    text: str
    basis: str = ""


class Uses:
    """Rows of one recommendation in standard units, each computed when it is looked at."""

    def __init__(
        self, summary: Summary, settings: Settings, probes: tuple[ProbeResult, ...], chosen: Conditions | None = None
    ) -> None:
        """Keep what all rows share.

        Args:
            summary: of the recommendation.
            settings: electricity, price, making of the computer.
            probes: made on this computer, for energy that was measured.
            chosen: electricity, price and volume in place of those of the settings.
        """
        self.summary = summary
        self.chosen = chosen if chosen is not None else conditions(summary, settings)
        self._probes = {probe.id: probe for probe in probes}
        self._workloads = {approach.id: approach.workload for approach in summary.approaches}
        self._found: dict[int, RowUse] = {}

    def of(self, row: CandidateRow) -> RowUse:
        """Return one row's energy; the same object each time."""
        if row.index not in self._found:
            self._found[row.index] = self._build(row)
        return self._found[row.index]

    def workload(self, row: CandidateRow) -> Workload:
        """Return the sizes of one query as the row's approach runs it."""
        return self._workloads.get(row.approach, Workload())

    def probe(self, row: CandidateRow) -> ProbeResult | None:
        """Return the probe whose energy stands in the row, or null where it is estimated."""
        if row.measured is None or not row.measured.same_workload:
            return None
        found = self._probes.get(row.measured.probe_id)
        return found if found is not None and found.energy is not None else None

    def newest(self) -> ProbeResult | None:
        """Return the newest probe of this computer that has energy, of any model; null where there is none."""
        mine = self.summary.machine.fingerprint
        found = [one for one in self._probes.values() if one.energy is not None and one.fingerprint == mine]
        return max(found, key=lambda one: one.created, default=None)

    def _build(self, row: CandidateRow) -> RowUse:
        probe = self.probe(row)
        if probe is not None and probe.energy is not None:
            subject = standard.of_result(
                probe.energy, query_time=probe.time_per_query,
                num_output_tokens=probe.workload.num_output_tokens if probe.time_per_token.value is not None else 0,
            )  # fmt: skip
            net = subject.per_query_net
            return RowUse(
                figures=standard.figures(subject, self.chosen), net_per_query=net,
                parts=energy_series.query_parts(probe.energy, probe.workload),
                parts_measured=probe.energy.mode != "band", below_limit=net.value is None and net.high is not None,
            )  # fmt: skip
        model = known_power.power_model(self.summary.machine, row.estimate.device, self._probes.values())
        found = use.figures(row.energy_per_1000_queries, row.estimate, self.workload(row), model, self.chosen)
        net = Quantity(value=None, unit="J", evidence="excluded", basis=_("only a probe under a meter can tell"))
        return RowUse(
            figures=found, net_per_query=net, parts=energy_series.estimated_parts(row), parts_measured=False,
            below_limit=False,
        )  # fmt: skip


def conditions(summary: Summary, settings: Settings) -> Conditions:
    """Return what figures of use depend on; settings that cannot be used, as of a file edited by hand, are left out."""
    task = summary.task
    volume = task.num_queries_per_day
    try:
        return standard.conditions(
            summary.machine, num_queries_per_day=volume, region=task.region or settings.region,
            g_per_kwh=settings.grid_g_per_kwh, price_per_kwh=settings.price_per_kwh, currency=settings.currency,
            with_embodied=settings.with_embodied,
        )  # fmt: skip
    except AdvisorError:
        return standard.conditions(summary.machine, num_queries_per_day=volume)


def on_battery(summary: Summary) -> bool:
    """Return whether the task runs on battery: as the user said, else as the computer does now."""
    said = summary.task.power_source
    return said == "battery" if said is not None else summary.machine.power.source.value == "battery"


def battery_sentence(minutes: Quantity) -> str:
    """Return what the minutes of a battery mean, one sentence."""
    if minutes.value is None:
        return _("How much battery that takes is not known: {why}.").format(why=minutes.basis)
    return _("1,000 queries empty the battery {minutes} sooner. {basis}.").format(
        minutes=wording.figure(minutes), basis=minutes.basis.capitalize()
    )


def lines(row: CandidateRow, uses: Uses) -> tuple[UseLine, ...]:
    """Return gross and net energy of a query, then every unit that has a value, with where it comes from."""
    found = uses.of(row)
    probe = uses.probe(row)
    query = probe.energy.per_query_gross_j if probe is not None and probe.energy is not None else None
    made = [] if query is None else [_line(_("One query, all energy"), query)]
    if found.below_limit:
        made.append(
            UseLine(
                label=_("One query, above idle"), text=energy_words.below_limit(found.net_per_query),
                basis=found.net_per_query.basis,
            )
        )  # fmt: skip
    elif found.net_per_query.value is not None:
        made.append(_line(_("One query, above idle"), found.net_per_query))
    rows = standard_units.rows(found.figures)
    if on_battery(uses.summary):
        battery = found.figures.battery
        share = (_("Battery, 1,000 queries, of a full charge"), battery.share)
        first = [pair for pair in rows if pair[1] in (battery.minutes, battery.queries_per_charge)]
        rows = [*first, *([share] if battery.share.value is not None else []), *(r for r in rows if r not in first)]
    made += [_line(label, item) for label, item in rows]
    made.append(UseLine(label=_("Counted"), text="", basis=found.figures.boundary))
    if uses.chosen.intensity is not None:
        grid = uses.chosen.intensity
        sentence = wording.grid_sentence(grid.name, grid.g_per_kwh, grid.year, grid.source)
        made.append(UseLine(label=_("Electricity"), text="", basis=sentence))
    else:
        made.append(UseLine(label=_("CO2e"), text="", basis=_("Choose an electricity grid in the settings to see it.")))
    if uses.chosen.embodied is not None:
        made.append(UseLine(label=_("Making"), text="", basis=" ".join(uses.chosen.embodied.assumptions)))
    return tuple(made)


def meaning_title(uses: Uses, row: CandidateRow) -> str:
    """Return what the daily terms stand for: a year at the user's volume, or 1,000 queries."""
    year = uses.of(row).figures.energy_per_year
    if year.value is not None and uses.chosen.num_queries_per_day is not None:
        number = f"{uses.chosen.num_queries_per_day:,.0f}"
        return _("What a year of {number} queries a day means").format(number=number)
    return _("What 1,000 queries mean")


def meanings(row: CandidateRow, uses: Uses) -> tuple[UseLine, ...]:
    """Return energy and CO2e in daily terms, with the arithmetic."""
    figures = uses.of(row).figures
    by_year = figures.energy_per_year.value is not None
    energy = figures.energy_per_year if by_year else figures.energy_per_1000_queries
    carbon = figures.carbon_per_year if by_year else figures.carbon_per_1000_queries
    found = [*daily.meanings(energy, most=NUM_MEANINGS)]
    if carbon.value is not None:
        found += daily.meanings(carbon, most=1)
    return tuple(
        UseLine(label=one.sentence, text=one.arithmetic, basis=f"{one.term.reason}; {one.term.source}") for one in found
    )


def training_sentence(row: CandidateRow, uses: Uses) -> str:
    """Return after how many queries use equals training; empty where no training energy is published for the model."""
    known = training.of_model(row.model)
    energy = uses.of(row).figures.energy_per_1000_queries
    if known is None or energy.value is None:
        return ""
    volume = uses.chosen.num_queries_per_day
    told = training.break_even(known, energy, volume or None)
    return f"{told.sentence} {_('Training figure: {what}, {source}.').format(what=known.what, source=known.source)}"


def published_lines(row: CandidateRow) -> tuple[UseLine, ...]:
    """Return the official AI Energy Score figures of a model, with stars, cohort and date; never ours."""
    found = []
    for item in published.of_model(row.model):
        official = item.origin == "official" and item.stars is not None
        stars = _(", {number} of 5 stars").format(number=item.stars) if official else ""
        cohort = ", ".join(
            part
            for part in (
                item.task.replace("-", " "), _("class {name}").format(name=item.size_class) if item.size_class else "",
                item.test_date or _("no date"), item.reasoning and _("reasoning {level}").format(level=item.reasoning),
            )
            if part
        )  # fmt: skip
        amount = wording.amount(
            Quantity(value=item.gpu_energy_wh, unit="Wh", evidence="assumed", basis="AI Energy Score")
        )
        basis = _("AI Energy Score, {cohort}; card of {machine} only. {note}. {where}").format(
            cohort=cohort, machine=published.MACHINE, note=comparison.NOT_COMPARABLE.capitalize(), where=LEADERBOARD
        )
        found.append(UseLine(label=_("Published, 1,000 queries"), text=f"{amount}{stars}", basis=basis))
    return tuple(found)


def compared(rows: tuple[CandidateRow, ...], uses: Uses, *, most: int = MOST_PUBLISHED) -> Comparison | None:
    """Return rows of this computer beside published figures of the task; null where there is nothing beside them.

    Args:
        rows: ours.
        uses: of their recommendation.
        most: how many published figures at most.
    """
    cpu = uses.summary.machine.cpu.model.value
    hardware = cpu or _("this computer")
    ours = [
        Ours(
            label=f"{row.model.partition('/')[2] or row.model}, {wording.format_label(row.format)}", model=row.model,
            energy=row.energy_per_1000_queries, hardware=hardware, sizes=_sizes(uses.workload(row)),
        )
        for row in rows
    ]  # fmt: skip
    return comparison.comparison(uses.summary.task.kind, ours, most=most)


def _sizes(workload: Workload) -> str:
    text = _("{tokens} tokens in").format(tokens=f"{workload.num_input_tokens:,}")
    if workload.num_output_tokens:
        text = f"{text}, {_('{tokens} out').format(tokens=f'{workload.num_output_tokens:,}')}"
    return text


def _line(label: str, item: Quantity) -> UseLine:
    return UseLine(
        label=label, text=wording.figure(item), basis=f"{wording.evidence_word(item.evidence)}: {item.basis}"
    )
