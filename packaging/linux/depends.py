"""Which libraries of the system the bundle asks for, as the packages' Depends and Requires.

What is read: the NEEDED entries of every program and library in the bundle, less what the bundle brings itself; what Qt
and others open at run time is listed by hand with its reason. Needs readelf, and dpkg for names of Debian packages.
"""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "bundle"))
import elf  # noqa: E402

OPENED_AT_RUN_TIME = {
    "libEGL.so.1": "Qt and the wayland plugin open it for windows drawn by OpenGL",
    "libGL.so.1": "Qt's GLX integration opens it",
    "libwayland-cursor.so.0": "the wayland plugin opens it",
}
NOT_LIBRARIES = {
    "fontconfig": "the configuration of fonts; without it all text is boxes",
    "fonts-dejavu-core | fonts-noto-core": "at least one font",
    "xkb-data": "keyboard layouts that the bundled libxkbcommon reads",
}
GLIBC = (
    "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "ld-linux-x86-64.so.2",
)  # fmt: skip


def asked_of_system(folder: Path) -> dict[str, set[str]]:
    """Return the libraries that the bundle asks the system for, each with the files that ask."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and elf.is_elf(path)]
    brought = {path.name for path in folder.rglob("*")}
    found: dict[str, set[str]] = {}
    for path in files:
        for name in elf.needed(path):
            if name not in brought:
                found.setdefault(name, set()).add(path.relative_to(folder).as_posix())
    for name in OPENED_AT_RUN_TIME:
        found.setdefault(name, set()).add("opened at run time")
    return found


def glibc(folder: Path) -> tuple[int, ...]:
    """Return the newest version of glibc whose symbols the bundle uses."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and elf.is_elf(path)]
    return max(version for path in files for version in elf.versions(path))


def debian_packages(libraries: set[str]) -> set[str]:
    """Return the Debian packages that hold libraries, as dependencies name them: without the suffix t64."""
    patterns = [f"*/{name}" for name in sorted(libraries)]
    done = subprocess.run(["dpkg", "-S", *patterns], capture_output=True, text=True)
    owners: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        package, _, path = line.partition(": ")
        if "/x86_64-linux-gnu/" in path:
            owners.setdefault(Path(path).name, set()).add(package.split(":")[0])
    missing = sorted(libraries - set(owners))
    if missing:
        sys.exit(f"No installed Debian package holds {missing[0]}; install the package that does, then try again.")
    return {re.sub(r"t64$", "", min(found)) for found in owners.values()}


def debian(folder: Path) -> list[str]:
    """Return the complete Depends of a bundle."""
    libraries = debian_packages({name for name in asked_of_system(folder) if name not in GLIBC})
    version = ".".join(map(str, glibc(folder)))
    return [f"libc6 (>= {version})", *sorted(libraries), *NOT_LIBRARIES]


def rpm(folder: Path) -> list[str]:
    """Return what the .rpm requires, by the names of libraries, as Fedora and openSUSE both have them."""
    libraries = [f"{name}()(64bit)" for name in sorted(asked_of_system(folder)) if name not in GLIBC]
    version = ".".join(map(str, glibc(folder)))
    return [f"libc.so.6(GLIBC_{version})(64bit)", *libraries, "fontconfig", "xkeyboard-config"]


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[1] / "build" / "bundle" / "model-fit-advisor"
    for library, asking in sorted(asked_of_system(place).items()):
        print(f"{library}: {len(asking)} files, first {min(asking)}")
    print("Depends:", ", ".join(debian(place)))
    print("Requires:", ", ".join(rpm(place)))
