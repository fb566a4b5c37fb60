"""What was downloaded is listed and taken away again, and nothing else is."""

from pathlib import Path

import pytest

from advisor.child import file_lock
from advisor.convert import download_plan, downloaded
from advisor.errors import AdvisorError


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "hub-models"
    for name, size in (("models--ours--small", 1000), ("models--ours--other", 300)):
        (home / name / "blobs").mkdir(parents=True)
        (home / name / "blobs" / "abc").write_bytes(b"x" * size)
        snapshot = home / name / "snapshots" / ("c" * 40)
        snapshot.mkdir(parents=True)
        (snapshot / "model.safetensors").symlink_to(Path("../../blobs/abc"))
    return home


def test_models_are_listed_with_their_size_and_what_is_half_there_without_a_folder_to_open(folder):
    (folder / "models--ours--begun" / "blobs").mkdir(parents=True)
    (folder / "strange").mkdir()
    found = {item.model_id: item for item in downloaded.downloaded(folder)}
    assert set(found) == {"ours/begun", "ours/other", "ours/small"}
    assert (found["ours/small"].size_bytes, found["ours/begun"].size_bytes) == (1000, 0)
    assert found["ours/begun"].snapshot is None
    assert found["ours/small"].snapshot.endswith("c" * 40)
    assert downloaded.downloaded(folder / "none") == ()


def test_one_is_removed_and_the_others_stay(folder):
    assert downloaded.remove(folder, "ours/small") == 1000
    assert [item.model_id for item in downloaded.downloaded(folder)] == ["ours/other"]
    with pytest.raises(AdvisorError, match="not among the downloaded models"):
        downloaded.remove(folder, "ours/small")


@pytest.mark.parametrize("name", ["../precious", "..", "", "a/../../precious", "/etc"])
def test_nothing_outside_the_folder_is_removed(folder, name):
    precious = folder.parent / "precious"
    precious.mkdir()
    (folder.parent / "models--precious").mkdir()
    with pytest.raises(AdvisorError):
        downloaded.remove(folder, name)
    assert precious.exists()
    assert (folder.parent / "models--precious").exists()


def test_a_link_to_elsewhere_is_neither_listed_nor_followed(folder, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("mine")
    (folder / "models--ours--linked").symlink_to(precious)
    assert "ours/linked" not in {item.model_id for item in downloaded.downloaded(folder)}
    with pytest.raises(AdvisorError, match="not among the downloaded models"):
        downloaded.remove(folder, "ours/linked")
    (folder / "models--ours--small" / "snapshots" / "out").symlink_to(precious)
    downloaded.remove(folder, "ours/small")
    assert (precious / "file").read_text() == "mine"


def test_nothing_is_removed_beside_a_download_of_it(folder):
    (folder / ".locks").mkdir()
    home = download_plan.repo_folder(folder, "ours/small")
    with file_lock.try_hold(folder / ".locks" / f"{home.name}.lock") as held:
        assert held
        with pytest.raises(AdvisorError, match="being downloaded now"):
            downloaded.remove(folder, "ours/small")
    assert home.exists()
