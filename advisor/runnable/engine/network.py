"""One session of a decoder and what it keeps: feeds tokens, hands back scores and the longer past."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from advisor.runnable.engine import session as sessions
from advisor.runnable.engine import states
from advisor.runnable.engine.session import refusing
from advisor.runnable.engine.states import CROSS, Ports
from advisor.runnable.model import Part, RunnableModel

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

    def __init__(
        self, session: ort.InferenceSession, found: Ports, handed_on: Mapping[str, str], *,
        shared_tokens: int | None = None,
    ) -> None:  # fmt: skip
        """Keep a session.

        Args:
            session: opened.
            found: its inputs and outputs.
            handed_on: output -> input of the next run that it becomes.
            shared_tokens: room of one cache that is past and present at once, as onnxruntime-genai runs its models;
                null: the cache is made anew, longer, by each run.
        """
        self._session, self.ports = session, found
        self._handed_on = handed_on
        self._shared: dict[str, ort.OrtValue] = {}
        self._outputs = [entry.name for entry in session.get_outputs() if entry.name in {found.logits, *handed_on}]
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
            self._bind_states(binding, past)
            self._session.run_with_iobinding(binding)
            values = dict(zip(self._outputs, binding.get_outputs(), strict=True))
        logits = values[found.logits].numpy()[0].astype(np.float32, copy=False)
        return logits, Past(num_tokens=total, values=self._next(past, values))

    def _bind_states(self, binding: ort.IOBinding, past: Past) -> None:
        """Bind states as inputs, and the outputs that are wanted."""
        for name, value in past.values.items():
            binding.bind_ortvalue_input(name, value)
        for name in self._outputs:
            buffer = self._shared.get(self._handed_on.get(name, ""))
            if buffer is None:
                binding.bind_output(name, "cpu")
            else:
                binding.bind_ortvalue_output(name, buffer)

    def _next(self, past: Past, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the states for the next run; what belongs to the encoder's text stays as the first run made it."""
        found = dict(past.values)
        for made, taken in self._handed_on.items():
            if not (past.num_tokens and CROSS in taken):
                found[taken] = values[made]
        return found

    def _feed(self, binding: ort.IOBinding, name: str, value: NDArray[Any]) -> None:
        binding.bind_cpu_input(name, np.ascontiguousarray(value, self.ports.types[name]))

    def _other(self, binding: ort.IOBinding, name: str, value: Any) -> None:  # noqa: ANN401 - numpy's or the runtime's
        if isinstance(value, ort.OrtValue):
            binding.bind_ortvalue_input(name, value)
        else:
            self._feed(binding, name, value)


def load(
    model: RunnableModel, part: Part, *, num_threads: int, shared_tokens: int | None = None, shared: bool = False,
    others: frozenset[str] = frozenset(),
) -> tuple[Network, Network]:  # fmt: skip
    """Open a decoder; return the network of its first run and that of all later ones, mostly the same.

    Args:
        model: whose graphs they are.
        part: the decoder's.
        num_threads: of one operator.
        shared_tokens: as `Network`.
        shared: another session of this process has made threads for all.
        others: inputs that the caller feeds.

    Raises:
        AdvisorError: as `session.refusing` and `states.ports`.
    """
    has_two = model.has("with-past")
    if has_two and not shared:
        shared = sessions.share_threads(num_threads)
    session = sessions.open_session(sessions.graph_path(model, part), num_threads=num_threads, shared=shared)
    first, made = states.ports(session, model, others), [entry.name for entry in session.get_outputs()]
    if not has_two:
        network = Network(session, first, states.handed_on(made, first, model), shared_tokens=shared_tokens)
        return network, network
    second = sessions.open_session(model.path("with-past"), num_threads=num_threads, shared=shared)
    later, made_later = states.ports(second, model, others), [entry.name for entry in second.get_outputs()]
    return (
        Network(session, first, states.handed_on(made, later, model)),
        Network(second, later, states.handed_on(made_later, later, model)),
    )
