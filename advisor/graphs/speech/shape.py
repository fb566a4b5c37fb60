"""Shapes of speech encoders, and from a catalog row to them. Pure."""

import msgspec

from advisor.catalog.model import Architecture, ModelCard

_NUM_BASE_LAYERS = 12
"""Layers up to which a wav2vec 2.0 is a base model. Source: arXiv 2006.11477, section 4.2; the released configurations:
`do_stable_layer_norm` and `feat_extract_norm` of larger ones."""
_NEEDED = ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "vocab_size")
WAVE_TYPES = frozenset({"wav2vec2", "hubert"})


class WaveShape(msgspec.Struct, frozen=True, kw_only=True):
    """A wav2vec 2.0 or HuBERT with letters as output."""

    num_layers: int
    hidden_size: int
    intermediate_size: int
    num_heads: int
    num_letters: int
    normed_first: bool
    """Each half normalizes what it reads, and so does every convolution (large); else what it gives, and only the first
    convolution, by channel."""


def shape(card: ModelCard) -> WaveShape | None:
    """Return the shape of a model of a type this package answers for, or null where the catalog does not say enough."""
    found = card.architecture
    if found is None or any(getattr(found, field) is None for field in _NEEDED):
        return None
    return WaveShape(
        num_layers=found.num_hidden_layers or 0, hidden_size=found.hidden_size or 0,
        intermediate_size=found.intermediate_size or 0, num_heads=found.num_attention_heads or 0,
        num_letters=found.vocab_size or 0, normed_first=(found.num_hidden_layers or 0) > _NUM_BASE_LAYERS,
    )  # fmt: skip


def knows(architecture: Architecture) -> bool:
    """Tell whether this package answers for a type."""
    return architecture.model_type in WAVE_TYPES
