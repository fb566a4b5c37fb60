"""Why a probe may be unstable, from the reports of all its launches. Pure."""

import statistics
from collections.abc import Sequence

from advisor import units
from advisor.probe import stats
from advisor.probe.depth import DepthReport
from advisor.probe.launches import Depth
from advisor.probe.plan import Precision
from advisor.probe.stats import Reason
from advisor.probe.threads import ThreadChoice

LINE_ERROR_SHARE = 0.10
"""[1] A third depth this far off the line through two others says that the model does not grow in a straight line."""


def reasons(depths: Sequence[Depth], precision: Precision, threads: ThreadChoice) -> tuple[Reason, ...]:
    """Return the reasons of all launches, one of a kind, the severe before the others.

    Args:
        depths: with their launches.
        precision: of the main figure.
        threads: what the runtime was given.
    """
    found = [reason for depth in depths for report in depth.reports for reason in _of_report(report, threads)]
    found += [reason for depth in depths for reason in _of_depth(depth)]
    found += stats.launch_reasons(
        precision.launches_apart_share or 0.0, precision.num_launches, precision.interval_half_share
    )
    if len(depths) > 1 and not _told_apart(depths):
        text = "Disturbances hid the difference between the depths, so the times of the whole model are a wide guess."
        found.append(Reason(code="depths", text=text, severe=True))
    elif precision.line_error_share is not None and precision.line_error_share > LINE_ERROR_SHARE:
        share = f"{precision.line_error_share:.0%}"
        text = f"The depth in the middle lies {share} off the straight line through the other two."
        found.append(Reason(code="line", text=text))
    by_code: dict[str, Reason] = {}
    for reason in found:
        if reason.code not in by_code or reason.severe or not by_code[reason.code].severe:
            by_code[reason.code] = reason
    return tuple(by_code.values())


def _of_report(report: DepthReport, threads: ThreadChoice) -> list[Reason]:
    blocks = report.decode_block_s or report.query_block_s or report.measurement.prefill_s
    found = list(stats.reasons(report.system, blocks, num_threads=threads.num_threads))
    if not report.outputs_finite:
        text = "The model's numbers overflowed, which can slow the processor."
        found.append(Reason(code="overflow", text=text, severe=True))
    return found


def _of_depth(depth: Depth) -> list[Reason]:
    prompts = [value for launch in depth.prefill_s() for value in launch]
    if len(prompts) != 1:
        return []
    time = units.duration(statistics.median(prompts))
    return [Reason(code="single-prompt", text=f"There was time to read the prompt once only ({time}).")]


def _told_apart(depths: Sequence[Depth]) -> bool:
    """Tell whether the largest depth took longer than the smallest in all that was timed."""
    small, large = depths[0], depths[-1]
    pairs = (
        (small.decode_s(), large.decode_s()), (small.query_s(), large.query_s()),
        (small.prefill_s(), large.prefill_s()),
    )  # fmt: skip
    return all(_middle(far) > _middle(near) for near, far in pairs if near and far)


def _middle(launch_times: Sequence[Sequence[float]]) -> float:
    return statistics.fmean(map(statistics.median, launch_times))
