"""Real files that write tokens: decoders and encoder-decoders in the layouts of onnxruntime-genai and optimum.

Inputs and outputs are bound, and nothing that a run makes is copied while it is timed, as with made-up weights.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from typing_extensions import override

from advisor.probe.depth import DepthRequest
from advisor.probe.engine import session
from advisor.probe.engine.runner import clock
from advisor.probe.engine.tokens import TokenRunner
from advisor.probe.real_inputs import RealInputs
from advisor.probe.sampling import Sampler
from advisor.runnable.engine import states
from advisor.runnable.engine.session import data_type, share_threads
from advisor.runnable.engine.states import Ports, StateSpec
from advisor.runnable.model import Part

_HIDDEN, _ENCODER_MASK, _MASK = "encoder_hidden_states", "encoder_attention_mask", "attention_mask"
_OTHERS = frozenset({_HIDDEN, _ENCODER_MASK})
_KEPT_VALUE = 0.1
"""[1] What unread places of a cache hold: finite, no denormal, and written, so that its pages are resident."""
Values = dict[str, ort.OrtValue]


class RealTextRunner(TokenRunner):
    """Prompts and tokens of real files over real texts."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler) -> None:
        """Make the sessions: of the encoder if there is one, of the first token and of those after it."""
        if wanted.real is None:
            raise ValueError("real files need their inputs")
        real = wanted.real
        self._real = real
        parts: tuple[Part, ...] = tuple(graph.part for graph in real.model.graphs)
        self._shared_threads = len(parts) > 1 and share_threads(wanted.num_threads, pinned=wanted.pinned)
        super().__init__(wanted, sampler)
        self._first = self._later = _Network(self._session, real, wanted)
        self._encoder: ort.InferenceSession | None = None
        for part, graph_file in zip(parts[:-1], wanted.graph_files[:-1], strict=True):
            opened = self._load(graph_file)
            if part == "encoder":
                self._encoder = opened
            else:
                self._first = _Network(opened, real, wanted)
        self._fixed = {feed.name: session.feed(feed) for feed in wanted.feeds if feed.fill == "normal"}
        self._others: dict[str, Any] = {}
        self._cross: Values = {}
        self._logits: ort.OrtValue | None = None

    @override
    def _load(self, graph_file: str) -> ort.InferenceSession:
        wanted = self._wanted
        return session.make(
            graph_file, num_threads=wanted.num_threads, uses=wanted.providers, pinned=wanted.pinned,
            shared=self._shared_threads,
        )  # fmt: skip

    @override
    def outputs_finite(self) -> bool:
        """Tell whether the scores of a first token hold neither NaN nor infinity."""
        self._answer(self._wanted.num_input_tokens)
        return self._logits is not None and bool(np.isfinite(self._logits.numpy()).all())

    @override
    def _answer_start(self) -> int:
        return self._wanted.num_input_tokens if self._encoder is None else self._num_start

    @override
    def _past(self, index: int, num_tokens: int) -> int:
        least = 0 if self._encoder is None else self._num_start
        return max(least, super()._past(index, num_tokens))

    @override
    def _choose_prompt(self) -> tuple[int, float | None, float]:
        """Sound is read as a whole, whatever the time."""
        return super()._choose_prompt() if self._wanted.num_input_tokens else (0, None, self._prompt(0))

    @override
    def _prompt(self, num_tokens: int) -> float:
        ids = self._some_ids(num_tokens) if num_tokens else np.empty((0, 0), np.int64)
        self._cross = {}  # of the text before: nobody keeps it while the next one is read
        if self._encoder is not None:
            return self._timed("prefill", lambda: self._read_and_begin(ids))
        run = self._first.prepare(ids, 0, self._first.empty(0))
        return self._timed("prefill", run.go)

    @override
    def _at(self, past: int, num_tokens: int) -> tuple[float, ...]:
        network = self._later
        if self._encoder is not None and not self._cross:
            self._answer(self._wanted.num_input_tokens)  # what the tokens look at
        state = {**network.empty(past), **self._cross}
        found = []
        for step in range(num_tokens):
            run = network.prepare(self._some_ids(1), past + step, state, self._others)
            begin_s = clock()
            run.go()
            found.append(clock() - begin_s)
            self._sampler.note("token", found[-1])
            state = network.next(run, state)
        return tuple(found)

    @property
    def _num_start(self) -> int:
        return max(1, len(self._real.start_ids))

    def _answer(self, num_tokens: int) -> None:
        ids = self._some_ids(num_tokens) if num_tokens else np.empty((0, 0), np.int64)
        if self._encoder is not None:
            self._read_and_begin(ids)
            return
        run = self._first.prepare(ids, 0, self._first.empty(0))
        run.go()
        self._logits = run.made[self._first.ports.logits]

    def _read_and_begin(self, ids: NDArray[np.int64]) -> None:
        """Run the encoder, and write a first token."""
        if self._encoder is None:
            raise ValueError("there is no encoder")
        given: dict[str, NDArray[Any]] = self._fixed or {"input_ids": ids, _MASK: np.ones(ids.shape, np.int64)}
        binding = self._encoder.io_binding()
        for entry in self._encoder.get_inputs():
            if entry.name in given:
                binding.bind_cpu_input(entry.name, np.ascontiguousarray(given[entry.name], data_type(entry)))
        binding.bind_output(self._encoder.get_outputs()[0].name, "cpu")
        self._encoder.run_with_iobinding(binding)
        hidden = binding.get_outputs()[0]
        self._others = {_HIDDEN: hidden, _ENCODER_MASK: np.ones(hidden.shape()[:2], np.int64)}
        starts = np.tile(np.asarray(self._real.start_ids or (0,), np.int64), (self._wanted.num_batch, 1))
        run = self._first.prepare(starts, 0, self._first.empty(0), self._others)
        run.go()
        self._logits = run.made[self._first.ports.logits]
        made = self._first.next(run, self._first.empty(0))
        crossed = {entry.input_name for entry in self._later.ports.states if entry.is_cross}
        self._cross = {name: value for name, value in made.items() if name in crossed}


class _Run:
    """One run, bound."""

    def __init__(self, opened: ort.InferenceSession, binding: ort.IOBinding, names: tuple[str, ...]) -> None:
        self._session, self._binding, self._names = opened, binding, names
        self.made: Values = {}

    def go(self) -> None:
        """Run it."""
        self._session.run_with_iobinding(self._binding)
        self.made = dict(zip(self._names, self._binding.get_outputs(), strict=True))


class _Network:
    """A decoder's session and what it keeps from run to run."""

    def __init__(self, opened: ort.InferenceSession, real: RealInputs, wanted: DepthRequest) -> None:
        others = _OTHERS & {entry.name for entry in opened.get_inputs()}
        self.ports: Ports = states.ports(opened, real.model, frozenset(others))
        self._session, self._batch = opened, wanted.num_batch
        self._shared: Values = {}
        if real.shares_cache:
            self._shared = {
                entry.input_name: self._filled(entry, wanted.num_capacity_tokens)
                for entry in self.ports.states
                if entry.grow_axis is not None
            }
        kept = {entry.output_name for entry in self.ports.states} | {self.ports.logits}
        self._outputs = tuple(entry.name for entry in opened.get_outputs() if entry.name in kept)
        self._of_output = {entry.output_name: entry.input_name for entry in self.ports.states}

    def empty(self, num_tokens: int) -> Values:
        """Return what a past of that many tokens left behind; unread, so that its numbers do not matter."""
        return {
            entry.input_name: self._shared.get(entry.input_name) or self._filled(entry, num_tokens)
            for entry in self.ports.states
        }

    def prepare(
        self, ids: NDArray[np.int64], past: int, state: Mapping[str, ort.OrtValue],
        others: Mapping[str, Any] | None = None,
    ) -> _Run:  # fmt: skip
        """Bind a run that reads tokens behind a past of that length."""
        found, binding = self.ports, self._session.io_binding()
        batch, num_tokens = ids.shape
        self._feed(binding, found.ids, ids)
        if found.mask is not None:
            self._feed(binding, found.mask, np.ones((batch, past + num_tokens)))
        if found.positions is not None:
            self._feed(binding, found.positions, np.tile(np.arange(past, past + num_tokens), (batch, 1)))
        if found.branch is not None:
            self._feed(binding, found.branch, np.array([past > 0]))
        if found.num_rows is not None:
            self._feed(binding, found.num_rows, np.array(1))
        for name in found.others:
            value = (others or {})[name]
            if isinstance(value, ort.OrtValue):
                binding.bind_ortvalue_input(name, value)
            else:
                self._feed(binding, name, value)
        for name, value in state.items():
            binding.bind_ortvalue_input(name, value)
        for name in self._outputs:
            buffer = self._shared.get(self._of_output.get(name, ""))
            if buffer is None:
                binding.bind_output(name, "cpu")
            else:
                binding.bind_ortvalue_output(name, buffer)
        return _Run(self._session, binding, self._outputs)

    def next(self, run: _Run, state: Mapping[str, ort.OrtValue]) -> Values:
        """Return the state after a run; what belongs to the encoder's text stays as its first run made it."""
        found: Values = {}
        for entry in self.ports.states:
            made = run.made.get(entry.output_name or "")
            stays = made is None or (entry.is_cross and 0 not in state[entry.input_name].shape())
            found[entry.input_name] = state[entry.input_name] if made is None or stays else made
        return found

    def _filled(self, entry: StateSpec, num_tokens: int) -> ort.OrtValue:
        shape = list(entry.sized(0 if entry.is_cross else num_tokens))
        shape[entry.batch_axis] = self._batch
        return ort.OrtValue.ortvalue_from_numpy(np.full(shape, _KEPT_VALUE, entry.data_type))

    def _feed(self, binding: ort.IOBinding, name: str, value: NDArray[Any]) -> None:
        binding.bind_cpu_input(name, np.ascontiguousarray(value, self.ports.types[name]))
