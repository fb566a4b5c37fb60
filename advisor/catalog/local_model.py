"""A model of the user's own, from its files: sized exactly, and estimated like any model of the catalog."""

from pathlib import Path

import msgspec

from advisor.catalog import formats
from advisor.catalog.headers import folder
from advisor.catalog.headers.checkpoint import Checkpoint
from advisor.catalog.headers.known import Known, recognise
from advisor.catalog.headers.model import TypeTotal, by_type
from advisor.catalog.load import Catalog
from advisor.catalog.model import Candidate, ModelCard

_STORED_AS = {"BF16": "safetensors-bf16", "F16": "onnx-fp16", "F32": "onnx-fp32", "F8_E4M3": "safetensors-fp8"}
_GGUF_NAMES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4", 40: "Q1_0",
}  # fmt: skip
"""`general.file_type` -> its name. Source: llama.h, `enum llama_ftype`."""
_MOST_RELATED = 5


class LocalModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model on this computer, or on a server, as its headers describe it."""

    checkpoint: Checkpoint
    known: Known
    types: tuple[TypeTotal, ...]
    """Tensors by type of number, the most bytes first."""
    stored_as: str
    """What the files are called: `Q4_K_M`, `BF16`, `GPTQ (4 bits)`."""
    stored_format: str | None
    """The catalog's format that the files have, null for one it does not know."""
    catalog_id: str | None = None
    """The model of the catalog that these files are, by the name of the download; its public facts hold for them."""
    related: tuple[str, ...] = ()
    """Models of the catalog with the same shape."""


def load(path: Path, catalog: Catalog | None = None) -> LocalModel:
    """Read the headers of a model on this computer.

    Args:
        path: folder, `.safetensors`, index or `.gguf`.
        catalog: where to look for models of the same shape.

    Raises:
        AdvisorError: as `folder.read_path`.
    """
    return describe(folder.read_path(path), catalog)


def describe(checkpoint: Checkpoint, catalog: Catalog | None = None) -> LocalModel:
    """Return what a checkpoint is."""
    known = recognise(checkpoint)
    listed = _listed(known, catalog) if catalog is not None else None
    if listed is not None:
        known = msgspec.structs.replace(known, card=_with_facts(known.card, listed))
    types = by_type(checkpoint.tensors())
    stored_as, stored_format = _stored(checkpoint, types)
    return LocalModel(
        checkpoint=checkpoint, known=known, types=types, stored_as=stored_as, stored_format=stored_format,
        catalog_id=listed.id if listed is not None else None,
        related=_related(known, catalog) if catalog is not None else (),
    )  # fmt: skip


def candidates(model: LocalModel) -> tuple[Candidate, ...]:
    """Return the model in every format it can be had in, ready for `estimate.table.build`."""
    card = model.known.card
    return tuple(Candidate(model=card, format=item) for item in formats.applicable(card))


def _listed(known: Known, catalog: Catalog) -> ModelCard | None:
    """Return the catalog's card of a model that was downloaded under its name, if the parameters are the same."""
    name = known.card.id.casefold()
    card = next((card for card in catalog.models if card.id.casefold() == name), None)
    return card if card is not None and card.num_parameters() == known.num_parameters else None


def _with_facts(card: ModelCard, listed: ModelCard) -> ModelCard:
    """Return a card made from files with what is known in public of the same model; shapes stay those of the files."""
    return msgspec.structs.replace(
        listed, parameters=card.parameters, architecture=card.architecture, read=card.read, cache=listed.cache,
        num_context_tokens=listed.num_context_tokens or card.num_context_tokens,
    )  # fmt: skip


def _stored(checkpoint: Checkpoint, types: tuple[TypeTotal, ...]) -> tuple[str, str | None]:
    ids = {item.id for item in formats.FORMATS}
    if checkpoint.container == "gguf":
        number = checkpoint.files()[0].metadata.get("general.file_type")
        name = _GGUF_NAMES.get(number, "") if isinstance(number, int) else ""
        name = name or (types[0].dtype if types else "")
        format_id = f"gguf-{name.lower()}"
        return name, format_id if format_id in ids else None
    if checkpoint.container == "onnx":
        most = types[0].dtype if types else ""
        packed = checkpoint.quantization
        of_graph = packed.method if packed is not None else _STORED_AS.get(most)
        return packed.label if packed is not None else most, of_graph if of_graph in ids else None
    if checkpoint.quantization is not None:
        is_fp8 = checkpoint.quantization.method == "fp8"
        is_nf4 = "nf4" in checkpoint.quantization.label
        return checkpoint.quantization.label, "safetensors-fp8" if is_fp8 else "safetensors-nf4" if is_nf4 else None
    dtype = types[0].dtype if types else ""
    return dtype, _STORED_AS.get(dtype)


def _related(known: Known, catalog: Catalog) -> tuple[str, ...]:
    """Return catalog models of the same family, size and layers: a fine-tuned model has the shape of its base."""
    shape = known.card.architecture
    found = [
        card.id
        for card in catalog.models
        if card.architecture is not None
        and shape is not None
        and card.architecture.model_type == shape.model_type
        and card.architecture.num_hidden_layers == shape.num_hidden_layers
        and card.architecture.hidden_size == shape.hidden_size
        and card.num_parameters() == known.num_parameters
    ]
    return tuple(found[:_MOST_RELATED])
