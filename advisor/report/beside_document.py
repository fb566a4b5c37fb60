"""What the public JSON says of a probe beside others: the one before it, and of real weights made-up ones."""

import msgspec

from advisor.estimate.model import Estimate
from advisor.evidence import Quantity
from advisor.probe.agreement import Agreement
from advisor.probe.plan import ProbeResult, WeightsFacts
from advisor.report import beside, probe_notes
from advisor.report.public_parts import Document, figure


def parts(result: ProbeResult, made_up: ProbeResult | None, estimate: Estimate | None) -> Document:
    """Return what was run, and each figure beside that of made-up weights and of the estimate; empty for others.

    Args:
        result: a probe.
        made_up: the probe with made-up weights that stands beside one with real ones.
        estimate: made before.
    """
    facts = result.weights
    if facts is None:
        return {"weights": None, "beside": []}
    lines = beside.lines(result, made_up, estimate)
    return {
        "weights": _facts(facts, made_up, beside.notes(result, made_up)),
        "beside": [
            {
                "figure": line.key, "label": line.label, "estimate": _figure(line.estimate),
                "made_up": _figure(line.made_up), "weights": figure(line.weights),
                "over_made_up": _figure(line.over_made_up), "over_estimate": _figure(line.over_estimate),
            }
            for line in lines
        ],
    }  # fmt: skip


def agreement_json(agreement: Agreement | None) -> Document | None:
    """Return how a measurement compares with the one before it; null for the first."""
    if agreement is None:
        return None
    return {
        "earlier": agreement.earlier_id,
        "created": agreement.earlier_created,
        "rate_ratio": agreement.rate_ratio,
        "agrees": agreement.agrees,
        "differences": list(agreement.differences),
        "sentence": probe_notes.agreement_sentence(agreement),
    }


def _facts(facts: WeightsFacts, made_up: ProbeResult | None, notes: tuple[str, ...]) -> Document:
    return {
        "folder": facts.folder, "layout": facts.layout, "files": [msgspec.to_builtins(item) for item in facts.files],
        "revision": facts.revision, "language": facts.language, "with_template": facts.with_template,
        "num_texts": facts.num_texts, "unknown_share": facts.unknown_share,
        "load_time_cold": figure(facts.load_time_cold),
        "tokenize_time": figure(facts.tokenize_time), "made_up_probe": None if made_up is None else made_up.id,
        "notes": list(notes),
    }  # fmt: skip


def _figure(item: Quantity | None) -> Document | None:
    return None if item is None else figure(item)
