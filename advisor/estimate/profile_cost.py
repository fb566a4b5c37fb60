"""The cost of one candidate in plain numbers: what does not depend on the task, computed once. Reads no file."""

import math

import msgspec

from advisor.catalog import formats
from advisor.catalog.model import CacheFacts, Candidate, Format, TensorGroup
from advisor.errors import NotFoundError
from advisor.estimate import crossed, families, image_cost, image_memory, loading, runtime_facts, traffic
from advisor.estimate.drawn_work import DRAWN
from advisor.estimate.families import KERNEL_FAMILIES
from advisor.estimate.shape import FLOPS_PER_MULTIPLY, STATE_FLOPS_PER_ELEMENT, ModelShape, Stack
from advisor.estimate.shape import shape as model_shape

INVENTORY_K = 1.01
"""[1] Weights counted tensor by tensor: range of a published file around it."""
PARAMETERS_ONLY_K = 1.15
"""[1] Weights from the parameter count alone: k-quant mixtures differ by up to this from their mean width."""
_MULTIPLIED_ROLES = frozenset({"linear", "expert", "router", "conv", "lm_head"})
_ONCE_PER_INPUT = frozenset({"cross_attn_k", "cross_attn_v"})
_Sizes = dict[int, float]
"""[B] All tensors of a group as if stored, by the group's identity: computed once, used for weights and reads."""


class CostProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a candidate costs per token, per pair of positions and at rest. NaN means not known."""

    num_parameters: float = math.nan
    family: float = 0.0
    """Index into `KERNEL_FAMILIES`."""
    in_onnxruntime: float = 0.0
    """1 when ONNX Runtime runs it: measured kernels then hold for it."""
    matrix_family: float = 0.0
    """The same of its products with weight matrices, where `family` is that of convolutions."""
    weight_bytes: float = math.nan
    weight_k: float = 1.0
    """[1] Range factor of `weight_bytes`."""
    packed_k: float = crossed.COPY_K
    """[1] Range factor of `packed_bytes`."""
    packed_bytes: float = 0.0
    """[B] Held beside the weights once they are loaded: copies that the runtime packs for its kernels."""
    moment_bytes: float = 0.0
    """[B] Held for a moment while loading, before any cache or activation is."""
    download_bytes: float = math.nan
    runtime_bytes: float = 0.0
    """[B] On top of the child with ONNX Runtime: other runtimes are larger."""
    runtime_high_bytes: float = 0.0
    """[B] Upper end of that."""
    fixed_activation_bytes: float = 0.0
    """[B] Working memory where no shapes are known: an assumption."""
    activation_low_share: float = 1.0
    activation_high_share: float = 1.0
    """[1] Range of the activations around their formula."""

    reader_bytes: float = 0.0
    """[B] Weights the reader streams for one pass."""
    reader_flops: float = 0.0
    """[FLOP] Of its matrices for one position."""
    reader_pair_flops: float = 0.0
    reader_windowed_pair_flops: float = 0.0
    reader_window: float = math.inf
    reader_operators: float = 0.0
    reader_live_bytes: float = 0.0
    """[B] Alive at once for one position."""
    reader_score_bytes: float = 0.0
    """[B] For one pair of positions: attention scores of one layer that the runtime stores."""
    reader_norm_bytes: float = 0.0
    """[B] Norms and sums of one position, read and written."""
    reader_gelu_bytes: float = 0.0
    reader_silu_bytes: float = 0.0
    """[B] The same of plain and of gated activations."""
    reader_product_elements: float = 0.0
    """Elements that go into and come out of its matrices for one position."""
    reader_flops_per_score: float = 1.0
    """[FLOP] Attention of one head for one pair of positions."""
    reader_rows: float = 1.0
    """Rows of one product at one position: more than one where a position is a whole image."""
    reader_conv_flops: float = 0.0
    reader_depthwise_flops: float = 0.0
    """[FLOP] Convolutions that mix channels, and those that do not, at one position."""
    reader_attention_flops: float = 0.0
    """[FLOP] Attention within one position that is a whole image."""
    reader_lookups: float = 0.0
    """Rows that one position fetches from large tables."""
    reader_guard_bytes: float = 0.0
    """[B] Copied by masks for one pair of positions."""
    reader_distance_flops: float = 0.0
    """[FLOP] Attention of one position to a table of distances."""
    reader_per_token: float = 0.0
    reader_per_image: float = 0.0
    reader_per_audio_s: float = 0.0
    reader_audio_window_s: float = 0.0

    decoder_bytes: float = 0.0
    """[B] Weights every step reads, output head and routed experts left out."""
    head_bytes: float = 0.0
    expert_bytes: float = 0.0
    expert_share: float = 0.0
    """[1] Share of the routed experts one token visits."""
    decoder_flops: float = 0.0
    """[FLOP] Of the matrices one token visits, output head left out."""
    head_flops: float = 0.0
    decoder_pair_flops: float = 0.0
    decoder_windowed_pair_flops: float = 0.0
    cross_bytes: float = 0.0
    """[B] Weights that turn the encoder's output into keys and values, once per input."""
    cross_flops: float = 0.0
    """[FLOP] The same for one encoder position."""
    cross_pair_flops: float = 0.0
    window: float = math.inf
    """[tokens]"""
    cache_bytes: float = 0.0
    """[B] Per token of context, without end."""
    windowed_cache_bytes: float = 0.0
    """[B] Per token of context, up to `window`."""
    state_bytes: float = 0.0
    """[B] Constant, whatever the context."""
    cross_cache_bytes: float = 0.0
    """[B] Per encoder position."""
    decoder_operators: float = 0.0
    decoder_plain_operators: float = 0.0
    """Small operators beside them, of graphs that are not fused."""
    cache_grows: float = 0.0
    """1 where the cache is as long as the text so far, 0 where it is set aside for the whole context."""
    decoder_live_bytes: float = 0.0
    decoder_score_bytes: float = 0.0
    decoder_norm_bytes: float = 0.0
    decoder_gelu_bytes: float = 0.0
    decoder_silu_bytes: float = 0.0
    decoder_product_elements: float = 0.0
    head_product_elements: float = 0.0
    decoder_flops_per_score: float = 1.0
    logit_bytes: float = 0.0
    """[B] Output scores of one position."""
    all_logits: float = 0.0
    """1 when the runtime computes the output scores of every position of the prompt, 0 for the last one only."""
    prefill_chunk: float = math.inf
    """[tokens] The runtime reads a long prompt in pieces of this many."""
    prompt_per_token: float = 0.0
    prompt_per_image: float = 0.0
    prompt_per_audio_s: float = 0.0
    prompt_fixed: float = 0.0
    decodes: float = 0.0
    """1 for a model with a decoder, which can generate."""
    cache_known: float = 1.0
    speed_known: float = 1.0
    assumed: float = 0.0
    """1 when sizes or shapes were assumed."""
    context_limit: float = math.nan
    """[tokens] The model's own limit."""


FIELDS = tuple(field.name for field in msgspec.structs.fields(CostProfile))
"""Names of the numbers, in the order of the table's rows."""


def profile_cost(candidate: Candidate, shape: ModelShape | None = None) -> CostProfile:
    """Compute what a candidate costs, whatever the task.

    Args:
        candidate: model and format.
        shape: the model's shape when the caller has it already: it is the same for all formats of a model.
    """
    known = shape if shape is not None else model_shape(candidate.model)
    how = candidate.format
    sizes = {id(group): float(formats.matrix_bytes(how, group)) for group in known.groups or ()}
    values = _weights(candidate, known, sizes)
    values.update(_positions(known))
    values.update(_kept(candidate, known))
    if known.groups is None:
        values.update(_from_parameters(candidate, known, values))
        values["assumed"] = 1.0
    else:
        values.update(_reader(how, known, sizes))
        values.update(_decoder(how, known, sizes))
        values.update(crossed.columns(how, known))
        model_type = candidate.model.architecture.model_type if candidate.model.architecture else ""
        values["reader_guard_bytes"] = crossed.guard_bytes(how, model_type, known)
    if any(_is_lump(group) for group in known.groups or ()):
        values["assumed"] = 1.0
    values.setdefault("matrix_family", values["family"])
    drawn = DRAWN.get(candidate.model.id)
    if drawn is not None:
        values.update(image_cost.drawn(candidate, drawn, values))
    elif known.image_flops is not None:
        values.update(image_cost.published(candidate, known.image_flops))
    values.update(_working_memory(known, values))
    values.update(image_cost.memory(candidate))
    return CostProfile(**values)


def _weights(candidate: Candidate, shape: ModelShape, sizes: _Sizes) -> dict[str, float]:
    card, how = candidate.model, candidate.format
    moment = 0.0
    if shape.groups is None:
        weight = _file_bytes(candidate)
        packed, k = weight * runtime_facts.packed_share(how), PARAMETERS_ONLY_K
        if card.id in image_memory.LIVE_ELEMENTS and how.runtime == "onnxruntime":
            packed = weight * image_memory.copy_share(card.id)
    else:
        weight = sum(sizes[id(group)] for group in shape.groups if not group.tied)
        packed, moment = _copies(how, shape, sizes, weight)
        tower = image_memory.float_copy(card.id, how)
        packed = tower[0] * weight + tower[1] if tower is not None else packed
        packed = crossed.copy_factor(how, card.architecture) * (packed + crossed.head_copy_bytes(how, shape, sizes))
        weight += crossed.second_table_bytes(how, shape, sizes)
        k = INVENTORY_K
    extra_low, extra_high = runtime_facts.extra_runtime_bytes(how)
    number = card.num_parameters() or sum(group.num_parameters() for group in shape.groups or ())
    return {
        "num_parameters": float(number) if number else math.nan,
        "family": float(KERNEL_FAMILIES.index(families.family(how))),
        "in_onnxruntime": float(how.runtime == "onnxruntime"),
        "weight_bytes": float(weight),
        "weight_k": k,
        "packed_bytes": float(packed),
        "packed_k": crossed.packed_k(candidate),
        "moment_bytes": float(moment),
        "download_bytes": float(weight),
        "runtime_bytes": extra_low,
        "runtime_high_bytes": extra_high,
        "context_limit": float(card.num_context_tokens) if card.num_context_tokens else math.nan,
    }


def _copies(how: Format, shape: ModelShape, sizes: _Sizes, weight_bytes: float) -> tuple[float, float]:
    """Return what is held beside the weights, and what more for a moment while loading, in bytes."""
    groups = shape.groups or ()
    if how.runtime != "onnxruntime":
        return weight_bytes * runtime_facts.packed_share(how), 0.0
    inside = loading.is_inside(how, shape.structure, weight_bytes)
    copies = sum(sizes[id(group)] * loading.copy_share(how, group, inside=inside) for group in groups)
    moments = [
        sizes[id(group)] / max(1, group.num_tensors) * loading.moment_share(how, group, inside=inside)
        for group in groups
    ]
    moment = max(moments, default=0.0)
    return copies, max(0.0, moment - copies) if inside else moment  # inside: tables are read before matrices are packed


def _file_bytes(candidate: Candidate) -> float:
    try:
        return formats.file_bytes(candidate.format, candidate.model)[0]
    except NotFoundError:  # neither shapes nor a count are sourced: unknown, not zero
        return math.nan


def _positions(shape: ModelShape) -> dict[str, float]:
    sizes = shape.sizes
    return {
        "reader_per_token": sizes.per_token,
        "reader_per_image": sizes.per_image,
        "reader_per_audio_s": sizes.per_audio_s,
        "reader_audio_window_s": sizes.audio_window_s,
        "prompt_per_token": sizes.prompt_per_token,
        "prompt_per_image": sizes.prompt_per_image,
        "prompt_per_audio_s": sizes.prompt_per_audio_s,
        "prompt_fixed": sizes.prompt_fixed,
        "assumed": float(sizes.assumed),
        "speed_known": float(not shape.why_no_speed),
    }


def _kept(candidate: Candidate, shape: ModelShape) -> dict[str, float]:
    """Return what a decoder keeps between tokens, in bytes."""
    how, cache = candidate.format, shape.cache
    decodes = shape.decoder is not None or shape.structure in {"decoder", "encoder-decoder"}
    if cache is None:
        return {"decodes": float(decodes), "cache_known": float(not decodes)}
    element = float(how.cache_element_bytes)
    return {
        "decodes": float(decodes),
        "cache_bytes": _unbounded_elements(how, cache, shape) * element,
        "windowed_cache_bytes": cache.num_elements_per_token_windowed * element,
        "window": float(cache.window) if cache.window else math.inf,
        "state_bytes": cache.num_state_elements * runtime_facts.STATE_ELEMENT_BYTES,
        "cross_cache_bytes": shape.cross_cache_elements * element,
    }


def _unbounded_elements(how: Format, cache: CacheFacts, shape: ModelShape) -> float:
    if shape.expanded_cache_elements and how.runtime not in runtime_facts.KEEPS_LATENT:
        return shape.expanded_cache_elements
    return float(cache.num_elements_per_token)


def _from_parameters(candidate: Candidate, shape: ModelShape, weights: dict[str, float]) -> dict[str, float]:
    """Without shapes: every weight is read and multiplied once a position, except experts known to rest."""
    facts = candidate.model.parameters
    total = candidate.model.num_parameters()
    if not total:
        return {"speed_known": 0.0}
    share = min(1.0, (facts.num_read_per_token or total) / total)
    size, flops = weights["weight_bytes"] * share, FLOPS_PER_MULTIPLY * total * share
    operators = runtime_facts.ASSUMED_LAYERS * runtime_facts.operators_per_layer(candidate.format)
    if shape.structure == "decoder":
        return {"decoder_bytes": size, "decoder_flops": flops, "decoder_operators": operators}
    return {"reader_bytes": size, "reader_flops": flops, "reader_operators": operators}


def _working_memory(shape: ModelShape, values: dict[str, float]) -> dict[str, float]:
    """Where shapes are not known a small network's working memory is assumed; a denoiser's is not known at all."""
    stacks = [stack for stack in (shape.reader, shape.decoder) if stack is not None]
    if stacks and not any(math.isnan(stack.num_live_elements) for stack in stacks):
        low, high = runtime_facts.ACTIVATION_RANGE
        return {"activation_low_share": low, "activation_high_share": high}
    low, high = runtime_facts.ASSUMED_ACTIVATION_RANGE
    assumed = max(
        runtime_facts.ASSUMED_ACTIVATION_BYTES, runtime_facts.ASSUMED_ACTIVATION_SHARE * values["weight_bytes"]
    )
    return {
        "assumed": 1.0,
        "fixed_activation_bytes": math.nan if shape.structure in {None, "diffusion"} else assumed,
        "activation_low_share": low,
        "activation_high_share": high,
    }


def _reader(how: Format, shape: ModelShape, sizes: _Sizes) -> dict[str, float]:
    stack = shape.reader
    if stack is None:
        return {}
    windowed, masked = stack.attention.windowed_flops_per_pair, crossed.windows_masked(how, shape)
    return {
        **traffic.elements("reader", stack, how, shape.reuse),
        "reader_bytes": sum(_read_bytes(group, sizes) for group in stack.groups),
        "reader_flops": sum(_flops(group, shape.reuse) for group in stack.groups),
        "reader_pair_flops": stack.attention.full_flops_per_pair + (windowed if masked else 0.0),
        "reader_windowed_pair_flops": 0.0 if masked else windowed,
        "reader_window": float(stack.attention.window or math.inf),
        "reader_distance_flops": stack.attention.distance_flops,
        "reader_lookups": traffic.lookups(stack, sizes),
        "reader_operators": _operators(how, stack),
        "reader_live_bytes": _live_bytes(how, stack),
        "reader_score_bytes": crossed.stored_scores(how, shape) * stack.attention.num_heads,
    }


def _decoder(how: Format, shape: ModelShape, sizes: _Sizes) -> dict[str, float]:
    stack = shape.decoder
    if stack is None:
        return {}
    experts = [group for group in stack.groups if group.role == "expert"]
    expert_bytes = sum(sizes[id(group)] for group in experts)
    visited = sum(sizes[id(group)] * group.active_share for group in experts)
    heads = [group for group in stack.groups if group.role == "lm_head"]
    cross = [group for group in stack.groups if group.name in _ONCE_PER_INPUT]
    every_step = [group for group in stack.groups if group.role != "lm_head" and group.name not in _ONCE_PER_INPUT]
    state = shape.cache.num_state_elements if shape.cache is not None else 0
    return {
        **traffic.elements("decoder", stack, how, {}),
        "head_product_elements": float(sum(group.num_rows + group.num_columns for group in heads)),
        "decoder_bytes": sum(_read_bytes(group, sizes) for group in every_step if group.role != "expert"),
        "head_bytes": sum(_read_bytes(group, sizes) for group in heads),
        "expert_bytes": expert_bytes,
        "expert_share": visited / expert_bytes if expert_bytes else 0.0,
        "decoder_flops": sum(_flops(group, {}) for group in every_step) + STATE_FLOPS_PER_ELEMENT * state,
        "head_flops": sum(_flops(group, {}) for group in heads),
        "decoder_pair_flops": stack.attention.full_flops_per_pair,
        "decoder_windowed_pair_flops": stack.attention.windowed_flops_per_pair,
        "cross_bytes": sum(_read_bytes(group, sizes) for group in cross),
        "cross_flops": sum(_flops(group, {}) for group in cross),
        "cross_pair_flops": shape.cross_flops_per_pair,
        "decoder_operators": _operators(how, stack),
        "decoder_live_bytes": _live_bytes(how, stack),
        "decoder_score_bytes": runtime_facts.score_bytes(how) * stack.attention.num_heads,
        "logit_bytes": 4.0 * shape.vocab_size if heads else 0.0,
        "all_logits": float(runtime_facts.all_logits(how)),
        "prefill_chunk": runtime_facts.prefill_chunk(how),
    }


def _read_bytes(group: TensorGroup, sizes: _Sizes) -> float:
    """Bytes one pass reads, as `formats.read_bytes` says: of a table one row, of a tied head the whole table."""
    size = sizes[id(group)]
    if group.role in {"embedding", "position"} and group.num_columns > 1:
        return size / group.num_rows
    return size * group.active_share


def _live_bytes(how: Format, stack: Stack) -> float:
    return 0.0 if math.isnan(stack.num_live_elements) else stack.num_live_elements * how.activation_element_bytes


def _is_lump(group: TensorGroup) -> bool:
    return group.role == "other" and group.num_columns == 1


def _flops(group: TensorGroup, reuse_by_name: dict[str, float]) -> float:
    """Operations of a group for one position; a component known by its parameters alone counts as matrices."""
    if group.role not in _MULTIPLIED_ROLES and not _is_lump(group):
        return 0.0
    reuse = reuse_by_name.get(group.name, reuse_by_name.get(group.part, 1.0))
    return FLOPS_PER_MULTIPLY * group.num_rows * group.num_columns * group.num_tensors * group.active_share * reuse


def _operators(how: Format, stack: Stack) -> float:
    return runtime_facts.operators(how, stack.num_layers, stack.groups)
