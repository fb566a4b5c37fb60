"""What was measured here of a candidate's compression, and whether the user's languages lose more than others."""

from collections.abc import Iterable, Iterator, Sequence

from advisor import units
from advisor.catalog import formats
from advisor.errors import NotFoundError
from advisor.evaluate.compression_plan import LEAST_EFFECT_RATIO, CompressionResult, LanguageLoss, losing
from advisor.recommend.wording import language_name, listed


def result_of(results: Iterable[CompressionResult], model: str, format_id: str) -> CompressionResult | None:
    """Return what was measured of a model in a format, the newest; null where nothing was.

    Args:
        results: the newest first.
        model: its id.
        format_id: of the catalog.
    """
    return next((item for item in results if item.model == model and item.format == format_id), None)


def warnings(
    results: Sequence[CompressionResult], model: str, format_id: str, wanted: Sequence[str]
) -> Iterator[str]:  # fmt: skip
    """Yield a sentence where the user's languages surely lose more than the average of all languages.

    Args:
        results: measured on this computer, the newest first.
        model: of the candidate.
        format_id: of the candidate.
        wanted: codes of the user's languages.
    """
    found = result_of(results, model, format_id)
    if found is None:
        return
    hurt = [item for item in losing(found.languages) if item.code in wanted]
    if not hurt:
        return
    told = listed(tuple(_named(item) for item in hurt))
    yield (
        f"Measured here: in {_label(format_id)} it loses more in {told} than in the average of "
        f"{len(found.languages)} languages (a warning from {LEAST_EFFECT_RATIO:g} times on). "
        f"{_advice(results, found, hurt)}"
    )


def _named(item: LanguageLoss) -> str:
    ratio = item.average_ratio
    if ratio is None or ratio.value is None or ratio.low is None or ratio.high is None:
        return language_name(item.code)
    span = f"{units.number(ratio.low)} to {units.number(ratio.high)}"
    return f"{language_name(item.code)} ({units.number(ratio.value)} times as much, {span})"


def _advice(
    results: Sequence[CompressionResult], found: CompressionResult, hurt: Sequence[LanguageLoss]
) -> str:  # fmt: skip
    """Return what to do: the format that loses least in these languages, of those measured; else one with more bits."""
    codes = {item.code for item in hurt}
    same = [other for other in results if other.model == found.model and other.kind == found.kind]
    same = [other for other in same if codes <= {item.code for item in other.languages}]
    best = min(same, key=lambda other: _loss(other, codes))
    own, least = _loss(found, codes), _loss(best, codes)
    if best.format != found.format and 0 <= least < own / LEAST_EFFECT_RATIO:
        return (
            f"{_label(best.format)} loses {100 * least / own:.0f} % of that there. Try it on your own examples first."
        )
    return "Try it on your own examples first, or choose a format with more bits."


def _loss(result: CompressionResult, codes: set[str]) -> float:
    return sum(item.loss.value or 0.0 for item in result.languages if item.code in codes)


def _label(format_id: str) -> str:
    try:
        return formats.by_id(format_id).label
    except NotFoundError:
        return format_id
