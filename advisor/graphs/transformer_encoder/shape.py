"""Shapes of text encoders that are not plain BERT. Pure."""

from typing import Literal

import msgspec

Body = Literal["modern", "disentangled", "post-norm"]
Places = Literal["learned", "counted", "rotary", "distance", "none"]
"""How a token knows its place: a table, a table that skips padding, turned queries and keys, a penalty on distance."""
Activation = Literal["gelu", "gelu-parts", "silu"]
Head = Literal["mean", "classifier", "spans"]
"""One vector a text, scores of labels, or a start and an end of each token."""


class TextShape(msgspec.Struct, frozen=True, kw_only=True):
    """A text encoder, with what comes before and after its layers."""

    body: Body
    num_layers: int
    hidden_size: int
    intermediate_size: int
    num_heads: int
    vocab_size: int
    num_positions: int
    """[tokens] Longest text; rows of the table of places where there is one."""
    embedding_size: int
    """[elements] Width of the table of words."""
    places: Places
    first_place: int = 0
    """Row of the table at which counting starts."""
    num_token_types: int = 0
    qkv_bias: bool = True
    up_bias: bool = True
    down_bias: bool = True
    gated: bool = False
    gate_packed: bool = False
    """Gate and what it lets through come from one product."""
    activation: Activation = "gelu"
    relative_bias: bool = False
    """A learned number for each head and distance is added to the scores (MPNet)."""
    shared_layers: bool = False
    """All layers have the same weights (ALBERT)."""
    local_reach: int = 0
    """[tokens] Farthest distance that local layers see; 0: all layers see everything."""
    global_every: int = 1
    """[layers] From one layer that sees everything to the next; the first one of all does."""
    num_buckets: int = 0
    """Rows of the table of distances for each direction (DeBERTa)."""
    head: Head = "mean"
    num_labels: int = 0
    pooler: bool = False
    """The first token's vector goes through one more product."""

    @property
    def head_size(self) -> int:
        """Width of one attention head, in elements."""
        return self.hidden_size // self.num_heads

    @property
    def num_room_tokens(self) -> int:
        """Longest text it reads, in tokens."""
        return self.num_positions - self.first_place

    @property
    def depth_period(self) -> tuple[int, int]:
        """Depths whose mix of layers is exactly the whole's: the first layers, and any multiple of the step more."""
        every = self.global_every if self.local_reach else 1
        rest = self.num_layers % every
        return (rest + every if rest == 1 else rest), every  # what local layers share is there from the start

    def is_global(self, layer: int) -> bool:
        """Tell whether a layer sees the whole text."""
        return not self.local_reach or layer % self.global_every == 0
