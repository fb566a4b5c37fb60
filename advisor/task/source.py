"""The text as every reader sees it: one line of plain words, and the way back to the user's own characters."""

import bisect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from advisor.task import numbers, token
from advisor.task.token import Token

_RATE_WORDS = frozenset(
    [
        "day",
        "days",
        "d",
        "hour",
        "hours",
        "h",
        "hr",
        "week",
        "weeks",
        "wk",
        "month",
        "months",
        "mo",
        "year",
        "minute",
        "minutes",
        "min",
        "second",
        "seconds",
        "sec",
        "s",
        "query",
        "file",
        "image",
        "frame",
        "document",
        "request",
        "user",
        "text",
        "page",
        "prompt",
    ]
)
_DROPPED = frozenset(["-", "(", ")", "&", "+", "="])
_ARROWS = {"\u2194": "<->", ">": "->", "=>": "->", "\u2192": "->", "\u2264": "<", "<=": "<", "\u00d7": "x"}
NUMBER = r"(\d+(?:\.\d+)?)"
"""Regular expression of a number in the plain line."""


class Source:
    """A text, its tokens, and the plain line that patterns are matched against."""

    def __init__(self, text: str, tokens: tuple[Token, ...], words: Sequence[str]) -> None:
        """Build the plain line.

        Args:
            text: the user's words.
            tokens: their tokens, in order.
            words: what stands for each token in the plain line.
        """
        self.text = text
        self.tokens = tokens
        self.line = "".join(f"{word} " for word in words)
        self._starts = [0, *itertools.accumulate(len(word) + 1 for word in words)][: len(words)]

    def with_words(self, words: Mapping[int, str]) -> "Source":
        """Return the same text with other words in the plain line, for instance a mark for each language.

        Args:
            words: number of a token, and the word that stands for it.
        """
        return Source(self.text, self.tokens, [words.get(at, item.norm) for at, item in enumerate(self.tokens)])

    def find(self, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], int, int]]:
        """Yield each match with the numbers of its first token and of the token behind its last."""
        for found in pattern.finditer(self.line):
            first, after = self.range(found.start(), found.end())
            if after > first:
                yield found, first, after

    def range(self, start: int, end: int) -> tuple[int, int]:
        """Return the tokens that a piece of the plain line covers: the first, and the one behind the last."""
        piece = self.line[start:end]
        end -= len(piece) - len(piece.rstrip())
        if end <= start:
            return 0, 0
        return bisect.bisect_right(self._starts, start) - 1, bisect.bisect_left(self._starts, end)

    def span(self, first: int, after: int) -> tuple[int, int]:
        """Return the offsets in the text of the tokens from `first` up to but without `after`."""
        return self.tokens[first].start, self.tokens[after - 1].end


def cut(text: str, mend: Callable[[str], str]) -> Source:
    """Cut a text into tokens, join numbers and mend spelling.

    Args:
        text: the user's words.
        mend: returns a word as it was probably meant.
    """
    kept = [item for item in numbers.merge(token.split(text)) if item.norm not in _DROPPED]
    tokens = tuple(
        item if item.value is not None else msgspec.structs.replace(item, norm=_plain(kept, index, mend))
        for index, item in enumerate(kept)
    )
    return Source(text, tokens, [item.norm for item in tokens])


def _plain(tokens: list[Token], index: int, mend: Callable[[str], str]) -> str:
    word = tokens[index].norm
    if word == "/":
        after = tokens[index + 1].norm if index + 1 < len(tokens) else ""
        return "per" if after in _RATE_WORDS else "/"
    return _ARROWS.get(word) or mend(word)
