"""Small real weight files, written byte by byte as the formats say."""

import json
import struct
from math import prod

from advisor.catalog.gguf import BLOCKS
from advisor.catalog.headers.gguf_file import TYPES
from advisor.catalog.headers.safetensors import BITS

_NUMBER_OF_TYPE = {name: number for number, name in TYPES.items()}
_SCALARS = {"uint8": (0, "<B"), "int8": (1, "<b"), "uint32": (4, "<I"), "int32": (5, "<i"), "float32": (6, "<f"),
            "bool": (7, "<?"), "uint64": (10, "<Q")}  # fmt: skip


def safetensors_header(tensors, metadata=None):
    """Entries for tensors of name -> (dtype, shape), one after the other, and the bytes they take."""
    entries, at = {} if metadata is None else {"__metadata__": metadata}, 0
    for name, (dtype, shape) in tensors.items():
        size = prod(shape) * BITS[dtype] // 8
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    return entries, at


def safetensors_bytes(entries, num_bytes=0):
    """A whole file; `entries` may be the header's own bytes."""
    raw = entries if isinstance(entries, bytes) else json.dumps(entries, separators=(",", ":")).encode()
    return struct.pack("<Q", len(raw)) + raw + bytes(num_bytes)


def write_safetensors(path, tensors, metadata=None):
    """A file with a sparse body, so that a model of gigabytes takes a few kilobytes of disk."""
    entries, size = safetensors_header(tensors, metadata)
    raw = json.dumps(entries, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        file.truncate(8 + len(raw) + size)
    return path


def gguf_text(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf_value(value, kind=None):
    """A note with its type: texts, lists of texts, (kind, number), (kind, [numbers])."""
    if isinstance(value, str):
        return struct.pack("<I", 8) + gguf_text(value)
    if isinstance(value, list):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(gguf_text, value))
    if isinstance(value, bool):
        value = ("bool", value)
    if isinstance(value, int):
        value = ("uint32", value)
    if isinstance(value, float):
        value = ("float32", value)
    kind, content = value
    number, layout = _SCALARS[kind]
    if isinstance(content, list):
        return struct.pack("<IIQ", 9, number, len(content)) + b"".join(struct.pack(layout, item) for item in content)
    return struct.pack("<I", number) + struct.pack(layout, content)


def gguf_tensor_bytes(dtype, shape):
    weights, size = BLOCKS[dtype]
    return prod(shape) // weights * size


def gguf_bytes(notes, tensors, *, version=3, alignment=32, body=True, offsets=None):
    """A whole file; tensors of name -> (dtype, shape with rows first)."""
    raw = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(notes))
    raw += b"".join(gguf_text(key) + gguf_value(value) for key, value in notes.items())
    at = 0
    for place, (name, (dtype, shape)) in enumerate(tensors.items()):
        offset = at if offsets is None else offsets[place]
        raw += gguf_text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
        raw += struct.pack("<IQ", _NUMBER_OF_TYPE[dtype], offset)
        at += -(-gguf_tensor_bytes(dtype, shape) // alignment) * alignment
    raw += bytes(-len(raw) % alignment)
    return raw + bytes(at) if body else (raw, at)


def write_gguf(path, notes, tensors, **how):
    raw, size = gguf_bytes(notes, tensors, body=False, **how)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(raw)
        file.truncate(len(raw) + size)
    return path


class InMemory:
    """A byte source over bytes, that counts what was read."""

    def __init__(self, raw, name="model.safetensors"):
        self.raw, self.name, self.num_read, self.closed = raw, name, 0, False

    @property
    def size_bytes(self):
        return len(self.raw)

    def read(self, offset, length):
        assert offset >= 0
        assert offset + length <= len(self.raw), "asked for more than there is"
        self.num_read += length
        return self.raw[offset : offset + length]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closed = True
