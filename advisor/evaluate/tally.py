"""From what two formats of a model answered to what compression costs in each language. Pure numpy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from advisor.evaluate import divergence, interval
from advisor.evaluate.compression_plan import LEAST_EFFECT_RATIO, LEAST_LANGUAGES, LanguageLoss, Loss
from advisor.evaluate.interval import CONFIDENCE_SHARE, Ratio
from advisor.evaluate.reader import Reading
from advisor.evaluate.sample import LanguageText
from advisor.evidence import Quantity
from advisor.examples.confidence import wilson

ENGLISH = "en"
_INTERVAL = f"{CONFIDENCE_SHARE:.0%} interval, Student's t over sentences"
_PREDICTS = frozenset({"next-token"})


class Tally:
    """Sums for each language and sentence, of one compressed model."""

    def __init__(self, kind: Loss, texts: Sequence[LanguageText], num_sentences: int) -> None:
        """Prepare empty sums.

        Args:
            kind: what is compared.
            texts: the languages.
            num_sentences: of each.
        """
        self.kind = kind
        self._texts = texts
        shape = (len(texts), num_sentences)
        self._loss, self._agrees, self._units = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._reference_nats, self._nats, self._predicted = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._vectors: list[dict[tuple[int, int], NDArray[np.float32]]] = [{}, {}]
        self.num_sentences = 0

    def add(self, language: int, sentence: int, reference: Reading, compressed: Reading) -> None:
        """Take in both answers to one sentence.

        Raises:
            ValueError: they have different shapes.
        """
        place = (language, sentence)
        self.num_sentences = max(self.num_sentences, sentence + 1)
        if self.kind == "embedding":
            self._loss[place] = 1 - divergence.cosines(reference.rows, compressed.rows)[0]
            self._units[place] = 1
            for side, reading in zip(self._vectors, (reference, compressed), strict=True):
                side[place] = reading.rows[0]
            return
        targets = reference.targets if self.kind in _PREDICTS else None
        found = divergence.compare(reference.rows, compressed.rows, targets)
        self._loss[place] = found.divergence_nats.sum()
        self._agrees[place] = found.agrees.sum()
        self._units[place] = len(found.agrees)
        self._reference_nats[place] = found.reference_loss_nats.sum()
        self._nats[place] = found.loss_nats.sum()
        self._predicted[place] = len(found.loss_nats)

    def languages(self) -> tuple[LanguageLoss, ...]:
        """Return what compression costs in each language."""
        rows = np.stack([self._seen(row) for row in self._loss])
        ratios = interval.against_average(rows) if len(rows) >= LEAST_LANGUAGES else None
        fewest = self._fewest_bits()
        return tuple(
            self._language(place, None if ratios is None else ratios[place], fewest) for place in range(len(rows))
        )

    def average(self) -> Quantity:
        """Return the mean of the languages' losses, each counting the same."""
        values = np.array([self._mean(row).value for row in self._loss])
        found = interval.ratio(values, np.ones(len(values)))
        return _quantity(found, self._loss_unit(), f"mean of {len(values)} languages, {CONFIDENCE_SHARE:.0%} interval "
                         "over languages", least=0.0)  # fmt: skip

    def whole(self, name: str) -> Quantity | None:
        """Return a figure over the sentences of all languages together, each language counting the same.

        Args:
            name: `divergence`, `agreement`, `perplexity_ratio` or `cosine`.
        """
        parts = [getattr(item, name) for item in self.languages()]
        known = [part.value for part in parts if part is not None and part.value is not None]
        if not known:
            return None
        basis = f"{'geometric ' if name == 'perplexity_ratio' else ''}mean of {len(known)} languages"
        values = np.log(known) if name == "perplexity_ratio" else np.array(known)
        found = interval.ratio(values, np.ones(len(values)))
        unit = next(part.unit for part in parts if part is not None)
        if name == "perplexity_ratio":
            return _exponential(found, basis)
        return _quantity(found, unit, basis, least=-1.0 if name == "cosine" else 0.0, most=_most(unit))

    def _language(self, place: int, against: Ratio | None, fewest: float) -> LanguageLoss:
        text = self._texts[place]
        sentences = text.sentences[: self.num_sentences]
        characters = np.array([len(item) for item in sentences], np.float64)
        loss, unit = self._mean(self._loss[place]), self._loss_unit()
        predicted = self._seen(self._predicted[place])
        has_bits = bool(predicted.sum() > 0)
        reference, added = (
            self._seen(self._reference_nats[place]),
            self._seen((self._nats - self._reference_nats)[place]),
        )
        found, found_after = self._translations(place)
        return LanguageLoss(
            code=text.code, resource_class=text.resource_class, num_sentences=self.num_sentences,
            num_tokens=0 if self.kind in ("embedding", "classes") else int(self._seen(self._units[place]).sum()),
            num_characters=int(characters.sum()), size_bytes=sum(len(item.encode()) for item in sentences),
            loss=_quantity(loss, unit, f"{self.num_sentences} sentences, {_INTERVAL}", least=0.0),
            divergence=self._divergence(place), agreement=self._agreement(place),
            perplexity_ratio=_exponential(interval.ratio(added, predicted), _INTERVAL) if has_bits else None,
            bits_per_character=self._bits(reference, characters) if has_bits else None,
            added_bits_per_character=self._bits(added, characters) if has_bits else None,
            bits_ratio=float(reference.sum() / fewest) if has_bits and fewest > 0 else None,
            cosine=self._cosine(loss) if self.kind == "embedding" else None,
            translation_share=found, compressed_translation_share=found_after,
            average_ratio=None if against is None else _quantity(
                against, "1", f"over the average of {len(self._texts)} languages, sentence by sentence; all intervals "
                f"hold together with {CONFIDENCE_SHARE:.0%}", least=0.0,
            ),
            loses_more=against is not None and _is_more(against),
        )  # fmt: skip

    def _seen(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        return row[: self.num_sentences]

    def _mean(self, row: NDArray[np.float64]) -> Ratio:
        seen = self._seen(row)
        return interval.ratio(seen, np.ones(len(seen)))

    def _loss_unit(self) -> str:
        return "1" if self.kind == "embedding" else "nat/sentence"

    def _divergence(self, place: int) -> Quantity | None:
        if self.kind == "embedding":
            return None
        unit = "nat/sentence" if self.kind == "classes" else "nat/token"
        found = _ratio(self._seen(self._loss[place]), self._seen(self._units[place]))
        return _quantity(found, unit, f"Kullback-Leibler divergence from the original, {_INTERVAL}", least=0.0)

    def _agreement(self, place: int) -> Quantity:
        if self.kind == "embedding":
            return self._share(self._same_neighbour(place), "same nearest sentence")
        if self.kind == "classes":
            return self._share(self._seen(self._agrees[place]), "same label")
        found = _ratio(self._seen(self._agrees[place]), self._seen(self._units[place]))
        return _quantity(found, "1", f"same first choice, {_INTERVAL}", least=0.0, most=1.0)

    def _share(self, agrees: NDArray[np.float64], basis: str) -> Quantity:
        """Return a share of sentences; of ten out of ten, Student's t would say that it cannot be otherwise."""
        number = len(agrees)
        found = wilson(int(agrees.sum()), number, CONFIDENCE_SHARE)
        return Quantity(
            value=float(agrees.mean()), low=found.low_share, high=found.high_share, unit="1", evidence="measured",
            basis=f"{basis}, Wilson's {CONFIDENCE_SHARE:.0%} interval of {number} sentences",
        )  # fmt: skip

    def _bits(self, nats: NDArray[np.float64], characters: NDArray[np.float64]) -> Quantity:
        return _quantity(interval.ratio(nats / np.log(2), characters), "bit/character", _INTERVAL)

    def _cosine(self, loss: Ratio) -> Quantity:
        low, high = (None if end is None else 1 - end for end in (loss.high, loss.low))
        turned = Ratio(value=1 - loss.value, low=low, high=high, influences=-loss.influences)
        return _quantity(turned, "1", f"cosine of both vectors of a sentence, {_INTERVAL}", least=-1.0, most=1.0)

    def _fewest_bits(self) -> float:
        sums = [float(self._seen(row).sum()) for row in self._reference_nats]
        return min((total for total in sums if total > 0), default=0.0)

    def _side(self, side: int, language: int) -> NDArray[np.float32]:
        return np.stack([self._vectors[side][language, sentence] for sentence in range(self.num_sentences)])

    def _english(self) -> int | None:
        return next((place for place, text in enumerate(self._texts) if text.code == ENGLISH), None)

    def _same_neighbour(self, place: int) -> NDArray[np.float64]:
        """Return 1 where both models find the same sentence nearest: in English, or of the own language without it."""
        english = self._english()
        among = place if english is None else english
        found = [
            divergence.nearest(self._side(side, place), self._side(side, among), not_itself=among == place)
            for side in (0, 1)
        ]
        return np.asarray(found[0] == found[1], np.float64)

    def _translations(self, place: int) -> tuple[float | None, float | None]:
        english = self._english()
        if self.kind != "embedding" or english is None or english == place:
            return None, None
        shares = [
            float((divergence.translation_ranks(self._side(side, place), self._side(side, english)) == 1).mean())
            for side in (0, 1)
        ]
        return shares[0], shares[1]


def _is_more(against: Ratio) -> bool:
    """Tell whether a ratio to the average is surely above it, and far enough to matter."""
    return against.low is not None and against.low > 1 and against.value >= LEAST_EFFECT_RATIO


def _most(unit: str) -> float | None:
    return 1.0 if unit == "1" else None


def _ratio(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> Ratio:
    """Return the mean per unit; 0 where there is none, as in a language whose sentences are one token each."""
    return interval.ratio(sums, counts if counts.sum() > 0 else np.ones(len(counts)))


def _quantity(
    found: Ratio, unit: str, basis: str, *, least: float | None = None, most: float | None = None
) -> Quantity:  # fmt: skip
    """Return a mean as a quantity; an end of the interval that no value can reach is moved to what can be."""
    low, high = found.low, found.high
    if low is not None and least is not None:
        low = max(low, min(least, found.value))
    if high is not None and most is not None:
        high = min(high, max(most, found.value))
    return Quantity(value=found.value, low=low, high=high, unit=unit, evidence="measured", basis=basis)


def _exponential(found: Ratio, basis: str) -> Quantity:
    low, high = (None if end is None else float(np.exp(end)) for end in (found.low, found.high))
    return Quantity(
        value=divergence.perplexity_ratio(found.value, 0.0), low=low, high=high, unit="1", evidence="measured",
        basis=f"exp of the mean difference of the losses per token, {basis}",
    )  # fmt: skip
