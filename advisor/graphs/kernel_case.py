"""The kernels a calibration runs, their sizes and the work each run does. Pure values; `graphs.kernels` builds them.

A kernel is measured in a chain of several nodes with weights of their own, so that a working set that shall come from
memory cannot sit in a cache, and so that what a run costs besides is small beside it.
"""

from typing import Literal

import msgspec

from advisor.graphs.layers import PLAIN
from advisor.graphs.recipe import Bound, Feed, past_name, present_name
from advisor.graphs.shape import DecoderShape
from advisor.graphs.storage import FLOAT_BYTES, Storage
from advisor.units import MIB

KernelKind = Literal[
    "matrices", "step-attention", "prompt-attention", "reader-attention", "convolution", "depthwise",
    "norm-elements", "rms-elements", "gelu-elements", "silu-elements", "operators", "nothing", "token-layers",
]  # fmt: skip
Level = Literal["l2", "l3", "memory", ""]
MatrixFamily = Literal["fp32", "int8", "int8-dynamic", "int4", "int4-b128"]
STORAGES: dict[MatrixFamily, Storage] = {
    "fp32": Storage(kind="float"),
    "int8": Storage(kind="blocks", num_bits=8),
    "int8-dynamic": Storage(kind="dynamic", num_bits=8),
    "int4": Storage(kind="blocks", num_bits=4),
    "int4-b128": Storage(kind="blocks", num_bits=4, block_size=128),
}
ROWS = (1, 32, 128, 512)
"""Rows at which matrix products are measured: a token, and prompts or texts of three lengths."""
LENGTHS = (32, 128, 512, 1024)
"""[tokens] Texts at which attention is measured."""
VOCABULARY = 256
"""[rows] Of the table of words of the layers that are measured whole: too small to count beside them."""
_ASSUMED_LAST_BYTES = 32 * MIB


class Caches(msgspec.Struct, frozen=True, kw_only=True):
    """Caches of the processor, as far as they are known."""

    l2_bytes: int | None = None
    """[B] Of one core."""
    l3_bytes: int | None = None
    """[B] Of all."""

    def last_bytes(self, num_threads: int) -> int:
        """Return the size of the last cache before memory, in bytes; 32 MiB where none is known."""
        return self.l3_bytes or num_threads * (self.l2_bytes or 0) or _ASSUMED_LAST_BYTES


class KernelWork(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a graph does."""

    kind: KernelKind
    family: MatrixFamily | Literal[""] = ""
    """Of matrices: how their weights are stored."""
    level: Level = ""
    """Of matrices: where their weights come from."""
    num_rows: int = 1
    """Rows of a product, positions of a prompt, or the cache that a token looks back on; a side of an image."""
    moved_bytes: float = 0.0
    """[B] Weights, cache or elements that are read and written."""
    num_flops: float = 0.0
    """[FLOP] Two for each multiplication."""
    num_calls: float = 1.0
    """Nodes of the kernel in one run."""
    num_elements: float = 0.0
    """Of products: elements that go in and come out. Of attention: scores of one position for another. Of whole layers:
    elements of the cache that a token looks back on."""


class KernelTime(msgspec.Struct, frozen=True, kw_only=True):
    """Work and how long it took."""

    work: KernelWork
    median_s: float
    """[s] Median of the blocks."""
    low_s: float
    """[s] Quarter of the blocks below."""
    high_s: float
    """[s] Quarter of the blocks above."""
    num_blocks: int


class GraphLoad(msgspec.Struct, frozen=True, kw_only=True):
    """How long ONNX Runtime took to load a graph whose weights lay in the system's file cache."""

    family: MatrixFamily
    file_bytes: int
    load_s: float


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """All that calibrating measured, raw. `estimate.calibration` turns it into rates; here both sides can see it."""

    schema_version: int = 1
    created: str
    """ISO 8601, UTC."""
    fingerprint: str
    """Of the machine: `HardwareProfile.fingerprint`."""
    runtime_version: str
    """Of ONNX Runtime."""
    power_source: str | None = None
    """`mains`, `battery` or null where the machine does not say."""
    num_threads: int
    l2_bytes: int | None = None
    last_level_cache_bytes: int
    """[B] What the model sizes are held against."""
    times: tuple[KernelTime, ...]
    loads: tuple[GraphLoad, ...]
    copy_bytes_per_s: float
    """[B/s] Bytes read and written by copying memory with all threads."""
    copy_low_bytes_per_s: float
    copy_high_bytes_per_s: float
    disk_bytes_per_s: float | None = None
    """[B/s] A file read that is in no cache of the system; null where the system cannot be asked to forget it."""
    grade: Literal["A", "B", "C"]
    reasons: tuple[str, ...] = ()
    """Why the figures may be unstable, one sentence each."""
    peak_rss_bytes: int
    wall_s: float


class Matrices(msgspec.Struct, frozen=True, kw_only=True):
    """A chain of products, up and down again."""

    family: MatrixFamily
    level: Level
    narrow: int
    """[elements]"""
    wide: int
    """[elements]"""
    num_pairs: int
    rows: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return f"{self.family}-{self.level}"

    def weight_bytes(self) -> int:
        """Return the bytes of all its weights, in bytes."""
        storage = STORAGES[self.family]
        pair = storage.linear_bytes(self.narrow, self.wide) + storage.linear_bytes(self.wide, self.narrow)
        return self.num_pairs * pair

    def runs(self) -> tuple["KernelRun", ...]:
        """Return one run for each number of rows."""
        flops = 4.0 * self.num_pairs * self.narrow * self.wide
        return tuple(
            KernelRun(
                feeds=(_values("x", (rows, self.narrow)),),
                work=KernelWork(
                    kind="matrices", family=self.family, level=self.level, num_rows=rows,
                    moved_bytes=self.weight_bytes(), num_flops=rows * flops, num_calls=2 * self.num_pairs,
                    num_elements=2.0 * rows * self.num_pairs * (self.narrow + self.wide),
                ),
            )
            for rows in self.rows
        )  # fmt: skip


class DecoderAttention(msgspec.Struct, frozen=True, kw_only=True):
    """Layers of GroupQueryAttention, each with a cache of its own."""

    num_heads: int
    num_kv_heads: int
    head_size: int
    """[elements]"""
    num_layers: int
    num_capacity_tokens: int
    steps: tuple[int, ...] = ()
    """[tokens] Caches that one token looks back on."""
    prompts: tuple[int, ...] = ()
    """[tokens] Prompts read into an empty cache."""

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return f"decoder-attention-{self.num_heads}-{self.num_kv_heads}-{self.head_size}-{self.num_layers}"

    def runs(self) -> tuple["KernelRun", ...]:
        """Return the steps, then the prompts."""
        return (*(self._run(1, past) for past in self.steps), *(self._run(rows, 0) for rows in self.prompts))

    def _run(self, rows: int, past: int) -> "KernelRun":
        seen = past + rows
        width = self.num_heads * self.head_size
        cache_shape = (1, self.num_kv_heads, self.num_capacity_tokens, self.head_size)
        # Prompts: the whole square is multiplied and half of it masked.
        flops = 4.0 * self.num_layers * width * rows * seen
        cache_bytes = 2.0 * self.num_layers * self.num_kv_heads * self.head_size * seen * FLOAT_BYTES
        return KernelRun(
            feeds=(
                _values("x", (1, rows, (self.num_heads + 2 * self.num_kv_heads) * self.head_size)),
                Feed(name="attention_mask", data_type="int64", shape=(1, seen), fill="ones"),
            ),
            bound=tuple(
                Bound(input_name=f"past.{layer}.{part}", output_name=f"present.{layer}.{part}", shape=cache_shape)
                for layer in range(self.num_layers) for part in ("key", "value")
            ),
            work=KernelWork(
                kind="step-attention" if past else "prompt-attention", num_rows=past or rows,
                moved_bytes=cache_bytes, num_flops=flops, num_calls=self.num_layers,
                num_elements=float(self.num_layers * self.num_heads * rows * seen),
            ),
        )  # fmt: skip


class ReaderAttention(msgspec.Struct, frozen=True, kw_only=True):
    """Layers of MultiHeadAttention, as in encoders."""

    num_heads: int
    head_size: int
    """[elements]"""
    num_layers: int
    lengths: tuple[int, ...]
    """[tokens]"""

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return f"reader-attention-{self.num_heads}-{self.head_size}"

    def runs(self) -> tuple["KernelRun", ...]:
        """Return one run for each length."""
        width = self.num_heads * self.head_size
        return tuple(
            KernelRun(
                feeds=(
                    _values("x", (1, length, width)),
                    Feed(name="attention_mask", data_type="int64", shape=(1, length), fill="ones"),
                ),
                work=KernelWork(
                    kind="reader-attention", num_rows=length, num_flops=4.0 * self.num_layers * width * length**2,
                    num_calls=self.num_layers, num_elements=float(self.num_layers * self.num_heads * length**2),
                ),
            )
            for length in self.lengths
        )  # fmt: skip


class Convolutions(msgspec.Struct, frozen=True, kw_only=True):
    """A chain of convolutions over a square picture."""

    channels: int
    """[elements]"""
    side: int
    """[px]"""
    kernel: int
    """[px]"""
    depthwise: bool
    num_layers: int

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return f"convolution-{self.channels}-{self.kernel}-{'depthwise' if self.depthwise else 'dense'}"

    def runs(self) -> tuple["KernelRun", ...]:
        """Return its one run."""
        inputs = 1 if self.depthwise else self.channels
        flops = 2.0 * self.num_layers * self.channels * inputs * self.kernel**2 * self.side**2
        work = KernelWork(
            kind="depthwise" if self.depthwise else "convolution", num_rows=self.side, num_flops=flops,
            num_calls=self.num_layers,
        )  # fmt: skip
        return (KernelRun(feeds=(_values("x", (1, self.channels, self.side, self.side)),), work=work),)


class Elements(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between the products of transformer layers."""

    what: Literal["norm", "rms", "gelu", "silu"]
    """Norm of a sum; norm of a sum that is kept; bias and GELU; gated SiLU and a sum."""
    width: int
    """[elements]"""
    num_layers: int
    rows: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return f"{self.what}-elements"

    def runs(self) -> tuple["KernelRun", ...]:
        """Return one run for each number of rows."""
        # Read and written: a norm of a sum 3, with the sum kept 4; bias and activation 2; gate 2 + 3 + 3 and sum 3.
        each, calls = {"norm": (3, 1), "rms": (4, 1), "gelu": (2, 1), "silu": (11, 4)}[self.what]
        kinds: dict[str, KernelKind] = {
            "norm": "norm-elements",
            "rms": "rms-elements",
            "gelu": "gelu-elements",
            "silu": "silu-elements",
        }
        return tuple(
            KernelRun(
                feeds=(_values("x", (1, rows, self.width)),),
                work=KernelWork(
                    kind=kinds[self.what], num_rows=rows, num_calls=calls * self.num_layers,
                    moved_bytes=float(FLOAT_BYTES * self.num_layers * rows * each * self.width),
                ),
            )
            for rows in self.rows
        )  # fmt: skip


class Operators(msgspec.Struct, frozen=True, kw_only=True):
    """A chain of sums of a few elements: what it costs to start an operator. Of none: what it costs to start a run."""

    num_operators: int

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return f"operators-{self.num_operators}"

    def runs(self) -> tuple["KernelRun", ...]:
        """Return its one run."""
        kind: KernelKind = "operators" if self.num_operators else "nothing"
        work = KernelWork(kind=kind, num_calls=self.num_operators)
        return (KernelRun(feeds=(_values("x", (1, 16)),), work=work),)


class TokenLayers(msgspec.Struct, frozen=True, kw_only=True):
    """Whole layers of a decoder in int4, one token: what a token takes that its kernels one by one do not show."""

    hidden_size: int
    """[elements]"""
    intermediate_size: int
    """[elements]"""
    num_heads: int
    num_kv_heads: int
    num_layers: int
    num_past_tokens: int

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return "token-layers"

    def shape(self) -> DecoderShape:
        """Return the decoder whose layers they are."""
        return DecoderShape(
            num_layers=self.num_layers, hidden_size=self.hidden_size, intermediate_size=self.intermediate_size,
            num_heads=self.num_heads, num_kv_heads=self.num_kv_heads, head_size=self.hidden_size // self.num_heads,
            vocab_size=VOCABULARY, tied=True, num_positions=self.num_past_tokens + 1,
        )  # fmt: skip

    def weight_bytes(self) -> int:
        """Return the bytes of all its matrices, in bytes."""
        sizes = self.shape().linear_sizes(PLAIN)
        return self.num_layers * sum(STORAGES["int4"].linear_bytes(*size) for size in sizes)

    def runs(self) -> tuple["KernelRun", ...]:
        """Return its one run."""
        shape, seen = self.shape(), self.num_past_tokens + 1
        cache_shape = (1, self.num_kv_heads, seen, shape.head_size)
        work = KernelWork(
            kind="token-layers", family="int4", level="memory", num_rows=self.num_past_tokens,
            moved_bytes=self.weight_bytes(), num_calls=self.num_layers,
            num_flops=4.0 * self.num_layers * shape.query_size * seen,
            num_elements=2.0 * self.num_layers * shape.kv_size * seen,
        )  # fmt: skip
        return (
            KernelRun(
                feeds=(
                    Feed(name="input_ids", data_type="int64", shape=(1, 1), fill="ids", limit=VOCABULARY),
                    Feed(name="attention_mask", data_type="int64", shape=(1, seen), fill="ones"),
                ),
                bound=tuple(
                    Bound(
                        input_name=past_name(layer, part), output_name=present_name(layer, part), shape=cache_shape
                    )
                    for layer in range(self.num_layers) for part in ("key", "value")
                ),
                work=work,
            ),
        )  # fmt: skip


KernelCase = Matrices | DecoderAttention | ReaderAttention | Convolutions | Elements | Operators | TokenLayers


class KernelRun(msgspec.Struct, frozen=True, kw_only=True):
    """One size a graph is run at."""

    feeds: tuple[Feed, ...]
    bound: tuple[Bound, ...] = ()
    work: KernelWork


def _values(name: str, shape: tuple[int, ...]) -> Feed:
    return Feed(name=name, data_type="float32", shape=shape, fill="normal")
