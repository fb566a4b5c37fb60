"""What a synthetic graph is built from: sizes and traits of one model family. Pure values, no onnx."""

from typing import Literal

import msgspec

Norm = Literal["rms", "layer"]
NormPlacement = Literal["pre", "post", "both", "parallel", "parallel-two"]
"""Where a layer normalizes: before each half (`pre`), after it (`post`, OLMo 2), on both sides (`both`, Gemma 2), once
for two halves side by side (`parallel`, Phi), twice for two halves side by side (`parallel-two`, GPT-NeoX)."""
Activation = Literal["silu", "gelu", "relu", "relu-squared"]
QkNorm = Literal["none", "head", "full"]


class DecoderShape(msgspec.Struct, frozen=True, kw_only=True):
    """A dense decoder."""

    num_layers: int
    hidden_size: int
    """[elements] Width of the residual stream."""
    intermediate_size: int
    """[elements] Width of the MLP."""
    num_heads: int
    num_kv_heads: int
    head_size: int
    """[elements]"""
    vocab_size: int
    """[rows]"""
    tied: bool
    """The output head is the embedding table again."""
    norm: Norm = "rms"
    norm_bias: bool = False
    norm_placement: NormPlacement = "pre"
    gated: bool = True
    activation: Activation = "silu"
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    qk_norm: QkNorm = "none"
    num_learned_positions: int = 0
    """Rows of a learned position table; 0: rotary positions."""
    num_positions: int = 0
    """Longest position the model knows."""
    window: int | None = None
    """[tokens] Sliding window of the layers in `windowed`."""
    windowed: tuple[bool, ...] = ()
    """One flag a layer; empty: no layer has a window."""
    attention_softcap: float = 0.0
    """[1] 0: none."""
    logits_softcap: float = 0.0
    """[1] 0: none."""
    scaled_embedding: bool = False
    scaled_residual: bool = False

    @property
    def query_size(self) -> int:
        """Return the width of all query heads, in elements."""
        return self.num_heads * self.head_size

    @property
    def kv_size(self) -> int:
        """Return the width of all key heads, which is that of all value heads, in elements."""
        return self.num_kv_heads * self.head_size

    def linear_sizes(self) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the weight matrices of one layer, in the order they are run."""
        wide = self.intermediate_size
        attention: tuple[tuple[int, int], ...] = ((self.hidden_size, self.query_size + 2 * self.kv_size),)
        if self.qk_norm != "none":  # the runtime's builder packs the three only when nothing sits between
            attention = ((self.hidden_size, self.query_size),) + 2 * ((self.hidden_size, self.kv_size),)
        up = (2 if self.gated else 1) * ((self.hidden_size, wide),)
        return (*attention, (self.query_size, self.hidden_size), *up, (wide, self.hidden_size))

    def num_layer_vector_elements(self) -> int:
        """Return the elements of norms and biases of one layer."""
        norms = {"pre": 2, "post": 2, "both": 4, "parallel": 1, "parallel-two": 2}[self.norm_placement]
        count = norms * self.hidden_size * (2 if self.norm_bias else 1)
        count += (self.query_size + 2 * self.kv_size) if self.qkv_bias else 0
        count += self.hidden_size if self.output_bias else 0
        if self.mlp_bias:
            count += self.intermediate_size * (2 if self.gated else 1) + self.hidden_size
        if self.qk_norm == "head":
            count += 2 * self.head_size
        elif self.qk_norm == "full":
            count += self.query_size + self.kv_size
        return count

    def num_outer_vector_elements(self, *, with_head: bool = True) -> int:
        """Return the elements outside the layers that no format quantizes: final norm, head bias, positions."""
        count = self.hidden_size * (2 if self.norm_bias else 1) + self.num_learned_positions * self.hidden_size
        return count + (self.vocab_size if self.head_bias and with_head else 0)

    def num_parameters(self, *, with_head: bool = True) -> int:
        """Return the parameters of the whole model."""
        layer = sum(k * n for k, n in self.linear_sizes()) + self.num_layer_vector_elements()
        table = self.vocab_size * self.hidden_size
        head = table if with_head and not self.tied else 0
        return self.num_layers * layer + table + head + self.num_outer_vector_elements(with_head=with_head)


class EncoderShape(msgspec.Struct, frozen=True, kw_only=True):
    """A text encoder of the BERT family, or a static embedder: one table, looked up and averaged."""

    num_layers: int
    hidden_size: int
    """[elements]"""
    intermediate_size: int
    """[elements]"""
    num_heads: int
    head_size: int
    """[elements]"""
    vocab_size: int
    """[rows]"""
    num_learned_positions: int
    num_token_types: int
    """Rows of the segment table; 0: none (DistilBERT)."""
    position_offset: int = 0
    """[rows] First position a text uses (RoBERTa starts behind the padding index)."""
    num_labels: int = 0
    """Outputs of a classification head on the first token; 0: mean pooling instead."""
    is_static: bool = False
    """A static embedder. Its one layer is the look-up and holds no matrix."""

    def linear_sizes(self) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the weight matrices of one layer, in the order they are run."""
        if self.is_static:
            return ()
        wide, hidden = self.intermediate_size, self.hidden_size
        return (*3 * ((hidden, hidden),), (hidden, hidden), (hidden, wide), (wide, hidden))

    def head_sizes(self) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the matrices behind the last layer."""
        if not self.num_labels:
            return ()
        return ((self.hidden_size, self.hidden_size), (self.hidden_size, self.num_labels))

    def table_rows(self) -> tuple[int, ...]:
        """Return the rows of the tables that are added up: words, positions, segments."""
        return tuple(rows for rows in (self.vocab_size, self.num_learned_positions, self.num_token_types) if rows)

    def num_layer_vector_elements(self) -> int:
        """Return the elements of norms and biases of one layer."""
        return 0 if self.is_static else sum(n for _, n in self.linear_sizes()) + 4 * self.hidden_size

    def num_norm_elements(self) -> int:
        """Return the elements of the norm behind the tables."""
        return 0 if self.is_static else 2 * self.hidden_size

    def num_parameters(self) -> int:
        """Return the parameters of the whole model."""
        layer = sum(k * n for k, n in self.linear_sizes()) + self.num_layer_vector_elements()
        head = sum(k * n + n for k, n in self.head_sizes())
        return self.num_layers * layer + sum(self.table_rows()) * self.hidden_size + self.num_norm_elements() + head
