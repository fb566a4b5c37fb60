"""`data`: what the app keeps is listed, and removed by kind or whole, without touching anything else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from advisor import log, paths, resources, settings
from advisor.convert import place, tools
from advisor.history.store import History


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "advisor", "data", *words], capture_output=True, text=True, timeout=60, env=os.environ
    )


def document(*words):
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read("schema/data.schema.json")))
    return {part["kind"]: part["num_files"] for part in value["parts"]}


@pytest.fixture
def used(own_folders):
    """Folders of an app that was used."""
    settings.save(settings.Settings())
    History(paths.data_folder() / "history.sqlite").open().close()
    model = place.target_folder("org/name", "onnx-fp32")
    for folder, name in (
        (model, "model.onnx"), (tools.folder(), tools.BEGUN), (tools.folder() / "lib", "torch.py"),
        (paths.cache_folder() / "graphs", "a.onnx"), (paths.cache_folder(), "threads.json"),
        (paths.log_folder(), log.LOG_NAME), (paths.data_folder() / "machines", "mine.json"),
    ):  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x" * 1000)
    return paths.data_folder().parent


def test_all_of_it_is_listed_and_removed_and_nothing_else(used):
    assert document("list") == {
        "tools": 2, "converted": 1, "downloaded": 0, "cache": 2, "log": 1, "history": 1, "settings": 2,
    }  # fmt: skip
    assert "data remove all" in run("list").stdout
    done = run("remove", "all")
    assert (done.returncode, "Nothing was changed" in done.stderr) == (2, True)
    stranger = paths.data_folder() / "photo.jpg"
    stranger.touch()
    done = run("remove", "all", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"Left alone, because this app did not make it: {stranger}." in done.stdout
    assert [path for path in used.rglob("*") if path.is_file()] == [stranger]
    stranger.unlink()
    assert "nothing to remove" in run("remove", "all", "--yes").stdout
    assert not list(used.iterdir())


def test_one_kind_leaves_the_others(used):
    assert document("remove", "history", "cache", "--yes") == {
        "tools": 2, "converted": 1, "downloaded": 0, "cache": 0, "log": 1, "history": 0, "settings": 2,
    }  # fmt: skip
    done = run("remove", "photos", "--yes")
    assert done.returncode == 2
    assert "'photos'" in done.stderr
    assert "settings, all" in done.stderr


def test_a_link_is_removed_and_what_it_leads_to_stays(used, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "photo.jpg").touch()
    (paths.cache_folder() / "compression").symlink_to(outside, target_is_directory=True)
    document("remove", "cache", "--yes")
    assert not Path(paths.cache_folder() / "compression").is_symlink()
    assert (outside / "photo.jpg").exists()
