"""How far a download is: bytes, rate and what remains, told a few times a second."""

import time
from collections import deque
from typing import Any

from advisor import units
from advisor.child.main import Channel

_TOLD_EVERY_S = 0.2
_WINDOW_S = 10.0
"""[s] Over which the rate is taken: a line changes, and its first seconds say little."""


class Transfer:
    """Counts bytes and tells the app."""

    def __init__(self, channel: Channel, *, total_bytes: int, here_bytes: int, num_files: int) -> None:
        """Start with what is here.

        Args:
            channel: to the app.
            total_bytes: [B] Of all files.
            here_bytes: [B] Of the files that are complete already.
            num_files: all of them.
        """
        self._channel = channel
        self._total, self._done, self._here, self._num_files = total_bytes, here_bytes, here_bytes, num_files
        self._num_begun = 0
        self._name = ""
        self._told_s = 0.0
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), here_bytes)])

    @property
    def transferred_bytes(self) -> int:
        """Return the bytes that came in."""
        return self._done - self._here

    def begin(self, name: str) -> None:
        """Say which file is next."""
        self._num_begun += 1
        self._name = name
        self._tell()

    def say_checking(self) -> None:
        """Say that the file is being held against its hash, which takes seconds for one of many gigabytes."""
        self._tell(", checking")

    def add(self, num_bytes: float) -> None:
        """Count bytes; a negative number takes back what has to be sent again."""
        self._done += int(num_bytes)
        if time.monotonic() - self._told_s >= _TOLD_EVERY_S:
            self._tell()

    def end(self) -> None:
        """Say that all is here."""
        self._tell()

    def _tell(self, doing: str = "") -> None:
        now_s = time.monotonic()
        self._told_s = now_s
        self._seen.append((now_s, self._done))
        while len(self._seen) > 2 and now_s - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()
        first_s, first_bytes = self._seen[0]
        rate = (self._done - first_bytes) / (now_s - first_s) if now_s > first_s else 0.0
        left = max(0, self._total - self._done)
        share = min(1.0, self._done / self._total) if self._total else 1.0
        speed = f", {units.size(rate)}/s" if rate > 0 else ""
        self._channel.progress(
            "load", share, remaining_s=left / rate if rate > 0 else None,
            detail=f"{units.size(self._done)} of {units.size(self._total)}{speed}; file {self._num_begun} of "
            f"{self._num_files}: {self._name}{doing}",
        )  # fmt: skip


def bar_class(transfer: Transfer) -> type[Any]:
    """Return a progress bar for huggingface_hub that draws nothing and counts."""

    class Bar:
        def __init__(self, *_: object, **__: object) -> None:
            """Take whatever a bar of tqdm takes."""
            self.n = 0
            self.total: float | None = None

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            """Leave nothing."""

        def update(self, n: float | None = 1) -> None:
            """Count."""
            transfer.add(n or 0)

        def update_transfer(self, n: float | None = 1) -> None:
            """Count nothing: these bytes come again in `update`. With it, one bar is made for both counts."""

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else a bar can do draws
            """Do nothing."""
            if name.startswith("__"):
                raise AttributeError(name)
            return lambda *_, **__: None

    return Bar
