"""Where a converted model came from, kept in a file beside it: a figure can be traced to the bytes it is about."""

from pathlib import Path

import msgspec

from advisor import paths
from advisor.errors import InvalidFileError

FILE_NAME = "model-fit-advisor.json"
SCHEMA_VERSION = 1


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of weights or settings, read or written."""

    name: str
    size_bytes: int
    sha256: str


class NumericCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How far the converted model's outputs are from PyTorch's on real inputs."""

    num_inputs: int
    """Texts, images or recordings compared."""
    num_values: int
    max_error: float
    """Largest absolute difference of one output value."""
    mean_error: float
    """Mean absolute difference."""
    scale: float
    """Root mean square of PyTorch's values: what the errors are to be held against."""
    cosine: float | None = None
    """Mean cosine of the outputs."""
    top1_agreement_share: float | None = None
    """[1] Of the positions whose most likely token is the same; models that give scores."""
    mean_kl_nats: float | None = None
    """[nat] Mean divergence of the next-token distributions."""
    limit: str
    """What was asked before it was accepted, in words."""
    accepted: bool


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """The origin of a converted model."""

    schema_version: int = SCHEMA_VERSION
    model_id: str
    """Hub id, or the name of the folder or file it came from."""
    revision: str | None = None
    """Commit of the hub; null for files of unknown origin."""
    licence: str | None = None
    source_kind: str
    """`safetensors` or `gguf`."""
    sources: tuple[SourceFile, ...]
    format_id: str
    options: dict[str, str]
    """Every option that changes the result: method, block size, accuracy level, opset."""
    method: str
    """`onnxruntime-genai model builder`, `torch.onnx (dynamo)`, with what followed."""
    versions: dict[str, str]
    """Of the tools that made it."""
    created: str
    """ISO 8601, UTC."""
    wall_s: float
    peak_memory_bytes: int
    predicted_memory_bytes: int
    """[B] What was said before it started."""
    check: NumericCheck | None
    """Null where it was turned off."""
    files: tuple[SourceFile, ...]
    """What was written."""


def read(folder: Path) -> Provenance | None:
    """Return the origin of the model in a folder, or None where this app did not make it.

    Raises:
        InvalidFileError: `provenance-invalid`.
    """
    path = folder / FILE_NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _invalid(path, error.strerror or str(error)) from error
    try:
        return msgspec.json.decode(raw, type=Provenance)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise _invalid(path, str(error)) from error


def write(folder: Path, origin: Provenance) -> None:
    """Write the origin beside a model, whole or not at all.

    Raises:
        OutputError: as `paths.write_atomically`.
    """
    paths.write_atomically(folder / FILE_NAME, msgspec.json.format(msgspec.json.encode(origin)))


def _invalid(path: Path, why: str) -> InvalidFileError:
    return InvalidFileError(
        "provenance-invalid", f"{path} cannot be read: {why}.", remedy="Convert the model again.", path=str(path)
    )
