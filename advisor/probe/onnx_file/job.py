"""The child that reads an ONNX file, makes its inputs, has it measured by a child of its own and adds it all up.

The file may be hostile, so it is read here and never in the app's process; and run one process further down, so that
neither a crash nor the reading disturbs what is measured.
"""

import hashlib
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from advisor import __version__, paths, units
from advisor.child import runner
from advisor.child.main import Channel, refuse_request
from advisor.child.protocol import Hello, LogRecord, Message, Outcome, Progress, Sample, Stage
from advisor.errors import AdvisorError, ChildError, InvalidInputError, InvalidModelError
from advisor.graphs.onnx_file import read
from advisor.graphs.onnx_file.model import OnnxHeader
from advisor.probe import energy_stage, launches, lock, memory_limit
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.energy_stage import EnergyOutcome, asked_s
from advisor.probe.launches import Depth
from advisor.probe.onnx_file import combine, inputs
from advisor.probe.onnx_file.plan import FileRunRequest, Inputs, OnnxFilePlan, OnnxFileResult
from advisor.probe.schedule import PILOT, Count

JOB_RUN = "onnx-file-run"
_LEAST_LIMIT_WALLS = 3.0
"""[1] A later launch is given up when it takes this many times the first one."""
_STAGE_WORDS: dict[Stage, str] = {
    "prepare": "while it was read", "load": "while it was loaded", "warm-up": "during its first runs",
    "measure": "while it was measured", "cool": "at the end",
}  # fmt: skip


def probe(request: bytes, channel: Channel) -> bytes:
    """Measure a file. Job `onnx-file`: `OnnxFilePlan` to `OnnxFileResult`, both as JSON.

    Raises:
        InvalidModelError: the plan does not validate, the file cannot be read, is unsafe or cannot be run, or the
            user's shapes do not fit it.
        ChildError: another probe runs, or the measuring child did not deliver.
    """
    started_s = time.monotonic()
    try:
        plan = msgspec.json.decode(request, type=OnnxFilePlan)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    channel.progress("prepare", 0.0, detail="reading the file")
    file = Path(plan.file).absolute()
    header = _header(plan, file)
    _runnable(header, file)
    made = _inputs(plan, header, file)
    with lock.hold(paths.work_folder()):
        run = _Run(plan, file, channel, started_s)
        return msgspec.json.encode(run.result(header, made))


def _header(plan: OnnxFilePlan, file: Path) -> OnnxHeader:
    """Read the file under a limit of memory: a graph of very many parts takes a hundred times its own size."""
    memory_limit.limit_memory(plan.memory_box_bytes, num_threads=0)
    try:
        return read.read(file)
    except MemoryError as error:
        raise ChildError(
            "killed_for_memory",
            f"{file.name} needed more memory than the {units.size(plan.memory_box_bytes)} it may use "
            f"{_STAGE_WORDS['prepare']} and was given up.",
            remedy="Free some memory, or export the model again with fewer nodes.",
        ) from error


def _inputs(plan: OnnxFilePlan, header: OnnxHeader, file: Path) -> Inputs:
    try:
        return inputs.make(
            header, file.name, shapes=plan.shapes, dimensions=plan.dimensions, memory_box_bytes=plan.memory_box_bytes
        )
    except InvalidInputError as error:  # sizes that do not fit the file: to the app, what was asked cannot be run
        raise InvalidModelError(error.code, error.message, remedy=error.remedy) from error


def _runnable(header: OnnxHeader, file: Path) -> None:
    if header.custom_operators:
        raise InvalidModelError(
            "onnx-custom-operators",
            f"{file.name} uses operators that ONNX Runtime does not have: {', '.join(header.custom_operators)}.",
            remedy="Export the model without custom operators; the app loads no libraries that come with a model.",
        )


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InvalidModelError(
            "onnx-file-unreadable",
            f"{file.name} was there when it was measured and cannot be read any more: {error.strerror or error}.",
            remedy="Leave the file in its place until the measurement has ended.",
        ) from error


class _Run:
    """One measurement of a file."""

    def __init__(self, plan: OnnxFilePlan, file: Path, channel: Channel, started_s: float) -> None:
        self._plan = plan
        self._file = file
        self._channel = channel
        self._started_s = started_s
        self._stage: Stage = "load"
        self._num_done, self._told = 0, 0.0
        self._samples: list[Sample] = []
        self._versions = {"model-fit-advisor": __version__}

    def result(self, header: OnnxHeader, made: Inputs) -> OnnxFileResult:
        """Measure and add up."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        begin_s = time.monotonic()
        reports = [self._launch(made, None, self._plan.time_limit_s)]
        wall_s = time.monotonic() - begin_s
        for number in range(1, launches.MAX_PASSES):
            left_s = self._plan.time_box_s - (time.monotonic() - begin_s)
            settled = number >= launches.NUM_PASSES and not launches.disagree((Depth(reports=tuple(reports)),))
            if settled or not launches.worth_it(wall_s, reports[0].measured_s, left_s):
                break
            count = launches.left(reports[0]) if number < launches.NUM_PASSES else PILOT
            try:
                reports.append(self._launch(made, count, max(left_s, _LEAST_LIMIT_WALLS * wall_s)))
            except ChildError as error:
                if error.code != "timed_out":
                    raise
                break  # what earlier starts measured stands
        energy = self._energy(made, reports)
        self._channel.progress("cool", self._told)
        sha256 = _sha256(self._file)  # after the runs: reading it before would warm the system's cache for them
        self._channel.progress("cool", 1.0)
        return combine.result(
            self._plan, header, made, Depth(reports=tuple(reports)),
            combine.Account(
                id=uuid.uuid4().hex, created=created, wall_s=time.monotonic() - self._started_s, sha256=sha256,
                samples=tuple(self._samples), versions={**self._versions, "onnxruntime": reports[0].runtime_version},
                energy=energy,
            ),
        )  # fmt: skip

    def _launch(self, made: Inputs, count: Count | None, limit_s: float) -> DepthReport:
        """Measure the file once in a process and session of its own."""
        offset_s = time.monotonic() - self._started_s
        outcome = runner.run(
            JOB_RUN, msgspec.json.encode(self._request(made, count)), timeout_s=limit_s,
            on_message=lambda message: self._relay(message, offset_s),
            memory_limit_bytes=self._plan.memory_box_bytes,
        )  # fmt: skip
        if outcome.code != "finished" or outcome.result is None:
            raise self._failure(outcome, made)
        self._num_done += 1
        return msgspec.json.decode(outcome.result, type=DepthReport)

    def _energy(self, made: Inputs, reports: Sequence[DepthReport]) -> EnergyOutcome:
        """Measure the energy where a meter can be read; a failure costs the figure, no more."""
        settings, box = self._plan.energy, self._plan.memory_box_bytes
        card = energy_stage.card(self._plan.providers)
        meters = energy_stage.survey(settings, card=card)
        why_not = energy_stage.why_not(settings, meters, on_card=card is not None)
        if why_not or settings is None:
            return EnergyOutcome(meters=meters, why_not=why_not)
        depth = msgspec.structs.replace(self._request(made, None).depth, time_left_s=None)
        asked = energy_stage.request(settings, 0, depth, reports, feeds=made.feeds)
        offset_s = time.monotonic() - self._started_s
        outcome = runner.run(
            energy_stage.JOB, msgspec.json.encode(asked), timeout_s=self._plan.time_limit_s + asked_s(settings),
            on_message=lambda message: self._relay(message, offset_s), memory_limit_bytes=box,
        )  # fmt: skip
        return energy_stage.outcome(outcome, meters)

    def _request(self, made: Inputs, count: Count | None) -> FileRunRequest:
        plan = self._plan
        budget_s = plan.time_box_s / launches.NUM_PASSES
        depth = DepthRequest(
            runner="query", graph_files=(str(self._file),), num_layers=1, vocab_size=1, num_input_tokens=0,
            num_output_tokens=0, num_threads=plan.num_threads, pinned=plan.pinned, budget_s=budget_s,
            time_left_s=budget_s, count=count, pilot_share=1 / launches.NUM_PASSES,
            providers=plan.providers, remove_when_loaded=False,
        )  # fmt: skip
        return FileRunRequest(depth=depth, feeds=made.feeds, memory_limit_bytes=plan.memory_box_bytes)

    def _relay(self, message: Message, offset_s: float) -> None:
        if isinstance(message, Hello):
            self._versions |= message.versions
        elif isinstance(message, Sample):
            moved = msgspec.structs.replace(message, t_s=message.t_s + offset_s)
            self._samples.append(moved)
            self._channel.sample(moved)
        elif isinstance(message, Progress):
            self._stage = message.stage
            # A third launch makes the work more than it looked at first: what was told is never taken back.
            done_share = (self._num_done + message.done_share) / max(launches.NUM_PASSES, self._num_done + 1)
            self._told = max(self._told, done_share)
            self._channel.progress(message.stage, self._told, remaining_s=message.remaining_s)
        elif isinstance(message, LogRecord):
            self._channel.send(message)

    def _failure(self, outcome: Outcome, made: Inputs) -> AdvisorError:
        """Return the error for a measuring child that did not deliver; it names the file and when it happened."""
        name, when = self._file.name, _STAGE_WORDS[self._stage]
        chosen = ", ".join(f"{item.name}={item.value}" for item in made.free)
        sizes = f" Sizes that were chosen: {chosen}." if chosen and self._stage != "load" else ""
        remedy = f"{outcome.remedy}{sizes}".strip()
        if outcome.code == "timed_out":
            limit = units.duration(self._plan.time_limit_s)
            return ChildError(
                "timed_out",
                f"{name} did not answer within {limit} {when} and was stopped.",
                remedy=f"Set smaller sizes with --shape or --dim, or allow more with --time-limit.{sizes}",
            )
        if outcome.code == "killed_for_memory":
            box = units.size(self._plan.memory_box_bytes)
            return ChildError(
                "killed_for_memory",
                f"{name} needed more memory than the {box} it may use {when} and was stopped.",
                remedy=f"Set smaller sizes with --shape or --dim, or free some memory.{sizes}",
            )
        if outcome.code == "invalid_model":
            return InvalidModelError("onnx-file-refused", outcome.message.replace("This file", name), remedy=remedy)
        return ChildError(outcome.code, f"{name} could not be measured ({when}): {outcome.message}", remedy=remedy)
