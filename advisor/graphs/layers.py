"""Kinds of decoder layers, and which of them stand for the whole when only some are built. Pure values."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

Mixer = Literal["attention", "window", "recurrent", "both"]
"""How a layer looks at other tokens: at all of them, at the last ones, by a state, or by a state and all of them."""
Feed = Literal["dense", "experts"]


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """The two halves of a layer."""

    mixer: Mixer = "attention"
    feed: Feed = "dense"

    @property
    def attends(self) -> bool:
        """Whether it keeps keys and values."""
        return self.mixer != "recurrent"

    @property
    def recurs(self) -> bool:
        """Whether it keeps a state."""
        return self.mixer in ("recurrent", "both")


PLAIN = Layer()


def counts(kinds: Sequence[Layer]) -> tuple[tuple[Layer, int], ...]:
    """Return each kind with how many layers are of it."""
    return tuple(Counter(kinds).items())


def spread(num_layers: int, num_rare: int, rare: Mixer, usual: Mixer) -> tuple[Mixer, ...]:
    """Spread the layers of the rarer kind evenly; where exactly they sit changes nothing that is measured."""
    return tuple(
        rare if (index + 1) * num_rare // num_layers != index * num_rare // num_layers else usual
        for index in range(num_layers)
    )


def part(whole: Sequence[Layer], num_layers: int) -> tuple[Layer, ...]:
    """Return a smaller model's layers, mixed as in the whole.

    Dense layers before the first one with experts are all kept: they are the same few whatever the depth. Of the others
    each kind keeps its share, rounded so that the sum is right (largest remainders), and its place.

    Args:
        whole: kinds of all layers.
        num_layers: how many to keep.
    """
    first = _num_leading_dense(whole)
    if num_layers >= len(whole):
        return tuple(whole)
    if num_layers <= first:
        return tuple(whole[:num_layers])
    rest = whole[first:]
    kept = _shares(Counter(rest), num_layers - first)
    chosen = [index for kind, count in kept.items() for index in _evenly(rest, kind, count)]
    return (*whole[:first], *(rest[index] for index in sorted(chosen)))


def period(whole: Sequence[Layer]) -> tuple[int, int]:
    """Return the depths that hold exactly the whole's mix: a first few layers, and any multiple of so many more.

    Args:
        whole: kinds of all layers.

    Returns:
        Dense layers before the first one with experts, and the fewest further layers that hold each kind's share.
    """
    first = _num_leading_dense(whole)
    rest = Counter(whole[first:])
    return first, rest.total() // math.gcd(*rest.values()) if rest else 1


def _num_leading_dense(whole: Sequence[Layer]) -> int:
    sparse = [index for index, layer in enumerate(whole) if layer.feed == "experts"]
    return sparse[0] if sparse else 0


def _shares(kinds: Counter[Layer], num_layers: int) -> dict[Layer, int]:
    total = kinds.total()
    kept = {kind: count * num_layers // total for kind, count in kinds.items()}
    rests = sorted(kinds, key=lambda kind: kinds[kind] * num_layers % total, reverse=True)
    for kind in rests[: num_layers - sum(kept.values())]:
        kept[kind] += 1
    return kept


def _evenly(whole: Sequence[Layer], kind: Layer, count: int) -> list[int]:
    places = [index for index, layer in enumerate(whole) if layer == kind]
    return [places[(2 * turn + 1) * len(places) // (2 * count)] for turn in range(count)]
