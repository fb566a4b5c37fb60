"""Finds models on a hub: words, task, licence, size."""

from math import ceil
from typing import Any, Literal

import msgspec

from advisor.catalog.headers.safetensors import BITS
from advisor.catalog.hub import failures
from advisor.catalog.hub.client import Hub
from advisor.catalog.hub.model import Found, Gate, HubModel

_EXPAND = (
    "downloads", "gated", "private", "pipeline_tag", "library_name", "tags", "safetensors", "likes",
)  # fmt: skip
_PAGE = 100
_LEAST_BYTES_PER_PARAMETER = 0.5
_LICENCE_TAG = "license:"
_MOST_WORD = 100


class _Weights(msgspec.Struct):
    parameters: dict[str, int] = {}
    total: int | None = None


class _Item(msgspec.Struct, rename={"task": "pipeline_tag", "library": "library_name"}):
    id: str
    task: str | None = None
    library: str | None = None
    tags: list[str] = []
    gated: bool | Literal["auto", "manual"] = False
    private: bool = False
    downloads: int = 0
    likes: int = 0
    safetensors: _Weights | None = None


def search(
    text: str,
    *,
    task: str | None = None,
    licence: str | None = None,
    max_bytes: int | None = None,
    limit: int = 20,
    hub: Hub | None = None,
) -> Found:
    """Return models of a hub, the most downloaded first.

    Args:
        text: words that occur in the model's name.
        task: the hub's word for what it does, for example `text-classification`.
        licence: the hub's word, for example `apache-2.0`.
        max_bytes: [B] Largest size of the weights as they are stored.
        limit: how many.
        hub: whom to ask.

    Raises:
        HubError: as `Hub.get_json`.
    """
    hub = hub if hub is not None else Hub()
    query: dict[str, Any] = {"search": text, "sort": "downloads", "limit": _PAGE, "expand": list(_EXPAND)}
    if task:
        query["pipeline_tag"] = task
    if licence:
        query["filter"] = f"{_LICENCE_TAG}{licence.lower()}"
    if max_bytes is not None:  # a first sieve; what it lets through is weighed below
        query["num_parameters"] = f"max:{ceil(max(1, max_bytes) / _LEAST_BYTES_PER_PARAMETER / 1e9)}B"
    items = [_model(item) for item in hub.get_json("models", query, list[_Item]) if failures.is_id(item.id)]
    fitting = items
    if max_bytes is not None:
        fitting = [item for item in items if item.weight_bytes is not None and item.weight_bytes <= max_bytes]
    unknown = sum(item.weight_bytes is None for item in items) if max_bytes is not None else 0
    return Found(
        host=hub.host, models=tuple(fitting[:limit]), num_looked_at=len(items), num_size_unknown=unknown
    )  # fmt: skip


def prebuilt(model_id: str, *, limit: int = 5, hub: Hub | None = None) -> tuple[str, ...]:
    """Return repositories that hold a model as ONNX, ready to run, by what they say of their base model.

    Raises:
        HubError: as `Hub.get_json`.
    """
    hub = hub if hub is not None else Hub()
    query = {
        "filter": [f"base_model:quantized:{model_id}", "onnx"], "sort": "downloads", "limit": limit,
        "expand": list(_EXPAND),
    }  # fmt: skip
    ids = [item.id for item in hub.get_json("models", query, list[_Item]) if failures.is_id(item.id)]
    return tuple(name for name in ids if name != model_id)[:limit]


def gate(value: bool | str) -> Gate:
    """Return the hub's `gated` in our words."""
    return "automatic" if value == "auto" else "manual" if value else "open"


def licence_of(tags: list[str]) -> str | None:
    """Return the licence among a model's tags."""
    return word(next((tag.removeprefix(_LICENCE_TAG) for tag in tags if tag.startswith(_LICENCE_TAG)), None))


def word(text: str | None) -> str | None:
    """Return a stranger's word if a terminal can show it."""
    return text if text is not None and text.isprintable() and len(text) <= _MOST_WORD else None


def _model(item: _Item) -> HubModel:
    counts = item.safetensors.parameters if item.safetensors is not None else {}
    known = bool(counts) and all(dtype in BITS and count >= 0 for dtype, count in counts.items())
    total = item.safetensors.total if item.safetensors is not None else None
    return HubModel(
        id=item.id, task=word(item.task), licence=licence_of(item.tags), library=word(item.library),
        gate=gate(item.gated), private=item.private, num_parameters=total,
        weight_bytes=sum(count * BITS[dtype] for dtype, count in counts.items()) // 8 if known else None,
        num_downloads=item.downloads, num_likes=item.likes,
    )  # fmt: skip
