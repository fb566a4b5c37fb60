"""What a model with real weights is once ONNX Runtime can run it. Pure values."""

from pathlib import Path
from typing import Literal

import msgspec

from advisor.runnable.provenance import Provenance

Layout = Literal["genai", "optimum", "file"]
"""`genai`: onnxruntime-genai's folder with genai_config.json. `optimum`: Hugging Face's names, `model.onnx`,
`encoder_model.onnx` and `decoder_model_merged.onnx`, beside or in `onnx/`. `file`: one ONNX file, nothing beside it."""
Structure = Literal["decoder", "encoder", "encoder-decoder", "vision", "speech"]
Head = Literal["next-token", "embedding", "classes", "token-classes", "masked-token", "other"]
"""What the main output says: scores of the next token, a vector for a text or an image, scores of labels, ..."""
Pooling = Literal["mean", "cls", "max", "last", "none"]
"""How the vectors of tokens become one; `none`: the graph gives one vector already."""
Part = Literal["model", "encoder", "decoder", "with-past"]
"""`with-past`: the decoder of every token after the first, where it is a file of its own."""


class GraphFile(msgspec.Struct, frozen=True, kw_only=True):
    """One ONNX file of a model."""

    part: Part
    name: str
    """Relative to the folder, checked to lie inside it."""
    size_bytes: int
    """[B] With the weights kept in files beside it."""


class TokenizerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Where the tokenizer is and how its tokens are meant."""

    name: str
    """`tokenizer.json`, relative to the folder."""
    chat_template: str | None = None
    """Jinja source; null: the model takes plain text."""
    bos_token_id: int | None = None
    eos_token_ids: tuple[int, ...] = ()
    pad_token_id: int | None = None
    special_tokens: dict[str, str] = {}
    """`bos_token`, `eos_token`, ...: what chat templates may name."""
    max_tokens: int | None = None
    """Longest input, where it is stated."""


class RunnableModel(msgspec.Struct, frozen=True, kw_only=True):
    """A folder with a model that can be run here."""

    folder: str
    """Absolute."""
    layout: Layout
    structure: Structure
    head: Head
    graphs: tuple[GraphFile, ...]
    """In the order in which they run."""
    model_id: str
    """Hub id of the source where it is known, else the folder's name."""
    format_id: str | None
    """The catalog's name of the format, `onnx-int4-b32`; null for one it does not know."""
    tokenizer: TokenizerFacts | None
    """Null: none was found; the model then runs on token numbers alone."""
    pooling: Pooling = "none"
    normalize: bool = False
    """The vector is brought to length 1."""
    labels: tuple[str, ...] = ()
    """In the order of the scores, of a classifier."""
    num_context_tokens: int | None = None
    prompts: dict[str, str] = {}
    """What an embedder wants before a text, by its use: `query` -> `query: `."""
    config: dict[str, object] = {}
    """config.json as it is; never run."""
    runtime_config: dict[str, object] = {}
    """genai_config.json as it is, of that layout."""
    provenance: Provenance | None = None
    """Null for a model that this app did not convert."""

    def path(self, part: Part = "model") -> Path:
        """Return the file of a part.

        Raises:
            KeyError: the model has no such part.
        """
        for graph in self.graphs:
            if graph.part == part:
                return Path(self.folder) / graph.name
        raise KeyError(part)

    def has(self, part: Part) -> bool:
        """Tell whether the model has a part in a file of its own."""
        return any(graph.part == part for graph in self.graphs)

    def size_bytes(self) -> int:
        """Return the bytes of all graphs and their weights."""
        return sum(graph.size_bytes for graph in self.graphs)
