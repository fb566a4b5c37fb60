"""LoRA adapters of the user's own: sized from headers, held against their base model, and counted together with it.

Names of tensors and what is in adapter_config.json: PEFT, `tuners/lora` and `utils/save_and_load.py`, as of 2026. What
they do: Hu et al. 2021 (LoRA), Kalajdzievski 2023 (rsLoRA), Liu et al. 2024 (DoRA).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, Literal

import msgspec

from advisor.catalog import inventory
from advisor.catalog.headers import companions, folder, groups
from advisor.catalog.headers.checkpoint import Checkpoint
from advisor.catalog.headers.known import parameters_of
from advisor.catalog.headers.packed import Parameter
from advisor.catalog.headers.source import FileSet, LocalFolder, shown
from advisor.catalog.local_model import LocalModel
from advisor.catalog.model import ADAPTER, ModelCard, Part, ReadFacts, TensorGroup, TensorRole
from advisor.errors import InvalidModelError

Variant = Literal["LoRA", "rsLoRA", "DoRA"]
_MOST_TARGETS = 200
_PREFIX = re.compile(r"\A(?:base_model\.)?(?:model\.)?")
_DOWN = re.compile(r"\.lora_A(?:\.[^.]+)?\.weight\Z|\.lora_embedding_A(?:\.[^.]+)?\Z")
_UP = re.compile(r"\.lora_B(?:\.[^.]+)?\.weight\Z|\.lora_embedding_B(?:\.[^.]+)?\Z")
_MAGNITUDE = re.compile(r"\.lora_magnitude_vector(?:\.[^.]+)?(?:\.weight)?\Z")
_WHOLE = re.compile(r"\.modules_to_save(?:\.[^.]+)?(?=\.(?:weight|bias)\Z)")
_LAYER = re.compile(r"(?:^|\.)(\d+)(?=\.)")
_OF_GGUF = (
    ("model.layers.", "blk."), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"), ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"), ("model.embed_tokens", "token_embd"),
    ("lm_head", "output"),
)  # fmt: skip
"""Names of transformers -> names of GGUF. Source: gguf-py, `tensor_mapping.py`."""
_BEFORE = ("", "model.", "transformer.", "bert.", "roberta.", "distilbert.")


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two thin matrices beside one of the base model."""

    target: str
    """Name of the base model's module, as PEFT states it without its own prefix."""
    rank: int
    num_rows: int
    """Outputs of the matrix they change; rows of a table that they change."""
    num_columns: int
    """Inputs; width of a table."""
    is_table: bool = False


class AdapterFile(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter as its files describe it."""

    name: str
    variant: Variant
    base_model: str | None
    pairs: tuple[Pair, ...]
    each_rank: tuple[int, ...]
    """Every rank that occurs."""
    alpha_ratio: float | None
    """[1] `lora_alpha` over the rank; over its square root for rsLoRA."""
    targets: tuple[str, ...]
    """Kinds of modules it changes: `q_proj`, `v_proj`."""
    num_parameters: int
    weight_bytes: int
    dtypes: tuple[str, ...]
    whole_sizes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Tensors that take the place of the base model's, by name and shape: a new head, trained biases."""
    num_magnitudes: int = 0
    """Numbers of DoRA's vectors."""
    is_turned: bool = False
    """The base model keeps its matrices with inputs as rows (GPT-2)."""


def load(path: Path) -> AdapterFile:
    """Read an adapter's folder.

    Raises:
        NotFoundError: `model-folder-missing`.
        InvalidModelError: `adapter-none`, `adapter-not-lora`, `adapter-damaged`, or as the headers' readers.
    """
    files = LocalFolder(path)
    return read(files, folder.read_folder(files))


def read(files: FileSet, checkpoint: Checkpoint) -> AdapterFile:
    """Return the adapter of which the headers are known.

    Raises:
        InvalidModelError: as `load`.
    """
    facts = companions.read_object(files, companions.ADAPTER_CONFIG)
    known = checkpoint.adapter
    name = checkpoint.name
    if known is None:
        raise InvalidModelError(
            "adapter-none", f"{name} is no adapter: it has no {companions.ADAPTER_CONFIG}.",
            remedy="Give the folder that PEFT wrote.", file=name,
        )  # fmt: skip
    if known.method.upper() != "LORA":
        raise InvalidModelError(
            "adapter-not-lora", f"{name} is an adapter of the kind {shown(known.method)}; LoRA, rsLoRA and DoRA are "
            "read.", remedy="Merge it into its model with PEFT, and give the merged model.", file=name,
        )  # fmt: skip
    return _read(name, facts, checkpoint)


def check(model: LocalModel, adapter: AdapterFile) -> None:
    """Hold an adapter against its base model.

    Raises:
        InvalidModelError: `adapter-does-not-fit`; names the first tensor that does not.
    """
    if model.checkpoint.adapter is not None:
        raise _unfit(adapter, model.checkpoint.name, "is an adapter itself")
    if model.checkpoint.container == "onnx":
        check_card(model.known.card, adapter)
        return
    shapes = {item.name: item.shape for item in parameters_of(model.checkpoint)}
    for pair in adapter.pairs:
        name = _found(pair.target, shapes, is_gguf=model.checkpoint.container == "gguf")
        if name is None:
            raise _unfit(adapter, pair.target, f"is not in {model.checkpoint.name}")
        wanted = (pair.num_rows, pair.num_columns)
        if not _fits(shapes[name], wanted, is_turned=adapter.is_turned):
            raise _unfit(
                adapter, pair.target, f"is made for {_sizes(wanted)}, {shown(name)} of {model.checkpoint.name} has "
                f"{_sizes(shapes[name])}",
            )  # fmt: skip


def check_card(card: ModelCard, adapter: AdapterFile) -> None:
    """Hold an adapter against the shapes of a model of which no files are here.

    Raises:
        InvalidModelError: `adapter-does-not-fit`; names the first tensor that does not.
    """
    by_name: dict[str, set[tuple[int, int]]] = {}
    for group in inventory.of_card(card) or ():
        by_name.setdefault(group.name, set()).add((group.num_rows, group.num_columns))
    for pair in adapter.pairs:
        known = by_name.get(_hint(pair)[0])
        if known and not {(pair.num_rows, pair.num_columns), (pair.num_columns, pair.num_rows)} & known:
            sizes = " or ".join(_sizes(found) for found in sorted(known))
            raise _unfit(
                adapter, pair.target, f"is made for {_sizes((pair.num_rows, pair.num_columns))}, {card.id} has {sizes}"
            )


def combined(model: LocalModel, adapters: Sequence[AdapterFile], *, merged: bool = False) -> LocalModel:
    """Return a model with adapters on it, as one candidate.

    Args:
        model: the base model.
        adapters: all active together.
        merged: worked into the base model's matrices, which costs nothing when it runs.

    Raises:
        InvalidModelError: as `check`.
    """
    for adapter in adapters:
        check(model, adapter)
    card = _on_top(model.known.card, adapters, merged=merged)
    added = 0 if merged else sum(adapter.num_parameters for adapter in adapters)
    known = msgspec.structs.replace(model.known, card=card, num_parameters=model.known.num_parameters + added)
    return msgspec.structs.replace(model, known=known, catalog_id=None)


def combined_card(card: ModelCard, adapters: Sequence[AdapterFile], *, merged: bool = False) -> ModelCard:
    """Return the card of a model with adapters on it.

    Raises:
        InvalidModelError: as `check_card`; `adapter-base-unknown`, the shapes of the model are not known.
    """
    if inventory.of_card(card) is None:
        raise InvalidModelError(
            "adapter-base-unknown", f"The shapes of {card.id} are not known, so nothing can be laid over it.",
            remedy="Give the model's own files to `size`.",
        )  # fmt: skip
    for adapter in adapters:
        check_card(card, adapter)
    return _on_top(card, adapters, merged=merged)


def added_groups(adapter: AdapterFile, base: Iterable[TensorGroup]) -> tuple[TensorGroup, ...]:
    """Return what an adapter adds to a model: bytes and work of its matrices beside those of the base model.

    Formats leave them whole, as they do with routers, whose role they therefore have.

    Args:
        adapter: what is laid over.
        base: groups of the base model, which tell in which part of it each matrix lies.
    """
    base = tuple(base)
    parts = {group.name: group.part for group in base}
    largest = max(base, key=lambda group: group.num_rows * group.num_columns * group.num_tensors, default=None)
    plain: Part = largest.part if largest is not None else "text"
    kinds: dict[tuple[TensorRole, int, int, Part], list[str]] = {}
    for pair in adapter.pairs:
        part = parts.get(_hint(pair)[0], plain)
        down: tuple[TensorRole, int, int] = (
            ("position", pair.num_rows, pair.rank) if pair.is_table else ("router", pair.rank, pair.num_columns)
        )
        rows = pair.num_columns if pair.is_table else pair.num_rows
        for role, num_rows, num_columns in (down, ("router", rows, pair.rank)):
            kinds.setdefault((role, num_rows, num_columns, part), []).append(pair.target)
    made = [
        TensorGroup(
            name=ADAPTER, role=role, part=part, num_rows=num_rows, num_columns=num_columns, num_tensors=len(names),
            num_layers=len({tuple(_LAYER.findall(name)[:1]) for name in names}),
        )
        for (role, num_rows, num_columns, part), names in kinds.items()
    ]  # fmt: skip
    beside = adapter.num_magnitudes + sum(prod(shape) for _, shape in adapter.whole_sizes)
    if beside:
        made.append(TensorGroup(name=ADAPTER, role="state", part=plain, num_rows=beside))
    return tuple(made)


def _on_top(card: ModelCard, adapters: Sequence[AdapterFile], *, merged: bool) -> ModelCard:
    if not adapters:
        return card
    names = " + ".join(adapter.name for adapter in adapters)
    name = f"{card.id} + {names}{' (merged)' if merged else ''}"
    if merged:
        return msgspec.structs.replace(card, id=name)
    base = inventory.of_card(card) or ()
    added = tuple(group for adapter in adapters for group in added_groups(adapter, base))
    total = (card.num_parameters() or 0) + sum(adapter.num_parameters for adapter in adapters)
    read = ReadFacts(
        structure=card.read.structure if card.read is not None else None,
        groups=(*base, *added),
        roles_from_names=card.read.roles_from_names if card.read is not None else False,
    )
    facts = msgspec.structs.replace(card.parameters, num_computed=total, num_read_per_token=None)
    return msgspec.structs.replace(card, id=name, parameters=facts, read=read)


def _read(name: str, facts: Mapping[str, Any], checkpoint: Checkpoint) -> AdapterFile:
    tensors = checkpoint.tensors()
    downs = {_DOWN.sub("", item.name): item for item in tensors if _DOWN.search(item.name)}
    ups = {_UP.sub("", item.name): item for item in tensors if _UP.search(item.name)}
    magnitudes = [item for item in tensors if _MAGNITUDE.search(item.name)]
    if not downs or downs.keys() != ups.keys():
        odd = sorted(downs.keys() ^ ups.keys())
        what = f"{shown(odd[0])} has only one of its two matrices" if odd else "it holds no matrices of LoRA"
        raise _damaged(name, what)
    pairs = []
    for stem, down in sorted(downs.items()):
        up, is_table = ups[stem], ".lora_embedding_A" in down.name
        if len(down.shape) < 2 or len(up.shape) < 2 or down.shape[0] != up.shape[1] or not down.shape[0]:
            raise _damaged(name, f"the matrices of {shown(stem)}, {down.shape} and {up.shape}, do not go together")
        inner, outer = prod(down.shape[1:]), up.shape[0]
        rows, columns = (inner, outer) if is_table else (outer, inner)
        target = _PREFIX.sub("", stem, count=1)
        pairs.append(
            Pair(target=target, rank=down.shape[0], num_rows=rows, num_columns=columns, is_table=is_table)
        )  # fmt: skip
    used = {item.name for item in (*downs.values(), *ups.values(), *magnitudes)}
    whole = tuple((_WHOLE.sub("", item.name), item.shape) for item in tensors if item.name not in used)
    stated = checkpoint.adapter
    ratio = stated.alpha_ratio if stated is not None else None
    is_rooted = facts.get("use_rslora") is True
    if ratio is not None and is_rooted and stated is not None and stated.rank:
        ratio *= stated.rank**0.5
    return AdapterFile(
        name=name, variant="DoRA" if magnitudes or facts.get("use_dora") is True else "rsLoRA" if is_rooted else "LoRA",
        base_model=stated.base_model if stated is not None else None, pairs=tuple(pairs),
        each_rank=tuple(sorted({pair.rank for pair in pairs})), alpha_ratio=ratio,
        targets=tuple(sorted({pair.target.rpartition(".")[2] for pair in pairs})[:_MOST_TARGETS]),
        num_parameters=checkpoint.num_elements(), weight_bytes=checkpoint.weight_bytes(),
        dtypes=tuple(dict.fromkeys(item.dtype for item in tensors)), whole_sizes=whole,
        num_magnitudes=sum(item.num_elements() for item in magnitudes), is_turned=facts.get("fan_in_fan_out") is True,
    )  # fmt: skip


def _found(target: str, shapes: Mapping[str, tuple[int, ...]], *, is_gguf: bool) -> str | None:
    """Return the base model's name of a matrix; models are saved with and without the name of their outer class."""
    if is_gguf:
        name = f"model.{target}" if target.startswith(("layers.", "embed_tokens")) else target
        for theirs, its in _OF_GGUF:
            name = name.replace(theirs, its)
        return f"{name}.weight" if f"{name}.weight" in shapes else None
    ends = (f"{target}.weight", target)
    shorter = target.partition(".")[2]
    tried = [before + end for end in ends for before in _BEFORE]
    if shorter:
        tried += [f"{shorter}.weight", shorter]
    return next((name for name in tried if name in shapes), None)


def _fits(shape: tuple[int, ...], wanted: tuple[int, int], *, is_turned: bool) -> bool:
    if len(shape) == 1:  # packed by bitsandbytes: one column of bytes
        return prod(shape) == prod(wanted)
    flat = (shape[0], prod(shape[1:]))
    return flat == wanted or (is_turned and flat == wanted[::-1])


def _hint(pair: Pair) -> tuple[str, TensorRole]:
    shape = (pair.num_rows, pair.num_columns)
    return groups.named(Parameter(name=f"{pair.target}.weight", shape=shape, dtype="", size_bytes=0))


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{size:,}" for size in shape)


def _unfit(adapter: AdapterFile, name: str, what: str) -> InvalidModelError:
    base = f" It names {shown(adapter.base_model)} as its base model." if adapter.base_model else ""
    return InvalidModelError(
        "adapter-does-not-fit", f"The adapter {adapter.name} does not fit: {shown(name)} {what}.{base}",
        remedy="Give the base model that the adapter was trained on.", file=adapter.name, field=name,
    )  # fmt: skip


def _damaged(name: str, what: str) -> InvalidModelError:
    return InvalidModelError(
        "adapter-damaged", f"The adapter {name} cannot be used: {what}.", remedy="Download it again.", file=name
    )
