"""How a graph stores its weight matrices, and how many bytes that takes. Pure."""

import math
from typing import Literal

import msgspec

from advisor.graphs import layers
from advisor.graphs.layers import Layer
from advisor.graphs.shape import DecoderShape, EncoderShape

FLOAT_BYTES = 4
StorageKind = Literal["float", "blocks", "dynamic"]


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """Storage of weight matrices: 32-bit floats, blocks with one scale each, or 8 bits with one scale a matrix."""

    kind: StorageKind
    num_bits: int = 32
    block_size: int = 32
    """[weights] Of kind `blocks`: weights along K that share one scale."""

    @property
    def name(self) -> str:
        """Return kind and bits in one word."""
        return f"{self.kind}{self.num_bits}"

    def linear_bytes(self, num_in: int, num_out: int) -> int:
        """Return the bytes of one matrix with `num_in` inputs and `num_out` outputs, in bytes."""
        if self.kind == "float":
            return num_in * num_out * FLOAT_BYTES
        if self.kind == "dynamic":
            return num_in * num_out + FLOAT_BYTES + 1
        blocks = num_out * math.ceil(num_in / self.block_size)
        return blocks * (self.block_size * self.num_bits // 8 + FLOAT_BYTES)


FLOAT32 = Storage(kind="float")
BY_FORMAT: dict[str, Storage] = {
    "onnx-fp32": FLOAT32,
    "onnx-int8": Storage(kind="blocks", num_bits=8),
    "onnx-int8-dynamic": Storage(kind="dynamic", num_bits=8),
    "onnx-int4-b32": Storage(kind="blocks", num_bits=4),
    "onnx-int4-b128": Storage(kind="blocks", num_bits=4, block_size=128),
}
"""Formats a graph can be made for. Half precision is none of them: ONNX Runtime's CPU kernels compute it in 32 bits."""


def decoder_bytes(
    shape: DecoderShape, storage: Storage, *, num_layers: int | None = None, with_head: bool = True
) -> int:
    """Return the weight bytes of a decoder, in bytes.

    Args:
        shape: the whole model.
        storage: of its matrices and its embedding table.
        num_layers: layers kept; all by default.
        with_head: False for a model that returns hidden states.
    """
    kinds = layers.counts(shape.kinds(num_layers))
    inner = sum(count * _layer_bytes(shape, storage, layer) for layer, count in kinds)
    table = storage.linear_bytes(shape.hidden_size, shape.vocab_size)
    head = table if with_head and not shape.tied else 0
    return inner + table + head + shape.num_outer_vector_elements(with_head=with_head) * FLOAT_BYTES


def _layer_bytes(shape: DecoderShape, storage: Storage, layer: Layer) -> int:
    num_experts, sizes = shape.expert_sizes(layer)
    matrices = sum(storage.linear_bytes(k, n) for k, n in shape.linear_sizes(layer))
    experts = num_experts * sum(storage.linear_bytes(k, n) for k, n in sizes)
    vectors = shape.num_layer_vector_elements(layer) + shape.num_filler_elements(layer)
    return matrices + experts + vectors * FLOAT_BYTES


def encoder_bytes(shape: EncoderShape, storage: Storage, *, num_layers: int | None = None) -> int:
    """Return the weight bytes of an encoder, in bytes.

    Args:
        shape: the whole model.
        storage: of its matrices and its table of words; positions and segments stay 32 bits.
        num_layers: layers kept; all by default.
    """
    layer = sum(storage.linear_bytes(k, n) for k, n in shape.linear_sizes())
    layer += shape.num_layer_vector_elements() * FLOAT_BYTES
    words = storage.linear_bytes(shape.hidden_size, shape.vocab_size)
    rows = sum(shape.table_rows()) - shape.vocab_size
    others = (rows * shape.hidden_size + shape.num_norm_elements()) * FLOAT_BYTES
    head = sum(storage.linear_bytes(k, n) + n * FLOAT_BYTES for k, n in shape.head_sizes())
    kept = shape.num_layers if num_layers is None else num_layers
    return kept * layer + words + others + head
