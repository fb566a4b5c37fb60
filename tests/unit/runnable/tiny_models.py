"""Small networks in the layouts of exporters, with numpy's answers: each reads its past, positions and masks."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NUM_WORDS, WIDTH, NUM_LABELS = 13, 4, 3
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "green", "blue", "sky", "grass", "rose", "is", "the")
_DRAWN = np.random.default_rng(3)
EMBEDDING = _DRAWN.normal(size=(NUM_WORDS, WIDTH)).astype(np.float32)
OUT = _DRAWN.normal(size=(WIDTH, NUM_WORDS)).astype(np.float32)
POSITIONS = _DRAWN.normal(size=(32, WIDTH)).astype(np.float32)
KIND = _DRAWN.normal(size=(2, WIDTH)).astype(np.float32)
LABELS = _DRAWN.normal(size=(WIDTH, NUM_LABELS)).astype(np.float32)
FLOAT, HALF, INT64 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64


def decoder_answer(ids, *, conv=False):
    """Return the scores of a tiny decoder: sums of all words so far, each at its place, and of the two before."""
    words = EMBEDDING[list(ids)]
    hidden = np.cumsum(words + POSITIONS[: len(ids)], axis=0)
    if conv:
        before = np.concatenate([np.zeros((2, WIDTH), np.float32), words])
        hidden = hidden + before[:-2] + before[1:-1]
    return hidden @ OUT


def seq2seq_answer(source, ids):
    return np.cumsum(EMBEDDING[list(ids)], axis=0) @ OUT + 2 * EMBEDDING[list(source)].sum(axis=0) @ OUT


def encoder_hidden(ids, types=None):
    return EMBEDDING[list(ids)] + KIND[list(types or [0] * len(ids))]


def save(path, nodes, inputs, outputs, *, weights=(), location=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    graph = helper.make_graph(
        nodes, "tiny", [_value(*item) for item in inputs], [_value(*item) for item in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    if location is None:
        onnx.save(model, path)
    else:
        onnx.save(model, path, save_as_external_data=True, location=location, size_threshold=0)


def decoder(path, *, cache="yes", conv=False, half=False, last_only=False, positions=True, prefix="past_key_values.0."):
    """Write a decoder.

    Args:
        path: of the file.
        cache: `yes`, `no`, `merged` (one file for both), `makes` (the first of two files), `takes` (the second).
        conv: it keeps a running state of two words too.
        half: caches and scores have 16 bits.
        last_only: only the last word's scores come out.
        positions: they are an input; else they follow from the mask.
        prefix: of the names of caches.
    """
    takes, makes = cache in ("yes", "merged", "takes"), cache != "no"
    kind = HALF if half else FLOAT
    inputs = [("input_ids", INT64, ["b", "n"]), ("attention_mask", INT64, ["b", "total"])]
    outputs = [("logits", kind, ["b", "n", NUM_WORDS])]
    if positions:
        inputs.append(("position_ids", INT64, ["b", "n"]))
    for name in ("key", "value"):
        if takes:
            inputs.append((f"{prefix}{name}", kind, ["b", 1, "past", WIDTH]))
        if makes:
            outputs.append((f"present.0.{name}", kind, ["b", 1, "total", WIDTH]))
    if conv:
        inputs.append(("past_conv.1", FLOAT, ["b", WIDTH, 2]))
        outputs.append(("present_conv.1", FLOAT, ["b", WIDTH, 2]))
    if cache == "merged":
        inputs.append(("use_cache_branch", TensorProto.BOOL, [1]))
        branches = {
            f"{which}_branch": helper.make_graph(
                _decoder_nodes(which == "then", conv, half, last_only, positions, prefix, outputs), which, [],
                [_value(f"{name}_out", *rest) for name, *rest in outputs],
            )
            for which in ("then", "else")
        }  # fmt: skip
        nodes = [helper.make_node("If", ["use_cache_branch"], [name for name, *_ in outputs], **branches)]
    else:
        nodes = _decoder_nodes(takes, conv, half, last_only, positions, prefix, outputs)
        nodes += [helper.make_node("Identity", [f"{name}_out"], [name]) for name, *_ in outputs]
    weights = [("E", EMBEDDING), ("W", OUT), ("P", POSITIONS), *_NUMBERS]
    save(path, nodes, inputs, outputs, weights=weights)


_NUMBERS = (
    *((f"i{value}", np.array([value], np.int64)) for value in (-2, -1, 0, 1, 2)),
    ("axis2", np.array(2, np.int64)), ("axis1", np.array(1, np.int64)), ("two", np.float32(2)),
    ("far", np.array([2**40], np.int64)),
)  # fmt: skip


def _decoder_nodes(takes, conv, half, last_only, positions, prefix, outputs):
    node = helper.make_node
    made = {name for name, *_ in outputs}
    nodes = [node("Gather", ["E", "input_ids"], ["words"]), node("Shape", ["input_ids"], ["n"], start=1, end=2)]
    if positions:
        nodes.append(node("Gather", ["P", "position_ids"], ["places"]))
    else:  # the mask's last n places
        nodes += [
            node("CumSum", ["attention_mask", "axis1"], ["counted"]), node("Sub", ["counted", "i1"], ["numbered"]),
            node("Neg", ["n"], ["minus_n"]), node("Slice", ["numbered", "minus_n", "far", "i1"], ["own"]),
            node("Gather", ["P", "own"], ["places"]),
        ]  # fmt: skip
    nodes += [node("Add", ["words", "places"], ["placed"]), node("Unsqueeze", ["placed", "i1"], ["new"])]
    for name, factor in (("key", "words_only"), ("value", "placed")):
        del factor
        kind = {"to": HALF if half else FLOAT}
        nodes.append(node("Cast", ["new"], [f"new_{name}"], **kind))
        whole = f"present.0.{name}_out" if f"present.0.{name}" in made else f"whole_{name}"
        parts = [f"{prefix}{name}", f"new_{name}"] if takes else [f"new_{name}"]
        nodes.append(node("Concat", parts, [whole], axis=2))
    value = "present.0.value_out" if "present.0.value" in made else "whole_value"
    nodes += [
        node("Cast", [value], ["values"], to=FLOAT), node("CumSum", ["values", "axis2"], ["sums"]),
        node("Neg", ["n"], ["minus"]), node("Slice", ["sums", "minus", "far", "i2"], ["last_sums"]),
        node("Squeeze", ["last_sums", "i1"], ["hidden"]),
    ]  # fmt: skip
    hidden = "hidden"
    if conv:
        nodes += [
            node("Transpose", ["words"], ["columns"], perm=[0, 2, 1]),
            node("Concat", ["past_conv.1", "columns"], ["window"], axis=2),
            node("Slice", ["window", "i0", "i-2", "i2"], ["two_before"]),
            node("Slice", ["window", "i1", "i-1", "i2"], ["one_before"]),
            node("Add", ["two_before", "one_before"], ["both"]), node("Transpose", ["both"], ["rows"], perm=[0, 2, 1]),
            node("Add", ["hidden", "rows"], ["with_rows"]),
            node("Slice", ["window", "i-2", "far", "i2"], ["present_conv.1_out"]),
        ]  # fmt: skip
        hidden = "with_rows"
    if last_only:
        nodes.append(node("Slice", [hidden, "i-1", "far", "i1"], ["one"]))
        hidden = "one"
    return [
        *nodes,
        node("MatMul", [hidden, "W"], ["scores"]),
        node("Cast", ["scores"], ["logits_out"], to=HALF if half else FLOAT),
    ]


def seq2seq(folder, *, cache="merged", suffix=""):
    """Write an encoder and its decoder.

    Args:
        folder: for `encoder_model.onnx` and the others.
        cache: `merged`, `two files` or `no`.
        suffix: of the names, `_quantized`.
    """
    node = helper.make_node
    save(
        folder / f"encoder_model{suffix}.onnx",
        [node("Gather", ["E", "input_ids"], ["words"]), node("Cast", ["attention_mask"], ["mask"], to=FLOAT),
         node("Unsqueeze", ["mask", "i2"], ["wide"]), node("Mul", ["words", "wide"], ["last_hidden_state"])],
        [("input_ids", INT64, ["b", "s"]), ("attention_mask", INT64, ["b", "s"])],
        [("last_hidden_state", FLOAT, ["b", "s", WIDTH])], weights=[("E", EMBEDDING), *_NUMBERS],
    )  # fmt: skip
    weights = [("E", EMBEDDING), ("W", OUT), ("empty", np.zeros((1, 1, 0, WIDTH), np.float32)), *_NUMBERS]
    first = [("input_ids", INT64, ["b", "n"]), ("encoder_attention_mask", INT64, ["b", "s"]),
             ("encoder_hidden_states", FLOAT, ["b", "s", WIDTH])]  # fmt: skip
    past = [(f"past_key_values.0.{side}.{name}", FLOAT, ["b", 1, f"{side}_past", WIDTH])
            for side in ("decoder", "encoder") for name in ("key", "value")]  # fmt: skip
    logits = ("logits", FLOAT, ["b", "n", NUM_WORDS])
    made = [(name.replace("past_key_values", "present"), *rest) for name, *rest in past]
    identity = [node("Identity", [f"{name}_out"], [name]) for name, *_ in (logits, *made)]
    if cache == "merged":
        branches = {
            f"{which}_branch": helper.make_graph(
                _seq2seq_nodes(which == "then", dummies=True), which, [],
                [_value(f"{name}_out", *rest) for name, *rest in (logits, *made)],
            )
            for which in ("then", "else")
        }  # fmt: skip
        nodes = [helper.make_node("If", ["use_cache_branch"], [name for name, *_ in (logits, *made)], **branches)]
        inputs = [*first, *past, ("use_cache_branch", TensorProto.BOOL, [1])]
        save(folder / f"decoder_model_merged{suffix}.onnx", nodes, inputs, [logits, *made], weights=weights)
        return
    outputs = [logits, *made] if cache == "two files" else [logits]
    save(folder / f"decoder_model{suffix}.onnx", [*_seq2seq_nodes(False), *identity[: len(outputs)]], first, outputs,
         weights=weights)  # fmt: skip
    if cache == "two files":
        save(
            folder / f"decoder_with_past_model{suffix}.onnx", [*_seq2seq_nodes(True), *identity[:3]],
            [first[0], first[1], *past], [logits, *made[:2]], weights=weights,
        )  # fmt: skip


def _seq2seq_nodes(takes, *, dummies=False):
    node = helper.make_node
    nodes = [node("Gather", ["E", "input_ids"], ["words"]), node("Unsqueeze", ["words", "i1"], ["new"]),
             node("Shape", ["input_ids"], ["n"], start=1, end=2), node("Neg", ["n"], ["minus"])]  # fmt: skip
    for name in ("key", "value"):
        parts = [f"past_key_values.0.decoder.{name}", "new"] if takes else ["new"]
        nodes.append(node("Concat", parts, [f"present.0.decoder.{name}_out"], axis=2))
        if not takes:
            nodes.append(node("Unsqueeze", ["encoder_hidden_states", "i1"], [f"present.0.encoder.{name}_out"]))
        elif dummies:  # as optimum's merged files: nothing of the encoder comes out of the later runs
            nodes.append(node("Identity", ["empty"], [f"present.0.encoder.{name}_out"]))
    read = "past_key_values.0.encoder.{}" if takes else "present.0.encoder.{}_out"
    return [
        *nodes,
        node("CumSum", ["present.0.decoder.value_out", "axis2"], ["sums"]),
        node("Slice", ["sums", "minus", "far", "i2"], ["own"]), node("Squeeze", ["own", "i1"], ["hidden"]),
        node("Cast", ["encoder_attention_mask"], ["mask"], to=FLOAT), node("Unsqueeze", ["mask", "i2"], ["wide"]),
        node("Squeeze", [read.format("key"), "i1"], ["keys"]), node("Squeeze", [read.format("value"), "i1"], ["vals"]),
        node("Add", ["keys", "vals"], ["read"]), node("Mul", ["read", "wide"], ["kept"]),
        node("ReduceSum", ["kept", "i1"], ["seen"], keepdims=1), node("Add", ["hidden", "seen"], ["joined"]),
        node("MatMul", ["joined", "W"], ["logits_out"]),
    ]  # fmt: skip


def encoder(path, *, output="last_hidden_state", kinds=True, location=None, past=False):
    """Write an encoder: words and their kinds; `sentence_embedding` and `classes` are means over the mask.

    With a past it is a decoder that embeds: its cache is read too.
    """
    node = helper.make_node
    inputs = [("input_ids", INT64, ["b", "n"]), ("attention_mask", INT64, ["b", "n"])]
    nodes = [node("Gather", ["E", "input_ids"], ["words"])]
    if kinds:
        inputs.append(("token_type_ids", INT64, ["b", "n"]))
        nodes += [node("Gather", ["K", "token_type_ids"], ["kinds"]), node("Add", ["words", "kinds"], ["hidden"])]
    elif past:
        inputs.append(("past_key_values.0.key", FLOAT, ["b", 1, "past", WIDTH]))
        nodes += [
            node("Unsqueeze", ["words", "i1"], ["new"]),
            node("Concat", ["past_key_values.0.key", "new"], ["all"], axis=2),
            node("CumSum", ["all", "axis2"], ["sums"]), node("Squeeze", ["sums", "i1"], ["hidden"]),
        ]  # fmt: skip
    else:
        nodes.append(node("Identity", ["words"], ["hidden"]))
    nodes += [
        node("Cast", ["attention_mask"], ["mask"], to=FLOAT), node("Unsqueeze", ["mask", "i2"], ["wide"]),
        node("Mul", ["hidden", "wide"], ["kept"]), node("ReduceSum", ["kept", "i1"], ["sum"], keepdims=0),
        node("ReduceSum", ["wide", "i1"], ["count"], keepdims=0), node("Div", ["sum", "count"], ["mean"]),
    ]  # fmt: skip
    ends = {
        "last_hidden_state": ([node("Identity", ["hidden"], ["last_hidden_state"])], ["b", "n", WIDTH]),
        "sentence_embedding": ([node("Mul", ["mean", "two"], ["sentence_embedding"])], ["b", WIDTH]),
        "classes": ([node("MatMul", ["mean", "L"], ["logits"])], ["b", NUM_LABELS]),
        "words": ([node("MatMul", ["hidden", "W"], ["logits"])], ["b", "n", NUM_WORDS]),
    }
    end, shape = ends[output]
    name = "logits" if output in ("classes", "words") else output
    weights = [("E", EMBEDDING), ("K", KIND), ("L", LABELS), ("W", OUT), *_NUMBERS]
    save(path, [*nodes, *end], inputs, [(name, FLOAT, shape)], weights=weights, location=location)


def speech(folder):
    """Write an encoder of spectra, whose means over time it gives, and a decoder that looks at them."""
    node = helper.make_node
    save(
        folder / "encoder_model.onnx",
        [node("ReduceMean", ["input_features", "i2"], ["means"], keepdims=0),
         node("Slice", ["means", "i0", "width", "i1"], ["first"]),
         node("Unsqueeze", ["first", "i1"], ["last_hidden_state"])],
        [("input_features", FLOAT, ["b", 80, 3000])], [("last_hidden_state", FLOAT, ["b", 1, WIDTH])],
        weights=[("width", np.array([WIDTH], np.int64)), *_NUMBERS],
    )  # fmt: skip
    save(
        folder / "decoder_model.onnx",
        [node("Gather", ["E", "input_ids"], ["words"]), node("Add", ["words", "encoder_hidden_states"], ["heard"]),
         node("CumSum", ["heard", "axis1"], ["hidden"]), node("MatMul", ["hidden", "W"], ["logits"])],
        [("input_ids", INT64, ["b", "n"]), ("encoder_hidden_states", FLOAT, ["b", 1, WIDTH])],
        [("logits", FLOAT, ["b", "n", NUM_WORDS])], weights=[("E", EMBEDDING), ("W", OUT), *_NUMBERS],
    )  # fmt: skip


def speech_answer(spectrum, ids):
    return np.cumsum(EMBEDDING[list(ids)] + spectrum.mean(axis=1)[:WIDTH], axis=0) @ OUT


def tokenizer(folder, *, special=True):
    """Write a tokenizer of whole words, with what stands before and after a text."""
    import tokenizers
    from tokenizers import models, pre_tokenizers, processors

    found = tokenizers.Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    found.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if special:
        found.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    found.add_special_tokens(list(WORDS[:5]))
    folder.mkdir(parents=True, exist_ok=True)
    found.save(str(folder / "tokenizer.json"))


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def _value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)
