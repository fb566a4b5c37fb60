"""How a measurement of a file ended, said so that the file is named: its reader may fall too. Pure."""

from pathlib import PurePath

import msgspec

from advisor.child.protocol import Outcome

_UNTOUCHED = frozenset({"finished", "cancelled"})
_FELL = frozenset({"crashed", "killed_for_memory", "protocol_error", "timed_out"})
"""Ends of the reading process that a file can bring about; other failures have a remedy of their own."""


def named(outcome: Outcome, file: str) -> Outcome:
    """Return an outcome whose message names the file, and whose remedy is about files where the file may be to blame.

    What the reading process says of a file names it already; when that process crashes, hangs or is killed, those who
    watch it know nothing of files.

    Args:
        outcome: of the job `onnx-file`.
        file: its path.
    """
    name = PurePath(file).name
    if outcome.code in _UNTOUCHED or name in outcome.message:
        return outcome
    blamed = outcome.code in _FELL
    return msgspec.structs.replace(
        outcome,
        message=f"{name} could not be measured: {outcome.message}",
        remedy="Download or export the file again; a damaged file can do this." if blamed else outcome.remedy,
    )
