"""What a graph holds, in numbers that two graphs of different makers can be compared by."""

import math
from collections import Counter

import onnx

SIZES = {"FLOAT": 4, "UINT8": 1, "INT8": 1, "FLOAT16": 2, "BFLOAT16": 2}
SMALL_ELEMENTS = 8
"""Scalars and shapes are no weights."""
PLUMBING = frozenset({
    "Constant", "Identity", "Cast", "CastLike", "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Shape", "Gather",
    "Slice", "Concat", "Expand", "ConstantOfShape", "Range", "Split", "Flatten",
})  # fmt: skip
PRODUCTS = frozenset({"MatMul", "Gemm", "FusedMatMul", "MatMulNBits", "FusedGemm"})
ATTENTION = frozenset({"MultiHeadAttention", "GroupQueryAttention", "Attention", "PackedAttention"})
NORMS = frozenset({
    "LayerNormalization", "SimplifiedLayerNormalization", "SkipLayerNormalization", "RMSNormalization",
    "SkipSimplifiedLayerNormalization", "GroupNormalization", "InstanceNormalization", "GroupNorm", "SkipGroupNorm",
})  # fmt: skip
ACTIVATIONS = frozenset(
    {"Gelu", "FastGelu", "BiasGelu", "QuickGelu", "Erf", "Relu", "Sigmoid", "Tanh", "HardSwish", "Clip"}
)


def facts(path, *, simplified=False):
    """Return operators, kinds of operators and weight bytes of a graph file.

    `simplified`: after ONNX Runtime's basic steps, which work out once and for all what depends on no input.
    """
    model = onnx.load(str(_simplify(path) if simplified else path), load_external_data=False)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = list(all_nodes(model.graph))
    return {
        "operators": Counter(node.op_type for node in nodes),
        "kinds": kinds(nodes, weights),
        "weight_bytes": sum(size_bytes(tensor) for tensor in weights.values()),
    }


def _simplify(path):
    import onnxruntime

    target = path.with_name("simplified.onnx")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return target


def all_nodes(graph):
    """Yield the nodes of a graph and of its branches: a part that waits for its turn is in the file too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from all_nodes(attribute.g)


def together(graphs):
    """Return the facts of a model that lies in several graphs."""
    return {
        "operators": sum((graph["operators"] for graph in graphs), Counter()),
        "kinds": sum((graph["kinds"] for graph in graphs), Counter()),
        "weight_bytes": sum(graph["weight_bytes"] for graph in graphs),
    }


def size_bytes(tensor):
    """Return the bytes of a weight; 0 for what is none."""
    elements = math.prod(tensor.dims)
    return SIZES.get(onnx.TensorProto.DataType.Name(tensor.data_type), 0) * elements if elements > SMALL_ELEMENTS else 0


def kinds(nodes, weights):
    """Count products with weights, convolutions, attention, norms and activations, however they are fused."""
    derived = set(weights)
    found = Counter()
    for node in nodes:
        kind = node.op_type
        if kind in {"Transpose", "Reshape", "Cast", "DequantizeLinear", "Split"} and node.input[0] in derived:
            derived.update(node.output)
        elif kind in PRODUCTS:
            found["products"] += any(name in derived for name in node.input[:2])
        elif kind in {"Conv", "FusedConv", "ConvTranspose"}:
            found["convolutions"] += 1
        elif kind in ATTENTION or kind == "Softmax":
            found["attention"] += 1
        elif kind in NORMS:
            found["norms"] += 1
        elif kind in ACTIVATIONS:
            found["activations"] += 1
    return found


def per_layer(fewer, more, *, whole):
    """Return what one layer adds: every operator, or kinds of them only."""
    name = "operators" if whole else "kinds"
    names = sorted(set(more[name]) | set(fewer[name]))
    added = {key: more[name][key] - fewer[name][key] for key in names}
    kept = {key: count for key, count in added.items() if count and key not in PLUMBING}
    return {name: kept, "weight_bytes": more["weight_bytes"] - fewer["weight_bytes"]}


def whole_graph(found, *, whole):
    """Return what a complete network holds: every operator, or kinds of them only."""
    name = "operators" if whole else "kinds"
    kept = {key: count for key, count in sorted(found[name].items()) if count and key not in PLUMBING}
    return {name: kept, "weight_bytes": found["weight_bytes"]}
