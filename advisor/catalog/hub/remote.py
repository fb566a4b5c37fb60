"""Files of a model on a hub as the header readers want them: parts are fetched, never a whole weight file."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from advisor.catalog.headers.source import check_name, cut_off, missing
from advisor.catalog.hub.client import Hub
from advisor.catalog.hub.model import HubRepo

AHEAD_BYTES = 65536
"""[B] Fetched at least with each request: the header of most files, and less than a packet's journey costs."""
_WORKERS = 8
_MOST_AHEAD = 400


class HubFileSource:
    """One file, read by ranges; keeps the last part it fetched."""

    def __init__(self, hub: Hub, repo: HubRepo, name: str, size_bytes: int, start: bytes = b"") -> None:
        """Fetch nothing yet.

        Args:
            hub: whom to ask.
            repo: the model at its commit.
            name: the file.
            size_bytes: [B] As the listing says.
            start: its first bytes, where they are known already.
        """
        self._hub, self._repo, self._name, self._size = hub, repo, name, size_bytes
        self._from, self._part = 0, start

    @property
    def name(self) -> str:
        """Return its name in the model."""
        return self._name

    @property
    def size_bytes(self) -> int:
        """Return the size the hub lists."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset` on.

        Raises:
            InvalidModelError: `weights-cut-off`.
            HubError: as `Hub.read_range`.
        """
        if offset < 0 or length < 0 or offset + length > self._size:
            raise cut_off(self._name, offset + length, self._size)
        if not length:
            return b""
        if not self._from <= offset <= offset + length <= self._from + len(self._part):
            wanted = min(max(length, AHEAD_BYTES), self._size - offset)
            part = self._hub.read_range(self._repo.id, self._repo.commit, self._name, offset, wanted)
            if len(part) < length:
                raise cut_off(self._name, offset + length, offset + len(part))
            self._from, self._part = offset, part
        start = offset - self._from
        return self._part[start : start + length]

    def __enter__(self) -> Self:
        """Keep what was fetched."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it."""
        self._part = b""


class HubFiles:
    """The files of a model at a commit."""

    def __init__(self, hub: Hub, repo: HubRepo, *, only: Collection[str] | None = None) -> None:
        """Fetch nothing yet.

        Args:
            hub: whom to ask.
            repo: the model and its listing.
            only: names that belong to what is meant, where the user named a file.
        """
        self._hub, self._repo = hub, repo
        self._sizes = {
            file.name: file.size_bytes
            for file in sorted(repo.files, key=lambda file: file.name)
            if only is None or file.name in only
        }
        self._starts: dict[str, bytes] = {}

    @property
    def name(self) -> str:
        """Return the model's id."""
        return self._repo.id

    def sizes(self) -> Mapping[str, int]:
        """Return each file's size in bytes."""
        return self._sizes

    def open(self, name: str) -> HubFileSource:
        """Return one of the files.

        Raises:
            InvalidModelError: `path-refused`.
            NotFoundError: `model-file-missing`.
        """
        check_name(name, self._repo.id)
        if name not in self._sizes:
            raise missing(name)
        return HubFileSource(self._hub, self._repo, name, self._sizes[name], self._starts.pop(name, b""))

    def fetch_starts(self, names: Collection[str]) -> None:
        """Fetch the beginnings of several files at once, since each one's answer is a journey of its own.

        Raises:
            HubError: as `Hub.read_range`.
        """
        wanted = [name for name in names if self._sizes.get(name)][:_MOST_AHEAD]

        def fetch(name: str) -> tuple[str, bytes]:
            length = min(AHEAD_BYTES, self._sizes[name])
            return name, self._hub.read_range(self._repo.id, self._repo.commit, name, 0, length)

        pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="hub")
        try:
            self._starts.update(pool.map(fetch, wanted))
        finally:
            pool.shutdown(cancel_futures=True)
