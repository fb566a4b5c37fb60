"""One input of a user's ONNX file, as it is made. Pure values."""

from typing import Literal

import msgspec

FileFill = Literal["ids", "ones", "zeros", "constant", "positions", "normal", "pixels", "bytes", "empty"]
"""How an input is filled: numbers below a limit, ones, zeros, one number, 0 1 2 ..., a standard normal distribution,
0 to 1, 0 to 255, empty texts."""


class FileFeed(msgspec.Struct, frozen=True, kw_only=True):
    """One input as it is made."""

    name: str
    data_type: str
    shape: tuple[int, ...]
    fill: FileFill
    limit: int = 0
    """Of `ids`: drawn below it; of `constant`: the number itself."""
    why: str
    """One phrase: where the values' kind comes from."""
