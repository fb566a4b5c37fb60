"""Limits that the system sets for this process by control groups, versions 1 and 2, nested groups included."""

import re
from pathlib import Path

import msgspec

from advisor.hardware.reading import find_int, find_text, parse_int
from advisor.hardware.roots import Roots


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The tightest limits over the group of this process and all groups above it."""

    num_cpus: float | None = None
    """[CPUs] CPU time per second of wall time, a fraction is possible."""
    memory_bytes: int | None = None
    memory_free_bytes: int | None = None
    """[B] What is left below the limits, file cache that can be dropped counted as free."""
    cpu_source: str = "cgroup"
    memory_source: str = "cgroup"


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """One mounted hierarchy."""

    unified: bool
    controllers: frozenset[str]
    root: str
    point: str


def parse_mounts(text: str) -> tuple[Mount, ...]:
    """Return the control group hierarchies in `/proc/self/mountinfo`.

    Source: proc_pid_mountinfo(5): fields up to ` - `, then type, source, options of the file system.
    """
    mounts: list[Mount] = []
    for line in text.splitlines():
        left, found, right = line.partition(" - ")
        fields, tail = left.split(), right.split()
        if not found or len(fields) < 6 or len(tail) < 3 or tail[0] not in ("cgroup", "cgroup2"):
            continue
        controllers = frozenset() if tail[0] == "cgroup2" else frozenset(tail[2].split(","))
        mounts.append(
            Mount(
                unified=tail[0] == "cgroup2",
                controllers=controllers,
                root=_unescape(fields[3]),
                point=_unescape(fields[4]),
            )
        )
    return tuple(mounts)


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def parse_membership(text: str) -> dict[str, str]:
    """Return controller -> group path of `/proc/self/cgroup`; the key of version 2 is empty."""
    groups: dict[str, str] = {}
    for line in text.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            for controller in parts[1].split(","):
                groups.setdefault(controller, parts[2])
    return groups


def chain(mount: Mount, group: str, roots: Roots) -> tuple[Path, ...]:
    """Return the folders from the top of a hierarchy down to the group of this process.

    In a container the path can name groups that are not mounted here; then the mount itself is this process's group.
    """
    if ".." in group.split("/"):
        inside = ""
    elif mount.root != "/" and (group + "/").startswith(mount.root.rstrip("/") + "/"):
        inside = group[len(mount.root) :]
    else:
        inside = group if mount.root == "/" else ""
    point = mount.point
    folder = roots.sys / point[5:] if point.startswith("/sys/") else roots.top / point.lstrip("/")
    found = [folder]
    for name in inside.split("/"):
        if name and name != "..":
            folder /= name
            found.append(folder)
    return tuple(found)


def read_limits(roots: Roots) -> Limits:
    """Return the limits of this process; those not set are null. Never raises `OSError`."""
    mounts = parse_mounts(find_text(roots.proc / "self/mountinfo") or "")
    groups = parse_membership(find_text(roots.proc / "self/cgroup") or "")
    cpus: list[tuple[float, str]] = []
    memory: list[tuple[int, str]] = []
    free: list[int] = []
    for mount in mounts:
        for folder in _folders(mount, groups, "cpu", roots):
            quota = _quota_v2(folder) if mount.unified else _quota_v1(folder)
            if quota is not None:
                cpus.append((quota, "cgroup cpu.max" if mount.unified else "cgroup cpu.cfs_quota_us"))
        for folder in _folders(mount, groups, "memory", roots):
            limit = _memory_v2(folder) if mount.unified else _memory_v1(folder)
            if limit is not None:
                memory.append((limit, "cgroup memory.max" if mount.unified else "cgroup memory.limit_in_bytes"))
                used = _used(folder, unified=mount.unified)
                free.append(max(limit - used, 0) if used is not None else limit)
    cpu, limit_found = min(cpus, default=None), min(memory, default=None)
    return Limits(
        num_cpus=cpu[0] if cpu else None,
        memory_bytes=limit_found[0] if limit_found else None,
        memory_free_bytes=min(free, default=None),
        cpu_source=cpu[1] if cpu else "cgroup",
        memory_source=limit_found[1] if limit_found else "cgroup",
    )


def _folders(mount: Mount, groups: dict[str, str], controller: str, roots: Roots) -> tuple[Path, ...]:
    if mount.unified:
        group = groups.get("")
    elif controller in mount.controllers:
        group = groups.get(controller)
    else:
        group = None
    return chain(mount, group, roots) if group is not None else ()


def _ratio(quota: str, period: str) -> float | None:
    top, bottom = parse_int(quota), parse_int(period)
    return top / bottom if top and bottom else None


def _quota_v2(folder: Path) -> float | None:
    parts = (find_text(folder / "cpu.max") or "").split()
    return _ratio(parts[0], parts[1]) if len(parts) == 2 else None


def _quota_v1(folder: Path) -> float | None:
    return _ratio(find_text(folder / "cpu.cfs_quota_us") or "", find_text(folder / "cpu.cfs_period_us") or "")


def _memory_v2(folder: Path) -> int | None:
    # Above memory.high the kernel slows the process down until it is useless: a limit for our purpose.
    limits = [find_int(folder / name) for name in ("memory.max", "memory.high")]
    return min((limit for limit in limits if limit), default=None)


def _memory_v1(folder: Path) -> int | None:
    limits = [find_int(folder / "memory.limit_in_bytes"), _stat(folder, "hierarchical_memory_limit")]
    # Version 1 writes "no limit" as the largest multiple of the page size below 2^63.
    return min((limit for limit in limits if limit), default=None)


def _used(folder: Path, *, unified: bool) -> int | None:
    used = find_int(folder / ("memory.current" if unified else "memory.usage_in_bytes"))
    if used is None:
        return None
    return max(used - (_stat(folder, "inactive_file" if unified else "total_inactive_file") or 0), 0)


def _stat(folder: Path, key: str) -> int | None:
    match = re.search(rf"^{key} ([0-9]+)$", find_text(folder / "memory.stat") or "", re.MULTILINE)
    return parse_int(match[1]) if match else None
