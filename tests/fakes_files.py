"""What was measured of an ONNX file, by hand."""

import msgspec

from advisor.evidence import Quantity, unknown
from advisor.graphs.onnx_file.model import ExternalFile, OnnxHeader, Value
from advisor.probe.file_feed import FileFeed
from advisor.probe.onnx_file.plan import FreeDimension, Inputs, OnnxFileResult


def _figure(value, unit):
    return Quantity(value=value, low=value * 0.99, high=value * 1.01, unit=unit, evidence="measured", basis="by hand")


def result(query_s=0.002, id="f1", *, batch=1, **changes):
    header = OnnxHeader(
        file_bytes=2_000_000, ir_version=10, producer="by-hand", opsets={"ai.onnx": 20},
        inputs=(Value(name="x", data_type="float32", shape=("batch", 576)),),
        outputs=(Value(name="y", data_type="float32", shape=("batch", 1)),),
        num_nodes=2, num_by_operator={"MatMul": 2}, num_parameters=500_000, weight_bytes={"float32": 2_000_000},
        external_files=(ExternalFile(name="vad.data", size_bytes=512, num_tensors=1),),
    )  # fmt: skip
    feed = FileFeed(name="x", data_type="float32", shape=(batch, 576), fill="normal", why="floats around 0")
    made = OnnxFileResult(
        id=id, created="2026-11-26T10:00:00+00:00", outcome="finished", file="/a/vad.onnx", sha256="ab" * 32,
        header=header,
        inputs=Inputs(feeds=(feed,), free=(FreeDimension(name="batch", value=batch, why="one at a time"),)),
        time_per_query=_figure(query_s, "s"), rate=_figure(batch / query_s, "queries/s"),
        peak_memory=_figure(6e7, "B"), device_memory=unknown("B", "the model ran on the processor"),
        load_time=_figure(0.05, "s"), num_batch=batch, num_measurements=40, samples=(), grade="A", reasons=(),
        num_threads=2, device="cpu", provider="CPUExecutionProvider", placement=(),
        versions={"onnxruntime": "1.32.0"}, fingerprint="here", power_source="mains", wall_s=4.0,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)
