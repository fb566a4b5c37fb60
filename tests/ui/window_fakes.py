"""Written fakes of what controllers are given, and recommendations of any length from real rows."""

import fakes_report
import msgspec
import numpy as np
from PySide6.QtCore import QObject, Signal

from advisor.evidence import Quantity, unknown
from advisor.ui.store import Snapshot

FORMATS = ("onnx-int4-b32", "onnx-int8-dynamic", "onnx-fp32", "gguf-q4_k_m")


class NowRun:
    """A worker that has finished before it returns."""

    def __init__(self):
        self.num_calls = 0

    def __call__(self, function, /, *, returned, failed):
        self.num_calls += 1
        try:
            value = function()
        except Exception as error:  # noqa: BLE001 - handed on, as the real worker does
            failed(error)
        else:
            returned(value)


class LaterRun:
    """A worker that finishes when the test says so, in the order the test says."""

    def __init__(self):
        self.calls = []

    def __call__(self, function, /, *, returned, failed):
        self.calls.append((function, returned, failed))

    def finish(self, place=0):
        function, returned, failed = self.calls.pop(place)
        try:
            value = function()
        except Exception as error:  # noqa: BLE001 - handed on, as the real worker does
            failed(error)
        else:
            returned(value)


class FakeChild(QObject):
    """A child that says what the test tells it to say."""

    message = Signal(object)
    ended = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.started = None
        self.num_stops = 0

    def start(self, job, request, *, timeout_s, memory_limit_bytes):
        self.started = (job, request, timeout_s, memory_limit_bytes)

    def stop(self):
        self.num_stops += 1

    def close(self):
        self.num_stops += 1


class FakeRows:
    """A recommendation of `num_rows` candidates with ties, gaps, rows that do not fit and rows that miss a need."""

    def __init__(self, num_rows=40, *, task=None, seed=7):
        self.random = np.random.default_rng(seed)
        self.num_rows = num_rows
        rate = np.round(self.random.uniform(1, 40, num_rows))
        rate[self.random.uniform(size=num_rows) < 0.1] = np.nan
        memory = self.random.uniform(0.1, 20, num_rows)
        usable = memory < 11
        rank = np.where(usable, np.cumsum(usable), np.nan)
        self.columns = {
            "model": np.array([f"maker{i % 5}/model-{i % 97}" for i in range(num_rows)]),
            "format": np.array([FORMATS[i % 4] for i in range(num_rows)]),
            "approach": np.array(["embedder-head" if i % 3 else "generate" for i in range(num_rows)]),
            "memory": memory, "rate": rate, "rank": rank, "energy": 10 / np.where(np.isnan(rate), 1, rate),
        }  # fmt: skip
        self.order = np.concatenate([np.flatnonzero(usable), np.flatnonzero(~usable)])
        self.num_built = 0
        base = fakes_report.recommendation().summary
        pick = msgspec.structs.replace(base.pick, index=int(self.order[0]))
        self.summary = msgspec.structs.replace(base, pick=pick, task=task or base.task, num_candidates=num_rows)

    @property
    def pick(self):
        return self.summary.pick

    def __len__(self):
        return self.num_rows

    def column(self, name):
        return self.columns[name]

    def row(self, index):
        self.num_built += 1
        value = {name: column[index] for name, column in self.columns.items()}
        rank = None if np.isnan(value["rank"]) else int(value["rank"])
        made = fakes_report.row(index, str(value["model"]), str(value["format"]), gib=float(value["memory"]), rank=rank)
        rate = (
            unknown("queries/s", "no figure")
            if np.isnan(value["rate"])
            else Quantity(value=float(value["rate"]), unit="queries/s", evidence="estimated", basis="by hand")
        )
        estimate = msgspec.structs.replace(made.estimate, rate=rate)
        return msgspec.structs.replace(made, estimate=estimate, approach=str(value["approach"]))


def full_snapshot(num_rows=40):
    """Return a snapshot in which every page has something to show."""
    from advisor.task import describe, presets
    from advisor.ui.store import ArchiveState, MachineState, ProbeState, ResultState, SavedReport, TaskState

    text = "sort 500 support emails a day into 6 topics, German and Hindi, on my laptop battery"
    description = describe.describe(text)
    rows = FakeRows(num_rows)
    profile, result = fakes_report.profile(), fakes_report.probe()
    first, second = (rows.row(int(index)) for index in rows.order[:2])
    return Snapshot(
        machine=MachineState(base=profile, profile=profile, overrides=(("memory.total_bytes", "16 GiB"),)),
        job=TaskState(
            text=text, description=description, task=description.task, workload=presets.workload(description.task)
        ),
        results=ResultState(
            recommendation=rows,
            selected=int(rows.order[0]),
            pinned=tuple((row.model, row.format, row.approach) for row in (first, second)),
        ),
        probe=ProbeState(target=first, result=result, outcome=outcome_of(result), samples=result.samples),
        models=models_state(),
        archive=ArchiveState(
            probes=(result,), reports=(SavedReport(id=1, created="2026-11-23T12:00:00Z", title="Sort support emails"),)
        ),
    )


def models_state():
    """Return the page Models with a model of a hub looked into, its download planned, and models that are here."""
    from advisor.ui import models_state as state

    cells = ("acme/a-model-with-a-long-name-v2", "text-generation", "apache-2.0", "1.24 B", "2.3 GiB", "1,234", "open")
    found = state.FoundModel(id=cells[0], cells=cells, keys=cells)
    figure = state.ModelFigure(
        name="Memory, peak", value="1,007 MiB (847 MiB to 1.1 GiB)", basis="estimated: " + "x " * 60
    )
    build = state.Build(name="quantized", kind="onnx", label="ready-made ONNX, quantized (2.2 MiB)")
    chosen = state.ModelView(
        name=cells[0], sentence="llama, 1.24 B parameters, 2.3 GiB of weights as BF16 in 2 files.", own=object(),
        verdict="tight", verdict_sentence="Tight: needs about 9.1 GiB (8.5 to 10.2), 10 GiB free.", figures=(figure,),
        types=(("BF16", "146", "1,235,814,400", "2,471,628,800", "2.3 GiB"),), notes=("Licence: apache-2.0.",),
        hub_id=cells[0], revision="main", builds=(build,),
        ready_made=("onnx-community/a-model-with-a-long-name-v2-ONNX",),
    )  # fmt: skip
    plan = state.WorkPlan(
        facts=(("Model", f"{cells[0]} from huggingface.co"), ("Goes into", "/home/me/models--acme--model")),
        files=(("model.safetensors", "2.3 GiB", "no"),), verdict="tight", verdict_sentence="Tight: 9.1 of 10 GiB.",
    )  # fmt: skip
    row = state.HereRow(
        kind="yours", key="mine", name="mine", what="your model", size="1 GiB", size_bytes=2**30, where="/home/me/mine",
        path="/home/me/mine", removal="mine is taken off your list.",
    )  # fmt: skip
    return state.ModelsState(
        chosen=chosen, hub=state.HubState(host="huggingface.co", found=(found,), searched=True, sentence="1 model."),
        download=state.WorkState(phase="planned", name=cells[0], plan=plan),
        convert=state.ConvertState(phase="planned", name=cells[0], plan=plan), here=state.HereState(rows=(row,)),
    )  # fmt: skip


def outcome_of(result):
    from advisor.child.protocol import Outcome

    return Outcome(code="finished", result=msgspec.Raw(msgspec.json.encode(result)))
