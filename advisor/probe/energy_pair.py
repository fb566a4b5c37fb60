"""Two or more candidates by turns under one meter: which takes less energy, or no difference that can be measured.

Each turn is a child of its own: start, load, warm up, one block of each kind of work, end. So what differs from one
launch to the next is inside the interval, and a drift of the machine is cancelled by the order A B B A.
"""

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from advisor import paths
from advisor.child import runner
from advisor.child.main import Channel, refuse_request
from advisor.child.protocol import LogRecord, Message, Progress, Sample
from advisor.energy import compare, ladder
from advisor.energy.model import Component, MeterInfo
from advisor.errors import ChildError, InvalidModelError, OutputError
from advisor.graphs import build
from advisor.graphs.recipe import Recipe
from advisor.probe import energy_stage, footprint, lock
from advisor.probe.depth import DepthRequest
from advisor.probe.energy import EnergyReport, EnergyRequest
from advisor.probe.energy_pair_plan import PairPlan, PairResult, PairSide
from advisor.probe.energy_settings import EnergySettings
from advisor.probe.plan import ProbePlan

_TURN_S = 40.0


def compare_energy(request: bytes, channel: Channel) -> bytes:
    """Compare. Job `energy-pair`: `PairPlan` to `PairResult`, both as JSON.

    Raises:
        InvalidModelError: the plan does not validate, there is no graph, or a model does not fit as a whole.
        ChildError: `no-meter`; another probe runs; a measuring child did not deliver.
    """
    started_s = time.monotonic()
    try:
        plan = msgspec.json.decode(request, type=PairPlan)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    with lock.hold(paths.work_folder()), _folder(Path(plan.plans[0].graph_folder), channel) as folder:
        return msgspec.json.encode(_Turns(plan, folder, channel, started_s).run())


class _Turns:
    """One comparison from its plan to its result."""

    def __init__(self, plan: PairPlan, folder: Path, channel: Channel, started_s: float) -> None:
        self._plan, self._folder, self._channel, self._started_s = plan, folder, channel, started_s
        self._meter = _meter(plan.plans[0])
        self._recipes = tuple(_whole(item) for item in plan.plans)

    def run(self) -> PairResult:
        """Measure all turns."""
        graphs = [
            build.build(recipe, _made(self._folder / str(number)), recipe.num_layers)
            for number, recipe in enumerate(self._recipes)
        ]
        names = [str(number) for number in range(len(self._recipes))]
        turns = [int(name) for name in compare.order(names, self._plan.num_rounds)]
        energies: list[list[float | None]] = [[] for _ in names]
        times: list[list[float]] = [[] for _ in names]
        for turn, number in enumerate(turns):
            report = self._turn(number, graphs[number], turn, len(turns))
            energy_j, query_s = self._query(report, self._recipes[number])
            energies[number].append(energy_j)
            times[number].append(query_s)
            if turn < len(turns) - 1:
                time.sleep(self._plan.pause_s)
        sides = tuple(
            PairSide(
                model=item.candidate.model.id, format=item.candidate.format.id, energy_j=tuple(energies[number]),
                query_s=tuple(times[number]),
                ratio=compare.paired(energies[number], energies[0], "measured-synthetic") if number else None,
            )
            for number, item in enumerate(self._plan.plans)
        )  # fmt: skip
        return PairResult(
            created=datetime.now(UTC).isoformat(timespec="seconds"), meter=self._meter, sides=sides,
            order=tuple(turns), wall_s=time.monotonic() - self._started_s,
        )  # fmt: skip

    def _turn(self, number: int, graphs: Sequence[Path], turn: int, num_turns: int) -> EnergyReport:
        plan, recipe = self._plan.plans[number], self._recipes[number]
        wanted = EnergyRequest(
            depth=_depth(plan, recipe, graphs), mode="quick", num_blocks=1, with_idle=False,
            sys_root=_settings(plan).sys_root, time_share=_settings(plan).time_share,
            num_prompt_tokens=recipe.num_input_tokens,
        )  # fmt: skip
        share = turn / num_turns

        def relay(message: Message) -> None:
            if isinstance(message, Progress):
                detail = f"{plan.candidate.model.id}, turn {turn + 1} of {num_turns}"
                self._channel.progress(message.stage, share + message.done_share / num_turns, detail=detail)
            elif isinstance(message, Sample | LogRecord):
                self._channel.send(message)

        outcome = runner.run(
            energy_stage.JOB, msgspec.json.encode(wanted), on_message=relay, timeout_s=10 * _TURN_S,
            memory_limit_bytes=plan.memory_box_bytes,
        )  # fmt: skip
        if outcome.code != "finished" or outcome.result is None:
            raise ChildError(outcome.code, outcome.message, remedy=outcome.remedy)
        return msgspec.json.decode(outcome.result, type=EnergyReport)

    def _query(self, report: EnergyReport, recipe: Recipe) -> tuple[float | None, float]:
        """Return energy and time of one query from one turn's blocks."""
        entry = next((item for item in report.reports if item.info.id == self._meter.id), None)
        energy_j: float | None = 0.0 if entry is not None else None
        for part in entry.phases if entry is not None else ():
            for block in part.blocks:
                energy_j = None if block.rejected or energy_j is None else energy_j + (
                    _times(recipe, part.phase) * block.power_w * block.unit_s
                )  # fmt: skip
        query_s = sum(_times(recipe, work.phase) * work.work_s / work.num_units for work in report.work)
        return energy_j, query_s


def _settings(plan: ProbePlan) -> EnergySettings:
    return plan.energy if plan.energy is not None else EnergySettings()


def _times(recipe: Recipe, phase: str) -> float:
    """Return how often a query of one of the batch runs a unit of that phase."""
    count = max(0, recipe.num_output_tokens - 1) if phase == "decode" else 1
    return count * recipe.num_runs / recipe.num_batch


def _meter(plan: ProbePlan) -> MeterInfo:
    """Return the meter to compare under.

    Raises:
        ChildError: `no-meter`; none can be read, with each one's reason.
    """
    card = energy_stage.card(plan.providers)
    meters = energy_stage.survey(_settings(plan), card=card)
    chosen = ladder.choose(meters)
    component: Component = "cpu" if card is None else "gpu"
    found = chosen.get(component) or chosen.get("platform")
    if found is None:
        remedy = next((info.remedy for info in meters if info.state == "locked" and info.component == component), "")
        raise ChildError(
            "failed", f"Energies can be compared under a power meter only: {ladder.reason(meters, component)}.",
            remedy=remedy or "`model-fit-advisor meters` lists what was looked for.",
        )  # fmt: skip
    return found


def _whole(plan: ProbePlan) -> Recipe:
    """Return the recipe of a candidate that fits the memory as a whole.

    Raises:
        InvalidModelError: it does not; the energies of slices are not compared.
    """
    recipe = footprint.recipe(plan.candidate, plan.workload)
    if footprint.peak_bytes(recipe, recipe.num_layers) > plan.memory_box_bytes:
        raise InvalidModelError(
            "invalid_model",
            f"{plan.candidate.model.id} as {plan.candidate.format.id} does not fit the free memory as a whole.",
            remedy="Close other programs, or compare a smaller format.",
        )
    return recipe


def _depth(plan: ProbePlan, recipe: Recipe, graphs: Sequence[Path]) -> DepthRequest:
    threads = plan.num_threads or (plan.num_threads_tried[0] if plan.num_threads_tried else 1)
    return DepthRequest(
        runner=recipe.runner, graph_files=tuple(map(str, graphs)), num_layers=recipe.num_layers,
        feeds=recipe.feeds(), bound=recipe.bound(recipe.num_layers), vocab_size=recipe.vocab_size,
        num_input_tokens=recipe.num_input_tokens, num_output_tokens=recipe.num_output_tokens,
        num_capacity_tokens=recipe.num_capacity_tokens, num_batch=recipe.num_batch, num_threads=threads,
        pinned=bool(plan.pinned), budget_s=_TURN_S, providers=plan.providers, remove_when_loaded=False,
    )  # fmt: skip


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@contextlib.contextmanager
def _folder(root: Path, channel: Channel) -> Iterator[Path]:
    """Make this comparison's folder and remove it at the end."""
    folder = root / uuid.uuid4().hex
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise OutputError(
            "path-not-writable", f"The test models cannot be written to {root}: {error.strerror or error}.",
            remedy="Change the folder's permissions or free some space.", path=str(root),
        ) from error  # fmt: skip
    channel.on_cancel(lambda: shutil.rmtree(folder, ignore_errors=True))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
