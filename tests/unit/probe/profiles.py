"""A machine by hand."""

from advisor.hardware.model import (
    CpuFacts,
    DiskFacts,
    Fact,
    HardwareProfile,
    MemoryFacts,
    OsFacts,
    PowerFacts,
    RuntimeFacts,
)


def facts(kind, **values):
    return kind(**{name: Fact(value=values.get(name), source="test") for name in kind.__struct_fields__})


def profile(*, available_bytes, total_bytes=None, l3_bytes=32 * 1024**2, physical=2, usable=2.0, logical=None):
    return HardwareProfile(
        name="machine", created="2026-01-01T00:00:00+00:00", os=facts(OsFacts, system="Linux"),
        cpu=facts(CpuFacts, num_physical_cores=physical, num_logical_cores=logical or 2 * physical,
                  num_usable_cpus=usable, l3_bytes=l3_bytes),
        memory=facts(MemoryFacts, available_bytes=available_bytes, total_bytes=total_bytes), disk=facts(DiskFacts),
        gpus=(), npus=(), power=facts(PowerFacts, source="mains"), runtime=facts(RuntimeFacts),
        fingerprint="fingerprint",
    )  # fmt: skip
