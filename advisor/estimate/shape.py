"""What one model does for a token, an image or a second of sound, before any format is chosen. Reads no file."""

import math

import msgspec

from advisor.catalog import inventory, query
from advisor.catalog.model import Architecture, CacheFacts, ModelCard, TensorGroup
from advisor.estimate import image_work, inputs
from advisor.estimate.drawn_work import DRAWN

FLOPS_PER_MULTIPLY = 2.0
"""[FLOP] One multiplication and one addition."""
ATTENTION_PRODUCTS = 2.0
"""Queries times keys, then shares times values."""
STATE_FLOPS_PER_ELEMENT = 6.0
"""[FLOP] Decay, input, sum and read-out of one state element. Source: Mamba, arXiv 2312.00752, equations 2a and 2b."""
_DISTANCES = {"deberta-v2": 512.0}
"""Model type -> rows of the table of distances: twice `position_buckets` of transformers' DeBERTa v2 and v3."""
_WAVE_ELEMENTS = {"wav2vec2": 64.0 * 512.0, "hubert": 64.0 * 512.0}
"""[elements] What the first convolution over the wave makes for one position: 3,200 frames of 512 channels a second for
50 positions."""
_WAVE_COPIES = 4.2
"""[1] Of it alive at once: two, and the arena's growth. Measured on wav2vec 2.0 base at 2, 10 and 30 s of sound."""
_DECODER_PARTS = frozenset({"text", "decoder", "head"})
_WINDOWED_KINDS = frozenset({"sliding_attention", "local_attention", "chunked_attention"})
_FULL_KINDS = frozenset({"full_attention", "mla", "attention", "parallel_attention_mamba2", "global_attention"})
_NO_ATTENTION_KINDS = frozenset(
    {
        "mamba",
        "mamba1",
        "mamba2",
        "gated_delta_net",
        "linear_attention",
        "short_conv",
        "conv",
        "rwkv",
        "rg_lru",
        "recurrent",
        "mlp_only",
        "moe_only",
        "mlp",
        "moe",
    }
)


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """Arithmetic of attention in one stack."""

    full_flops_per_pair: float = 0.0
    """[FLOP] One query position against one key position, summed over the layers that see everything."""
    windowed_flops_per_pair: float = 0.0
    """[FLOP] The same over the layers that see a window."""
    window: int | None = None
    """[tokens]"""
    num_heads: int = 0
    """Heads of one layer: its scores are kept for one layer at a time."""
    head_size: float = 0.0
    """[elements] Width of one head, mean of keys and values; 0 where it is not known."""
    distance_flops: float = 0.0
    """[FLOP] One position against the table of distances, over all layers and however long the text (DeBERTa)."""


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """One pile of layers: an encoder, a tower, or a decoder."""

    groups: tuple[TensorGroup, ...] = ()
    num_layers: int = 0
    attention: Attention = Attention()
    num_live_elements: float = math.nan
    """Elements of one position that are alive at once in the widest layer; NaN when the widths are not known."""


class ModelShape(msgspec.Struct, frozen=True, kw_only=True):
    """A model as a reader (runs once over its input) and a decoder (runs again for each token)."""

    structure: str | None
    groups: tuple[TensorGroup, ...] | None
    reader: Stack | None = None
    decoder: Stack | None = None
    sizes: inputs.InputSizes
    cache: CacheFacts | None = None
    expanded_cache_elements: float = 0.0
    """Elements per token of a latent cache in a runtime that expands it; 0 for every other model."""
    cross_cache_elements: float = 0.0
    """Elements kept per encoder position for the decoder to look at."""
    cross_flops_per_pair: float = 0.0
    """[FLOP] One decoder position against one encoder position, over all layers."""
    image_flops: float | None = None
    """[FLOP] Published work of one image, where it does not follow from the tensors."""
    vocab_size: int = 0
    reuse: dict[str, float] = {}
    """How often tensors run for one reader position, by the name of their group or its part; once where not given."""
    why_no_speed: str = ""
    """One phrase when the work of a query is not known, else empty."""
    not_modelled: tuple[str, ...] = ()


def shape(card: ModelCard) -> ModelShape:
    """Work out what a model does, from its sourced shapes only."""
    structure = query.structure(card)
    architecture = card.architecture
    groups = inventory.of_card(card)
    sizes = inputs.input_sizes(card, structure)
    if architecture is None or structure is None or structure == "diffusion":
        return ModelShape(
            structure=structure,
            groups=groups,
            sizes=sizes,
            cache=card.cache,
            why_no_speed="" if sizes.per_image else inputs.why_no_speed(structure),
            not_modelled=sizes.not_modelled + _guessed(card),
        )
    reader_groups, decoder_groups = _split(structure, groups or ())
    decodes = structure in {"decoder", "encoder-decoder"} or bool(decoder_groups)
    reads = structure != "decoder" or sizes.per_image > 0 or sizes.per_audio_s > 0
    return ModelShape(
        structure=structure,
        groups=groups,
        reader=_reader(architecture, structure, reader_groups) if reads else None,
        decoder=_decoder(architecture, decoder_groups) if decodes else None,
        sizes=sizes,
        cache=card.cache or kept_elements(architecture, structure),
        expanded_cache_elements=_expanded_latent(architecture),
        cross_cache_elements=_cross_elements(architecture, card.cache),
        cross_flops_per_pair=_cross_flops(architecture),
        image_flops=image_work.image_flops(card.id),
        vocab_size=architecture.vocab_size or 0,
        reuse=inputs.reuse(architecture, sizes),
        why_no_speed=inputs.why_no_positions(structure, sizes) or _why_no_work(card.id, structure, groups),
        not_modelled=sizes.not_modelled + _guessed(card),
    )


def _guessed(card: ModelCard) -> tuple[str, ...]:
    if card.read is None or not card.read.roles_from_names:
        return ()
    return ("what the names of its tensors do not tell: sizes are exact, what each tensor does is guessed",)


def _why_no_work(model_id: str, structure: str, groups: tuple[TensorGroup, ...] | None) -> str:
    known = groups is not None or model_id in DRAWN or image_work.image_flops(model_id) is not None
    return "" if known else inputs.why_no_speed(structure)


def _split(structure: str, groups: tuple[TensorGroup, ...]) -> tuple[tuple[TensorGroup, ...], tuple[TensorGroup, ...]]:
    parts = {group.part for group in groups}
    if structure == "encoder":  # a head that guesses masked words is loaded, but nothing asks for it
        return tuple(group for group in groups if group.role != "lm_head"), ()
    if structure == "speech" and not parts & {"decoder", "text"}:
        return groups, ()
    if structure == "vision":
        return tuple(group for group in groups if group.part != "text"), ()
    unused = {"audio"} if structure == "decoder" else set()  # a tower for sound is loaded, text and images pass it by
    return (
        tuple(group for group in groups if group.part not in _DECODER_PARTS and group.part not in unused),
        tuple(group for group in groups if group.part in _DECODER_PARTS),
    )


def _reader(architecture: Architecture, structure: str, groups: tuple[TensorGroup, ...]) -> Stack:
    vision, audio, both = architecture.vision, architecture.audio, architecture.encoder_decoder
    if structure == "speech" and audio is not None:
        heads = audio.num_encoder_heads or (both.num_encoder_heads if both is not None else None)
        inner = both.encoder_intermediate_size if both is not None else None
        tower = _tower(groups, audio.encoder_hidden_size, audio.num_encoder_layers, heads, inner)
        wave = _WAVE_COPIES * _WAVE_ELEMENTS.get(architecture.model_type, 0.0)
        return msgspec.structs.replace(tower, num_live_elements=max(tower.num_live_elements, wave)) if wave else tower
    if structure in {"encoder", "encoder-decoder"}:
        return _text_encoder(architecture, groups)
    if vision is None:
        return Stack(groups=groups)
    return _tower(
        groups,
        vision.hidden_size,
        vision.num_hidden_layers,
        vision.num_attention_heads,
        vision.intermediate_size,
    )


def _tower(
    groups: tuple[TensorGroup, ...], width: int | None, layers: int | None, heads: int | None, inner: int | None
) -> Stack:
    if width is None or layers is None:
        return Stack(groups=groups, num_layers=layers or 0)
    return Stack(
        groups=groups,
        num_layers=layers,
        attention=Attention(
            full_flops_per_pair=ATTENTION_PRODUCTS * FLOPS_PER_MULTIPLY * width * layers,
            num_heads=heads or 0,
            head_size=width / heads if heads else 0.0,
        ),
        num_live_elements=2.0 * width + max(3.0 * width, inner or 4.0 * width),
    )


def _text_encoder(architecture: Architecture, groups: tuple[TensorGroup, ...]) -> Stack:
    both = architecture.encoder_decoder
    layers = both.num_encoder_layers if both is not None else architecture.num_hidden_layers
    inner = both.encoder_intermediate_size if both is not None else architecture.intermediate_size
    heads = both.num_encoder_heads if both is not None else architecture.num_attention_heads
    width, attention_width = architecture.hidden_size, _attention_width(architecture, heads)
    if not layers or width is None or attention_width is None:
        return Stack(groups=groups, num_layers=layers or 0)
    attention = _attention(architecture, layers, attention_width, heads or 0)
    rows = _DISTANCES.get(architecture.model_type, 0.0)
    distances = ATTENTION_PRODUCTS * FLOPS_PER_MULTIPLY * rows * attention_width * layers
    return Stack(
        groups=groups,
        num_layers=layers,
        attention=msgspec.structs.replace(attention, distance_flops=distances),
        num_live_elements=2.0 * width + max(3.0 * attention_width, 2.0 * (inner or 4 * width)),
    )


def _decoder(architecture: Architecture, groups: tuple[TensorGroup, ...]) -> Stack:
    both = architecture.encoder_decoder
    layers = both.num_decoder_layers if both is not None else architecture.num_hidden_layers
    heads = both.num_decoder_heads if both is not None else architecture.num_attention_heads
    inner = both.decoder_intermediate_size if both is not None else architecture.intermediate_size
    width = architecture.hidden_size
    if not layers or width is None:
        return Stack(groups=groups, num_layers=layers or 0)
    attention_width = _attention_width(architecture, heads) or 0.0
    key_share = (architecture.num_key_value_heads or heads or 1) / (heads or 1)
    widest = max(attention_width * (1.0 + 2.0 * key_share), 2.0 * (inner or 0), _expert_width(architecture))
    return Stack(
        groups=groups,
        num_layers=layers,
        attention=_attention(architecture, layers, attention_width, heads or 0),
        num_live_elements=2.0 * width + widest,
    )


def _expert_width(architecture: Architecture) -> float:
    moe = architecture.moe
    if moe is None:
        return 0.0
    return 2.0 * moe.expert_intermediate_size * (moe.num_experts_per_token + moe.num_shared_experts)


def _attention_width(architecture: Architecture, heads: int | None) -> float | None:
    if architecture.mla is not None and heads:
        mla = architecture.mla
        return heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim + mla.v_head_dim) / ATTENTION_PRODUCTS
    if heads and architecture.head_dim:
        return float(heads * architecture.head_dim)
    return float(architecture.hidden_size) if heads and architecture.hidden_size else None


def _attention(architecture: Architecture, layers: int, width: float, heads: int) -> Attention:
    """Full and windowed arithmetic; layers that keep a state have no pairs, their cost is in the state."""
    full, windowed = layer_counts(architecture, layers)
    per_layer = ATTENTION_PRODUCTS * FLOPS_PER_MULTIPLY * width
    return Attention(
        full_flops_per_pair=per_layer * full,
        windowed_flops_per_pair=per_layer * windowed,
        window=architecture.sliding_window if windowed else None,
        num_heads=heads if full + windowed else 0,
        head_size=width / heads if heads else 0.0,
    )


def layer_counts(architecture: Architecture, layers: int) -> tuple[int, int]:
    """Return how many layers attend to everything and how many to a window.

    A layer that does both kinds of work (attention beside a recurrence) is counted under its attention.
    """
    pattern = architecture.layer_pattern
    if pattern:
        windowed = sum(count for kind, count in pattern.items() if kind in _WINDOWED_KINDS)
        none = sum(count for kind, count in pattern.items() if kind in _NO_ATTENTION_KINDS)
        full = max(layers - windowed - none, sum(count for kind, count in pattern.items() if kind in _FULL_KINDS))
    elif architecture.ssm is not None:
        full, windowed = architecture.ssm.num_attention_layers, 0
    else:
        full, windowed = (0, layers) if architecture.sliding_window else (layers, 0)
    return (full + windowed, 0) if architecture.sliding_window is None else (full, windowed)


def kept_elements(architecture: Architecture, structure: str) -> CacheFacts | None:
    """Return the cache of a model whose cache is not in the catalog, from its attention shapes; null without them.

    Latent and recurrent layers are left alone: their cache does not follow from the heads.
    """
    if architecture.encoder_decoder is None and architecture.num_hidden_layers is None and structure == "speech":
        return CacheFacts()  # a transducer keeps one small state
    both, layers = architecture.encoder_decoder, architecture.num_hidden_layers
    layers = both.num_decoder_layers if both is not None else layers
    heads = architecture.num_key_value_heads or architecture.num_attention_heads
    width = architecture.head_dim or _divided(architecture.hidden_size, architecture.num_attention_heads)
    if architecture.mla is not None or architecture.ssm is not None or not layers or not heads or not width:
        return None
    full, windowed = layer_counts(architecture, layers)
    return CacheFacts(
        num_elements_per_token=2 * full * heads * width,
        num_elements_per_token_windowed=2 * windowed * heads * width,
        window=architecture.sliding_window if windowed else None,
    )


def _divided(width: int | None, heads: int | None) -> int | None:
    return width // heads if width and heads else None


def _expanded_latent(architecture: Architecture) -> float:
    mla, heads, layers = architecture.mla, architecture.num_attention_heads, architecture.num_hidden_layers
    if mla is None or not heads or not layers:
        return 0.0
    return float(layers * heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim + mla.v_head_dim))


def _cross_elements(architecture: Architecture, cache: CacheFacts | None) -> float:
    both = architecture.encoder_decoder
    if both is None:
        return 0.0
    if cache is not None and cache.num_elements_per_token:
        return float(cache.num_elements_per_token)
    width = _attention_width(architecture, both.num_decoder_heads)
    return 2.0 * both.num_decoder_layers * (width or 0.0)


def _cross_flops(architecture: Architecture) -> float:
    both = architecture.encoder_decoder
    width = _attention_width(architecture, both.num_decoder_heads) if both is not None else None
    if both is None or width is None:
        return 0.0
    return ATTENTION_PRODUCTS * FLOPS_PER_MULTIPLY * width * both.num_decoder_layers
