"""Sizes of mixtures of experts and of latent attention. Pure values, no onnx."""

from typing import Literal

import msgspec

Scores = Literal["softmax", "sigmoid"]


class Experts(msgspec.Struct, frozen=True, kw_only=True):
    """The feed-forward half of a layer in which a router sends each token to a few of many small networks."""

    num_experts: int
    num_per_token: int
    """Experts one token visits."""
    intermediate_size: int
    """[elements] Width of one expert."""
    shared_size: int = 0
    """[elements] Width of the network that every token visits beside them; 0: none."""
    shared_gate: bool = False
    """The shared network's output is weighed by a score of its own."""
    bias: bool = False
    """Router and experts have biases of their own."""
    scores: Scores = "softmax"
    corrected: bool = False
    """Experts are chosen by scores plus a learned correction and mixed without it: the choice is made in the graph."""
    normalized: bool = True
    """The scores of the chosen experts are made to add up to one."""
    scale: float = 1.0
    """[1] Factor of the experts' sum."""
    sparse_mixer: bool = False
    alpha: float = 1.0
    """[1] Slope inside the sigmoid of the gate."""
    beta: float = 0.0
    """[1] Added to the ungated half."""
    limit: float = 0.0
    """[1] Where gate and ungated half are cut; 0: nowhere."""

    def expert_sizes(self, hidden_size: int) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the two matrices of one expert; gate and up lie in the first."""
        return (hidden_size, 2 * self.intermediate_size), (self.intermediate_size, hidden_size)

    def linear_sizes(self, hidden_size: int) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the matrices that every token visits."""
        if not self.shared_size:
            return ()
        return (*2 * ((hidden_size, self.shared_size),), (self.shared_size, hidden_size))

    def num_vector_elements(self, hidden_size: int) -> int:
        """Return the elements that no format quantizes: the router, and the biases a family has."""
        count = self.num_experts * (hidden_size + (1 if self.bias else 0) + (1 if self.corrected else 0))
        count += self.num_experts * self._num_bias_elements(hidden_size) if self.bias else 0
        return count + (hidden_size if self.shared_gate and self.shared_size else 0)

    def num_filler_elements(self, hidden_size: int) -> int:
        """Return the zeros that onnxruntime-genai's builder writes as biases of experts that have none."""
        return 0 if self.bias else self.num_experts * self._num_bias_elements(hidden_size)

    def _num_bias_elements(self, hidden_size: int) -> int:
        return 2 * self.intermediate_size + hidden_size


class Latent(msgspec.Struct, frozen=True, kw_only=True):
    """Attention whose keys and values are widened from a narrow space (multi-head latent attention)."""

    rank: int
    """[elements] Width of the narrow space."""
    query_rank: int | None
    """[elements] The same of queries; null: they are projected at once."""
    rotary_size: int
    """[elements] Part of a head with positions, one for all heads of the keys."""
    plain_size: int
    """[elements] Part of a head without."""
    value_size: int
    """[elements] A head of the values."""

    @property
    def head_size(self) -> int:
        """Return the width of a query or key head, in elements. Values are padded to it for the runtime's operator."""
        return self.rotary_size + self.plain_size

    def linear_sizes(self, hidden_size: int, num_heads: int) -> tuple[tuple[int, int], ...]:
        """Return input and output width of the projections, in the order they are run."""
        query = num_heads * self.head_size
        first: tuple[tuple[int, int], ...] = ((hidden_size, query),)
        if self.query_rank is not None:
            first = ((hidden_size, self.query_rank), (self.query_rank, query))
        wide = num_heads * (self.plain_size + self.value_size)
        return (
            *first,
            (hidden_size, self.rank + self.rotary_size),
            (self.rank, wide),
            (num_heads * self.value_size, hidden_size),
        )

    def num_vector_elements(self) -> int:
        """Return the elements of the norms in the narrow spaces."""
        return self.rank + (self.query_rank or 0)
