"""What is said and written of a model that was read from its files: sentences, rows and the public JSON."""

from collections.abc import Sequence

from advisor import units
from advisor.catalog import formats, load, query
from advisor.catalog import relatives as catalog_relatives
from advisor.catalog.adapters import AdapterFile
from advisor.catalog.headers.checkpoint import Adapter, Checkpoint, Tokenizer
from advisor.catalog.local_model import LocalModel
from advisor.catalog.relatives import Relative
from advisor.catalog.weights import outline
from advisor.evidence import Evidence, Quantity, unknown
from advisor.report import adapters, relatives, sparsity
from advisor.report.public_parts import Document, figure, head, plain_figure

_MOST_FILES_SHOWN = 8
_STATED = "stated in the headers of the files"
_TOKENIZERS = {
    "tokenizers": "tokenizer.json", "sentencepiece": "a SentencePiece model", "vocabulary": "a vocabulary",
    "gguf": "inside the GGUF file",
}  # fmt: skip


def parameters(model: LocalModel) -> Quantity:
    """Return the parameters the model computes with: counted, since shapes are read and nothing is rounded."""
    packed = model.known.num_parameters != model.checkpoint.num_elements()
    basis = "counted from the shapes in the headers"
    if packed:
        basis += "; packed weights unpacked, scales, indexes and buffers left out"
    return Quantity(value=float(model.known.num_parameters), unit="parameters", evidence="measured", basis=basis)


def stored(model: LocalModel) -> Quantity:
    """Return the numbers stored, as the tools hf-mem and gguf count them."""
    return Quantity(
        value=float(model.checkpoint.num_elements()), unit="numbers", evidence="measured",
        basis="all numbers in the headers, scales and buffers too: the count of the tools hf-mem and gguf",
    )  # fmt: skip


def layers(model: LocalModel) -> Quantity:
    """Return the layers, with where the number comes from."""
    known = model.known
    if known.num_layers is None:
        return unknown("layers", "neither stated nor numbered in the tensors' names")
    evidence: Evidence = "measured" if known.agrees else "assumed"
    basis = "stated by the model" + (", and its tensors agree" if known.agrees else "")
    if known.num_layers_guessed:
        basis = "guessed from the numbers in the tensors' names"
    return Quantity(value=float(known.num_layers), unit="layers", evidence=evidence, basis=basis)


def sentence(model: LocalModel) -> str:
    """Return what it is, in one sentence."""
    count, size = units.count(model.known.num_parameters), units.size(model.checkpoint.weight_bytes())
    adapter = model.checkpoint.adapter
    if adapter is not None:
        base = adapter.base_model or "a model it does not name"
        return f"{model.checkpoint.name}: a {adapter.method} adapter of {count} parameters ({size}) for {base}."
    files = len(model.checkpoint.files())
    kind = model.known.card.architecture.model_type if model.known.card.architecture is not None else "unknown"
    where = f"{files} files" if files > 1 else "one file"
    return f"{model.checkpoint.name}: {kind}, {count} parameters, {size} of weights as {model.stored_as} in {where}."


def recognised(model: LocalModel) -> str:
    """Return how well the model is understood."""
    known, shape = model.known, model.known.card.architecture
    kind = shape.model_type if shape is not None else "unknown"
    if model.checkpoint.adapter is not None:
        return "Its base model is needed beside it and is not counted here."
    if known.agrees:
        return f"Its tensors are exactly those of the family {kind} in the sizes it states."
    if known.family_known and known.num_expected_parameters is not None:
        return (
            f"The family {kind} in the sizes it states would have {known.num_expected_parameters:,} parameters, the "
            f"files have {known.num_parameters:,}. Estimates use the tensors of the files; roles follow from names."
        )
    return (
        f"The kind {kind} is not among the families whose shapes this app knows. Estimates use its tensors; their "
        "roles, and how it works inside, follow from names and are assumed."
    )


def tokenizer(found: Tokenizer) -> str:
    """Return whether text can be turned into tokens."""
    if found.kind is None:
        return "Tokenizer: missing. The model can be sized and estimated, not run on text."
    count = f", {found.num_tokens:,} tokens by the model's settings" if found.num_tokens else ""
    template = ", with a chat template" if found.has_chat_template else ""
    return f"Tokenizer: {_TOKENIZERS[found.kind]}{count}{template}."


def refused(checkpoint: Checkpoint) -> list[str]:
    """Return why a model is never run, though it can be sized."""
    return [f"Not run: {item.message} {item.remedy}" for item in checkpoint.refusals]


def remarks(model: LocalModel) -> list[str]:
    """Return everything else that should be known, refusals first."""
    checkpoint = model.checkpoint
    found = refused(checkpoint)
    if checkpoint.quantization is not None:
        by = "" if checkpoint.container == "onnx" else " by its publisher"
        found.append(f"Compressed{by}: {checkpoint.quantization.label}.")
    if checkpoint.adapter is not None:
        found.append(_adapter(checkpoint.adapter))
    unknown = sorted({name for file in checkpoint.files() for name in file.unknown_types})
    if unknown:
        found.append(f"Types of numbers this app does not know: {', '.join(unknown)}. Their bytes are counted.")
    found += checkpoint.notes
    if model.known.agrees is False:
        tensors, shape = checkpoint.tensors(), model.known.card.architecture
        uneven, missing = outline.uneven_shapes(tensors), outline.missing_layers(tensors, outline.stated_layers(shape))
        found += [*sparsity.missing(missing), *([sparsity.uneven(uneven)] if uneven else [])]
    if model.related:
        found.append(f"Same shape as {', '.join(model.related)} in the catalog.")
    return found


def file_rows(model: LocalModel) -> list[tuple[str, str, str, str]]:
    """Return the files for a table: name, tensors, weights, file; many are cut short."""
    files = model.checkpoint.files()
    rows = [
        (file.name, f"{len(file.tensors):,}", units.size(file.weight_bytes()), units.size(file.file_bytes))
        for file in files[:_MOST_FILES_SHOWN]
    ]
    rest = files[_MOST_FILES_SHOWN:]
    if rest:
        tensors = sum(len(file.tensors) for file in rest)
        weights, size = sum(file.weight_bytes() for file in rest), sum(file.file_bytes for file in rest)
        rows.append((f"{len(rest)} more files", f"{tensors:,}", units.size(weights), units.size(size)))
    return rows


def type_rows(model: LocalModel) -> list[tuple[str, str, str, str, str]]:
    """Return the types of numbers for a table: type, tensors, numbers, bytes exactly and in words."""
    return [
        (row.dtype, f"{row.num_tensors:,}", f"{row.num_elements:,}", f"{row.size_bytes:,}", units.size(row.size_bytes))
        for row in model.types
    ]


def relatives_of(model: LocalModel) -> tuple[Relative, ...]:
    """Return smaller models of the shipped catalog that descend from a model, or from the one of the same shape."""
    return catalog_relatives.relatives(model.known.card, load.catalog())


def document(model: LocalModel, on_top: Sequence[AdapterFile] = ()) -> Document:
    """Return the public JSON.

    Args:
        model: as its headers describe it.
        on_top: adapters that are laid over it.
    """
    checkpoint, known = model.checkpoint, model.known
    return {
        **head("size"),
        "name": checkpoint.name,
        "sentence": sentence(model),
        "container": checkpoint.container,
        "kind": known.card.architecture.model_type if known.card.architecture is not None else "unknown",
        "family_known": known.family_known,
        "agrees_with_family": known.agrees,
        "recognised": recognised(model),
        "structure": query.structure(known.card),
        "tasks": list(known.card.tasks),
        "parameters": figure(parameters(model)),
        "stored_numbers": figure(stored(model)),
        "weights": plain_figure(checkpoint.weight_bytes(), "B", "measured", _STATED),
        "file_size": plain_figure(checkpoint.file_bytes(), "B", "measured", "size of the files"),
        "layers": figure(layers(model)),
        "max_context": plain_figure(known.card.num_context_tokens, "tokens", "assumed", "stated by the model"),
        "stored_as": model.stored_as,
        "format": model.stored_format,
        "formats": [item.id for item in formats.applicable(known.card)],
        "types": [
            {
                "type": row.dtype, "num_tensors": row.num_tensors, "num_elements": row.num_elements,
                "size": plain_figure(row.size_bytes, "B", "measured", _STATED),
            }
            for row in model.types
        ],
        "files": [
            {
                "name": file.name, "num_tensors": len(file.tensors),
                "weights": plain_figure(file.weight_bytes(), "B", "measured", _STATED),
                "header": plain_figure(file.header_bytes, "B", "measured", "what was read"),
                "file_size": plain_figure(file.file_bytes, "B", "measured", "size of the file"),
            }
            for file in checkpoint.files()
        ],
        "quantization": None if checkpoint.quantization is None else checkpoint.quantization.label,
        "tokenizer": {
            "kind": checkpoint.tokenizer.kind,
            "files": list(checkpoint.tokenizer.files),
            "num_tokens": checkpoint.tokenizer.num_tokens,
            "has_chat_template": checkpoint.tokenizer.has_chat_template,
        },
        "adapter": None if checkpoint.adapter is None else _adapter_json(checkpoint.adapter),
        "refusals": [
            {"code": item.code, "message": item.message, "remedy": item.remedy} for item in checkpoint.refusals
        ],
        "notes": list(checkpoint.notes),
        "related": list(model.related),
        "relatives": relatives.documents(relatives_of(model)),
        "adapters": adapters.documents(on_top),
        "combined": adapters.combined_document(model, on_top),
    }  # fmt: skip


def _adapter(found: Adapter) -> str:
    words = [f"rank {found.rank}" if found.rank else "", f"on {', '.join(found.targets)}" if found.targets else ""]
    shape = ", ".join(word for word in words if word)
    return f"{found.method} adapter{f', {shape}' if shape else ''}; base model {found.base_model or 'not named'}."


def _adapter_json(found: Adapter) -> Document:
    return {
        "method": found.method,
        "base_model": found.base_model,
        "rank": found.rank,
        "alpha_ratio": found.alpha_ratio,
        "targets": list(found.targets),
    }
