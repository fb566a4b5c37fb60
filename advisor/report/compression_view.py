"""What compression costs, as a report and the window show it. Pure values."""

import msgspec

from advisor.evidence import Quantity


class LossPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language in one format."""

    code: str
    loss: Quantity
    loses_more: bool
    """Surely more than the average of this format."""


class FormatLosses(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One format of the model."""

    format: str
    label: str
    average: Quantity
    points: tuple[LossPoint, ...]
    """In the order of `CompressionSeries.codes`; languages that were not read are left out."""


class CompressionSeries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model's formats, language by language."""

    model: str
    axis: str
    """Title of the axis, with the unit."""
    codes: tuple[str, ...]
    """Languages, the greatest loss first."""
    names: tuple[str, ...]
    """In the same order, as they stand on the axis."""
    yours: tuple[str, ...]
    """Codes of the user's languages."""
    formats: tuple[FormatLosses, ...]
    """The one that loses most first."""
    summary: str
    """Two sentences that say what the plot shows."""


class CompressionTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of one format, with its table of languages."""

    title: str
    sentences: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class CompressionView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What compression costs one model, as a report shows it."""

    series: CompressionSeries
    tables: tuple[CompressionTable, ...]
