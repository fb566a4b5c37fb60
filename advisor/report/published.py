"""Published energy figures beside ours: means of the task, the models a report shows, others; never mixed with ours."""

from collections.abc import Iterable

from advisor.recommend.comparison import Comparison, Point, row_point
from advisor.recommend.published import of_model
from advisor.report import wording
from advisor.report.energy_model import EnergySection
from advisor.report.language import _
from advisor.report.model import Published

TITLES = ("Figure", "Energy per 1,000 queries", "Official stars", "Hardware", "Tested with, sizes of a query", "Source")


def published_for(models: Iterable[str], compared: Comparison | None = None) -> tuple[Published, ...]:
    """Return published figures, each once: those laid beside ours, then the others of the named models.

    Args:
        models: catalog ids, `owner/name`.
        compared: ours beside published figures of the task.
    """
    points = [point for point in compared.points if point.kind != "ours"] if compared is not None else []
    points += [row_point(item, "same-model") for model in dict.fromkeys(models) for item in of_model(model)]
    return tuple(dict.fromkeys(map(_published, points)))


def _published(point: Point) -> Published:
    return Published(
        model=point.label, task=point.sizes, energy=point.energy, test_date=point.cohort, source=point.source,
        hardware=point.hardware, stars=point.stars,
    )  # fmt: skip


def own_rows(section: EnergySection | None) -> list[tuple[str, ...]]:
    """Return the rows of this computer for the table of published figures; they never have stars."""
    if section is None or section.published is None:
        return []
    return [
        (point.label, wording.figure(point.energy), "", point.hardware, point.sizes, _("this computer"))
        for point in section.published.points
        if point.kind == "ours"
    ]


def cells(item: Published) -> tuple[str, ...]:
    """Return one published figure as a row below `TITLES`."""
    tested = ", ".join(part for part in (item.test_date, item.task) if part)
    source = "" if item.source in tested else item.source
    return (item.model, wording.figure(item.energy), stars(item.stars), item.hardware, tested, source)


def stars(number: int | None) -> str:
    """Return official stars in words; empty where there are none."""
    return "" if number is None else _("{number} of 5 in its cohort").format(number=number)
