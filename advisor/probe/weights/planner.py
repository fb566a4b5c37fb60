"""What to measure with real weights, decided in the app: from the machine and the files' headers, without a runtime."""

from pathlib import Path

from advisor import units
from advisor.errors import InvalidModelError
from advisor.hardware.model import HardwareProfile
from advisor.probe import footprint, planner
from advisor.probe import threads as thread_choice
from advisor.probe.energy_settings import EnergyMode, EnergySettings
from advisor.probe.providers import ProviderUse
from advisor.probe.weights import recipe as recipes
from advisor.probe.weights.plan import WeightsPlan
from advisor.probe.weights.recipe import RealRecipe
from advisor.runnable import onnx_header
from advisor.runnable.model import RunnableModel
from advisor.task.model import TaskKind, Workload

OTHER_FORMAT = "onnx"
"""Name of a format that the catalog does not know."""
_LEAST_PROMPT_TOKENS = 64
_KINDS: dict[str, TaskKind] = {"classes": "text-classification", "token-classes": "token-classification"}


def format_of(model: RunnableModel) -> str:
    """Return the name of the format that a measurement of a model is kept under."""
    origin = model.provenance
    return model.format_id or (origin.format_id if origin is not None else OTHER_FORMAT)


def default_kind(model: RunnableModel) -> TaskKind:
    """Return the kind of task a model is measured at when none is named."""
    if model.structure == "vision":
        return "image-classification"
    if model.structure == "speech":
        return "speech-recognition"
    if model.structure == "encoder-decoder":
        return "translation" if str(model.config.get("model_type")) in {"marian", "m2m_100"} else "summarization"
    if model.structure == "decoder" and model.head == "next-token":
        return "generation"
    return _KINDS.get(model.head, "sentence-embedding")


def recipe_of(model: RunnableModel, workload: Workload, format_id: str | None = None) -> RealRecipe:
    """Return what a model's files are run at.

    Raises:
        InvalidModelError: as `onnx_header.read`; `onnx-input-unknown`.
    """
    headers = tuple(onnx_header.read(Path(model.folder) / graph.name) for graph in model.graphs)
    return recipes.recipe(model, headers, workload, format_id or format_of(model))


def plan(
    model: RunnableModel,
    workload: Workload,
    profile: HardwareProfile,
    *,
    task_kind: TaskKind,
    languages: tuple[str, ...] = (),
    format_id: str | None = None,
    uses: tuple[ProviderUse, ...] = (),
    threads: int | None = None,
    pinned: bool | None = None,
    time_box_s: float | None = None,
    energy_mode: EnergyMode = "quick",
) -> WeightsPlan:
    """Return the probe of a model's real files on this machine.

    Args:
        model: opened by `runnable.find.open_model`.
        workload: sizes to measure at.
        profile: of the machine the probe will run on.
        task_kind: for the texts.
        languages: of the texts.
        format_id: what the result is kept under; read from the files by default.
        uses: execution providers, best first; the processor by default.
        threads: of the runtime; found by a short sweep by default.
        pinned: each thread stays on a processor of its own; left to the sweep by default.
        time_box_s: [s] Aim for the whole probe; by the size of the weights by default. Energy comes on top.
        energy_mode: how energy is measured where a power meter can be read.

    Raises:
        InvalidModelError: `larger-than-memory`, `onnx-input-unknown`; as `onnx_header.read`.
    """
    recipe = recipe_of(model, workload, format_id)
    box = planner.memory_box(recipe, profile, None)
    least = min(recipe.num_input_tokens, _LEAST_PROMPT_TOKENS)
    needed = footprint.peak_bytes(recipe, recipe.num_layers, least)
    if needed > box:
        raise InvalidModelError(
            "larger-than-memory",
            f"{model.model_id} needs about {units.size(needed)}, more than the {units.size(box)} the probe may use.",
            remedy="Free some memory, choose a smaller format or a shorter context, or measure it with made-up "
            "weights: that measures a part of the model and projects the rest.",
            needed_bytes=needed,
        )
    graphs = model.graphs
    path = model.folder if model.layout != "file" else str(Path(model.folder) / graphs[0].name)
    return WeightsPlan(
        path=path, model_id=model.model_id, format_id=format_id or format_of(model), task_kind=task_kind,
        languages=languages, workload=workload, num_threads=threads, num_threads_tried=thread_choice.counts(profile),
        pinned=pinned, memory_box_bytes=box,
        time_box_s=planner.usual_time_s(recipe) if time_box_s is None else time_box_s, providers=uses,
        fingerprint=profile.fingerprint, power_source=profile.power.source.value,
        energy=EnergySettings(mode=energy_mode, cpu=profile.cpu, memory=profile.memory, gpus=profile.gpus),
    )  # fmt: skip
