"""What plain operators cost that fused ones do not: encoder-decoders and encoders as their exports run. Pure.

Measured with ONNX Runtime 1.32 on the test models of Marian, T5, BART, M2M-100 and Whisper (docs/METHODS.md).
"""

from collections.abc import Mapping

from advisor.catalog.model import Architecture, Candidate, Format
from advisor.estimate import image_memory, loading, runtime_facts
from advisor.estimate.shape import ModelShape

_OPERATORS_PER_LAYER = 24.0
"""A layer of the decoder has 10 products and 2 attentions: two layers of a fused decoder."""
_PLAIN_OPERATORS_PER_LAYER = 38.0
"""Small operators beside them that fused graphs do not have: 57 to 63 nodes a layer run in all."""
STORED_SCORES = 3.4
"""[1] Squares of attention scores alive at once where attention is taken apart: products, masked, softmax; with the
arena's growth. Measured 3.2 to 3.9 on Whisper tiny."""
GUARD_BYTES = 24.0
"""[B] Copied for each attention score where the export masks it and looks for rows without any (ModernBERT): 0.58 ns
measured."""
_GUARDED = frozenset({"modernbert"})
_T5_COPY_FACTOR = 0.55
"""[1] Copies of a T5's weights over those of other files: 0.2 to 0.95 measured (T5 and Flan, small and base)."""
COPY_K, UNCERTAIN_COPY_K = 1.25, 1.9
"""[1] Range of the copies a runtime packs beside the weights."""
TURNED_SHARE = 1.0
"""[1] Keys of the encoder's positions are turned round for each token: half of the cross cache, read and written."""


def applies(how: Format, shape: ModelShape) -> bool:
    """Tell whether a candidate is an encoder-decoder in a format of ONNX Runtime."""
    return how.runtime == "onnxruntime" and shape.cross_flops_per_pair > 0 and shape.decoder is not None


def stored_scores(how: Format, shape: ModelShape) -> float:
    """Return the bytes stored for one attention score of one head of what reads, in bytes."""
    apart = applies(how, shape) or (how.runtime == "onnxruntime" and shape.structure == "speech")
    return runtime_facts.score_bytes(how) * (STORED_SCORES if apart else 1.0)


def windows_masked(how: Format, shape: ModelShape) -> bool:
    """Tell whether layers that see a window multiply the whole square and mask it, as plain operators do."""
    return how.runtime == "onnxruntime" and shape.structure == "encoder"


def guard_bytes(how: Format, model_type: str, shape: ModelShape) -> float:
    """Return what masks and guards copy for one pair of positions of what reads, over all layers, in bytes."""
    if how.runtime != "onnxruntime" or model_type not in _GUARDED or shape.reader is None:
        return 0.0
    return GUARD_BYTES * shape.reader.attention.num_heads * shape.reader.num_layers


def second_table_bytes(how: Format, shape: ModelShape, sizes: Mapping[int, float]) -> float:
    """Return the bytes of the table of words that both files hold, in bytes; sound has no words to look up."""
    if not applies(how, shape) or shape.structure != "encoder-decoder":
        return 0.0
    return sum(sizes[id(group)] for group in shape.groups or () if group.role == "embedding")


def copy_factor(how: Format, architecture: Architecture | None) -> float:
    """Return the copies beside a model's weights over what is usual in its format. [1]."""
    is_t5 = architecture is not None and architecture.model_type == "t5"
    return _T5_COPY_FACTOR if is_t5 and how.runtime == "onnxruntime" else 1.0


def packed_k(candidate: Candidate) -> float:
    """Return the range of the copies: wide for files whose freed room is now used again and now not. [1]."""
    uncertain = copy_factor(candidate.format, candidate.model.architecture) < 1.0
    return UNCERTAIN_COPY_K if uncertain or candidate.model.id in image_memory.LIVE_ELEMENTS else COPY_K


def head_copy_bytes(how: Format, shape: ModelShape, sizes: Mapping[int, float]) -> float:
    """Return the copy of a tied output matrix, which lies the other way round than its table, in bytes."""
    if not applies(how, shape):
        return 0.0
    tied = [group for group in shape.groups or () if group.role == "lm_head" and group.tied]
    return sum(sizes[id(group)] * loading.turned_share(how) for group in tied)


def columns(how: Format, shape: ModelShape) -> dict[str, float]:
    """Return what replaces the cost of a fused decoder; nothing for other candidates."""
    if not applies(how, shape) or shape.decoder is None:
        return {}
    layers = shape.decoder.num_layers
    return {
        "decoder_operators": layers * _OPERATORS_PER_LAYER + runtime_facts.OPERATORS_AROUND_LAYERS,
        "decoder_plain_operators": layers * _PLAIN_OPERATORS_PER_LAYER,
        "cache_grows": 1.0,
    }
