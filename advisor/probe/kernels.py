"""The kernels of a calibration as the measuring child gets them, and what it answers. Pure values."""

import msgspec

from advisor.graphs.kernel_case import GraphLoad, KernelRun, KernelTime, MatrixFamily
from advisor.probe.depth import SystemReadings


class KernelGraph(msgspec.Struct, frozen=True, kw_only=True):
    """One graph on disk and the sizes to run it at."""

    file: str
    runs: tuple[KernelRun, ...]
    load_family: MatrixFamily | None = None
    """Set where its loading shall be told: graphs with many weights."""


class KernelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """All graphs of a calibration."""

    graphs: tuple[KernelGraph, ...]
    num_threads: int
    run_s: float
    """[s] Aimed time for one size of one graph."""
    copy_bytes: int
    """[B] Block that is copied to find the speed of memory."""


class KernelReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the child measured."""

    times: tuple[KernelTime, ...]
    loads: tuple[GraphLoad, ...]
    copy_bytes_per_s: float
    """[B/s] Read and written."""
    copy_low_bytes_per_s: float
    copy_high_bytes_per_s: float
    disk_bytes_per_s: float | None = None
    """[B/s] A file read that is in no cache of the system; null where that cannot be asked for."""
    system: SystemReadings
    control_s: tuple[float, ...]
    """[s] The same kernel measured again between others: shows drift and disturbance."""
    runtime_version: str
    peak_rss_bytes: int
