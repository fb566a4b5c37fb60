import errno
import os
import stat

import pytest

from advisor import paths
from advisor.errors import OutputError


def test_one_variable_moves_every_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
    folders = {paths.config_folder(), paths.data_folder(), paths.cache_folder(), paths.log_folder()}
    assert len(folders) == 4
    assert all(folder.parent == tmp_path for folder in folders)


def test_without_it_the_system_decides(monkeypatch):
    monkeypatch.delenv(paths.HOME_VARIABLE)
    assert "model-fit-advisor" in str(paths.data_folder())


def test_a_file_is_written_whole_and_keeps_its_mode(tmp_path):
    file = tmp_path / "new" / "a.txt"
    paths.write_atomically(file, b"one")
    file.chmod(0o640)
    paths.write_atomically(file, b"two")
    assert file.read_bytes() == b"two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [p.name for p in file.parent.iterdir()] == ["a.txt"]


def test_a_folder_is_not_overwritten(tmp_path):
    with pytest.raises(OutputError, match="is a folder") as caught:
        paths.write_atomically(tmp_path, b"x")
    assert caught.value.code == "path-is-folder"


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk-full"), (errno.EROFS, "path-not-writable")])
def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, number, code):
    file = tmp_path / "a.txt"
    file.write_bytes(b"old")

    def full(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        paths.write_atomically(file, b"new")
    assert caught.value.code == code
    assert str(file) in caught.value.message
    assert file.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
