"""Small ONNX files by hand: sound ones, and those a stranger might send."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def value(name, kind=FLOAT, shape=("N", 8)):
    return helper.make_tensor_value_info(name, kind, shape)


def weight(name, shape, kind=np.float32):
    return numpy_helper.from_array(np.arange(np.prod(shape), dtype=kind).reshape(shape) % 7, name)


def model(nodes, inputs, outputs, weights=(), *, opset=20, domains=(), functions=(), **changes):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, initializer=list(weights))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(name, 1) for name in domains)]
    made = helper.make_model(
        graph, opset_imports=opsets, functions=list(functions), producer_name="by-hand", ir_version=10
    )
    for name, content in changes.items():
        setattr(made, name, content)
    return made


def write(folder, made, name="model.onnx"):
    file = folder / name
    file.write_bytes(made.SerializeToString())
    return file


def product(rows=8, columns=512):
    """Return a matrix product whose weight is long enough to be left out when the file is skimmed."""
    return model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], [value("x", FLOAT, ["N", rows])],
        [value("y", FLOAT, ["N", columns])], [weight("w", (rows, columns))],
    )  # fmt: skip


def external(folder, *, location="model.data", offset=None, length=None, shape=(8, 16), data_bytes=512, extra=()):
    """Write a model whose weight lies in another file, and that file unless its size is None."""
    tensor = TensorProto(
        name="w", data_type=FLOAT, dims=shape, data_location=TensorProto.EXTERNAL,
        external_data=[onnx.StringStringEntryProto(key="location", value=location)],
    )  # fmt: skip
    for key, content in (("offset", offset), ("length", length), *extra):
        if content is not None:
            tensor.external_data.add(key=key, value=str(content))
    made = model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], [value("x", FLOAT, ["N", 8])], [value("y", FLOAT, ["N", 16])],
        [tensor],
    )  # fmt: skip
    if data_bytes is not None:
        (folder / "model.data").write_bytes(b"\0" * data_bytes)
    return write(folder, made)


def branches():
    """Return a model whose weights lie in the two branches of a condition, one of them inside a constant."""
    outputs = [value("z", FLOAT, None)]
    large = helper.make_node("Constant", [], ["c"], value=weight("", (8, 200)))
    then = helper.make_graph([large, helper.make_node("MatMul", ["x", "c"], ["z"])], "then", [], outputs)
    other = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["z"])], "else", [], outputs, [weight("w", (8, 200))]
    )
    choose = helper.make_node("If", ["flag"], ["y"], then_branch=then, else_branch=other)
    return model([choose], [value("x"), value("flag", TensorProto.BOOL, [])], [value("y", FLOAT, None)])


def endless():
    """Return a model that counts to 10^15 in a loop."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["v", "v"], ["w"])],
        "body", [value("i", INT64, []), value("go", TensorProto.BOOL, []), value("v", shape=[4])],
        [value("go_on", TensorProto.BOOL, []), value("w", shape=[4])],
    )  # fmt: skip
    trips = [numpy_helper.from_array(np.array(10**15), "trips")]
    node = helper.make_node("Loop", ["trips", "", "x"], ["y"], body=body)
    return model([node], [value("x", shape=[4])], [value("y", shape=[4])], trips)


def lookup(rows=37):
    """Return a text model: ids pass a cast and a reshape before they are looked up."""
    nodes = [
        helper.make_node("Cast", ["input_ids"], ["a"], to=TensorProto.INT32),
        helper.make_node("Unsqueeze", ["a", "axes"], ["b"]),
        helper.make_node("Gather", ["table", "b"], ["y"]),
    ]
    weights = [weight("table", (rows, 4)), numpy_helper.from_array(np.array([2], np.int64), "axes")]
    return model(nodes, [value("input_ids", INT64, ["batch", "sequence"])], [value("y", FLOAT, None)], weights)
