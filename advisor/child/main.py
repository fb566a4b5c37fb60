"""Entry of the child: claims the pipe, greets, reads the request, runs one job, says how it ended.

It is handed the jobs it can run, so that this package imports neither the probe nor a runtime.
"""

import contextlib
import importlib.metadata
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Literal, NoReturn

import msgspec

from advisor.child import protocol
from advisor.child.protocol import Failed, Finished, Hello, LogRecord, Message, Progress, Sample, Stage
from advisor.errors import AdvisorError, ChildError, InvalidModelError

EXIT_FINISHED = 0
EXIT_FAILED = 1
EXIT_CANCELLED = 3
_PR_SET_PDEATHSIG = 1
_READ_BYTES = 65536
_VERSIONED = ("onnxruntime", "onnx", "numpy")


class Channel:
    """What a job may say to the app, and how it is told that the app has gone."""

    def __init__(self, descriptor: int) -> None:
        """Write to the claimed pipe.

        Args:
            descriptor: file descriptor that only the protocol uses.
        """
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._started_s = time.monotonic()
        self._closing = False
        self._on_cancel: list[Callable[[], None]] = []

    def send(self, message: Message) -> None:
        """Write one message; threads may call it."""
        rest = memoryview(protocol.encode(message))
        with self._lock:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def sample(self, sample: Sample) -> None:
        """Send one live reading."""
        self.send(sample)

    def progress(self, stage: Stage, done_share: float, *, remaining_s: float | None = None, detail: str = "") -> None:
        """Say how far the job is.

        Args:
            stage: what the job is doing.
            done_share: [1] 0 to 1 over the whole job.
            remaining_s: [s] What is left, as far as it is known.
            detail: one phrase for the user.
        """
        elapsed_s = time.monotonic() - self._started_s
        self.send(
            Progress(stage=stage, done_share=done_share, elapsed_s=elapsed_s, remaining_s=remaining_s, detail=detail)
        )

    def log(self, level: Literal["debug", "info", "warning", "error"], text: str) -> None:
        """Have the app log a line."""
        self.send(LogRecord(level=level, text=text))

    def on_cancel(self, action: Callable[[], None]) -> None:
        """Run `action`, quick and without waiting for anything, before the child leaves on a cancel."""
        self._on_cancel.append(action)

    def finish(self, message: Finished | Failed) -> None:
        """Send the last message; from now on the end of stdin is no cancel."""
        self._closing = True
        with contextlib.suppress(OSError):  # the app is gone; nobody is left to be told
            self.send(message)

    def leave_on_cancel(self) -> None:
        """Leave at once, unless the last message is on its way. Called when the app closes stdin or dies."""
        if self._closing:
            return
        for action in self._on_cancel:
            with contextlib.suppress(Exception):
                action()
        os._exit(EXIT_CANCELLED)


Job = Callable[[bytes, Channel], bytes]
"""Takes the request's JSON, returns the result's JSON; raises `AdvisorError` for what the user can understand."""


def main(job: str, jobs: Mapping[str, Callable[[], Job]]) -> int:
    """Run one job and return the exit status.

    Args:
        job: name of the job.
        jobs: name -> function that imports and returns the job.
    """
    channel = Channel(_claim_pipe())
    _die_with_parent()
    channel.send(Hello(pid=os.getpid(), versions=_versions()))
    request = _read_request(channel)
    try:
        if job not in jobs:
            raise ChildError("job-unknown", f"There is no job named {job!r}.", remedy="Install the app again.")
        result = jobs[job]()(request, channel)
    except AdvisorError as error:
        channel.finish(_failure(error))
        return EXIT_FAILED
    except MemoryError:
        channel.finish(Failed(code="killed_for_memory", message="The measuring process ran out of memory."))
        return EXIT_FAILED
    except Exception as error:  # noqa: BLE001 - handed on: the app shows it and logs the details
        _report_bug(channel, error)
        return EXIT_FAILED
    channel.finish(Finished(result=msgspec.Raw(result)))
    return EXIT_FINISHED


def leave(exit_code: int) -> NoReturn:
    """End the process without the interpreter's tear-down, which native threads can hang or crash."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(exit_code)


def refuse_request(error: msgspec.ValidationError | msgspec.DecodeError) -> InvalidModelError:
    """Return the error for a request whose fields do not validate."""
    return InvalidModelError(
        "invalid_model", f"The description of what to measure cannot be used: {error}.", remedy="Choose another model."
    )


def _claim_pipe() -> int:
    """Keep stdout for the protocol; whatever prints, native code included, goes to stderr."""
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return descriptor


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere the end of stdin does it."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _versions() -> dict[str, str]:
    from advisor import __version__

    versions = {"python": platform.python_version(), "model-fit-advisor": __version__}
    for name in _VERSIONED:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def _read_request(channel: Channel) -> bytes:
    """Return the first line of stdin, then leave a thread there that ends the child at the end of file."""
    line = b""
    while b"\n" not in line:
        piece = os.read(0, _READ_BYTES)  # not sys.stdin: a thread in its lock would hang the interpreter's end
        if not piece:
            channel.leave_on_cancel()
        line += piece
    threading.Thread(target=_watch_stdin, args=(channel,), name="child-stdin", daemon=True).start()
    return line.partition(b"\n")[0]


def _watch_stdin(channel: Channel) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, _READ_BYTES):
            pass
    channel.leave_on_cancel()


def _failure(error: AdvisorError) -> Failed:
    """Return the message for an expected failure; errors that are outcomes keep their code."""
    code: protocol.OutcomeCode = "failed"
    if isinstance(error, InvalidModelError):
        code = "invalid_model"
    elif error.code in {"killed_for_memory", "timed_out", "crashed", "protocol_error", "failed_to_start"}:
        code = msgspec.convert(error.code, protocol.OutcomeCode)
    return Failed(code=code, message=error.message, remedy=error.remedy, reason=error.code)


def _report_bug(channel: Channel, error: Exception) -> None:
    import traceback

    text = "".join(traceback.format_exception(error))
    sys.stderr.write(text)
    with contextlib.suppress(OSError):
        channel.log("error", text)
    channel.finish(
        Failed(
            code="failed",
            message=f"The work stopped on a fault of this app or a tool: {type(error).__name__}: {error}".rstrip(".")
            + ".",
            remedy="Try again; if it happens again, report it with this sentence.",
        )
    )
