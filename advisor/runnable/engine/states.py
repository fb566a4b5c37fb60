"""What a decoder keeps from run to run, by the names of its inputs and outputs: caches of attention and running states.

Source of the names: onnxruntime-genai (genai_config.json states its own), optimum, transformers.js.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import onnxruntime as ort

from advisor.errors import InvalidModelError
from advisor.runnable import shape as shape_of
from advisor.runnable.engine import session as sessions
from advisor.runnable.model import RunnableModel

_IDS, _MASK, _POSITIONS, _BRANCH = "input_ids", "attention_mask", "position_ids", "use_cache_branch"
_NUM_ROWS = ("num_logits_to_keep", "logits_to_keep")
_RENAMES = (
    (r"past_key_values\.(.+)", (r"present.\1", r"present_key_values.\1")),
    (r"past_key_values_(.+)", (r"present_key_values_\1", r"present_\1")),
    (r"past_(.+)", (r"present_\1", r"present.\1")),
    (r"past\.(.+)", (r"present.\1",)),
    (r"cache_(.+)", (r"present_\1", r"new_cache_\1")),
)
CROSS = ".encoder."
"""In the names of caches of the encoder's text: made by the first run and kept."""
_DEEP = 5
"""Dimensions of a cache that holds keys and values together, the kind of them first."""


class StateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One cache or running state of one layer."""

    input_name: str
    output_name: str | None
    """Null where the graph reads it only, as keys of the encoder's text."""
    data_type: Any
    shape: tuple[int, ...]
    """Of one text; 0 where it grows with each token."""
    grow_axis: int | None
    """Null for a state that keeps its size."""
    batch_axis: int = 0

    @property
    def is_cross(self) -> bool:
        """Tell whether it is of the encoder's text: made by the first run and kept."""
        return CROSS in self.input_name

    def sized(self, num_tokens: int) -> tuple[int, ...]:
        """Return its shape with room for that many tokens."""
        if self.grow_axis is None:
            return self.shape
        return (*self.shape[: self.grow_axis], num_tokens, *self.shape[self.grow_axis + 1 :])


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs and outputs of a decoder's session by what they mean."""

    ids: str
    logits: str
    states: tuple[StateSpec, ...]
    types: dict[str, Any]
    """Name of an input -> numpy's type."""
    mask: str | None = None
    positions: str | None = None
    branch: str | None = None
    """Says whether the caches hold anything; of files that hold both decoders, for the first token and for the rest."""
    num_rows: str | None = None
    """Says for how many of the last tokens scores are made; 0 for all."""
    others: tuple[str, ...] = ()
    """Fed by whoever runs it: what an encoder made, and its mask."""


def ports(session: ort.InferenceSession, model: RunnableModel, others: frozenset[str] = frozenset()) -> Ports:
    """Return the inputs and outputs of a decoder.

    Args:
        session: opened.
        model: its settings may name the caches and state sizes that the graph leaves free.
        others: inputs that the caller feeds.

    Raises:
        InvalidModelError: `onnx-input-unknown` for an input nobody here knows, `onnx-type-unknown`.
    """
    inputs = {entry.name: entry for entry in session.get_inputs()}
    outputs = [entry.name for entry in session.get_outputs()]
    named = dict(_named(model))
    ids = named.get(_IDS, _IDS) if named.get(_IDS, _IDS) in inputs else "decoder_input_ids"
    roles = {key: name for key in (_MASK, _POSITIONS, _BRANCH) if (name := named.get(key, key)) in inputs}
    num_rows = next((name for name in _NUM_ROWS if name in inputs), None)
    known = {ids, num_rows, *roles.values(), *others}
    states = tuple(
        state(entry, output_name(name, outputs, model), model) for name, entry in inputs.items() if name not in known
    )
    logits = named.get("logits", "logits")
    if ids not in inputs or logits not in outputs:
        raise _unknown(f"it has no {ids if ids not in inputs else logits!r}")
    return Ports(
        ids=ids, logits=logits, states=states,
        types={name: sessions.data_type(entry) for name, entry in inputs.items()},
        mask=roles.get(_MASK), positions=roles.get(_POSITIONS), branch=roles.get(_BRANCH), num_rows=num_rows,
        others=tuple(name for name in inputs if name in others),
    )  # fmt: skip


def handed_on(outputs: list[str], later: Ports, model: RunnableModel) -> dict[str, str]:
    """Return what becomes which input of the next run: output -> input.

    Args:
        outputs: of the network that runs.
        later: the network that runs next, the same one or that of a file of its own.
        model: its settings may name the caches.
    """
    pairs = ((output_name(entry.input_name, outputs, model), entry.input_name) for entry in later.states)
    return {made: taken for made, taken in pairs if made is not None}


def _named(model: RunnableModel) -> Iterator[tuple[str, str]]:
    """Yield onnxruntime-genai's word for an input or output with the graph's name for it."""
    for side in ("inputs", "outputs"):
        facts = shape_of.decoder_facts(model).get(side)
        for key, name in facts.items() if isinstance(facts, Mapping) else ():
            if isinstance(name, str):
                yield str(key), name


def output_name(name: str, outputs: list[str], model: RunnableModel) -> str | None:
    """Return the output that becomes an input in the next run; null for one that is only read."""
    named = dict(_named(model))
    for key, pattern in named.items():
        twin = named.get(key.replace("past_", "present_", 1)) if key.startswith("past_") else None
        if twin is None or pattern.count("%d") != 1:
            continue
        number = re.fullmatch(re.escape(pattern).replace("%d", r"(\d+)"), name)
        if number is not None and (found := twin.replace("%d", number[1])) in outputs:
            return found
    for pattern, becomes in _RENAMES:
        matched = re.fullmatch(pattern, name)
        for target in becomes if matched is not None else ():
            if (found := re.sub(pattern, target, name)) in outputs:
                return found
    return None


def state(entry: ort.NodeArg, becomes: str | None, model: RunnableModel, *, is_read_only: bool = False) -> StateSpec:
    """Return what an input keeps.

    Args:
        entry: the input.
        becomes: the output that is fed to it in the next run.
        model: its settings may state what the shape leaves free.
        is_read_only: there is no next run.

    Raises:
        InvalidModelError: `onnx-input-unknown`, `onnx-type-unknown`.
    """
    is_state = becomes is not None or CROSS in entry.name or (is_read_only and entry.name.startswith("past"))
    if not is_state or not entry.shape:
        raise _unknown(f"it wants {entry.name!r}")
    shape = list(entry.shape)
    batch = 1 if len(shape) == _DEEP else 0
    shape[batch] = 1
    grows = [axis for axis, size in enumerate(shape) if not isinstance(size, int)]
    if len(shape) >= _DEEP - 1:  # heads, then tokens, then numbers of a head
        heads, tokens, inner = batch + 1, batch + 2, batch + 3
        for axis, sizes in ((heads, shape_of.num_heads(model)), (inner, shape_of.head_size(model))):
            if axis in grows and sizes is not None:
                shape[axis] = sizes
                grows.remove(axis)
        grows = grows if grows == [tokens] or not grows else [*grows, -1]
    if len(grows) > 1:
        raise _unknown(f"the sizes of {entry.name!r} are not stated: {entry.shape}")
    grow_axis = grows[0] if grows else None
    if grow_axis is not None:
        shape[grow_axis] = 0
    return StateSpec(
        input_name=entry.name, output_name=becomes, data_type=sessions.data_type(entry), shape=tuple(shape),
        grow_axis=grow_axis, batch_axis=batch,
    )  # fmt: skip


def _unknown(what: str) -> InvalidModelError:
    return InvalidModelError(
        "onnx-input-unknown",
        f"This app does not know how to run this network: {what}.",
        remedy="Choose a model exported by onnxruntime-genai or optimum.",
    )
