import errno
import os
import stat
import tempfile

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


def test_where_the_cache_cannot_be_written_a_private_folder_takes_its_place(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert paths.work_folder() == paths.cache_folder()
    assert paths.work_folder().is_dir()
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "file"))
    private = paths.work_folder()
    assert private.parent == tmp_path
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert paths.work_folder() == private


@pytest.mark.parametrize("laid", ["link", "open to others", "file"])
def test_a_folder_that_somebody_else_may_have_laid_there_is_not_used(monkeypatch, tmp_path, laid):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    monkeypatch.setenv(paths.HOME_VARIABLE, "/proc")
    private = paths.work_folder()
    private.rmdir()
    if laid == "link":
        private.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    elif laid == "file":
        private.write_bytes(b"")
    else:
        private.mkdir()
        private.chmod(0o777)
    assert paths.work_folder() == paths.cache_folder()


def test_a_user_without_a_home_gets_no_folder_named_tilde(monkeypatch, tmp_path):
    monkeypatch.delenv(paths.HOME_VARIABLE)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # what it does without a home
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert paths.data_folder().parent.parent == tmp_path
