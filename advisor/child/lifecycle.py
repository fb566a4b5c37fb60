"""From messages and an exit status to exactly one outcome. Pure: drivers do the I/O and ask here."""

from typing import Literal

from advisor import units
from advisor.child import protocol
from advisor.child.protocol import Failed, Finished, Hello, Message, Outcome, OutcomeCode, Sample
from advisor.errors import ChildError

StopReason = Literal["cancelled", "timed_out", "killed_for_memory", "protocol_error"]
_SIGKILL = 9
_NEAR_LIMIT_SHARE = 0.8
"""[1] A child that the system kills this close to its memory limit was killed for memory: its last sample is old."""
_STDERR_CHARACTERS = 300
_NAMES = {
    "hub-download": ("download", "downloading"),
    "convert": ("conversion", "converting"),
    "conversion-tools": ("installation", "installing"),
}
"""Job -> what it is called, and its process. All others measure."""


class Lifecycle:
    """One child from start to end. Feed it what happens; `ended` answers once."""

    def __init__(self, *, memory_limit_bytes: int | None = None, job: str = "") -> None:
        """Watch a child.

        Args:
            memory_limit_bytes: [B] Resident set above which the child must be killed; None: no limit.
            job: what it does, for the sentences.
        """
        self._name, doing = _NAMES.get(job, ("measurement", "measuring"))
        self._process = f"The {doing} process"
        self._memory_limit_bytes = memory_limit_bytes
        self._decoder = protocol.Decoder()
        self._greeted = False
        self._last: Finished | Failed | None = None
        self._stop: StopReason | None = None
        self._stop_message = ""
        self._rss_bytes = 0
        self._outcome: Outcome | None = None

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the child must be ended at once, or None while it may go on."""
        return self._stop

    @property
    def done(self) -> bool:
        """True when the child has sent its last message and should leave by itself."""
        return self._last is not None

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes of the child's stream; return the messages that may be handed on.

        After a protocol fault or a memory fault, `stop_reason` is set and nothing more is handed on.
        """
        if self._stop is not None:
            return []
        try:
            messages = self._decoder.feed(data)
            return [message for message in messages if self._accept(message)]
        except ChildError as error:
            self._refuse(error.message)
            return []

    def request_stop(self, reason: StopReason) -> None:
        """Note why the driver is about to end the child; the first reason stays. Too late once it has finished."""
        if self._stop is None and self._last is None:
            self._stop = reason

    def ended(self, exit_code: int, *, stderr: str = "") -> Outcome:
        """Return the outcome of a child that has ended and whose pipes were read to their ends.

        Args:
            exit_code: exit status; minus the signal's number when a signal ended it.
            stderr: last lines of what it wrote to stderr.
        """
        if self._outcome is None:
            self._close_stream()
            self._outcome = self._decide(exit_code, stderr)
        return self._outcome

    def failed_to_start(self, why: str) -> Outcome:
        """Return the outcome of a child that never ran."""
        if self._outcome is None:
            self._outcome = Outcome(
                code="failed_to_start",
                message=f"{self._process} could not be started: {why}.",
                remedy="Install the app again, or let your security software allow it.",
            )
        return self._outcome

    def _accept(self, message: Message) -> bool:
        if self._stop is not None:
            return False
        if isinstance(message, Hello):
            return self._greet(message)
        if not self._greeted:
            return self._refuse(f"{self._process} did not say who it is first.")
        if self._last is not None:
            return self._refuse(f"{self._process} went on after its last message.")
        if isinstance(message, Finished | Failed):
            self._last = message
        elif isinstance(message, Sample):
            self._watch_memory(message)
        return True

    def _greet(self, hello: Hello) -> bool:
        if self._greeted:
            return self._refuse(f"{self._process} greeted twice.")
        if hello.protocol != protocol.PROTOCOL_VERSION:
            return self._refuse(
                f"{self._process} speaks version {hello.protocol} of the protocol, this app speaks "
                f"{protocol.PROTOCOL_VERSION}."
            )
        self._greeted = True
        return True

    def _watch_memory(self, sample: Sample) -> None:
        self._rss_bytes = sample.rss_bytes or self._rss_bytes
        if self._memory_limit_bytes is not None and self._rss_bytes > self._memory_limit_bytes:
            self._stop = "killed_for_memory"

    def _refuse(self, message: str) -> bool:
        self._stop, self._stop_message = "protocol_error", message
        return False

    def _close_stream(self) -> None:
        if self._stop is None and self._last is None:
            return  # a silent or crashed child is a crash, cut line or not
        try:
            self._decoder.close()
        except ChildError as error:
            if self._stop is None:
                self._refuse(error.message)

    def _decide(self, exit_code: int, stderr: str) -> Outcome:
        if self._stop is not None:
            return self._stopped(self._stop, exit_code)
        if isinstance(self._last, Failed):
            return Outcome(
                code=_failure_code(self._last.code),
                message=self._last.message,
                remedy=self._last.remedy,
                reason=self._last.reason,
                exit_code=exit_code,
            )
        if self._last is not None and exit_code == 0:
            return Outcome(code="finished", result=self._last.result, exit_code=exit_code)
        if exit_code == -_SIGKILL and self._near_limit():
            return self._stopped("killed_for_memory", exit_code)
        return Outcome(
            code="crashed",
            message=f"{self._process} ended by itself ({_exit_words(exit_code)}).{_last_words(stderr)}",
            remedy=self._crash_remedy(),
            exit_code=exit_code,
        )

    def _near_limit(self) -> bool:
        limit = self._memory_limit_bytes
        return limit is not None and self._rss_bytes >= _NEAR_LIMIT_SHARE * limit

    def _stopped(self, reason: StopReason, exit_code: int) -> Outcome:
        if reason == "killed_for_memory":
            limit = units.size(self._memory_limit_bytes or 0)
            return Outcome(
                code=reason,
                message=f"{self._process} needed more memory than the {limit} it may use and was stopped.",
                remedy="Try a shorter context, a smaller format or a smaller model.",
                exit_code=exit_code,
            )
        if reason == "protocol_error":
            return Outcome(
                code=reason,
                message=self._stop_message,
                remedy="Try again; if it happens again, install the app again.",
                exit_code=exit_code,
            )
        if reason == "timed_out":
            message, remedy = (
                f"{self._process} did not finish in time and was stopped.",
                "Try again when the computer is idle.",
            )
        else:
            message, remedy = f"The {self._name} was cancelled.", ""
        return Outcome(code=reason, message=message, remedy=remedy, exit_code=exit_code)

    def _crash_remedy(self) -> str:
        if self._name == "measurement":
            return "Try again; if it happens again, try another format of the model."
        return "Try again; if it happens again, look into the log file."


def _failure_code(code: OutcomeCode) -> OutcomeCode:
    return "failed" if code == "finished" else code


def _exit_words(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f" Its last words: {lines[-1][-_STDERR_CHARACTERS:]}" if lines else ""
