"""What to measure, decided in the app. Pure but for the clock-free look at sizes; imports no runtime."""

from advisor import paths, units
from advisor.catalog.model import Candidate
from advisor.graphs import recipes
from advisor.graphs.recipe import Recipe
from advisor.hardware.model import HardwareProfile
from advisor.probe import footprint
from advisor.probe import threads as thread_choice
from advisor.probe.energy_settings import EnergyMode, EnergySettings
from advisor.probe.plan import ProbePlan
from advisor.task.model import Workload

LEAST_TIME_BOX_S, MOST_TIME_BOX_S = 20.0, 75.0
_TIME_BOX_OFFSET_S, _TIME_BOX_S_PER_BYTE = 8.0, 26e-9
"""[s], [s/B] Time box of a model by its weights: 27 s for 1B parameters in int4, 57 s for 3B."""
_LEAST_BOX_BYTES = int(1.5 * units.GIB)
_LARGEST_BOX_BYTES = 6 * units.GIB
_BOX_PER_WEIGHT_BYTE = 3.0
"""[1] Box over weights: mapped file, packed copy, cache and working memory of a usual prompt."""
_BOX_OVER_PEAK = 1.1
_RESERVE_SHARE = 0.15
_LEAST_RESERVE_BYTES = 512 * units.MIB
"""[B] Left to the system and the window, besides the share above."""
_UNKNOWN_MEMORY_BYTES = units.GIB
"""[B] Taken where the machine does not say what is free."""


def can_probe(candidate: Candidate) -> tuple[bool, str]:
    """Return whether a candidate can be measured with made-up weights, and else one sentence that says why not."""
    found, why = recipes.recipe(candidate, Workload())
    return found is not None, why


def plan(
    candidate: Candidate,
    workload: Workload,
    profile: HardwareProfile,
    *,
    threads: int | None = None,
    pinned: bool | None = None,
    memory_box_bytes: int | None = None,
    time_box_s: float | None = None,
    energy_mode: EnergyMode = "quick",
) -> ProbePlan:
    """Return the probe of a candidate on this machine.

    Args:
        candidate: model and format.
        workload: sizes to measure at.
        profile: of the machine the probe will run on.
        threads: of the runtime; found by a short sweep by default.
        pinned: each thread stays on a processor of its own; left to the sweep by default.
        memory_box_bytes: [B] What the probe may take; never more than what is free less a reserve.
        time_box_s: [s] Aim for the whole probe; 20 to 75 s by the model's weights by default. Energy comes on top
            where a meter can be read.
        energy_mode: how energy is measured.

    Raises:
        InvalidModelError: `invalid_model`; it cannot be measured, or not even two layers fit the memory.
    """
    recipe = footprint.recipe(candidate, workload)
    box = memory_box(recipe, profile, memory_box_bytes)
    seconds = time_box_s if time_box_s is not None else usual_time_s(recipe)
    cache_bytes = profile.cpu.l3_bytes.value or profile.cpu.l2_bytes.value
    return ProbePlan(
        candidate=candidate, workload=workload, num_threads=threads,
        num_threads_tried=thread_choice.counts(profile), pinned=pinned, memory_box_bytes=box,
        time_box_s=seconds,
        depths=footprint.depths(recipe, memory_box_bytes=box, time_box_s=seconds, cache_bytes=cache_bytes),
        graph_folder=str(paths.work_folder() / "graphs"), last_level_cache_bytes=cache_bytes,
        fingerprint=profile.fingerprint, power_source=profile.power.source.value,
        energy=EnergySettings(mode=energy_mode, cpu=profile.cpu, memory=profile.memory, gpus=profile.gpus),
    )  # fmt: skip


def usable_bytes(profile: HardwareProfile) -> int:
    """Return what a probe may take of this machine's memory, in bytes: what is free less a reserve."""
    free = profile.memory.available_bytes.value
    if free is None:
        total = profile.memory.total_bytes.value
        free = total // 2 if total is not None else _UNKNOWN_MEMORY_BYTES
    return max(0, free - max(_LEAST_RESERVE_BYTES, int(_RESERVE_SHARE * free)))


def usual_time_s(recipe: Recipe) -> float:
    """Return the time to aim for with the whole probe of a model, in seconds."""
    wanted = _TIME_BOX_OFFSET_S + _TIME_BOX_S_PER_BYTE * recipe.weight_bytes(recipe.num_layers)
    return min(MOST_TIME_BOX_S, max(LEAST_TIME_BOX_S, wanted))


def memory_box(recipe: Recipe, profile: HardwareProfile, wanted_bytes: int | None) -> int:
    """Return the memory a probe may take, in bytes: what the whole model needs, where that is not out of proportion.

    Args:
        recipe: what is measured.
        profile: of the machine.
        wanted_bytes: [B] What the user asked for; never more than what is free less a reserve.
    """
    whole = int(_BOX_OVER_PEAK * footprint.peak_bytes(recipe, recipe.num_layers))
    usual = max(_LEAST_BOX_BYTES, int(_BOX_PER_WEIGHT_BYTE * recipe.weight_bytes(recipe.num_layers)), whole)
    return min(usable_bytes(profile), wanted_bytes if wanted_bytes is not None else min(_LARGEST_BOX_BYTES, usual))
