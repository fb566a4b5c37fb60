"""ONNX files measured for real, good and bad: each bad one ends in a sentence, and the app lives on."""

import msgspec
import onnx
import onnx_files
import pytest
from onnx import TensorProto, helper, numpy_helper

from advisor import paths
from advisor.child import runner
from advisor.child.protocol import Progress
from advisor.probe import lock
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.file_feed import FileFeed
from advisor.probe.onnx_file import ending, job
from advisor.probe.onnx_file.plan import FileRunRequest, OnnxFilePlan, OnnxFileResult
from advisor.probe.providers import ProviderUse, processor
from advisor.units import GIB, MIB

INT64 = TensorProto.INT64


def probe(file, **changes):
    fields = {"num_threads": 1, "memory_box_bytes": GIB, "time_box_s": 1.0, "time_limit_s": 60.0, **changes}
    return runner.run("onnx-file", msgspec.json.encode(OnnxFilePlan(file=str(file), **fields)), timeout_s=120)


def result(file, **changes):
    outcome = probe(file, **changes)
    assert outcome.code == "finished", outcome.message
    return msgspec.json.decode(outcome.result, type=OnnxFileResult)


def greedy(num_floats=2**34):
    """Return a model that asks for 64 GiB in one piece, or as much as is said, of a size it is told at run time."""
    nodes = [
        helper.make_node("Mul", ["count", "many"], ["size"]),
        helper.make_node("ConstantOfShape", ["size"], ["y"]),
    ]
    weights = [numpy_helper.from_array(onnx_files.np.array([num_floats]), "many")]
    return onnx_files.model(
        nodes, [onnx_files.value("count", INT64, [1])], [onnx_files.value("y", shape=[None])], weights
    )  # fmt: skip


def creeping():
    """Return a model that keeps 4 MiB more in each turn of a loop, until it is stopped."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("RandomUniformLike", ["x"], ["kept"])],
        "body", [onnx_files.value("i", INT64, []), onnx_files.value("go", TensorProto.BOOL, [])],
        [onnx_files.value("go_on", TensorProto.BOOL, []), onnx_files.value("kept", shape=[2**20])],
    )  # fmt: skip
    weights = [numpy_helper.from_array(onnx_files.np.array(10**9), "trips")]
    node = helper.make_node("Loop", ["trips", ""], ["y"], body=body)
    return onnx_files.model(
        [node], [onnx_files.value("x", shape=[2**20])], [onnx_files.value("y", shape=[None, 2**20])], weights
    )


def test_a_text_model_is_measured_with_ids_below_its_table(tmp_path):
    found = result(onnx_files.write(tmp_path, onnx_files.lookup(37)), dimensions={"sequence": 5})
    assert [(feed.name, feed.shape, feed.fill, feed.limit) for feed in found.inputs.feeds] == [
        ("input_ids", (1, 5), "ids", 37)
    ]
    assert found.time_per_query.low <= found.time_per_query.value <= found.time_per_query.high
    assert found.time_per_query.evidence == found.peak_memory.evidence == "measured"
    assert found.rate.value == pytest.approx(1 / found.time_per_query.value)
    assert found.peak_memory.value > 20 * MIB
    assert found.load_time.value > 0
    assert found.device_memory.value is None
    assert found.provider == "CPUExecutionProvider"
    assert {name for item in found.placement for name in item.num_by_operator} >= {"Gather"}
    assert {"onnxruntime", "python"} <= found.versions.keys()


def test_a_file_is_started_several_times_and_all_its_runs_count(tmp_path):
    messages = []
    file = onnx_files.write(tmp_path, onnx_files.product(256, 512))
    plan = OnnxFilePlan(file=str(file), num_threads=1, memory_box_bytes=GIB, time_box_s=12.0, time_limit_s=60.0)
    outcome = runner.run("onnx-file", msgspec.json.encode(plan), timeout_s=120, on_message=messages.append)
    found = msgspec.json.decode(outcome.result, type=OnnxFileResult)
    assert found.num_launches >= 2
    assert found.launches_apart_share >= 0
    assert f"in {found.num_launches} starts" in found.time_per_query.basis
    shares = [message.done_share for message in messages if isinstance(message, Progress)]
    assert shares == sorted(shares)


def test_branches_external_weights_and_a_batch_are_measured(tmp_path):
    found = result(onnx_files.write(tmp_path, onnx_files.branches(), "if.onnx"), time_box_s=0.5)
    assert {feed.name: feed.fill for feed in found.inputs.feeds} == {"x": "normal", "flag": "ones"}
    beside = result(onnx_files.external(tmp_path), time_box_s=0.5, dimensions={"N": 4})
    assert beside.header.external_files[0].name == "model.data"
    assert beside.num_batch == 4
    assert beside.rate.value == pytest.approx(4 / beside.time_per_query.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["if.onnx", "model.data", "model.onnx"]


def test_outputs_that_are_not_finite_are_a_reason(tmp_path):
    nodes = [helper.make_node(name, [one], [two]) for name, one, two in (("Abs", "x", "a"), ("Neg", "a", "n"))]
    nodes.append(helper.make_node("Log", ["n"], ["y"]))
    made = onnx_files.model(nodes, [onnx_files.value("x")], [onnx_files.value("y")])
    found = result(onnx_files.write(tmp_path, made), time_box_s=0.5)
    assert any("NaN" in reason for reason in found.reasons)
    assert found.grade != "A"


def test_a_provider_that_is_not_there_is_a_reason_and_the_device_is_the_processor(tmp_path):
    asked = (ProviderUse(name="CUDAExecutionProvider", options={"device_id": "0"}, device="gpu:0"), processor())
    found = result(onnx_files.write(tmp_path, onnx_files.product()), time_box_s=0.5, providers=asked)
    assert any("CUDA was asked for, but ONNX Runtime started without it" in reason for reason in found.reasons)
    assert (found.device, found.provider) == ("cpu", "CPUExecutionProvider")


def plain(node, **changes):
    return onnx_files.model([node], [onnx_files.value("x")], [onnx_files.value("y")], **changes)


BAD = {
    "custom operators": (
        lambda: plain(helper.make_node("Magic", ["x"], ["y"], domain="acme"), domains=["acme"]),
        "does not have: acme:Magic"
    ),
    "unknown operator": (lambda: plain(helper.make_node("Magic", ["x"], ["y"])), "needs the operator Magic"),
    "unknown opset": (lambda: plain(helper.make_node("Relu", ["x"], ["y"]), opset=999), "needs operator set 999"),
    "format version": (lambda: plain(helper.make_node("Relu", ["x"], ["y"]), ir_version=999), "in version 999 of"),
    "wrong sizes": (
        lambda: onnx_files.model(
            [helper.make_node("Reshape", ["x", "s"], ["y"])], [onnx_files.value("x", shape=["N"])],
            [onnx_files.value("y")], [numpy_helper.from_array(onnx_files.np.array([7, 3]), "s")],
        ), "stopped in an operator Reshape"
    ),
    "no shapes at all": (
        lambda: onnx_files.model([helper.make_node("Relu", ["x"], ["y"])], [onnx_files.value("x", shape=None)],
                                 [onnx_files.value("y", shape=None)]), "does not say how many dimensions"
    ),
    "a list of tensors": (
        lambda: onnx_files.model(
            [helper.make_node("ConcatFromSequence", ["x"], ["y"], axis=0)],
            [helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)], [onnx_files.value("y", shape=None)],
        ), "a list of tensors"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_run_is_one_sentence_that_names_the_file(tmp_path, kind):
    make, words = BAD[kind]
    outcome = probe(onnx_files.write(tmp_path, make(), "strange.onnx"))
    assert outcome.code == "invalid_model", outcome
    assert words in outcome.message
    assert "strange.onnx" in outcome.message
    assert outcome.remedy


def test_what_is_cut_too_large_incomplete_or_leads_out_never_reaches_the_runtime(tmp_path):
    whole = onnx_files.product().SerializeToString()
    (tmp_path / "cut.onnx").write_bytes(whole[:-100])
    with (tmp_path / "huge.onnx").open("wb") as stream:
        stream.truncate(2**31 + 10)
    lost = tmp_path / "lost"
    lost.mkdir()
    messages = []
    files = (
        tmp_path / "cut.onnx", tmp_path / "huge.onnx", onnx_files.external(tmp_path, location="../secret"),
        onnx_files.external(lost, data_bytes=None),
    )  # fmt: skip
    for file in files:
        request = msgspec.json.encode(OnnxFilePlan(file=str(file), num_threads=1, memory_box_bytes=GIB))
        outcome = runner.run("onnx-file", request, timeout_s=60, on_message=messages.append)
        assert outcome.code == "invalid_model"
        assert file.name in outcome.message
        assert outcome.remedy
    told = {(message.stage, message.detail) for message in messages if isinstance(message, Progress)}
    assert told == {("prepare", "reading the file")}


def test_a_file_that_never_returns_is_stopped(tmp_path):
    outcome = probe(onnx_files.write(tmp_path, onnx_files.endless()), time_limit_s=2.0)
    assert outcome.code == "timed_out"
    assert "model.onnx did not answer within 2 s" in outcome.message


def test_who_comes_second_is_told_to_wait_and_not_that_the_file_is_damaged(tmp_path):
    file = onnx_files.write(tmp_path, onnx_files.product())
    with lock.hold(paths.cache_folder()):
        outcome = ending.named(probe(file), str(file))
    assert outcome.message.startswith("model.onnx could not be measured: Another measurement is running")
    assert outcome.remedy.startswith("Wait for its end")


def test_a_header_that_swells_while_it_is_read_is_stopped_by_the_system(tmp_path):
    swelling = onnx_files.product()
    node = swelling.graph.node.add(op_type="Relu", input=["y"], output=["z"])
    node.attribute.extend([onnx.AttributeProto()] * 2000)
    swelling.graph.node.extend([node] * 3000)
    outcome = probe(onnx_files.write(tmp_path, swelling), memory_box_bytes=100 * MIB)
    assert outcome.code == "killed_for_memory", outcome
    assert "model.onnx needed more memory than the 100 MiB it may use while it was read" in outcome.message
    assert outcome.remedy


def test_everything_free_and_nothing_named_is_measured_or_asked_for(tmp_path):
    nodes = [helper.make_node("Add", ["a", "b"], ["s"]), helper.make_node("Relu", ["s"], ["y"])]
    inputs = [onnx_files.value(name, shape=[None, None, None, None]) for name in ("a", "b")]
    made = onnx_files.write(tmp_path, onnx_files.model(nodes, inputs, [onnx_files.value("y", shape=None)]))
    found = result(made, time_box_s=0.5)
    assert {feed.name: len(feed.shape) for feed in found.inputs.feeds} == {"a": 4, "b": 4}
    assert {item.name for item in found.inputs.free} == {f"{name}[{axis}]" for name in "ab" for axis in range(4)}
    assert all(item.why for item in found.inputs.free)
    sized = result(made, time_box_s=0.5, shapes={"a": (2, 3, 4, 5), "b": (2, 3, 4, 5)})
    assert sized.inputs.feeds[0].shape == (2, 3, 4, 5)


@pytest.mark.parametrize("make", [greedy, creeping])
def test_a_file_that_asks_for_too_much_memory_is_stopped(tmp_path, make):
    outcome = probe(onnx_files.write(tmp_path, make()), memory_box_bytes=300 * MIB)
    assert outcome.code == "killed_for_memory", outcome
    assert "model.onnx needed more memory than the 300 MiB" in outcome.message


def test_the_watch_stops_what_the_system_lets_pass(tmp_path):
    """Twice 120 MiB and the runtime: over the limit, but under what the system refuses, which has slack."""
    outcome = probe(onnx_files.write(tmp_path, greedy(30 * 2**20)), memory_box_bytes=300 * MIB)
    assert outcome.code == "killed_for_memory", outcome


def test_the_system_itself_refuses_a_demand_that_is_too_large(tmp_path):
    """The measuring child alone, without the watch over its samples; 1 GiB, which this computer would grant."""
    depth = DepthRequest(
        runner="query", graph_files=(str(onnx_files.write(tmp_path, greedy(2**28))),), num_layers=1, vocab_size=1,
        num_input_tokens=0, num_output_tokens=0, num_threads=1, budget_s=1.0, remove_when_loaded=False,
    )  # fmt: skip
    feed = FileFeed(name="count", data_type="int64", shape=(1,), fill="ones", why="")
    request = FileRunRequest(depth=depth, feeds=(feed,), memory_limit_bytes=300 * MIB)
    outcome = runner.run(job.JOB_RUN, msgspec.json.encode(request), timeout_s=60)
    assert outcome.code == "killed_for_memory", outcome


KINDS = (
    ("FLOAT", "float32", "normal"), ("DOUBLE", "float64", "pixels"), ("FLOAT16", "float16", "normal"),
    ("INT8", "int8", "ids"), ("UINT8", "uint8", "bytes"), ("INT16", "int16", "ids"), ("UINT16", "uint16", "ids"),
    ("INT32", "int32", "positions"), ("UINT32", "uint32", "ones"), ("INT64", "int64", "constant"),
    ("UINT64", "uint64", "zeros"), ("BOOL", "bool", "ones"), ("STRING", "string", "empty"),
)  # fmt: skip


def test_every_kind_of_value_is_taken_by_the_runtime(tmp_path):
    kinds = [kind for kind, _, _ in KINDS]
    inputs = [onnx_files.value(kind, getattr(TensorProto, kind), [2, 3]) for kind in kinds]
    outputs = [onnx_files.value(f"{kind}_out", getattr(TensorProto, kind), [2, 3]) for kind in kinds]
    nodes = [helper.make_node("Identity", [kind], [f"{kind}_out"]) for kind in kinds]
    depth = DepthRequest(
        runner="query", graph_files=(str(onnx_files.write(tmp_path, onnx_files.model(nodes, inputs, outputs))),),
        num_layers=1, vocab_size=1, num_input_tokens=0, num_output_tokens=0, num_threads=1, budget_s=0.5,
        remove_when_loaded=False,
    )  # fmt: skip
    feeds = tuple(
        FileFeed(name=kind, data_type=name, shape=(2, 3), fill=fill, limit=5, why="") for kind, name, fill in KINDS
    )
    request = FileRunRequest(depth=depth, feeds=feeds, memory_limit_bytes=GIB)
    outcome = runner.run(job.JOB_RUN, msgspec.json.encode(request), timeout_s=60)
    assert outcome.code == "finished", outcome.message
    assert msgspec.json.decode(outcome.result, type=DepthReport).outputs_finite
