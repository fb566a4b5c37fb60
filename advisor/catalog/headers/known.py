"""From a checkpoint to a model card: families the catalog knows by their shapes, any other by its tensors."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from advisor.catalog import inventory, languages
from advisor.catalog.headers import companions, groups, shapes
from advisor.catalog.headers.checkpoint import Checkpoint
from advisor.catalog.headers.model import ArrayNote
from advisor.catalog.headers.packed import Parameter, parameters
from advisor.catalog.inventory import decoder, encoder, moe, seq2seq, speech, vision
from advisor.catalog.model import Architecture, ModelCard, ParameterFacts, Part, ReadFacts, TensorGroup
from advisor.catalog.query import Structure

_PREFIXES = (
    "model.", "bert.", "roberta.", "distilbert.", "electra.", "albert.", "mpnet.", "deberta.", "transformer.",
    "xlm_roberta.",
)  # fmt: skip
_TASKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ForCausalLM", ("text-generation",)),
    ("LMHeadModel", ("text-generation",)),
    ("ForMaskedLM", ("fill-mask",)),
    ("ForSequenceClassification", ("text-classification",)),
    ("ForTokenClassification", ("token-classification",)),
    ("ForQuestionAnswering", ("question-answering",)),
    ("ForImageClassification", ("image-classification",)),
    ("ForObjectDetection", ("object-detection",)),
    ("ForSpeechSeq2Seq", ("automatic-speech-recognition",)),
    ("ForCTC", ("automatic-speech-recognition",)),
    ("MTModel", ("translation",)),
    ("WhisperForConditionalGeneration", ("automatic-speech-recognition",)),
    ("MoonshineForConditionalGeneration", ("automatic-speech-recognition",)),
    ("ForConditionalGeneration", ()),
    ("Model", ("feature-extraction",)),
)
"""Ending of the class in config.json -> the hub's tags."""
_WORDS_OUT = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
_FAMILIES = frozenset({
    *decoder.FAMILIES, *moe.FAMILIES_WITH_EXPERTS, *encoder.FAMILIES, "t5", *seq2seq.BART_FAMILIES, "whisper",
    "wav2vec2", "hubert", "vit", "dinov2",
})  # fmt: skip
"""Families whose rule asks for nothing that a config.json does not state."""
_FEATURES = ("feature-extraction",)
_EMBEDDER = ("sentence-similarity", "feature-extraction")
_GGUF_ENCODERS = frozenset({"bert", "nomic_bert", "modernbert", "bert (JinaBERT/ALiBi)", "t5encoder"})
_STACK_PARTS: dict[str, Part] = {"encoder": "encoder", "speech": "encoder", "vision": "vision", "diffusion": "denoiser"}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A card made from files, and what was recognised."""

    card: ModelCard
    num_parameters: int
    """Numbers the model computes with: packed weights unpacked; scales, indexes and buffers left out."""
    num_layers: int | None
    num_layers_guessed: bool
    family_known: bool
    """The catalog has the shapes of this family."""
    agrees: bool | None
    """The shapes of the family give exactly these parameters; null when the family is not known."""
    num_expected_parameters: int | None = None


def recognise(checkpoint: Checkpoint) -> Known:
    """Return the card of a model from its files.

    The tensors of the family's rule are taken where they come to exactly the parameters that are in the files; else the
    tensors of the files, with roles from their names.
    """
    architecture = _architecture(checkpoint)
    found = parameters_of(checkpoint)
    total = sum(item.num_elements() for item in found)
    tasks = _tasks(checkpoint, architecture)
    plain = groups.grouped(found)
    components = _components(found)
    guessed = groups.num_layers(found)
    stated = _stated_layers(architecture)
    family_known = architecture is not None and architecture.model_type in _FAMILIES
    architecture = _completed(architecture, plain, stated or guessed, of_graph=checkpoint.container == "onnx")
    by_family = inventory.inventory(architecture, tasks, components) if family_known else None
    expected = sum(group.num_parameters() for group in by_family) if by_family else None
    agrees = expected == total if expected is not None else None
    structure = None if family_known else _structure(checkpoint, architecture)
    read = by_family if agrees and by_family else _read_groups(checkpoint, architecture, structure, found)
    card = ModelCard(
        id=checkpoint.name or "model",
        family=architecture.model_type,
        tasks=tasks,
        parameters=ParameterFacts(
            num_computed=total or None,
            verification="exact" if agrees else "counted",
            components=components,
            source="headers of the model's own files",
        ),
        architecture=architecture,
        num_context_tokens=checkpoint.num_used_tokens or architecture.max_position_embeddings,
        embedding_size=architecture.hidden_size if tasks == _EMBEDDER else None,
        read=ReadFacts(structure=structure, groups=tuple(read), roles_from_names=not agrees),
        licence=_note(checkpoint, "general.license"),
        languages=_languages(checkpoint),
    )
    return Known(
        card=card, num_parameters=total, num_layers=stated or guessed, num_layers_guessed=stated is None,
        family_known=family_known, agrees=agrees, num_expected_parameters=expected,
    )  # fmt: skip


def _architecture(checkpoint: Checkpoint) -> Architecture | None:
    if checkpoint.container == "gguf":
        return shapes.of_gguf(checkpoint.files()[0].metadata)
    return shapes.of_config(checkpoint.config)


def parameters_of(checkpoint: Checkpoint) -> list[Parameter]:
    """Return the parameters of a model by name, packed ones unpacked; of several networks with the folder in front."""
    if checkpoint.container == "onnx":
        return _of_graphs(checkpoint)
    facts = companions.packing(checkpoint.config)
    found: list[Parameter] = []
    for component in checkpoint.components:
        prefix = f"{component.name}/" if component.name else ""
        unpacked = parameters(component.tensors(), facts)
        found += [msgspec.structs.replace(item, name=prefix + item.name) for item in unpacked] if prefix else unpacked
    return found


def _of_graphs(checkpoint: Checkpoint) -> list[Parameter]:
    """Return the parameters of ONNX graphs, whose operators tell what is packed and which way a matrix lies."""
    found: list[Parameter] = []
    for file in checkpoint.files():
        for tensor in file.tensors:
            if tensor.name in file.unpacked_sizes:
                name, shape = file.unpacked_sizes[tensor.name]
                found.append(Parameter(name=name, shape=shape, dtype=tensor.dtype, size_bytes=tensor.size_bytes))
    return found


def _stated_layers(architecture: Architecture | None) -> int | None:
    if architecture is None:
        return None
    both = architecture.encoder_decoder
    return both.num_encoder_layers + both.num_decoder_layers if both is not None else architecture.num_hidden_layers


def _completed(
    architecture: Architecture | None, plain: Sequence[TensorGroup], layers: int | None, *, of_graph: bool
) -> Architecture:
    """Return the shape with what only the tensors tell: whether the output matrix is the token table, the layers."""
    shape = architecture or Architecture(model_type="unknown")
    roles = {group.role for group in plain}
    # A matrix of words and no table of them: exporters of ONNX keep the one and look rows up in it.
    changes: dict[str, object] = {"tie_word_embeddings": not {"lm_head", "embedding"} <= roles}
    if shape.num_hidden_layers is None and shape.encoder_decoder is None:
        changes["num_hidden_layers"] = layers
    if shape.vocab_size is None or shape.hidden_size is None:
        tables = (group for group in plain if group.role == "embedding")
        table = max(tables, key=lambda group: group.num_rows, default=None)
        if table is not None:
            changes["vocab_size"] = shape.vocab_size or table.num_rows
            changes["hidden_size"] = shape.hidden_size or table.num_columns
    if of_graph and shape.intermediate_size is None and shape.encoder_decoder is None:
        inner = [group for group in plain if group.name == "ffn_up" and group.role == "linear"]
        changes["intermediate_size"] = inner[0].num_rows if len(inner) == 1 else None
    return msgspec.structs.replace(shape, **changes)


def _components(found: Sequence[Parameter]) -> dict[str, int]:
    """Return the parameters of each part of the network by the first word of its names."""
    counts: Counter[str] = Counter()
    for item in found:
        name = next((item.name.removeprefix(prefix) for prefix in _PREFIXES if item.name.startswith(prefix)), item.name)
        counts[name.split(".", 1)[0][:60]] += item.num_elements()
    return {name: count for name, count in counts.most_common(40) if count > 0}


def _note(checkpoint: Checkpoint, key: str) -> str | None:
    """Return a text that a GGUF file notes about itself."""
    value = checkpoint.files()[0].metadata.get(key) if checkpoint.container == "gguf" else None
    return value[:60] if isinstance(value, str) and value else None


def _languages(checkpoint: Checkpoint) -> tuple[str, ...] | None:
    """Return the languages that a GGUF file notes, null where it notes none."""
    listed = checkpoint.files()[0].metadata.get("general.languages") if checkpoint.container == "gguf" else None
    words = listed.items if isinstance(listed, ArrayNote) else ()
    codes = {languages.normalise(word) for word in words if isinstance(word, str)}
    return tuple(sorted(code for code in codes if code is not None)) or None


def _class(checkpoint: Checkpoint) -> str:
    names = checkpoint.config.get("architectures")
    return str(names[0]) if isinstance(names, list) and names else ""


def _tasks(checkpoint: Checkpoint, architecture: Architecture | None) -> tuple[str, ...]:
    if checkpoint.is_sentence_embedder:
        return _EMBEDDER
    if checkpoint.container == "gguf":
        is_encoder = architecture is not None and architecture.model_type in _GGUF_ENCODERS
        tasks: tuple[str, ...] = _FEATURES if is_encoder else ("text-generation",)
    else:
        name = _class(checkpoint)
        tasks = next((tags for ending, tags in _TASKS if name.endswith(ending)), ())
        if tasks == _FEATURES and architecture is not None and architecture.model_type in vision.RULES:
            tasks = ("image-feature-extraction",)
    return (*tasks, "chat") if checkpoint.tokenizer.has_chat_template and "text-generation" in tasks else tasks


def _structure(checkpoint: Checkpoint, architecture: Architecture) -> Structure | None:
    """Return how a model of an unknown family works inside, from the name of its class and its tensors."""
    if any(component.name for component in checkpoint.components) and not checkpoint.is_sentence_embedder:
        return "diffusion"
    if architecture.model_type in speech.RULES or architecture.model_type in vision.RULES:
        return "speech" if architecture.model_type in speech.RULES else "vision"
    if architecture.encoder_decoder is not None or checkpoint.config.get("is_encoder_decoder") is True:
        return "encoder-decoder"
    name = _class(checkpoint)
    if name.endswith(_WORDS_OUT) or (checkpoint.container == "gguf" and architecture.model_type not in _GGUF_ENCODERS):
        return "decoder"
    if "Image" in name or "ObjectDetection" in name:
        return "vision"
    if name.endswith(("ForCTC", "ForSpeechSeq2Seq")):
        return "speech"
    if architecture.vocab_size is None:
        return None
    return "encoder" if name else "decoder" if architecture.tie_word_embeddings is False else "encoder"


def _read_groups(
    checkpoint: Checkpoint, architecture: Architecture, structure: Structure | None, found: Sequence[Parameter]
) -> tuple[TensorGroup, ...]:
    moe, heads = architecture.moe, architecture.num_attention_heads
    ratio = heads // architecture.num_key_value_heads if heads and architecture.num_key_value_heads else 1
    made: list[TensorGroup] = []
    by_component: dict[str, list[Parameter]] = {}
    for item in found:
        folder = item.name.rpartition("/")[0]
        by_component.setdefault(folder, []).append(item)
    for folder, items in by_component.items():
        made += groups.grouped(
            items,
            plain_part=groups.part_of_component(folder) or _STACK_PARTS.get(structure or "", "text"),
            num_experts=moe.num_experts if moe else 0,
            num_experts_per_token=moe.num_experts_per_token if moe else 0,
            num_queries_per_kv=max(1, ratio),
            two_stacks=architecture.encoder_decoder is not None,
        )
    if structure in ("decoder", "encoder-decoder") or _class(checkpoint).endswith(_WORDS_OUT):
        return groups.with_tied_head(tuple(made))
    return tuple(made)
