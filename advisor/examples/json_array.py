"""Reads a JSON array item by item, however large: only one item is in memory at a time."""

import json
from collections.abc import Iterator

from advisor.errors import AdvisorError
from advisor.examples.model import SkipReason
from advisor.examples.source import MAX_LINE_BYTES, damaged

_BLANKS = " \t\r\n"


class Broken:
    """Stands for an item that cannot be read."""

    def __init__(self, reason: SkipReason) -> None:
        self.reason: SkipReason = reason


def items(chunks: Iterator[str], source: str) -> Iterator[tuple[int, object]]:
    """Yield the items of an array with their places, from 1.

    Args:
        chunks: the text, in pieces.
        source: name of the file, for messages.

    Raises:
        InvalidFileError: `examples-json`: not an array of JSON values; damage in an array hides where the next item is.
    """
    reader = _Reader(chunks, source)
    reader.expect("[")
    place = 0
    if reader.peek() == "]":
        return
    while True:
        place += 1
        yield place, reader.value(place)
        mark = reader.peek()
        if mark not in (",", "]"):
            raise reader.wrong(f"after item {place} there is neither a comma nor the end of the array")
        reader.expect(mark)
        if mark == "]":
            break
    if reader.peek():
        raise reader.wrong("text follows the end of the array")


class _Reader:
    """A window over the text that moves on."""

    def __init__(self, chunks: Iterator[str], source: str) -> None:
        self._chunks, self._source = chunks, source
        self._text, self._at, self._line = "", 0, 1
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """Return the next character that is not a blank, or an empty text at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANKS:
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def expect(self, mark: str) -> None:
        if self.peek() != mark:
            raise self.wrong(f"{mark!r} is missing")
        self._at += 1

    def value(self, place: int) -> object:
        self.peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise self.wrong(f"item {place} is nested too deep") from error
            except ValueError as error:
                if len(self._text) - self._at > MAX_LINE_BYTES:
                    raise self.wrong(f"item {place} is not valid JSON or longer than 4 MiB") from error
                if not self._more(at_least=len(self._text) - self._at):
                    raise self.wrong(f"item {place} is not valid JSON or is cut off") from error
                continue
            if end == len(self._text) and not isinstance(found, dict | list | str) and self._more():
                continue  # a number may go on in the next piece
            self._at = end
            return found

    def wrong(self, what: str) -> AdvisorError:
        line = self._line + self._text.count("\n", 0, self._at)
        return damaged(
            "examples-json",
            f"{self._source}, line {line}: {what}.",
            'Write an array of objects such as {"text": "...", "label": "..."}.',
            line=line,
        )

    def _more(self, at_least: int = 1) -> bool:
        """Let go of what was read and take at least so many characters more; false at the end."""
        self._line += self._text.count("\n", 0, self._at)
        parts, number = [self._text[self._at :]], 0
        self._at = 0
        for chunk in self._chunks:
            parts.append(chunk)
            number += len(chunk)
            if number >= at_least:
                break
        self._text = "".join(parts)
        return number > 0
