"""What does not depend on the task or the machine: candidates and their costs, computed once per catalog."""

import re
from functools import cached_property

import numpy as np

from advisor.catalog import formats, query
from advisor.catalog.load import Catalog
from advisor.catalog.model import Candidate, ModelCard
from advisor.estimate import table as estimate_table
from advisor.recommend import quality
from advisor.recommend.approach import approach_ids
from advisor.recommend.model import ApproachId
from advisor.recommend.pareto import BoolArray, FloatArray, IntArray
from advisor.recommend.qualify import qualifies
from advisor.recommend.quality import Standings
from advisor.recommend.rank import LIKELY, MISSING, STATED, UNSTATED
from advisor.task.model import TaskKind

MAX_CATALOGS = 4
"""Prepared catalogs kept; tests and imported catalogs come and go."""
FEW_LANGUAGES = 3
"""A model tagged multilingual that lists fewer languages than this under-reports them (catalog SOURCES: Qwen2.5 lists
only English)."""
MANY_LANGUAGES = 20
"""A model that speaks at least this many languages without naming them is taken to know the large ones."""
MOST_LANGUAGES = 100
"""One that speaks this many is taken to know any language."""
LARGE_LANGUAGES = frozenset(
    {"ar", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "hi", "hu", "id", "it", "ja", "ko", "nl", "no", "pl"}
    | {"pt", "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh"}
)
"""Languages with much text on the web. Source: Common Crawl's statistics by language, those of about 0.2 % and more."""
Direction = tuple[str | None, str | None]
"""From which language to which a text is translated; null where it was not said."""
_ONE_WAY = re.compile(r"opus-mt-([a-z]{2,3})-([a-z]{2,3})$", re.IGNORECASE)
"""Source and target of a one-way translation model, in its id."""
_ENGLISH = frozenset({"en"})
_GPU_FORMATS = frozenset({"safetensors-fp8", "safetensors-nf4"})
"""Made for graphics processors; on a CPU they run slowly or not at all, so others go first."""


class Field:
    """The candidates of one approach, as columns."""

    def __init__(self, cards: tuple[ModelCard, ...], rows: IntArray, model_of: IntArray, whole: "Prepared") -> None:
        """Cut the approach's rows out of the whole catalog.

        Args:
            cards: models the approach can use.
            rows: indexes of their candidates in the whole table.
            model_of: for each of these candidates, the index of its model in `cards`.
            whole: the prepared catalog.
        """
        self.cards = cards
        self.model_of = model_of
        self.table = whole.table.take(rows)
        self.candidates = self.table.candidates
        self.parameters = whole.parameters[rows]
        self.num_context_tokens = whole.num_context_tokens[rows]
        self.commercial = whole.commercial[rows]
        self.low_bit = whole.low_bit[rows]
        self.gpu_format = whole.gpu_format[rows]
        self._languages: dict[tuple[frozenset[str], Direction | None], IntArray] = {}

    def __len__(self) -> int:
        return len(self.candidates)

    @cached_property
    def place(self) -> dict[tuple[str, str], int]:
        """Model and format id -> place of the candidate."""
        return {(item.model.id, item.format.id): place for place, item in enumerate(self.candidates)}

    def languages(self, wanted: frozenset[str], pair: Direction | None) -> IntArray:
        """Return for each candidate how sure it is that its model knows the wanted languages.

        Args:
            wanted: language codes; empty when the user said none.
            pair: source and target of a translation, as far as one of each was said.
        """
        key = (wanted, pair)
        if key not in self._languages:
            per_model = np.array([language_state(card, wanted, pair) for card in self.cards], dtype=np.int64)
            self._languages[key] = per_model[self.model_of] if self.cards else per_model
        return self._languages[key]


class Prepared:
    """All candidates of a catalog and what can be computed before any task is known."""

    def __init__(self, catalog: Catalog) -> None:
        """Compute costs of every model in every format that applies."""
        self.catalog = catalog
        self.cards = catalog.models
        pairs = [(i, form) for i, card in enumerate(self.cards) for form in formats.applicable(card)]
        self.model_of = np.array([i for i, _ in pairs], dtype=np.int64)
        self.table = estimate_table.build([Candidate(model=self.cards[i], format=form) for i, form in pairs])
        self._fields: dict[tuple[int, ...], Field] = {}
        self._standings: dict[TaskKind, Standings] = {}
        self._by_kind: dict[tuple[ApproachId, TaskKind], Field] = {}

    @cached_property
    def parameters(self) -> FloatArray:
        """Parameters of each candidate; NaN where unknown."""
        return self._per_model([_or_nan(card.num_parameters()) for card in self.cards])

    @cached_property
    def num_context_tokens(self) -> FloatArray:
        """Longest text of each candidate; NaN where unknown or not a matter of tokens."""
        return self._per_model([_context(card) for card in self.cards])

    @cached_property
    def commercial(self) -> IntArray:
        """1 where the licence allows commercial use, 0 where not, -1 where that is not known."""
        answers = [query.commercial_use(card.licence) for card in self.cards]
        return np.array([-1 if answer is None else int(answer) for answer in answers], dtype=np.int64)[self.model_of]

    @cached_property
    def low_bit(self) -> BoolArray:
        """Whether so few bits are likely to cost this model quality."""
        known = self.table.candidates
        return np.array([quality.low_bit(item.format, item.model.num_parameters()) for item in known], dtype=np.bool_)

    @cached_property
    def gpu_format(self) -> BoolArray:
        """Whether the format is made for graphics processors."""
        return np.array([item.format.id in _GPU_FORMATS for item in self.table.candidates], dtype=np.bool_)

    def field(self, approach: ApproachId, kind: TaskKind) -> Field:
        """Return the candidates of an approach; kinds that draw on the same models share one field."""
        found = self._by_kind.get((approach, kind))
        if found is not None:
            return found
        chosen = tuple(i for i, card in enumerate(self.cards) if qualifies(approach, card, kind))
        if chosen not in self._fields:
            rows = np.flatnonzero(np.isin(self.model_of, chosen))
            place = {number: position for position, number in enumerate(chosen)}
            model_of = np.array([place[number] for number in self.model_of[rows].tolist()], dtype=np.int64)
            self._fields[chosen] = Field(tuple(self.cards[i] for i in chosen), rows, model_of, self)
        field = self._by_kind[(approach, kind)] = self._fields[chosen]
        return field

    def standings(self, kind: TaskKind) -> Standings:
        """Return the places among all models that serve a kind of task by any approach.

        A language model is not good for being better than one that can't follow instructions.
        """
        if kind not in self._standings:
            usable = {card.id: card for item in approach_ids(kind) for card in self.field(item, kind).cards}
            self._standings[kind] = quality.standings(usable.values())
        return self._standings[kind]

    def _per_model(self, values: list[float]) -> FloatArray:
        return np.array(values, dtype=np.float64)[self.model_of]


_prepared: list[Prepared] = []


def prepared(catalog: Catalog) -> Prepared:
    """Return the prepared form of a catalog, computed at its first use."""
    for item in _prepared:
        if item.catalog is catalog:
            return item
    fresh = Prepared(catalog)
    _prepared.append(fresh)
    del _prepared[:-MAX_CATALOGS]
    return fresh


def language_state(card: ModelCard, wanted: frozenset[str], pair: Direction | None) -> int:
    """Return how sure it is that a model knows the wanted languages.

    Language lists may under-report, so a short list of a model tagged multilingual is not taken as complete.

    Args:
        card: the model.
        wanted: language codes; empty when the user said none.
        pair: source and target of a translation, where there is exactly one of each.
    """
    if not wanted or wanted <= _measured(card):
        return STATED
    if card.languages is not None:
        return _listed_state(card, frozenset(card.languages), wanted, pair)
    enough = MANY_LANGUAGES if wanted <= LARGE_LANGUAGES else MOST_LANGUAGES
    if card.num_languages is not None and card.num_languages >= enough:
        return LIKELY
    if wanted <= _ENGLISH:
        return LIKELY
    return UNSTATED


def _measured(card: ModelCard) -> frozenset[str]:
    """Return the languages in which the model's word errors were measured, so it knows them."""
    return frozenset(item.benchmark.split()[1] for item in card.quality if item.benchmark.startswith("FLEURS "))


def _listed_state(card: ModelCard, listed: frozenset[str], wanted: frozenset[str], pair: Direction | None) -> int:
    if wanted <= listed:
        return MISSING if pair is not None and _one_way_against(card, pair) else STATED
    if "multilingual" in card.tasks and len(listed) < FEW_LANGUAGES:
        return LIKELY if wanted <= _ENGLISH else UNSTATED
    return MISSING


def _one_way_against(card: ModelCard, pair: Direction) -> bool:
    """An OPUS model translates one way, which only its name tells: the catalog lists languages without an order."""
    named = _ONE_WAY.search(card.id)
    return named is not None and any(
        asked not in (None, given) for asked, given in zip(pair, named.groups(), strict=True)
    )


def _context(card: ModelCard) -> float:
    structure = query.structure(card)
    if structure not in ("decoder", "encoder", "encoder-decoder"):
        return float("nan")
    return _or_nan(card.num_context_tokens)


def _or_nan(value: int | None) -> float:
    return float("nan") if value is None else float(value)
