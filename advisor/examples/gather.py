"""Gathers rows into a set of examples with bounded memory: counts, duplicates, a sample that keeps the labels' shares.

Each usable row draws a random number; of each label the rows with the smallest numbers are kept. That is a uniform
sample without replacement, and since a label's share of the sample only falls as the file grows, rows that were let go
are not missed later.
"""

import hashlib
import random
from array import array
from collections import defaultdict

import msgspec

from advisor.errors import AdvisorError
from advisor.examples.model import Example, LabelCount, Note, Skipped, SkipReason
from advisor.examples.source import damaged

MAX_LABELS = 1000
MAX_KEPT_CHARACTERS = 32 * 1024**2
_MOST_LINES_NAMED = 5
_MOST_SLOTS = 1 << 22
_MOST_LABELS_SHOWN = 3


class Seen:
    """Which rows came before, as hashes in a flat table: 12 bytes a slot, at most 48 MiB."""

    def __init__(self, num_slots: int = 1 << 12) -> None:
        self._texts = array("Q", bytes(8 * num_slots))
        self._answers = array("I", bytes(4 * num_slots))
        self._num = 0
        self.full = False

    def add(self, text: str, answer: str | None) -> str:
        """Return `new`, `same` (this text with this answer came before) or `other` (it came with another answer)."""
        hashed = int.from_bytes(hashlib.blake2b(_raw(text), digest_size=8).digest(), "little") or 1
        short = int.from_bytes(hashlib.blake2b(_raw(answer or ""), digest_size=4).digest(), "little")
        slot, mask = hashed & (len(self._texts) - 1), len(self._texts) - 1
        known = False
        while self._texts[slot]:
            if self._texts[slot] == hashed:
                known = True
                if self._answers[slot] == short:
                    return "same"
            slot = (slot + 1) & mask
        if not self.full:
            self._texts[slot], self._answers[slot] = hashed, short
            self._num += 1
            if self._num * 2 > len(self._texts):
                self._grow()
        return "other" if known else "new"

    def _grow(self) -> None:
        if len(self._texts) >= _MOST_SLOTS:
            self.full = True
            return
        texts, answers = self._texts, self._answers
        self._texts = array("Q", bytes(16 * len(texts)))
        self._answers = array("I", bytes(8 * len(answers)))
        mask = len(self._texts) - 1
        for hashed, short in zip(texts, answers, strict=True):
            if hashed:
                slot = hashed & mask
                while self._texts[slot]:
                    slot = (slot + 1) & mask
                self._texts[slot], self._answers[slot] = hashed, short


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows of a file came to."""

    examples: tuple[Example, ...]
    labels: tuple[LabelCount, ...]
    num_rows: int
    skipped: tuple[Skipped, ...]
    notes: tuple[Note, ...]


class Gatherer:
    """Takes rows one by one."""

    def __init__(self, source: str, *, classification: bool, max_num_examples: int, seed: int) -> None:
        """Start empty.

        Args:
            source: name of the file, for messages.
            classification: whether answers are labels.
            max_num_examples: how many examples are kept at most.
            seed: of the sample.
        """
        self.num_rows = 0
        self._source = source
        self._classification = classification
        self._max = max_num_examples
        self._random = random.Random(seed)  # noqa: S311 - a sample, not a secret
        self._seen = Seen()
        self._kept: dict[str, list[tuple[float, Example]]] = defaultdict(list)
        self._num_by_label: dict[str, int] = defaultdict(int)
        self._num_kept = self._num_characters = self._num_usable = self._num_conflicts = 0
        self._conflict_lines: list[int] = []
        self._skipped: dict[SkipReason, tuple[int, list[int]]] = {}

    def skip(self, reason: SkipReason, line_id: int) -> None:
        """Count a row that is not used."""
        self.num_rows += 1
        number, lines = self._skipped.get(reason, (0, []))
        if len(lines) < _MOST_LINES_NAMED:
            lines.append(line_id)
        self._skipped[reason] = (number + 1, lines)

    def add(self, text: str, answer: str | None, line_id: int) -> None:
        """Count a row and keep it if the sample wants it.

        Raises:
            InvalidFileError: `examples-too-many-labels` or `examples-too-long`.
        """
        before = self._seen.add(text, answer)
        if before == "same":
            self.skip("duplicate", line_id)
            return
        if before == "other":
            self._num_conflicts += 1
            if len(self._conflict_lines) < _MOST_LINES_NAMED:
                self._conflict_lines.append(line_id)
        self.num_rows += 1
        self._num_usable += 1
        label = answer if self._classification and answer is not None else ""
        if label not in self._num_by_label and len(self._num_by_label) >= MAX_LABELS:
            raise self._too_many_labels(line_id)
        self._num_by_label[label] += 1
        self._keep(label, text, answer, line_id)

    def _keep(self, label: str, text: str, answer: str | None, line_id: int) -> None:
        given = {"label": answer} if self._classification else {"expected": answer}
        drawn = self._random.random()
        kept = self._kept[label]
        kept.append((drawn, Example(text=text, line_id=line_id, **given)))
        self._num_kept += 1
        self._num_characters += len(text) + len(answer or "")
        if self._num_kept > 4 * self._max + 32 * len(self._kept) or self._num_characters > MAX_KEPT_CHARACTERS:
            self._prune(slack=2, more=16)
            if self._num_characters > MAX_KEPT_CHARACTERS // 2:
                self._prune(slack=1, more=0)
            if self._num_characters > MAX_KEPT_CHARACTERS // 2:
                raise damaged(
                    "examples-too-long",
                    f"{self._source}, line {line_id}: the texts are too long to keep {self._max} of them.",
                    "Give a smaller largest number of examples, or shorter texts.",
                    line=line_id,
                )

    def _prune(self, *, slack: int, more: int) -> None:
        quotas = self._quotas()
        self._num_kept = self._num_characters = 0
        for label, kept in self._kept.items():
            kept.sort(key=lambda item: item[0])
            del kept[quotas[label] * slack + more :]
            self._num_kept += len(kept)
            self._num_characters += sum(len(item.text) + len(item.answer() or "") for _, item in kept)

    def _quotas(self) -> dict[str, int]:
        """Return how many of each label the sample holds: in proportion, the largest remainders first, one at least."""
        if self._num_usable <= self._max:
            return dict(self._num_by_label)
        exact = {label: self._max * number / self._num_usable for label, number in self._num_by_label.items()}
        quotas = {label: int(share) for label, share in exact.items()}
        left = self._max - sum(quotas.values())
        for label in sorted(exact, key=lambda name: (int(exact[name]) - exact[name], name))[:left]:
            quotas[label] += 1
        quotas = {label: max(1, number) for label, number in quotas.items()}
        while sum(quotas.values()) > self._max and max(quotas.values()) > 1:
            quotas[max(quotas, key=lambda name: (quotas[name], name))] -= 1
        return quotas

    def finish(self) -> Gathered:
        """Return what was gathered.

        Raises:
            InvalidFileError: `examples-no-rows` or `examples-mostly-unusable`.
        """
        self._refuse_bad()
        self._prune(slack=1, more=0)
        examples = sorted((item for kept in self._kept.values() for _, item in kept), key=lambda item: item.line_id)
        labels = [
            LabelCount(label=label, num_rows=number, num_examples=len(self._kept[label]))
            for label, number in sorted(self._num_by_label.items(), key=lambda item: (-item[1], item[0]))
            if self._classification and label
        ]
        return Gathered(
            examples=tuple(examples),
            labels=tuple(labels),
            num_rows=self.num_rows,
            skipped=self._skips(),
            notes=tuple(self._notes(labels, len(examples))),
        )

    def _skips(self) -> tuple[Skipped, ...]:
        found = [
            Skipped(reason=reason, num_rows=number, line_ids=tuple(lines))
            for reason, (number, lines) in self._skipped.items()
        ]
        return tuple(sorted(found, key=lambda item: (-item.num_rows, item.reason)))

    def _refuse_bad(self) -> None:
        skips = [item for item in self._skips() if item.reason not in ("duplicate", "empty-row")]
        if self._num_usable == 0 and not skips:
            raise damaged("examples-no-rows", f"{self._source} has no examples.", "Put one example a line into it.")
        num_bad = sum(item.num_rows for item in skips)
        if num_bad > self._num_usable:
            worst = skips[0]
            raise damaged(
                "examples-mostly-unusable",
                f"{self._source}: {num_bad:,} of {self.num_rows:,} rows cannot be used. In line {worst.line_ids[0]} "
                f"{WHAT_IS_WRONG[worst.reason]}.",
                _REMEDIES.get(worst.reason, "Correct these rows or leave them out."),
                line=worst.line_ids[0],
                reason=worst.reason,
            )

    def _notes(self, labels: list[LabelCount], num_examples: int) -> list[Note]:
        notes = []
        if self._num_conflicts:
            notes.append(
                Note(code="same-text-other-answer", num_rows=self._num_conflicts, line_ids=tuple(self._conflict_lines))
            )
        alike: dict[str, list[str]] = defaultdict(list)
        for item in labels:
            alike["".join(item.label.casefold().split())].append(item.label)
        notes += [Note(code="labels-alike", names=tuple(names)) for names in alike.values() if len(names) > 1][:5]
        few = [item.label for item in labels if item.num_examples < 5]
        if few:
            notes.append(Note(code="few-of-a-label", names=tuple(few[:_MOST_LABELS_SHOWN]), num_rows=len(few)))
        if num_examples < self._num_usable:
            notes.append(Note(code="sampled", num_rows=num_examples))
        if self._seen.full:
            notes.append(Note(code="duplicates-not-all-seen"))
        return notes

    def _too_many_labels(self, line_id: int) -> AdvisorError:
        return damaged(
            "examples-too-many-labels",
            f"{self._source}, line {line_id}: more than {MAX_LABELS:,} different labels.",
            "If these are answers to be written, name the columns prompt and expected.",
            line=line_id,
        )


WHAT_IS_WRONG: dict[SkipReason, str] = {
    "empty-row": "the row is empty", "empty-text": "the text is empty", "empty-answer": "the label or answer is empty",
    "too-few-cells": "there are fewer cells than in the heading",
    "too-many-cells": "there are more cells than in the heading",
    "text-after-quote": "text follows a closing quote", "cell-too-long": "a cell is too long",
    "bytes-not-text": "there are bytes that are no text", "not-json": "there is no valid JSON",
    "not-an-object": "there is no JSON object", "not-text": "the text or answer is not a text",
    "duplicate": "the same text with the same answer came before",
}  # fmt: skip
_REMEDIES: dict[SkipReason, str] = {
    "too-many-cells": "Texts that hold the delimiter need quotes around them; or put tabs between the columns.",
    "too-few-cells": "Give each row a text and an answer, or check what separates the columns.",
    "empty-answer": "Fill the column, or remove it to have texts without answers.",
    "bytes-not-text": "Save it as UTF-8.",
    "not-text": 'Write objects such as {"text": "...", "label": "..."}.',
}


def _raw(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")
