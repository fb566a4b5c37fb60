"""Run a child and wait for its end: the driver of the CLI, of tests, and of a child that has children of its own.

The waiting thread sleeps on a queue that two reader threads fill; it wakes for messages and, ten times a second, to
see whether it was cancelled. It measures nothing.
"""

import contextlib
import math
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO

from advisor.child import command as child_command
from advisor.child.lifecycle import Lifecycle
from advisor.child.protocol import Message, Outcome

WAKE_S = 0.1
"""[s] How long a cancel may wait to be seen."""
GRACE_S = 2.0
"""[s] Time between the steps of the ladder: stdin closed, terminate, kill."""
_PIECE_BYTES = 65536
_STDERR_BYTES = 8192
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
_KILL_AT_ONCE = frozenset({"killed_for_memory", "protocol_error"})
OnMessage = Callable[[Message], None]
_Item = bytes | None


def run(
    job: str,
    request: bytes,
    *,
    on_message: OnMessage | None = None,
    cancel: threading.Event | None = None,
    timeout_s: float | None = None,
    memory_limit_bytes: int | None = None,
    argv: Sequence[str] | None = None,
    python: str | None = None,
) -> Outcome:
    """Run a job in a child process and return how it ended. Never raises for what the child does.

    Args:
        job: name of the job, for example `probe` or `hub-download`.
        request: JSON the job gets as its first and only line.
        on_message: called in this thread with each message, in order; if it raises, the child is ended first.
        cancel: when set, the child is told to stop.
        timeout_s: [s] The child is stopped after this time; None: never.
        memory_limit_bytes: [B] The child is killed when a sample says its resident set is larger.
        argv: command line to run in place of the app's own child.
        python: interpreter of the child, as for `command.command`.
    """
    lifecycle = Lifecycle(memory_limit_bytes=memory_limit_bytes, job=job)
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of our own making, no shell
            list(argv) if argv is not None else child_command.command(job, python=python),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # plain descriptors: a buffered reader cannot be closed while a thread waits in it
            env=child_command.environment(job=job, python=python),
            creationflags=_NO_WINDOW,
        )
    except OSError as error:
        return lifecycle.failed_to_start(error.strerror or str(error))
    drive = _Drive(process, lifecycle, on_message)
    try:
        drive.send(request)
        drive.follow(cancel, None if timeout_s is None else time.monotonic() + timeout_s)
    except BaseException:
        drive.fall_silent()
        raise
    finally:
        drive.end()
    return lifecycle.ended(process.returncode, stderr=drive.stderr())


class _Drive:
    """The moving parts of one run."""

    def __init__(self, process: subprocess.Popen[bytes], lifecycle: Lifecycle, on_message: OnMessage | None) -> None:
        self._process = process
        self._lifecycle = lifecycle
        self._on_message = on_message
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._stderr = b""
        self._threads = [
            threading.Thread(target=self._read_stdout, name="child-stdout", daemon=True),
            threading.Thread(target=self._read_stderr, name="child-stderr", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def send(self, request: bytes) -> None:
        """Write the request; a child that has already gone is found by its exit."""
        with contextlib.suppress(OSError):
            stdin = _pipe(self._process.stdin)
            rest = memoryview(request.rstrip(b"\n") + b"\n")
            while rest:
                rest = rest[stdin.write(rest) :]

    def follow(self, cancel: threading.Event | None, deadline_s: float | None) -> None:
        """Hand on messages until the stream ends or there is a reason to stop."""
        leaves_s = math.inf
        while True:
            with contextlib.suppress(queue.Empty):
                item = self._items.get(timeout=WAKE_S)
                if item is None:
                    return
                self._hand_on(item)
            now_s = time.monotonic()
            if self._lifecycle.done:
                leaves_s = min(leaves_s, now_s + GRACE_S)  # it has said all it had to say
            if cancel is not None and cancel.is_set():
                self._lifecycle.request_stop("cancelled")
            elif deadline_s is not None and now_s > deadline_s:
                self._lifecycle.request_stop("timed_out")
            if self._lifecycle.stop_reason is not None or now_s > leaves_s:
                return

    def fall_silent(self) -> None:
        """Hand nothing more on: the caller's own code has failed, or the user has interrupted it."""
        self._on_message = None

    def end(self) -> None:
        """Make sure that the child has ended and its pipes are read to their ends."""
        self._close_stdin()
        if self._lifecycle.stop_reason in _KILL_AT_ONCE:
            self._process.kill()
        for step in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(GRACE_S)
                break
            except subprocess.TimeoutExpired:
                step()
        self._process.wait()
        for thread in self._threads:
            thread.join(GRACE_S)  # a grandchild may hold a pipe open for a moment
        try:
            self._drain()
        finally:
            for pipe in (self._process.stdout, self._process.stderr):
                _pipe(pipe).close()

    def stderr(self) -> str:
        """Return the last lines the child wrote to stderr."""
        return self._stderr.decode("utf-8", "replace")

    def _drain(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._items.get_nowait()
                if item is not None:
                    self._hand_on(item)

    def _hand_on(self, item: bytes) -> None:
        for message in self._lifecycle.feed(item):
            if self._on_message is not None:
                self._on_message(message)

    def _close_stdin(self) -> None:
        with contextlib.suppress(OSError):
            _pipe(self._process.stdin).close()

    def _read_stdout(self) -> None:
        stdout = _pipe(self._process.stdout)
        with contextlib.suppress(OSError, ValueError):
            while piece := stdout.read(_PIECE_BYTES):
                self._items.put(piece)
        self._items.put(None)

    def _read_stderr(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while piece := _pipe(self._process.stderr).read(_PIECE_BYTES):
                self._stderr = (self._stderr + piece)[-_STDERR_BYTES:]


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:  # cannot happen: all three are asked for
        raise ValueError("the child was started without its pipes")
    return pipe
