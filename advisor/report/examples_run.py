"""What is said and written of candidates on the user's own examples: sentences, rows, the public JSON, the table."""

from collections.abc import Mapping, Sequence

from advisor import units
from advisor.evaluate.examples_compare import Pair
from advisor.evaluate.examples_plan import ExamplesResult, Method, NoteCode, RunNote
from advisor.evidence import Quantity
from advisor.examples.model import ExampleSet
from advisor.examples.score import Miss
from advisor.examples.write import Cell
from advisor.report import examples as words
from advisor.report.public_parts import Document, figure, head

TITLES = (
    "Candidate", "Right (95 % interval)", "Time per query", "Memory, peak", "Energy, 1,000 queries", "Weights",
)  # fmt: skip
SCORE_TITLES = ("Candidate", "Figure", "Value", "95 % interval", "Basis")
MISS_TITLES = ("Text", "Expected", "Given", "Line")
CSV_TITLES = (
    "line", "text", "expected", "candidate", "method", "given", "right", "similarity", "time_s", "input_tokens",
    "output_tokens", "text_was_cut",
)  # fmt: skip
NO_ANSWER = "(none of the labels)"
_METHODS: dict[Method, str] = {
    "descriptions": "nearest label description", "centroid": "nearest mean of the other examples",
    "labels": "its own labels", "likelihood": "most likely label", "answer": "written answer",
}  # fmt: skip
METHOD_HELP: dict[Method, str] = {
    "descriptions": "An embedder turns the text and each label's description into vectors; the nearest label is taken. "
    "No example is learned from.",
    "centroid": "An embedder turns the texts into vectors; the label whose other examples are nearest on the mean is "
    "taken. No text is judged by a mean that it is part of.",
    "labels": "A classifier that was trained for these labels.",
    "likelihood": "A language model reads instruction, labels and text; the label that is most likely as its answer is "
    "taken, less how likely it is without a text.",
    "answer": "A language model writes its answer, the most likely token each time.",
}
_NOTES: dict[NoteCode, str] = {
    "cut": "{count} longer than the model takes and were cut.",
    "one-of-a-label": "{number} labels have one example only, which can then not be found by the mean of others.",
    "no-end-token": "No token that ends an answer is known: of a label the beginning of a longer one counts too.",
    "folds": "The means are made of all examples but a {number}th part at a time, not of all but one.",
    "no-answers": "There are no labels or expected answers, so nothing is scored: read the outputs.",
    "energy-band": "No power meter can be read: energy is the processor's typical range at the load that was measured.",
}
MANY_PAIRS = (
    "{number} pairs are compared; each is judged more strictly, so that all hold together with 95 % (Bonferroni)."
)


def method_name(method: Method) -> str:
    """Return a way of working in words: `nearest label description`."""
    return _METHODS[method]


def name(result: ExamplesResult) -> str:
    """Return a candidate's name with format and method."""
    form = f", {result.format}" if result.format else ""
    return f"{result.model.rpartition('/')[2]}{form} ({method_name(result.method)})"


def heading(results: Sequence[ExamplesResult]) -> str:
    """Return what was run on what."""
    first = results[0]
    many = f"{len(results)} candidates" if len(results) > 1 else "1 candidate"
    return f"{many} on {_examples(first.num_examples)} of {first.source}"


def rows(results: Sequence[ExamplesResult]) -> list[tuple[str, ...]]:
    """Return one row a candidate, under `TITLES`."""
    return [
        (
            name(item), f"{_share(item.score.accuracy)} ({_interval(item.score.accuracy)})" if item.score
            else "not scored", units.quantity(item.time_per_query),
            units.quantity(item.peak_memory), _energy(item.energy_per_1000), units.size(item.model_bytes),
        )
        for item in results
    ]  # fmt: skip


def _energy(item: Quantity) -> str:
    if item.value is None:
        return "no data"
    ends = "" if item.low is None or item.high is None else f" ({units.energy(item.low)} to {units.energy(item.high)})"
    return f"{units.energy(item.value)}{ends}"


def axis(results: Sequence[ExamplesResult]) -> str:
    """Return the label of the axis on which the shares that are right stand."""
    what = "Labels" if results[0].kind == "classification" else "Answers exactly"
    return f"{what} right (% of {_examples(results[0].num_examples)}, 95 % interval)"


def score_rows(results: Sequence[ExamplesResult]) -> list[tuple[str, ...]]:
    """Return all figures of quality, under `SCORE_TITLES`."""
    return [
        (name(item), title, _share(value), _interval(value), value.basis)
        for item in results
        for title, value in scores(item)
    ]


def scores(result: ExamplesResult) -> list[tuple[str, Quantity]]:
    """Return the figures of quality with their names."""
    score = result.score
    if score is None:
        return []
    title = "Accuracy" if result.kind == "classification" else "Exact match"
    found = [
        (title, score.accuracy), ("Macro F1", score.macro_f1), ("F1 of words", score.token_f1),
        ("Similarity (chrF)", score.similarity),
    ]  # fmt: skip
    return [(text, value) for text, value in found if value is not None]


def accuracy_sentence(result: ExamplesResult) -> str:
    """Return how many are right, with the interval."""
    if result.score is None:
        return f"{name(result)}: nothing is scored, there are no labels or expected answers."
    value = result.score.accuracy
    return f"{name(result)}: {sum(result.score.right)} of {result.score.num_examples} right, {_interval(value)}."


def cost_sentence(result: ExamplesResult) -> str:
    """Return what a candidate costs."""
    return (
        f"{units.quantity(result.time_per_query)} a query, {units.quantity(result.peak_memory)} of memory, "
        f"{_energy(result.energy_per_1000)} for 1,000 queries."
    )


def pair_sentences(pairs: Sequence[Pair]) -> list[str]:
    """Return, for each pair, whether the smaller one is enough, and what several pairs mean."""
    found = [
        f"Smaller, with less time per query: {_named(pair.smaller)}. Larger: {_named(pair.larger)}. "
        f"{words.verdict_sentence(pair.verdict)}{_cost(pair)}"
        for pair in pairs
    ]
    return [*found, MANY_PAIRS.format(number=len(pairs))] if len(pairs) > 1 else found


def _named(result: ExamplesResult) -> str:
    time = units.amount(result.time_per_query.value, "s")
    return f"{name(result)}, {time} a query, {units.size(result.model_bytes)} of weights"


def _cost(pair: Pair) -> str:
    small, large = pair.smaller.time_per_query.value, pair.larger.time_per_query.value
    if not small or not large or large < 1.1 * small:
        return ""
    return f" The smaller one takes {units.number(100 * small / large)} % of the larger one's time."


def all_notes(results: Sequence[ExamplesResult]) -> list[str]:
    """Return what the user should know of several runs; what holds for all is said once."""
    by_text: dict[str, list[str]] = {}
    for item in results:
        for text in notes(item):
            by_text.setdefault(text, []).append(name(item))
    return [
        text if len(names) == len(results) else f"{'; '.join(names)}: {text}" for text, names in by_text.items()
    ]  # fmt: skip


def notes(result: ExamplesResult) -> list[str]:
    """Return what the user should know of a run."""
    return [_note(item) for item in result.notes]


def _note(item: RunNote) -> str:
    number = item.num_examples
    count = "1 text was" if number == 1 else f"{number:,} texts were"
    text = _NOTES[item.code].format(count=count, number=f"{number:,}")
    return text.replace("and were cut", "and was cut") if number == 1 and item.code == "cut" else text


def miss_rows(found: Sequence[Miss], most: int | None = 20) -> list[tuple[str, ...]]:
    """Return wrong outputs under `MISS_TITLES`, one line a text."""
    shown = found if most is None else found[:most]
    return [
        (_line(item.text), _line(item.expected), NO_ANSWER if item.given is None else _line(item.given),
         str(item.line_id) if item.line_id else "")
        for item in shown
    ]  # fmt: skip


def _line(text: str, most: int = 300) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= most else f"{joined[: most - 3]}..."


def csv_rows(examples: ExampleSet, results: Sequence[ExamplesResult]) -> list[tuple[Cell, ...]]:
    """Return one row an example and candidate, under `CSV_TITLES`; `examples.write` makes the cells safe."""
    return [
        (
            item.line_id or None, item.text, item.answer(), name(result), result.method, output.text,
            None if output.is_right is None else ("yes" if output.is_right else "no"), output.similarity_share,
            output.latency_s, output.num_input_tokens, output.num_output_tokens, "yes" if output.is_cut else "no",
        )
        for result in results
        for item, output in zip(examples.examples, result.outputs, strict=False)
    ]  # fmt: skip


def document(
    results: Sequence[ExamplesResult], pairs: Sequence[Pair], misses: Mapping[str, Sequence[Miss]] | None = None
) -> Document:
    """Return the public JSON of candidates on the same examples.

    Args:
        results: of the candidates.
        pairs: compared.
        misses: wrong outputs by the result's id, where the user wants texts in it; null: no text is in it.
    """
    first = results[0]
    return {
        **head("examples-run"),
        "sentence": heading(results),
        "source": first.source,
        "kind": first.kind,
        "examples_hash": first.examples_hash,
        "num_examples": first.num_examples,
        "candidates": [_candidate(item, None if misses is None else misses.get(item.id, ())) for item in results],
        "comparisons": [_pair(pair, text) for pair, text in zip(pairs, pair_sentences(pairs), strict=False)],
        "remarks": pair_sentences(pairs)[len(pairs) :],
    }


def _candidate(item: ExamplesResult, misses: Sequence[Miss] | None) -> Document:
    score = item.score
    return {
        "id": item.id, "created": item.created, "model": item.model, "format": item.format or None,
        "method": item.method, "scoring": item.scoring, "sentence": accuracy_sentence(item),
        "num_scored": 0 if score is None else score.num_examples,
        "num_right": 0 if score is None else sum(score.right),
        **{
            key: None if score is None or (value := getattr(score, key)) is None else figure(value)
            for key in ("accuracy", "macro_f1", "micro_f1", "token_f1", "similarity")
        },
        "labels": [
            {"label": one.label, "num_examples": one.num_examples, "num_given": one.num_given,
             "num_right": one.num_right}
            for one in (() if score is None else score.labels)
        ],
        "confusions": [
            {"expected": one.expected, "given": one.given, "num_examples": one.num_examples}
            for one in (() if score is None else score.confusions)
        ],
        "time_per_query": figure(item.time_per_query), "rate": figure(item.rate), "load": figure(item.load_time),
        "memory": figure(item.peak_memory), "energy_per_1000_queries": figure(item.energy_per_1000),
        "energy_boundary": item.energy_boundary or None, "size_bytes": item.model_bytes,
        "num_input_tokens": item.num_input_tokens, "num_output_tokens": item.num_output_tokens,
        "num_threads": item.num_threads, "seed": item.seed, "versions": item.versions, "notes": notes(item),
        "misses": None if misses is None else [
            {"text": one.text, "expected": one.expected, "given": one.given, "line": one.line_id or None,
             "similarity": one.similarity_share}
            for one in misses
        ],
    }  # fmt: skip


def _pair(pair: Pair, text: str) -> Document:
    verdict = pair.verdict
    return {
        "smaller": pair.smaller.id, "larger": pair.larger.id, "finding": verdict.finding, "sentence": text,
        "num_examples": verdict.num_examples, "num_right_smaller": verdict.num_right_small,
        "num_right_larger": verdict.num_right_large, "num_only_smaller": verdict.test.num_only_first,
        "num_only_larger": verdict.test.num_only_second, "difference": verdict.difference_share,
        "low": verdict.interval.low_share, "high": verdict.interval.high_share,
        "confidence": verdict.interval.confidence_share, "margin": verdict.margin_share,
        "p": verdict.test.p_share, "test": verdict.test.method, "num_more": verdict.num_more,
    }  # fmt: skip


def _share(item: Quantity) -> str:
    return "no data" if item.value is None else _percent(item.value)


def _interval(item: Quantity) -> str:
    if item.low is None or item.high is None:
        return ""
    return f"{_percent(item.low)} to {_percent(item.high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def _examples(number: int) -> str:
    return "1 example" if number == 1 else f"{number:,} examples"
