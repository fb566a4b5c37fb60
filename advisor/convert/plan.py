"""What a conversion will do, need and write, decided from headers before a weight is read. Needs no conversion tool."""

from pathlib import Path
from typing import Literal, get_args

import msgspec

from advisor import units
from advisor.catalog import formats, inventory, local_model, query
from advisor.catalog.headers.checkpoint import Checkpoint, Refusal
from advisor.catalog.headers.source import LocalFolder, hub_id, read_text, shown
from advisor.catalog.local_model import LocalModel
from advisor.catalog.model import TensorGroup
from advisor.catalog.query import Structure
from advisor.convert import cost, place
from advisor.convert.cost import Route, Work
from advisor.convert.download_plan import SPARE_BYTES, free_bytes
from advisor.errors import AdvisorError, InvalidInputError, InvalidModelError, OutputError
from advisor.evidence import Quantity
from advisor.runnable.provenance import Provenance

_MOST_ABOVE = 1.1
"""[1] As `runnable.tokenizer`, which loads more than a plan needs."""

JOB = "convert"
Method = Literal["rtn", "k-quant"]
"""How weights are rounded in their blocks. `rtn`: to the nearest step; `k-quant`: steps and offsets are searched."""
FormatId = Literal["onnx-fp32", "onnx-int8", "onnx-int8-dynamic", "onnx-int4-b32", "onnx-int4-b128"]
FORMAT_IDS: tuple[str, ...] = get_args(FormatId)
IN_BLOCKS = frozenset({"onnx-int8", "onnx-int4-b32", "onnx-int4-b128"})
_BUILDER_CLASSES = frozenset({
    "Ernie4_5ForCausalLM", "GemmaForCausalLM", "Gemma2ForCausalLM", "Gemma3ForCausalLM", "GraniteForCausalLM",
    "HunYuanDenseV1ForCausalLM", "LlamaForCausalLM", "MistralForCausalLM", "NemotronForCausalLM",
    "OlmoForCausalLM", "PhiForCausalLM", "Phi3ForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM",
    "SmolLM3ForCausalLM",
})  # fmt: skip
"""Classes that onnxruntime-genai 0.18's builder knows and that need no code of the model's own."""
_GGUF_KINDS = frozenset({"llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "gemma3_text", "phi3", "nemotron"})
"""`general.architecture` of GGUF files that both transformers and the builder read."""
_FEW_BITS = ("Q2", "Q3", "Q4", "Q5", "Q6", "IQ", "TQ", "MXFP4", "NVFP4", "Q1")


class ConvertRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to convert, and into what."""

    source: str
    """Folder, `.safetensors` or `.gguf` of this computer."""
    model_id: str | None = None
    """Hub id where it is known; else the name of the folder or file."""
    revision: str | None = None
    licence: str | None = None
    format_id: str
    """One of `FORMAT_IDS`."""
    method: Method = "rtn"
    folder: str | None = None
    """Where the model goes, absolute; by default `place.target_folder`."""
    adapter: str | None = None
    """Folder of a LoRA adapter that is laid over the model first."""
    check: bool = True
    """Compare with PyTorch on real inputs before the model is accepted."""
    replace: bool = False
    """Make it again although it is there."""
    memory_limit_bytes: int | None = None
    """[B] Not more than this; by default what is free now."""


class ConvertPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversion will take."""

    model_id: str
    format_id: str
    method: Method
    source_kind: Literal["safetensors", "gguf"]
    stored_as: str
    """How the source holds its weights: `BF16`, `Q4_1`."""
    structure: Structure | None
    route: Route
    folder: str
    """Where the model will lie."""
    exists: bool
    """A model lies there already."""
    num_parameters: int
    steps: tuple[str, ...]
    memory: Quantity
    seconds: Quantity
    size: Quantity
    """[B] Of the converted weights."""
    disk_needed_bytes: int
    disk_free_bytes: int | None
    refusals: tuple[Refusal, ...] = ()
    """Why it will not be started."""
    notes: tuple[str, ...] = ()


class ConvertResult(msgspec.Struct, frozen=True, kw_only=True):
    """A converted model, whole and in its place."""

    folder: str
    model_id: str
    format_id: str
    method: Method
    size_bytes: int
    """[B] Of all files of the folder."""
    weight_bytes: int
    """[B] Of the ONNX files alone."""
    predicted_size_bytes: int
    wall_s: float
    predicted_s: float
    peak_memory_bytes: int
    predicted_memory_bytes: int
    provenance: Provenance
    notes: tuple[str, ...] = ()


def plan(request: ConvertRequest) -> ConvertPlan:
    """Return what a conversion will take. Reads headers only.

    Raises:
        InvalidInputError: `format-not-made`, `method-not-used`.
        InvalidModelError: `already-onnx`.
        AdvisorError: as `catalog.headers.folder.read_path`: pickles and headers that lie among them.
    """
    _check_choice(request)
    source = Path(request.source).expanduser().absolute()
    model = local_model.load(source)
    if model.checkpoint.container == "onnx":
        raise InvalidModelError(
            "already-onnx", f"{model.checkpoint.name} is an ONNX model already.", remedy="Run it as it is."
        )
    structure = query.structure(model.known.card)
    model_id = request.model_id or _own_name(source, model.checkpoint)
    usual = place.target_folder(model_id, request.format_id, request.method)
    folder = Path(request.folder).expanduser().absolute() if request.folder else usual
    size_bytes, basis = _size(request.format_id, model, structure)
    copies_source = model.checkpoint.container == "gguf" or request.adapter is not None
    work = Work(
        route=_route(model, structure), format_id=request.format_id, method=request.method,
        num_parameters=model.known.num_parameters, largest_matrix_bytes=_largest_matrix_bytes(model.checkpoint),
        shared_bytes=sum(4 * group.num_rows * group.num_columns for group in _tied(model)),
        source_bytes=_loaded_bytes(model, copies_source), activation_bytes=_activation_bytes(model.checkpoint),
        vocab_size=_vocabulary(model), result_bytes=int(size_bytes), copies_source=copies_source,
        checked=request.check,
    )  # fmt: skip
    return ConvertPlan(
        model_id=model_id, format_id=request.format_id, method=request.method, route=work.route,
        source_kind="gguf" if model.checkpoint.container == "gguf" else "safetensors", stored_as=model.stored_as,
        structure=structure, folder=str(folder),
        exists=folder.exists(), num_parameters=work.num_parameters, steps=_steps(work),
        memory=cost.memory(work), seconds=cost.seconds(work),
        size=Quantity(value=size_bytes, low=size_bytes * 0.95, high=size_bytes * 1.1, unit="B", evidence="estimated",
                      basis=basis),
        disk_needed_bytes=cost.disk_bytes(work), disk_free_bytes=free_bytes(folder),
        refusals=_refusals(request, model, structure, work), notes=_notes(model),
    )  # fmt: skip


def check(wanted: ConvertPlan, *, replace: bool = False, memory_bytes: int | None = None) -> None:
    """Refuse a conversion that cannot work, before it starts.

    Args:
        wanted: the plan.
        replace: a model that is there may be replaced.
        memory_bytes: [B] What the conversion may take; null: not known.

    Raises:
        InvalidModelError: the first of the plan's refusals.
        OutputError: `already-converted`, `disk-too-small`.
        InvalidInputError: `memory-too-small`.
    """
    for refusal in wanted.refusals:
        raise InvalidModelError(refusal.code, refusal.message, remedy=refusal.remedy)
    if wanted.exists and not replace:
        raise OutputError(
            "already-converted",
            f"{wanted.folder} is there already.",
            remedy="Use it, remove it first, or say that it may be replaced.",
        )
    free = wanted.disk_free_bytes
    if free is not None and wanted.disk_needed_bytes + SPARE_BYTES > free:
        raise OutputError(
            "disk-too-small",
            f"The conversion needs {units.size(wanted.disk_needed_bytes)} while it works and "
            f"{units.size(SPARE_BYTES)} to spare; {units.size(free)} are free where {wanted.folder} would be.",
            remedy="Free some space or choose another folder.",
        )
    needed = wanted.memory.value or 0.0
    if memory_bytes is not None and needed > memory_bytes:
        raise InvalidInputError(
            "memory-too-small",
            f"The conversion needs about {units.size(needed)} of memory; {units.size(memory_bytes)} may be used.",
            remedy="Close other programs, or convert a smaller model or on a larger computer.",
        )


def _size(format_id: str, model: LocalModel, structure: Structure | None) -> tuple[float, str]:
    """Return the bytes of the weights after it, and what they were computed from."""
    chosen = formats.by_id(format_id)
    size_bytes, basis = formats.file_bytes(chosen, model.known.card)
    if structure == "decoder" and format_id == "onnx-int8-dynamic":
        # The output matrix is stored turned over, so that it cannot be the token table's bytes.
        size_bytes += sum(formats.matrix_bytes(chosen, group) for group in _tied(model))
    if structure == "encoder-decoder":
        # Two files, each with the token table: encoder and decoder.
        tables = [group for group in inventory.of_card(model.known.card) or () if group.role == "embedding"]
        size_bytes += max((formats.group_bytes(chosen, group) for group in tables), default=0.0)
    return size_bytes, basis


def _loaded_bytes(model: LocalModel, copies_source: bool) -> int:
    whole = 4 * model.known.num_parameters
    return whole if copies_source else min(whole, model.checkpoint.weight_bytes())


def _activation_bytes(checkpoint: Checkpoint) -> int:
    """Return what attention over a whole recording takes: three matrices of weights for two recordings."""
    heads, frames = (checkpoint.config.get(key) for key in ("encoder_attention_heads", "max_source_positions"))
    return 3 * 2 * 4 * heads * frames**2 if isinstance(heads, int) and isinstance(frames, int) else 0


def _vocabulary(model: LocalModel) -> int:
    shape = model.known.card.architecture
    return (shape.vocab_size if shape is not None else None) or 0


def _tied(model: LocalModel) -> list[TensorGroup]:
    groups = inventory.of_card(model.known.card) or ()
    return [group for group in groups if group.tied and group.role == "lm_head"]


def _check_choice(request: ConvertRequest) -> None:
    if request.format_id not in FORMAT_IDS:
        raise InvalidInputError(
            "format-not-made",
            f"Models are not converted to {shown(request.format_id)}.",
            remedy=f"Choose one of {', '.join(FORMAT_IDS)}.",
        )
    if request.method == "k-quant" and request.format_id not in IN_BLOCKS:
        raise InvalidInputError(
            "method-not-used",
            f"The method k-quant rounds weights in blocks; {request.format_id} has none.",
            remedy=f"Leave the method out, or choose one of {', '.join(sorted(IN_BLOCKS))}.",
        )


def _own_name(source: Path, checkpoint: Checkpoint) -> str:
    """Return the hub id where the path tells it, else the name of the folder or file."""
    folder = source if source.is_dir() else source.parent
    if (known := hub_id(folder)) is not None:
        return known
    return source.name if source.is_dir() else (source.stem or checkpoint.name)


def _class(checkpoint: Checkpoint) -> str:
    names = checkpoint.config.get("architectures")
    return str(names[0]) if isinstance(names, list) and names else ""


def _route(model: LocalModel, structure: Structure | None) -> Route:
    return "builder" if structure == "decoder" or model.checkpoint.container == "gguf" else "torch-onnx"


def _largest_matrix_bytes(checkpoint: Checkpoint) -> int:
    return 4 * max((info.num_elements() for info in checkpoint.tensors()), default=0)


def _steps(work: Work) -> tuple[str, ...]:
    steps = ["read the weights with PyTorch", "answers of the original to sample inputs"]
    if not work.checked:
        steps.pop()
    steps.append("onnxruntime-genai's model builder" if work.route == "builder" else "torch.onnx")
    if work.format_id != "onnx-fp32" and (work.route != "builder" or work.format_id == "onnx-int8-dynamic"):
        steps.append("ONNX Runtime's quantizer")
    if work.checked:
        steps.append("answers of the converted model compared")
    return tuple(steps)


def _refusals(
    request: ConvertRequest, model: LocalModel, structure: Structure | None, work: Work
) -> tuple[Refusal, ...]:  # fmt: skip
    checkpoint = model.checkpoint
    found = list(checkpoint.refusals)
    if checkpoint.adapter is not None:
        found.append(_refusal(
            "adapter-alone", f"{checkpoint.name} is an adapter: it changes another model and is none by itself.",
            "Convert its base model and name this folder as the adapter.",
        ))  # fmt: skip
    if checkpoint.quantization is not None:
        found.append(_refusal(
            "already-compressed",
            f"{checkpoint.name} was compressed by its publisher ({checkpoint.quantization.label}).",
            "Convert the original weights.",
        ))  # fmt: skip
    if work.route == "builder":
        found += _builder_refusals(checkpoint, model)
    elif any(component.name for component in checkpoint.components):
        found.append(_unsupported(checkpoint.name, "it has several networks, or layers after its network"))
    elif structure in (None, "diffusion"):
        found.append(_unsupported(checkpoint.name, "how it works inside is not known from its files"))
    if checkpoint.tokenizer.kind is None and structure in ("decoder", "encoder", "encoder-decoder"):
        found.append(_refusal(
            "tokenizer-missing", f"{checkpoint.name} has no tokenizer: text cannot be turned into its tokens.",
            "Put tokenizer.json beside the weights; it is in the model's repository.",
        ))  # fmt: skip
    if checkpoint.tokenizer.kind == "tokenizers":
        found += _tokenizer_refusals(Path(request.source).expanduser(), checkpoint)
    applies = formats.by_id(request.format_id).applies_to
    if structure is not None and structure not in applies:
        found.append(_refusal(
            "format-not-for-kind", f"{request.format_id} is not made for models of the kind {structure}.",
            "Choose onnx-fp32 or onnx-int8-dynamic.",
        ))  # fmt: skip
    return tuple(found)


class _TokenizerOutline(msgspec.Struct):
    """What every tokenizer.json has; the rest is passed over."""

    model: dict[str, msgspec.Raw]


def _tokenizer_refusals(source: Path, checkpoint: Checkpoint) -> list[Refusal]:
    """Look at the outline of tokenizer.json; the tools would only name a key of theirs, after the weights."""
    try:
        with LocalFolder(source if source.is_dir() else source.parent).open("tokenizer.json") as opened:
            outline = msgspec.json.decode(read_text(opened), type=_TokenizerOutline)
        num = len(msgspec.json.decode(outline.model.get("vocab", b"[]"), type=dict[str, int] | list[object]))
    except (AdvisorError, msgspec.DecodeError, UnicodeDecodeError):
        return [_refusal(
            "tokenizer-invalid", f"tokenizer.json of {checkpoint.name} is damaged or no tokenizer.",
            "Download it again from the model's repository.",
        )]  # fmt: skip
    stated = checkpoint.tokenizer.num_tokens
    if stated is None or num <= _MOST_ABOVE * stated:
        return []
    return [_refusal(
        "tokenizer-foreign",
        f"The tokenizer beside {checkpoint.name} has {num:,} tokens, the model {stated:,}: they are not of the same "
        "model.",
        "Download tokenizer.json of this model into the folder.",
    )]  # fmt: skip


def _builder_refusals(checkpoint: Checkpoint, model: LocalModel) -> list[Refusal]:
    shape = model.known.card.architecture
    kind = shape.model_type if shape is not None else "unknown"
    if checkpoint.container == "gguf":
        known = kind in _GGUF_KINDS
        return [] if known else [_unsupported(checkpoint.name, f"GGUF files of the kind {shown(kind)} are not read")]
    name = _class(checkpoint)
    if name in _BUILDER_CLASSES:
        return []
    return [_unsupported(checkpoint.name, f"the conversion tool does not know the class {shown(name)}")]


def _unsupported(name: str, why: str) -> Refusal:
    return _refusal(
        "convert-unsupported", f"{name} cannot be converted: {why}.",
        "Take a ready-made ONNX version of it, for example from onnx-community on the hub.",
    )  # fmt: skip


def _refusal(code: str, message: str, remedy: str) -> Refusal:
    return Refusal(code=code, message=message, remedy=remedy)


def _notes(model: LocalModel) -> tuple[str, ...]:
    notes = list(model.checkpoint.notes)
    if model.checkpoint.container == "gguf" and model.stored_as.upper().startswith(_FEW_BITS):
        notes.append(
            f"The source holds its weights as {model.stored_as}: what was lost there stays lost, and the converted "
            "model cannot be better than that file."
        )
    return tuple(notes)
