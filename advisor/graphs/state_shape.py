"""Sizes of layers that mix tokens by a state instead of attention. Pure values, no onnx."""

import msgspec

States = tuple[tuple[str, tuple[int, ...]], ...]
"""Name of a state -> its dimensions behind the batch."""


class ShortConvolution(msgspec.Struct, frozen=True, kw_only=True):
    """A gated convolution over a few tokens (LFM2)."""

    hidden_size: int
    kernel_size: int
    """[tokens]"""

    def linear_sizes(self) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the projections."""
        return (self.hidden_size, 3 * self.hidden_size), (self.hidden_size, self.hidden_size)

    def num_vector_elements(self) -> int:
        """Return the elements of the kernel."""
        return self.hidden_size * self.kernel_size

    def num_filler_elements(self) -> int:
        """Return none: nothing is written that the model does not have."""
        return 0

    def states(self) -> States:
        """Return the tokens the convolution still needs."""
        return (("conv_state", (self.hidden_size, self.kernel_size - 1)),)


class GatedDelta(msgspec.Struct, frozen=True, kw_only=True):
    """Linear attention that forgets by a gate and corrects what it stores (gated delta rule: Qwen3-Next)."""

    hidden_size: int
    num_key_heads: int
    num_value_heads: int
    key_size: int
    """[elements] A key or query head."""
    value_size: int
    """[elements] A value head."""
    kernel_size: int
    """[tokens]"""

    @property
    def keys_size(self) -> int:
        """Return the width of all key heads, in elements."""
        return self.num_key_heads * self.key_size

    @property
    def values_size(self) -> int:
        """Return the width of all value heads, in elements."""
        return self.num_value_heads * self.value_size

    @property
    def mixed_size(self) -> int:
        """Return the width of queries, keys and values, which the convolution runs over, in elements."""
        return 2 * self.keys_size + self.values_size

    def linear_sizes(self) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the projections; the two narrow ones of the gates stay 32-bit floats."""
        hidden, values = self.hidden_size, self.values_size
        return (hidden, self.mixed_size), (hidden, values), (values, hidden)

    def num_vector_elements(self) -> int:
        """Return the elements of kernel, gates and norm."""
        gates = 2 * self.num_value_heads * (self.hidden_size + 1)
        return self.mixed_size * self.kernel_size + gates + self.value_size

    def num_filler_elements(self) -> int:
        """Return the zeros that onnxruntime-genai's builder writes as bias of the convolution."""
        return self.mixed_size

    def states(self) -> States:
        """Return the tokens the convolution still needs, and what the heads store."""
        heads = (self.num_value_heads, self.key_size, self.value_size)
        return ("conv_state", (self.mixed_size, self.kernel_size - 1)), ("recurrent_state", heads)


class StateSpace(msgspec.Struct, frozen=True, kw_only=True):
    """A selective state-space layer of the second kind (Mamba 2)."""

    hidden_size: int
    num_heads: int
    head_size: int
    """[elements]"""
    num_groups: int
    """Groups of heads that share what is written and read."""
    state_size: int
    """[elements]"""
    kernel_size: int
    """[tokens]"""
    inner_norm: bool = True
    """A norm sits between the gate and the output."""

    @property
    def inner_size(self) -> int:
        """Return the width of all heads, in elements."""
        return self.num_heads * self.head_size

    @property
    def mixed_size(self) -> int:
        """Return the width the convolution runs over, in elements."""
        return self.inner_size + 2 * self.num_groups * self.state_size

    def linear_sizes(self) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the projections."""
        wide = self.inner_size + self.mixed_size + self.num_heads
        return (self.hidden_size, wide), (self.inner_size, self.hidden_size)

    def num_vector_elements(self) -> int:
        """Return the elements of kernel, time steps and norm."""
        count = self.mixed_size * (self.kernel_size + 1) + 3 * self.num_heads
        return count + (self.inner_size if self.inner_norm else 0)

    def num_filler_elements(self) -> int:
        """Return none: nothing is written that the model does not have."""
        return 0

    def states(self) -> States:
        """Return the tokens the convolution still needs, and what the heads store."""
        heads = (self.num_heads, self.state_size, self.head_size)
        return ("conv_state", (self.mixed_size, self.kernel_size - 1)), ("recurrent_state", heads)


Recurrent = ShortConvolution | GatedDelta | StateSpace
