"""A probe with real weights beside the one with made-up weights and the estimate: the same figures and their ratios."""

from collections.abc import Sequence

import msgspec

from advisor import units
from advisor.estimate.model import Estimate
from advisor.evidence import Quantity
from advisor.probe.plan import ProbeResult, WeightsFacts
from advisor.recommend.merge import same_sizes
from advisor.report import wording
from advisor.report.language import _

TITLES = ("Figure", "Estimate", "Made-up weights", "Real weights", "Real over made-up", "Real over estimate")
NO_TWIN = (
    "No probe with made-up weights of the same sizes was made on this computer yet; it would stand beside this one."
)
_SHORT_HASH = 12
_MANY_UNKNOWN_SHARE = 0.1


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, three times."""

    key: str
    """Name in the public JSON."""
    label: str
    estimate: Quantity | None
    made_up: Quantity | None
    weights: Quantity
    over_made_up: Quantity | None
    """[1] Real over made-up weights; its range holds all that both ranges allow. Null where one is not known."""
    over_estimate: Quantity | None
    """[1]"""


def twin(result: ProbeResult, probes: Sequence[ProbeResult]) -> ProbeResult | None:
    """Return the newest probe with made-up weights of the same candidate, sizes, device and machine.

    One that was too noisy is taken only where there is no other.

    Args:
        result: a probe with real weights.
        probes: of the history, newest first.
    """
    same = [
        probe
        for probe in probes
        if probe.kind == "synthetic" and probe.outcome == "finished" and same_sizes(probe.workload, result.workload)
        and (probe.model, probe.format, probe.device, probe.fingerprint)
        == (result.model, result.format, result.device, result.fingerprint)
    ]  # fmt: skip
    return next((probe for probe in same if probe.grade != "C"), same[0] if same else None)


def lines(result: ProbeResult, made_up: ProbeResult | None, estimate: Estimate | None) -> tuple[Beside, ...]:
    """Return the figures of a probe with real weights beside the others.

    Args:
        result: with real weights.
        made_up: with made-up ones; null where there is none.
        estimate: made before; null where there is none.
    """
    names = (
        ("rate", "rate", "rate"), ("time_to_first_token",) * 3, ("time_per_token",) * 3, ("time_per_query",) * 3,
        ("memory", "peak_memory", "memory"), ("load_time", "load_time", ""), ("energy_per_1000_queries",) * 3,
    )  # fmt: skip
    found = [
        _line(
            key, wording.figure_label(key), getattr(result, measured),
            None if made_up is None else getattr(made_up, measured),
            None if estimate is None or not estimated else getattr(estimate, estimated),
        )
        for key, measured, estimated in names
    ]  # fmt: skip
    facts = result.weights
    if facts is not None:
        found.append(_line("load_time_cold", _("Time to load after a restart"), facts.load_time_cold, None, None))
        found.append(_line("tokenize_time", _("Time to split a text into tokens"), facts.tokenize_time, None, None))
    return tuple(line for line in found if line.weights.value is not None)


def cells(line: Beside) -> tuple[str, str, str, str, str, str]:
    """Return one figure as the cells under `TITLES`."""
    return (
        line.label, _figure(line.estimate), _figure(line.made_up), wording.figure(line.weights),
        ratio_words(line.over_made_up), ratio_words(line.over_estimate),
    )  # fmt: skip


def ratio_words(ratio: Quantity | None) -> str:
    """Return a ratio with its range: `1.03 (0.97 to 1.1)`; empty where there is none."""
    if ratio is None or ratio.value is None:
        return ""
    number = units.number(ratio.value, 3)
    if ratio.low is None or ratio.high is None:
        return number
    return f"{number} ({units.number(ratio.low)} to {units.number(ratio.high)})"


def notes(result: ProbeResult, made_up: ProbeResult | None) -> tuple[str, ...]:
    """Return what should be known of a probe with real weights, one sentence each; none for made-up ones."""
    facts = result.weights
    if facts is None:
        return ()
    found = [_files(result.model, facts), _texts(facts)]
    cold = facts.load_time_cold
    if cold.value is None:
        found.append(_("Loading it as after a restart was not measured: {why}.").format(why=cold.basis.rstrip(".")))
    found.append(NO_TWIN if made_up is None else _agreement(result, made_up))
    return tuple(sentence for sentence in found if sentence)


def _agreement(result: ProbeResult, made_up: ProbeResult) -> str:
    """Say whether made-up weights told the truth of the real ones."""
    line = _line("rate", "", result.rate, made_up.rate, None)
    ratio = line.over_made_up
    if ratio is None or ratio.value is None or ratio.low is None or ratio.high is None:
        return ""
    inside = ratio.low <= 1 <= ratio.high
    told = _("With the real weights it ran at {ratio} of the speed with made-up ones (probe of {day})").format(
        ratio=ratio_words(ratio), day=made_up.created[:10]
    )
    return f"{told}: {_('no difference beyond their ranges') if inside else _('more than their ranges explain')}."


def _files(model: str, facts: WeightsFacts) -> str:
    size = units.size(sum(item.size_bytes for item in facts.files))
    hashed = [item for item in facts.files if item.sha256 is not None]
    first = next(iter(hashed), None)
    told = _("Files of {model} in the folder {folder}: {size}").format(
        model=model.partition("/")[2] or model, folder=facts.folder, size=size
    )
    if first is not None and first.sha256 is not None:
        told += _(", {name} with a SHA-256 that begins {hash}").format(name=first.name, hash=first.sha256[:_SHORT_HASH])
    for item in facts.files:
        if item.sha256 is None:
            told += _("; {name} is known by size and date ({date}), it was too large to be read once more").format(
                name=item.name, date=(item.modified or "")[:10]
            )
    if facts.revision:
        told += _("; revision {revision}").format(revision=facts.revision[:_SHORT_HASH])
    return f"{told}."


def _texts(facts: WeightsFacts) -> str:
    if facts.language is None:
        return _("The model reads no text; its inputs were made up.")
    template = _(", put into the model's chat template") if facts.with_template else ""
    language = wording.language_name(facts.language)
    told = _("Read were {number} texts in {language}, split by the model's own tokenizer{template}.").format(
        number=facts.num_texts, language=language, template=template
    )
    if facts.unknown_share < _MANY_UNKNOWN_SHARE:
        return told
    percent = f"{100 * facts.unknown_share:.0f}"
    doubt = _("{percent} % of their tokens stand for words it does not know: the model was not made for {language}.")
    return f"{told} {doubt.format(percent=percent, language=language)}"


def _line(key: str, label: str, weights: Quantity, made_up: Quantity | None, estimate: Quantity | None) -> Beside:
    return Beside(
        key=key, label=label, estimate=estimate, made_up=made_up, weights=weights,
        over_made_up=_ratio(weights, made_up, _("real over made-up weights")),
        over_estimate=_ratio(weights, estimate, _("real weights over the estimate")),
    )  # fmt: skip


def _ratio(above: Quantity, below: Quantity | None, basis: str) -> Quantity | None:
    if below is None or not below.value or above.value is None or above.unit != below.unit:
        return None
    low = above.low / below.high if above.low is not None and below.high else None
    high = above.high / below.low if above.high is not None and below.low else None
    weaker = below.evidence
    return Quantity(
        value=above.value / below.value, low=low, high=high, unit="1", evidence=weaker,
        basis=_("{basis}; the range holds all that both ranges allow").format(basis=basis),
    )  # fmt: skip


def _figure(item: Quantity | None) -> str:
    return "" if item is None else wording.figure(item)
