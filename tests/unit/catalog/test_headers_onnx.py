"""ONNX headers: weights, places and parameters are those that the onnx library sees; damage is said, never followed."""

import base64
import contextlib
import json
import tracemalloc
from math import prod
from pathlib import Path

import numpy as np
import onnx
import pytest
from header_files import InMemory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from advisor.catalog import local_model
from advisor.catalog.headers import folder, known, onnx_file, onnx_folder
from advisor.catalog.headers.onnx_wire import Wire
from advisor.errors import AdvisorError, InvalidModelError
from advisor.estimate import table

FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def weight(name, shape, dtype=np.float32):
    return numpy_helper.from_array(np.ones(shape, dtype), name)


def model(nodes, weights, **more):
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])], [output],
                              initializer=weights, **more)  # fmt: skip
    return helper.make_model(graph, producer_name="tests")


def plain_model():
    nodes = [
        helper.make_node("Gather", ["encoder.embed.weight", "x"], ["a"], name="/encoder/embed/Gather"),
        helper.make_node("MatMul", ["a", "onnx::MatMul_12"], ["b"], name="/encoder/layer.0/query/MatMul"),
        helper.make_node("Gemm", ["b", "classifier.weight", "classifier.bias"], ["c"], transB=1),
        helper.make_node("Constant", [], ["k"], value=weight("", (3,))),
        helper.make_node("Div", ["c", "scalar"], ["y"]),
    ]
    weights = [weight("encoder.embed.weight", (20, 8)), weight("onnx::MatMul_12", (8, 16)),
               weight("classifier.weight", (4, 16)), weight("classifier.bias", (4,)), weight("scalar", ()),
               weight("axes", (2,), np.int64)]  # fmt: skip
    return model(nodes, weights)


def packed_model():
    nodes = [
        helper.make_node("Reshape", ["w4", "shape"], ["flat"]),
        helper.make_node("GatherBlockQuantized", ["flat", "x", "s4"], ["a"], domain="com.microsoft", bits=4),
        helper.make_node("MatMulNBits", ["a", "w4", "s4"], ["b"], domain="com.microsoft", K=64, N=10, bits=4,
                         block_size=32),
        helper.make_node("MatMulInteger", ["b8", "w_quantized", "bz", "w_zero_point"], ["c"]),
        helper.make_node("Mul", ["w_scale", "bs"], ["d"]),
        helper.make_node("GroupQueryAttention", ["q", "k", "v", "", "", "", "", "cos_cache", "sin_cache"], ["y"],
                         domain="com.microsoft"),
    ]  # fmt: skip
    weights = [weight("w4", (10, 2, 16), np.uint8), weight("s4", (10, 2)), weight("shape", (2,), np.int64),
               weight("w_quantized", (8, 6), np.int8), weight("w_scale", (6,)), weight("w_zero_point", (6,), np.int8),
               weight("cos_cache", (32, 4)), weight("sin_cache", (32, 4))]  # fmt: skip
    return model(nodes, weights)


def branched_model():
    """Weights in branches, a sparse one and a list of numbers in place of bytes."""
    inner = helper.make_graph([helper.make_node("Identity", ["deep"], ["z"])], "then", [], [], [weight("deep", (5, 3))])
    listed = TensorProto(name="listed", dims=[2, 2], data_type=TensorProto.FLOAT, float_data=[1, 2, 3, 4])
    sparse = helper.make_sparse_tensor(weight("few", (2,)), weight("", (2,), np.int64), [4])
    nodes = [helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)]
    return model(nodes, [listed, TensorProto(name="words", dims=[1], data_type=8, string_data=[b"a"])],
                 sparse_initializer=[sparse])  # fmt: skip


def read(proto):
    return onnx_file.read(InMemory(proto.SerializeToString(), "m.onnx"))


def parameters(proto):
    (file,) = onnx_file.weight_files(read(proto), {})
    return dict(file.unpacked_sizes.values())


def test_weights_are_those_of_the_onnx_library():
    proto = plain_model()
    raw = proto.SerializeToString()
    found = {item.name: item for item in read(proto).tensors}
    for item in proto.graph.initializer:
        mine = found[item.name]
        assert mine.shape == tuple(item.dims)
        assert raw[mine.offset_bytes : mine.offset_bytes + mine.size_bytes] == item.raw_data
    assert set(found) == {item.name for item in proto.graph.initializer} | {"k"}
    assert (read(proto).num_nodes, read(proto).producer) == (5, "tests")


def test_operators_tell_which_way_a_matrix_lies_and_what_it_is_for():
    assert parameters(plain_model()) == {
        "encoder.embed.weight": (20, 8), "encoder.layer.0.query.weight": (16, 8), "classifier.weight": (4, 16),
        "classifier.bias": (4,), "k": (3,),
    }  # fmt: skip


def test_packed_weights_count_as_what_they_stand_for_and_scales_do_not():
    assert parameters(packed_model()) == {"w4": (10, 64), "w": (6, 8)}


def test_a_lie_about_a_packed_weight_is_not_believed():
    proto = packed_model()
    for attribute in proto.graph.node[2].attribute:
        if attribute.name == "K":
            attribute.i = 2**50
    assert parameters(proto)["w4"] == (10, 2, 16)


def test_branches_sparse_weights_lists_and_texts():
    names = {item.name: item.shape for item in read(branched_model()).tensors}
    assert names["listed"] == (2, 2)
    assert names["few"] == (2,)
    assert names["deep"] == (5, 3)
    assert "words" not in names
    assert sum(prod(shape) for shape in names.values()) == 4 + 2 + 2 + 15 * 2


def test_weights_beside_the_file(tmp_path):
    (tmp_path / "onnx").mkdir()
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', "utf-8")
    (tmp_path / "tokenizer.json").write_text("{}", "utf-8")
    big = model([helper.make_node("MatMul", ["x", "w"], ["y"])], [weight("w", (64, 64)), weight("small", (2, 2))])
    path = tmp_path / "onnx" / "model.onnx"
    onnx.save(big, path, save_as_external_data=True, location="model.onnx_data", size_threshold=1000)
    for checkpoint in (folder.read_path(path), folder.read_path(tmp_path)):
        assert checkpoint.config["model_type"] == "bert"
        assert checkpoint.tokenizer.kind == "tokenizers"
        assert [file.name for file in checkpoint.files()] == ["onnx/model.onnx", "onnx/model.onnx_data"]
        assert checkpoint.weight_bytes() == 4 * (64 * 64 + 4)
        assert checkpoint.file_bytes() == path.stat().st_size + (path.parent / "model.onnx_data").stat().st_size
    data = path.parent / "model.onnx_data"
    data.write_bytes(data.read_bytes()[:-1])
    assert refused(folder.read_path, path).code == "tensor-place-invalid"
    data.unlink()
    assert refused(folder.read_path, path).code == "shard-missing"


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "C:\\x", "a/../../b", ""])
def test_a_place_outside_the_folder_is_refused(location):
    item = TensorProto(name="w", dims=[2], data_type=1, data_location=1)
    item.external_data.add(key="location", value=location)
    assert refused(read, model([helper.make_node("Relu", ["x"], ["y"])], [item])).code == "path-refused"


def test_several_builds_are_named_and_copies_left_out(tmp_path):
    small = plain_model().SerializeToString()
    for name in ("encoder_model.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx"):
        (tmp_path / name).write_bytes(small)
    checkpoint = folder.read_path(tmp_path)
    assert [file.name for file in checkpoint.files()] == ["decoder_model.onnx", "encoder_model.onnx"]
    assert local_model.describe(checkpoint).known.num_parameters == 2 * (20 * 8 + 16 * 8 + 4 * 16 + 4 + 3)
    (tmp_path / "encoder_model_q4.onnx").write_bytes(small)
    error = refused(folder.read_path, tmp_path)
    assert error.code == "weights-ambiguous"
    assert "encoder_model_q4.onnx" in error.facts["files"]


def test_a_build_of_onnxruntime_genai(tmp_path):
    settings_ = {"model": {"type": "llama", "vocab_size": 10, "context_length": 99, "decoder": {
        "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 1, "num_key_value_heads": 2,
        "head_size": 16}}}  # fmt: skip
    (tmp_path / onnx_folder.GENAI_CONFIG).write_text(json.dumps(settings_), "utf-8")
    (tmp_path / "model.onnx").write_bytes(packed_model().SerializeToString())
    found = local_model.load(tmp_path)
    assert (found.stored_as, found.stored_format) == ("int4 in blocks of 32", "onnx-int4-b32")
    shape = found.known.card.architecture
    assert (shape.model_type, shape.num_attention_heads, shape.head_dim, shape.vocab_size) == ("llama", 4, 16, 10)
    assert found.known.card.num_context_tokens == 99
    assert "text-generation" in found.known.card.tasks


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "weights-empty"), (b"\x08\x07", "header-damaged"), (b"\0\0\0\0ORTM" + bytes(40), "onnx-ort-format"),
        (b"<html>no model</html>", "header-damaged"), (b"\x3a\xff\xff\xff\xff\x0f", "weights-cut-off"),
        (b"\x80" * 12, "header-damaged"), (b"\x3a\x02\x2a\x7f" + bytes(200), "header-damaged"),
    ],
)  # fmt: skip
def test_what_is_no_onnx_file_is_said(raw, code):
    error = refused(lambda: onnx_file.read(InMemory(raw, "m.onnx")))
    assert error.code == code
    assert "m.onnx" in error.message


def test_lengths_that_do_not_fit_and_names_that_occur_twice():
    proto = plain_model()
    proto.graph.initializer[0].dims[0] = 2**62
    assert refused(read, proto).code == "tensor-invalid"
    proto = plain_model()
    proto.graph.initializer[0].raw_data += b"x"
    assert "needs 640 bytes, it has 641" in refused(read, proto).message
    proto = plain_model()
    proto.graph.initializer[1].name = proto.graph.initializer[0].name
    assert refused(read, proto).code == "tensor-twice"


def test_a_field_that_reaches_out_of_its_message_is_seen():
    tensor = b"\x42\x01w" + b"\x10\x01" + b"\x4a\x20" + bytes(4)  # 32 bytes of numbers in a message with 4 left
    raw = b"\x3a" + _varint(len(tensor) + 2) + b"\x2a" + _varint(len(tensor)) + tensor + bytes(60)
    error = refused(lambda: onnx_file.read(InMemory(raw, "m.onnx")))
    assert (error.code, "field 9 should go on to byte" in error.message) == ("header-damaged", True)


def test_long_weights_are_jumped_over():
    big = [weight(f"w{place}", (400, 1000)) for place in range(5)]
    raw = model([helper.make_node("Relu", ["x"], ["y"])], big).SerializeToString()
    source = InMemory(raw, "m.onnx")
    assert len(onnx_file.read(source).tensors) == 5
    assert source.num_read < 12 * 65536 < len(raw)


def test_too_many_parts_and_graphs_in_graphs_are_refused(monkeypatch):
    monkeypatch.setattr("advisor.catalog.headers.onnx_wire.MOST_PARTS", 50)
    assert refused(read, plain_model()).code == "header-too-large"
    monkeypatch.undo()
    graph = b""
    for _ in range(80):
        attribute = b"\x32" + _varint(len(graph)) + graph
        node = b"\x2a" + _varint(len(attribute)) + attribute
        graph = b"\x0a" + _varint(len(node)) + node
    raw = b"\x3a" + _varint(len(graph)) + graph
    assert refused(lambda: onnx_file.read(InMemory(raw, "m.onnx"))).code == "header-too-large"


REAL = json.loads((Path(__file__).parents[2] / "data" / "headers" / "real_onnx.json").read_text("utf-8"))["graphs"]
CORPUS = [build().SerializeToString() for build in (plain_model, packed_model, branched_model)]
CORPUS += [base64.b64decode(text) for text in REAL.values()]
_NUMBERS = st.sampled_from([0, 1, 127, 128, 255, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1])


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_graphs_are_read_as_the_onnx_library_reads_them(name):
    raw = base64.b64decode(REAL[name])
    proto = onnx.load_model_from_string(raw)
    graph = onnx_file.read(InMemory(raw, name))
    found = {item.name: item.shape for item in graph.tensors}
    assert {item.name: tuple(item.dims) for item in proto.graph.initializer}.items() <= found.items()
    assert graph.num_nodes == len(proto.graph.node)


@st.composite
def damaged(draw):
    raw = bytearray(draw(st.sampled_from(CORPUS)))
    for _ in range(draw(st.integers(0, 4))):
        if not raw:
            break
        at = draw(st.integers(0, len(raw) - 1))
        how = draw(st.sampled_from(["byte", "number", "cut", "put", "end"]))
        if how == "byte":
            raw[at] = draw(st.integers(0, 255))
        elif how == "number":
            raw[at : at + 1] = _varint(draw(_NUMBERS))
        elif how == "cut":
            del raw[at : at + draw(st.integers(1, 64))]
        elif how == "put":
            raw[at:at] = draw(st.binary(max_size=40))
        else:
            del raw[at:]
    return bytes(raw)


@FUZZ
@given(damaged() | st.binary(max_size=300))
def test_damaged_files_only_fail_as_said(raw):
    try:
        graph = onnx_file.read(InMemory(raw, "m.onnx"))
        files = onnx_file.weight_files(graph, {"model.onnx.data": 2**40})
    except AdvisorError as error:
        said = error
    else:
        said = None
    if said is not None:
        assert said.code
        assert said.remedy
        assert len(said.message) < 1500
        return
    assert sum(file.num_elements() for file in files if file.name == "m.onnx") <= 8 * len(raw)
    checkpoint = onnx_folder.assembled(_Nothing(), [graph], "m", ["/"])
    assert known.recognise(checkpoint).num_parameters >= 0
    table.build(local_model.candidates(local_model.describe(checkpoint)))


@FUZZ
@given(damaged())
def test_memory_is_bounded_whatever_the_file_says(raw):
    tracemalloc.start()
    try:
        with contextlib.suppress(AdvisorError):
            onnx_file.read(InMemory(raw, "m.onnx"))
        assert tracemalloc.get_traced_memory()[1] < 2**20 + 20 * len(raw)
    finally:
        tracemalloc.stop()


@given(st.integers(0, 2**64 - 1))
def test_numbers_of_any_length(value):
    raw = _varint(value) + b"\0"
    assert Wire(InMemory(raw)).varint(0, len(raw)) == (value, len(raw) - 1)


class _Nothing:
    name = "m"

    def sizes(self):
        return {"model.onnx.data": 2**40}


def refused(call, *args):
    with pytest.raises(InvalidModelError) as caught:
        call(*args)
    return caught.value
