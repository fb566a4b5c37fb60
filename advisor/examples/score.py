"""Scores a candidate's outputs on the examples: accuracy, F1 by label, exact match, shared words, shared characters."""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

import msgspec

from advisor.errors import InvalidInputError
from advisor.evidence import Quantity
from advisor.examples import confidence, text_match
from advisor.examples.model import Example, ExampleSet


class LabelScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well one label is found."""

    label: str
    num_examples: int
    """Examples with this label."""
    num_given: int
    """Outputs with this label."""
    num_right: int

    @property
    def precision_share(self) -> float | None:
        """Of the outputs with this label, those that are right; null if it was never given."""
        return self.num_right / self.num_given if self.num_given else None

    @property
    def recall_share(self) -> float | None:
        """Of the examples with this label, those found; null if there are none."""
        return self.num_right / self.num_examples if self.num_examples else None

    @property
    def f1_share(self) -> float:
        """Harmonic mean of both: 2 TP / (2 TP + FP + FN)."""
        whole = self.num_examples + self.num_given
        return 2 * self.num_right / whole if whole else 0.0


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """How often one label was taken for another; the same label twice are the right ones."""

    expected: str
    given: str | None
    """Null: the output was none of the labels."""
    num_examples: int


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """An output that is not what was expected, to read."""

    text: str
    expected: str
    given: str | None
    similarity_share: float | None = None
    """chrF, in a generation; the least alike come first."""
    line_id: int


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What the outputs of one candidate are worth. Only examples with an answer count."""

    num_examples: int
    num_unscored: int
    """Examples without a label or expected answer."""
    right: tuple[bool, ...]
    """For each scored example, in order: right or not. What `enough.enough` compares."""
    accuracy: Quantity
    """Share that is right; in a generation, exact match after `text_match.normalised`. 95 % Wilson interval."""
    macro_f1: Quantity | None = None
    """Mean F1 over the labels, each weighing the same. 95 % bootstrap interval."""
    micro_f1: Quantity | None = None
    """F1 over all outputs; the accuracy, unless some outputs are no label."""
    token_f1: Quantity | None = None
    similarity: Quantity | None = None
    labels: tuple[LabelScore, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    misses: tuple[Miss, ...] = ()


def score(examples: ExampleSet, outputs: Sequence[str | None], *, seed: int = 0) -> Score:
    """Score one candidate.

    Args:
        examples: what was asked.
        outputs: what the candidate answered to each example, in order; null where it gave no answer.
        seed: of the bootstrap.

    Raises:
        InvalidInputError: `examples-outputs` (not one output an example) or `examples-no-answers`.
    """
    if len(outputs) != len(examples.examples):
        raise InvalidInputError(
            "examples-outputs",
            f"There are {len(outputs)} outputs for the {len(examples.examples)} examples of {examples.source}.",
            remedy="Run the candidate on each example once.",
        )
    pairs = [
        (item, answer, given)
        for item, given in zip(examples.examples, outputs, strict=True)
        if (answer := item.answer()) is not None
    ]
    if not pairs:
        raise InvalidInputError(
            "examples-no-answers",
            f"{examples.source} has no labels or expected answers, so nothing can be scored.",
            remedy="Add a column named label or expected.",
        )
    scored = _classified if examples.kind == "classification" else _generated
    return scored(pairs, len(outputs) - len(pairs), seed)


_Pairs = list[tuple[Example, str, str | None]]


def _classified(pairs: _Pairs, num_unscored: int, seed: int) -> Score:
    known = {text_match.normalised(answer): answer for _, answer, _ in reversed(pairs)}
    answers = {answer for _, answer, _ in pairs}
    couples = [(answer, _label(given, answers, known)) for _, answer, given in pairs]
    right = tuple(answer == given for answer, given in couples)
    labels = _label_scores(couples)
    num_right = sum(right)
    macro = confidence.bootstrap(couples, _macro_f1, seed=seed, num_draws=1000)
    return Score(
        num_examples=len(pairs), num_unscored=num_unscored, right=right, accuracy=_accuracy(right, "right"),
        macro_f1=_figure(_macro_f1(couples), macro, "mean of the labels' F1"),
        micro_f1=_figure(
            2 * num_right / (len(couples) + sum(given is not None for _, given in couples)), None, "F1 of all outputs"
        ),
        labels=labels,
        confusions=tuple(
            Confusion(expected=answer, given=given, num_examples=number)
            for (answer, given), number in sorted(
                Counter(couples).items(), key=lambda item: (-item[1], item[0][0], item[0][1] or "")
            )
        ),
        misses=tuple(
            Miss(text=item.text, expected=answer, given=given, line_id=item.line_id)
            for (item, answer, given), fine in zip(pairs, right, strict=True)
            if not fine
        ),
    )  # fmt: skip


def _label(given: str | None, labels: set[str], known: dict[str, str]) -> str | None:
    """Return the label an output means: as it is, else the one that is the same after normalising; null is none."""
    if given is None:
        return None
    return given if given in labels else known.get(text_match.normalised(given))


def _label_scores(couples: Sequence[tuple[str, str | None]]) -> tuple[LabelScore, ...]:
    wanted = Counter(answer for answer, _ in couples)
    given = Counter(given for _, given in couples)
    right = Counter(answer for answer, given in couples if answer == given)
    return tuple(
        LabelScore(label=label, num_examples=number, num_given=given[label], num_right=right[label])
        for label, number in sorted(wanted.items(), key=lambda item: (-item[1], item[0]))
    )


def _macro_f1(couples: Sequence[tuple[str, str | None]]) -> float:
    """Return the mean F1 of the labels that were expected or given."""
    wanted, given, right = Counter[str | None](), Counter[str | None](), Counter[str | None]()
    for answer, output in couples:
        wanted[answer] += 1
        given[output] += 1
        right[answer] += answer == output
    labels = {label for label in (*wanted, *given) if label is not None}
    return fmean(2 * right[label] / (wanted[label] + given[label]) for label in labels)


def _generated(pairs: _Pairs, num_unscored: int, seed: int) -> Score:
    right = tuple(text_match.exact(given, answer) for _, answer, given in pairs)
    shared = [text_match.token_f1(given, answer) for _, answer, given in pairs]
    alike = [text_match.chrf(given, answer) for _, answer, given in pairs]
    misses = [
        Miss(text=item.text, expected=answer, given=given, similarity_share=near, line_id=item.line_id)
        for (item, answer, given), fine, near in zip(pairs, right, alike, strict=True)
        if not fine
    ]
    return Score(
        num_examples=len(pairs),
        num_unscored=num_unscored,
        right=right,
        accuracy=_accuracy(right, "the same but for case, spaces and punctuation"),
        token_f1=_mean(shared, "mean F1 of shared words", seed),
        similarity=_mean(alike, "mean chrF, shared runs of 1 to 6 characters", seed),
        misses=tuple(sorted(misses, key=lambda miss: miss.similarity_share or 0.0)),
    )


def _accuracy(right: Sequence[bool], what: str) -> Quantity:
    interval = confidence.wilson(sum(right), len(right))
    return _figure(sum(right) / len(right), interval, f"{sum(right)} of {len(right)} {what}")


def _mean(values: Sequence[float], what: str, seed: int) -> Quantity:
    return _figure(fmean(values), confidence.bootstrap(values, fmean, seed=seed, num_draws=1000), what)


def _figure(value: float, interval: confidence.Interval | None, what: str) -> Quantity:
    if interval is None:
        return Quantity(value=value, unit="1", evidence="measured", basis=what)
    return Quantity(
        value=value, low=min(value, interval.low_share), high=max(value, interval.high_share), unit="1",
        evidence="measured", basis=f"{what}; {interval.confidence_share:.0%} {interval.method} interval",
    )  # fmt: skip
