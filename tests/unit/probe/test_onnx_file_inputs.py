"""Sizes and values for the inputs of an ONNX file."""

import pytest

from advisor.errors import InvalidInputError, InvalidModelError
from advisor.graphs.onnx_file.model import OnnxHeader, Value
from advisor.probe.onnx_file import inputs

BOX_BYTES = 2**30


def value(name, data_type="float32", shape=(), **changes):
    return Value(name=name, data_type=data_type, shape=shape, **changes)


def header(*values, outputs=(), **changes):
    return OnnxHeader(
        file_bytes=1, ir_version=10, producer="", opsets={"ai.onnx": 20}, inputs=values,
        outputs=tuple(value(name) for name in outputs), num_nodes=1, num_by_operator={"Add": 1}, num_parameters=1,
        weight_bytes={}, **changes,
    )  # fmt: skip


def made(*values, file="model.onnx", shapes=None, dimensions=None, **changes):
    return inputs.make(
        header(*values, **changes), file, shapes=shapes or {}, dimensions=dimensions or {}, memory_box_bytes=BOX_BYTES
    )


def shapes(found):
    return {feed.name: feed.shape for feed in found.feeds}


def fills(found):
    return {feed.name: (feed.fill, feed.limit) for feed in found.feeds}


@pytest.mark.parametrize(
    ("item", "options", "expected"),
    [
        (value("input_ids", "int64", ("batch", "sequence")), {}, (1, 128)),
        (value("x", shape=("N", 3, "H", "W")), {}, (1, 3, 224, 224)),
        (value("x", shape=(None, None, None, 3)), {}, (1, 224, 224, 3)),
        (value("images", shape=("batch", 3, "h", "w")), {"outputs": ["output0"]}, (1, 3, 640, 640)),
        (value("x", shape=("D0", 3, "D1", "D2")), {"file": "PP-OCR_det_small.onnx"}, (1, 3, 640, 640)),
        (value("x", shape=("D0", 3, None, "D1")), {"file": "PP-OCR_rec_small.onnx"}, (1, 3, 48, 320)),
        (value("x", shape=("D0", 3, 32, "D1")), {}, (1, 3, 32, 213)),
        (value("x", shape=(None, 3, None, None)), {"file": "mobile_cls.onnx"}, (1, 3, 48, 192)),
        (value("images", shape=("b", 3, "h", "w")), {"image_size": (320, 480)}, (1, 3, 320, 480)),
        (value("waveform", shape=("batch", "samples")), {}, (1, 16_000)),
        (value("audio", shape=(1, None)), {}, (1, 16_000)),
        (value("features", shape=("batch", 80, "frames")), {}, (1, 80, 128)),
        (value("bytes", "int32", ("unk__1", 2048)), {}, (1, 2048)),
        (value("flag", "bool", ()), {}, ()),
    ],
)
def test_free_sizes_get_sensible_defaults(item, options, expected):
    found = made(item, **options)
    assert shapes(found)[item.name] == expected
    open_sizes = [size for size in item.shape if not isinstance(size, int)]
    assert len(found.free) == len(open_sizes)
    assert all(choice.why for choice in found.free)


def test_a_piece_of_speech_beside_a_state():
    found = made(value("input", shape=(None, None)), value("state", shape=(2, None, 128)), value("sr", "int64"))
    assert shapes(found) == {"input": (1, 576), "state": (2, 1, 128), "sr": ()}
    assert fills(found) == {"input": ("normal", 0), "state": ("zeros", 0), "sr": ("constant", 16_000)}


def test_a_decoder_begins_with_nothing_read_before():
    total = value("attention_mask", "int64", ("batch", "past_sequence_length + sequence_length"))
    past = value("past.0.key", shape=("batch", 8, "past_sequence_length", 64))
    found = made(value("input_ids", "int64", ("batch", "sequence_length"), id_limit=500), total, past)
    assert shapes(found) == {"input_ids": (1, 128), "attention_mask": (1, 128), "past.0.key": (1, 8, 0, 64)}
    assert fills(found)["past.0.key"] == ("zeros", 0)


def test_a_cache_of_three_heads_is_no_image_and_its_head_is_as_wide_as_the_graph_says():
    past = value("past_key_values.0.key", shape=("batch", 3, "past_sequence_length", "kv_cache_dim"))
    assert shapes(made(past, head_size=64)) == {past.name: (1, 3, 0, 64)}
    fixed = value("past_key_values.0.key", shape=("batch", 3, "capacity", 64))
    assert shapes(made(fixed)) == {past.name: (1, 3, 0, 64)}


def test_a_total_follows_the_sequence_and_what_was_read_before():
    ids = value("input_ids", "int64", ("batch", "sequence_length"))
    mask = value("attention_mask", "int64", ("batch", "total_sequence_length"))
    past = value("past.0.key", shape=("batch", 3, "past_sequence_length", 64))
    found = made(ids, mask, past, dimensions={"sequence_length": 1, "past_sequence_length": 40})
    assert shapes(found) == {"input_ids": (1, 1), "attention_mask": (1, 41), "past.0.key": (1, 3, 40, 64)}


def test_a_name_has_one_size_in_all_inputs():
    found = made(value("audio", shape=("batch", "t")), value("mask", "int64", ("batch", "t")))
    assert shapes(found) == {"audio": (1, 16_000), "mask": (1, 16_000)}
    assert [item.name for item in found.free] == ["batch", "t"]


def test_what_the_user_asks_for_wins_and_holds_for_every_input_of_that_name():
    ids, mask = value("ids", "int64", ("batch", "seq")), value("mask", "int64", ("batch", "seq"))
    found = made(ids, mask, dimensions={"seq": 7})
    assert shapes(found) == {"ids": (1, 7), "mask": (1, 7)}
    assert {item.name: item.why for item in found.free}["seq"] == "asked for"
    assert shapes(made(ids, mask, shapes={"mask": (3, 9)})) == {"ids": (3, 9), "mask": (3, 9)}


def test_sizes_without_a_name_are_told_and_taken_by_input_and_place():
    items = (value("x", shape=(None, 576)), value("state", shape=(2, None, 128)), value("n", "int64", ("past + seq",)))
    first = made(*items)
    assert [item.name for item in first.free] == ["x[0]", "state[1]", "past + seq"]
    again = made(*items, dimensions={item.name: 3 for item in first.free})
    assert shapes(again) == {"x": (3, 576), "state": (2, 3, 128), "n": (3,)}
    with pytest.raises(InvalidInputError, match=r"no free dimension named 'x\[1\]'"):
        made(*items, dimensions={"x[1]": 3})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shapes": {"y": (1,)}}, "no input named 'y'"),
        ({"shapes": {"x": (1, 4, 8)}}, "cannot have the shape 1x4x8"),
        ({"shapes": {"x": (1, 3, 8, 9)}}, "cannot have the shape 1x3x8x9"),
        ({"dimensions": {"width": 3}}, "no free dimension named 'width'"),
        ({"dimensions": {"N": -1}}, "cannot be -1"),
        ({"shapes": {"x": (10**6, 3, 10**4)}}, "more than the 1 GiB"),
    ],
)
def test_sizes_that_contradict_the_file(options, words):
    with pytest.raises(InvalidInputError, match=words) as caught:
        made(value("x", shape=("N", 3, "L")), **options)
    assert caught.value.remedy


def test_a_file_that_states_no_dimensions_asks_for_them():
    with pytest.raises(InvalidInputError, match="does not say how many") as caught:
        made(value("x", shape=None))
    assert "--shape x=" in caught.value.remedy
    assert shapes(made(value("x", shape=None), shapes={"x": (2, 5)})) == {"x": (2, 5)}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (value("ids", "int64", (1, 4), id_limit=30), ("ids", 30)),
        (value("attention_mask", "int64", (1, 4)), ("ones", 0)),
        (value("mask", "float32", (1, 4)), ("ones", 0)),
        (value("position_ids", "int64", (1, 4)), ("positions", 0)),
        (value("token_type_ids", "int64", (1, 4)), ("zeros", 0)),
        (value("token_type_ids", "int64", (1, 4), id_limit=2), ("ids", 2)),
        (value("codes", "int32", (1, 4)), ("ids", 2)),
        (value("k", "int64", (1,)), ("ones", 0)),
        (value("x", "float32", (1, 3, 8, 8)), ("pixels", 0)),
        (value("x", "uint8", (1, 3, 8, 8)), ("bytes", 0)),
        (value("x", "float16", (1, 5)), ("normal", 0)),
        (value("flag", "bool", (1,)), ("ones", 0)),
        (value("use_cache_branch", "bool", (1,)), ("zeros", 0)),
        (value("text", "string", (1,)), ("empty", 0)),
    ],
)
def test_values_follow_type_name_and_table(item, expected):
    assert fills(made(item))[item.name] == expected


def test_a_length_is_that_of_the_longest_input():
    found = made(value("x", shape=(1, 40)), value("x_length", "int64", (1,)))
    assert fills(found)["x_length"] == ("constant", 40)


@pytest.mark.parametrize("kind", ["sequence", "map", "optional", "sparse"])
def test_inputs_that_are_no_tensors_are_said(kind):
    with pytest.raises(InvalidModelError, match="'x' of model"):
        made(Value(name="x", kind=kind, data_type=kind, shape=None))


def test_a_type_of_which_no_values_are_made_is_said():
    with pytest.raises(InvalidModelError, match="bfloat16"):
        made(value("x", "bfloat16", (1,)))
