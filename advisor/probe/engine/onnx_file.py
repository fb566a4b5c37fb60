"""The job of the child that measures an ONNX file: the same session, order and figures as for a made-up model."""

import re
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from advisor import units
from advisor.child.main import Channel, refuse_request
from advisor.errors import AdvisorError, ChildError, InvalidModelError
from advisor.probe import memory_limit
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.engine import measure as engine
from advisor.probe.engine.query import QueryRunner
from advisor.probe.file_feed import FileFeed
from advisor.probe.onnx_file.plan import FileRunRequest
from advisor.probe.sampling import Sampler

_NUM_SETS = 4
_MOST_SETS_BYTES = 64 * units.MIB
"""[B] Inputs above it are made once; smaller ones in several versions that are used by turns."""
_SENTENCES: tuple[tuple[str, str, str], ...] = (
    (
        r"Opset (?P<what>\d+) is under development",
        "needs operator set {what}, which this ONNX Runtime does not have",
        "Export it with an older operator set, or update the app.",
    ),
    (
        r"Unsupported model IR version: (?P<what>\d+)",
        "is written in version {what} of the ONNX format, which this ONNX Runtime cannot read",
        "Export it with an older ONNX, or update the app.",
    ),
    (
        r"(?P<what>[\w.:]+)\(-?\d+\) is not a registered function|No Op registered for (?P<also>\w+)",
        "needs the operator {what}, which ONNX Runtime does not have",
        "Export the model without custom operators.",
    ),
    (
        r"Could not find an implementation for (?P<what>[\w.]+\(?\d*\)?)",
        "needs the operator {what} in a form that no execution provider here has",
        "Export the model with other number types, or choose another provider.",
    ),
    (
        r"Non-zero status code returned while running (?P<what>\w+) node",
        "stopped in an operator {what} with the inputs that were made for it",
        "Set the sizes of its inputs with --shape or --dim.",
    ),
    (
        r"Got invalid dimensions for input: (?P<what>\S+)",
        "does not take the shape that was made for its input {what}",
        "Set its shape with --shape.",
    ),
)
"""What the runtime says, what it means, what helps."""
_PREAMBLE = re.compile(
    r"^(.*Status Message: |\[ONNXRuntimeError\] : \d+ : \w+ : (Load model from .* failed:)?(/onnxruntime_src/.*\) )?)"
)
"""Where in its own source the runtime noticed it: of no use to a reader."""


def measure(request: bytes, channel: Channel) -> bytes:
    """Measure a file. Job `onnx-file-run`: `FileRunRequest` to `DepthReport`, both as JSON.

    Raises:
        InvalidModelError: the request does not validate, or the runtime refuses the file.
        ChildError: `killed_for_memory`; the runtime could not get memory.
    """
    try:
        wanted = msgspec.json.decode(request, type=FileRunRequest)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    memory_limit.limit_memory(wanted.memory_limit_bytes, num_threads=wanted.depth.num_threads)
    sampler = Sampler(channel.sample, num_threads=wanted.depth.num_threads, started_s=engine.started_s)
    sampler.start()
    try:
        return msgspec.json.encode(_measure(wanted, channel, sampler))
    except AdvisorError:
        raise
    except MemoryError as error:
        raise _no_memory(wanted) from error
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        if re.search(r"bad_alloc|[Ff]ailed to allocate|out of memory", str(error)):
            raise _no_memory(wanted) from error
        raise _refusal(str(error)) from error
    finally:
        sampler.stop()


def _measure(wanted: FileRunRequest, channel: Channel, sampler: Sampler) -> DepthReport:
    def make(depth: DepthRequest, reader: Sampler) -> QueryRunner:
        return FileRunner(depth, reader, wanted.feeds)

    return engine.take(make, wanted.depth, channel, sampler)


class FileRunner(QueryRunner):
    """Runs a file again and again with inputs made for it, several versions of them by turns."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler, feeds: tuple[FileFeed, ...]) -> None:
        """Load the file and make its inputs."""
        super().__init__(wanted, sampler)
        generator = np.random.default_rng(0)
        self._sets = [{feed.name: values(feed, generator) for feed in feeds}]
        size_bytes = sum(array.nbytes for array in self._sets[0].values())
        if size_bytes <= _MOST_SETS_BYTES // _NUM_SETS:
            self._sets += [{feed.name: values(feed, generator) for feed in feeds} for _ in range(_NUM_SETS - 1)]
        self._turn = 0

    @override
    def outputs_finite(self) -> bool:
        """Tell whether the last outputs hold neither NaN nor infinity; lists, tables and texts are not looked at."""
        return all(_finite(output) for output in self._outputs)

    @override
    def _query(self) -> None:
        self._turn = (self._turn + 1) % len(self._sets)
        self._outputs = self._session.run(None, self._sets[self._turn])


def values(feed: FileFeed, generator: np.random.Generator) -> NDArray[Any]:
    """Return the values of one input.

    Args:
        feed: its type, shape and kind of values.
        generator: source of what is drawn.
    """
    shape = feed.shape
    match feed.fill:
        case "ids":
            drawn: NDArray[Any] = generator.integers(0, max(1, feed.limit), shape)
        case "bytes":
            drawn = generator.integers(0, 256, shape)
        case "pixels":
            drawn = generator.random(shape, dtype=np.float32)
        case "normal":
            drawn = generator.standard_normal(shape, dtype=np.float32)
        case "positions":
            drawn = np.broadcast_to(np.arange(shape[-1] if shape else 1), shape)
        case "empty":
            return np.full(shape, "", dtype=object)
        case _:
            number = {"ones": 1, "zeros": 0}.get(feed.fill, feed.limit)
            drawn = np.full(shape, number)
    return np.ascontiguousarray(drawn, dtype=feed.data_type).reshape(shape)


def _finite(output: object) -> bool:
    if not isinstance(output, np.ndarray) or output.dtype.kind != "f":
        return True
    return bool(np.isfinite(output).all())


def _refusal(text: str) -> InvalidModelError:
    line = _PREAMBLE.sub("", text.splitlines()[0]).strip().rstrip(".") + "."
    for pattern, meaning, remedy in _SENTENCES:
        found = next(reversed(list(re.finditer(pattern, text))), None)  # the innermost: a branch inside a branch
        if found is not None:
            what = next((part for part in found.groupdict().values() if part), "")
            return InvalidModelError(
                "onnx-file-refused", f"This file {meaning.format(what=what)}. ONNX Runtime says: {line}", remedy=remedy
            )
    return InvalidModelError(
        "onnx-file-refused", f"ONNX Runtime cannot run this file: {line}", remedy="Export the model again."
    )


def _no_memory(wanted: FileRunRequest) -> ChildError:
    return ChildError(
        "killed_for_memory",
        f"The file needs more memory than the {units.size(wanted.memory_limit_bytes)} the probe may use.",
        remedy="Set smaller sizes with --shape or --dim, or free some memory.",
    )
