"""Reads every weight of a model once, a few megabytes at a time, and counts exact zeros.

Files are read, not mapped: a file that another program cuts off while it is mapped would end this process.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from advisor.catalog.headers import companions, folder, groups, packed
from advisor.catalog.headers.checkpoint import Checkpoint
from advisor.catalog.headers.known import recognise
from advisor.catalog.headers.model import TensorInfo, WeightFile
from advisor.catalog.headers.packed import Parameter
from advisor.catalog.headers.source import ByteSource, FileSet, LocalFolder
from advisor.catalog.model import Architecture, TensorRole
from advisor.catalog.weights import outline, zeros
from advisor.catalog.weights.model import (
    Pattern,
    PatternTotal,
    RoleZeros,
    SparsityReport,
    TensorZeros,
)
from advisor.catalog.weights.pattern import BLOCK_ROWS, Loose, Tally
from advisor.catalog.weights.zeros import Bytes, Mask, Unpacker
from advisor.errors import InvalidModelError

PIECE_BYTES = 2**21
"""[B] Read at a time: fits the caches of most processors together with what is made of it."""
_MOST_PIECE_BYTES = 2**25
"""[B] Of sixteen rows; of longer ones zeros are counted and no pattern is looked for."""
_MOST_ROWS = 2**24
MOST_TENSORS = 200
"""[1] Tensors that are listed one by one."""
_MASK, _MASKED = "_mask", "_orig"
"""What torch.nn.utils.prune leaves while it is not made permanent: `weight_orig` and `weight_mask`."""
_BITMASK, _COMPRESSED, _SHAPE = ".bitmask", ".compressed", ".shape"
"""What compressed-tensors leaves of a sparse matrix: one bit for each number, the others alone, and the shape."""
_MATRICES = frozenset({"linear", "expert", "router", "embedding", "position", "lm_head", "conv"})
_HEADS = frozenset({"attn_q", "attn_k", "attn_v"})
Tell = Callable[[int, int, str], None]
"""Told bytes read, bytes in all, and which tensor is next."""


def scan(path: Path, tell: Tell | None = None) -> SparsityReport:
    """Return the zeros of a model on this computer.

    Args:
        path: folder, `.safetensors`, index or `.gguf`.
        tell: told how far it is.

    Raises:
        InvalidModelError: `sparsity-not-of-onnx`.
        AdvisorError: as `folder.read_path`, `ByteSource.read`.
    """
    checkpoint = folder.read_path(path)
    if checkpoint.container == "onnx":
        raise InvalidModelError(
            "sparsity-not-of-onnx", f"{checkpoint.name} is an ONNX graph; zeros are counted in safetensors and GGUF.",
            remedy="Give the model it was made from.", file=checkpoint.name,
        )  # fmt: skip
    files = LocalFolder(path if path.is_dir() else path.parent, trusted=path.name)
    return scan_files(checkpoint, files, tell)


def scan_files(checkpoint: Checkpoint, files: FileSet, tell: Tell | None = None) -> SparsityReport:
    """Return the zeros of a model of which the headers are known.

    Args:
        checkpoint: its headers.
        files: its files.
        tell: told how far it is.

    Raises:
        AdvisorError: as `ByteSource.read`.
    """
    return _Scan(checkpoint, files, tell or (lambda _done, _all, _name: None)).run()


class _Scan:
    def __init__(self, checkpoint: Checkpoint, files: FileSet, tell: Tell) -> None:
        self._checkpoint, self._files, self._tell = checkpoint, files, tell
        self._facts = companions.packing(checkpoint.config)
        self._shape = recognise(checkpoint).card.architecture
        self._all_bytes = checkpoint.weight_bytes()
        self._read_bytes = 0
        self._tensors: list[TensorZeros] = []
        self._removable_bytes = 0.0
        self._unknown: Counter[str] = Counter()
        self._num_masks = 0

    def run(self) -> SparsityReport:
        started_s = time.monotonic()
        with np.errstate(all="ignore"):  # scales of damaged files are infinite
            for component in self._checkpoint.components:
                plain = {item.name: item for item in packed.parameters(component.tensors(), self._facts)}
                for file in component.files:
                    with self._files.open(file.name) as source:
                        self._file(file, source, plain)
        self._tell(self._all_bytes, self._all_bytes, "")
        return self._report(time.monotonic() - started_s)

    def _file(self, file: WeightFile, source: ByteSource, plain: Mapping[str, Parameter]) -> None:
        by_name = {tensor.name: tensor for tensor in file.tensors}
        unpackers = zeros.GGUF if file.container == "gguf" else zeros.SAFETENSORS
        for tensor in sorted(file.tensors, key=lambda item: item.offset_bytes):
            self._tell(self._read_bytes, self._all_bytes, tensor.name)
            if tensor.name.endswith(_BITMASK) and tensor.dtype == "U8":
                self._bitmask(file, source, tensor, by_name.get(tensor.name.removesuffix(_BITMASK) + _SHAPE))
                continue
            item = plain.get(tensor.name)
            unpacker = unpackers.get(tensor.dtype)
            if self._is_no_weight(tensor.name, by_name) or not tensor.num_elements():
                continue
            if item is None or item.shape != tensor.shape or unpacker is None:
                self._note_unknown(tensor, plain)
                continue
            self._plain(file, source, tensor, by_name, unpacker)

    def _plain(
        self, file: WeightFile, source: ByteSource, tensor: TensorInfo, by_name: Mapping[str, TensorInfo],
        unpacker: Unpacker,
    ) -> None:  # fmt: skip
        hint, role = groups.named(
            Parameter(name=tensor.name, shape=tensor.shape, dtype=tensor.dtype, size_bytes=tensor.size_bytes)
        )
        mask = self._mask_of(tensor, by_name)
        for name, tally, at in self._matrices(tensor, role, unpacker):
            pieces = self._pieces(source, at, tally, unpacker)
            masked = self._pieces(source, mask[0].offset_bytes, tally, mask[1]) if mask is not None else None
            for piece in pieces:
                tally.add(piece | next(masked) if masked is not None else piece)
            self._note(file, tensor, name, role, tally, _num_heads(hint, self._shape))

    def _mask_of(self, tensor: TensorInfo, by_name: Mapping[str, TensorInfo]) -> tuple[TensorInfo, Unpacker] | None:
        if not tensor.name.endswith(_MASKED):
            return None
        mask = by_name.get(tensor.name.removesuffix(_MASKED) + _MASK)
        unpacker = zeros.SAFETENSORS.get(mask.dtype) if mask is not None else None
        if mask is None or mask.shape != tensor.shape or unpacker is None or unpacker.num_elements > 1:
            return None
        self._num_masks += 1
        return mask, unpacker

    def _matrices(self, tensor: TensorInfo, role: TensorRole, unpacker: Unpacker) -> Iterator[tuple[str, Tally, int]]:
        """Yield a tensor as matrices with where each begins: one, or one for each expert where they are stacked."""
        shape = tensor.shape or (1,)
        stacked = len(shape) == 3 and role == "expert"
        count = shape[0] if stacked else 1
        num_rows = shape[1] if stacked else shape[0] if len(shape) > 1 else 1
        num_columns = tensor.num_elements() // (count * num_rows)
        row_bytes, rest = divmod(num_columns * unpacker.size_bytes, unpacker.num_elements)
        is_long = row_bytes * BLOCK_ROWS > _MOST_PIECE_BYTES or num_rows > _MOST_ROWS
        is_loose = num_rows == 1 or rest or is_long
        for place in range(count):
            tally = Loose(num_rows, num_columns) if is_loose else Tally(num_rows, num_columns)
            name = f"{tensor.name}[{place}]" if stacked else tensor.name
            yield name, tally, tensor.offset_bytes + place * (tensor.size_bytes // count)

    def _pieces(self, source: ByteSource, at: int, tally: Tally, unpacker: Unpacker) -> Iterator[Mask]:
        """Yield pieces of a matrix, a few megabytes at a time."""
        most = PIECE_BYTES // unpacker.size_bytes * unpacker.num_elements
        for first, shape in tally.steps(most, unpacker.num_elements):
            length = shape[0] * shape[1] // unpacker.num_elements * unpacker.size_bytes
            begin = at + first // unpacker.num_elements * unpacker.size_bytes
            yield unpacker.zeros(self._read(source, begin, length)).reshape(shape)

    def _read(self, source: ByteSource, at: int, length: int) -> Bytes:
        raw = np.frombuffer(source.read(at, length), dtype=np.uint8)
        self._read_bytes += length
        self._tell(self._read_bytes, self._all_bytes, "")
        return raw

    def _bitmask(self, file: WeightFile, source: ByteSource, tensor: TensorInfo, shape: TensorInfo | None) -> None:
        """Count the zeros of a matrix that is stored as a mask and its other numbers."""
        is_shape = shape is not None and shape.dtype == "I64" and shape.shape == (2,)
        sides = source.read(shape.offset_bytes, shape.size_bytes) if shape is not None and is_shape else bytes(16)
        num_rows, num_columns = (int(size) for size in np.frombuffer(sides, dtype="<i8"))
        row_bytes = -(-num_columns // 8)
        fits = min(num_rows, num_columns) > 0 and tensor.size_bytes == num_rows * row_bytes
        if not fits or row_bytes * BLOCK_ROWS * 8 > _MOST_PIECE_BYTES or num_rows > _MOST_ROWS:
            self._unknown[tensor.dtype] += tensor.num_elements()
            return
        tally = Tally(num_rows, num_columns)
        for first, (rows, _) in tally.steps(PIECE_BYTES, 1):
            at = tensor.offset_bytes + first // num_columns * row_bytes
            part = self._read(source, at, rows * row_bytes).reshape(rows, row_bytes)
            tally.add(np.unpackbits(part, axis=1, count=num_columns, bitorder="little") == 0)
        name = tensor.name.removesuffix(_BITMASK)
        role = groups.named(Parameter(name=f"{name}.weight", shape=tally.shape, dtype="", size_bytes=0))[1]
        self._note(file, tensor, name, role, tally, 0)

    def _is_no_weight(self, name: str, by_name: Mapping[str, TensorInfo]) -> bool:
        """Tell whether a tensor says something of another one that is looked at in its own turn."""
        if name.endswith(_MASK):
            return name.removesuffix(_MASK) + _MASKED in by_name
        ending = next((end for end in (_COMPRESSED, _SHAPE, ".row_offsets") if name.endswith(end)), None)
        return ending is not None and name.removesuffix(ending) + _BITMASK in by_name

    def _note_unknown(self, tensor: TensorInfo, plain: Mapping[str, Parameter]) -> None:
        """Count a weight whose zeros cannot be told; scales and indexes are no weights."""
        stem = next(
            (tensor.name.removesuffix(end) for end in (".qweight", "_packed", "_blocks") if tensor.name.endswith(end)),
            tensor.name,
        )
        item = plain.get(tensor.name) or plain.get(stem) or plain.get(f"{stem}.weight")
        if item is not None:
            self._unknown[tensor.dtype] += item.num_elements()

    def _note(
        self, file: WeightFile, tensor: TensorInfo, name: str, role: TensorRole, tally: Tally, heads: int
    ) -> None:
        is_matrix = role in _MATRICES and min(tally.shape) > 1
        num_heads = heads if is_matrix and heads and tally.shape[0] % heads == 0 else 0
        removable = tally.num_removable() if is_matrix else 0
        self._removable_bytes += removable * tensor.size_bytes / max(1, tensor.num_elements())
        elements = tally.shape[0] * tally.shape[1]
        self._tensors.append(
            TensorZeros(
                name=name, file=file.name, role=role, dtype=tensor.dtype,
                shape=tally.shape if is_matrix else tensor.shape, num_elements=elements, num_zeros=tally.num_zeros,
                pattern=tally.pattern(num_heads) if is_matrix else _of_vector(tally.num_zeros, elements),
                num_zero_rows=tally.num_zero_rows() if is_matrix else 0,
                num_zero_columns=tally.num_zero_columns() if is_matrix else 0,
                num_zero_heads=tally.num_zero_heads(num_heads) if num_heads else 0, num_removable_elements=removable,
            )
        )  # fmt: skip

    def _report(self, elapsed_s: float) -> SparsityReport:
        found, config = self._tensors, self._checkpoint.config
        matrices = [item for item in found if item.role in _MATRICES]
        stated_layers = outline.stated_layers(self._shape)
        listed = sorted((item for item in matrices if item.num_zeros), key=lambda item: (-item.num_zeros, item.name))
        return SparsityReport(
            name=self._checkpoint.name, container=self._checkpoint.container, num_tensors=len(found),
            num_elements=sum(item.num_elements for item in found), num_zeros=sum(item.num_zeros for item in found),
            num_unknown_elements=self._unknown.total(), unknown_types=tuple(sorted(self._unknown)),
            is_quantized=_is_quantized(self._checkpoint, found), roles=_roles(found), patterns=_patterns(matrices),
            tensors=tuple(listed[:MOST_TENSORS]),
            num_removable_elements=sum(item.num_removable_elements for item in found),
            num_removable_bytes=round(self._removable_bytes), num_masks=self._num_masks,
            num_stated_layers=stated_layers,
            missing_layers=outline.missing_layers(self._checkpoint.tensors(), stated_layers),
            uneven=outline.uneven_shapes(self._checkpoint.tensors()), stated=outline.stated(config),
            num_pruned_heads=outline.pruned_heads(config),
            read_bytes=self._read_bytes, elapsed_s=elapsed_s,
        )  # fmt: skip


def _num_heads(hint: str, shape: Architecture | None) -> int:
    if shape is None or hint not in _HEADS:
        return 0
    return (shape.num_attention_heads if hint == "attn_q" else shape.num_key_value_heads) or 0


def _of_vector(num_zeros: int, num_elements: int) -> Pattern:
    return "none" if not num_zeros else "all" if num_zeros == num_elements else "scattered"


def _is_quantized(checkpoint: Checkpoint, found: list[TensorZeros]) -> bool:
    plain = {"F64", "F32", "F16", "BF16"}
    return checkpoint.quantization is not None or any(item.dtype not in plain for item in found)


def _roles(found: list[TensorZeros]) -> tuple[RoleZeros, ...]:
    sums: dict[TensorRole, list[int]] = {}
    for item in found:
        row = sums.setdefault(item.role, [0, 0, 0])
        row[0] += 1
        row[1] += item.num_elements
        row[2] += item.num_zeros
    rows = (
        RoleZeros(role=role, num_tensors=row[0], num_elements=row[1], num_zeros=row[2]) for role, row in sums.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.num_elements, row.role)))


def _patterns(found: list[TensorZeros]) -> tuple[PatternTotal, ...]:
    sums: dict[Pattern, list[int]] = {}
    for item in found:
        row = sums.setdefault(item.pattern, [0, 0, 0])
        row[0] += 1
        row[1] += item.num_elements
        row[2] += item.num_zeros
    rows = (
        PatternTotal(pattern=pattern, num_tensors=row[0], num_elements=row[1], num_zeros=row[2])
        for pattern, row in sums.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.num_zeros, row.pattern)))
