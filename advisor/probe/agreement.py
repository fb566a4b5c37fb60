"""Whether two probes of the same candidate agree, and what was different where they do not. Pure."""

from collections.abc import Iterable

import msgspec

from advisor.probe.plan import ProbeResult

AGREE_SHARE = 0.05
"""[1] Two steady probes in a row lie within this of each other."""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """A probe beside the one before it."""

    earlier: ProbeResult
    rate_ratio: float
    """[1] Speed now over speed then."""
    agrees: bool
    """Within 5 %, or within the ranges of both."""
    differences: tuple[str, ...] = ()
    """What was not the same, one phrase each, `4 threads then, 2 now`; empty where they agree or nothing is known."""


def compare(now: ProbeResult, earlier: Iterable[ProbeResult]) -> Agreement | None:
    """Return how a probe compares with the one before it; None where there is none of the same at the same sizes.

    Args:
        now: the newest probe.
        earlier: others, newest first; those of other candidates, sizes, machines or devices are passed over.
    """
    then = next((probe for probe in earlier if probe.id != now.id and _same(now, probe)), None)
    if then is None or not now.rate.value or not then.rate.value:
        return None
    ratio = now.rate.value / then.rate.value
    close = max(ratio, 1 / ratio) - 1 <= AGREE_SHARE
    agrees = close or (_overlap(now, then) and not now.grade == then.grade == "A")
    return Agreement(
        earlier=then, rate_ratio=ratio, agrees=agrees, differences=() if close else _differences(now, then)
    )


def _same(now: ProbeResult, then: ProbeResult) -> bool:
    return (
        then.outcome == "finished" and now.rate.unit == then.rate.unit
        and (now.kind, now.model, now.format, now.device, now.workload, now.fingerprint)
        == (then.kind, then.model, then.format, then.device, then.workload, then.fingerprint)
    )  # fmt: skip


def _overlap(now: ProbeResult, then: ProbeResult) -> bool:
    ends = (now.rate.low, now.rate.high, then.rate.low, then.rate.high)
    low, high, other_low, other_high = ends
    if low is None or high is None or other_low is None or other_high is None:
        return False
    return low <= other_high and other_low <= high


def _differences(now: ProbeResult, then: ProbeResult) -> tuple[str, ...]:
    found = []
    if now.num_threads != then.num_threads:
        found.append(f"{then.num_threads} threads then, {now.num_threads} now")
    if _pinned(now) != _pinned(then):
        found.append("threads were kept on their processors only " + ("now" if _pinned(now) else "then"))
    if now.power_source and then.power_source and now.power_source != then.power_source:
        found.append(f"on {then.power_source} then, on {now.power_source} now")
    found += [
        f"{name} {then.versions[name]} then, {now.versions[name]} now"
        for name in sorted(now.versions.keys() & then.versions.keys())
        if now.versions[name] != then.versions[name]
    ]
    if now.depths_measured != then.depths_measured:
        found.append("other depths of the model were measured")
    for probe, when in ((then, "then"), (now, "now")):
        if probe.grade != "A" and probe.reasons:
            found.append(f"{when}: {probe.reasons[0][:1].lower()}{probe.reasons[0][1:].rstrip('.')}")
    return tuple(found)


def _pinned(probe: ProbeResult) -> bool:
    return probe.threads is not None and probe.threads.pinned
