"""What to measure of an ONNX file, decided in the app: from the machine, without opening the file."""

from collections.abc import Mapping

from advisor.hardware.model import HardwareProfile
from advisor.probe import planner
from advisor.probe import threads as thread_choice
from advisor.probe.energy_settings import EnergyMode, EnergySettings
from advisor.probe.onnx_file.plan import OnnxFilePlan
from advisor.probe.providers import ProviderUse

TIME_BOX_S = 20.0
TIME_LIMIT_S = 120.0
_BOX_SHARE = 0.4
"""[1] Of a short limit that measuring may fill: starting and loading take their time on a busy computer."""
MEMORY_SHARE_OF_USABLE = 0.9
"""[1] Of what is free less the reserve; the child that reads the file needs a little besides."""


def plan(
    file: str,
    profile: HardwareProfile,
    *,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    dimensions: Mapping[str, int] | None = None,
    uses: tuple[ProviderUse, ...] = (),
    threads: int | None = None,
    pinned: bool = False,
    time_limit_s: float = TIME_LIMIT_S,
    energy_mode: EnergyMode = "quick",
) -> OnnxFilePlan:
    """Return the probe of a file on this machine.

    Args:
        file: its path.
        profile: of the machine the probe will run on.
        shapes: input -> whole shape.
        dimensions: name of a free dimension -> size.
        uses: execution providers, best first; the processor by default.
        threads: of the runtime; as many as usable physical cores by default.
        pinned: each thread stays on a processor of its own.
        time_limit_s: [s] After it the measuring process is stopped.
        energy_mode: how energy is measured where a power meter can be read.
    """
    return OnnxFilePlan(
        file=file, shapes=dict(shapes or {}), dimensions=dict(dimensions or {}), providers=uses,
        num_threads=threads or thread_choice.usual(profile), pinned=pinned,
        memory_box_bytes=int(MEMORY_SHARE_OF_USABLE * planner.usable_bytes(profile)),
        time_box_s=min(TIME_BOX_S, _BOX_SHARE * time_limit_s), time_limit_s=time_limit_s,
        fingerprint=profile.fingerprint, power_source=profile.power.source.value,
        energy=EnergySettings(mode=energy_mode, cpu=profile.cpu, memory=profile.memory, gpus=profile.gpus),
    )  # fmt: skip
