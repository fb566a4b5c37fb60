"""Times single kernels of ONNX Runtime, one session after the other. Job of a measuring child."""

import gc
import itertools
import os
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime as ort

from advisor.child.main import Channel, refuse_request
from advisor.errors import ChildError
from advisor.graphs.kernel_case import GraphLoad, KernelRun, KernelTime, KernelWork
from advisor.probe.engine import session
from advisor.probe.kernels import KernelGraph, KernelReport, KernelRequest
from advisor.probe.sampling import Sampler
from advisor.units import MIB

_WARM_RUNS = 3
_BLOCKS = 9
_LEAST_BLOCKS = 3
_RETRIES = 2
_SCATTER = 1.1
"""[1] Upper over lower quarter of the blocks, above which a size is measured again and the quicker median counts: what
disturbs a kernel can only slow it down."""
_COPIES = 9
_LATE_S = 18.0
"""[s] From then on sizes are measured with as few runs as will do: a slow or busy computer gets wider ranges instead of
a longer wait."""
_READ_BYTES = 4 * MIB
_CONTROL_EVERY = 6
"""Graphs between two looks at the control."""
_CONTROL_ELEMENTS = 384
_CONTROL_REPEATS = 20
_clock = time.perf_counter
_started_s = _clock()


def measure(request: bytes, channel: Channel) -> bytes:
    """Measure kernels. Job `calibrate-kernels`: `KernelRequest` to `KernelReport`, both as JSON.

    Raises:
        InvalidModelError: the request does not validate.
        ChildError: `failed`; the runtime refuses a kernel or gets no memory.
    """
    try:
        wanted = msgspec.json.decode(request, type=KernelRequest)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    sampler = Sampler(channel.sample, num_threads=wanted.num_threads, started_s=_started_s)
    sampler.start()
    try:
        return msgspec.json.encode(_measure(wanted, channel, sampler))
    except MemoryError as error:
        raise _refused("it could not get the memory for it") from error
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        raise _refused(str(error).splitlines()[0]) from error
    finally:
        sampler.stop()


def _measure(wanted: KernelRequest, channel: Channel, sampler: Sampler) -> KernelReport:
    times: list[KernelTime] = []
    loads: list[GraphLoad] = []
    control_s: list[float] = []
    control = _control()
    gc.disable()  # a collection in the middle of a kernel is not part of it
    sampler.begin_measuring()
    copies = _copies(wanted)
    disk = _disk_bytes_per_s(next((graph for graph in wanted.graphs if graph.load_family), None))
    for place, graph in enumerate(wanted.graphs):
        told = f"measuring kernel {place + 1} of {len(wanted.graphs)}"
        channel.progress("measure", place / len(wanted.graphs), detail=told)
        if place % _CONTROL_EVERY == 0:
            control_s.append(control())
        loads.extend(_run_graph(graph, wanted, times))
        gc.collect()
    control_s.append(control())
    system = sampler.end_measuring()
    return KernelReport(
        times=tuple(times), loads=tuple(loads), copy_bytes_per_s=statistics.median(copies),
        copy_low_bytes_per_s=_quarter(copies, 0), copy_high_bytes_per_s=_quarter(copies, 2),
        disk_bytes_per_s=disk, system=system,
        control_s=tuple(control_s), runtime_version=ort.__version__,
        peak_rss_bytes=sampler.system.peak_rss_bytes()[0],
    )  # fmt: skip


def _run_graph(graph: KernelGraph, wanted: KernelRequest, times: list[KernelTime]) -> list[GraphLoad]:
    """Time all sizes of one graph. Its session lives in here only: a second one would keep its threads spinning."""
    file = Path(graph.file)
    weights = file.with_name(file.name + ".data")
    size = weights.stat().st_size if weights.exists() else 0
    begin_s = _clock()
    made = session.make(graph.file, num_threads=wanted.num_threads)
    load_s = _clock() - begin_s
    times.extend(_run(made, run, _share_s(wanted)) for run in graph.runs)
    return [GraphLoad(family=graph.load_family, file_bytes=size, load_s=load_s)] if graph.load_family else []


def _disk_bytes_per_s(graph: KernelGraph | None) -> float | None:
    """Return how fast a graph's weights come from disk; null where the system cannot be asked to forget them."""
    weights = Path(graph.file + ".data") if graph is not None else None
    if weights is None or not weights.exists() or not hasattr(os, "posix_fadvise"):
        return None
    with weights.open("rb", buffering=0) as file:
        os.fsync(file.fileno())  # what is not written yet cannot be forgotten
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        begin_s, size = _clock(), 0
        while part := file.read(_READ_BYTES):
            size += len(part)
        return size / max(_clock() - begin_s, 1e-9)


def _share_s(wanted: KernelRequest) -> float:
    return wanted.run_s if _clock() - _started_s < _LATE_S else 0.0


def _run(made: ort.InferenceSession, run: KernelRun, run_s: float) -> KernelTime:
    binding = made.io_binding()
    for feed in run.feeds:
        binding.bind_cpu_input(feed.name, session.feed(feed))
    session.bind(binding, run.bound, session.allocate(run.bound))
    kept = {entry.output_name for entry in run.bound}
    for output in made.get_outputs():
        if output.name not in kept:
            binding.bind_output(output.name, "cpu")
    return _timed(lambda: made.run_with_iobinding(binding), run.work, run_s)


def _timed(work: Callable[[], None], told: KernelWork, run_s: float) -> KernelTime:
    """Time blocks of runs and return their median; a slow kernel is run fewer times, never fewer than three."""
    warm = [_once(work) for _ in range(_WARM_RUNS if run_s else 1)]
    each_s = max(1e-9, min(warm))
    blocks = max(_LEAST_BLOCKS, min(_BLOCKS, int(run_s / each_s)))
    repeats = max(1, int(run_s / blocks / each_s))
    found = [_once(work, repeats) for _ in range(blocks)]
    for _ in range(_RETRIES if run_s else 0):
        if _quarter(found, 2) < _SCATTER * _quarter(found, 0):
            break
        found = min(found, [_once(work, repeats) for _ in range(blocks)], key=statistics.median)
    return KernelTime(
        work=told, median_s=statistics.median(found), low_s=_quarter(found, 0), high_s=_quarter(found, 2),
        num_blocks=blocks,
    )  # fmt: skip


def _once(work: Callable[[], object], repeats: int = 1) -> float:
    begin_s = _clock()
    for _ in range(repeats):
        work()
    return (_clock() - begin_s) / repeats


def _copies(wanted: KernelRequest) -> list[float]:
    """Return the bytes read and written a second, once a round, by all threads together."""
    source = np.ones(wanted.copy_bytes, np.uint8)
    target = np.empty_like(source)
    edges = [wanted.copy_bytes * place // wanted.num_threads for place in range(wanted.num_threads + 1)]

    def round_s() -> float:
        threads = [
            threading.Thread(target=np.copyto, args=(target[begin:end], source[begin:end]))
            for begin, end in itertools.pairwise(edges)
        ]
        begin_s = _clock()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return _clock() - begin_s

    round_s()  # the pages of the target are got from the system the first time
    return [2 * wanted.copy_bytes / round_s() for _ in range(_COPIES)]


def _control() -> Callable[[], float]:
    """Return a fixed piece of arithmetic that says how fast the processor is just now."""
    values = np.random.default_rng(0).standard_normal((_CONTROL_ELEMENTS, _CONTROL_ELEMENTS), dtype=np.float32)

    def look() -> float:
        return statistics.median(_once(lambda: np.sort(values, axis=0)) for _ in range(_CONTROL_REPEATS))

    return look


def _quarter(values: list[float], which: int) -> float:
    return statistics.quantiles(values, n=4, method="inclusive")[which]


def _refused(why: str) -> ChildError:
    return ChildError(
        "failed", f"ONNX Runtime cannot run a test kernel: {why}.", remedy="Close other programs and try again."
    )
