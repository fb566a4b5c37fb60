"""From the report of one run to the result for an ONNX file. Pure."""

from collections.abc import Sequence

import msgspec

from advisor.child.protocol import Sample
from advisor.evidence import Quantity, unknown
from advisor.graphs.onnx_file.model import OnnxHeader
from advisor.probe import combine, energy_answer, launches, providers, stats
from advisor.probe.depth import DepthReport
from advisor.probe.energy_result import WholeTimes
from advisor.probe.energy_stage import EnergyOutcome
from advisor.probe.launches import Depth
from advisor.probe.onnx_file.plan import Inputs, OnnxFilePlan, OnnxFileResult
from advisor.probe.stats import Reason, Spread

_MEMORY_HALF_SHARE = 0.02
"""[1] Peak memory of the same file varies by about this from run to run."""

_SHOWN_INPUTS = 4


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What the coordinating process knows besides the report."""

    id: str
    created: str
    """ISO 8601, UTC."""
    wall_s: float
    """[s] The whole probe."""
    sha256: str
    """Of the file."""
    samples: tuple[Sample, ...]
    versions: dict[str, str]
    energy: EnergyOutcome | None = None


def result(plan: OnnxFilePlan, header: OnnxHeader, made: Inputs, runs: Depth, account: Account) -> OnnxFileResult:
    """Return what was measured.

    Args:
        plan: what was asked.
        header: of the file.
        made: inputs of each run.
        runs: the file, with all its launches.
        account: of the coordinating process.
    """
    report = runs.last
    found = _reasons(plan, runs)
    used = providers.really_ran(plan.providers, report.registered, report.placement)
    batch = num_batch(made)
    time, load = _time(runs, made), _load(runs)
    times = WholeTimes(
        load=load, prefill=time, decode=unknown("s", "a file is run as a whole"),
        depth_unit_s={"query": stats.pooled(runs.query_s()).value}, extrapolated=False, is_query=True,
        num_input_tokens=0, num_output_tokens=0, num_runs=1.0, num_batch=batch,
    )  # fmt: skip
    energy = energy_answer.answer(
        plan.energy, account.energy, times, (runs,), num_threads=plan.num_threads, device=used.device,
        evidence="measured",
    )  # fmt: skip
    return OnnxFileResult(
        id=account.id, created=account.created, outcome="finished", file=plan.file, sha256=account.sha256,
        header=header, inputs=made,
        time_per_query=time, rate=_rate(time, batch), peak_memory=_memory(runs),
        device_memory=_device_memory(report, used.device), load_time=load, num_batch=batch,
        num_measurements=_num_runs(runs), num_launches=len(runs.reports),
        launches_apart_share=_apart(runs), samples=combine.thin(account.samples),
        grade=stats.grade(found), reasons=tuple(reason.text for reason in found), num_threads=plan.num_threads,
        pinned=plan.pinned, device=used.device, provider=used.name, placement=report.placement,
        versions=account.versions, fingerprint=plan.fingerprint, power_source=plan.power_source, wall_s=account.wall_s,
        energy=energy,
    )  # fmt: skip


def num_batch(made: Inputs) -> int:
    """Return the items one run answers: the first dimension, where all inputs of two and more dimensions share it."""
    firsts = {feed.shape[0] for feed in made.feeds if len(feed.shape) > 1 and feed.fill != "zeros"}
    return max(1, firsts.pop()) if len(firsts) == 1 and _first_is_free(made) else 1


def _first_is_free(made: Inputs) -> bool:
    return any(
        "batch" in item.name.lower() or item.name.endswith("[0]") or item.name in {"N", "n"} for item in made.free
    )


def _num_runs(runs: Depth) -> int:
    return sum(len(report.measurement.query_s) for report in runs.reports)


def _apart(runs: Depth) -> float | None:
    return launches.apart(runs.query_s()) if len(runs.reports) > 1 else None


def _time(runs: Depth, made: Inputs) -> Quantity:
    spread = stats.pooled(runs.query_s())
    shown = [f"{feed.name} {'x'.join(map(str, feed.shape)) or 'one value'}" for feed in made.feeds[:_SHOWN_INPUTS]]
    more = len(made.feeds) - len(shown)
    shapes = ", ".join(shown) + (f" and {more} more" if more else "")
    basis = f"{_num_runs(runs)} runs of the file itself in {_starts(len(runs.reports))}, made-up inputs: {shapes}"
    return _measured(spread, "s", basis)


def _rate(time: Quantity, batch: int) -> Quantity:
    value, low, high = time.value or 0.0, time.low or 0.0, time.high or 0.0
    return Quantity(
        value=batch / value, low=batch / high, high=batch / low, unit="queries/s", evidence="measured",
        basis=f"from the time of one run, batch of {batch}",
    )  # fmt: skip


def _starts(count: int) -> str:
    return "1 start" if count == 1 else f"{count} starts"


def _memory(runs: Depth) -> Quantity:
    report = max(runs.reports, key=lambda each: each.measurement.peak_rss_bytes)
    peak = report.measurement.peak_rss_bytes
    half = _MEMORY_HALF_SHARE * peak
    spread = Spread(value=peak, low=peak - half, high=peak + half, iqr=0.0, num_values=1)
    return _measured(spread, "B", f"{report.peak_memory_source} of the process that ran the file")


def _device_memory(report: DepthReport, device: str) -> Quantity:
    if device == "cpu":
        return unknown("B", "the model ran on the processor")
    if report.device_memory_bytes is None:
        return unknown("B", "this execution provider does not tell what it holds")
    size = report.device_memory_bytes
    return Quantity(
        value=size, low=size, high=size, unit="B", evidence="measured", basis="NVML, at the end of the runs"
    )


def _load(runs: Depth) -> Quantity:
    loads = [report.measurement.load_s for report in runs.reports]
    return _measured(stats.spread(loads), "s", f"session made from the file, {_starts(len(loads))}")


def _reasons(plan: OnnxFilePlan, runs: Depth) -> Sequence[Reason]:
    """Return why the runs may be unstable, one of a kind, the severe before the others of its kind."""
    every = [
        reason
        for report in runs.reports
        for reason in stats.reasons(report.system, report.query_block_s, num_threads=plan.num_threads)
    ]
    every += stats.launch_reasons(_apart(runs) or 0.0, len(runs.reports), None)
    by_code: dict[str, Reason] = {}
    for reason in every:
        if reason.code not in by_code or reason.severe:
            by_code[reason.code] = reason
    found = list(by_code.values())
    if not all(report.outputs_finite for report in runs.reports):
        text = (
            "The outputs hold NaN or infinity for the made-up inputs; a model that computes with them can be faster or "
            "slower than with real ones."
        )
        found.append(Reason(code="not-finite", text=text))
    return [*found, *combine.fallback_reasons(plan.providers, runs.last)]


def _measured(spread: Spread, unit: str, basis: str) -> Quantity:
    return Quantity(
        value=spread.value, low=spread.low, high=spread.high, unit=unit, evidence="measured", basis=basis
    )  # fmt: skip
