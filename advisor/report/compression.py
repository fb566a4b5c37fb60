"""What is said and written of what compression costs: sentences, rows, a table for spreadsheets, the public JSON."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from advisor import units
from advisor.evaluate.compression_plan import (
    LEAST_EFFECT_RATIO,
    LEAST_LANGUAGES,
    CompressionResult,
    LanguageLoss,
    losing,
)
from advisor.evidence import Quantity
from advisor.report import wording
from advisor.report.language import _
from advisor.report.public_parts import Document, head
from advisor.report.table_csv import safe_cell

HEADING = _("What compression costs, language by language")
WHAT = _(
    "The same short sentences are read by the original and by its compressed copy on this computer, and their answers "
    "are held against each other. The sentences say the same in every language, so that languages can be compared."
)
EMPTY = _(
    "Nothing has been measured yet. Measure it above, or in a terminal: model-fit-advisor compression "
    "FOLDER-OF-THE-ORIGINAL FOLDER-OF-THE-COMPRESSED-MODEL"
)
_TITLES = (
    _("Language"), _("Text on the web (0 to 5)"), _("Loss"), _("Against the average"), _("Divergence per token"),
    _("Same first choice"), _("Perplexity ratio"), _("Surprise of the original"),
)  # fmt: skip
_VECTOR_TITLES = (
    _("Language"), _("Text on the web (0 to 5)"), _("Loss (1 - cosine)"), _("Against the average"), _("Cosine"),
    _("Same nearest sentence"), _("Translation found, original"), _("Translation found, compressed"),
)  # fmt: skip
_UNIT_WORDS = {"nat/sentence": _("nats per sentence"), "nat/token": _("nats per token"), "1": _("1 - cosine")}
_COMPARED = {
    "next-token": _("the probabilities of the next token"),
    "token-scores": _("the probabilities at each token"),
    "classes": _("the probabilities of the labels"),
    "embedding": _("the vectors of the sentences"),
    "answers": _("the probabilities along the answer that the original gives"),
}
_FULL_PRECISION = ("fp32",)
_MOST_NAMED = 8
_HARDLY_KNOWN_RATIO = 3.0
"""[1] From here on the original needs so many times the bits of its best language that a loss matters little."""


_LEAST_SENTENCES = 5
_HARDLY_KNOWN_SHARE = 0.5
"""[1] Nor where a vector finds fewer translations than this."""


def titles(result: CompressionResult) -> tuple[str, ...]:
    """Return the titles of the table of languages."""
    if result.kind == "embedding":
        return _VECTOR_TITLES
    return (_TITLES[0], _TITLES[1], f"{_TITLES[2]} ({unit_words(result)})", *_TITLES[3:])


def unit_words(result: CompressionResult) -> str:
    """Return the unit of the loss in words, for an axis."""
    return _UNIT_WORDS[result.average.unit]


def rows(result: CompressionResult, *, marked: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """Return a row a language, the greatest loss first.

    Args:
        result: of one format.
        marked: codes of the user's languages.
    """
    return [_row(result, item, is_marked=item.code in marked) for item in by_loss(result)]


def by_loss(result: CompressionResult) -> list[LanguageLoss]:
    """Return the languages, the greatest loss first."""
    return sorted(result.languages, key=lambda item: -(item.loss.value or 0.0))


def _row(result: CompressionResult, item: LanguageLoss, *, is_marked: bool) -> tuple[str, ...]:
    name = wording.language_name(item.code)
    begin = (_("{name} (yours)").format(name=name) if is_marked else name, str(item.resource_class), _value(item.loss))
    against = _no_data() if item.average_ratio is None else _times(item.average_ratio)
    if item.loses_more:
        against = _("more: {times}").format(times=against)
    if result.kind == "embedding":
        return (*begin, against, _value(item.cosine), _percent(item.agreement), _share(item.translation_share),
                _share(item.compressed_translation_share))  # fmt: skip
    bits = item.bits_per_character
    surprise = _no_data() if bits is None or bits.value is None else f"{units.number(bits.value)} bit/character"
    ratio = _no_data() if item.perplexity_ratio is None else _times(item.perplexity_ratio)
    return (*begin, against, _value(item.divergence), _percent(item.agreement), ratio, surprise)


def _no_data() -> str:
    return units.NO_DATA


def _value(item: Quantity | None) -> str:
    """Return a value with its interval, without the unit, which the column's title says."""
    if item is None or item.value is None:
        return units.NO_DATA
    if item.low is None or item.high is None:
        return units.number(item.value)
    return f"{units.number(item.value)} ({units.number(item.low)} to {units.number(item.high)})"


def _times(item: Quantity) -> str:
    return f"{_value(msgspec.structs.replace(item, unit='1'))} x"


def _percent(item: Quantity) -> str:
    if item.value is None:
        return units.NO_DATA
    if item.low is None or item.high is None:
        return f"{item.value:.0%}"
    return f"{item.value:.0%} ({item.low:.0%} to {item.high:.0%})"


def _share(value: float | None) -> str:
    return units.NO_DATA if value is None else f"{value:.0%}"


def summary(result: CompressionResult) -> str:
    """Return what compression costs over all languages, in one sentence or two."""
    what = _("{model} in {format} against {reference}: {compared}, on {num} sentences in each of {languages}.").format(
        model=result.model, format=wording.format_label(result.format),
        reference=wording.format_label(result.reference_format), compared=_COMPARED[result.kind],
        num=result.num_sentences, languages=_languages(len(result.languages)),
    )  # fmt: skip
    if result.kind == "embedding":
        found = _("Mean cosine {cosine}; the same nearest sentence for {agreement}.").format(
            cosine=_value(result.cosine), agreement=_percent(result.agreement)
        )
    else:
        found = _("Mean divergence {divergence}; the same first choice in {agreement}.").format(
            divergence="" if result.divergence is None else units.quantity(result.divergence),
            agreement=_percent(result.agreement),
        )
    if result.perplexity_ratio is not None:
        found += " " + _("Perplexity is {ratio} that of the original.").format(ratio=_times(result.perplexity_ratio))
    size = result.size_bytes / result.reference_size_bytes if result.reference_size_bytes else 1.0
    return f"{what} {found} " + _("It takes {share:.0%} of the original's bytes.").format(share=size)


def _languages(number: int) -> str:
    return _("1 language") if number == 1 else _("{number} languages").format(number=number)


def losing_sentence(result: CompressionResult) -> str:
    """Return which languages lose more than the average with confidence, in one sentence."""
    if all(item.average_ratio is None for item in result.languages):
        return _("With fewer than {least} languages there is no average to hold one against.").format(
            least=LEAST_LANGUAGES
        )
    found = losing(result.languages)
    least = f"{LEAST_EFFECT_RATIO:g}"
    if not found:
        return _(
            "No language surely loses {least} times the average or more (all intervals hold together with 95 %)."
        ).format(least=least)
    return _(
        "These lose more than the average of all languages, with confidence: {names} (at least {least} times the "
        "average, and all intervals hold together with 95 %)."
    ).format(names=losing_names(result), least=least)


def losing_names(result: CompressionResult) -> str:
    """Return the languages that surely lose more than the average, each with how many times as much; or empty."""
    found = losing(result.languages)
    named = [
        f"{wording.language_name(item.code)} ({units.number(item.average_ratio.value or 0.0)} times)"
        for item in found[:_MOST_NAMED]
        if item.average_ratio is not None
    ]
    more = len(found) - len(named)
    if more:
        named.append(_("{number} more").format(number=more))
    return wording.listed(tuple(named))


def notes(result: CompressionResult) -> list[str]:
    """Return what the figures do not tell, one sentence each."""
    found = []
    if result.num_sentences_left_out:
        found.append(
            _("There was time for {num} of {all} sentences of each language; the intervals are wider for it.").format(
                num=result.num_sentences, all=result.num_sentences + result.num_sentences_left_out
            )
        )
    if not result.reference_format.endswith(_FULL_PRECISION):
        found.append(
            _("The original is itself stored as {format}: what that cost is not in these figures.").format(
                format=wording.format_label(result.reference_format)
            )
        )
    found += _hardly_known(result)
    if (result.repeated.value or 0.0) > 0.01 * (result.average.value or 0.0):
        found.append(_("The original does not answer the same twice; part of the loss is that."))
    found.append(
        _(
            "The sentences are simple, few, and written by a language model without a native speaker's check; the "
            "intervals cover the chance of these sentences, not other kinds of text."
        )
    )
    return found


def _hardly_known(result: CompressionResult) -> list[str]:
    """Return what tells that the original is no good in a language, so that what it loses there matters little."""
    by_bits = [item.code for item in result.languages if (item.bits_ratio or 0.0) >= _HARDLY_KNOWN_RATIO]
    by_translation = [
        item.code for item in result.languages
        if item.translation_share is not None and item.translation_share < _HARDLY_KNOWN_SHARE
        and item.num_sentences >= _LEAST_SENTENCES
    ]  # fmt: skip
    found = []
    if by_bits:
        found.append(
            _(
                "The original itself hardly knows {names}: for the same sentences it needs {ratio:g} times the bits of "
                "its best language, or more."
            ).format(names=_named(by_bits), ratio=_HARDLY_KNOWN_RATIO)
        )
    if by_translation:
        found.append(
            _(
                "The original itself hardly knows {names}: of under half of the sentences there it finds the English "
                "translation."
            ).format(names=_named(by_translation))
        )
    return found


def _named(codes: Sequence[str]) -> str:
    """Return languages in words, the first of many."""
    names = [wording.language_name(code) for code in codes[:_MOST_NAMED]]
    if len(codes) > _MOST_NAMED:
        names.append(_("{number} more").format(number=len(codes) - _MOST_NAMED))
    return wording.listed(tuple(names))


def sentences(result: CompressionResult) -> list[str]:
    """Return everything that is said of a result, the weightiest first."""
    return [summary(result), losing_sentence(result), *notes(result)]


def progress(detail: str, done_share: float) -> str:
    """Return what stands beside the bar.

    Args:
        detail: of the job: a language's code while it measures.
        done_share: [1] 0 to 1.
    """
    name = wording.language_name(detail) if done_share > 0 else detail
    return _("Comparing: {name}").format(name=name)


def document(results: Sequence[CompressionResult]) -> Document:
    """Return the public JSON."""
    return {
        **head("compression"),
        "results": [{**_plain(result), "sentences": sentences(result)} for result in results],
    }


def _plain(result: CompressionResult) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(result)
    return found


_CSV_FIGURES = (
    "loss", "average_ratio", "divergence", "agreement", "perplexity_ratio", "bits_per_character",
    "added_bits_per_character", "cosine",
)  # fmt: skip


def table_csv(results: Sequence[CompressionResult]) -> str:
    """Return one line a format and language, for spreadsheets: plain numbers, the interval beside each."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    figures = [f"{name}{end}" for name in _CSV_FIGURES for end in ("", "_low", "_high", "_unit")]
    writer.writerow([
        "model", "format", "reference_format", "language", "resource_class", "sentences", "tokens", "characters",
        "bytes", *figures, "translation_share", "compressed_translation_share", "loses_more",
    ])  # fmt: skip
    for result in results:
        for item in by_loss(result):
            cells: list[Any] = [
                result.model, result.format, result.reference_format, item.code, item.resource_class,
                item.num_sentences, item.num_tokens, item.num_characters, item.size_bytes,
            ]  # fmt: skip
            for name in _CSV_FIGURES:
                figure: Quantity | None = getattr(item, name)
                cells += [None] * 4 if figure is None else [figure.value, figure.low, figure.high, figure.unit]
            cells += [item.translation_share, item.compressed_translation_share, "yes" if item.loses_more else "no"]
            writer.writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()
