"""What is said and written of smaller relatives of a model: where they come from, and what they would take here."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from advisor.catalog import own_models, relatives
from advisor.catalog.load import Catalog
from advisor.catalog.model import ModelCard
from advisor.catalog.relatives import FAMILY_SOURCE, Kind, Relative
from advisor.evidence import Quantity, unknown, weakest
from advisor.recommend.model import CandidateRow
from advisor.report import wording
from advisor.report.public_parts import Document, plain_figure

LABEL = "A smaller relative"
MOST_SHOWN = 3
_SAME_SIZE = 1.05
_MEASURED = frozenset({"measured", "measured-synthetic"})
_KINDS: dict[Kind, str] = {
    "distilled-from": "distilled from", "pruned-from": "cut out of", "fine-tuned-from": "trained on from",
    "smaller-sibling": "a smaller sibling of",
}  # fmt: skip
_ONLY_PROPOSED = "Whether it is good enough is not said by this."


class Answer(Protocol):
    """What is asked of a recommendation."""

    @property
    def order(self) -> Any:  # noqa: ANN401 - an array of integers
        """Row indexes, best first."""
        ...

    def row(self, index: int) -> CandidateRow:
        """Return one candidate."""
        ...

    def column(self, name: str) -> Any:  # noqa: ANN401 - an array
        """Return one column of all candidates."""
        ...


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A relative beside the model it stands for, on one machine and for one task."""

    relative: Relative
    row: CandidateRow | None
    """Null where the task cannot be done with it."""
    same_format: bool
    memory_ratio: Quantity
    """[1] Its memory over that of the larger model."""
    energy_ratio: Quantity
    time_ratio: Quantity


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the details: what, and where it is known from."""

    text: str
    basis: str


def offers(answer: Answer, row: CandidateRow, catalog: Catalog | None = None) -> tuple[Offer, ...]:
    """Return the relatives of a candidate that can do the same task, each in the same format where it has it.

    Args:
        answer: the recommendation the candidate is of.
        row: the candidate.
        catalog: where relatives are looked for; the shipped one with the user's models by default.
    """
    known = catalog if catalog is not None else own_models.catalog()
    card = next((item for item in known.models if item.id == row.model), None)
    if card is None:
        return ()
    ways = _Ways(answer)
    found = (_offer(ways, row, item) for item in relatives.relatives(card, known))
    return tuple(item for item in found if item.row is not None)[:MOST_SHOWN]


def lines(answer: Answer, row: CandidateRow, catalog: Catalog | None = None) -> tuple[Line, ...]:
    """Return what is said of a candidate's relatives, for the details."""
    return tuple(
        Line(
            text=f"{_name(item.relative)}, {_ancestry(item.relative, row.model)}. {_costs(item)}",
            basis=_basis(item, row),
        )
        for item in offers(answer, row, catalog)
    )


def told(answer: Answer, row: CandidateRow) -> list[str]:
    """Return what is said of a candidate's relatives, as sentences."""
    return [f"{LABEL}: {line.text} {line.basis}" for line in lines(answer, row)]


def sentences(found: Sequence[Relative], model_id: str) -> list[str]:
    """Return relatives without figures of a machine."""
    said = [f"{LABEL}: {item.model}, {_ancestry(item, model_id)}. {_source(item)}" for item in found[:MOST_SHOWN]]
    return [*said, _ONLY_PROPOSED] if said else []


def origins(card: ModelCard) -> list[str]:
    """Return what a model itself comes from, as its makers say."""
    said = []
    for item in relatives.origins(card):
        parent = item.of or "a model its makers do not name"
        said.append(f"It is {_KINDS[item.kind]} {parent}, say its makers ({item.source}).")
    return said


def documents(found: Sequence[Relative]) -> list[Document]:
    """Return relatives for the public JSON."""
    return [
        {
            "model": item.model, "of": item.of, "kind": item.kind, "source": item.source, "note": item.note,
            "parameters": plain_figure(item.num_parameters, "parameters", "measured", "from the catalog"),
            "size_ratio": plain_figure(item.size_ratio, "1", "measured", "parameters of the larger model over its own"),
        }
        for item in found
    ]  # fmt: skip


class _Ways:
    """The candidates of an answer by model, looked through once."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._models, self._formats, self._approaches = (
            answer.column(name) for name in ("model", "format", "approach")
        )  # fmt: skip

    def row(self, like: CandidateRow, model_id: str) -> CandidateRow | None:
        """Return a model's candidate for the same approach: in the same format, else its best one."""
        places = (self._models == model_id).nonzero()[0].tolist()
        places = [place for place in places if self._approaches[place] == like.approach]
        alike = [place for place in places if self._formats[place] == like.format]
        if alike:
            return self._answer.row(alike[0])
        wanted = set(places)
        best = next((int(index) for index in self._answer.order if int(index) in wanted), None) if wanted else None
        return self._answer.row(best) if best is not None else None


def _offer(ways: _Ways, row: CandidateRow, item: Relative) -> Offer:
    theirs = ways.row(row, item.model)
    pairs = (
        (row.estimate.memory, theirs.estimate.memory if theirs is not None else None),
        (row.energy_per_1000_queries, theirs.energy_per_1000_queries if theirs is not None else None),
        (row.estimate.time_per_query, theirs.estimate.time_per_query if theirs is not None else None),
    )
    memory, energy, time = (_ratio(own, other) for own, other in pairs)
    energy = _same_power(energy, time)
    return Offer(
        relative=item, row=theirs, same_format=theirs is not None and theirs.format == row.format, memory_ratio=memory,
        energy_ratio=energy, time_ratio=time,
    )  # fmt: skip


def _ratio(own: Quantity, other: Quantity | None) -> Quantity:
    """Return a relative's figure over the larger model's, the ranges end against end."""
    if other is None or not own.value or other.value is None:
        return unknown("1", "one of the two is not known")
    own_low, own_high = own.low or own.value, own.high or own.value
    low, high = other.low if other.low is not None else other.value, other.high or other.value
    return Quantity(
        value=other.value / own.value, low=low / own_high, high=high / own_low, unit="1",
        evidence=weakest((own.evidence, other.evidence)),
        basis="both by the same estimator for this computer; the ends of the ranges against each other",
    )  # fmt: skip


def _same_power(energy: Quantity, time: Quantity) -> Quantity:
    """Return a ratio of energies with the range of the times': the power, which is least known, is that of both.

    Measured energies keep the ends of their own ranges.
    """
    if energy.evidence in _MEASURED or energy.value is None or not time.value:
        return energy
    if time.low is None or time.high is None:
        return energy
    share = energy.value / time.value
    return msgspec.structs.replace(
        energy, low=time.low * share, high=time.high * share,
        basis="both by the same estimator for this computer; the power is the same for both, the ends of the times "
        "against each other",
    )  # fmt: skip


def _name(item: Relative) -> str:
    return item.model.partition("/")[2] or item.model


def _ancestry(item: Relative, model_id: str) -> str:
    parent = "this model" if item.of == model_id else f"{item.of}, which has the shape of this model"
    size = f"{item.size_ratio:.2g} times smaller" if item.size_ratio > _SAME_SIZE else "of the same size"
    note = f" ({item.note})" if item.note else ""
    return f"{_KINDS[item.kind]} {parent}{note}, {size}"


def _costs(item: Offer) -> str:
    pairs = (("the memory", item.memory_ratio), ("the energy", item.energy_ratio), ("the time", item.time_ratio))
    known = [f"{_times(ratio)} of {what}" for what, ratio in pairs if ratio.value is not None]
    if not known or item.row is None:
        return "What it would take here is not known."
    form = "In the same format" if item.same_format else f"As {wording.format_label(item.row.format)}"
    return f"{form} it would take {' and '.join(known[:2])} here."


def _times(ratio: Quantity) -> str:
    value = f"{ratio.value:.2g}" if ratio.value is not None else ""
    if ratio.low is None or ratio.high is None:
        return value
    low, high = f"{ratio.low:.2g}", f"{ratio.high:.2g}"
    return value if low == high else f"{value} ({low} to {high})"


def _basis(item: Offer, row: CandidateRow) -> str:
    word = wording.evidence_word(item.memory_ratio.evidence)
    return f"{_source(item.relative)} {word[:1].upper()}{word[1:]}. {_quality(item, row)}"


def _source(item: Relative) -> str:
    return "Same family in the catalog." if item.source == FAMILY_SOURCE else f"Its makers say so: {item.source}."


def _quality(item: Offer, row: CandidateRow) -> str:
    own, theirs = row.quality, item.row.quality if item.row is not None else None
    if theirs is None or own.value is None or theirs.value is None or own.benchmark != theirs.benchmark:
        return _ONLY_PROPOSED
    lower = "" if own.higher_is_better else ", lower is better"
    return f"Quality ({own.benchmark}{lower}): {theirs.value:.3g}, this model {own.value:.3g}."
