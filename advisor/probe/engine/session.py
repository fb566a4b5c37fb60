"""Sessions of ONNX Runtime, their inputs and what they keep from run to run. One session a process measures.

A second session in the same process keeps its threads spinning and steals cores: times were seen to be 30-90 % off. Who
needs two lets them share their threads.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from advisor.graphs.recipe import Bound, Feed
from advisor.probe.engine import providers
from advisor.probe.providers import ProviderUse, processor

_LOG_ERRORS_ONLY = 3
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
    options = ort.SessionOptions()
    if shared:
        options.use_per_session_threads = False
    else:
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_ERRORS_ONLY
    if pinned and not shared:
        _pin(options, num_threads)
    return ort.InferenceSession(graph_file, options, providers=providers.prepare(options, uses or (processor(),)))


def share_threads(num_threads: int, *, pinned: bool = False) -> bool:
    """Make threads that all sessions of this process may share; False where the runtime is too old for it.

    It must come before the first session.

    Args:
        num_threads: of one operator, the calling one among them.
        pinned: each stays on a processor of its own, the calling one on the first.
    """
    make_pool = getattr(ort, "set_global_thread_pool_sizes", None)
    if make_pool is None:
        return False
    before = _thread_ids()
    make_pool(num_threads, 1)
    made, usable = sorted(_thread_ids() - before), _usable(num_threads)
    if pinned and usable:
        for thread, cpu in zip(made, usable[1:], strict=False):
            os.sched_setaffinity(thread, {cpu})
        os.sched_setaffinity(0, usable[:1])
    return True


def _thread_ids() -> set[int]:
    """Return the numbers of this process's threads; none where the system does not list them."""
    try:
        return set(map(int, os.listdir("/proc/self/task")))  # noqa: PTH208 - numbers, no paths
    except OSError:
        return set()


def _usable(num_threads: int) -> list[int]:
    """Return a processor for each thread, or none where there are too few or the system cannot pin."""
    if not hasattr(os, "sched_setaffinity"):
        return []
    usable = sorted(os.sched_getaffinity(0))[:num_threads]
    return usable if len(usable) == num_threads else []


def _pin(options: ort.SessionOptions, num_threads: int) -> None:
    """Keep the calling thread on the first processor it may use and each further one on the next.

    Source:
        ONNX Runtime, "Thread management": affinities count from 1 and leave the calling thread out.
    """
    usable = _usable(num_threads)
    if not usable:
        return
    if num_threads > 1:
        others = ";".join(str(cpu + 1) for cpu in usable[1:])
        options.add_session_config_entry("session.intra_op_thread_affinities", others)
    os.sched_setaffinity(0, usable[:1])


def feed(wanted: Feed) -> NDArray[Any]:
    """Return the values of a fixed input."""
    kind = np.dtype(wanted.data_type)
    if wanted.fill == "ids":
        return np.random.default_rng(_SEED).integers(0, max(1, wanted.limit), wanted.shape).astype(kind)
    if wanted.fill == "normal":
        return np.random.default_rng(_SEED).standard_normal(wanted.shape, dtype=np.float32).astype(kind)
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
