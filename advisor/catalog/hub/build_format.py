"""Which of the catalog's formats a build on a hub has, by what its publisher calls it. Pure."""

import re

from advisor.catalog import formats
from advisor.catalog.hub.layout import Kind

_ONNX = (
    ("onnx-int4-b32", ("q4", "q4f16", "int4", "bnb4")),
    ("onnx-int8-dynamic", ("quantized", "int8", "q8", "uint8", "qint8", "quint8")),
    ("onnx-fp16", ("fp16",)),
)
_GGUF_NAME = re.compile(r"(I?Q\d\w*|B?F16|F32|MXFP4)(?=\.gguf|-\d{5}-of-)", re.IGNORECASE)


def format_of(kind: Kind, name: str, stored_format: str | None = None) -> str | None:
    """Return the format of a build, null where the catalog has none like it.

    Args:
        kind: of the build.
        name: as `layout.Variant` names it.
        stored_format: of the safetensors files, as their headers say.
    """
    if kind == "safetensors":
        return stored_format
    if kind == "gguf":
        found = _GGUF_NAME.search(name)
        wanted = f"gguf-{found[1].lower()}" if found else ""
        return wanted if wanted in {item.id for item in formats.FORMATS} else None
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    return next((form for form, marks in _ONNX if words & set(marks)), "onnx-fp32")
