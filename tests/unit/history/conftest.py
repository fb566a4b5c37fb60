"""A machine written by hand."""

import pytest

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


def _facts(kind, **known):
    fields = {name: Fact(value=known.get(name), source="test") for name in kind.__struct_fields__}
    return kind(**fields)


@pytest.fixture
def machine():
    return HardwareProfile(
        name="desk",
        created="2026-11-23T10:00:00+00:00",
        os=_facts(OsFacts, system="Linux"),
        cpu=_facts(CpuFacts, model="Test CPU", instruction_sets=("avx2", "fma")),
        memory=_facts(MemoryFacts, total_bytes=2**34),
        disk=_facts(DiskFacts),
        gpus=(),
        npus=(),
        power=_facts(PowerFacts, source="battery"),
        runtime=_facts(RuntimeFacts, providers=("CPUExecutionProvider",)),
        fingerprint="here",
    )
