"""The probe's coordinating child: builds graphs, has each depth measured by a child of its own, adds it all up.

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
from advisor.child.protocol import Hello, LogRecord, Message, Progress, Sample
from advisor.errors import ChildError, OutputError
from advisor.graphs import build
from advisor.graphs.recipe import Recipe
from advisor.probe import combine, footprint, lock
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.plan import ProbePlan, ProbeResult

JOB_DEPTH = "probe-depth"
_LEAST_MEASURE_S = 10.0
_MEASURE_S_PER_BYTE = 16e-9
"""[s/B] Longer than these two does not make figures better: 10 s for a small model, 30 s for 3B parameters in int4."""
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
        self._num_threads = plan.num_threads or os.cpu_count() or 1
        self._samples: list[Sample] = []
        self._versions = {"model-fit-advisor": __version__}

    def run(self) -> ProbeResult:
        """Measure all depths."""
        plan = self._plan
        layers = plan.depths or footprint.depths(
            self._recipe, memory_box_bytes=plan.memory_box_bytes, time_box_s=plan.time_box_s,
            cache_bytes=plan.last_level_cache_bytes,
        )  # fmt: skip
        created = datetime.now(UTC).isoformat(timespec="seconds")
        reports = [self._depth(index, number, len(layers)) for index, number in enumerate(layers)]
        self._channel.progress("cool", 1.0)
        account = combine.Account(
            id=uuid.uuid4().hex, created=created, wall_s=time.monotonic() - self._started_s,
            samples=tuple(self._samples), num_threads=self._num_threads,
            versions={**self._versions, "onnxruntime": reports[-1].runtime_version},
        )  # fmt: skip
        return combine.result(plan, self._recipe, reports, account)

    def _depth(self, index: int, num_layers: int, num_depths: int) -> DepthReport:
        """Build and measure one depth."""
        name = f"{num_layers} of {self._recipe.num_layers} layers" if num_depths > 1 else ""
        self._channel.progress("prepare", index / num_depths, detail=name)
        folder = self._folder / str(num_layers)
        folder.mkdir()
        graphs = build.build(self._recipe, folder, num_layers)
        budget_s = max(_LEAST_MEASURE_S, _MEASURE_S_PER_BYTE * self._recipe.weight_bytes(self._recipe.num_layers))
        offset_s = time.monotonic() - self._started_s
        left_s = max(1.0, self._plan.time_box_s - offset_s) / (num_depths - index)
        remaining_s = (num_depths - index) * min(left_s, budget_s)

        def relay(message: Message) -> None:
            self._relay(message, offset_s, index / num_depths, 1 / num_depths, remaining_s, name)

        outcome = runner.run(
            JOB_DEPTH, msgspec.json.encode(self._request(num_layers, graphs, budget_s, left_s)), on_message=relay,
            timeout_s=max(_HANG_LEAST_S, _HANG_FACTOR * self._plan.time_box_s),
            memory_limit_bytes=self._plan.memory_box_bytes,
        )  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)
        if outcome.code != "finished" or outcome.result is None:
            raise ChildError(outcome.code, outcome.message, remedy=outcome.remedy)
        return msgspec.json.decode(outcome.result, type=DepthReport)

    def _request(self, num_layers: int, graphs: Sequence[Path], budget_s: float, left_s: float) -> DepthRequest:
        recipe = self._recipe
        return DepthRequest(
            runner=recipe.runner, graph_files=tuple(map(str, graphs)), num_layers=num_layers,
            feeds=recipe.feeds(), bound=recipe.bound(num_layers), vocab_size=recipe.vocab_size,
            num_input_tokens=recipe.num_input_tokens, num_output_tokens=recipe.num_output_tokens,
            num_capacity_tokens=recipe.num_capacity_tokens, num_batch=recipe.num_batch,
            num_threads=self._num_threads, budget_s=budget_s, time_left_s=left_s, providers=self._plan.providers,
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
        elif isinstance(message, Progress):
            left_s = (1 - message.done_share) * remaining_s
            share = done + message.done_share * part
            self._channel.progress(message.stage, share, remaining_s=left_s, detail=detail)
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
