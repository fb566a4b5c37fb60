"""What a synthetic graph is built from: sizes and traits of one model family. Pure values, no onnx."""

from typing import Literal

import msgspec

from advisor.graphs import layers
from advisor.graphs.expert_shape import Experts, Latent
from advisor.graphs.layers import PLAIN, Layer
from advisor.graphs.state_shape import Recurrent

Norm = Literal["rms", "layer"]
NormPlacement = Literal["pre", "post", "both", "parallel", "parallel-two"]
"""Where a layer normalizes: before each half (`pre`), after it (`post`, OLMo 2), on both sides (`both`, Gemma 2), once
for two halves side by side (`parallel`, Phi), twice for two halves side by side (`parallel-two`, GPT-NeoX)."""
Activation = Literal["silu", "gelu", "relu", "relu-squared", "xielu"]
QkNorm = Literal["none", "head", "full"]
Positions = Literal["rotary", "linear-bias", "none"]
"""How attention knows where tokens are: turned heads, scores that fall with distance (ALiBi, BLOOM), or not at all."""


class DecoderShape(msgspec.Struct, frozen=True, kw_only=True):
    """A decoder: layers of one kind, or of several as `layers` says."""

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
    embedding_norm: bool = False
    """A norm follows the embedding table (BLOOM)."""
    inner_norms: bool = False
    """A norm sits before the output matrix of each half (BitNet)."""
    gated: bool = True
    activation: Activation = "silu"
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    qk_norm: QkNorm = "none"
    gated_attention: bool = False
    """Queries bring a gate of their own width for what attention returns (Qwen3-Next)."""
    sinks: bool = False
    """One learned score a head, of nothing (gpt-oss)."""
    positions: Positions = "rotary"
    rotary_apart: bool = False
    """Queries and keys are turned before they are normalized, so not inside the attention kernel (HunYuan)."""
    num_learned_positions: int = 0
    """Rows of a learned position table; 0: none."""
    num_positions: int = 0
    """Longest position the model knows."""
    window: int | None = None
    """[tokens] Sliding window of the layers whose mixer is `window`."""
    layers: tuple[Layer, ...] = ()
    """One entry a layer; empty: plain attention and a dense MLP in all."""
    experts: Experts | None = None
    """Of the layers whose feed is `experts`."""
    latent: Latent | None = None
    """In place of plain attention, in all layers."""
    recurrent: Recurrent | None = None
    """Of the layers whose mixer is `recurrent` or `both`."""
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

    @property
    def widest_feed(self) -> int:
        """Return the elements of a token in the widest second half of a layer: experts it visits, or the MLP."""
        if self.experts is None:
            return self.intermediate_size
        visited = self.experts.num_per_token * self.experts.intermediate_size + self.experts.shared_size
        dense = any(layer.feed == "dense" for layer in self.layers)
        return max(visited, self.intermediate_size if dense else 0)

    def kinds(self, num_layers: int | None = None) -> tuple[Layer, ...]:
        """Return the kind of each layer of a model of that many layers, mixed as in the whole; all by default."""
        wanted = self.num_layers if num_layers is None else num_layers
        return layers.part(self.layers, wanted) if self.layers else wanted * (PLAIN,)

    def period(self) -> tuple[int, int]:
        """Return the depths whose mix is exactly the whole's: first layers, and the step of further ones."""
        return layers.period(self.layers) if self.layers else (0, 1)

    def linear_sizes(self, layer: Layer = PLAIN) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the weight matrices of one layer, in the order they are run.

        Args:
            layer: its kind. Matrices of routed experts are left out: they are one tensor.
        """
        return (*self._mixer_sizes(layer), *self._feed_sizes(layer))

    def num_layer_vector_elements(self, layer: Layer = PLAIN) -> int:
        """Return the elements of one layer that no format quantizes: norms, biases, routers, kernels."""
        norms = {"pre": 2, "post": 2, "both": 4, "parallel": 1, "parallel-two": 2}[self.norm_placement]
        count = norms * self.hidden_size * (2 if self.norm_bias else 1)
        count += self._num_attention_vector_elements() if layer.attends else 0
        count += self.recurrent.num_vector_elements() if layer.recurs and self.recurrent else 0
        if layer.feed == "experts" and self.experts:
            return count + self.experts.num_vector_elements(self.hidden_size)
        if self.mlp_bias:
            count += self.intermediate_size * (2 if self.gated else 1) + self.hidden_size
        return count + (self.intermediate_size if self.inner_norms else 0)

    def num_filler_elements(self, layer: Layer = PLAIN) -> int:
        """Return the elements of one layer that are in the graph but no parameters of the model."""
        count = self.recurrent.num_filler_elements() if layer.recurs and self.recurrent else 0
        if layer.feed == "experts" and self.experts:
            count += self.experts.num_filler_elements(self.hidden_size)
        return count

    def expert_sizes(self, layer: Layer) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Return how many routed experts a layer has, and input and output width of the matrices of one."""
        if layer.feed != "experts" or self.experts is None:
            return 0, ()
        return self.experts.num_experts, self.experts.expert_sizes(self.hidden_size)

    def num_outer_vector_elements(self, *, with_head: bool = True) -> int:
        """Return the elements outside the layers that no format quantizes: norms, head bias, positions."""
        norms = (2 if self.embedding_norm else 1) * self.hidden_size * (2 if self.norm_bias else 1)
        count = norms + self.num_learned_positions * self.hidden_size
        return count + (self.vocab_size if self.head_bias and with_head else 0)

    def num_parameters(self, *, with_head: bool = True) -> int:
        """Return the parameters of the whole model."""
        table = self.vocab_size * self.hidden_size
        head = table if with_head and not self.tied else 0
        inner = sum(count * self._num_layer_parameters(layer) for layer, count in layers.counts(self.kinds()))
        return inner + table + head + self.num_outer_vector_elements(with_head=with_head)

    def _num_layer_parameters(self, layer: Layer) -> int:
        num_experts, sizes = self.expert_sizes(layer)
        matrices = sum(k * n for k, n in self.linear_sizes(layer)) + num_experts * sum(k * n for k, n in sizes)
        return matrices + self.num_layer_vector_elements(layer)

    def _mixer_sizes(self, layer: Layer) -> tuple[tuple[int, int], ...]:
        sizes: tuple[tuple[int, int], ...] = ()
        if layer.attends:
            sizes = self._attention_sizes()
        return (*sizes, *self.recurrent.linear_sizes()) if layer.recurs and self.recurrent else sizes

    def _attention_sizes(self) -> tuple[tuple[int, int], ...]:
        if self.latent is not None:
            return self.latent.linear_sizes(self.hidden_size, self.num_heads)
        queries = self.query_size * (2 if self.gated_attention else 1)
        return (self.hidden_size, queries + 2 * self.kv_size), (self.query_size, self.hidden_size)

    def _feed_sizes(self, layer: Layer) -> tuple[tuple[int, int], ...]:
        if layer.feed == "experts" and self.experts:
            return self.experts.linear_sizes(self.hidden_size)
        wide = self.intermediate_size
        return (*(2 if self.gated else 1) * ((self.hidden_size, wide),), (wide, self.hidden_size))

    def _num_attention_vector_elements(self) -> int:
        if self.latent is not None:
            return self.latent.num_vector_elements()
        count = (self.query_size + 2 * self.kv_size) if self.qkv_bias else 0
        count += self.hidden_size if self.output_bias else 0
        count += self.num_heads if self.sinks else 0
        count += self.query_size if self.inner_norms else 0
        return count + {"none": 0, "head": 2 * self.head_size, "full": self.query_size + self.kv_size}[self.qk_norm]


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
