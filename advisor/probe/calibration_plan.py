"""What to ask of a calibration. Pure values: the window and the command line plan it, a child runs it."""

import importlib.metadata

import msgspec

from advisor import paths
from advisor.graphs.kernel_case import Caches
from advisor.hardware.model import HardwareProfile
from advisor.probe import threads as thread_choice
from advisor.units import MIB

TIME_LIMIT_S = 300.0
"""[s] A calibration takes under 30 s; one that has not ended by then hangs."""
MEMORY_LIMIT_BYTES = 1024 * MIB


class CalibrationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a calibration needs to know of the machine."""

    fingerprint: str
    power_source: str | None = None
    num_threads: int
    caches: Caches = Caches()
    graph_folder: str
    """Folder for the graphs; emptied at the end."""
    quick: bool = False
    """Tiny sizes: shows that everything works; the figures mean nothing."""


def request(profile: HardwareProfile, *, threads: int | None = None, quick: bool = False) -> CalibrationRequest:
    """Return what to ask of the job `calibrate` on this machine.

    Args:
        profile: of this machine.
        threads: of the runtime; as many as a probe takes by default.
        quick: tiny sizes, for tests.
    """
    return CalibrationRequest(
        fingerprint=profile.fingerprint, power_source=profile.power.source.value,
        num_threads=threads or thread_choice.usual(profile),
        caches=Caches(l2_bytes=profile.cpu.l2_bytes.value, l3_bytes=profile.cpu.l3_bytes.value),
        graph_folder=str(paths.work_folder() / "calibration"), quick=quick,
    )  # fmt: skip


def runtime_version() -> str | None:
    """Return the version of ONNX Runtime without loading it; null where it does not say."""
    try:
        return importlib.metadata.version("onnxruntime")
    except importlib.metadata.PackageNotFoundError:
        return None
