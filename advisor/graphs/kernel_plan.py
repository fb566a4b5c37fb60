"""Which kernels a calibration measures, at which sizes: from the caches of the processor. Pure."""

import math

import msgspec

from advisor.graphs.kernel_case import (
    LENGTHS,
    ROWS,
    STORAGES,
    Caches,
    Convolutions,
    DecoderAttention,
    Elements,
    KernelCase,
    Level,
    Matrices,
    MatrixFamily,
    Operators,
    ReaderAttention,
    TokenLayers,
)
from advisor.units import MIB

_CACHE_TOKENS = (64, 512, 2048)
"""[tokens] Caches a token looks back on."""
_MAX_WEIGHT_BYTES = 192 * MIB
_MIN_WEIGHT_BYTES = 64 * MIB
_L2_SHARE = 0.5
_L3_SHARE = 0.35
_MEMORY_FACTOR = 5.0
"""[1] Working set over the cache it must fit or must not fit: other data lives in a cache as well."""
_L2_WIDTHS, _SMALL_WIDTHS, _L3_WIDTHS = (256, 768), (384, 1536), (768, 3072)
_MEMORY_WIDTHS = ((512, 1536), (1024, 4096))
"""[elements] Hidden and inner width of the matrices, small enough for one pair to fit the level. Two sizes from memory,
as a product whose weights are not in a cache takes longer to start."""
_ASSUMED_L2_BYTES = MIB


def cases(caches: Caches, num_threads: int, *, quick: bool = False) -> tuple[KernelCase, ...]:
    """Return what a calibration measures, the quickest last.

    Args:
        caches: of the processor: they decide the working sets.
        num_threads: threads of the runtime.
        quick: tiny sizes, for tests: every kernel once, with figures that mean nothing.
    """
    if quick:
        return (*_quick_matrices(), *_others(small=True))
    families: tuple[MatrixFamily, ...] = ("fp32", "int8", "int8-dynamic", "int4", "int4-b128")
    return (*(case for family in families for case in _matrices(family, caches, num_threads)), *_others(small=False))


def _matrices(family: MatrixFamily, caches: Caches, num_threads: int) -> tuple[Matrices, ...]:
    last = caches.last_bytes(num_threads)
    memory = min(_MAX_WEIGHT_BYTES, max(_MIN_WEIGHT_BYTES, int(_MEMORY_FACTOR * last)))
    l2 = int(_L2_SHARE * num_threads * (caches.l2_bytes or _ASSUMED_L2_BYTES))
    small = _chain(family, "l3", _SMALL_WIDTHS, 0, ROWS[1:])
    if small.weight_bytes() <= 1.5 * l2:
        small = msgspec.structs.replace(small, level="l2", rows=ROWS)
    found = [_chain(family, "l2", _L2_WIDTHS, l2, (1,)), small, _chain(family, "l3", _L3_WIDTHS, 0, ROWS[1:])]
    if caches.l3_bytes:
        found.append(_chain(family, "l3", _L3_WIDTHS, int(_L3_SHARE * caches.l3_bytes), (1,)))
    return (*found, *(_chain(family, "memory", widths, memory, (1,)) for widths in _MEMORY_WIDTHS))


def _chain(
    family: MatrixFamily, level: Level, widths: tuple[int, int], size_bytes: int, rows: tuple[int, ...]
) -> Matrices:
    one = Matrices(family=family, level=level, narrow=widths[0], wide=widths[1], num_pairs=1, rows=rows)
    round_up = math.ceil if level == "memory" else math.floor
    return msgspec.structs.replace(one, num_pairs=max(1, round_up(size_bytes / one.weight_bytes())))


def _quick_matrices() -> tuple[Matrices, ...]:
    levels: tuple[Level, ...] = ("l2", "l3", "memory")
    return tuple(
        Matrices(family=family, level=level, narrow=32 * (1 + place), wide=64, num_pairs=1 + place, rows=ROWS)
        for family in STORAGES for place, level in enumerate(levels)
    )  # fmt: skip


def _others(*, small: bool) -> tuple[KernelCase, ...]:
    scale = 8 if small else 1
    caches, texts = (tuple(size // scale for size in sizes) for sizes in (_CACHE_TOKENS, LENGTHS))
    room = caches[-1] + 1
    return (
        DecoderAttention(num_heads=12, num_kv_heads=4, head_size=64, num_layers=12, num_capacity_tokens=room,
                         steps=caches),
        DecoderAttention(num_heads=8, num_kv_heads=8, head_size=64, num_layers=6, num_capacity_tokens=room,
                         steps=caches),
        DecoderAttention(num_heads=16, num_kv_heads=8, head_size=128, num_layers=3, num_capacity_tokens=room,
                         steps=caches),
        DecoderAttention(num_heads=9, num_kv_heads=3, head_size=64, num_layers=2, num_capacity_tokens=texts[-1],
                         prompts=texts),
        DecoderAttention(num_heads=16, num_kv_heads=8, head_size=128, num_layers=1, num_capacity_tokens=texts[-1],
                         prompts=texts),
        ReaderAttention(num_heads=12, head_size=32, num_layers=3, lengths=texts),
        ReaderAttention(num_heads=12, head_size=64, num_layers=2, lengths=texts),
        Convolutions(channels=64 // scale, side=56, kernel=3, depthwise=False, num_layers=4),
        Convolutions(channels=256 // scale, side=14, kernel=3, depthwise=False, num_layers=4),
        Convolutions(channels=128 // scale, side=28, kernel=1, depthwise=False, num_layers=8),
        Convolutions(channels=96 // scale, side=56, kernel=3, depthwise=True, num_layers=6),
        Convolutions(channels=384 // scale, side=14, kernel=3, depthwise=True, num_layers=6),
        Elements(what="norm", width=768 // scale, num_layers=8, rows=ROWS),
        Elements(what="rms", width=768 // scale, num_layers=8, rows=ROWS),
        Elements(what="gelu", width=3072 // scale, num_layers=3, rows=ROWS),
        Elements(what="silu", width=2048 // scale, num_layers=4, rows=ROWS),
        TokenLayers(
            hidden_size=1024 // scale, intermediate_size=2816 // scale, num_heads=16 // scale,
            num_kv_heads=8 // scale, num_layers=2 if small else 16, num_past_tokens=128,
        ),
        Operators(num_operators=100),
        Operators(num_operators=0),
    )  # fmt: skip
