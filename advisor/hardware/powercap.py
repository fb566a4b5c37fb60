"""Power limits that the processor itself states, by Linux powercap. No counter is read here; see `advisor.energy`."""

from pathlib import Path

from advisor.hardware.reading import UnreadableError, find_int, find_text, folders
from advisor.hardware.roots import Roots

SOURCE = "/sys/class/powercap"
_MAX_CONSTRAINTS = 3
_OFF_W = 1000.0
"""[W] Boards write a limit near 4,096 W per package to switch it off; no package draws 1,000 W for long."""


def read_packages(roots: Roots) -> tuple[Path, ...]:
    """Return the folders of the processor packages.

    Parts of a package (core, uncore) and the whole platform (psys) are none. A package that both the MSR and the MMIO
    driver show is taken once, from the MSR driver.
    """
    found: dict[str, Path] = {}
    for folder in folders(roots.sys / "class/powercap", r"intel-rapl(-mmio)?:[0-9]+"):
        name = find_text(folder / "name") or ""
        if name.startswith("package") and (name not in found or folder.name.startswith("intel-rapl:")):
            found[name] = folder
    return tuple(found[name] for name in sorted(found))


def read_limit(roots: Roots, kind: str) -> float:
    """Return [W] a limit summed over packages.

    Args:
        roots: where to look.
        kind: `long_term` or `short_term`.

    Raises:
        UnreadableError: no package states it, or the limit is off.
    """
    packages = read_packages(roots)
    if not packages:
        raise UnreadableError("this system shows no power limits")
    stated = [limit_w for package in packages if (limit_w := package_limit(package, kind)) is not None]
    if len(stated) < len(packages):
        raise UnreadableError("the processor states no such limit")
    if any(limit_w > _OFF_W for limit_w in stated):
        raise UnreadableError("the limit is switched off")
    return sum(stated)


def package_limit(package: Path, kind: str) -> float | None:
    """Return [W] one limit of one package, or null where it is not stated."""
    for index in range(_MAX_CONSTRAINTS):
        if find_text(package / f"constraint_{index}_name") == kind:
            limit_uw = find_int(package / f"constraint_{index}_power_limit_uw")
            return limit_uw / 1e6 if limit_uw else None
    return None
