"""A limit on what this process may hold, which the system itself keeps. In a child only."""

import sys

from advisor import units

_LIMIT_SLACK_BYTES = 256 * units.MIB
"""[B] Reserved by the interpreter and the runtime and never touched."""
_STACK_BYTES = 16 * units.MIB
"""[B] Stack and arena that the system reserves for each thread."""


def limit_memory(limit_bytes: int, *, num_threads: int) -> None:
    """Have the system refuse this process more private memory, so that one huge demand fails at once. Linux only.

    The watch over the samples sees a demand only after it was touched; this one cannot be outrun.

    Args:
        limit_bytes: [B] What the process may hold.
        num_threads: of the runtime; the stack of each counts as reserved.
    """
    if not sys.platform.startswith("linux"):
        return
    import resource

    most = limit_bytes + _LIMIT_SLACK_BYTES + num_threads * _STACK_BYTES
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
