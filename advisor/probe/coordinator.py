"""Has each depth of a model measured by children of their own, in several launches, then its energy; adds it all up.

What is measured differs: graphs with made-up weights (`job`), or real files (`weights.job`).
"""

import os
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from advisor import __version__, paths
from advisor.child import runner
from advisor.child.main import Channel
from advisor.child.protocol import Hello, LogRecord, Message, Outcome, Progress, Sample
from advisor.energy.model import MeterInfo
from advisor.errors import ChildError
from advisor.graphs.recipe import Recipe
from advisor.probe import combine, energy_stage, footprint, launches, thread_sweep
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.energy_stage import EnergyOutcome
from advisor.probe.launches import Depth
from advisor.probe.plan import ProbeResult, RunPlan
from advisor.probe.schedule import PILOT, Count
from advisor.probe.threads import ThreadChoice

JOB_DEPTH = "probe-depth"
BUILD_SHARE = 0.1
"""[1] Of the progress that is shown, for what comes before the first launch."""
_LEAST_MEASURE_S = 10.0
_MEASURE_S_PER_BYTE = 16e-9
"""[s/B] Longer than these two does not make figures better: 10 s for a small model, 30 s for 3B parameters in int4."""
_TRIAL = Count(num_prompts=1, num_blocks=3)
_HANG_FACTOR = 3.0
_HANG_LEAST_S = 90.0
"""[s] A depth that has not answered by then, or by three times the box, hangs."""


class Coordinator(ABC):
    """One probe from its plan to its result."""

    def __init__(self, plan: RunPlan, recipe: Recipe, channel: Channel, started_s: float) -> None:
        self._plan = plan
        self._recipe = recipe
        self._channel = channel
        self._started_s = started_s
        self._samples: list[Sample] = []
        self._versions = {"model-fit-advisor": __version__}
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

    @abstractmethod
    def _layers(self) -> tuple[int, ...]:
        """Return the depths to measure, smallest first."""

    @abstractmethod
    def _prepare(self, layers: Sequence[int]) -> float | None:
        """Make what is measured, and return the seconds that writing it took; None where nothing was written."""

    @abstractmethod
    def _files(self, num_layers: int) -> tuple[str, ...]:
        """Return the ONNX files of a depth, in the order in which they run."""

    @abstractmethod
    def _result(self, depths: tuple[Depth, ...], account: combine.Account) -> ProbeResult:
        """Return what came out."""

    def run(self) -> ProbeResult:
        """Measure all depths, each in several launches where time allows."""
        layers = self._layers()
        self._prompt_limit = footprint.prompt_limit(self._recipe, max(layers), self._plan.memory_box_bytes)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        build_s = self._prepare(layers)
        card = energy_stage.card(self._plan.providers)
        self._meters = energy_stage.survey(self._plan.energy, card=card)
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
        return self._result(depths, account)

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
        kept = thread_sweep.kept(paths.work_folder(), kind)
        if kept is not None:
            return kept
        if self._left_s() < thread_sweep.LEAST_LEFT_S:
            return usual

        def attempt(choice: ThreadChoice) -> DepthReport:
            self._threads, self._trying = choice, True
            self._channel.progress("prepare", BUILD_SHARE, detail=f"trying {choice.num_threads} threads")
            return self._child(num_layers, self._request(num_layers, count=_TRIAL, budget_s=thread_sweep.TRIAL_S))

        found = thread_sweep.sweep(counts, self._recipe, attempt, pinned=plan.pinned)
        self._trying = False
        thread_sweep.keep(paths.work_folder(), kind, found)
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
        part = (1 - BUILD_SHARE) / planned
        remaining_s = (planned - self._num_done) * expected_s

        def relay(message: Message) -> None:
            done = BUILD_SHARE + self._num_done * part
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
            runner=recipe.runner, graph_files=self._files(num_layers), num_layers=num_layers,
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
