"""One thing read from a text, before it becomes a chip; and the constants that turn pages and hours into tokens."""

import msgspec

from advisor.task.source import Source

WORDS_PER_PAGE = 500.0
"""[words] A single-spaced A4 or letter page of running text. Assumption: 450 to 550 at 11 to 12 points."""
TOKENS_PER_WORD = 1.33
"""[tokens] English text: 100 tokens are about 75 words. Source: OpenAI help, "What are tokens and how to count them".
Other languages take more, up to several times for scripts a tokenizer knows badly."""
CHARACTERS_PER_TOKEN = 4.0
"""[characters] English text. Source: the same page."""
WORDS_PER_SENTENCE = 20.0
"""[words] Assumption: plain English guides advise 15 to 20."""
WORDS_PER_PARAGRAPH = 100.0
"""[words] Assumption: five sentences."""
WORDS_PER_LINE = 10.0
"""[words] Assumption: a line of a page or of subtitles."""
WORDS_PER_SPOKEN_MINUTE = 150.0
"""[words/min] Conversational English. Source: usual advice for audiobooks is 150 to 160."""
HOURS_PER_DAY = 24.0
"""[h] A rate per hour is taken round the clock."""
DAYS_PER_WEEK = 7.0
DAYS_PER_MONTH = 30.0
DAYS_PER_YEAR = 365.0

Value = str | int | float | tuple[str, ...]


class Find(msgspec.Struct, frozen=True, kw_only=True):
    """One thing understood."""

    field: str
    """Name of the `TaskSpec` field."""
    value: Value
    label: str
    """What its chip shows."""
    start: int
    """Number of its first token."""
    end: int
    """Number of the token behind its last."""
    note: str = ""
    """One sentence about what was assumed."""


class Taken:
    """The tokens that are already part of a chip; each token belongs to one."""

    def __init__(self) -> None:
        """Start with all tokens free."""
        self._tokens: set[int] = set()
        self.fields: set[str] = set()
        self.finds: list[Find] = []

    def is_free(self, first: int, after: int) -> bool:
        """Tell whether none of the tokens is taken."""
        return self._tokens.isdisjoint(range(first, after))

    def add(self, find: Find, *, again: bool = False) -> bool:
        """Take a find's tokens; returns false when they are taken or the field has a value already.

        Args:
            find: what was read.
            again: the field may have several finds (languages).
        """
        if not self.is_free(find.start, find.end) or (find.field in self.fields and not again):
            return False
        self._tokens.update(range(find.start, find.end))
        self.fields.add(find.field)
        self.finds.append(find)
        return True

    def tokens(self) -> frozenset[int]:
        """Return the taken tokens."""
        return frozenset(self._tokens)


def shown(value: float) -> str:
    """Return a number for a chip: `1,440`, `8.6`, `0.5`."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if value >= 1 else f"{value:.2g}"


def written(source: Source, first: int, after: int) -> str:
    """Return the user's own words from token `first` up to but without `after`."""
    start, end = source.span(first, after)
    return source.text[start:end]
