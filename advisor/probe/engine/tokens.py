"""What all models have in common that read something and then write token by token: prompts and blocks by turns."""

import itertools
from abc import abstractmethod
from collections.abc import Callable

import numpy as np
from typing_extensions import override

from advisor.child.main import Channel
from advisor.energy.model import PhaseName
from advisor.probe import schedule
from advisor.probe.depth import ContextTime
from advisor.probe.engine.runner import Findings, Runner, clock
from advisor.probe.schedule import Rounds

_FAR_TOKENS = 8


class TokenRunner(Runner):
    """Prompts, and blocks of tokens at several lengths of the past. Subclasses say how each is run."""

    _block_units = schedule.MIN_BLOCK_UNITS

    @abstractmethod
    def _answer_start(self) -> int:
        """Return the length of the past at which the answer begins, in tokens."""

    @abstractmethod
    def _at(self, past: int, num_tokens: int) -> tuple[float, ...]:
        """Time that many tokens after a past of that length, in seconds each."""

    @abstractmethod
    def _prompt(self, num_tokens: int) -> float:
        """Time what comes before the second token, of a prompt of that length, in seconds."""

    @override
    def run(self, channel: Channel) -> Findings:
        """Warm up, choose the prompt's length, measure prompts and tokens by turns."""
        wanted = self._wanted
        begin_s = clock()
        channel.progress("warm-up", 0.1)
        if wanted.num_output_tokens:
            limit_s = schedule.WARM_SHARE * self.budget_s
            warm = schedule.warm_up(lambda: float(np.median(self._tokens(0, 4))), clock, limit_s=limit_s)
            self._block_units = min(schedule.block_units(warm[-1]), max(1, wanted.num_capacity_tokens))
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
    def works(self, num_prompt_tokens: int) -> tuple[tuple[PhaseName, Callable[[], int]], ...]:
        """Return prompts, and tokens spread over the answer where there are any."""
        turn = itertools.count()

        def prompt() -> int:
            self._prompt(num_prompt_tokens)
            return 1

        def tokens() -> int:
            return len(self._tokens(next(turn), schedule.MIN_BLOCK_UNITS))

        found: tuple[tuple[PhaseName, Callable[[], int]], ...] = (("prefill", prompt),)
        return (*found, ("decode", tokens)) if self._wanted.num_output_tokens else found

    def _choose_prompt(self) -> tuple[int, float | None, float]:
        """Return the prompt's length, the time of half of it where it had to be cut, and the time expected."""
        wanted = self._wanted
        trial = min(schedule.TRIAL_TOKENS, wanted.num_input_tokens)
        trial_s = min(self._prompt(trial), self._prompt(trial))
        length = schedule.prompt_tokens(wanted.num_input_tokens, trial, trial_s, budget_s=self.budget_s)
        length = min(length, wanted.num_prompt_limit or length)
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
        return self._answer_start() + self._wanted.num_output_tokens

    def _block(self, index: int) -> tuple[float, ...]:
        return self._tokens(index, self._block_units)

    def _tokens(self, index: int, num_tokens: int) -> tuple[float, ...]:
        """Time a block of tokens; blocks are spread over the positions that the answer has."""
        num_tokens = min(num_tokens, self._wanted.num_capacity_tokens)
        return self._at(self._past(index, num_tokens), num_tokens)

    def _past(self, index: int, num_tokens: int) -> int:
        wanted = self._wanted
        share = (index % schedule.PILOT_BLOCKS + 0.5) / schedule.PILOT_BLOCKS
        past = int(self._answer_start() + share * max(0, wanted.num_output_tokens - num_tokens))
        return min(past, wanted.num_capacity_tokens - num_tokens)
