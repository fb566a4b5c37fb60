"""A model's files taken together, without its weights. Pure values."""

from typing import Any

import msgspec

from advisor.catalog.headers.model import Container, TensorInfo, WeightFile


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why something of this model will not be run, though it can be sized."""

    code: str
    message: str
    remedy: str


class Quantization(msgspec.Struct, frozen=True, kw_only=True):
    """How the publisher compressed the weights, as config.json says."""

    method: str
    """`gptq`, `awq`, `bitsandbytes`, `fp8`, `mxfp4`, `compressed-tensors`, `mlx`, or another in its own words."""
    label: str
    linear_bits: float | None = None


class Tokenizer(msgspec.Struct, frozen=True, kw_only=True):
    """What turns text into tokens, as far as files of the model say."""

    files: tuple[str, ...] = ()
    kind: str | None = None
    """`tokenizers` (one JSON file), `sentencepiece`, `vocabulary`, `gguf`; null when there is none."""
    num_tokens: int | None = None
    has_chat_template: bool = False


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """Weights that are laid over another model."""

    method: str
    """`LORA`, `IA3`, ... in PEFT's words."""
    base_model: str | None
    """Hub id or folder, as the adapter states it; never opened."""
    rank: int | None = None
    alpha_ratio: float | None = None
    """[1] `lora_alpha` over the rank: how strongly the adapter counts."""
    targets: tuple[str, ...] = ()


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One network of a model; most models have one, image generators several."""

    name: str
    """Folder inside the model, empty for the model itself."""
    files: tuple[WeightFile, ...]

    def tensors(self) -> tuple[TensorInfo, ...]:
        """Return all tensors of all its files."""
        return tuple(tensor for file in self.files for tensor in file.tensors)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A model as its files describe it."""

    name: str
    container: Container
    components: tuple[Component, ...]
    config: dict[str, Any] = {}
    """config.json, or empty."""
    quantization: Quantization | None = None
    tokenizer: Tokenizer = Tokenizer()
    adapter: Adapter | None = None
    is_sentence_embedder: bool = False
    num_used_tokens: int | None = None
    """After which a sentence embedder cuts a text off, where its publisher says less than the network can read."""
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    def files(self) -> tuple[WeightFile, ...]:
        """Return all weight files."""
        return tuple(file for component in self.components for file in component.files)

    def tensors(self) -> tuple[TensorInfo, ...]:
        """Return the tensors of all files; names are unique in each component only."""
        return tuple(tensor for component in self.components for tensor in component.tensors())

    def weight_bytes(self) -> int:
        """Return the bytes of all tensors, as the tools hf-mem and gguf count them."""
        return sum(file.weight_bytes() for file in self.files())

    def file_bytes(self) -> int:
        """Return the bytes of all weight files."""
        return sum(file.file_bytes for file in self.files())

    def num_elements(self) -> int:
        """Return the numbers stored, buffers and scales included, as the tools hf-mem and gguf count them."""
        return sum(file.num_elements() for file in self.files())
