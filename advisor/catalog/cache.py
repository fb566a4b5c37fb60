"""What a decoder keeps per sequence, from its architecture: caches of attention and states of recurrent layers."""

from advisor.catalog.model import Architecture, CacheFacts, SsmFacts

_FULL = ("full_attention", "parallel_attention_and_mamba2", "mamba2_plus_shared_attention")
_RWKV_VECTORS = 5


def cache_of(shape: Architecture) -> CacheFacts | None:
    """Return the elements a decoder keeps, or null where a field is not sourced or the model keeps nothing.

    Keys and values count as two elements; latent attention keeps one compressed vector and its rotary part. Of an
    encoder-decoder it is the decoder's own attention; attention to the input adds as much for every input position.

    Args:
        shape: the architecture.
    """
    if shape.encoder_decoder is not None:
        return _of_encoder_decoder(shape)
    if shape.num_hidden_layers is None or shape.vocab_size is None or shape.hidden_size is None:
        return None
    states = _states(shape, shape.ssm) if shape.ssm is not None else 0
    if states is None:
        return None
    if shape.mla is not None:
        width = shape.mla.kv_lora_rank + shape.mla.qk_rope_head_dim
        return CacheFacts(num_elements_per_token=shape.num_hidden_layers * width, num_state_elements=states)
    num_full, num_windowed = _owning_layers(shape)
    if num_full + num_windowed and shape.num_attention_heads is None:
        return None
    windowed = _pair(shape) * num_windowed
    return CacheFacts(
        num_elements_per_token=_global_pair(shape) * num_full,
        num_elements_per_token_windowed=windowed,
        window=shape.sliding_window if windowed else None,
        num_state_elements=states,
    )


def _of_encoder_decoder(shape: Architecture) -> CacheFacts | None:
    facts = shape.encoder_decoder
    if facts is None or shape.hidden_size is None:
        return None
    width = facts.num_decoder_heads * (shape.head_dim or shape.hidden_size // facts.num_decoder_heads)
    return CacheFacts(num_elements_per_token=2 * facts.num_decoder_layers * width)


def _pair(shape: Architecture) -> int:
    """Return the elements of one key and one value of one layer."""
    heads = shape.num_attention_heads or 1
    width = shape.head_dim or (shape.hidden_size or 0) // heads
    return 2 * (shape.num_key_value_heads or heads) * width


def _global_pair(shape: Architecture) -> int:
    if shape.global_head_dim is None:
        return _pair(shape)
    return 2 * (shape.num_global_key_value_heads or shape.num_key_value_heads or 1) * shape.global_head_dim


def _owning_layers(shape: Architecture) -> tuple[int, int]:
    """Return the layers with a cache of their own: unbounded ones and windowed ones."""
    layers, pattern = shape.num_hidden_layers or 0, shape.layer_pattern
    if pattern is None:
        attending = shape.ssm.num_attention_layers if shape.ssm is not None else layers
        return (0, attending) if shape.sliding_window is not None else (attending, 0)
    num_full = sum(pattern.get(kind, 0) for kind in _FULL)
    num_windowed = pattern.get("sliding_attention", 0)
    shared = shape.num_kv_shared_layers or 0
    shared_full = shared * num_full // layers
    return num_full - shared_full, num_windowed - (shared - shared_full)


def _states(shape: Architecture, facts: SsmFacts) -> int | None:
    """Return the elements of all recurrent states, convolution buffers included."""
    hidden, kernel, state = shape.hidden_size or 0, facts.conv_kernel or 0, facts.state_size or 0
    if facts.kind == "mamba1":
        each = (facts.expand or 0) * hidden * (state + kernel)
    elif facts.kind == "mamba2":
        inner = facts.inner_size or (facts.num_heads or 0) * (facts.head_dim or 0)
        each = inner * state + (inner + 2 * (facts.num_groups or 0) * state) * kernel
    elif facts.kind == "gated_delta_net":
        key = (facts.num_key_heads or 0) * (facts.key_head_dim or 0)
        value = (facts.num_value_heads or 0) * (facts.value_head_dim or 0)
        each = value * (facts.key_head_dim or 0) + (2 * key + value) * kernel
    elif facts.kind == "short_conv":
        each = hidden * kernel
    elif facts.kind == "rg_lru":
        each = (facts.lru_width or 0) * kernel
    else:
        each = _RWKV_VECTORS * hidden
    return each * facts.num_ssm_layers if each else None
