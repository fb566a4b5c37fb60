"""Reading strangers' ONNX files: what they say, and what they must not get away with."""

import contextlib
import os
import zipfile

import cards
import msgspec
import numpy as np
import onnx
import onnx_files
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from advisor.errors import InvalidModelError
from advisor.graphs import decoder, storage
from advisor.graphs.onnx_file import check, skim
from advisor.graphs.onnx_file.read import read


def refusal(file):
    with pytest.raises(InvalidModelError) as caught:
        read(file)
    assert file.name in caught.value.message
    assert caught.value.remedy
    return caught.value.message


def test_a_header_says_what_the_file_holds(tmp_path):
    found = read(onnx_files.write(tmp_path, onnx_files.product()))
    assert [(item.name, item.data_type, item.shape) for item in found.inputs] == [("x", "float32", ("N", 8))]
    assert found.outputs[0].shape == ("N", 512)
    assert found.opsets == {"ai.onnx": 20}
    assert found.producer == "by-hand"
    assert found.num_parameters == 8 * 512
    assert found.weight_bytes == {"float32": 4 * 8 * 512}
    assert found.num_by_operator == {"MatMul": 1}
    assert found.custom_operators == ()


def test_weights_stay_where_they_are(tmp_path):
    file = onnx_files.write(tmp_path, onnx_files.product(rows=64, columns=4096))
    left = skim.skim(file)
    assert file.stat().st_size > 1024 * 1024
    assert len(left) < 1024
    tensor = onnx.ModelProto.FromString(left).graph.initializer[0]
    assert list(tensor.dims) == [64, 4096]
    assert skim.left_out_bytes(tensor.doc_string) == 4 * 64 * 4096


def test_short_messages_are_copied_byte_by_byte(tmp_path):
    made = onnx_files.lookup()
    assert onnx.ModelProto.FromString(skim.skim(onnx_files.write(tmp_path, made))) == made


def test_weights_inside_branches_are_counted(tmp_path):
    found = read(onnx_files.write(tmp_path, onnx_files.branches()))
    assert found.num_parameters == 2 * 8 * 200
    assert found.num_nodes == 4


def test_ids_stay_below_the_table_they_are_looked_up_in(tmp_path):
    assert read(onnx_files.write(tmp_path, onnx_files.lookup(37))).inputs[0].id_limit == 37


@pytest.mark.parametrize("place", [0, 3])
def test_the_smallest_of_several_tables_is_the_limit(tmp_path, place):
    made = onnx_files.lookup(37)
    made.graph.node.insert(place, helper.make_node("Gather", ["small", "input_ids"], ["s"]))
    made.graph.initializer.append(onnx_files.weight("small", (5, 4)))
    assert read(onnx_files.write(tmp_path, made)).inputs[0].id_limit == 5


def test_matrices_packed_in_four_bits_count_two_numbers_a_byte(tmp_path):
    packed = onnx.numpy_helper.from_array(np.zeros((16, 2, 16), np.uint8), "b")
    node = helper.make_node("MatMulNBits", ["x", "b", "s"], ["y"], domain="com.microsoft", K=64, N=16, bits=4)
    made = onnx_files.model(
        [node], [onnx_files.value("x")], [onnx_files.value("y")], [packed, onnx_files.weight("s", (32,))],
        domains=["com.microsoft"],
    )  # fmt: skip
    assert read(onnx_files.write(tmp_path, made)).num_parameters == 64 * 16 + 32


def test_operators_nobody_defines_are_named_and_the_files_own_are_not(tmp_path):
    opsets = [helper.make_opsetid("", 20)]
    own = helper.make_function("mine", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], opsets)
    nodes = [
        helper.make_node("Twice", ["x"], ["t"], domain="mine"),
        helper.make_node("Magic", ["t"], ["y"], domain="acme"),
    ]
    made = onnx_files.model(
        nodes, [onnx_files.value("x")], [onnx_files.value("y")], domains=["mine", "acme"], functions=[own]
    )
    assert read(onnx_files.write(tmp_path, made)).custom_operators == ("acme:Magic",)


def test_a_decoder_of_the_runtimes_own_operators_tells_its_table_and_its_head(tmp_path):
    shape = cards.tiny_shape()
    file = tmp_path / "decoder.onnx"
    decoder.build(shape, storage.BY_FORMAT["onnx-int4-b32"], file, num_positions=128)
    found = read(file)
    assert found.inputs[0].id_limit == shape.vocab_size
    assert found.head_size == shape.head_size


def test_the_image_size_an_exporter_notes(tmp_path):
    made = onnx_files.product()
    made.metadata_props.add(key="imgsz", value="[320, 480]")
    assert read(onnx_files.write(tmp_path, made)).image_size == (320, 480)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello, this is no model", b'{"a": 1}', b"\x08\x0a", bytes(range(256)) * 20, b"\x3a\xff\xff\xff\xff\x0f"],
)
def test_what_is_no_model_is_said(tmp_path, content):
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    refusal(file)


def test_an_archive_is_no_model(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.onnx", "w") as archive:
        archive.writestr("a.txt", "b" * 5000)
    refusal(tmp_path / "model.onnx")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_what_is_no_file_is_said_at_once(tmp_path, kind):
    file = tmp_path / "model.onnx"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)  # opening it in the usual way would wait for ever
    refusal(file)


def test_a_file_cut_anywhere_is_refused_or_sound_and_never_a_fault(tmp_path):
    whole = onnx_files.branches().SerializeToString()
    file = tmp_path / "model.onnx"
    num_refused = 0
    for end in range(1, len(whole), 97):
        file.write_bytes(whole[:end])
        with contextlib.suppress(InvalidModelError):
            read(file)
            num_refused -= 1
        num_refused += 1
    assert num_refused > 0.9 * len(range(1, len(whole), 97))


def test_a_cut_file_says_where(tmp_path):
    whole = onnx_files.product().SerializeToString()
    file = tmp_path / "model.onnx"
    file.write_bytes(whole[: len(whole) // 2])
    assert f"the file has {len(whole) // 2:,}" in refusal(file)


def test_the_runtimes_own_format_is_named(tmp_path):
    """As `InferenceSession` itself writes it."""
    source, file = onnx_files.write(tmp_path, onnx_files.product()), tmp_path / "model.ort"
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(file)
    options.add_session_config_entry("session.save_model_format", "ORT")
    ort.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    assert "ONNX Runtime's own format" in refusal(file)


def test_bytes_changed_anywhere_are_never_a_fault(tmp_path):
    whole = bytearray(onnx_files.branches().SerializeToString())
    draw = np.random.default_rng(1)
    file = tmp_path / "model.onnx"
    for _ in range(300):
        changed = bytearray(whole)
        for place in draw.integers(0, 200, 3):
            changed[place] = draw.integers(0, 256)
        file.write_bytes(changed)
        with contextlib.suppress(InvalidModelError):
            assert msgspec.json.encode(read(file))


def test_more_than_protobuf_allows_is_refused_unread(tmp_path):
    file = tmp_path / "model.onnx"
    with file.open("wb") as stream:
        stream.truncate(2**31 + 10)
    assert "2 GiB" in refusal(file)


def test_a_graph_of_more_parts_than_any_model_has_is_refused(tmp_path):
    whole = onnx_files.product().SerializeToString()
    parts = b"\x0a\x00" * 1_000_001  # nodes of nothing
    assert len(parts) < 2**21  # so three bytes tell the length
    length = bytes([len(parts) & 127 | 128, len(parts) >> 7 & 127 | 128, len(parts) >> 14])
    (tmp_path / "crowd.onnx").write_bytes(whole + b"\x3a" + length + parts)
    assert "crowd.onnx has more than 1,000,000 parts" in refusal(tmp_path / "crowd.onnx")


def test_a_weight_with_fewer_numbers_than_its_shape_needs(tmp_path):
    made = onnx_files.product()
    made.graph.initializer[0].dims[:] = [8, 513]
    assert "16,416 bytes" in refusal(onnx_files.write(tmp_path, made))


@pytest.mark.parametrize("shape", [[-8, 512], [2**40, 2**40], [2**62]])
def test_a_weight_of_impossible_shape(tmp_path, shape):
    made = onnx_files.product()
    made.graph.initializer[0].dims[:] = shape
    assert "impossible shape" in refusal(onnx_files.write(tmp_path, made))


def test_external_weights_are_listed(tmp_path):
    found = read(onnx_files.external(tmp_path, length=512))
    assert [(item.name, item.size_bytes, item.num_tensors) for item in found.external_files] == [("model.data", 512, 1)]
    assert found.weight_bytes == {"float32": 512}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data_bytes": None}, "not there"),
        ({"data_bytes": 511}, "too short"),
        ({"offset": 1}, "too short"),
        ({"offset": -4}, "-4"),
        ({"offset": "a"}, "no number"),
        ({"length": 100}, "needs 512 bytes"),
        ({"extra": [("location", "other.data")]}, "exactly one place"),
        ({"location": "."}, "no regular file"),
    ],
)
def test_external_weights_that_are_not_as_stated(tmp_path, changes, words):
    assert words in refusal(onnx_files.external(tmp_path, **changes))


@pytest.mark.parametrize(
    "location",
    ["../secret", "/etc/passwd", "a/../../secret", "C:\\secret", "..\\secret", "\\\\host\\share", "", "a\0b", "link"],
)
def test_a_path_that_leads_out_of_the_folder_is_refused(tmp_path, location):
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"\0" * 512)
    (folder / "link").symlink_to(tmp_path / "secret")
    file = onnx_files.external(folder, location=location)
    assert "outside the model's folder" in refusal(file)


def test_a_folder_that_is_a_link_out_is_refused(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"\0" * 512)
    (folder / "parts").symlink_to(tmp_path)
    assert "outside" in refusal(onnx_files.external(folder, location="parts/secret"))


def test_a_download_cache_of_links_is_read(tmp_path):
    """Model and data are links into one folder of hashes: both stay inside where the model really lies."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    snapshot.mkdir()
    onnx_files.external(blobs)
    for name in ("model.onnx", "model.data"):
        (snapshot / name).symlink_to(blobs / name)
    assert read(snapshot / "model.onnx").external_files[0].size_bytes == 512


@pytest.mark.parametrize("where", ["attribute", "function"])
def test_a_path_hidden_in_a_constant_is_found(tmp_path, where):
    tensor = TensorProto(data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../secret")
    constant = helper.make_node("Constant", [], ["c"])
    constant.attribute.add(name="value", type=onnx.AttributeProto.TENSOR, t=tensor)
    add = helper.make_node("Add", ["x", "c"], ["y"])
    if where == "attribute":
        made = onnx_files.model([constant, add], [onnx_files.value("x")], [onnx_files.value("y")])
    else:
        own = helper.make_function("mine", "More", ["x"], ["y"], [constant, add], [helper.make_opsetid("", 20)])
        nodes = [helper.make_node("More", ["x"], ["y"], domain="mine")]
        made = onnx_files.model(
            nodes, [onnx_files.value("x")], [onnx_files.value("y")], domains=["mine"], functions=[own]
        )
    assert "outside" in refusal(onnx_files.write(tmp_path, made))


def test_a_compiled_part_outside_the_folder_is_refused(tmp_path):
    node = helper.make_node(
        "EPContext", ["x"], ["y"], domain="com.microsoft", embed_mode=0, ep_cache_context="../secret.bin"
    )
    made = onnx_files.model([node], [onnx_files.value("x")], [onnx_files.value("y")], domains=["com.microsoft"])
    assert "outside" in refusal(onnx_files.write(tmp_path, made))


@pytest.mark.parametrize("text", [b"by-hand", b"location", b"model.data"])
def test_a_name_that_is_no_text_is_said(tmp_path, text):
    file = onnx_files.external(tmp_path)
    whole = file.read_bytes()
    assert whole.count(text) == 1
    file.write_bytes(whole.replace(text, b"\xff" * len(text)))
    refusal(file)


def test_types_have_their_usual_names():
    names = [check.type_name(kind) for kind in (TensorProto.FLOAT, TensorProto.INT4, TensorProto.BFLOAT16, 999)]
    assert names == ["float32", "int4", "bfloat16", "unknown type 999"]
