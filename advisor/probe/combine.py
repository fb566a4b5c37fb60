"""From the reports of one or two depths to the result of a probe. Pure."""

import statistics
from collections.abc import Sequence

import msgspec

from advisor import units
from advisor.child.protocol import Sample
from advisor.evidence import Quantity, unknown
from advisor.graphs.recipe import Recipe
from advisor.probe import providers, stats
from advisor.probe.depth import DepthReport
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.probe.providers import ProviderUse
from advisor.probe.stats import Reason, Spread

MAX_SAMPLES = 2000
_MEMORY_HALF_SHARE = 0.02
"""[1] Peak memory of the same graph varies by about this from run to run."""
_FORMULA_HALF_SHARE = 0.5
"""[1] Doubt about working memory that was computed and not measured."""
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
    num_threads: int


def result(plan: ProbePlan, recipe: Recipe, reports: Sequence[DepthReport], account: Account) -> ProbeResult:
    """Return what was measured.

    Args:
        plan: what was asked.
        recipe: what it came to.
        reports: of one depth, or of two with the smaller first.
        account: of the coordinating process.
    """
    view = _View(plan, recipe, tuple(reports))
    first, token = view.first_token(), view.token()
    query = view.query(first, token)
    found = (*_reasons(reports, account.num_threads), *fallback_reasons(plan.providers, reports[-1]))
    used = providers.really_ran(plan.providers, reports[-1].registered, reports[-1].placement)
    return ProbeResult(
        id=account.id, created=account.created, outcome="finished", message=view.message(), kind="synthetic",
        model=plan.candidate.model.id, format=plan.candidate.format.id, device=used.device, workload=plan.workload,
        depths_measured=tuple(report.measurement.num_layers for report in reports), num_layers=recipe.num_layers,
        extrapolated=view.extrapolated, time_to_first_token=first, time_per_token=token, time_per_query=query,
        rate=view.rate(token, query), peak_memory=view.memory(), load_time=view.load_time(),
        energy_per_1000_queries=unknown("Wh", _NO_METER), depths=tuple(report.measurement for report in reports),
        samples=thin(account.samples), grade=stats.grade(found), reasons=tuple(reason.text for reason in found),
        num_threads=account.num_threads, provider=reports[-1].provider, versions=account.versions,
        fingerprint=plan.fingerprint, power_source=plan.power_source, wall_s=account.wall_s,
    )  # fmt: skip


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

    def __init__(self, plan: ProbePlan, recipe: Recipe, reports: tuple[DepthReport, ...]) -> None:
        self._plan = plan
        self._recipe = recipe
        self._reports = reports
        self.extrapolated = len(reports) > 1
        layers = ", ".join(str(report.measurement.num_layers) for report in reports)
        part = _said(recipe, "measured_part")
        self._how = (
            f"extrapolated from {layers} of {recipe.num_layers} layers{', ' if part else ''}{part}, made-up weights"
            if self.extrapolated
            else f"{part or 'whole model'}, made-up weights"
        )

    def first_token(self) -> Quantity:
        """Return the time of one prompt, or of one query of an encoder."""
        if self._recipe.runner == "query":
            return self._time(self._across([report.query_block_s for report in self._reports]), self._query_basis())
        spreads = [self._prompt(report) for report in self._reports]
        measured = min(report.num_prompt_tokens for report in self._reports)
        basis = f"prompt of {self._recipe.num_input_tokens} tokens, {self._how}"
        if measured < self._recipe.num_input_tokens:
            basis = f"{basis}; measured up to {measured} tokens and lengthened by a linear and a quadratic part"
        return self._time(self._combined(spreads), basis)

    def token(self) -> Quantity:
        """Return the time of each further token."""
        recipe = self._recipe
        if not recipe.num_output_tokens:
            return unknown("s", "this task generates no tokens")
        spread = self._across([report.decode_block_s for report in self._reports])
        end = recipe.num_input_tokens + recipe.num_output_tokens
        count = sum(len(report.measurement.decode_s) for report in self._reports)
        basis = f"median of {count} tokens at {recipe.num_input_tokens} to {end} tokens of context, {self._how}"
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
        return Quantity(value=value, low=low, high=high, unit="s", evidence="measured-synthetic", basis=basis)

    def rate(self, token: Quantity, query: Quantity) -> Quantity:
        """Return tokens a second, or queries a second where no tokens are generated."""
        source, unit = (token, "tokens/s") if token.value is not None else (query, "queries/s")
        batch = self._recipe.num_batch
        value, low, high = source.value or 0.0, source.low or 0.0, source.high or 0.0
        basis = f"from the time of one {'token' if unit == 'tokens/s' else 'query'}, batch of {batch}"
        return Quantity(
            value=batch / value,
            low=batch / high,
            high=batch / low,
            unit=unit,
            evidence="measured-synthetic",
            basis=basis,
        )

    def memory(self) -> Quantity:
        """Return the peak resident set, with the working memory of the part of the prompt that was cut."""
        rests = [self._cut_bytes(report) for report in self._reports]
        spread = self._combined([
            _around(report.measurement.peak_rss_bytes + rest, _MEMORY_HALF_SHARE)
            for report, rest in zip(self._reports, rests, strict=True)
        ])  # fmt: skip
        basis = self._reports[-1].peak_memory_source
        if self._recipe.num_capacity_tokens:
            basis = f"{basis}, cache of {self._recipe.num_capacity_tokens} tokens"
        if max(rests):
            basis = f"{basis}, working memory of the rest of the prompt added by formula"
        doubt = _FORMULA_HALF_SHARE * max(rests)
        wider = msgspec.structs.replace(spread, low=spread.low - doubt, high=spread.high + doubt)
        return _quantity(wider, "B", f"{basis}, {self._how}")

    def _cut_bytes(self, report: DepthReport) -> int:
        """Return the working memory of the part of the prompt that there was no time to read, in bytes."""
        recipe = self._recipe
        return recipe.working_bytes(recipe.num_input_tokens) - recipe.working_bytes(report.num_prompt_tokens)

    def load_time(self) -> Quantity:
        """Return the time to make the session."""
        spread = self._combined([stats.spread([report.measurement.load_s]) for report in self._reports])
        return self._time(spread, f"session made from a file in the system's cache, {self._how}")

    def message(self) -> str:
        """Return what the user should know about the sizes, and of what was left out."""
        asked, read = self._plan.workload.num_input_tokens, self._recipe.num_input_tokens
        if 0 < read < asked:
            return f"The model reads at most {read} tokens, so the {asked} asked for were cut."
        return _said(self._recipe, "remark")

    def _query_basis(self) -> str:
        recipe = self._recipe
        count = sum(len(report.measurement.query_s) for report in self._reports)
        tokens = f" x {recipe.num_input_tokens} tokens" if recipe.num_input_tokens else ""
        return f"median of {count} runs of {recipe.num_batch}{tokens or ' at a time'}, {self._how}"

    def _prompt(self, report: DepthReport) -> Spread:
        spread = stats.spread(report.measurement.prefill_s)
        wanted = self._recipe.num_input_tokens
        if report.short_prefill_s is None or report.num_prompt_tokens >= wanted:
            return spread
        measured = report.num_prompt_tokens
        return stats.lengthen(spread, report.short_prefill_s, num_measured=measured, num_wanted=wanted)

    def _across(self, blocks: Sequence[Sequence[float]]) -> Spread:
        return self._combined([stats.spread(values) for values in blocks])

    def _combined(self, spreads: Sequence[Spread]) -> Spread:
        if len(spreads) == 1:
            return spreads[0]
        return stats.extrapolate(
            spreads[0], spreads[1], near_layers=self._reports[0].measurement.num_layers,
            far_layers=self._reports[1].measurement.num_layers, num_layers=self._recipe.num_layers,
        )  # fmt: skip

    def _time(self, spread: Spread, basis: str) -> Quantity:
        return _quantity(spread, "s", basis)


def _said(recipe: Recipe, field: str) -> str:
    """Return what a recipe says of a graph that is not the whole model; most say nothing."""
    found: str = getattr(recipe, field, "")
    return found


def _quantity(spread: Spread, unit: str, basis: str) -> Quantity:
    return Quantity(
        value=spread.value, low=spread.low, high=spread.high, unit=unit, evidence="measured-synthetic", basis=basis
    )


def _around(value: float, half_share: float) -> Spread:
    half = half_share * value
    return Spread(value=value, low=value - half, high=value + half, iqr=0.0, num_values=1)


def _reasons(reports: Sequence[DepthReport], num_threads: int) -> tuple[Reason, ...]:
    """Return the reasons of all depths; of those that both have, the one of the larger depth."""
    found: list[Reason] = []
    for report in reports:
        blocks = report.decode_block_s or report.query_block_s or report.measurement.prefill_s
        found += stats.reasons(report.system, blocks, num_threads=num_threads)
        if not report.outputs_finite:
            found.append(
                Reason(
                    code="overflow",
                    text="The test model's numbers overflowed, which can slow the processor.",
                    severe=True,
                )
            )
        if len(report.measurement.prefill_s) == 1:
            time = units.duration(statistics.median(report.measurement.prefill_s))
            found.append(Reason(code="single-prompt", text=f"There was time to read the prompt once only ({time})."))
    if len(reports) > 1 and not _told_apart(reports):
        text = (
            "Disturbances hid the difference between the two depths, so the times of the whole model are a wide guess."
        )
        found.append(Reason(code="depths", text=text, severe=True))
    last_of_kind = {reason.code: reason for reason in found}
    return tuple(last_of_kind.values())


def _told_apart(reports: Sequence[DepthReport]) -> bool:
    """Tell whether the larger depth took longer in all that was timed."""
    small, large = reports[0], reports[-1]
    pairs = (
        (small.decode_block_s, large.decode_block_s),
        (small.query_block_s, large.query_block_s),
        (small.measurement.prefill_s, large.measurement.prefill_s),
    )
    return all(statistics.median(far) > statistics.median(near) for near, far in pairs if near and far)
