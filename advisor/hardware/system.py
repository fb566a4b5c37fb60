"""Operating system and host name, on Linux."""

import platform

from advisor.hardware.model import OsFacts
from advisor.hardware.reading import attempt, find_text, known, parse_pairs, read_text
from advisor.hardware.roots import Roots


def parse_release(text: str) -> str | None:
    """Return the name with version in the text of `os-release`."""
    pairs = parse_pairs(text, separator="=")
    return pairs.get("PRETTY_NAME") or pairs.get("NAME")


def read_machine(roots: Roots) -> str | None:
    """Return the instruction set architecture. Kernels before 6.1 state it only to a system call."""
    return find_text(roots.proc / "sys/kernel/arch") or (platform.machine() or None if roots.live else None)


def read_host_name(roots: Roots) -> str:
    """Return the host name, or `this computer`."""
    return find_text(roots.proc / "sys/kernel/hostname") or "this computer"


def collect(roots: Roots) -> OsFacts:
    """Return the facts about the operating system."""
    return OsFacts(
        system=known("Linux", "platform"),
        release=attempt("/etc/os-release", lambda: parse_release(read_text(roots.etc / "os-release"))),
        kernel=attempt("/proc/sys/kernel/osrelease", lambda: read_text(roots.proc / "sys/kernel/osrelease") or None),
        machine=attempt("/proc/sys/kernel/arch", lambda: read_machine(roots)),
    )
