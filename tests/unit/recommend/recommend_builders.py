"""A laptop, probes and small catalogs written by hand, for the tests of recommendations."""

from advisor.catalog.load import Catalog, catalog
from advisor.evidence import Quantity, unknown
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
from advisor.probe.plan import ProbeResult
from advisor.task.model import TaskSpec

GIB = 1024**3
FLAGSHIP = TaskSpec(
    kind="text-classification",
    text="sort 500 support emails a day into 6 topics, German and Hindi, on my laptop battery, answers within a second",
    languages=("de", "hi"),
    num_labels=6,
    num_queries_per_day=500,
    max_latency_s=1.0,
    power_source="battery",
)


def _facts(kind, **known):
    return kind(
        **{
            name: Fact(value=known.get(name), source="test", why_unknown=None if name in known else "not in this test")
            for name in kind.__struct_fields__
        }
    )


def build_machine(memory_gib=16.0, available_gib=None, disk_gib=200.0, **power):
    total = None if memory_gib is None else int(memory_gib * GIB)
    free = total if available_gib is None else int(available_gib * GIB)
    return HardwareProfile(
        name="laptop",
        created="2026-11-23T10:00:00+00:00",
        os=_facts(OsFacts, system="Linux", machine="x86_64"),
        cpu=_facts(
            CpuFacts,
            vendor="GenuineIntel",
            model="Test CPU",
            num_physical_cores=4,
            num_logical_cores=8,
            num_usable_cpus=8.0,
            max_frequency_hz=3.5e9,
            l3_bytes=8 * 1024**2,
            instruction_sets=("avx2", "fma", "f16c", "avx_vnni"),
            virtualised=False,
            power_limit_w=28.0,
        ),
        memory=_facts(MemoryFacts, total_bytes=total, available_bytes=free, speed_bytes_per_s=40e9),
        disk=_facts(DiskFacts, free_bytes=int(disk_gib * GIB)),
        gpus=(),
        npus=(),
        power=_facts(PowerFacts, **power),
        runtime=_facts(RuntimeFacts),
        fingerprint="laptop",
    )


def known(value, unit, evidence="measured-synthetic"):
    return Quantity(value=value, low=value * 0.95, high=value * 1.05, unit=unit, evidence=evidence, basis="test")


def build_probe(model, format, workload, *, time_s=0.01, memory_bytes=2e8, energy_wh=None, **changes):
    fields = {
        "id": "probe",
        "created": "2026-11-23T10:00:00+00:00",
        "outcome": "finished",
        "kind": "synthetic",
        "model": model,
        "format": format,
        "workload": workload,
        "depths_measured": (6,),
        "num_layers": 6,
        "extrapolated": False,
        "time_to_first_token": known(time_s, "s"),
        "time_per_token": unknown("s", "an encoder"),
        "time_per_query": known(time_s, "s"),
        "rate": known(1 / time_s, "queries/s"),
        "peak_memory": known(memory_bytes, "B"),
        "load_time": known(0.1, "s"),
        "energy_per_1000_queries": unknown("Wh", "no meter") if energy_wh is None else known(energy_wh, "Wh"),
        "depths": (),
        "samples": (),
        "grade": "A",
        "reasons": (),
        "num_threads": 4,
        "provider": "CPUExecutionProvider",
        "versions": {},
        "fingerprint": "laptop",
        "wall_s": 5.0,
    }
    return ProbeResult(**{**fields, **changes})


def cut(models, **changes):
    """Return the shipped catalog with only these models; `changes` maps an id to a changed card."""
    whole = catalog()
    cards = tuple(changes[name] if name in changes else whole.by_id(name) for name in models)
    return Catalog(schema_version=1, version="cut", as_of="2026-11-23", models=cards)
