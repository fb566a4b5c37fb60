"""The answer to a task: candidates of all its approaches, estimated, measured where they were, filtered and ranked."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from advisor.catalog import own_models
from advisor.catalog.load import Catalog
from advisor.energy import carbon
from advisor.energy.model import GridIntensity
from advisor.estimate import roofs
from advisor.estimate.model import VERDICTS, Estimate
from advisor.evaluate.compression_plan import CompressionResult
from advisor.graphs.kernel_case import Calibration
from advisor.hardware.model import HardwareProfile
from advisor.probe.plan import ProbeResult
from advisor.recommend import assemble, explain, known_power, learned, merge, rank
from advisor.recommend.assemble import TWO_MODELS, Setting
from advisor.recommend.model import Summary
from advisor.recommend.needs import CODES, Limits, bit, limits
from advisor.recommend.pareto import fronts
from advisor.recommend.prepared import prepared
from advisor.recommend.rank import Axes, Traits
from advisor.recommend.recommendation import Part, Ranked, Recommendation, needed_tokens
from advisor.task.model import TaskSpec

_UNKNOWN = VERDICTS.index("unknown")
_DOES_NOT_FIT = VERDICTS.index("does-not-fit")
NO_EMBEDDER = "No embedder meets the needs, and this way needs one to find what is ranked."


def advise(
    task: TaskSpec,
    profile: HardwareProfile,
    *,
    catalog: Catalog | None = None,
    probes: Sequence[ProbeResult] = (),
    device: str = "cpu",
    reserve_bytes: int = 0,
    region: str | None = None,
    g_per_kwh: float | None = None,
    calibration: Calibration | None = None,
    runtime_version: str | None = None,
    compressions: Sequence[CompressionResult] = (),
) -> Recommendation:
    """Recommend the smallest model, in the best format, that is enough for a task on a machine.

    Args:
        task: what the user wants.
        profile: the machine.
        catalog: the models; the shipped catalog and the user's own by default.
        probes: earlier measurements; those of this machine stand beside the estimates and rank.
        device: `cpu`, or `gpu:0` ...
        reserve_bytes: [B] memory kept free for other programs.
        region: country of the electricity grid, used where the task names none.
        g_per_kwh: [g/kWh] the user's own carbon intensity, in place of any country's.
        calibration: of this machine: ONNX formats on the processor are then estimated from measured kernels.
        runtime_version: of ONNX Runtime now, to tell whether the calibration still holds; null: not known.
        compressions: what compression was measured to cost, newest first; those of this machine warn.

    Raises:
        NotFoundError: the region or the device is not known.
        InvalidInputError: `intensity-invalid`.
    """
    electricity = carbon.intensity(task.region or region, g_per_kwh)
    models = catalog if catalog is not None else own_models.catalog()
    here = tuple(probe for probe in probes if probe.fingerprint == profile.fingerprint)
    limit = roofs.from_profile(
        profile, device=device, reserve_bytes=reserve_bytes, calibration=calibration, runtime_version=runtime_version
    )
    setting = Setting(
        roofs=learned.taught(limit, here, models),
        power=known_power.power_model(profile, device, probes),
        probes=merge.measured_here(probes, profile.fingerprint, device),
    )
    ranked = msgspec.structs.replace(
        _ranked(task, profile, models, setting, electricity),
        compressions=tuple(item for item in compressions if item.fingerprint == profile.fingerprint),
    )
    created = datetime.now(UTC).isoformat(timespec="seconds")
    taught = setting.roofs.learned
    return Recommendation(
        ranked, lambda answer: msgspec.structs.replace(_summary(answer, models.version, created), learned=taught)
    )


def _ranked(
    task: TaskSpec, profile: HardwareProfile, models: Catalog, setting: Setting, electricity: GridIntensity | None
) -> Ranked:
    free = setting.roofs.memory_free_bytes
    parts = assemble.parts(task, prepared(models), setting)
    needs = limits(task, profile.disk.free_bytes.value)
    traits = assemble.traits(task, parts, on_cpu=setting.roofs.device == "cpu")
    axes = assemble.axes(parts, free)
    parts = _with_helpers(task, parts, traits, axes, needs, free)
    mask = _mask(task, parts, traits, axes, needs)
    missing = rank.unproven(axes, needs, _UNKNOWN, memory_known=free is not None)
    ranked = assemble.measured_first(rank.ranking(traits, axes, mask, missing), parts, traits, axes)
    costs = assemble.cost_columns(axes)
    return Ranked(
        task=task,
        machine=profile,
        parts=parts,
        traits=traits,
        axes=axes,
        limits=needs,
        mask=mask,
        ranked=ranked,
        by_memory=rank.by_memory(axes, mask),
        unproven=missing,
        order=rank.shown_order(ranked, axes.verdict, mask),
        pareto=fronts(traits.quality_value, costs, assemble.front_groups(parts, traits.scale), mask == 0),
        max_context_tokens=assemble.max_context(parts),
        intensity=electricity,
        memory_free_bytes=free,
    )


def _mask(task: TaskSpec, parts: tuple[Part, ...], traits: Traits, axes: Axes, needs: Limits) -> rank.MaskArray:
    mask = rank.rejections(traits, axes, needs, _DOES_NOT_FIT)
    for part in parts:
        rows = slice(part.start, part.start + len(part.field))
        rank.reject_short_context(mask, traits, rows, needed_tokens(task, part.approach))
    return mask


def _with_helpers(
    task: TaskSpec, parts: tuple[Part, ...], traits: Traits, axes: Axes, needs: Limits, free: int | None
) -> tuple[Part, ...]:
    """Give approaches of two models their embedder: the best of those that compete alone."""
    if not any(part.approach.id == TWO_MODELS for part in parts):
        return parts
    helper = _helper(task, parts, traits, axes, needs, free)
    found: list[Part] = []
    for part in parts:
        if part.approach.id != TWO_MODELS:
            found.append(part)
        elif helper is not None:
            found.append(assemble.with_helper(part, helper, axes, free))
        else:
            traits.possible[part.start : part.start + len(part.field)] = False
            without = msgspec.structs.replace(part.approach, possible=False, why_not=NO_EMBEDDER)
            found.append(msgspec.structs.replace(part, approach=without))
    return tuple(found)


def _helper(
    task: TaskSpec, parts: tuple[Part, ...], traits: Traits, axes: Axes, needs: Limits, free: int | None
) -> Estimate | None:
    mask = _mask(task, parts, traits, axes, needs)
    missing = rank.unproven(axes, needs, _UNKNOWN, memory_known=free is not None)
    for index in rank.ranking(traits, axes, mask, missing).tolist():
        if mask[index] or missing[index]:
            return None
        for part in parts:
            place = index - part.start
            if part.approach.id == "embedder" and 0 <= place < len(part.field):
                return part.batch.at(place)
    return None


def _summary(answer: Recommendation, version: str, created: str) -> Summary:
    data = answer.data
    pick = explain.pick(answer)
    counts = {code: int(((data.mask & bit(code)) != 0).sum()) for code in CODES}
    return Summary(
        task=data.task,
        machine=data.machine,
        approaches=tuple(part.approach for part in data.parts),
        pick=pick,
        why_no_pick="" if pick is not None else explain.why_no_pick(answer),
        num_candidates=len(answer),
        num_rejected={code: number for code, number in counts.items() if number},
        catalog_version=version,
        created=created,
    )
