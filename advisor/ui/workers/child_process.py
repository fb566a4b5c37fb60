"""Drives one child at a time by QProcess. Decides nothing: `child.lifecycle` does."""

import sys
from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

from advisor.child import command
from advisor.child.lifecycle import Lifecycle
from advisor.child.protocol import Outcome
from advisor.child.runner import GRACE_S

_KILL_AT_ONCE = frozenset({"killed_for_memory", "protocol_error"})
_STDERR_BYTES = 8192
_START_WAIT_MS = 5000
Step = Literal["terminate", "kill"]


class ChildProcess(QObject):
    """A job in a child process, one at a time.

    Signals:
        message: one `child.protocol.Message`, in the order the child sent them.
        ended: the `child.protocol.Outcome`, exactly once for each `start`.
    """

    message = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        """Run nothing yet."""
        super().__init__(parent)
        self._process: QProcess | None = None
        self._lifecycle = Lifecycle()
        self._stderr = b""
        self._next_step: Step = "terminate"
        self._ladder = QTimer(self)
        self._ladder.setSingleShot(True)
        self._ladder.setInterval(int(GRACE_S * 1000))
        self._ladder.timeout.connect(self._on_ladder_timeout)
        self._deadline = QTimer(self)
        self._deadline.setSingleShot(True)
        self._deadline.timeout.connect(self._on_deadline_timeout)

    @property
    def running(self) -> bool:
        """True from `start` to `ended`."""
        return self._process is not None

    def start(
        self,
        job: str,
        request: bytes,
        *,
        memory_limit_bytes: int | None = None,
        timeout_s: float | None = None,
        argv: Sequence[str] | None = None,
        python: str | None = None,
    ) -> None:
        """Start a job.

        Args:
            job: name of the job, `probe` or `providers`.
            request: JSON the job gets as its first and only line.
            memory_limit_bytes: [B] The child is killed when a sample says its resident set is larger.
            timeout_s: [s] The child is stopped after this time; None: never.
            argv: command line to run in place of the app's own child.
            python: interpreter of the child, as for `command.command`.

        Raises:
            RuntimeError: the last job has not ended.
        """
        if self._process is not None:
            raise RuntimeError("a child is running; wait for its end")
        program, *arguments = argv if argv is not None else command.command(job, python=python)
        self._lifecycle = Lifecycle(memory_limit_bytes=memory_limit_bytes, job=job)
        self._stderr = b""
        self._next_step = "terminate"
        process = QProcess(self)
        process.setProcessEnvironment(_environment(job, python))
        process.readyReadStandardOutput.connect(self._on_process_stdout)
        process.readyReadStandardError.connect(self._on_process_stderr)
        process.errorOccurred.connect(self._on_process_error)
        process.finished.connect(self._on_process_finished)
        self._process = process
        process.start(program, arguments)
        process.write(request.rstrip(b"\n") + b"\n")
        if timeout_s is not None:
            self._deadline.start(int(timeout_s * 1000))

    @Slot()
    def stop(self) -> None:
        """Ask the child to leave: its stdin is closed; it is terminated 2 s later, then killed."""
        if self._process is not None:
            self._lifecycle.request_stop("cancelled")
            self._end()

    def close(self) -> None:
        """End the child and wait until it is gone. For the app's end; `ended` is emitted before this returns."""
        process = self._process
        if process is None:
            return
        self._lifecycle.request_stop("cancelled")
        if process.state() == QProcess.ProcessState.Starting:
            process.waitForStarted(_START_WAIT_MS)
        process.closeWriteChannel()
        if not process.waitForFinished(int(GRACE_S * 1000)):
            process.kill()
            process.waitForFinished(-1)

    def _end(self) -> None:
        """Start the ladder, or go to its end when the child must not run on."""
        if self._process is None:
            return
        if self._lifecycle.stop_reason in _KILL_AT_ONCE:
            self._process.kill()
            return
        self._process.closeWriteChannel()
        if not self._ladder.isActive():
            self._ladder.start()

    def _hand_on(self, data: bytes) -> None:
        was_done = self._lifecycle.done
        for message in self._lifecycle.feed(data):
            self.message.emit(message)
        if self._lifecycle.stop_reason is not None:
            self._end()
        elif self._lifecycle.done and not was_done:
            self._ladder.start()  # it has said all it had to say

    def _finish(self, outcome: Outcome) -> None:
        process, self._process = self._process, None
        self._ladder.stop()
        self._deadline.stop()
        if process is not None:
            process.deleteLater()
        self.ended.emit(outcome)

    @Slot()
    def _on_process_stdout(self) -> None:
        if self._process is not None:
            self._hand_on(bytes(self._process.readAllStandardOutput().data()))

    @Slot()
    def _on_process_stderr(self) -> None:
        if self._process is not None:
            self._stderr = (self._stderr + bytes(self._process.readAllStandardError().data()))[-_STDERR_BYTES:]

    @Slot(QProcess.ProcessError)
    def _on_process_error(self, error: QProcess.ProcessError) -> None:
        """Only a failed start comes without `finished`; every other error is decided there."""
        if self._process is not None and error == QProcess.ProcessError.FailedToStart:
            self._finish(self._lifecycle.failed_to_start(self._process.errorString()))

    @Slot(int, QProcess.ExitStatus)
    def _on_process_finished(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        """Read what is left in the pipes, then decide."""
        if self._process is None:
            return
        self._on_process_stderr()
        self._on_process_stdout()
        crashed = status == QProcess.ExitStatus.CrashExit
        signed = -exit_code if crashed and sys.platform != "win32" else exit_code
        self._finish(self._lifecycle.ended(signed, stderr=self._stderr.decode("utf-8", "replace")))

    @Slot()
    def _on_ladder_timeout(self) -> None:
        if self._process is None:
            return
        if self._next_step == "terminate":
            self._next_step = "kill"
            self._process.terminate()
            self._ladder.start()
        else:
            self._process.kill()

    @Slot()
    def _on_deadline_timeout(self) -> None:
        self._lifecycle.request_stop("timed_out")
        self._end()


def _environment(job: str, python: str | None) -> QProcessEnvironment:
    environment = QProcessEnvironment()
    for name, value in command.environment(job=job, python=python).items():
        environment.insert(name, value)
    return environment
