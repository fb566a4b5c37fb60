"""Runs a job in a child with a progress bar in the terminal."""

import sys
import threading
from collections.abc import Callable
from typing import Any

from advisor.child.protocol import Outcome, Progress
from advisor.cli.output import Output


def run(
    job: str,
    request: bytes,
    output: Output,
    *,
    timeout_s: float | None,
    memory_limit_bytes: int | None = None,
    describe: Callable[[Progress], str] | None = None,
    python: str | None = None,
) -> Outcome:
    """Run a job; Ctrl+C stops it and leaves nothing behind.

    Args:
        job: its name.
        request: JSON of its plan.
        output: where to print.
        timeout_s: [s] The child is stopped after this time; None: never.
        memory_limit_bytes: [B] The child is stopped when it takes more.
        describe: what stands beside the bar; the stage's name by default.
        python: interpreter of the child, as for `child.command.command`.
    """
    from advisor.child import runner

    cancel = threading.Event()
    bar = _Bar(enabled=sys.stderr.isatty() and not output.as_json, describe=describe)
    try:
        with bar:
            return runner.run(
                job, request, on_message=bar.show, cancel=cancel, timeout_s=timeout_s,
                memory_limit_bytes=memory_limit_bytes, python=python,
            )  # fmt: skip
    except KeyboardInterrupt:
        cancel.set()
        raise


def with_time_left(message: Progress) -> str:
    """Return what a job is doing and the time it will still take, in whole seconds."""
    from advisor import units

    left_s = message.remaining_s
    return message.detail if left_s is None else f"{message.detail}, {units.duration(max(1, round(left_s)))} left"


class _Bar:
    """One progress bar on standard error."""

    def __init__(self, *, enabled: bool, describe: Callable[[Progress], str] | None = None) -> None:
        self._describe = describe
        self._progress: Any = None
        self._task: Any = None
        if enabled:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as RichProgress

            self._progress = RichProgress(
                TextColumn("{task.description}"),
                BarColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._progress.add_task("Prepare", total=1.0)

    def __enter__(self) -> "_Bar":
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, message: object) -> None:
        """Draw a message of the child."""
        if self._progress is not None and isinstance(message, Progress):
            from advisor.report import wording

            text = wording.stage_name(message.stage) if self._describe is None else self._describe(message)
            self._progress.update(self._task, completed=message.done_share, description=text)
