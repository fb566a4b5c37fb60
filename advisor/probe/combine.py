"""From the reports of one or more depths to the result of a probe. Pure."""

import statistics
from collections.abc import Mapping, Sequence

import msgspec

from advisor.child.protocol import Sample
from advisor.evidence import Evidence, Quantity, unknown
from advisor.graphs.recipe import Recipe
from advisor.probe import energy_answer, energy_result, launches, providers, stats, trust
from advisor.probe.depth import DepthReport
from advisor.probe.energy_stage import EnergyOutcome
from advisor.probe.launches import Depth
from advisor.probe.plan import (
    ContextSpeed,
    DepthMeasurement,
    Precision,
    ProbeKind,
    ProbePlan,
    ProbeResult,
    RunPlan,
    WeightsFacts,
)
from advisor.probe.providers import ProviderUse
from advisor.probe.schedule import PILOT_BLOCKS, half_share
from advisor.probe.stats import Reason, Spread
from advisor.probe.threads import ThreadChoice

MAX_SAMPLES = 2000
_MEMORY_HALF_SHARE = 0.02
"""[1] Peak memory of the same graph varies by about this from run to run."""
_FORMULA_HALF_SHARE = 0.5
"""[1] Doubt about working memory that was computed and not measured."""
_CONTEXT_HALF_SHARE = 0.06
"""[1] Range around the time of a token at one context: a block or two of it were timed."""
_THREE = 3
_NO_METER = "no power meter was read during the probe"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What the coordinating process knows besides the reports."""

    id: str
    created: str
    """ISO 8601, UTC."""
    wall_s: float
    """[s] The whole probe."""
    samples: tuple[Sample, ...]
    versions: dict[str, str]
    threads: ThreadChoice
    build_s: float | None = None
    """[s] Of it, writing the test model."""
    energy: EnergyOutcome | None = None
    """Null: not asked for."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    kind: ProbeKind
    model: str
    format: str
    weights: WeightsFacts | None = None
    """Null for made-up weights."""

    @property
    def evidence(self) -> Evidence:
        """What its figures are worth."""
        return "measured-synthetic" if self.kind == "synthetic" else "measured"

    @property
    def words(self) -> str:
        """Whose weights, as a phrase."""
        return "made-up weights" if self.kind == "synthetic" else "the model's own weights"


def result(plan: ProbePlan, recipe: Recipe, depths: Sequence[Depth], account: Account) -> ProbeResult:
    """Return what was measured with made-up weights.

    Args:
        plan: what was asked.
        recipe: what it came to.
        depths: with their launches, the fewest layers first; the whole model alone, or two or three slices of it.
        account: of the coordinating process.
    """
    subject = Subject(kind="synthetic", model=plan.candidate.model.id, format=plan.candidate.format.id)
    return result_of(subject, plan, recipe, depths, account)


def result_of(
    subject: Subject, plan: RunPlan, recipe: Recipe, depths: Sequence[Depth], account: Account
) -> ProbeResult:
    """Return what was measured; arguments as `result`.

    Args:
        subject: what ran.
        plan: what was asked.
        recipe: what it came to.
        depths: with their launches.
        account: of the coordinating process.
    """
    view = _View(subject, plan, recipe, tuple(depths))
    first, token = view.first_token(), view.token()
    query = view.query(first, token)
    last = depths[-1].last
    found = (*trust.reasons(depths, view.precision(), account.threads), *fallback_reasons(plan.providers, last))
    used = providers.really_ran(plan.providers, last.registered, last.placement)
    times = energy_answer.whole_times(recipe, depths, load=view.load_time(), prefill=first, decode=token)
    energy = energy_answer.answer(
        plan.energy, account.energy, times, depths, num_threads=account.threads.num_threads,
        device=used.device, evidence=subject.evidence,
    )  # fmt: skip
    return ProbeResult(
        id=account.id, created=account.created, outcome="finished", message=view.message(), kind=subject.kind,
        model=subject.model, format=subject.format, device=used.device, workload=plan.workload,
        depths_measured=tuple(depth.num_layers for depth in depths), num_layers=recipe.num_layers,
        extrapolated=view.extrapolated, time_to_first_token=first, time_per_token=token, time_per_query=query,
        rate=view.rate(token, query), peak_memory=view.memory(), load_time=view.load_time(),
        energy_per_1000_queries=energy_answer.per_1000_queries(energy, _why_no_energy(account)),
        depths=tuple(map(_measurement, depths)),
        samples=thin(account.samples), grade=stats.grade(found), reasons=tuple(reason.text for reason in found),
        num_threads=account.threads.num_threads, provider=last.provider, versions=account.versions,
        fingerprint=plan.fingerprint, power_source=plan.power_source, wall_s=account.wall_s, build_s=account.build_s,
        contexts=view.contexts(), precision=view.precision(), threads=account.threads,
        energy=energy, weights=subject.weights,
    )  # fmt: skip


def _why_no_energy(account: Account) -> str:
    outcome = account.energy
    if outcome is None:
        return _NO_METER
    refused = "" if outcome.report is None else energy_result.vanished(outcome.report)
    return outcome.why_not or refused or _NO_METER


def _measurement(depth: Depth) -> DepthMeasurement:
    """Return the raw results of all launches of a depth as one."""
    measured = [report.measurement for report in depth.reports]
    return msgspec.structs.replace(
        measured[0],
        prefill_s=tuple(value for one in measured for value in one.prefill_s),
        decode_s=tuple(value for one in measured for value in one.decode_s),
        query_s=tuple(value for one in measured for value in one.query_s),
        load_s=statistics.median(one.load_s for one in measured),
        peak_rss_bytes=round(statistics.median(one.peak_rss_bytes for one in measured)),
        num_launches=len(measured),
    )


def fallback_reasons(requested: Sequence[ProviderUse], report: DepthReport) -> tuple[Reason, ...]:
    """Return what did not run on the execution provider that was asked for, as reasons.

    Args:
        requested: as the plan names them, best first.
        report: says what the session had and where its nodes went.
    """
    texts = providers.fallbacks([use.name for use in requested], report.registered, report.placement)
    return tuple(Reason(code=f"fallback-{index}", text=text) for index, text in enumerate(texts))


def thin(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return at most `MAX_SAMPLES` of the samples, evenly spread, the last one kept."""
    if len(samples) <= MAX_SAMPLES:
        return tuple(samples)
    step = (len(samples) - 1) / (MAX_SAMPLES - 1)
    return tuple(samples[round(index * step)] for index in range(MAX_SAMPLES))


class _View:
    """The figures, one method each."""

    def __init__(self, subject: Subject, plan: RunPlan, recipe: Recipe, depths: tuple[Depth, ...]) -> None:
        self._subject = subject
        self._plan = plan
        self._recipe = recipe
        self._depths = depths
        self.extrapolated = len(depths) > 1
        layers = ", ".join(str(depth.num_layers) for depth in depths)
        part = _said(recipe, "measured_part")
        number = max(len(depth.reports) for depth in depths)
        started = f", started {number} times" if number > 1 else ""
        self._how = (
            f"extrapolated from {layers} of {recipe.num_layers} layers{', ' if part else ''}{part}{started}, "
            f"{subject.words}"
            if self.extrapolated
            else f"{part or 'whole model'}{started}, {subject.words}"
        )

    def first_token(self) -> Quantity:
        """Return the time of one prompt, or of one query of an encoder."""
        if self._recipe.runner == "query":
            return self._time(self._across([depth.query_s() for depth in self._depths]), self._query_basis())
        spreads = [self._prompt(depth) for depth in self._depths]
        measured = min(report.num_prompt_tokens for report in self._reports())
        read = _said(self._recipe, "measured_input")
        read = f"{read} read and a first token written" if read else f"prompt of {self._recipe.num_input_tokens} tokens"
        basis = f"{read}, {self._how}"
        if measured < self._recipe.num_input_tokens:
            basis = f"{basis}; measured up to {measured} tokens and lengthened by a linear and a quadratic part"
        return self._time(self._combined(spreads), basis)

    def token(self) -> Quantity:
        """Return the time of each further token."""
        recipe = self._recipe
        if not recipe.num_output_tokens:
            return unknown("s", "this task generates no tokens")
        spread = self._across([depth.decode_s() for depth in self._depths])
        begin = recipe.num_input_tokens if recipe.runner == "decoder" else 0  # two halves: the past is the answer's own
        end = begin + recipe.num_output_tokens
        count = sum(len(report.measurement.decode_s) for report in self._reports())
        basis = f"median of {count} tokens at {begin} to {end} tokens of context, {self._how}"
        return self._time(spread, basis)

    def query(self, first: Quantity, token: Quantity) -> Quantity:
        """Return the time of a whole query."""
        passes = self._recipe.num_runs
        more = max(0, self._recipe.num_output_tokens - 1) if token.value is not None else 0
        basis = "first token and the further ones added up" if more else first.basis
        if passes > 1:
            basis = f"{passes:g} runs of it; {basis}"
        parts = [(first.value, token.value), (first.low, token.low), (first.high, token.high)]
        value, low, high = (passes * ((a or 0.0) + more * (b or 0.0)) for a, b in parts)
        return Quantity(value=value, low=low, high=high, unit="s", evidence=self._subject.evidence, basis=basis)

    def rate(self, token: Quantity, query: Quantity) -> Quantity:
        """Return tokens a second, queries a second where none are generated, or times real time where sound is read."""
        sound_s = self._plan.workload.audio_s
        source, unit = (token, "tokens/s") if token.value is not None else (query, "queries/s")
        if sound_s > 0:
            source, unit = query, "x real time"
        batch = self._recipe.num_batch
        done = batch * (sound_s or 1.0)
        value, low, high = source.value or 0.0, source.low or 0.0, source.high or 0.0
        basis = f"from the time of one {'token' if unit == 'tokens/s' else 'query'}, batch of {batch}"
        return Quantity(
            value=done / value, low=done / high, high=done / low, unit=unit, evidence=self._subject.evidence,
            basis=basis,
        )  # fmt: skip

    def memory(self) -> Quantity:
        """Return the peak resident set, with the working memory of the part of the prompt that was cut."""
        rests = [self._cut_bytes(depth) for depth in self._depths]
        spread = self._combined([
            _around(_measurement(depth).peak_rss_bytes + rest, _MEMORY_HALF_SHARE)
            for depth, rest in zip(self._depths, rests, strict=True)
        ])  # fmt: skip
        basis = self._depths[-1].last.peak_memory_source
        if self._recipe.num_capacity_tokens:
            basis = f"{basis}, cache of {self._recipe.num_capacity_tokens} tokens"
        if max(rests):
            basis = f"{basis}, working memory of the rest of the prompt added by formula"
        doubt = _FORMULA_HALF_SHARE * max(rests)
        wider = msgspec.structs.replace(spread, low=spread.low - doubt, high=spread.high + doubt)
        return self._quantity(wider, "B", f"{basis}, {self._how}")

    def contexts(self) -> tuple[ContextSpeed, ...]:
        """Return the time of a token at each length of the context that all depths were timed at."""
        by_depth = [{entry.num_context_tokens: entry.token_s for entry in depth.contexts()} for depth in self._depths]
        common = sorted(set(by_depth[0]).intersection(*by_depth[1:]))
        return tuple(
            ContextSpeed(num_context_tokens=tokens, time_per_token=self._at_context(tokens, by_depth))
            for tokens in common
        )

    def precision(self) -> Precision:
        """Return how well the mean of the main figure is known, and what the depths say of the straight line."""
        main = max(self._depths, key=lambda depth: launches.apart(depth.main_s()))
        first = main.reports[0]
        pilot = main.main_s()[0][:PILOT_BLOCKS]
        num_blocks = sum(map(len, main.main_s()))
        wanted = first.wanted.num_blocks if first.decode_block_s or first.query_block_s else first.wanted.num_prompts
        return Precision(
            num_launches=max(len(depth.reports) for depth in self._depths), num_blocks=num_blocks,
            num_blocks_wanted=wanted,
            interval_half_share=half_share(pilot, num_blocks) if len(pilot) >= PILOT_BLOCKS else None,
            launches_apart_share=launches.apart(main.main_s()) if len(main.reports) > 1 else None,
            line_error_share=self._line_error(),
        )  # fmt: skip

    def _line_error(self) -> float | None:
        if len(self._depths) < _THREE:
            return None
        small, middle, large = self._depths
        layers = (small.num_layers, middle.num_layers, large.num_layers)
        figures = [[_middle(depth.decode_s()) for depth in self._depths], [_middle(depth.query_s()) for depth in
                   self._depths], [_middle(depth.prefill_s()) for depth in self._depths]]  # fmt: skip
        errors = [
            abs(stats.off_the_line(values[0], values[1], values[2], layers=layers)) for values in figures if all(values)
        ]
        return max(errors, default=None)

    def _at_context(self, num_tokens: int, by_depth: Sequence[Mapping[int, float]]) -> Quantity:
        spread = self._combined([_around(found[num_tokens], _CONTEXT_HALF_SHARE) for found in by_depth])
        return self._time(spread, f"median of a block of tokens after {num_tokens} tokens of context, {self._how}")

    def _reports(self) -> list[DepthReport]:
        return [report for depth in self._depths for report in depth.reports]

    def _cut_bytes(self, depth: Depth) -> int:
        """Return the working memory of the part of the prompt that there was no time to read, in bytes."""
        recipe = self._recipe
        read = max(report.num_prompt_tokens for report in depth.reports)
        return recipe.working_bytes(recipe.num_input_tokens) - recipe.working_bytes(read)

    def load_time(self) -> Quantity:
        """Return the time to make the session."""
        spread = self._combined([
            stats.spread([report.measurement.load_s for report in depth.reports]) for depth in self._depths
        ])  # fmt: skip
        return self._time(spread, f"session made from a file in the system's cache, {self._how}")

    def message(self) -> str:
        """Return what the user should know about the sizes, and of what was left out."""
        asked, read = self._plan.workload.num_input_tokens, self._recipe.num_input_tokens
        if 0 < read < asked:
            return f"The model reads at most {read} tokens, so the {asked} asked for were cut."
        return _said(self._recipe, "remark")

    def _query_basis(self) -> str:
        recipe = self._recipe
        count = sum(len(report.measurement.query_s) for report in self._reports())
        tokens = f" x {recipe.num_input_tokens} tokens" if recipe.num_input_tokens else ""
        return f"median of {count} runs of {recipe.num_batch}{tokens or ' at a time'}, {self._how}"

    def _prompt(self, depth: Depth) -> Spread:
        wanted = self._recipe.num_input_tokens
        cut = [report for report in depth.reports if report.short_prefill_s is not None]
        if not cut or all(report.num_prompt_tokens >= wanted for report in cut):
            return stats.pooled(depth.prefill_s())
        # Launches may have cut at different lengths: each is brought to the full one by itself.
        full = [self._lengthened(report) for report in depth.reports]
        middle = statistics.fmean(spread.value for spread in full)
        half = max(*(spread.high - spread.value for spread in full), abs(full[0].value - full[-1].value))
        return msgspec.structs.replace(full[0], value=middle, low=max(middle - half, middle / 2), high=middle + half)

    def _lengthened(self, report: DepthReport) -> Spread:
        spread, wanted = stats.spread(report.measurement.prefill_s), self._recipe.num_input_tokens
        if report.short_prefill_s is None or report.num_prompt_tokens >= wanted:
            return spread
        return stats.lengthen(
            spread, report.short_prefill_s, num_measured=report.num_prompt_tokens, num_wanted=wanted
        )  # fmt: skip

    def _across(self, by_depth: Sequence[Sequence[Sequence[float]]]) -> Spread:
        return self._combined([stats.pooled(values) for values in by_depth])

    def _combined(self, spreads: Sequence[Spread]) -> Spread:
        """Return the figure of the whole model; a third depth tests the line and does not move it."""
        if len(spreads) == 1:
            return spreads[0]
        return stats.extrapolate(
            spreads[0], spreads[-1], near_layers=self._depths[0].num_layers,
            far_layers=self._depths[-1].num_layers, num_layers=self._recipe.num_layers,
        )  # fmt: skip

    def _time(self, spread: Spread, basis: str) -> Quantity:
        return self._quantity(spread, "s", basis)

    def _quantity(self, spread: Spread, unit: str, basis: str) -> Quantity:
        return Quantity(
            value=spread.value, low=spread.low, high=spread.high, unit=unit, evidence=self._subject.evidence,
            basis=basis,
        )  # fmt: skip


def _said(recipe: Recipe, field: str) -> str:
    """Return what a recipe says of a graph that is not the whole model; most say nothing."""
    found: str = getattr(recipe, field, "")
    return found


def _around(value: float, half_share: float) -> Spread:
    half = half_share * value
    return Spread(value=value, low=value - half, high=value + half, iqr=0.0, num_values=1)


def _middle(launch_times: Sequence[Sequence[float]]) -> float:
    """Return the mean of the launches' medians; 0 where nothing was timed."""
    return statistics.fmean(map(statistics.median, launch_times)) if launch_times else 0.0
