"""Which files a measurement was of: name, size and hash, or size and date of what is too large to be read once more."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from advisor.errors import InvalidModelError
from advisor.probe.plan import WeightFile
from advisor.runnable import onnx_header
from advisor.runnable.model import RunnableModel

LARGEST_HASHED_BYTES = 2 * 1024**3
"""[B] Reading more once again would take longer than half the measurement."""


def paths_of(model: RunnableModel) -> tuple[Path, ...]:
    """Return the networks of a model with their files of weights, none twice; the tokenizer last.

    Raises:
        InvalidModelError: as `onnx_header.read`.
    """
    folder = Path(model.folder)
    found: dict[Path, None] = {}
    for graph in model.graphs:
        path = folder / graph.name
        found[path] = None
        found.update(dict.fromkeys(path.parent / name for name in onnx_header.read(path).external_bytes))
    if model.tokenizer is not None:
        found[folder / model.tokenizer.name] = None
    return tuple(found)


def described(model: RunnableModel) -> tuple[WeightFile, ...]:
    """Return what a measurement was of.

    Raises:
        InvalidModelError: `onnx-file-unreadable`; a file is gone.
    """
    folder = Path(model.folder)
    return tuple(_described(path, path.relative_to(folder).as_posix()) for path in paths_of(model))


def _described(path: Path, name: str) -> WeightFile:
    try:
        facts = path.stat()
        if facts.st_size > LARGEST_HASHED_BYTES:
            modified = datetime.fromtimestamp(facts.st_mtime, UTC).isoformat(timespec="seconds")
            return WeightFile(name=name, size_bytes=facts.st_size, modified=modified)
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InvalidModelError(
            "onnx-file-unreadable",
            f"{name} was there when it was measured and cannot be read any more: {error.strerror or error}.",
            remedy="Leave the files in their place until the measurement has ended.",
        ) from error
    return WeightFile(name=name, size_bytes=facts.st_size, sha256=sha256)
