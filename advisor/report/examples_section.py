"""The report's section on the last run of the user's own examples, as the blocks that every format sets."""

from collections.abc import Sequence

from advisor.evaluate import examples_compare
from advisor.evaluate.examples_plan import ExamplesResult, smallest_first
from advisor.report import examples_run as words
from advisor.report.energy_tables import Block, Table
from advisor.report.examples_view import ExamplesView
from advisor.report.model import ReportDocument

TITLE = "On your own examples"
_WIDTHS = (2.2, 1.6, 1.4, 0.9, 1.6, 0.9)


def last_run(results: Sequence[ExamplesResult]) -> tuple[ExamplesResult, ...]:
    """Return the results on the same examples as the newest one, each candidate once, the smallest first.

    Args:
        results: of one computer, newest first.
    """
    newest: dict[tuple[str, str, str], ExamplesResult] = {}
    for item in results:
        if item.examples_hash == results[0].examples_hash:
            newest.setdefault((item.model, item.format, item.method), item)
    return smallest_first(tuple(newest.values())[: examples_compare.MOST_CANDIDATES])


def view(results: Sequence[ExamplesResult]) -> ExamplesView | None:
    """Return what a report says of them; null without any."""
    if not results:
        return None
    pairs = words.pair_sentences(examples_compare.compare(results))
    return ExamplesView(
        sentence=f"{words.heading(results)}.", created=max(item.created for item in results), verdicts=tuple(pairs),
        titles=words.TITLES, rows=tuple(words.rows(results)), notes=tuple(words.all_notes(results)),
    )  # fmt: skip


def blocks(document: ReportDocument) -> tuple[Block, ...]:
    """Return the section's parts; empty where no run is to be shown."""
    found = document.examples
    if found is None:
        return ()
    table = Table(titles=found.titles, rows=found.rows, width_ratio=_WIDTHS[: len(found.titles)])
    return (Block(sentences=(found.sentence, *found.verdicts), tables=(table,), points=found.notes),)
