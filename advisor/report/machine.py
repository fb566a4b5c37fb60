"""The computer and the task as rows of the report."""

from collections.abc import Callable
from typing import Any

from advisor import units
from advisor.hardware.model import Fact, GpuFacts, HardwareProfile
from advisor.report import wording
from advisor.report.language import _
from advisor.report.model import FactRow, TaskRow
from advisor.task.model import TaskSpec, Workload

_SIZE_LABELS = {
    "num_input_tokens": "Input per query",
    "num_output_tokens": "Output per query",
    "num_context_tokens": "Context",
    "num_batch": "Queries at once",
    "num_passes": "Passes per query",
    "audio_s": "Length of one recording",
    "num_images": "Images per query",
}
_TOKENS = {"num_input_tokens", "num_output_tokens", "num_context_tokens"}


def _words(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, tuple):
        return ", ".join(value) if value else _("none")
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def _row(label: str, fact: Fact[Any], show: Callable[[Any], str] = _words) -> FactRow:
    if fact.value is None:
        return FactRow(label=_(label), text=_(units.NO_DATA), source=fact.why_unknown or fact.source)
    planned = {"override": _("set by you"), "profile": _("from the saved machine")}.get(fact.origin)
    return FactRow(label=_(label), text=show(fact.value), source=planned or fact.source)


def machine_rows(profile: HardwareProfile) -> tuple[FactRow, ...]:
    """Return the facts a reader needs, each with its source."""
    cpu, memory = profile.cpu, profile.memory
    rows = [
        _row("Operating system", profile.os.release),
        _row("Processor", cpu.model),
        _row("Cores, physical", cpu.num_physical_cores),
        _row("Processors this app may use", cpu.num_usable_cpus),
        _row("Highest clock", cpu.max_frequency_hz, lambda value: f"{units.number(value / 1e9)} GHz"),
        _row("Last-level cache", cpu.l3_bytes, units.size),
        _row("Fast instructions", cpu.instruction_sets),
        _row("Virtual machine", cpu.virtualised),
        _row("Memory, total", memory.total_bytes, units.size),
        _row("Memory, free", memory.available_bytes, units.size),
    ]
    if memory.cgroup_limit_bytes.value is not None:
        rows.append(_row("Memory limit of the container", memory.cgroup_limit_bytes, units.size))
    rows += [row for gpu in profile.gpus for row in _gpu_rows(gpu)]
    if not profile.gpus:
        rows.append(FactRow(label=_("Graphics processor"), text=_("none found"), source=_("looked for on this system")))
    rows += [_row("Neural processor", npu.name) for npu in profile.npus]
    rows += [
        _row("Disk, free", profile.disk.free_bytes, units.size),
        _row("Power", profile.power.source, wording.power_source),
        _row("ONNX Runtime", profile.runtime.version),
        _row("Ways to run a model", profile.runtime.providers),
    ]
    return tuple(rows)


def _gpu_rows(gpu: GpuFacts) -> tuple[FactRow, ...]:
    label = "Shared memory of the graphics processor" if gpu.unified_memory.value else "Graphics memory"
    return (_row("Graphics processor", gpu.name), _row(label, gpu.total_bytes, units.size))


def task_rows(task: TaskSpec, workload: Workload) -> tuple[TaskRow, ...]:
    """Return the task as it was understood; a usual size that the user did not give is marked."""
    rows = [TaskRow(label=_("Kind"), text=wording.kind_label(task.kind))]
    if task.languages:
        rows.append(TaskRow(label=_("Languages"), text=wording.language_names(task.languages)))
    if task.target_languages:
        rows.append(TaskRow(label=_("Into"), text=wording.language_names(task.target_languages)))
    rows += [
        TaskRow(label=_(label), text=_size(name, getattr(workload, name)), assumed=name in workload.assumed_fields)
        for name, label in _SIZE_LABELS.items()
        if _worth_showing(name, getattr(workload, name))
    ]
    return (*rows, *_optional_rows(task), *_need_rows(task))


def _worth_showing(name: str, value: float) -> bool:
    return value > 1 if name in {"num_batch", "num_passes"} else value > 0


def _size(name: str, value: float) -> str:
    if name == "audio_s":
        return units.duration(value)
    return _("{number} tokens").format(number=f"{value:,}") if name in _TOKENS else f"{value:,}"


def _optional_rows(task: TaskSpec) -> tuple[TaskRow, ...]:
    told: tuple[tuple[str, object, Callable[[Any], str]], ...] = (
        ("Labels", task.num_labels, _words),
        ("Labelled examples", task.num_labelled_examples, _words),
        ("Documents", task.num_documents, _words),
        ("Queries per day", task.num_queries_per_day, lambda value: f"{value:,.0f}" if value >= 1 else f"{value:g}"),
        ("Answer within", task.max_latency_s, units.duration),
        ("Memory at most", task.max_memory_bytes, units.size),
        ("Disk at most", task.max_disk_bytes, units.size),
        ("Power", task.power_source, wording.power_source),
    )
    return tuple(TaskRow(label=_(label), text=show(value)) for label, value, show in told if value is not None)


def _need_rows(task: TaskSpec) -> tuple[TaskRow, ...]:
    return (
        TaskRow(label=_("Quality"), text=wording.quality_need(task.quality_need)),
        TaskRow(label=_("Licence"), text=wording.licence_need(task.licence_need)),
    )
