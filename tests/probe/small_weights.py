"""Folders with small ONNX models as optimum and transformers.js write them, with caches that grow."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

VOCABULARY, WIDTH, HEADS, HEAD = 120, 8, 2, 4


def tokenizer(folder, num_tokens=VOCABULARY):
    """Write a tokenizer whose tokens are letters."""
    letters = [chr(code) for code in range(32, 32 + num_tokens - 1)]
    made = Tokenizer(models.WordLevel({"?": 0, **{c: i + 1 for i, c in enumerate(letters)}}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    made.save(str(folder / "tokenizer.json"))


def values(*items):
    kinds = {"f": TensorProto.FLOAT, "i": TensorProto.INT64, "b": TensorProto.BOOL}
    return [helper.make_tensor_value_info(name, kinds[kind], shape) for name, kind, shape in items]


def weights(*shapes):
    draw = np.random.default_rng(0)
    return [numpy_helper.from_array(draw.standard_normal(shape).astype(np.float32), name) for name, shape in shapes]


def save(path, nodes, inputs, outputs, initializers):
    graph = helper.make_graph(nodes, path.stem, values(*inputs), values(*outputs), initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def decoder(folder, num_tokens=VOCABULARY, num_known=None):
    """A decoder without an operator that appends in place: each run makes a longer cache.

    Tokens from `num_known` on have no numbers: whoever feeds one gets NaN.
    """
    node = helper.make_node
    shape = numpy_helper.from_array(np.array([0, -1, HEADS, HEAD], np.int64), "shape")
    table, output = weights(("table", (num_tokens, WIDTH)), ("output", (WIDTH, num_tokens)))
    if num_known is not None:
        rows = numpy_helper.to_array(table).copy()
        rows[num_known:] = np.nan
        table = numpy_helper.from_array(rows, "table")
    past = ["b", HEADS, "past", HEAD]
    caches = [("past_key_values.0.key", "f", past), ("past_key_values.0.value", "f", past)]
    folder.mkdir(parents=True, exist_ok=True)
    save(
        folder / "model.onnx",
        [
            node("Gather", ["table", "input_ids"], ["hidden"]),
            node("Reshape", ["hidden", "shape"], ["split"]),
            node("Transpose", ["split"], ["heads"], perm=[0, 2, 1, 3]),
            node("Concat", ["past_key_values.0.key", "heads"], ["present.0.key"], axis=2),
            node("Concat", ["past_key_values.0.value", "heads"], ["present.0.value"], axis=2),
            node("MatMul", ["hidden", "output"], ["logits"]),
        ],
        [("input_ids", "i", ["b", "n"]), ("attention_mask", "i", ["b", "all"]), *caches],
        [("logits", "f", ["b", "n", num_tokens]), ("present.0.key", "f", ["b", HEADS, "all", HEAD]),
         ("present.0.value", "f", ["b", HEADS, "all", HEAD])],
        [table, output, shape],
    )  # fmt: skip
    facts = {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": num_tokens, "hidden_size": WIDTH,
        "num_attention_heads": HEADS, "num_hidden_layers": 1, "max_position_embeddings": 256,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(facts))
    tokenizer(folder)
    return folder


def encoder_decoder(folder):
    """Optimum's three files: an encoder, a decoder for the first token, and one for those after it."""
    node = helper.make_node
    folder.mkdir(parents=True, exist_ok=True)
    shape = numpy_helper.from_array(np.array([0, -1, HEADS, HEAD], np.int64), "shape")
    table, output = weights(("table", (VOCABULARY, WIDTH)), ("output", (WIDTH, VOCABULARY)))
    text = [("input_ids", "i", ["b", "n"]), ("attention_mask", "i", ["b", "n"])]
    hidden = ("last_hidden_state", "f", ["b", "n", WIDTH])
    save(folder / "encoder_model.onnx", [node("Gather", ["table", "input_ids"], ["last_hidden_state"])], text, [hidden],
         [table])  # fmt: skip
    kept = [(f"{side}.0.{half}.key", "f", ["b", HEADS, f"{half}_{side}", HEAD])
            for half in ("decoder", "encoder") for side in ("past_key_values", "present")]  # fmt: skip
    read = [("input_ids", "i", ["b", "t"]), ("encoder_attention_mask", "i", ["b", "n"])]
    logits = ("logits", "f", ["b", "t", VOCABULARY])

    def halves(source, name):
        return [
            node("Reshape", [source, "shape"], [f"{name}_split"]),
            node("Transpose", [f"{name}_split"], [name], perm=[0, 2, 1, 3]),
        ]

    ends = [node("MatMul", ["words", "output"], ["logits"])]
    start = [node("Gather", ["table", "input_ids"], ["words"])]
    save(
        folder / "decoder_model.onnx",
        [*start, *halves("words", "present.0.decoder.key"),
         *halves("encoder_hidden_states", "present.0.encoder.key"), *ends],
        [*read, ("encoder_hidden_states", "f", ["b", "n", WIDTH])],
        [logits, kept[1], kept[3]], [table, output, shape],
    )  # fmt: skip
    save(
        folder / "decoder_with_past_model.onnx",
        [*start, *halves("words", "new"),
         node("Concat", ["past_key_values.0.decoder.key", "new"], ["present.0.decoder.key"], axis=2),
         node("ReduceSum", ["past_key_values.0.encoder.key"], ["seen"], keepdims=0),
         node("Add", ["words", "seen"], ["looked"]), node("MatMul", ["looked", "output"], ["logits"])],
        [*read, kept[0], kept[2]], [logits, kept[1]], [table, output, shape],
    )  # fmt: skip
    facts = {
        "model_type": "marian", "architectures": ["MarianMTModel"], "vocab_size": VOCABULARY, "d_model": WIDTH,
        "decoder_attention_heads": HEADS, "encoder_attention_heads": HEADS, "decoder_layers": 1, "encoder_layers": 1,
        "max_position_embeddings": 128, "is_encoder_decoder": True, "decoder_start_token_id": 3,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(facts))
    tokenizer(folder)
    return folder


def classifier(folder):
    """A classifier of texts that wants positions and says labels."""
    node = helper.make_node
    folder.mkdir(parents=True, exist_ok=True)
    save(
        folder / "model.onnx",
        [
            node("Gather", ["table", "input_ids"], ["hidden"]),
            node("Gather", ["places", "position_ids"], ["where"]),
            node("Add", ["hidden", "where"], ["added"]),
            node("ReduceMean", ["added"], ["mean"], axes=[1], keepdims=0),
            node("MatMul", ["mean", "output"], ["logits"]),
        ],
        [("input_ids", "i", ["b", "n"]), ("attention_mask", "i", ["b", "n"]), ("position_ids", "i", ["b", "n"])],
        [("logits", "f", ["b", 2])],
        weights(("table", (VOCABULARY, WIDTH)), ("places", (64, WIDTH)), ("output", (WIDTH, 2))),
    )
    facts = {
        "model_type": "bert", "architectures": ["BertForSequenceClassification"], "vocab_size": VOCABULARY,
        "hidden_size": WIDTH, "num_attention_heads": HEADS, "num_hidden_layers": 1, "max_position_embeddings": 64,
        "id2label": {"0": "no", "1": "yes"},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(facts))
    tokenizer(folder)
    return folder
