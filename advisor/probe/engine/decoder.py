"""Prompts and tokens of a decoder."""

from functools import partial

import numpy as np
import onnxruntime as ort
from typing_extensions import override

from advisor.probe.depth import DepthRequest
from advisor.probe.engine import session
from advisor.probe.engine.tokens import TokenRunner
from advisor.probe.sampling import Sampler


class DecoderRunner(TokenRunner):
    """Prompts and tokens over one cache that is bound as past and as present, as onnxruntime-genai does."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler) -> None:
        super().__init__(wanted, sampler)
        self._cache = session.allocate(wanted.bound)
        kept = {entry.output_name for entry in wanted.bound}
        self._scores = next(entry.name for entry in self._session.get_outputs() if entry.name not in kept)
        self._binding = self._bound()

    @override
    def outputs_finite(self) -> bool:
        """Tell whether the scores of one more token hold neither NaN nor infinity."""
        past = self._wanted.num_input_tokens - (0 if self._wanted.num_output_tokens else 1)
        self._feed(self._binding, past, 1)
        self._session.run_with_iobinding(self._binding)
        return bool(np.isfinite(self._binding.get_outputs()[-1].numpy()).all())

    @override
    def _answer_start(self) -> int:
        return self._wanted.num_input_tokens

    @override
    def _at(self, past: int, num_tokens: int) -> tuple[float, ...]:
        return tuple(self._timed("token", partial(self._step, past + step)) for step in range(num_tokens))

    def _step(self, past: int) -> None:
        self._feed(self._binding, past, 1)
        self._session.run_with_iobinding(self._binding)

    @override
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
