"""Shapes of speech encoders, and from a catalog row to them. Pure."""

import msgspec

from advisor.catalog.model import Architecture, ModelCard

_NUM_BASE_LAYERS = 12
"""Layers up to which a wav2vec 2.0 is a base model. Source: arXiv 2006.11477, section 4.2; the released configurations:
`do_stable_layer_norm` and `feat_extract_norm` of larger ones."""
_NEEDED = ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "vocab_size")
_WAVE_TYPES = frozenset({"wav2vec2", "hubert"})
_CONFORMER = "parakeet_ctc"
_INNER = 4
"""Width of the feed-forward networks over the width of the layers. Source: arXiv 2305.05084, table 1."""
STEPWISE = {
    "parakeet_tdt": "This model is a transducer: it writes token by token with a small recurrent network beside its"
    " encoder. Test models are made only of those that score every frame at once.",
}
"""Model type -> why there is no test model."""


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


class ConformerShape(msgspec.Struct, frozen=True, kw_only=True):
    """A FastConformer with one score for each token and frame."""

    num_layers: int
    hidden_size: int
    intermediate_size: int
    num_heads: int
    num_mel_bins: int
    num_halvings: int
    """How often convolutions halve time and pitch before the first layer."""
    vocab_size: int


Shape = WaveShape | ConformerShape


def shape(card: ModelCard) -> Shape | None:
    """Return the shape of a model of a type this package answers for, or null where the catalog does not say enough."""
    found = card.architecture
    if found is None:
        return None
    return _conformer(found) if found.model_type == _CONFORMER else _wave(found)


def _wave(found: Architecture) -> WaveShape | None:
    if any(getattr(found, field) is None for field in _NEEDED):
        return None
    return WaveShape(
        num_layers=found.num_hidden_layers or 0, hidden_size=found.hidden_size or 0,
        intermediate_size=found.intermediate_size or 0, num_heads=found.num_attention_heads or 0,
        num_letters=found.vocab_size or 0, normed_first=(found.num_hidden_layers or 0) > _NUM_BASE_LAYERS,
    )  # fmt: skip


def _conformer(found: Architecture) -> ConformerShape | None:
    facts = found.audio
    if facts is None or not facts.num_encoder_heads or not facts.num_mel_bins or not facts.subsampling_factor:
        return None
    halvings = facts.subsampling_factor.bit_length() - 1
    if 1 << halvings != facts.subsampling_factor or found.vocab_size is None:
        return None
    return ConformerShape(
        num_layers=facts.num_encoder_layers, hidden_size=facts.encoder_hidden_size,
        intermediate_size=_INNER * facts.encoder_hidden_size, num_heads=facts.num_encoder_heads,
        num_mel_bins=facts.num_mel_bins, num_halvings=halvings, vocab_size=found.vocab_size,
    )  # fmt: skip


def knows(architecture: Architecture) -> bool:
    """Tell whether this package answers for a type."""
    return architecture.model_type in {*_WAVE_TYPES, _CONFORMER, *STEPWISE}
