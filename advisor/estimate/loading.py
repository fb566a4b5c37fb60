"""What ONNX Runtime holds beside a model's weights on a processor: packed copies, and more for a moment while it loads.

Measured with ONNX Runtime 1.32 on Linux, resident set and its anonymous and mapped parts while a session is made:

- weights beside the graph (onnxruntime-genai's exports): each matrix is mapped, packed into a copy and let go. Block
  scales stay mapped, since packing reads them and does not own them. A packed block of int4 or int8 holds weights, a
  scale and a sum: 4 bytes more than in the file.
- an embedding table in blocks is reshaped while loading, which copies its data.
- weights inside the graph (other exports below 2 GB): the whole file is in memory until all matrices are packed; their
  originals are freed one by one, and about half of the freed room is used again.
"""

from advisor.catalog.model import Format, TensorGroup
from advisor.graphs.storage import BY_FORMAT, FLOAT_BYTES
from advisor.graphs.weights_limit import INSIDE_LIMIT_BYTES

_MULTIPLIED = frozenset({"linear", "router", "lm_head"})
_INSIDE_SHARES = {"float": 0.58, "dynamic": 0.8}
"""[1] Copies that add to the file inside the graph. Measured: fp32 0.57 and 0.60, dynamic 0.74 and 0.84 (BERT base and
large)."""
_INSIDE_BLOCKS_SHARE = 0.6
_CONVOLUTION_SHARE = 1.3
"""[1] Convolutions are kept in another order of channels besides: measured 1.5 (ResNet-18)."""
_EXPERT_SHARES = {("float", 32): 0.28, ("blocks", 4): 0.08, ("blocks", 8): 0.44}
"""[1] Of stacked experts: measured 1.28, 1.06 to 1.12 and 1.44 times their file (granite 3.1 1B-A400M)."""
_HALF_FLOAT_SHARE = 2.0
"""[1] Widened to 32 bits beside the original: measured peak 3.0 times the file (plain products)."""


def is_inside(how: Format, structure: str | None, size_bytes: float) -> bool:
    """Tell whether an export keeps its weights inside the graph's own file.

    Args:
        how: the format.
        structure: kind of model; decoders are exported with weights beside the graph.
        size_bytes: [B] All weights.
    """
    return how.runtime == "onnxruntime" and structure != "decoder" and size_bytes < INSIDE_LIMIT_BYTES


def copy_share(how: Format, group: TensorGroup, *, inside: bool) -> float:
    """Return what is held beside a group's own bytes once the model is loaded, as a share of them; may be negative.

    Args:
        how: a format of ONNX Runtime.
        group: tensors of one shape and role.
        inside: whether the weights are inside the graph's file.
    """
    storage = BY_FORMAT.get(how.id)
    if storage is None:
        return _HALF_FLOAT_SHARE if group.role in _MULTIPLIED or group.role == "expert" else 0.0
    if group.role == "expert":
        return _EXPERT_SHARES.get((storage.kind, storage.num_bits), 0.0)
    if group.role == "conv":
        return _CONVOLUTION_SHARE if inside else 0.0
    if inside:
        share = _INSIDE_SHARES.get(storage.kind, _INSIDE_BLOCKS_SHARE)
        return share if group.role in _MULTIPLIED and not group.tied else 0.0
    if storage.kind != "blocks":
        return 1.0 if group.role == "lm_head" and group.tied else 0.0
    extra = FLOAT_BYTES / (storage.block_size * storage.num_bits / 8 + FLOAT_BYTES)
    if group.role == "embedding":
        return -extra
    if group.role not in _MULTIPLIED:
        return 0.0
    return 1.0 + 2 * extra if group.tied else 2 * extra


def turned_share(how: Format) -> float:
    """Return the copy of a table that is multiplied by the other way round, inside a graph, as a share of its bytes."""
    storage = BY_FORMAT.get(how.id)
    return _INSIDE_SHARES.get(storage.kind, _INSIDE_BLOCKS_SHARE) if storage is not None else 0.0


def moment_share(how: Format, group: TensorGroup, *, inside: bool) -> float:
    """Return what one tensor of a group adds for a moment while it is packed or read, as a share of its bytes."""
    storage = BY_FORMAT.get(how.id)
    if storage is None or storage.kind != "blocks":
        return 1.0 if inside and group.role == "embedding" else 0.0
    if inside or group.role != "lm_head":
        return 0.0
    return 1.0 - FLOAT_BYTES / (storage.block_size * storage.num_bits / 8 + FLOAT_BYTES)
