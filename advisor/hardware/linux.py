"""All readers of Linux, each guarded: one that fails takes no other with it."""

from advisor.hardware import amd, cgroup, cpu, intel, memory, npu, nvidia, power, system
from advisor.hardware.machine import Machine
from advisor.hardware.model import CpuFacts, MemoryFacts, OsFacts, PowerFacts
from advisor.hardware.reading import attempt, guarded, guarded_list
from advisor.hardware.roots import Roots


def collect(roots: Roots) -> Machine:
    """Return the machine as Linux shows it. Never raises."""
    limits = attempt("cgroup", lambda: cgroup.read_limits(roots)).value or cgroup.Limits()
    cpu_facts = guarded(CpuFacts, "/proc/cpuinfo", lambda: cpu.collect(roots, limits))
    memory_facts = guarded(MemoryFacts, "/proc/meminfo", lambda: memory.collect(roots, limits, cpu_facts.model.value))
    nvidia_facts, note = attempt("NVML", lambda: nvidia.collect(roots)).value or ((), None)
    gpus = (
        *nvidia_facts,
        *guarded_list("amdgpu, sysfs", lambda: amd.collect(roots)),
        *guarded_list("i915 and xe, sysfs", lambda: intel.collect(roots, memory_facts)),
    )
    virtualised = cpu_facts.virtualised.value is True
    return Machine(
        name=attempt("host name", lambda: system.read_host_name(roots)).value or "this computer",
        os=guarded(OsFacts, "/proc", lambda: system.collect(roots)),
        cpu=cpu_facts,
        memory=memory_facts,
        gpus=gpus,
        npus=guarded_list("/sys/class/accel", lambda: npu.collect(roots)),
        power=guarded(PowerFacts, "/sys/class/power_supply", lambda: power.collect(roots, virtualised=virtualised)),
        notes=(note,) if note else (),
    )
