"""What all ways to run a model share: a session, token ids, time stamps, rounds."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import msgspec
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from advisor.child.main import Channel
from advisor.energy.model import PhaseName
from advisor.probe import schedule
from advisor.probe.depth import ContextTime, DepthRequest, SystemReadings
from advisor.probe.engine import providers as engine_providers
from advisor.probe.engine import session
from advisor.probe.engine.ids import DrawnIds, IdSource, TextIds
from advisor.probe.providers import Placement
from advisor.probe.sampling import Sampler, WorkKind
from advisor.probe.schedule import Rounds

clock = time.perf_counter


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner found."""

    rounds: Rounds
    num_prompt_tokens: int
    short_prefill_s: float | None
    contexts: tuple[ContextTime, ...] = ()
    system: SystemReadings
    measured_s: float


class Runner(ABC):
    """A session and the way one graph family is run and timed."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler) -> None:
        self._wanted = wanted
        self._sampler = sampler
        self.budget_s = wanted.budget_s
        self._session = self._load(wanted.graph_files[-1])
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._ids: IdSource = DrawnIds(wanted.vocab_size)
        if wanted.real is not None and wanted.real.prompt_ids:
            self._ids = TextIds(wanted.real)

    @abstractmethod
    def run(self, channel: Channel) -> Findings:
        """Warm up and measure."""

    @abstractmethod
    def works(self, num_prompt_tokens: int) -> tuple[tuple[PhaseName, Callable[[], int]], ...]:
        """Return the kinds of work there are; each runs some units and returns how many.

        Args:
            num_prompt_tokens: length of the prompts, in tokens; 0 where something else is read.
        """

    @abstractmethod
    def outputs_finite(self) -> bool:
        """Tell whether the outputs of the last run hold neither NaN nor infinity."""

    def _load(self, graph_file: str) -> ort.InferenceSession:
        wanted = self._wanted
        return session.make(graph_file, num_threads=wanted.num_threads, uses=wanted.providers, pinned=wanted.pinned)

    def registered(self) -> tuple[str, ...]:
        """Return the execution providers the session has."""
        return tuple(self._session.get_providers())

    def placement(self) -> tuple[Placement, ...]:
        """Return which of them got which nodes."""
        return engine_providers.placement(self._session)

    def _some_ids(self, num_tokens: int) -> NDArray[np.int64]:
        """Return token ids, other ones each time. Shape (batch, tokens)."""
        return self._ids.take(self._wanted.num_batch, num_tokens)

    def _timed(self, kind: WorkKind, work: Callable[[], None], *, repeats: int = 1) -> float:
        begin_s = clock()
        for _ in range(repeats):
            work()
        latency_s = (clock() - begin_s) / repeats
        self._sampler.note(kind, latency_s)
        return latency_s

    def _rounds(
        self,
        channel: Channel,
        prompt: Callable[[], float] | None,
        block: Callable[[int], tuple[float, ...]] | None,
        *,
        end_s: float,
        prompt_s: float = 0.0,
    ) -> tuple[Rounds, SystemReadings, float]:
        channel.progress("measure", 0.25)
        self._sampler.begin_measuring()
        begin_s = clock()
        rounds = schedule.run_rounds(
            prompt, block, clock, end_s=end_s, prompt_s=prompt_s, count=self._wanted.count,
            share=self._wanted.pilot_share, advance=lambda share: channel.progress("measure", 0.25 + 0.75 * share),
        )  # fmt: skip
        return rounds, self._sampler.end_measuring(), clock() - begin_s
