"""The shelf of converted models: what is listed, counted and removed, and what is left alone."""

from pathlib import Path

import msgspec
import pytest

from advisor.convert import place, shelf
from advisor.errors import AdvisorError
from advisor.report import conversion_tools as words
from advisor.runnable import provenance, store
from advisor.runnable.provenance import NumericCheck, Provenance, SourceFile

WEIGHTS = b"0" * 5000
CHECK = NumericCheck(num_inputs=1, num_values=1, max_error=0.0, mean_error=0.0, scale=1.0, limit="any", accepted=True)
ORIGIN = Provenance(
    model_id="org/name", licence="apache-2.0", source_kind="safetensors", sources=(), format_id="onnx-fp32", options={},
    method="torch.onnx (dynamo)", versions={}, created="2026-11-27T02:00:00+00:00", wall_s=1.0, peak_memory_bytes=1,
    predicted_memory_bytes=1, check=CHECK,
    files=(SourceFile(name="model.onnx", size_bytes=len(WEIGHTS), sha256="0" * 64),),
)  # fmt: skip


def put(model_id="org/name", format_id="onnx-fp32", method="rtn", **changes):
    folder = place.target_folder(model_id, format_id, method)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(WEIGHTS)
    origin = msgspec.structs.replace(ORIGIN, model_id=model_id, format_id=format_id, **changes)
    provenance.write(folder, origin)
    return folder


def leave(model_id="org/name", format_id="onnx-int4-b32"):
    work = place.work_folder(place.target_folder(model_id, format_id))
    work.mkdir(parents=True)
    (work / "part").write_bytes(WEIGHTS)
    return work


def test_nothing_there_is_an_empty_shelf():
    assert (shelf.models(), shelf.leftovers(), shelf.clear()) == ((), (), (0, 0))
    assert words.shelf_sentence((), ()) == words.EMPTY_SHELF


def test_models_are_listed_with_their_bytes_and_what_is_wrong_with_them():
    whole = put()
    cut = put("org/other")
    (cut / "model.onnx").write_bytes(b"0")
    unknown = put("third")
    (unknown / provenance.FILE_NAME).write_text("{")
    bare = put("fourth")
    (bare / provenance.FILE_NAME).unlink()
    work = leave()
    models = {model.model_id: model for model in shelf.models()}
    assert models.keys() == {"org/name", "org/other", "third", "fourth"}
    assert models["org/name"].size_bytes == len(WEIGHTS) + (whole / provenance.FILE_NAME).stat().st_size
    assert models["org/name"].problem == ""
    assert models["org/other"].problem == "model.onnx is missing or has another size"
    assert "cannot be read" in models["third"].problem
    assert "origin is not known" in models["fourth"].problem
    assert [(left.folder, left.size_bytes) for left in shelf.leftovers()] == [(str(work), len(WEIGHTS))]
    rows = words.shelf_rows(shelf.models())
    assert [row[-1] for row in rows if row[0] == "org/name"] == ["checked against the original"]
    assert all(row[-1].startswith("do not use: ") for row in rows if row[0] != "org/name")


def test_a_name_means_a_hub_id_a_folder_or_a_path_and_a_format_narrows_it():
    folder = put()
    put(format_id="onnx-int8")
    put(format_id="onnx-int8", method="k-quant")
    for name in ("org/name", "org--name"):
        assert len(shelf.find(name)) == 3
        assert len(shelf.find(name, "onnx-int8")) == 2
        assert len(shelf.find(name, "onnx-int8-k-quant")) == 1
    assert [model.folder for model in shelf.find(str(folder))] == [str(folder)]
    for name, format_id in (("org", None), ("org/name", "onnx-int4-b32"), ("../org--name", None)):
        with pytest.raises(AdvisorError) as caught:
            shelf.find(name, format_id)
        assert caught.value.code == "converted-unknown"


def test_one_model_is_removed_and_its_neighbours_stay():
    folder, other = put(), put(format_id="onnx-int8")
    (model,) = shelf.find("org/name", "onnx-fp32")
    assert shelf.remove(model) == model.size_bytes
    assert not folder.exists()
    assert other.exists()
    shelf.remove(*shelf.find("org/name"))
    assert not folder.parent.exists()


def test_clearing_takes_models_and_leftovers_and_leaves_what_is_at_work():
    put()
    gone, busy = leave(), leave(format_id="onnx-int8")
    with place.alone(place.target_folder("org/name", "onnx-int8")):
        num_models, size_bytes = shelf.clear()
    assert num_models == 1
    assert size_bytes > 2 * len(WEIGHTS)
    assert not gone.exists()
    assert busy.exists()
    assert shelf.clear() == (0, len(WEIGHTS))


def test_a_model_that_is_being_replaced_is_not_removed():
    folder = put()
    with place.alone(folder), pytest.raises(AdvisorError) as caught:
        shelf.remove(*shelf.models())
    assert caught.value.code == "conversion-running"
    assert folder.exists()


def test_links_are_neither_counted_nor_followed(tmp_path):
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "photo.jpg").write_bytes(WEIGHTS)
    folder = put()
    before_bytes = shelf.models()[0].size_bytes
    (folder / "more").symlink_to(treasure, target_is_directory=True)
    (folder / "photo.jpg").symlink_to(treasure / "photo.jpg")
    (place.home() / "linked").symlink_to(treasure.parent, target_is_directory=True)
    (folder.parent / "linked").symlink_to(treasure, target_is_directory=True)
    assert [(model.folder, model.size_bytes) for model in shelf.models()] == [(str(folder), before_bytes)]
    for strange in (treasure, folder.parent / "linked", place.home(), folder / ".." / "onnx-fp32", Path("/")):
        with pytest.raises(AdvisorError):
            store.remove(place.home(), strange)
    shelf.clear()
    assert not folder.exists()
    assert (treasure / "photo.jpg").exists()


def test_a_removal_that_was_killed_is_finished_by_the_next_clearing():
    folder = put()
    half = folder.with_name(f".{folder.name}{store.REMOVED}")
    folder.rename(half)
    assert shelf.models() == ()
    assert shelf.clear()[1] > len(WEIGHTS)
    assert not half.exists()
