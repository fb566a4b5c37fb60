"""One session of a decoder and what it keeps: feeds tokens, hands back scores and the longer past."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from advisor.runnable.engine.session import refusing
from advisor.runnable.engine.states import Ports

Floats = NDArray[np.float32]
_USUAL_VOCABULARY = 128_000
_KEPT_VALUE = 0.1
"""[1] What unread places of a shared cache hold: finite, and written, so that its pages are resident."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What the tokens so far left behind."""

    num_tokens: int
    values: dict[str, Any]
    """Name of an input -> the runtime's value."""


class Network:
    """A decoder's session."""

    def __init__(self, session: ort.InferenceSession, found: Ports, *, shared_tokens: int | None = None) -> None:
        """Keep a session.

        Args:
            session: opened.
            found: its inputs and outputs.
            shared_tokens: room of one cache that is past and present at once, as onnxruntime-genai runs its models;
                null: the cache is made anew, longer, by each run.
        """
        self._session, self.ports = session, found
        self._shared: dict[str, ort.OrtValue] = {}
        self._outputs = [entry.name for entry in session.get_outputs()]
        self._shared_tokens = shared_tokens

    def num_vocabulary(self) -> int:
        """Return how many tokens are scored; a usual number where the graph leaves it free."""
        shape = next(entry.shape for entry in self._session.get_outputs() if entry.name == self.ports.logits)
        return shape[-1] if shape and isinstance(shape[-1], int) else _USUAL_VOCABULARY

    def start(self) -> Past:
        """Return the past of no tokens."""
        values = {}
        for state in self.ports.states:
            if self._shared_tokens is not None and state.grow_axis is not None:
                if state.input_name not in self._shared:
                    room = np.full(state.sized(self._shared_tokens), _KEPT_VALUE, state.data_type)
                    self._shared[state.input_name] = ort.OrtValue.ortvalue_from_numpy(room)
                values[state.input_name] = self._shared[state.input_name]
            else:
                values[state.input_name] = ort.OrtValue.ortvalue_from_numpy(np.zeros(state.shape, state.data_type))
        return Past(num_tokens=0, values=values)

    def run(
        self, ids: NDArray[np.int64], past: Past, others: Mapping[str, Any] | None = None, *, num_rows: int = 0
    ) -> tuple[Floats, Past]:
        """Read tokens.

        Args:
            ids: shape (n,), the tokens behind those of `past`.
            past: of the tokens before; that of a shared cache must be of its latest tokens or earlier ones.
            others: what else the graph wants.
            num_rows: scores of only that many of the last tokens are needed; a graph may give more.

        Returns:
            Scores: shape (rows, vocabulary), of the last tokens, float32.
            The longer past.

        Raises:
            AdvisorError: as `session.refusing`.
        """
        found = self.ports
        total = past.num_tokens + len(ids)
        binding = self._session.io_binding()
        self._feed(binding, found.ids, ids[None])
        if found.mask is not None:
            self._feed(binding, found.mask, np.ones((1, total)))
        if found.positions is not None:
            self._feed(binding, found.positions, np.arange(past.num_tokens, total)[None])
        if found.branch is not None:
            self._feed(binding, found.branch, np.array([past.num_tokens > 0]))
        if found.num_rows is not None:
            self._feed(binding, found.num_rows, np.array(num_rows))
        for name, value in (others or {}).items():
            self._other(binding, name, value)
        with refusing():
            kept = self._bind_states(binding, past)
            self._session.run_with_iobinding(binding)
            values = dict(zip(kept, binding.get_outputs(), strict=True))
        logits = values[found.logits].numpy()[0].astype(np.float32, copy=False)
        return logits, Past(num_tokens=total, values=self._next(past, values))

    def _bind_states(self, binding: ort.IOBinding, past: Past) -> list[str]:
        """Bind states as inputs and every output; return the names of the outputs in order."""
        for name, value in past.values.items():
            binding.bind_ortvalue_input(name, value)
        made = {state.output_name: state.input_name for state in self.ports.states}
        kept = [name for name in self._outputs if name == self.ports.logits or name in made]
        for name in kept:
            buffer = self._shared.get(made.get(name, ""))
            if buffer is None:
                binding.bind_output(name, "cpu")
            else:
                binding.bind_ortvalue_output(name, buffer)
        return kept

    def _next(self, past: Past, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the states for the next run; what belongs to the encoder's text stays as the first run made it."""
        found = {}
        for state in self.ports.states:
            made = values.get(state.output_name or "")
            stays = made is None or (state.is_cross and past.num_tokens > 0)
            found[state.input_name] = past.values[state.input_name] if stays else made
        return found

    def _feed(self, binding: ort.IOBinding, name: str, value: NDArray[Any]) -> None:
        binding.bind_cpu_input(name, np.ascontiguousarray(value, self.ports.types[name]))

    def _other(self, binding: ort.IOBinding, name: str, value: Any) -> None:  # noqa: ANN401 - numpy's or the runtime's
        if isinstance(value, ort.OrtValue):
            binding.bind_ortvalue_input(name, value)
        else:
            self._feed(binding, name, value)
