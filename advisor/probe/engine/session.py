"""Sessions of ONNX Runtime, their inputs and what they keep from run to run. One session a process measures.

Their options are those of models with real weights, see `runnable.engine.session`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from advisor.graphs.recipe import Bound, Feed
from advisor.probe.engine import providers
from advisor.probe.providers import ProviderUse, processor
from advisor.runnable.engine import session as sessions

_KEPT_VALUE = 0.1
"""[1] What unread cache positions hold: finite, no denormal, and written, so that its pages are resident."""
_SEED = 0
Kept = Mapping[str, tuple[ort.OrtValue, ort.OrtValue]]
"""Name of an input -> the buffers bound as input and as output: one and the same where it is shared."""


def make(
    graph_file: str, *, num_threads: int, uses: Sequence[ProviderUse] = (), pinned: bool = False, shared: bool = False
) -> ort.InferenceSession:
    """Load a graph.

    Args:
        graph_file: path of the ONNX file.
        num_threads: threads of one operator.
        uses: execution providers, best first; the processor by default.
        pinned: each thread stays on a processor of its own, the calling one on the first.
        shared: it uses the threads made by `share_threads` and none of its own.
    """
    options = sessions.options(num_threads, pinned=pinned, shared=shared)
    return ort.InferenceSession(graph_file, options, providers=providers.prepare(options, uses or (processor(),)))


def feed(wanted: Feed) -> NDArray[Any]:
    """Return the values of a fixed input."""
    kind = np.dtype(wanted.data_type)
    if wanted.fill == "ids":
        return np.random.default_rng(_SEED).integers(0, max(1, wanted.limit), wanted.shape).astype(kind)
    if wanted.fill == "normal":
        return np.random.default_rng(_SEED).standard_normal(wanted.shape, dtype=np.float32).astype(kind)
    if wanted.fill == "positions":
        return np.broadcast_to(np.arange(wanted.shape[-1]), wanted.shape).astype(kind)
    return np.full(wanted.shape, 1 if wanted.fill == "ones" else 0, kind)


def allocate(wanted: Iterable[Bound]) -> Kept:
    """Make the buffers of caches and states."""
    found: dict[str, tuple[ort.OrtValue, ort.OrtValue]] = {}
    for entry in wanted:
        past = filled(entry.shape)
        found[entry.input_name] = (past, past if entry.shared else filled(entry.shape))
    return found


def bind(binding: ort.IOBinding, wanted: Iterable[Bound], kept: Kept) -> None:
    """Bind caches and states as inputs and outputs."""
    for entry in wanted:
        past, present = kept[entry.input_name]
        binding.bind_ortvalue_input(entry.input_name, past)
        binding.bind_ortvalue_output(entry.output_name, present)


def finite(outputs: Sequence[Any]) -> bool:
    """Tell whether outputs hold neither NaN nor infinity."""
    return all(bool(np.isfinite(output).all()) for output in outputs)


def filled(shape: tuple[int, ...]) -> ort.OrtValue:
    """Return what an unread cache holds, in that shape."""
    return ort.OrtValue.ortvalue_from_numpy(np.full(shape, _KEPT_VALUE, np.float32))
