"""Power of a device while it works, from its limits: used with the estimated time, never with a time of its own."""

from advisor.energy import load_model
from advisor.estimate.model import PowerModel
from advisor.evidence import unknown
from advisor.hardware.model import CpuFacts, GpuFacts, HardwareProfile

GPU_BOUNDARY = f"{load_model.CARD_COVERS}; not processor, memory, screen or power supply"


def power_model(profile: HardwareProfile, device: str) -> PowerModel | None:
    """Return the power of a device while it answers one query after the other, or null without an honest figure.

    Args:
        profile: the machine.
        device: `cpu`, or `gpu:0` ...
    """
    if device == "cpu":
        return _cpu(profile.cpu)
    number = device.partition(":")[2]
    if not number.isdigit() or int(number) >= len(profile.gpus):
        return None
    return _gpu(profile.gpus[int(number)])


def working_load_share(cpu: CpuFacts) -> float:
    """Return the load of the whole processor while a runtime uses one thread per physical core.

    The band hangs on the load as the system reports it, so a second thread of each core counts as idle.
    """
    usable, physical, logical = cpu.num_usable_cpus.value, cpu.num_physical_cores.value, cpu.num_logical_cores.value
    if not logical:
        return 1.0
    return min(1.0, min(usable or logical, physical or logical) / logical)


def _cpu(cpu: CpuFacts) -> PowerModel | None:
    band = load_model.cpu_band(cpu, load_share=working_load_share(cpu))
    if band is None:
        return None
    return PowerModel(active_power_w=band.power_w, idle_power_w=band.idle_power_w, boundary=band.boundary)


def _gpu(gpu: GpuFacts) -> PowerModel | None:
    active = load_model.card_band(gpu)
    if active is None:
        return None
    return PowerModel(active_power_w=active, idle_power_w=unknown("W", "no meter on this card"), boundary=GPU_BOUNDARY)
