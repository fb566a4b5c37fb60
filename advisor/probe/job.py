"""The probe's coordinating child: builds graphs, has each depth measured by children of their own, adds it all up.

Building and measuring are two processes, so that building cannot raise the peak that is measured.
"""

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from advisor import __version__, paths
from advisor.child import runner
from advisor.child.main import Channel, refuse_request
from advisor.child.protocol import Hello, LogRecord, Message, Outcome, Progress, Sample
from advisor.energy.model import MeterInfo
from advisor.errors import ChildError, OutputError
from advisor.graphs import build
from advisor.graphs.recipe import Recipe
from advisor.probe import combine, energy_stage, footprint, launches, lock, thread_sweep
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.energy_stage import EnergyOutcome
from advisor.probe.launches import Depth
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.probe.schedule import PILOT, Count
from advisor.probe.threads import ThreadChoice

JOB_DEPTH = "probe-depth"
_LEAST_MEASURE_S = 10.0
_MEASURE_S_PER_BYTE = 16e-9
"""[s/B] Longer than these two does not make figures better: 10 s for a small model, 30 s for 3B parameters in int4."""
_BUILD_SHARE = 0.1
"""[1] Of the progress that is shown, for writing the graphs."""
_TRIAL = Count(num_prompts=1, num_blocks=3)
_HANG_FACTOR = 3.0
_HANG_LEAST_S = 90.0
"""[s] A depth that has not answered by then, or by three times the box, hangs."""


def probe(request: bytes, channel: Channel) -> bytes:
    """Run a probe. Job `probe`: `ProbePlan` to `ProbeResult`, both as JSON.

    Raises:
        InvalidModelError: the plan does not validate or there is no graph for its candidate.
        ChildError: another probe runs, or a measuring child did not deliver.
        OutputError: `disk-full`.
    """
    started_s = time.monotonic()
    try:
        plan = msgspec.json.decode(request, type=ProbePlan)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    recipe = footprint.recipe(plan.candidate, plan.workload)
    with lock.hold(paths.cache_folder()), _folder(plan, channel) as folder:
        coordinator = _Coordinator(plan, recipe, channel, folder, started_s)
        return msgspec.json.encode(coordinator.run())


class _Coordinator:
    """One probe from its plan to its result."""

    def __init__(self, plan: ProbePlan, recipe: Recipe, channel: Channel, folder: Path, started_s: float) -> None:
        self._plan = plan
        self._recipe = recipe
        self._channel = channel
        self._folder = folder
        self._started_s = started_s
        self._samples: list[Sample] = []
        self._versions = {"model-fit-advisor": __version__}
        self._graphs: dict[int, tuple[Path, ...]] = {}
        self._reports: dict[int, list[DepthReport]] = {}
        self._walls_s: dict[int, float] = {}
        self._budget_s = max(_LEAST_MEASURE_S, _MEASURE_S_PER_BYTE * recipe.weight_bytes(recipe.num_layers))
        self._threads = ThreadChoice(num_threads=1)
        self._prompt_limit = recipe.num_input_tokens
        self._num_done = self._num_planned = 0
        self._trying = False
        self._told = 0.0
        self._meters: tuple[MeterInfo, ...] = ()
        self._metered = False

    def run(self) -> ProbeResult:
        """Measure all depths, each in several launches where time allows."""
        plan = self._plan
        layers = plan.depths or footprint.depths(
            self._recipe, memory_box_bytes=plan.memory_box_bytes, time_box_s=plan.time_box_s,
            cache_bytes=plan.last_level_cache_bytes,
        )  # fmt: skip
        self._prompt_limit = footprint.prompt_limit(self._recipe, max(layers), plan.memory_box_bytes)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        build_s = self._build(layers)
        card = energy_stage.card(plan.providers)
        self._meters = energy_stage.survey(plan.energy, card=card)
        self._metered = energy_stage.usable(self._meters, on_card=card is not None)
        self._num_planned = launches.NUM_PASSES * len(layers) + self._metered
        self._threads = self._choose_threads(layers[0])
        for number in range(launches.MAX_PASSES):
            if number >= launches.NUM_PASSES and not launches.disagree(self._depths()):
                break
            for num_layers in launches.order(layers, number):
                self._launch(num_layers, number)
        energy = self._energy(layers[-1])
        self._channel.progress("cool", 1.0)
        depths = self._depths()
        account = combine.Account(
            id=uuid.uuid4().hex, created=created, wall_s=time.monotonic() - self._started_s, build_s=build_s,
            samples=tuple(self._samples), threads=self._threads, energy=energy,
            versions={**self._versions, "onnxruntime": depths[-1].last.runtime_version},
        )  # fmt: skip
        return combine.result(plan, self._recipe, depths, account)

    def _build(self, layers: Sequence[int]) -> float:
        """Write the graphs of all depths and return the seconds it took."""
        begin_s = time.monotonic()
        for index, num_layers in enumerate(layers):
            self._channel.progress("prepare", _BUILD_SHARE * index / len(layers), detail=self._name(num_layers))
            folder = self._folder / str(num_layers)
            folder.mkdir()
            self._graphs[num_layers] = build.build(self._recipe, folder, num_layers)
        return time.monotonic() - begin_s

    def _name(self, num_layers: int) -> str:
        whole = self._recipe.num_layers
        return f"{num_layers} of {whole} layers" if num_layers < whole else ""

    def _depths(self) -> tuple[Depth, ...]:
        return tuple(Depth(reports=tuple(reports)) for _, reports in sorted(self._reports.items()))

    def _left_s(self) -> float:
        return self._plan.time_box_s - (time.monotonic() - self._started_s)

    def _choose_threads(self, num_layers: int) -> ThreadChoice:
        """Take what was asked for or kept from an earlier sweep, else try the settings that are worth it."""
        plan = self._plan
        if plan.num_threads is not None:
            return ThreadChoice(num_threads=plan.num_threads, pinned=bool(plan.pinned), how="asked")
        counts = plan.num_threads_tried or (os.cpu_count() or 1,)
        usual = ThreadChoice(num_threads=counts[0], pinned=bool(plan.pinned))
        kind = thread_sweep.kind(plan.fingerprint, self._recipe)
        kept = thread_sweep.kept(paths.cache_folder(), kind)
        if kept is not None:
            return kept
        if self._left_s() < thread_sweep.LEAST_LEFT_S:
            return usual

        def attempt(choice: ThreadChoice) -> DepthReport:
            self._threads, self._trying = choice, True
            self._channel.progress("prepare", _BUILD_SHARE, detail=f"trying {choice.num_threads} threads")
            return self._child(num_layers, self._request(num_layers, count=_TRIAL, budget_s=thread_sweep.TRIAL_S))

        found = thread_sweep.sweep(counts, self._recipe, attempt, pinned=plan.pinned)
        self._trying = False
        thread_sweep.keep(paths.cache_folder(), kind, found)
        return found

    def _launch(self, num_layers: int, number: int) -> None:
        """Measure one depth once more; the passes after the first only where there is time for it."""
        earlier = self._reports.setdefault(num_layers, [])
        if earlier:
            measured_s = earlier[-1].measured_s
            if not launches.worth_it(self._walls_s[num_layers], measured_s, self._left_s()):
                return
        count = None if not earlier else launches.left(earlier[0]) if number < launches.NUM_PASSES else PILOT
        begin_s = time.monotonic()
        launches_left = self._num_planned - self._metered - self._num_done  # energy has a time of its own
        left_s = max(1.0, self._left_s()) / max(1, launches_left)
        budget_s = self._budget_s / launches.NUM_PASSES
        request = self._request(num_layers, count=count, budget_s=budget_s, left_s=left_s, first=not earlier)
        earlier.append(self._child(num_layers, request))
        self._walls_s[num_layers] = time.monotonic() - begin_s
        self._num_done += 1

    def _energy(self, num_layers: int) -> EnergyOutcome:
        """Measure the energy of the largest depth where a meter can be read; a failure costs the figure, no more."""
        plan = self._plan
        on_card = energy_stage.card(plan.providers) is not None
        why_not = energy_stage.why_not(plan.energy, self._meters, on_card=on_card)
        if why_not or plan.energy is None:
            return EnergyOutcome(meters=self._meters, why_not=why_not)
        expected_s = energy_stage.asked_s(plan.energy)
        depth = self._request(num_layers, count=None, budget_s=expected_s)
        wanted = energy_stage.request(plan.energy, self._recipe.num_input_tokens, depth, self._reports[num_layers])
        ended = self._run(energy_stage.JOB, msgspec.json.encode(wanted), expected_s, self._name(num_layers))
        return energy_stage.outcome(ended, self._meters)

    def _child(self, num_layers: int, request: DepthRequest) -> DepthReport:
        """Run one measuring child."""
        ended = self._run(JOB_DEPTH, msgspec.json.encode(request), request.budget_s, self._name(num_layers))
        if ended.code != "finished" or ended.result is None:
            raise ChildError(ended.code, ended.message, remedy=ended.remedy)
        return msgspec.json.decode(ended.result, type=DepthReport)

    def _run(self, job: str, request: bytes, expected_s: float, detail: str) -> Outcome:
        """Run one job in a child of its own and hand on what it says."""
        offset_s = time.monotonic() - self._started_s
        planned = max(self._num_planned, self._num_done + 1)
        part = (1 - _BUILD_SHARE) / planned
        remaining_s = (planned - self._num_done) * expected_s

        def relay(message: Message) -> None:
            done = _BUILD_SHARE + self._num_done * part
            self._relay(message, offset_s, done, part, remaining_s, detail)

        longest_s = max(self._plan.time_box_s, expected_s)
        return runner.run(
            job, request, on_message=relay, timeout_s=max(_HANG_LEAST_S, _HANG_FACTOR * longest_s),
            memory_limit_bytes=self._plan.memory_box_bytes,
        )  # fmt: skip

    def _request(
        self, num_layers: int, *, count: Count | None, budget_s: float, left_s: float | None = None, first: bool = False
    ) -> DepthRequest:
        recipe = self._recipe
        return DepthRequest(
            runner=recipe.runner, graph_files=tuple(map(str, self._graphs[num_layers])), num_layers=num_layers,
            feeds=recipe.feeds(), bound=recipe.bound(num_layers), vocab_size=recipe.vocab_size,
            num_input_tokens=recipe.num_input_tokens, num_output_tokens=recipe.num_output_tokens,
            num_prompt_limit=self._prompt_limit, num_capacity_tokens=recipe.num_capacity_tokens,
            num_batch=recipe.num_batch, num_threads=self._threads.num_threads, pinned=self._threads.pinned,
            budget_s=budget_s, time_left_s=left_s, count=count, pilot_share=1 / launches.NUM_PASSES,
            with_contexts=first, providers=self._plan.providers, remove_when_loaded=False,
        )  # fmt: skip

    def _relay(
        self, message: Message, offset_s: float, done: float, part: float, remaining_s: float, detail: str
    ) -> None:
        """Hand on what the measuring child says, in this child's time."""
        if isinstance(message, Hello):
            self._versions |= message.versions
        elif isinstance(message, Sample):
            moved = msgspec.structs.replace(message, t_s=message.t_s + offset_s)
            self._samples.append(moved)
            self._channel.sample(moved)
        elif isinstance(message, Progress) and not self._trying:
            left_s = (1 - message.done_share) * remaining_s
            # A third launch makes the work more than it looked at first: what was told is never taken back.
            self._told = max(self._told, done + message.done_share * part)
            self._channel.progress(message.stage, self._told, remaining_s=left_s, detail=message.detail or detail)
        elif isinstance(message, LogRecord):
            self._channel.send(message)


@contextlib.contextmanager
def _folder(plan: ProbePlan, channel: Channel) -> Iterator[Path]:
    """Make this probe's folder; remove it and whatever a crashed probe left, which the lock makes safe."""
    root = Path(plan.graph_folder)
    folder = root / uuid.uuid4().hex
    try:
        root.mkdir(parents=True, exist_ok=True)
        for left in root.iterdir():
            shutil.rmtree(left, ignore_errors=True)
        folder.mkdir()
    except OSError as error:
        raise OutputError(
            "path-not-writable",
            f"The test model cannot be written to {root}: {error.strerror or error}.",
            remedy="Change the folder's permissions or free some space.",
            path=str(root),
        ) from error
    channel.on_cancel(lambda: shutil.rmtree(folder, ignore_errors=True))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
