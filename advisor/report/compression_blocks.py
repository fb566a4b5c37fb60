"""The report's section on what compression costs, as the blocks that every format sets."""

from advisor.report.compression import HEADING, WHAT
from advisor.report.energy_tables import Block, Table
from advisor.report.model import ReportDocument

TITLE = HEADING
_WIDTHS = (1.5, 0.7, 1.5, 1.5, 1.5, 1.3, 1.5, 1.1)


def blocks(document: ReportDocument) -> tuple[Block, ...]:
    """Return the section's parts; empty where nothing was measured of the models that the report shows."""
    found = [Block(sentences=(WHAT,))] if document.compression else []
    for number, item in enumerate(document.compression, 1):
        found.append(Block(title=item.series.model, figure=f"compression-{number}"))
        for table in item.tables:
            first, *rest = table.sentences
            found.append(
                Block(
                    title=table.title,
                    sentences=(first,),
                    tables=(Table(titles=table.titles, rows=table.rows, width_ratio=_WIDTHS[: len(table.titles)]),),
                    points=tuple(rest),
                )
            )
    return tuple(found)
