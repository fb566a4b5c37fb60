"""A text cut into words that remember where they stand. Numbers become digits, spelling slips are mended later."""

import re
import unicodedata

import msgspec

# Python's \w leaves out the vowel signs of Indic and South-East Asian scripts.
_LETTER = (
    r"(?:[^\W\d_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0981-\u09cd\u0a01-\u0a4d\u0a81-\u0acd"
    r"\u0b01-\u0b57\u0b82-\u0bcd\u0c00-\u0c56\u0c81-\u0cd6\u0d00-\u0d57\u0d81-\u0ddf\u0e31-\u0e4e\u0eb1-\u0ece\u0f18-\u0fbc"
    r"\u102b-\u103e\u17b4-\u17d3\u200c\u200d])"
)
_PIECE = re.compile(
    r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d.,]*\d)"  # 1 500
    r"|\d+(?:[.,]\d+)*"
    rf"|{_LETTER}+(?:['\u2019]{_LETTER}+)*\d*"
    r"|<->|\u2194|->|=>|\u2192|<=|[<>\u2264.,;:!?/()\u00d7+=&-]"
)
_ACCENTS = dict.fromkeys(range(0x300, 0x370))


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One word, number or sign."""

    raw: str
    """As written."""
    norm: str
    """Lower case, without accents and apostrophes; a number as plain digits."""
    start: int
    """Offset of its first character in the text."""
    end: int
    """Offset behind its last character."""
    value: float | None = None
    """Its value when it is a number."""


def fold(word: str) -> str:
    """Return a word in lower case, without Latin accents and apostrophes; other scripts keep their marks."""
    lowered = word.lower().replace("'", "").replace("\u2019", "")
    if lowered.isascii():
        return lowered
    plain = unicodedata.normalize("NFD", lowered).translate(_ACCENTS)
    return plain if plain.isascii() else unicodedata.normalize("NFC", lowered)


def split(text: str) -> tuple[Token, ...]:
    """Cut a text into tokens, in order, without overlap; white space and unknown signs fall away."""
    return tuple(
        Token(raw=found[0], norm=fold(found[0]), start=found.start(), end=found.end())
        for found in _PIECE.finditer(text)
    )
