"""How far a conversion is and what memory it takes, told twice a second by a thread of its own."""

import sys
import threading
import time
from collections.abc import Sequence

from advisor.child.main import Channel
from advisor.child.protocol import Sample, Stage

_TOLD_EVERY_S = 0.5
_MOST_OF_A_STEP = 0.97


class Watch:
    """Knows the step that runs, and tells it."""

    def __init__(self, channel: Channel, steps: Sequence[tuple[str, float]]) -> None:
        """Take the steps in their order.

        Args:
            channel: to the app.
            steps: name and expected time [s] of each.
        """
        self._channel = channel
        self._expected = dict(steps)
        self._total_s = sum(self._expected.values()) or 1.0
        self._done_s = 0.0
        self._name, self._detail = "", ""
        self._stage: Stage = "prepare"
        self._part: float | None = None
        self._began_s = self._started_s = time.monotonic()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="conversion-watch", daemon=True)

    def __enter__(self) -> "Watch":
        """Begin to tell."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Tell no more."""
        self._stop.set()
        self._thread.join()

    def begin(self, name: str, stage: Stage, detail: str) -> None:
        """Say that the next step begins, and what it does in words."""
        with self._lock:
            self._done_s += self._expected.get(self._name, 0.0)
            self._name, self._stage, self._detail = name, stage, detail
            self._part = None
            self._began_s = time.monotonic()
        self._tell()

    def part(self, share: float, detail: str = "") -> None:
        """Say how far the step is, where it can be counted."""
        with self._lock:
            self._part = share
            self._detail = detail or self._detail

    def _run(self) -> None:
        while not self._stop.wait(_TOLD_EVERY_S):
            self._tell()

    def _tell(self) -> None:
        now_s = time.monotonic()
        with self._lock:
            expected_s = self._expected.get(self._name, 0.0)
            guessed = min(_MOST_OF_A_STEP, (now_s - self._began_s) / expected_s) if expected_s else 0.0
            part = guessed if self._part is None else self._part
            share = min(1.0, (self._done_s + part * expected_s) / self._total_s)
            stage, detail = self._stage, self._detail
        elapsed_s = now_s - self._started_s
        left_s = self._total_s * (1 - share)
        if share > 0.1:  # by now its own pace is known better
            left_s = elapsed_s * (1 - share) / share
        self._channel.progress(stage, share, remaining_s=left_s, detail=detail)
        self._channel.sample(Sample(t_s=elapsed_s, kind="system", rss_bytes=rss_bytes(), peak_rss_bytes=peak_bytes()))


def rss_bytes() -> int:
    """Return the resident set of this process."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak_bytes() -> int:
    """Return the highest resident set of this process so far."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
