"""One probe at a time."""

import os
import subprocess
import sys

import pytest

from advisor.child import command
from advisor.errors import ChildError, OutputError
from advisor.probe import lock

_HOLDER = """
import pathlib, sys
from advisor.probe import lock
with lock.hold(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder):
    return subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=command.environment(),
    )  # fmt: skip


def test_a_second_process_is_refused_and_told_who_measures(tmp_path):
    with holder(tmp_path) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ChildError, match=f"process {other.pid}") as caught, lock.hold(tmp_path):
            pass
        assert caught.value.code == "probe-running"
        other.stdin.close()
    with lock.hold(tmp_path):
        assert (tmp_path / lock.FILE_NAME).read_text() == str(os.getpid())


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    with holder(tmp_path) as other:
        other.stdout.readline()
        other.kill()
    with lock.hold(tmp_path):
        pass


def test_a_file_left_by_an_older_run_is_no_obstacle(tmp_path):
    (tmp_path / lock.FILE_NAME).write_text("999999999999")
    with lock.hold(tmp_path):
        assert (tmp_path / lock.FILE_NAME).read_text() == str(os.getpid())


def test_the_folder_is_made(tmp_path):
    with lock.hold(tmp_path / "new" / "folder"):
        pass


def test_a_folder_that_cannot_be_written_is_a_sentence_and_no_bug(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError) as caught, lock.hold(tmp_path / "file"):
        pass
    assert caught.value.code == "path-not-writable"
    assert str(tmp_path / "file") in caught.value.message
    assert "TMPDIR" in caught.value.remedy
