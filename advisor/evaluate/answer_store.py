"""What the original answered, kept on disk while the compressed model takes its place in memory.

Distributions are kept as natural logarithms of probabilities in float16: half the room of float32. Their error, at most
1/2048 of each logarithm, moves a divergence by well under 0.001 nats a token, which a test holds.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from advisor import units
from advisor.errors import OutputError
from advisor.evaluate import divergence
from advisor.evaluate.compression_plan import Loss
from advisor.evaluate.reader import Reading

_LEAST_LEFT_BYTES = units.GIB
"""[B] Of the disk that stay free for others."""
VALUE_BYTES = 2


class AnswerStore:
    """A folder of answers, by language and sentence; removed by `close`."""

    def __init__(self, parent: Path, kind: Loss) -> None:
        """Make the folder.

        Args:
            parent: where it is made.
            kind: of the answers; vectors are kept as they are.

        Raises:
            OutputError: `path-not-writable`.
        """
        try:
            parent.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix="answers-", dir=parent))
        except OSError as error:
            raise _unwritable(parent, error) from error
        self._kind = kind

    @property
    def folder(self) -> Path:
        """Where the answers lie."""
        return self._folder

    def check_room(self, needed_bytes: int) -> None:
        """Refuse to begin what the disk has no room for.

        Raises:
            OutputError: `disk-full`.
        """
        free_bytes = shutil.disk_usage(self._folder).free
        if needed_bytes + _LEAST_LEFT_BYTES > free_bytes:
            raise OutputError(
                "disk-full",
                f"The models do not fit into memory together, and keeping the answers of the first takes about "
                f"{units.size(needed_bytes)} of the disk, of which {units.size(free_bytes)} are free.",
                remedy="Free some space or memory, or choose fewer languages.",
            )

    def put(self, language: int, sentence: int, reading: Reading) -> None:
        """Keep an answer.

        Raises:
            OutputError: `disk-full`, `path-not-writable`.
        """
        rows = reading.rows
        kept = rows if self._kind == "embedding" else divergence.log_softmax(rows).astype(np.float16)
        try:
            np.save(self._path(language, sentence, "rows"), kept, allow_pickle=False)
            if reading.targets is not None:
                np.save(self._path(language, sentence, "targets"), reading.targets, allow_pickle=False)
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def get(self, language: int, sentence: int) -> Reading:
        """Return a kept answer."""
        rows = np.load(self._path(language, sentence, "rows"), allow_pickle=False)
        targets = self._path(language, sentence, "targets")
        return Reading(
            rows=rows if self._kind == "embedding" else rows.astype(np.float32),
            targets=np.load(targets, allow_pickle=False) if targets.exists() else None,
        )  # fmt: skip

    def close(self) -> None:
        """Remove all answers."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, language: int, sentence: int, what: str) -> Path:
        return self._folder / f"{language}-{sentence}-{what}.npy"


def _unwritable(folder: Path, error: OSError) -> OutputError:
    import errno

    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return OutputError(
        "disk-full" if full else "path-not-writable",
        f"The original's answers cannot be kept in {folder}: {error.strerror or error}.",
        remedy="Free some space or memory, or choose fewer languages.",
        path=str(folder),
    )
