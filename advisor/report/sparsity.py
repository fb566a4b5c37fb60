"""What is said and written of the zeros in a model's weights: sentences, rows and the public JSON."""

from advisor import units
from advisor.catalog.weights.model import Pattern, SparsityReport, TensorZeros, UnevenShape
from advisor.report.public_parts import Document, head, plain_figure

PATTERN_TITLES = ("Zeros", "Matrices", "Numbers", "Zeros among them", "Share")
ROLE_TITLES = ("For", "Tensors", "Numbers", "Zeros", "Share")
TENSOR_TITLES = ("Matrix", "Shape", "Zeros", "Share", "Pattern")
_MOST_SHOWN = 10
_FEW_SHARE = 0.01
"""[1] Below it zeros save nothing with any software."""
_COUNTED = "every stored number compared with zero"
_PATTERNS: dict[Pattern, str] = {
    "none": "none", "scattered": "scattered", "1x4": "in blocks of 1x4", "2:4": "2 of each 4 (2:4)",
    "4x4": "in blocks of 4x4", "16x16": "in blocks of 16x16", "columns": "whole columns (inputs)",
    "rows": "whole rows (outputs)", "heads": "whole attention heads", "all": "all of it",
}  # fmt: skip
_ROLES = {
    "embedding": "token tables", "position": "position tables", "lm_head": "output matrix", "linear": "matrices",
    "expert": "experts", "router": "routers", "norm": "norms", "bias": "biases", "conv": "convolutions",
    "state": "state", "other": "other",
}  # fmt: skip
_CUTTABLE: frozenset[Pattern] = frozenset({"rows", "columns", "heads", "all"})
_BLOCKS: frozenset[Pattern] = frozenset({"1x4", "4x4", "16x16"})
DENSE = (
    "The kernels that this app measures (ONNX Runtime, llama.cpp) are dense: they multiply by a zero as by any other "
    "number, so the zeros save no memory, time or energy there."
)
_SEMI = (
    "2:4 is what the sparse tensor cores of NVIDIA cards since Ampere use (TensorRT, cuSPARSELt); on a CPU it saves "
    "nothing."
)
_BLOCK = "Zero blocks help only software with kernels for them; ONNX Runtime and llama.cpp have none."


def sentence(found: SparsityReport) -> str:
    """Return how many zeros there are, in one sentence."""
    share = found.share()
    if share is None:
        return f"{found.name}: none of its {units.count(found.num_unknown_elements)} parameters could be looked at."
    return (
        f"{found.name}: {found.num_zeros:,} of {found.num_elements:,} parameters are exactly zero "
        f"({percent(share)}{_in_matrices(found)})."
    )


def _in_matrices(found: SparsityReport) -> str:
    share = found.matrix_share()
    return "" if share is None else f"; {percent(share)} in matrices"


def percent(share: float) -> str:
    """Return a share in per cent; a small one is not called none."""
    if not share:
        return "0 %"
    if share < 0.001:
        return "under 0.1 %"
    return "over 99.9 %" if 0.999 < share < 1 else f"{100 * share:.3g} %"


def saving(found: SparsityReport) -> list[str]:
    """Return what the zeros save and what they do not."""
    share = found.matrix_share() or 0.0
    kinds = {row.pattern for row in found.patterns if row.num_zeros}
    if share < _FEW_SHARE and not found.num_removable_elements:
        return ["So few zeros save nothing: the model was not pruned by setting weights to zero."]
    said = [_removable(found)] if found.num_removable_elements else []
    if kinds - _CUTTABLE:
        said.append(DENSE)
    if "2:4" in kinds:
        said.append(_SEMI)
    if kinds & _BLOCKS:
        said.append(_BLOCK)
    if found.is_quantized and "scattered" in kinds:
        said.append("In compressed weights small ones become zero by rounding; such zeros are no sign of pruning.")
    return said


def _removable(found: SparsityReport) -> str:
    share = found.num_removable_elements / max(1, found.num_elements)
    return (
        f"{found.num_removable_elements:,} numbers ({percent(share)}, {units.size(found.num_removable_bytes)}) lie in "
        "whole zero rows and columns. A model with these cut out would be smaller and faster by about as much, in any "
        "software; this app does not cut them out."
    )


def remarks(found: SparsityReport) -> list[str]:
    """Return what else was found."""
    said = []
    if found.stated is not None:
        facts = [found.stated.format, found.stated.structure or ""]
        facts.append("" if found.stated.zero_share is None else percent(found.stated.zero_share))
        said.append(f"config.json states zeros in the weights: {', '.join(fact for fact in facts if fact)}.")
    if found.num_masks:
        said.append(f"{found.num_masks} masks lie beside weights; where a mask is zero, the weight counts as zero.")
    if found.num_unknown_elements:
        said.append(
            f"{units.count(found.num_unknown_elements)} parameters are stored as {', '.join(found.unknown_types)}, "
            "which does not tell a zero; they are not counted above."
        )
    return said + taken_out(found)


def taken_out(found: SparsityReport) -> list[str]:
    """Return what was taken out of the model as a whole: layers, heads, parts of layers."""
    said = missing(found.missing_layers)
    if found.num_pruned_heads:
        said.append(f"config.json lists {found.num_pruned_heads} attention heads as cut out.")
    if found.uneven:
        said.append(uneven(found.uneven))
    return said


def missing(layers: tuple[int, ...]) -> list[str]:
    """Return that layers are not there; nothing where they all are."""
    if not layers:
        return []
    named = ", ".join(map(str, layers[:_MOST_SHOWN])) + (", ..." if len(layers) > _MOST_SHOWN else "")
    return [f"{len(layers)} layers are not there (counted from 0: {named})."]


def uneven(shapes: tuple[UnevenShape, ...]) -> str:
    """Return that layers differ in shape."""
    first = shapes[0]
    more = f", and {len(shapes) - 1} more" if len(shapes) > 1 else ""
    sizes = f"{_shape(first.smallest_sizes)} to {_shape(first.largest_sizes)}"
    return (
        f"Layers differ in shape: {first.name} from {sizes}{more}. Parts were cut out, or it is built so; sizes and "
        "estimates use the shapes that are there."
    )


def speed(found: SparsityReport) -> str:
    """Return what was read, and how fast."""
    rate = f" ({units.size(found.read_bytes / found.elapsed_s)}/s)" if found.elapsed_s else ""
    return f"{units.size(found.read_bytes)} of weights read in {units.duration(found.elapsed_s)}{rate}."


def pattern_rows(found: SparsityReport) -> list[tuple[str, ...]]:
    """Return matrices by what their zeros have in common."""
    return [
        (
            _PATTERNS[row.pattern], f"{row.num_tensors:,}", f"{row.num_elements:,}", f"{row.num_zeros:,}",
            percent(row.num_zeros / row.num_elements),
        )
        for row in found.patterns
    ]  # fmt: skip


def role_rows(found: SparsityReport) -> list[tuple[str, ...]]:
    """Return zeros by what tensors are for."""
    return [
        (
            _ROLES[row.role], f"{row.num_tensors:,}", f"{row.num_elements:,}", f"{row.num_zeros:,}",
            percent(row.num_zeros / row.num_elements),
        )
        for row in found.roles
        if row.num_elements
    ]  # fmt: skip


def tensor_rows(found: SparsityReport) -> list[tuple[str, ...]]:
    """Return the matrices with the most zeros."""
    return [
        (
            item.name, _shape(item.shape), f"{item.num_zeros:,}", percent(item.num_zeros / item.num_elements),
            _PATTERNS[item.pattern],
        )
        for item in found.tensors[:_MOST_SHOWN]
    ]  # fmt: skip


def document(found: SparsityReport) -> Document:
    """Return the public JSON."""
    return {
        **head("sparsity"),
        "name": found.name,
        "container": found.container,
        "sentence": sentence(found),
        "saving": saving(found),
        "remarks": remarks(found),
        "num_tensors": found.num_tensors,
        "num_elements": found.num_elements,
        "num_zeros": found.num_zeros,
        "num_unknown_elements": found.num_unknown_elements,
        "unknown_types": list(found.unknown_types),
        "is_quantized": found.is_quantized,
        "zero_share": plain_figure(found.share(), "1", "measured", _COUNTED),
        "matrix_zero_share": plain_figure(found.matrix_share(), "1", "measured", f"{_COUNTED}, of matrices alone"),
        "removable": plain_figure(
            found.num_removable_bytes, "B", "measured", "numbers in whole zero rows and columns of matrices"
        ),
        "roles": [
            {"role": row.role, "num_tensors": row.num_tensors, "num_elements": row.num_elements,
             "num_zeros": row.num_zeros}
            for row in found.roles
        ],
        "patterns": [
            {"pattern": row.pattern, "num_tensors": row.num_tensors, "num_elements": row.num_elements,
             "num_zeros": row.num_zeros}
            for row in found.patterns
        ],
        "tensors": [_tensor(item) for item in found.tensors],
        "num_masks": found.num_masks,
        "num_stated_layers": found.num_stated_layers,
        "missing_layers": list(found.missing_layers),
        "num_pruned_heads": found.num_pruned_heads,
        "uneven": [
            {"name": item.name, "num_shapes": item.num_shapes, "smallest": list(item.smallest_sizes),
             "largest": list(item.largest_sizes)}
            for item in found.uneven
        ],
        "stated": None if found.stated is None else {
            "format": found.stated.format, "structure": found.stated.structure,
            "share": plain_figure(found.stated.zero_share, "1", "assumed", "stated by config.json"),
        },
        "read": plain_figure(found.read_bytes, "B", "measured", "bytes of weights"),
        "duration": plain_figure(found.elapsed_s, "s", "measured", "reading and counting"),
    }  # fmt: skip


def _tensor(item: TensorZeros) -> Document:
    return {
        "name": item.name, "file": item.file, "role": item.role, "type": item.dtype, "shape": list(item.shape),
        "num_elements": item.num_elements, "num_zeros": item.num_zeros, "pattern": item.pattern,
        "num_zero_rows": item.num_zero_rows, "num_zero_columns": item.num_zero_columns,
        "num_zero_heads": item.num_zero_heads,
    }  # fmt: skip


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{side:,}" for side in shape) or "1"
