"""A recommendation: all candidates as columns, rows as values made when they are looked at, and the pick."""

import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from advisor.catalog.model import ModelCard
from advisor.energy.carbon import carbon
from advisor.energy.model import GridIntensity
from advisor.estimate.batch import EstimateBatch
from advisor.estimate.model import VERDICTS, Estimate
from advisor.evaluate.compression_plan import CompressionResult
from advisor.evidence import EVIDENCE_ORDER, unknown
from advisor.hardware.model import HardwareProfile
from advisor.probe import planner
from advisor.recommend import merge, quality
from advisor.recommend.companion import combined
from advisor.recommend.merge import Measurement
from advisor.recommend.model import Approach, CandidateRow, Pick, Summary
from advisor.recommend.needs import Facts, Limits, sentences
from advisor.recommend.pareto import BoolArray, IntArray
from advisor.recommend.prepared import Field
from advisor.recommend.qualify import about_code, is_code_model, label_topic, trained_on
from advisor.recommend.quality import Standing
from advisor.recommend.rank import Axes, Traits
from advisor.recommend.wording import language_name, quality_words
from advisor.task.model import TaskSpec

Column = NDArray[Any]
NO_REGION = "no country of the electricity grid is chosen"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The candidates of one approach."""

    approach: Approach
    field: Field
    batch: EstimateBatch
    standings: tuple[Standing | None, ...]
    """One for each model of the field."""
    start: int
    """Index of its first candidate in the recommendation."""
    measured: dict[int, Measurement]
    """Place in the field -> probe made here."""
    helper: Estimate | None = None
    """The embedder whose costs are part of each candidate, for approaches of two models."""


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a recommendation is computed from."""

    task: TaskSpec
    machine: HardwareProfile
    parts: tuple[Part, ...]
    traits: Traits
    axes: Axes
    limits: Limits
    mask: NDArray[np.uint16]
    """Hard needs not met, one bit each."""
    ranked: IntArray
    """Indexes, best first."""
    by_memory: bool
    """Memory decided instead of energy: the time of most candidates is not known."""
    unproven: BoolArray
    """A number is missing without which the candidate can't be the pick."""
    order: IntArray
    """Indexes as the results table shows them."""
    pareto: BoolArray
    max_context_tokens: NDArray[np.float64]
    intensity: GridIntensity | None
    memory_free_bytes: int | None
    compressions: tuple[CompressionResult, ...] = ()
    """What compression was measured to cost on this machine, newest first."""


class Recommendation:
    """The answer to one task on one machine."""

    def __init__(self, ranked: Ranked, summarise: Callable[["Recommendation"], Summary]) -> None:
        """Keep the columns and let `summarise` find the pick among the rows.

        Args:
            ranked: all candidates, ranked.
            summarise: builds the summary from the rows.
        """
        self._data = ranked
        self._rows: dict[int, CandidateRow] = {}
        self._place = np.empty(len(ranked.ranked), dtype=np.int64)
        self._place[ranked.ranked] = np.arange(len(ranked.ranked))
        self._starts = np.array([part.start for part in ranked.parts], dtype=np.int64)
        self.summary = summarise(self)

    def __len__(self) -> int:
        return len(self._data.ranked)

    @property
    def order(self) -> IntArray:
        """Row indexes in the default order: by verdict, then rank; rejected ones last."""
        return self._data.order

    @property
    def data(self) -> Ranked:
        """The columns behind the rows."""
        return self._data

    @property
    def pick(self) -> Pick | None:
        """The smallest candidate that is enough, or null; `summary.why_no_pick` then says why."""
        return self.summary.pick

    def alternatives(self, number: int) -> tuple[CandidateRow, ...]:
        """Return the best rows after the pick, one for each model, that meet the hard needs.

        Args:
            number: how many at most.
        """
        picked = self.pick
        seen = {self.row(picked.index).model} if picked is not None else set()
        found: list[CandidateRow] = []
        for index in self._data.ranked.tolist():
            if len(found) == number or self._data.mask[index]:
                break
            name = self.candidate_card(index).id
            if name not in seen:
                seen.add(name)
                found.append(self.row(index))
        return tuple(found)

    def row(self, index: int) -> CandidateRow:
        """Return one candidate; the same object each time.

        Args:
            index: its stable number, 0 to `len(self) - 1`.

        Raises:
            IndexError: there is no such candidate.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"candidate {index} of {len(self)}")
        if index not in self._rows:
            self._rows[index] = self._build(index)
        return self._rows[index]

    def part_of(self, index: int) -> Part:
        """Return the approach part a candidate belongs to."""
        return self._data.parts[int(np.searchsorted(self._starts, index, side="right")) - 1]

    def candidate_card(self, index: int) -> ModelCard:
        """Return the model of a candidate without building its row."""
        part = self.part_of(index)
        return part.field.candidates[index - part.start].model

    def column(self, name: str) -> Column:
        """Return one sort key of all candidates; missing numbers are NaN, missing texts empty.

        Args:
            name: verdict, model, format, approach, licence, memory, rate, time_to_first_token, time_per_query, energy,
                carbon, quality, evidence, parameters, download, max_context, rank or rejected.

        Raises:
            KeyError: there is no such column.
        """
        return _COLUMNS[name](self)

    def rank_of(self, index: int) -> int | None:
        """Return a candidate's rank, 1 for the best, null when it does not meet a hard need."""
        return None if self._data.mask[index] else int(self._place[index]) + 1

    def _build(self, index: int) -> CandidateRow:
        part, data = self.part_of(index), self._data
        place = index - part.start
        candidate = part.field.candidates[place]
        card = candidate.model
        estimate = part.batch.at(place)
        if part.helper is not None:
            estimate = combined(estimate, part.helper)
        measured = part.measured.get(place)
        energy = merge.energy(estimate, measured)
        standing = part.standings[int(part.field.model_of[place])]
        can_probe, why = planner.can_probe(candidate)
        return CandidateRow(
            index=index,
            model=card.id,
            family=card.family,
            format=candidate.format.id,
            approach=part.approach.id,
            licence=card.licence,
            languages=card.languages,
            verdict=VERDICTS[int(data.axes.verdict[index])],
            estimate=estimate,
            measured=None if measured is None else measured.view,
            energy_per_1000_queries=energy,
            carbon_per_1000_queries=unknown("g", NO_REGION)
            if data.intensity is None
            else carbon(energy, data.intensity),
            quality=quality.view(standing, data.task.quality_need, candidate.format, card),
            rejections=sentences(int(data.mask[index]), self._facts(index, part, card), data.limits),
            pareto=bool(data.pareto[index]),
            rank=self.rank_of(index),
            evidence=EVIDENCE_ORDER[int(data.axes.evidence[index])],
            can_probe=can_probe,
            why_no_probe=why if not can_probe else "",
            yours=card.read is not None,
        )

    def _facts(self, index: int, part: Part, card: ModelCard) -> Facts:
        data = self._data
        wanted = (*data.task.languages, *data.task.target_languages)
        missing = tuple(code for code in wanted if code not in (card.languages or ()))
        standing = part.standings[int(part.field.model_of[index - part.start])]
        return Facts(
            model=card.id,
            licence=card.licence,
            missing_languages=tuple(language_name(code) for code in dict.fromkeys(missing)),
            memory_bytes=float(data.axes.memory_bytes[index]),
            memory_free_bytes=math.nan if data.memory_free_bytes is None else float(data.memory_free_bytes),
            download_bytes=float(data.axes.download_bytes[index]),
            time_s=float(data.axes.time_s[index]),
            num_context_tokens=float(data.traits.num_context_tokens[index]),
            num_needed_tokens=needed_tokens(data.task, part.approach),
            quality=quality_words(standing),
            why_not_approach=part.approach.why_not or unfit(data.task, part.approach, card),
        )


def needed_tokens(task: TaskSpec, approach: Approach) -> int:
    """Return the longest text a model must hold for one query: what the user said, else what the query itself is."""
    workload = approach.workload
    query = workload.num_input_tokens + workload.num_output_tokens
    if approach.id == "seq2seq":  # reader and writer have a length each
        return max(workload.num_input_tokens, workload.num_output_tokens)
    return max(query, task.num_context_tokens or 0) if workload.num_output_tokens else query


def unfit(task: TaskSpec, approach: Approach, card: ModelCard) -> str:
    """Return why one model of a possible approach can't be used for this task, or an empty text."""
    if approach.id == "fine-tuned-classifier" and not trained_on(card, label_topic(task)):
        return "It was trained on other labels."
    if approach.id == "generate" and is_code_model(card) and not about_code(task):
        return "It is made for program code."
    return ""


def _texts(read: Callable[[ModelCard, str], str]) -> Callable[[Recommendation], Column]:
    """Return a column of text made from each candidate's model and format id."""

    def column(answer: Recommendation) -> Column:
        return np.array(
            [read(item.model, item.format.id) for part in answer.data.parts for item in part.field.candidates],
            dtype=object,
        )

    return column


def _approaches(answer: Recommendation) -> Column:
    return np.array([part.approach.id for part in answer.data.parts for _ in range(len(part.field))], dtype=object)


def _ranks(answer: Recommendation) -> Column:
    place = np.empty(len(answer), dtype=np.float64)
    place[answer.data.ranked] = np.arange(1, len(answer) + 1)
    return np.where(answer.data.mask != 0, np.nan, place)


def _carbon(answer: Recommendation) -> Column:
    intensity = answer.data.intensity
    grams = math.nan if intensity is None or intensity.g_per_kwh.value is None else intensity.g_per_kwh.value
    return answer.data.axes.energy_wh * (grams / 1000.0)


_COLUMNS: dict[str, Callable[[Recommendation], Column]] = {
    "verdict": lambda answer: answer.data.axes.verdict,
    "model": _texts(lambda card, _: card.id),
    "format": _texts(lambda _, form: form),
    "approach": _approaches,
    "licence": _texts(lambda card, _: card.licence or ""),
    "memory": lambda answer: answer.data.axes.memory_bytes,
    "rate": lambda answer: answer.data.axes.rate,
    "time_to_first_token": lambda answer: answer.data.axes.first_token_s,
    "time_per_query": lambda answer: answer.data.axes.time_s,
    "energy": lambda answer: answer.data.axes.energy_wh,
    "carbon": _carbon,
    "quality": lambda answer: answer.data.traits.quality_share,
    "evidence": lambda answer: answer.data.axes.evidence,
    "parameters": lambda answer: answer.data.traits.parameters,
    "download": lambda answer: answer.data.axes.download_bytes,
    "max_context": lambda answer: answer.data.max_context_tokens,
    "rank": _ranks,
    "rejected": lambda answer: answer.data.mask != 0,
}
