"""Messages between the app and its child, one JSON object a line. Pure: bytes in, values out.

The child sends one `Hello`, then any of `Progress`, `Sample`, `LogRecord`, then exactly one of `Finished`, `Failed`.
"""

from typing import Literal

import msgspec

from advisor.errors import ChildError

PROTOCOL_VERSION = 1
MAX_LINE_BYTES = 16 * 1024 * 1024
"""[B] Longer lines are refused: a child that talks rubbish must not fill the parent's memory."""
OutcomeCode = Literal[
    "finished", "failed_to_start", "crashed", "killed_for_memory", "timed_out", "cancelled", "protocol_error",
    "invalid_model", "failed",
]  # fmt: skip
Stage = Literal["prepare", "load", "warm-up", "measure", "cool"]


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello", tag_field="type"):
    """First line of a child."""

    protocol: int = PROTOCOL_VERSION
    pid: int
    versions: dict[str, str]
    """`python`, `onnxruntime`, `model-fit-advisor`, ..."""


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress", tag_field="type"):
    """How far the job is."""

    stage: Stage
    done_share: float
    """0 to 1 over the whole job."""
    elapsed_s: float
    remaining_s: float | None = None
    detail: str = ""


class Sample(msgspec.Struct, frozen=True, kw_only=True, tag="sample", tag_field="type"):
    """One live reading; null where nothing could be read."""

    t_s: float
    """[s] Since the child's start."""
    kind: Literal["system", "token", "prefill", "query"]
    """`system`: a periodic reading; the others: one measured unit of work ended at `t_s`."""
    latency_s: float | None = None
    """[s] Of the unit of work."""
    rss_bytes: int | None = None
    peak_rss_bytes: int | None = None
    cpu_share: float | None = None
    """Child's CPU time over wall time and its threads, 0 to 1."""
    other_cpu_share: float | None = None
    """All other processes, share of the machine's CPUs."""
    power_w: float | None = None
    frequency_hz: float | None = None
    temperature_c: float | None = None


class LogRecord(msgspec.Struct, frozen=True, kw_only=True, tag="log", tag_field="type"):
    """A log line to be re-logged by the parent."""

    level: Literal["debug", "info", "warning", "error"]
    text: str


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished", tag_field="type"):
    """The job's result; its shape is the job's affair."""

    result: msgspec.Raw


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed", tag_field="type"):
    """The job gave up."""

    code: OutcomeCode
    message: str
    remedy: str = ""
    reason: str = ""
    """The stable code of the failure itself: `disk-full`, `hub-gated`."""


Message = Hello | Progress | Sample | LogRecord | Finished | Failed


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a child ended: always exactly one value."""

    code: OutcomeCode
    message: str = ""
    """One sentence for the user; empty when finished."""
    remedy: str = ""
    reason: str = ""
    """The stable code of the failure that the job told; empty where it told none."""
    result: msgspec.Raw | None = None
    """Payload of `Finished`."""
    exit_code: int | None = None


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
_EXCERPT_BYTES = 120


def encode(message: Message) -> bytes:
    """Return one message as one line, newline included.

    JSON escapes line ends inside texts; a payload that was handed over raw is checked, as it is copied unread.

    Raises:
        ChildError: `protocol_error`; a raw payload holds a line end and would break the message in two.
    """
    line = _encoder.encode(message)
    if b"\n" in line:
        raise _refused("a message holds a line end", line)
    return line + b"\n"


class Decoder:
    """Turn pieces of a byte stream, cut anywhere, into messages. The unfinished tail is kept for the next piece."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        self._tail = bytearray()
        self._scanned = 0

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that `data` completes, in order.

        Raises:
            ChildError: `protocol_error`; a line is not a message or is longer than `MAX_LINE_BYTES`. What came
                before it in the same piece is lost with it: a child that breaks the protocol is not listened to.
        """
        self._tail += data
        messages: list[Message] = []
        start = 0
        while (end := self._tail.find(b"\n", max(start, self._scanned))) >= 0:
            if end - start > MAX_LINE_BYTES:
                raise _refused(f"a line is longer than {MAX_LINE_BYTES} bytes", self._tail[start:end])
            messages.append(_parse(bytes(self._tail[start:end])))
            start = end + 1
        del self._tail[:start]
        self._scanned = len(self._tail)  # a long line that comes in small pieces is searched once, not each time
        if len(self._tail) > MAX_LINE_BYTES:
            raise _refused(f"a line is longer than {MAX_LINE_BYTES} bytes", self._tail)
        return messages

    def close(self) -> None:
        """Say that the stream has ended.

        Raises:
            ChildError: `protocol_error`; the last line was cut off.
        """
        if self._tail:
            raise _refused("the last line was cut off", self._tail)


def _parse(line: bytes) -> Message:
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused(str(error), line) from error


def _refused(why: str, line: bytes | bytearray) -> ChildError:
    excerpt = bytes(line[:_EXCERPT_BYTES]).decode("utf-8", "replace")
    return ChildError(
        "protocol_error",
        f"The measuring process sent something that is no message ({why}): {excerpt!r}.",
        remedy="Try again; if it happens again, install the app again.",
    )
