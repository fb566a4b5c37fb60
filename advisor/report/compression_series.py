"""What compression costs as a plot and a section: loss per language and format, for the window and the report alike."""

from collections.abc import Iterable, Sequence

from advisor.evaluate.compression_plan import LEAST_EFFECT_RATIO, CompressionResult, LanguageLoss
from advisor.report import compression as words
from advisor.report import wording
from advisor.report.compression_view import (
    CompressionSeries,
    CompressionTable,
    CompressionView,
    FormatLosses,
    LossPoint,
)
from advisor.report.language import _

MAX_FORMATS = 4
"""Of one model in a plot: more marks on a line cannot be told apart."""


def newest(results: Iterable[CompressionResult]) -> tuple[tuple[CompressionResult, ...], ...]:
    """Return the newest result of each format, those of one model together.

    Args:
        results: the newest first. Of a model that was compared in two ways only the newest way is shown: vectors and
            scores have no unit in common.
    """
    groups: dict[str, dict[str, CompressionResult]] = {}
    for item in results:
        group = groups.setdefault(item.model, {})
        first = next(iter(group.values()), item)
        if (first.kind, first.average.unit) == (item.kind, item.average.unit):
            group.setdefault(item.format, item)
    return tuple(tuple(group.values())[:MAX_FORMATS] for group in groups.values())


def series(results: Sequence[CompressionResult], *, yours: Sequence[str] = ()) -> CompressionSeries:
    """Return the plot of one model's formats.

    Args:
        results: one for each format, of one model and in one unit; at least one.
        yours: codes of the user's languages.
    """
    ordered = sorted(results, key=lambda item: -(item.average.value or 0.0))
    codes = _codes(ordered)
    known = tuple(code for code in codes if code in yours)
    return CompressionSeries(
        model=ordered[0].model, axis=_axis(ordered[0]), codes=codes,
        names=tuple(_("{name} (yours)").format(name=name) if code in known else name
                    for code, name in ((code, wording.language_name(code)) for code in codes)),
        yours=known, formats=tuple(_format(item, codes) for item in ordered), summary=_summary(ordered, known),
    )  # fmt: skip


def view(results: Sequence[CompressionResult], *, yours: Sequence[str] = ()) -> CompressionView:
    """Return what a report shows of one model; arguments as `series`."""
    drawn = series(results, yours=yours)
    by_format = {item.format: item for item in results}
    tables = []
    for item in drawn.formats:
        found = by_format[item.format]
        tables.append(
            CompressionTable(
                title=f"{found.model}, {item.label}",
                sentences=tuple(words.sentences(found)),
                titles=words.titles(found),
                rows=tuple(words.rows(found, marked=yours)),
            )
        )
    return CompressionView(series=drawn, tables=tuple(tables))


def views(
    results: Sequence[CompressionResult], models: Sequence[str], *, yours: Sequence[str] = ()
) -> tuple[CompressionView, ...]:  # fmt: skip
    """Return what a report shows of some models, in their order; those that were not measured are left out.

    Args:
        results: the newest first.
        models: ids.
        yours: codes of the user's languages.
    """
    groups = {group[0].model: group for group in newest(results)}
    return tuple(view(groups[model], yours=yours) for model in models if model in groups)


def _codes(results: Sequence[CompressionResult]) -> tuple[str, ...]:
    """Return all languages, the greatest mean loss first."""
    losses: dict[str, list[float]] = {}
    for item in results:
        for language in item.languages:
            losses.setdefault(language.code, []).append(language.loss.value or 0.0)
    return tuple(sorted(losses, key=lambda code: -sum(losses[code]) / len(losses[code])))


def _axis(result: CompressionResult) -> str:
    if result.kind == "embedding":
        return _("Loss: 1 - cosine of a sentence's vectors")
    return _("Loss: divergence from the original ({unit})").format(unit=words.unit_words(result))


def _format(result: CompressionResult, codes: Sequence[str]) -> FormatLosses:
    known: dict[str, LanguageLoss] = {item.code: item for item in result.languages}
    return FormatLosses(
        format=result.format, label=wording.format_label(result.format), average=result.average,
        points=tuple(
            LossPoint(code=code, loss=known[code].loss, loses_more=known[code].loses_more)
            for code in codes
            if code in known
        ),
    )  # fmt: skip


def _summary(results: Sequence[CompressionResult], yours: Sequence[str]) -> str:
    hurt = [(item, words.losing_names(item)) for item in results]
    if len(results) == 1 or not any(names for _item, names in hurt):
        told = " ".join(dict.fromkeys(words.losing_sentence(item) for item in results))
    else:
        parts = [
            f"{wording.format_label(item.format)}: {names or _('none, as far as can be told')}" for item, names in hurt
        ]
        told = _("With confidence, {least} times the average or more is lost by these. {parts}.").format(
            least=f"{LEAST_EFFECT_RATIO:g}", parts=". ".join(parts)
        )
    return f"{told} {_yours(results, yours)}".strip()


def _yours(results: Sequence[CompressionResult], yours: Sequence[str]) -> str:
    if not yours:
        return ""
    named = wording.listed(tuple(wording.language_name(code) for code in yours))
    codes = {item.code for result in results for item in result.languages if item.loses_more and item.code in yours}
    if not codes:
        return _("Of your languages, {names}, none surely does.").format(names=named)
    losers = wording.listed(tuple(wording.language_name(code) for code in yours if code in codes))
    return _("Of your languages, {names}: {losers}.").format(names=named, losers=losers)
