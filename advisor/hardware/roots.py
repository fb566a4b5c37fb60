"""Where the readers look: the folders of the system and the door to its commands. Tests put others in their place."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from advisor.hardware.reading import UnreadableError

Runner = Callable[[Sequence[str]], str]
"""Runs one command, given as a list of arguments, and returns what it wrote; raises `UnreadableError`."""

_COMMAND_TIMEOUT_S = 20.0
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows: a window without a terminal must not flash one up


def run_command(arguments: Sequence[str]) -> str:
    """Return what a command of the operating system writes.

    Args:
        arguments: program and its arguments; never a shell line.

    Raises:
        UnreadableError: the program is missing, fails or takes longer than 20 s.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are constants of this package
            list(arguments), capture_output=True, timeout=_COMMAND_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
            creationflags=_NO_WINDOW,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise UnreadableError(f"{arguments[0]} did not answer in {_COMMAND_TIMEOUT_S:.0f} s") from error
    except OSError as error:
        raise UnreadableError(f"{arguments[0]} cannot be started") from error
    if done.returncode != 0:
        raise UnreadableError(f"{arguments[0]} ended with status {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


class Roots(msgspec.Struct, frozen=True, kw_only=True):
    """Folders and commands the readers use. The defaults are those of the running system."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    etc: Path = Path("/etc")
    top: Path = Path("/")
    """The file system's root: marks of containers, list of PCI names."""
    system: str | None = None
    """`Linux`, `Windows` or `Darwin`; null: the running one."""
    run: Runner = run_command
    nvml: bool = True
    """Ask the NVIDIA driver of the running system."""
    processor_feature: Callable[[int], bool] | None = None
    """Stands for Windows' `IsProcessorFeaturePresent`; null: the running system's."""

    @property
    def live(self) -> bool:
        """True when the running system is read."""
        return self.proc == Path("/proc") and self.system is None


def under(folder: Path, *, system: str = "Linux") -> Roots:
    """Return roots that look into a recorded copy of a machine.

    Args:
        folder: has `proc`, `sys` and `etc`; a missing one is a machine that does not say.
        system: operating system of the recorded machine.
    """
    return Roots(proc=folder / "proc", sys=folder / "sys", etc=folder / "etc", top=folder, system=system, nvml=False)
