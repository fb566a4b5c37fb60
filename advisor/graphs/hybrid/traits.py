"""From a catalog row to a decoder with states: what its model type implies. Pure.

Source: the classes of Hugging Face transformers that carry these model types. A shape is used only when its parameter
count agrees with the catalog's.
"""

from typing import Any

from advisor.catalog.model import Architecture, ModelCard, SsmFacts
from advisor.graphs import layers, traits
from advisor.graphs.layers import Layer, Mixer
from advisor.graphs.moe import traits as moe_traits
from advisor.graphs.shape import DecoderShape
from advisor.graphs.state_shape import GatedDelta, Recurrent, ShortConvolution, StateSpace

_GRANITE: dict[str, Any] = {"scaled_embedding": True, "scaled_residual": True, "positions": "none"}
LAYER_TRAITS: dict[str, dict[str, Any]] = {
    "lfm2": {"qk_norm": "head"},
    "lfm2_moe": {"qk_norm": "head"},
    "falcon_h1": {"scaled_embedding": True},
    "granitemoehybrid": _GRANITE,
    "qwen3_next": {"qk_norm": "head", "gated_attention": True},
}
"""Model type -> traits of its attention and norms."""
_SIDE_BY_SIDE = frozenset({"falcon_h1"})
"""Model types whose every layer has attention and a state."""
_WITHOUT_INNER_NORM = frozenset({"falcon_h1"})


def decoder_shape(card: ModelCard) -> DecoderShape | None:
    """Return the shape of a decoder with states, or None where the catalog does not say enough or does not agree."""
    architecture = card.architecture
    if architecture is None or architecture.ssm is None or architecture.model_type not in LAYER_TRAITS:
        return None
    sizes, recurrent = traits.decoder_sizes(architecture), _recurrent(architecture, architecture.ssm)
    if sizes is None or recurrent is None:
        return None
    found = {
        **sizes, **LAYER_TRAITS[architecture.model_type], "recurrent": recurrent,
        "layers": _layers(architecture, architecture.ssm, sizes["num_layers"]),
    }  # fmt: skip
    if architecture.moe is not None:
        found["experts"] = moe_traits.experts(architecture, architecture.moe)
    shape = DecoderShape(**found)
    return shape if traits.agrees(shape, card) else None


def _layers(architecture: Architecture, facts: SsmFacts, num_layers: int) -> tuple[Layer, ...]:
    usual: Mixer = "both" if architecture.model_type in _SIDE_BY_SIDE else "recurrent"
    num_attending = 0 if usual == "both" else facts.num_attention_layers
    mixers = layers.spread(num_layers, num_attending, "attention", usual)
    num_dense = num_layers
    if architecture.moe is not None:
        num_dense = moe_traits.num_dense_layers(architecture, architecture.moe)
    return tuple(
        Layer(mixer=mixer, feed="dense" if index < num_dense else "experts") for index, mixer in enumerate(mixers)
    )


def _recurrent(architecture: Architecture, facts: SsmFacts) -> Recurrent | None:
    """Return the state's sizes, or None where the catalog leaves one out."""
    hidden = architecture.hidden_size
    if hidden is None or facts.conv_kernel is None:
        return None
    makers = {"short_conv": _short_convolution, "gated_delta_net": _gated_delta, "mamba2": _state_space}
    make = makers.get(facts.kind)
    return make(architecture, facts, hidden, facts.conv_kernel) if make else None


def _short_convolution(_architecture: Architecture, _facts: SsmFacts, hidden: int, kernel: int) -> Recurrent | None:
    return ShortConvolution(hidden_size=hidden, kernel_size=kernel)


def _gated_delta(_architecture: Architecture, facts: SsmFacts, hidden: int, kernel: int) -> Recurrent | None:
    keys, values, key, value = facts.num_key_heads, facts.num_value_heads, facts.key_head_dim, facts.value_head_dim
    if keys is None or values is None or key is None or value is None:
        return None
    return GatedDelta(
        hidden_size=hidden, num_key_heads=keys, num_value_heads=values, key_size=key, value_size=value,
        kernel_size=kernel,
    )  # fmt: skip


def _state_space(architecture: Architecture, facts: SsmFacts, hidden: int, kernel: int) -> Recurrent | None:
    heads, head, groups, state = facts.num_heads, facts.head_dim, facts.num_groups, facts.state_size
    if heads is None or head is None or groups is None or state is None:
        return None
    return StateSpace(
        hidden_size=hidden, num_heads=heads, head_size=head, num_groups=groups, state_size=state, kernel_size=kernel,
        inner_norm=architecture.model_type not in _WITHOUT_INNER_NORM,
    )  # fmt: skip
