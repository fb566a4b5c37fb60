"""Sessions of ONNX Runtime with the options this app measures with, and what it raises in our words.

A second session in the same process keeps its threads spinning and steals cores: times were seen to be 30-90 % off. Who
needs two lets them share their threads.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from advisor.errors import AdvisorError, ChildError, InvalidModelError
from advisor.runnable.model import Part, RunnableModel

CPU = "CPUExecutionProvider"
_LOG_ERRORS_ONLY = 3
_shared_threads: list[int] = []
"""[1] How many the runtime has made for all sessions. From then on it refuses sessions with threads of their own."""
_TYPES: dict[str, Any] = {
    "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64,
    "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_, "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
}  # fmt: skip


def options(num_threads: int, *, pinned: bool = False, shared: bool = False) -> ort.SessionOptions:
    """Return what every session of this app is made with.

    Args:
        num_threads: threads of one operator.
        pinned: each thread stays on a processor of its own, the calling one on the first.
        shared: it uses the threads made by `share_threads` and none of its own.
    """
    ort.disable_telemetry_events()  # on Windows no variable does (child.command.NO_TELEMETRY)
    found = ort.SessionOptions()
    shared = shared or bool(_shared_threads)
    if shared:
        found.use_per_session_threads = False
    else:
        found.intra_op_num_threads = num_threads
        found.inter_op_num_threads = 1
    found.log_severity_level = _LOG_ERRORS_ONLY
    if pinned and not shared:
        _pin(found, num_threads)
    return found


def open_session(path: Path, *, num_threads: int, shared: bool = False) -> ort.InferenceSession:
    """Load a model for the processor.

    Raises:
        AdvisorError: as `refusing`.
    """
    with refusing():
        return ort.InferenceSession(str(path), options(num_threads, shared=shared), providers=[CPU])


def graph_path(model: RunnableModel, part: Part = "model") -> Path:
    """Return the file of a part that is about to be run.

    Raises:
        InvalidModelError: `model-part-missing`; the model is of another kind.
    """
    if not model.has(part):
        raise InvalidModelError(
            "model-part-missing",
            f"{model.model_id} is a model of the kind {model.structure}; it has no {part} that could be run this way.",
            remedy="Choose a model made for this task.",
        )
    return model.path(part)


def data_type(value: ort.NodeArg) -> Any:  # noqa: ANN401 - numpy's own types have none in common
    """Return numpy's type of an input or output.

    Raises:
        InvalidModelError: `onnx-type-unknown`; numpy has none, as for bfloat16.
    """
    found = _TYPES.get(value.type)
    if found is None:
        raise InvalidModelError(
            "onnx-type-unknown",
            f"The model's {value.name!r} is of the type {value.type}, which cannot be fed here.",
            remedy="Choose another format of the model.",
        )
    return found


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Turn what the runtime raises into what the app says.

    Raises:
        InvalidModelError: `invalid_model`; the runtime refuses the graph.
        ChildError: `killed_for_memory`; the runtime could not get memory.
    """
    try:
        yield
    except AdvisorError:
        raise
    except MemoryError as error:
        raise _no_memory() from error
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        if "bad_alloc" in str(error) or "Failed to allocate" in str(error):
            raise _no_memory() from error
        raise InvalidModelError(
            "invalid_model",
            f"ONNX Runtime cannot run this model: {str(error).splitlines()[0]}",
            remedy="Choose another format of the model.",
        ) from error


def share_threads(num_threads: int, *, pinned: bool = False) -> bool:
    """Make threads that all sessions of this process share from now on; False where the runtime is too old for it.

    It makes them once: later calls find those that are there.

    Args:
        num_threads: of one operator, the calling one among them.
        pinned: each stays on a processor of its own, the calling one on the first.
    """
    make_pool = getattr(ort, "set_global_thread_pool_sizes", None)
    if make_pool is None:
        return False
    if _shared_threads:
        return True
    before = _thread_ids()
    make_pool(num_threads, 1)
    _shared_threads.append(num_threads)
    made, usable = sorted(_thread_ids() - before), _usable(num_threads)
    if pinned and usable:
        for thread, cpu in zip(made, usable[1:], strict=False):
            os.sched_setaffinity(thread, {cpu})
        os.sched_setaffinity(0, usable[:1])
    return True


def _no_memory() -> ChildError:
    return ChildError(
        "killed_for_memory",
        "ONNX Runtime could not get the memory this model needs.",
        remedy="Try a shorter context, a smaller format or a smaller model.",
    )


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


def _pin(found: ort.SessionOptions, num_threads: int) -> None:
    """Keep the calling thread on the first processor it may use and each further one on the next.

    Source:
        ONNX Runtime, "Thread management": affinities count from 1 and leave the calling thread out.
    """
    usable = _usable(num_threads)
    if not usable:
        return
    if num_threads > 1:
        others = ";".join(str(cpu + 1) for cpu in usable[1:])
        found.add_session_config_entry("session.intra_op_thread_affinities", others)
    os.sched_setaffinity(0, usable[:1])
