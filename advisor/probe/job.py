"""The probe's coordinating child: builds graphs, has each depth measured by children of their own, adds it all up.

Building and measuring are two processes, so that building cannot raise the peak that is measured.
"""

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from typing_extensions import override

from advisor import paths
from advisor.child.main import Channel, refuse_request
from advisor.errors import OutputError
from advisor.graphs import build
from advisor.graphs.recipe import Recipe
from advisor.probe import combine, coordinator, footprint, lock
from advisor.probe.launches import Depth
from advisor.probe.plan import ProbePlan, ProbeResult

JOB_DEPTH = coordinator.JOB_DEPTH


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
    with lock.hold(paths.work_folder()), _folder(plan, channel) as folder:
        return msgspec.json.encode(_MadeUp(plan, recipe, channel, folder, started_s).run())


class _MadeUp(coordinator.Coordinator):
    """A probe of graphs with made-up weights."""

    def __init__(self, plan: ProbePlan, recipe: Recipe, channel: Channel, folder: Path, started_s: float) -> None:
        super().__init__(plan, recipe, channel, started_s)
        self._asked = plan
        self._folder = folder
        self._graphs: dict[int, tuple[Path, ...]] = {}

    @override
    def _layers(self) -> tuple[int, ...]:
        plan = self._asked
        return plan.depths or footprint.depths(
            self._recipe, memory_box_bytes=plan.memory_box_bytes, time_box_s=plan.time_box_s,
            cache_bytes=plan.last_level_cache_bytes,
        )  # fmt: skip

    @override
    def _prepare(self, layers: Sequence[int]) -> float | None:
        """Write the graphs of all depths and return the seconds it took."""
        begin_s = time.monotonic()
        for index, num_layers in enumerate(layers):
            share = coordinator.BUILD_SHARE * index / len(layers)
            self._channel.progress("prepare", share, detail=self._name(num_layers))
            folder = self._folder / str(num_layers)
            folder.mkdir()
            self._graphs[num_layers] = build.build(self._recipe, folder, num_layers)
        return time.monotonic() - begin_s

    @override
    def _files(self, num_layers: int) -> tuple[str, ...]:
        return tuple(map(str, self._graphs[num_layers]))

    @override
    def _result(self, depths: tuple[Depth, ...], account: combine.Account) -> ProbeResult:
        return combine.result(self._asked, self._recipe, depths, account)


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
