"""Turn the probes made on this computer into what they teach about every other candidate.

Imported after the first frame only: it needs numpy.
"""

import math
from collections.abc import Iterable, Sequence

import msgspec

from advisor.catalog import formats
from advisor.catalog.load import Catalog
from advisor.catalog.model import Candidate
from advisor.errors import NotFoundError
from advisor.estimate import batch, learning, table
from advisor.estimate.families import KERNEL_FAMILIES
from advisor.estimate.learning import Lesson, Phase
from advisor.estimate.model import Estimate, Roofs
from advisor.evidence import Quantity
from advisor.probe.plan import ProbeResult

MAX_RATIO = 4.0
"""[1] A time further off than this says that something else was measured than was estimated; nothing is learned."""
_TEACHES = frozenset({"A", "B"})


def taught(roofs: Roofs, probes: Iterable[ProbeResult], catalog: Catalog) -> Roofs:
    """Return roofs that know what probes have shown.

    Args:
        roofs: of the processor; those that were not calibrated are returned as they are, since their range is wider
            than anything a few probes could teach.
        probes: made on this computer.
        catalog: where their models are.
    """
    if roofs.calibrated is None:
        return roofs
    found = lessons(roofs, probes, catalog)
    used = len({name for name, _ in found})
    return msgspec.structs.replace(roofs, learned=learning.learn([lesson for _, lesson in found], num_probes=used))


def lessons(roofs: Roofs, probes: Iterable[ProbeResult], catalog: Catalog) -> list[tuple[str, Lesson]]:
    """Return each lesson with the id of its probe: measured against what would be estimated without any lesson.

    Args:
        roofs: without what was learned.
        probes: of this computer; of those of the same candidate and sizes the newest counts.
        catalog: where their models are.
    """
    plain = msgspec.structs.replace(roofs, learned=None)
    return [(probe.id, lesson) for probe in _newest(probes) for lesson in _lessons_of(probe, plain, catalog)]


def _newest(probes: Iterable[ProbeResult]) -> Sequence[ProbeResult]:
    found: dict[bytes, ProbeResult] = {}
    for probe in sorted(probes, key=lambda item: item.created):
        if probe.outcome == "finished" and probe.device == "cpu" and probe.grade in _TEACHES:
            found[msgspec.json.encode((probe.model, probe.format, probe.workload))] = probe
    return tuple(found.values())


def _lessons_of(probe: ProbeResult, roofs: Roofs, catalog: Catalog) -> list[Lesson]:
    try:
        candidate = Candidate(model=catalog.by_id(probe.model), format=formats.by_id(probe.format))
    except NotFoundError:  # measured with another catalog
        return []
    columns = table.build((candidate,))
    estimate = batch.estimate_batch(columns, probe.workload, roofs, None).at(0)
    family = KERNEL_FAMILIES[int(columns.family[0])]
    return [
        Lesson(family=family, phase=phase, log_ratio=math.log(seen.value / guess.value))
        for phase, seen, guess in _pairs(probe, estimate)
        if seen.value and guess.value and guess.evidence == "calibrated" and _believable(seen.value / guess.value)
    ]


def _pairs(probe: ProbeResult, estimate: Estimate) -> tuple[tuple[Phase, Quantity, Quantity], ...]:
    writes = probe.time_per_token.value is not None
    first: Phase = "prompt" if writes else "reader"
    return (
        (first, probe.time_to_first_token, estimate.time_to_first_token),
        ("token", probe.time_per_token, estimate.time_per_token),
    )


def _believable(ratio: float) -> bool:
    return 1 / MAX_RATIO <= ratio <= MAX_RATIO
