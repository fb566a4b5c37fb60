"""Numbers in words and digits: `1,500`, `1 500`, `1.5k`, `two hundred`, `a dozen`, `20-30` (the larger counts)."""

import re
from collections.abc import Sequence

from advisor.task.token import Token

_SMALL = {
    word: float(value)
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10.0 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {"hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "k": 1e3, "mio": 1e6, "bn": 1e9}
_ALONE = {
    "dozen": 12.0, "dozens": 24.0, "couple": 2.0, "half": 0.5, "hundreds": 300.0, "thousands": 3e3, "millions": 3e6,
}  # fmt: skip
LARGEST = 1e15
"""A number beyond this is no count of anything a user has; it is read as this."""


def digits(raw: str) -> float | None:
    """Return the value of a number written in digits, or null.

    A comma or point followed by exactly three digits groups thousands; any other single one marks decimals, so
    `1,500` and `1.500` are 1500, `1,5` and `1.5` are 1.5 and `0.125` is 0.125.
    """
    plain = re.sub(r"[ \u00a0\u202f]", "", raw)
    if not plain.replace(".", "").replace(",", "").isdecimal():
        return None
    if not plain.startswith("0") and re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", plain):
        return _bounded(float(re.sub(r"[.,]", "", plain)))
    if len(re.findall(r"[.,]", plain)) <= 1:
        return _bounded(float(plain.replace(",", ".")))
    whole, _, decimals = plain.rpartition("." if plain.rfind(".") > plain.rfind(",") else ",")
    return _bounded(float(re.sub(r"[.,]", "", whole) + "." + decimals))


def _bounded(value: float) -> float:
    return min(value, LARGEST)


def merge(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Join the tokens of each number into one token with its value; a range becomes its upper end.

    Args:
        tokens: as `token.split` gives them.
    """
    joined: list[Token] = []
    at = 0
    while at < len(tokens):
        value, end = _number(tokens, at)
        if value is None:
            joined.append(tokens[at])
            at += 1
            continue
        upper, after = _range_end(tokens, end, value)
        joined.append(_joined(tokens[at:after], upper))
        at = after
    return tuple(joined)


def _joined(part: Sequence[Token], value: float) -> Token:
    return Token(
        raw=" ".join(token.raw for token in part),
        norm=plain(value),
        start=part[0].start,
        end=part[-1].end,
        value=value,
    )


def plain(value: float) -> str:
    """Return a number as plain digits, no exponent: `1500`, `0.5`."""
    return f"{value:.0f}" if value == int(value) else f"{value:.6f}".rstrip("0").rstrip(".")


def _range_end(tokens: Sequence[Token], end: int, value: float) -> tuple[float, int]:
    if end + 1 < len(tokens) and tokens[end].norm in {"-", "\u2013", "to", "or"}:
        upper, after = _number(tokens, end + 1)
        if upper is not None and value < upper <= 10 * max(value, 1):
            return upper, after
    return value, end


def _number(tokens: Sequence[Token], at: int) -> tuple[float | None, int]:
    word = tokens[at].norm
    if word[:1].isdecimal():
        return _with_scale(tokens, at, digits(tokens[at].raw))
    if word in {"a", "an"} and at + 1 < len(tokens) and tokens[at + 1].norm in {*_SCALES, "dozen", "couple", "half"}:
        return _words(tokens, at + 1)
    return _words(tokens, at)


def _with_scale(tokens: Sequence[Token], at: int, value: float | None) -> tuple[float | None, int]:
    if value is None:
        return None, at
    end = at + 1
    while end < len(tokens) and (factor := _scale(tokens, end)) is not None:
        value, end = _bounded(value * factor), end + 1
    return value, end


def _scale(tokens: Sequence[Token], at: int) -> float | None:
    token = tokens[at]
    glued = token.start == tokens[at - 1].end
    if token.raw == "M" and glued:
        return 1e6
    if token.norm == "k" and not glued and token.raw != "k":
        return None
    return _SCALES.get(token.norm)


def _words(tokens: Sequence[Token], at: int) -> tuple[float | None, int]:
    """Read `two hundred and fifty thousand`; `hundreds of` and `a couple of` take their `of` along."""
    total = current = 0.0
    end = at
    while end < len(tokens):
        word = tokens[end].norm
        if word in _SMALL or word in _TENS:
            current += _SMALL.get(word, 0.0) + _TENS.get(word, 0.0)
        elif word in _SCALES and word != "k":
            current = max(current, 1.0) * _SCALES[word]
            if _SCALES[word] > 100:
                total, current = total + current, 0.0
        elif word in _ALONE:
            current = max(current, 1.0) * _ALONE[word]
        elif not (end > at and word in {"and", "-"} and _continues(tokens, end)):
            break
        end += 1
    if end == at:
        return None, at
    if end < len(tokens) and tokens[end].norm == "of" and tokens[end - 1].norm in _ALONE:
        end += 1
    return _bounded(total + current), end


def _continues(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether `and` or a hyphen joins two words of one number: `hundred and five`, `twenty-five`."""
    if at + 1 >= len(tokens):
        return False
    before, after = tokens[at - 1].norm, tokens[at + 1].norm
    if tokens[at].norm == "and":
        return before in {"hundred", "thousand"} and (after in _SMALL or after in _TENS)
    return before in _TENS and after in _SMALL
