"""The calibration's coordinating child: writes the graphs of all kernels, has a child of its own measure them.

Building and measuring are two processes, so that a runtime that aborts cannot take the sentence about it with it.
"""

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from advisor import paths
from advisor.child import runner
from advisor.child.main import Channel, refuse_request
from advisor.child.protocol import LogRecord, Message, Progress, Sample
from advisor.errors import ChildError, OutputError
from advisor.graphs import kernel_case, kernel_plan
from advisor.graphs.kernel_case import Calibration, KernelCase, Matrices
from advisor.probe import lock, stats
from advisor.probe.calibration_plan import MEMORY_LIMIT_BYTES, TIME_LIMIT_S, CalibrationRequest
from advisor.probe.calibration_plan import request as request
from advisor.probe.kernels import KernelGraph, KernelReport, KernelRequest
from advisor.units import MIB

JOB_KERNELS = "calibrate-kernels"
_RUN_S = 0.12
_QUICK_RUN_S = 0.002
_COPY_BYTES = 128 * MIB
_QUICK_COPY_BYTES = 4 * MIB
_BUILD_SHARE = 0.15
"""[1] Of the progress bar."""


def calibrate(request: bytes, channel: Channel) -> bytes:
    """Calibrate this computer. Job `calibrate`: `CalibrationRequest` to `Calibration`, both as JSON.

    Raises:
        InvalidModelError: the request does not validate.
        ChildError: a probe runs, or the measuring child did not deliver.
        OutputError: `disk-full`, `path-not-writable`.
    """
    started_s = time.monotonic()
    try:
        wanted = msgspec.json.decode(request, type=CalibrationRequest)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    with lock.hold(paths.work_folder()), _folder(Path(wanted.graph_folder), channel) as folder:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        report = _measured(wanted, _build(wanted, folder, channel), channel)
        found = _calibration(wanted, report, created, time.monotonic() - started_s)
    return msgspec.json.encode(found)


def _build(wanted: CalibrationRequest, folder: Path, channel: Channel) -> tuple[KernelGraph, ...]:
    from advisor.graphs import kernels  # onnx: needed here only

    cases = kernel_plan.cases(wanted.caches, wanted.num_threads, quick=wanted.quick)
    loaded = {family: place for place, case in enumerate(cases) if (family := _load_family(case)) is not None}
    found = []
    for place, case in enumerate(cases):
        channel.progress(
            "prepare", _BUILD_SHARE * place / len(cases), detail=f"preparing kernel {place + 1} of {len(cases)}"
        )
        path = folder / f"{place}-{case.name}.onnx"
        kernels.build(case, path)
        family = _load_family(case)
        tells = family is not None and loaded[family] == place
        found.append(KernelGraph(file=str(path), runs=case.runs(), load_family=family if tells else None))
    return tuple(found)


def _load_family(case: KernelCase) -> kernel_case.MatrixFamily | None:
    """Return the family whose loading a graph can tell of; of several the last one does, with the largest matrices."""
    return case.family if isinstance(case, Matrices) and case.level == "memory" else None


def _measured(wanted: CalibrationRequest, graphs: tuple[KernelGraph, ...], channel: Channel) -> KernelReport:
    def relay(message: Message) -> None:
        if isinstance(message, Progress):
            share = _BUILD_SHARE + (1 - _BUILD_SHARE) * message.done_share
            channel.progress(message.stage, share, detail=message.detail)
        elif isinstance(message, Sample | LogRecord):
            channel.send(message)

    asked = KernelRequest(
        graphs=graphs, num_threads=wanted.num_threads, run_s=_QUICK_RUN_S if wanted.quick else _RUN_S,
        copy_bytes=_QUICK_COPY_BYTES if wanted.quick else _COPY_BYTES,
    )  # fmt: skip
    outcome = runner.run(
        JOB_KERNELS, msgspec.json.encode(asked), on_message=relay, timeout_s=TIME_LIMIT_S,
        memory_limit_bytes=MEMORY_LIMIT_BYTES,
    )  # fmt: skip
    if outcome.code != "finished" or outcome.result is None:
        raise ChildError(outcome.code, outcome.message, remedy=outcome.remedy)
    return msgspec.json.decode(outcome.result, type=KernelReport)


def _calibration(wanted: CalibrationRequest, report: KernelReport, created: str, wall_s: float) -> Calibration:
    reasons = stats.reasons(report.system, report.control_s, num_threads=wanted.num_threads)
    # Copying and loading leave threads idle: their own time says nothing of disturbance here.
    reasons = tuple(reason for reason in reasons if reason.code not in {"cpu-time", "few-blocks"})
    return Calibration(
        created=created, fingerprint=wanted.fingerprint, runtime_version=report.runtime_version,
        power_source=wanted.power_source, num_threads=wanted.num_threads, l2_bytes=wanted.caches.l2_bytes,
        last_level_cache_bytes=wanted.caches.last_bytes(wanted.num_threads), times=report.times, loads=report.loads,
        copy_bytes_per_s=report.copy_bytes_per_s, copy_low_bytes_per_s=report.copy_low_bytes_per_s,
        copy_high_bytes_per_s=report.copy_high_bytes_per_s, disk_bytes_per_s=report.disk_bytes_per_s,
        grade=stats.grade(reasons),
        reasons=tuple(reason.text for reason in reasons), peak_rss_bytes=report.peak_rss_bytes, wall_s=wall_s,
    )  # fmt: skip


@contextlib.contextmanager
def _folder(root: Path, channel: Channel) -> Iterator[Path]:
    """Make the folder of the graphs; remove it and what a crashed calibration left, which the lock makes safe."""
    try:
        shutil.rmtree(root, ignore_errors=True)
        folder = root / uuid.uuid4().hex
        folder.mkdir(parents=True)
    except OSError as error:
        raise OutputError(
            "path-not-writable",
            f"The test kernels cannot be written to {root}: {error.strerror or error}.",
            remedy="Change the folder's permissions or free some space.",
            path=str(root),
        ) from error
    channel.on_cancel(lambda: shutil.rmtree(root, ignore_errors=True))
    try:
        yield folder
    finally:
        shutil.rmtree(root, ignore_errors=True)
