"""What a look at every weight of a model found. Pure values; imports no numpy."""

from typing import Literal

import msgspec

from advisor.catalog.headers.model import Container
from advisor.catalog.model import TensorRole

Pattern = Literal["none", "scattered", "1x4", "2:4", "4x4", "16x16", "columns", "rows", "heads", "all"]
"""What the zeros of a tensor have in common: the largest shape that holds at least 99 % of them.

`2:4`: of each four neighbours at least two are zero; `1x4`, `4x4`, `16x16`: whole blocks; `rows`, `columns`: whole
outputs or inputs; `heads`: whole attention heads; `all`: nothing else is there.
"""


class TensorZeros(msgspec.Struct, frozen=True, kw_only=True):
    """The zeros of one tensor."""

    name: str
    file: str
    role: TensorRole
    dtype: str
    shape: tuple[int, ...]
    num_elements: int
    num_zeros: int
    pattern: Pattern
    num_zero_rows: int = 0
    num_zero_columns: int = 0
    num_zero_heads: int = 0
    num_removable_elements: int = 0
    """Numbers in whole zero rows and columns: a smaller matrix would not have them."""


class RoleZeros(msgspec.Struct, frozen=True, kw_only=True):
    """The zeros of all tensors that do the same."""

    role: TensorRole
    num_tensors: int
    num_elements: int
    num_zeros: int


class PatternTotal(msgspec.Struct, frozen=True, kw_only=True):
    """All tensors whose zeros have the same in common."""

    pattern: Pattern
    num_tensors: int
    num_elements: int
    num_zeros: int


class UnevenShape(msgspec.Struct, frozen=True, kw_only=True):
    """Tensors of the same name whose shape differs from layer to layer: parts were cut out."""

    name: str
    """With `N` for the number of the layer."""
    num_shapes: int
    smallest_sizes: tuple[int, ...]
    largest_sizes: tuple[int, ...]


class StatedSparsity(msgspec.Struct, frozen=True, kw_only=True):
    """What config.json says of zeros in the weights."""

    format: str
    structure: str | None = None
    zero_share: float | None = None
    """[1] Of the weights it speaks of."""


class SparsityReport(msgspec.Struct, frozen=True, kw_only=True):
    """The zeros of a model. Scales, indexes and other buffers are not looked at."""

    name: str
    container: Container
    num_tensors: int
    num_elements: int
    """Parameters that were looked at."""
    num_zeros: int
    num_unknown_elements: int
    """Parameters stored in a way from which a zero cannot be told."""
    unknown_types: tuple[str, ...]
    is_quantized: bool
    """Rounding to few values makes zeros of its own."""
    roles: tuple[RoleZeros, ...]
    patterns: tuple[PatternTotal, ...]
    """Of matrices alone, the most zeros first."""
    tensors: tuple[TensorZeros, ...]
    """Matrices with zeros, the most zeros first; a long list is cut."""
    num_removable_elements: int
    num_removable_bytes: int
    num_masks: int = 0
    """Masks that lie beside weights; where they are zero, the weight counts as zero."""
    num_stated_layers: int | None = None
    missing_layers: tuple[int, ...] = ()
    """Layers that the numbers of the others, or config.json, call for."""
    uneven: tuple[UnevenShape, ...] = ()
    stated: StatedSparsity | None = None
    num_pruned_heads: int = 0
    """Attention heads that config.json lists as cut out."""
    read_bytes: int = 0
    elapsed_s: float = 0.0

    def share(self) -> float | None:
        """Return the zeros among the parameters that were looked at; null when there are none."""
        return self.num_zeros / self.num_elements if self.num_elements else None

    def matrix_share(self) -> float | None:
        """Return the zeros among the numbers of matrices."""
        elements = sum(row.num_elements for row in self.patterns)
        return sum(row.num_zeros for row in self.patterns) / elements if elements else None
