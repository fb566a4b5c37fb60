"""Queries of a model that answers in one run."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from advisor.child.main import Channel
from advisor.energy.model import PhaseName
from advisor.graphs.recipe import Feed
from advisor.probe import schedule
from advisor.probe.depth import DepthRequest
from advisor.probe.engine import session
from advisor.probe.engine.runner import Findings, Runner, clock
from advisor.probe.sampling import Sampler


class QueryRunner(Runner):
    """The same graph again and again: whole texts, images, pieces of sound, denoising steps."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler) -> None:
        super().__init__(wanted, sampler)
        names = {feed.name for feed in wanted.feeds if feed.name in self._inputs}
        self._fixed = {feed.name: session.feed(feed) for feed in wanted.feeds if feed.name in names}
        self._drawn = tuple(feed for feed in wanted.feeds if feed.name in names and feed.fill == "ids")
        self._outputs: list[Any] = []
        self._repeats = 1

    @override
    def run(self, channel: Channel) -> Findings:
        """Warm up and measure."""
        wanted = self._wanted
        end_s = clock() + self.budget_s
        channel.progress("warm-up", 0.1)
        query_s = self._warm_up(schedule.WARM_SHARE * self.budget_s)
        units = schedule.block_units(query_s * self._repeats)
        rounds, system, measured_s = self._rounds(channel, None, lambda _: self._queries(units), end_s=end_s)
        return Findings(
            rounds=rounds, num_prompt_tokens=wanted.num_input_tokens, short_prefill_s=None, system=system,
            measured_s=measured_s,
        )  # fmt: skip

    @override
    def works(self, num_prompt_tokens: int) -> tuple[tuple[PhaseName, Callable[[], int]], ...]:
        """Return whole queries, the only kind of work."""

        def queries() -> int:
            self._queries(1)
            return self._repeats

        return (("query", queries),)

    @override
    def outputs_finite(self) -> bool:
        """Tell whether the last query's output holds neither NaN nor infinity."""
        return session.finite(self._outputs)

    def _warm_up(self, limit_s: float) -> float:
        """Warm up until neither the time of a query nor the number that share a time stamp changes any more.

        The first queries of a quick model are many times slower than the later ones, so a number found with them would
        end the measurement after a blink.
        """
        end_s = clock() + limit_s
        while True:
            left_s = end_s - clock()
            query_s = schedule.warm_up(lambda: float(np.median(self._queries(2))), clock, limit_s=left_s)[-1]
            wanted = schedule.repeats(query_s)
            if wanted <= self._repeats or clock() >= end_s:
                return query_s
            self._repeats = wanted

    def _queries(self, num_queries: int) -> tuple[float, ...]:
        return tuple(self._timed("query", self._query, repeats=self._repeats) for _ in range(num_queries))

    def _query(self) -> None:
        feeds = {**self._fixed, **{feed.name: self._draw(feed) for feed in self._drawn}}
        self._outputs = self._session.run(None, feeds)

    def _draw(self, feed: Feed) -> NDArray[Any]:
        """Return other token ids each time."""
        ids = self._some_ids(math.prod(feed.shape) // self._wanted.num_batch)
        return ids.reshape(feed.shape).astype(feed.data_type, copy=False)
