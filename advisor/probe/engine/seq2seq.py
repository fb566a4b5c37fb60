"""Encoder-decoders: a text or a piece of sound is read, and tokens are written that look at it.

Two sessions are held, as whoever runs the two exported files holds them. They share one pool of threads: with a pool
each, the threads of the one still spin when the other begins. On two processors that made the reading of a text take
twice as long (MarianMT), of a piece of sound 1.2 times (Whisper tiny), and the first tokens up to twice as long.
"""

from functools import partial
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from typing_extensions import override

from advisor.graphs.recipe import Bound, Feed
from advisor.probe.depth import DepthRequest
from advisor.probe.engine import session
from advisor.probe.engine.runner import clock
from advisor.probe.engine.tokens import TokenRunner
from advisor.probe.sampling import Sampler
from advisor.runnable.engine.session import share_threads

_IDS, _ENCODER_MASK = "input_ids", "encoder_attention_mask"
Values = dict[str, ort.OrtValue]


class Seq2SeqRunner(TokenRunner):
    """Each run of the encoder makes keys and values for the decoder's cross attention; its past grows by a token."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler) -> None:
        self._shared = share_threads(wanted.num_threads, pinned=wanted.pinned)
        super().__init__(wanted, sampler)
        self._encoder = self._load(wanted.graph_files[0])
        made = [entry.name for entry in self._encoder.get_outputs()]
        read = {entry.name for entry in self._encoder.get_inputs()}
        self._feeds = tuple(feed for feed in wanted.feeds if feed.name in read)
        self._fixed = {feed.name: session.feed(feed) for feed in self._feeds if feed.fill == "normal"}
        self._num_start = next(feed.shape[-1] for feed in wanted.feeds if feed.name not in read)
        self._crossed = tuple(entry for entry in wanted.bound if entry.output_name in made)
        self._past_of = tuple(entry for entry in wanted.bound if entry.output_name not in made)
        self._outputs = tuple(entry.name for entry in self._session.get_outputs())
        kept = {entry.output_name for entry in self._past_of}
        self._scores = next(name for name in self._outputs if name not in kept)
        self._cross: Values = {}
        self._last: NDArray[Any] | None = None

    @override
    def _load(self, graph_file: str) -> ort.InferenceSession:
        wanted = self._wanted
        return session.make(
            graph_file, num_threads=wanted.num_threads, uses=wanted.providers, pinned=wanted.pinned, shared=self._shared
        )

    @override
    def outputs_finite(self) -> bool:
        """Tell whether the scores of a first token hold neither NaN nor infinity."""
        self._answer(self._wanted.num_input_tokens)
        return self._last is not None and bool(np.isfinite(self._last).all())

    @override
    def _answer_start(self) -> int:
        return self._num_start

    @override
    def _past(self, index: int, num_tokens: int) -> int:
        return max(self._num_start, super()._past(index, num_tokens))  # the past grows: no end of a cache stops it

    @override
    def _choose_prompt(self) -> tuple[int, float | None, float]:
        """Sound is read as a whole, whatever the time."""
        if self._wanted.num_input_tokens:
            return super()._choose_prompt()
        return 0, None, self._prompt(0)

    @override
    def _prompt(self, num_tokens: int) -> float:
        return self._timed("prefill", partial(self._answer, num_tokens))

    @override
    def _at(self, past: int, num_tokens: int) -> tuple[float, ...]:
        if not self._cross:  # of a shorter text, or none was read yet
            self._cross = {entry.input_name: session.filled(entry.shape) for entry in self._crossed}
        state = {entry.input_name: session.filled(_long(entry, past)) for entry in self._past_of}
        binding = self._bound()
        found = []
        for _ in range(num_tokens):
            begin_s = clock()
            state = self._step(binding, self._some_ids(1), state)
            found.append(clock() - begin_s)
            self._sampler.note("token", found[-1])
        return tuple(found)

    def _answer(self, num_tokens: int) -> None:
        """Read, and write a first token."""
        self._cross = {}  # of the text before: nobody keeps it while the next one is read
        cross = self._read(num_tokens)
        self._cross = cross
        state = {entry.input_name: session.filled(_long(entry, 0)) for entry in self._past_of}
        self._step(self._bound(), self._some_ids(self._num_start), state)
        if num_tokens < self._wanted.num_input_tokens:
            self._cross = {}

    def _read(self, num_tokens: int) -> Values:
        binding = self._encoder.io_binding()
        for feed in self._feeds:
            binding.bind_cpu_input(
                feed.name, self._fixed[feed.name] if feed.name in self._fixed else self._drawn(feed, num_tokens)
            )
        for entry in self._crossed:
            binding.bind_output(entry.output_name, "cpu")
        self._encoder.run_with_iobinding(binding)
        return dict(zip((entry.input_name for entry in self._crossed), binding.get_outputs(), strict=True))

    def _drawn(self, feed: Feed, num_tokens: int) -> NDArray[Any]:
        return self._some_ids(num_tokens) if feed.fill == "ids" else np.ones((feed.shape[0], num_tokens), np.int64)

    def _bound(self) -> ort.IOBinding:
        binding = self._session.io_binding()
        if _ENCODER_MASK in self._inputs:
            num_source = next(iter(self._cross.values())).shape()[2]
            binding.bind_cpu_input(_ENCODER_MASK, np.ones((self._wanted.num_batch, num_source), np.int64))
        for name, value in self._cross.items():
            binding.bind_ortvalue_input(name, value)
        return binding

    def _step(self, binding: ort.IOBinding, ids: NDArray[np.int64], state: Values) -> Values:
        """Run the decoder once and return its past, longer by what it read."""
        binding.bind_cpu_input(_IDS, ids)
        for name, value in state.items():
            binding.bind_ortvalue_input(name, value)
        binding.clear_binding_outputs()
        for name in self._outputs:
            binding.bind_output(name, "cpu")
        self._session.run_with_iobinding(binding)
        found = dict(zip(self._outputs, binding.get_outputs(), strict=True))
        self._last = found[self._scores].numpy()
        return {entry.input_name: found[entry.output_name] for entry in self._past_of}


def _long(entry: Bound, num_tokens: int) -> tuple[int, ...]:
    """Return the shape of a past of that length."""
    return (*entry.shape[:2], num_tokens, *entry.shape[3:])
