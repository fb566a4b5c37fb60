"""A small recommendation of real values, the same at every run: what the report's tests read."""

import msgspec

from advisor.child.protocol import Sample
from advisor.energy.model import GridIntensity
from advisor.estimate.model import Estimate, MemoryParts
from advisor.evidence import Quantity, unknown
from advisor.hardware.model import (
    CpuFacts,
    DiskFacts,
    Fact,
    GpuFacts,
    HardwareProfile,
    MemoryFacts,
    OsFacts,
    PowerFacts,
    RuntimeFacts,
)
from advisor.probe.plan import DepthMeasurement, ProbeResult
from advisor.recommend.model import Approach, CandidateRow, Pick, QualityView, Reason, Rejection, Summary
from advisor.task.model import TaskSpec, Workload

GIB = 1024**3
HOST, USER, HOME = "berta-laptop-07", "berta.meier", "/home/berta.meier"
CREATED = "2026-11-23T12:00:00Z"
VERSIONS = {"model-fit-advisor": "0.1.0", "catalog": "2026-11-01", "onnxruntime": "1.24.0"}
HOSTILE = "<script>alert('x')</script> | *bold* `tick` #import \"x\" $x$ _u_ [a](b)\n=cmd()|'/c calc'!A0 \\end"

WORKLOAD = Workload(
    num_input_tokens=300,
    num_output_tokens=20,
    num_context_tokens=4096,
    num_queries_per_day=500.0,
    assumed_fields=("num_input_tokens", "num_output_tokens", "num_context_tokens", "num_batch"),
)
GRID = GridIntensity(
    iso3="DEU",
    iso2="DE",
    name="Germany",
    g_per_kwh=Quantity(
        value=342.0, low=263.0, high=445.0, unit="g/kWh", evidence="assumed", basis="yearly average of the country"
    ),
    year=2024,
    source="Ember, Yearly Electricity Data, via CO2.js",
)


def fact(value, source="/proc/meminfo"):
    return Fact(value=value, source=source)


def no_fact(why):
    return Fact(value=None, source="sysfs", why_unknown=why, origin="unknown")


def profile(**changes):
    gone = no_fact("this system does not show it")
    made = HardwareProfile(
        name=HOST,
        created=CREATED,
        os=OsFacts(
            system=fact("Linux", "platform"),
            release=fact("Debian GNU/Linux 12", "/etc/os-release"),
            kernel=fact("6.1.0", "uname"),
            machine=fact("x86_64", "uname"),
        ),
        cpu=CpuFacts(
            vendor=fact("AMD", "/proc/cpuinfo"),
            model=fact("AMD Ryzen 7 7840U", "/proc/cpuinfo"),
            num_physical_cores=fact(8, "sysfs"),
            num_logical_cores=fact(16, "sysfs"),
            num_usable_cpus=fact(16.0, "affinity mask"),
            l1d_bytes=fact(32768, "sysfs"),
            l2_bytes=fact(1048576, "sysfs"),
            l3_bytes=fact(16777216, "sysfs"),
            max_frequency_hz=fact(5.1e9, "sysfs"),
            instruction_sets=fact(("avx2", "avx512f", "avx512_vnni"), "/proc/cpuinfo"),
            virtualised=fact(False, "/proc/cpuinfo"),
            hypervisor=gone,
            container=fact("none", "/proc/1/cgroup"),
            power_limit_w=gone,
            short_power_limit_w=gone,
        ),
        memory=MemoryFacts(
            total_bytes=fact(16 * GIB),
            available_bytes=fact(11 * GIB),
            cgroup_limit_bytes=gone,
            swap_total_bytes=fact(0),
            swap_free_bytes=fact(0),
            speed_bytes_per_s=gone,
        ),
        disk=DiskFacts(
            folder=fact(f"{HOME}/.local/share/model-fit-advisor", "settings"),
            free_bytes=fact(120 * GIB, "statvfs"),
            total_bytes=fact(500 * GIB, "statvfs"),
        ),
        gpus=(
            GpuFacts(
                vendor=fact("AMD", "sysfs"),
                name=fact("Radeon 780M", "sysfs"),
                total_bytes=fact(GIB, "sysfs"),
                free_bytes=gone,
                unified_memory=fact(True, "sysfs"),
                memory_bandwidth_bytes_per_s=gone,
                power_limit_w=gone,
                driver=fact("amdgpu", "sysfs"),
            ),
        ),
        npus=(),
        power=PowerFacts(
            source=fact("battery", "sysfs"), battery_share=fact(0.82, "sysfs"), battery_capacity_wh=fact(52.0, "sysfs")
        ),
        runtime=RuntimeFacts(
            version=fact("1.24.0", "child process"), providers=fact(("CPUExecutionProvider",), "child process")
        ),
        notes=(f"{USER} on {HOST} keeps models under {HOME}/models.",),
        fingerprint="f00dfeed",
    )
    return msgspec.structs.replace(made, **changes)


def task(text="sort 500 support emails a day into 6 topics, German and Hindi, on my laptop battery"):
    return TaskSpec(
        kind="text-classification",
        text=text,
        languages=("de", "hi"),
        num_labels=6,
        num_queries_per_day=500.0,
        max_latency_s=1.0,
        licence_need="commercial",
        quality_need="good",
        region="DEU",
        power_source="battery",
    )


def span(value, unit, evidence="estimated", basis="roofline on the spec sheet of this computer", spread=0.2):
    return Quantity(
        value=value, low=value * (1 - spread), high=value * (1 + spread), unit=unit, evidence=evidence, basis=basis
    )


def estimate(model="acme/small-embedder", format_id="onnx-int8-dynamic", *, gib=1.0, verdict="fits", free_gib=11.0):
    need = gib * GIB
    parts = {"weights": 0.7, "cache": 0.0, "activations": 0.1, "runtime": 0.2}
    return Estimate(
        model=model,
        format=format_id,
        device="cpu",
        verdict=verdict,
        memory=span(need, "B", basis="sum of its parts", spread=0.1),
        memory_parts=MemoryParts(
            **{name: span(need * share, "B", basis=f"{name} of the model") for name, share in parts.items()}
        ),
        memory_free_bytes=int(free_gib * GIB),
        headroom_share=(free_gib - gib) / free_gib,
        num_parameters=int(118e6 * gib),
        download_bytes=span(need * 0.7, "B", basis="exact bytes of the format", spread=0.0),
        flops_per_query=span(7e10 * gib, "FLOP", basis="two per parameter and token"),
        bytes_per_query=span(need * 0.7, "B", basis="weights read once"),
        time_to_first_token=span(0.05 * gib, "s"),
        time_per_token=unknown("s", "this model generates no tokens"),
        time_per_query=span(0.05 * gib, "s"),
        rate=span(20 / gib, "queries/s"),
        energy_per_1000_queries=span(0.4 * gib, "Wh", basis="power by the load model x predicted time", spread=0.5),
        max_context_tokens=None,
        not_modelled=("memory fragmentation",),
        formulas=("encoder-flops",),
    )


def quality(value=62.3, benchmark="MTEB (Multilingual)"):
    if value is None:
        return QualityView()
    return QualityView(
        benchmark=benchmark,
        metric="mean",
        value=value,
        source="model card",
        rank_share=0.7,
        num_compared=14,
        meets_need=value > 60,
        format_note="The published figure is for the original weights.",
    )


def row(index, model, format_id="onnx-int8-dynamic", *, gib=1.0, rank=None, value=62.3, rejections=(), **more):
    fits = gib < 8
    made = estimate(model, format_id, gib=gib, verdict="fits" if fits else "does-not-fit")
    return CandidateRow(
        index=index,
        model=model,
        family="Acme",
        format=format_id,
        approach="embedder-head",
        licence="apache-2.0",
        languages=("de", "hi", "en"),
        verdict=made.verdict,
        estimate=made,
        measured=None,
        energy_per_1000_queries=made.energy_per_1000_queries,
        carbon_per_1000_queries=span(0.14 * gib, "g", "assumed", "energy x grid of Germany, 2024", 0.6),
        quality=quality(value, more.pop("benchmark", "MTEB (Multilingual)")),
        rejections=rejections,
        pareto=bool(more.pop("pareto", False)),
        rank=rank,
        evidence="estimated",
        can_probe=True,
    )


def approaches():
    return (
        Approach(
            id="embedder-head",
            label="Embedder with a linear head on your examples",
            needs="about 8 labelled examples per label",
            limits="It cannot explain its answers.",
            workload=WORKLOAD,
            hub_tasks=("feature-extraction",),
        ),
        Approach(
            id="fine-tuned-classifier",
            label="Ready-made classifier",
            needs="a model trained for exactly these labels",
            limits="It knows only the labels it was trained for.",
            workload=WORKLOAD,
            hub_tasks=("text-classification",),
            possible=False,
            why_not="No model for these six topics is in the catalog.",
        ),
    )


class Answer:
    """Rows in a list, ranked by hand."""

    def __init__(self, rows, summary):
        self.rows = {item.index: item for item in rows}
        self.order = [item.index for item in rows]
        self.summary = summary

    @property
    def pick(self):
        return self.summary.pick

    def __len__(self):
        return len(self.order)

    def row(self, index):
        return self.rows[index]


def too_big():
    return (Rejection(code="memory", text="It needs 12 GiB, 11 GiB are free."),)


def recommendation(*, text=None, model="acme/small-embedder", picked=True, rows=None):
    listed = rows or (
        row(4, model, rank=1, pareto=True),
        row(7, "acme/base-embedder", gib=2.5, rank=2, value=66.1, pareto=True),
        row(9, "acme/base-embedder", "onnx-fp32", gib=3.2, rank=3, value=66.1),
        row(2, "other/tiny", gib=0.4, rank=4, value=55.0, pareto=True),
        row(11, "other/no-figure", gib=1.5, rank=5, value=None),
        row(12, "other/another-benchmark", gib=1.2, rank=6, value=0.81, benchmark="XNLI"),
        row(1, "huge/embedder", gib=12.0, value=70.2, rejections=too_big()),
    )
    reason = Reason(
        pick="It needs 1 GiB, answers 20 emails a second and reaches 62.3 on MTEB (Multilingual), above your 60.",
        smaller="other/tiny needs 0.4 GiB but reaches only 55.",
        larger="acme/base-embedder reaches 66.1 but uses 2.5 times the energy.",
        caveats=("Quality was published for the original weights, not for 8 bits.",),
    )
    return Answer(
        listed,
        Summary(
            task=task() if text is None else task(text),
            machine=profile(),
            approaches=approaches(),
            pick=Pick(index=listed[0].index, reason=reason) if picked else None,
            why_no_pick="" if picked else "Nothing fits into 0.2 GiB; allow 0.4 GiB.",
            num_candidates=len(listed),
            num_rejected={"memory": 1},
            catalog_version="2026-11-01",
            created=CREATED,
        ),
    )


def samples(num=40):
    made = []
    for step in range(num):
        t_s = 0.1 * step
        made.append(
            Sample(
                t_s=t_s,
                kind="system",
                rss_bytes=int((0.2 + 0.02 * min(step, 20)) * GIB),
                cpu_share=0.9,
                other_cpu_share=0.03,
                power_w=15.0 + (step % 4),
            )
        )
        if step > 20:
            made.append(Sample(t_s=t_s + 0.05, kind="query", latency_s=0.045 + 0.001 * (step % 5)))
    return tuple(made)


def probe(model="acme/small-embedder", format_id="onnx-int8-dynamic", *, outcome="finished", message="", **changes):
    basis = "median of 19 queries"
    made = ProbeResult(
        id="p-0001",
        created="2026-11-23T11:58:00Z",
        outcome=outcome,
        message=message,
        kind="synthetic",
        model=model,
        format=format_id,
        workload=WORKLOAD,
        depths_measured=(2, 4),
        num_layers=12,
        extrapolated=True,
        time_to_first_token=span(0.047, "s", "measured-synthetic", basis, 0.04),
        time_per_token=unknown("s", "this model generates no tokens"),
        time_per_query=span(0.047, "s", "measured-synthetic", basis, 0.04),
        rate=span(21.3, "queries/s", "measured-synthetic", basis, 0.04),
        peak_memory=span(0.9 * GIB, "B", "measured-synthetic", "highest resident set", 0.02),
        load_time=span(0.31, "s", "measured-synthetic", "one load", 0.0),
        energy_per_1000_queries=unknown("Wh", "no meter is readable"),
        depths=(
            DepthMeasurement(
                num_layers=4,
                prefill_s=(),
                decode_s=(),
                query_s=tuple(0.045 + 0.001 * (step % 5) for step in range(19)),
                load_s=0.31,
                peak_rss_bytes=int(0.9 * GIB),
                baseline_rss_bytes=int(0.1 * GIB),
                weights_file_bytes=int(0.2 * GIB),
            ),
        ),
        samples=samples(),
        grade="B",
        reasons=("Other programs used 12 % of the processor.",),
        num_threads=8,
        provider="CPUExecutionProvider",
        versions={"onnxruntime": "1.24.0"},
        fingerprint="f00dfeed",
        power_source="battery",
        wall_s=11.4,
    )
    return msgspec.structs.replace(made, **changes)
