"""Prompts and tokens of a decoder."""

from functools import partial

import numpy as np
import onnxruntime as ort
from typing_extensions import override

from advisor.child.main import Channel
from advisor.probe import schedule
from advisor.probe.depth import ContextTime, DepthRequest
from advisor.probe.engine import session
from advisor.probe.engine.runner import Findings, Runner, clock
from advisor.probe.sampling import Sampler
from advisor.probe.schedule import Rounds

_FAR_TOKENS = 8


class DecoderRunner(Runner):
    """Prompts and tokens over one cache that is bound as past and as present, as onnxruntime-genai does."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler) -> None:
        super().__init__(wanted, sampler)
        self._cache = session.allocate(wanted.bound)
        kept = {entry.output_name for entry in wanted.bound}
        self._scores = next(entry.name for entry in self._session.get_outputs() if entry.name not in kept)
        self._binding = self._bound()

    @override
    def run(self, channel: Channel) -> Findings:
        """Warm up, choose the prompt's length, measure prompts and tokens by turns."""
        wanted = self._wanted
        begin_s = clock()
        channel.progress("warm-up", 0.1)
        if wanted.num_output_tokens:
            limit_s = schedule.WARM_SHARE * self.budget_s
            warm = schedule.warm_up(lambda: float(np.median(self._tokens(0, 4))), clock, limit_s=limit_s)
            self._block_units = schedule.block_units(warm[-1])
        num_tokens, short_s, expected_s = self._choose_prompt()
        end_s = begin_s + self.budget_s
        if clock() + 3 * expected_s < end_s:
            self._prompt(num_tokens)  # its memory is got from the system the first time
        rounds, system, measured_s = self._rounds(
            channel, lambda: self._prompt(num_tokens), self._block if wanted.num_output_tokens else None,
            end_s=end_s, prompt_s=expected_s,
        )  # fmt: skip
        return Findings(
            rounds=rounds, num_prompt_tokens=num_tokens, short_prefill_s=short_s, system=system, measured_s=measured_s,
            contexts=self._contexts(rounds, end_s),
        )  # fmt: skip

    @override
    def outputs_finite(self) -> bool:
        """Tell whether the scores of one more token hold neither NaN nor infinity."""
        past = self._wanted.num_input_tokens - (0 if self._wanted.num_output_tokens else 1)
        self._feed(self._binding, past, 1)
        self._session.run_with_iobinding(self._binding)
        return bool(np.isfinite(self._binding.get_outputs()[-1].numpy()).all())

    def _choose_prompt(self) -> tuple[int, float | None, float]:
        """Return the prompt's length, the time of half of it where it had to be cut, and the time expected."""
        wanted = self._wanted
        trial = min(schedule.TRIAL_TOKENS, wanted.num_input_tokens)
        trial_s = min(self._prompt(trial), self._prompt(trial))
        length = schedule.prompt_tokens(wanted.num_input_tokens, trial, trial_s, budget_s=self.budget_s)
        short_s = None
        if length < wanted.num_input_tokens:
            length -= length % 2
            short_s = self._prompt(length // 2)
        return length, short_s, trial_s / trial * length

    def _contexts(self, rounds: Rounds, end_s: float) -> tuple[ContextTime, ...]:
        """Return the time of a token by the length of its context: within the answer, and where the cache is longer."""
        if not self._wanted.num_output_tokens:
            return ()
        found: dict[int, list[float]] = {}
        for index, median_s in enumerate(rounds.block_medians_s()):
            found.setdefault(self._past(index, self._block_units), []).append(median_s)
        if self._wanted.with_contexts:
            for past in schedule.longer_contexts(self._past_end(), self._wanted.num_capacity_tokens - _FAR_TOKENS):
                if clock() < end_s:
                    found[past] = [float(np.median(self._at(past, _FAR_TOKENS)))]
        return tuple(
            ContextTime(num_context_tokens=past, token_s=float(np.median(times)))
            for past, times in sorted(found.items())
        )

    def _past_end(self) -> int:
        return self._wanted.num_input_tokens + self._wanted.num_output_tokens

    def _block(self, index: int) -> tuple[float, ...]:
        return self._tokens(index, self._block_units)

    def _tokens(self, index: int, num_tokens: int) -> tuple[float, ...]:
        """Time a block of tokens; blocks are spread over the positions that the answer has."""
        num_tokens = min(num_tokens, self._wanted.num_capacity_tokens)
        return self._at(self._past(index, num_tokens), num_tokens)

    def _past(self, index: int, num_tokens: int) -> int:
        wanted = self._wanted
        share = (index % schedule.PILOT_BLOCKS + 0.5) / schedule.PILOT_BLOCKS
        past = int(wanted.num_input_tokens + share * max(0, wanted.num_output_tokens - num_tokens))
        return min(past, wanted.num_capacity_tokens - num_tokens)

    def _at(self, past: int, num_tokens: int) -> tuple[float, ...]:
        return tuple(self._timed("token", partial(self._step, past + step)) for step in range(num_tokens))

    def _step(self, past: int) -> None:
        self._feed(self._binding, past, 1)
        self._session.run_with_iobinding(self._binding)

    def _prompt(self, num_tokens: int) -> float:
        binding = self._bound()
        self._feed(binding, 0, num_tokens)
        return self._timed("prefill", lambda: self._session.run_with_iobinding(binding))

    def _feed(self, binding: ort.IOBinding, past: int, num_tokens: int) -> None:
        binding.bind_cpu_input("input_ids", self._some_ids(num_tokens))
        binding.bind_cpu_input("attention_mask", np.ones((self._wanted.num_batch, past + num_tokens), np.int64))
        if "position_ids" in self._inputs:
            positions = np.arange(past, past + num_tokens, dtype=np.int64)
            binding.bind_cpu_input("position_ids", np.tile(positions, (self._wanted.num_batch, 1)))

    def _bound(self) -> ort.IOBinding:
        binding = self._session.io_binding()
        session.bind(binding, self._wanted.bound, self._cache)
        binding.bind_output(self._scores, "cpu")
        return binding
