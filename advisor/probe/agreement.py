"""Whether two probes of the same candidate or file agree, and what was different where they do not. Pure."""

from collections.abc import Iterable

import msgspec

from advisor.probe.onnx_file.plan import OnnxFileResult
from advisor.probe.plan import ProbeResult

AGREE_SHARE = 0.05
"""[1] Two steady probes in a row lie within this of each other."""
_Probe = ProbeResult | OnnxFileResult


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """A probe beside the one before it."""

    earlier_id: str
    earlier_created: str
    """ISO 8601, UTC."""
    rate_ratio: float
    """[1] Speed now over speed then."""
    agrees: bool
    """Within 5 %, or within the ranges of both."""
    differences: tuple[str, ...] = ()
    """What was not the same, one phrase each; empty where they agree or nothing is known."""


def compare(now: ProbeResult, earlier: Iterable[ProbeResult]) -> Agreement | None:
    """Return how a probe compares with the one before it; None where there is none of the same at the same sizes.

    Args:
        now: the newest probe.
        earlier: others, newest first; those of other candidates, sizes, machines or devices are passed over.
    """
    then = next((probe for probe in earlier if probe.id != now.id and _same(now, probe)), None)
    return None if then is None else _judged(now, then, _of_candidate(now, then))


def compare_files(now: OnnxFileResult, earlier: Iterable[OnnxFileResult]) -> Agreement | None:
    """Return how a measured file compares with the last time; None where it was not measured before at these sizes.

    Args:
        now: the newest measurement.
        earlier: others, newest first; those of other files (by content), input sizes, machines or devices are passed
            over. A file of the same content under another name is the same file.
    """
    then = next((result for result in earlier if result.id != now.id and _same_file(now, result)), None)
    return None if then is None else _judged(now, then, ())


def close(ratio: float) -> bool:
    """Tell whether two speeds of this ratio are the same for all that can be measured."""
    return max(ratio, 1 / ratio) - 1 <= AGREE_SHARE


def _judged(now: _Probe, then: _Probe, more: tuple[str, ...]) -> Agreement | None:
    if not now.rate.value or not then.rate.value:
        return None
    ratio = now.rate.value / then.rate.value
    agrees = close(ratio) or (_overlap(now, then) and not now.grade == then.grade == "A")
    return Agreement(
        earlier_id=then.id, earlier_created=then.created, rate_ratio=ratio, agrees=agrees,
        differences=() if close(ratio) else (*_differences(now, then), *more, *_reasons(now, then)),
    )  # fmt: skip


def _same(now: ProbeResult, then: ProbeResult) -> bool:
    return (
        then.outcome == "finished" and now.rate.unit == then.rate.unit
        and (now.kind, now.model, now.format, now.device, now.workload, now.fingerprint)
        == (then.kind, then.model, then.format, then.device, then.workload, then.fingerprint)
    )  # fmt: skip


def _same_file(now: OnnxFileResult, then: OnnxFileResult) -> bool:
    return then.outcome == "finished" and _content(now) == _content(then)


def _content(result: OnnxFileResult) -> tuple[object, ...]:
    shapes = tuple((feed.name, feed.shape) for feed in result.inputs.feeds)
    header = result.header
    return result.sha256, header.file_bytes, header.external_files, shapes, result.device, result.fingerprint


def _overlap(now: _Probe, then: _Probe) -> bool:
    ends = (now.rate.low, now.rate.high, then.rate.low, then.rate.high)
    low, high, other_low, other_high = ends
    if low is None or high is None or other_low is None or other_high is None:
        return False
    return low <= other_high and other_low <= high


def _differences(now: _Probe, then: _Probe) -> tuple[str, ...]:
    found = []
    if now.num_threads != then.num_threads:
        found.append(f"{_threads(then)} then, {_threads(now)} now")
    if _pinned(now) != _pinned(then):
        found.append("threads were kept on their processors only " + ("now" if _pinned(now) else "then"))
    if now.power_source and then.power_source and now.power_source != then.power_source:
        found.append(f"on {then.power_source} then, on {now.power_source} now")
    found += [
        f"{name} {then.versions[name]} then, {now.versions[name]} now"
        for name in sorted(now.versions.keys() & then.versions.keys())
        if now.versions[name] != then.versions[name]
    ]
    return tuple(found)


def _of_candidate(now: ProbeResult, then: ProbeResult) -> tuple[str, ...]:
    return () if now.depths_measured == then.depths_measured else ("other depths of the model were measured",)


def _reasons(now: _Probe, then: _Probe) -> tuple[str, ...]:
    return tuple(
        f"{when}: {probe.reasons[0][:1].lower()}{probe.reasons[0][1:].rstrip('.')}"
        for probe, when in ((then, "then"), (now, "now"))
        if probe.grade != "A" and probe.reasons
    )


def _pinned(probe: _Probe) -> bool:
    if isinstance(probe, OnnxFileResult):
        return probe.pinned
    return probe.threads is not None and probe.threads.pinned


def _threads(probe: _Probe) -> str:
    return "1 thread" if probe.num_threads == 1 else f"{probe.num_threads} threads"
