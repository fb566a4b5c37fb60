"""What the loader reads in a program or library of Linux, by binutils' readelf."""

import os
import re
import subprocess
from pathlib import Path

_NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
_RUNPATH = re.compile(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]")
ORIGIN = "$ORIGIN"
_LOAD = re.compile(r"^\s*LOAD\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s.*\s(0x[0-9a-f]+)\s*$", re.MULTILINE)
_VERSION = re.compile(r"\bName: (\w+)_([0-9.]+)\b")


def is_elf(path: str | Path) -> bool:
    """Tell whether a file is a program or library."""
    with Path(path).open("rb") as file:
        return file.read(4) == b"\x7fELF"


def needed(path: str | Path) -> list[str]:
    """Return the names of the libraries that a file asks for itself; `ldd` would add those that they ask for."""
    return _NEEDED.findall(_readelf("-d", path))


def versions(path: str | Path, of: str = "GLIBC") -> list[tuple[int, ...]]:
    """Return the versions of a library's symbols that a file needs, for example of `GLIBC`."""
    found = {number for name, number in _VERSION.findall(_readelf("-V", path)) if name == of}
    return sorted(tuple(int(part) for part in number.split(".")) for number in found)


def is_loadable(path: str | Path) -> bool:
    """Tell whether the loader can map each segment: offset and address must agree within a page.

    `strip` breaks this in libraries that patchelf had moved about (numpy's OpenBLAS): "ELF load command address/offset
    not page-aligned".
    """
    segments = [tuple(int(part, 16) for part in found) for found in _LOAD.findall(_readelf("-lW", path))]
    return bool(segments) and all((offset - address) % alignment == 0 for offset, address, alignment in segments)


def runpath(path: str | Path) -> str:
    """Return where a file tells the loader to look first; empty when it does not."""
    found = _RUNPATH.search(_readelf("-d", path))
    return found[1] if found else ""


def keep_runpath_inside(path: Path) -> bool:
    """Point a search path outside the bundle to the file's own folder; tell whether there was one.

    A Python that was built in somebody's home names that home in each of its modules: on a user's computer the loader
    would look there.
    """
    outside = runpath(path)
    if not outside or outside.startswith(ORIGIN):
        return False
    content, old = path.read_bytes(), outside.encode() + b"\0"
    if content.count(old) != 1 or len(outside) < len(ORIGIN):
        raise ValueError(f"{path}: its search path {outside} cannot be changed in place")
    path.write_bytes(content.replace(old, ORIGIN.encode().ljust(len(old), b"\0")))
    return True


def _readelf(option: str, path: str | Path) -> str:
    done = subprocess.run(
        ["readelf", option, str(path)], capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}
    )
    return done.stdout
