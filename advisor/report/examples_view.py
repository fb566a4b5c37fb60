"""What a report holds of the last run on the user's own examples: words and figures, no text of an example."""

import msgspec


class ExamplesView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Candidates on the user's own examples."""

    sentence: str
    created: str
    """ISO 8601, UTC, of the newest result."""
    verdicts: tuple[str, ...]
    """Is the smaller one enough: one sentence a pair."""
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
