"""The bundle where nobody expects it: a strangely named folder that cannot be written, a locale without UTF-8."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import limited
import pytest

TASK = "sortiere 500 E-Mails täglich in 6 Themen, Deutsch"
STRANGE = 'Modèl-Fit 軟體 "ünïcode"; 50%41 #1\'s back\\slash'
BARE = {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture
def placed(bundle, tmp_path):
    """The bundle's files in a folder with a strange and long name; nothing can be written there."""
    target = tmp_path / STRANGE / ("long" * 40)
    shutil.copytree(bundle.parent, target, symlinks=True, copy_function=os.link)
    folders = [target, *(path for path in target.rglob("*") if path.is_dir() and not path.is_symlink())]
    for folder in folders:
        folder.chmod(0o555)
    yield target
    for folder in folders:
        folder.chmod(0o755)


def run(program, *words, **variables):
    done = subprocess.run(limited.words(program, *words), capture_output=True, timeout=120, env={**BARE, **variables})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_whole_job_in_a_strange_folder_that_cannot_be_written(placed, tmp_path):
    home = tmp_path / "hömé 家"
    home.mkdir()
    before = sorted(placed.rglob("*"))
    code, out, err = run(placed / "model-fit-advisor", "gui", "--smoke", HOME=str(home))
    assert code == 0, out + err
    assert "measure a model: done" in out
    assert "No such file" not in err, err  # drawings of the style sheet are found too
    target = tmp_path / "rëport 報.html"
    code, out, err = run(placed / "model-fit-advisor-cli", "report", "--task", TASK, "--output", target, HOME=str(home))
    assert (code, str(target) in out) == (0, True), err
    assert "täglich" in target.read_text("utf-8")
    assert sorted(placed.rglob("*")) == before


def test_a_user_without_a_home_gets_an_answer(bundle):
    """As a container's `--user 12345` is: no account and no HOME."""
    everybody_enters = all(folder.stat().st_mode & 0o001 for folder in bundle.parents)
    may_be_another = os.geteuid() == 0 and everybody_enters
    words = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"] if may_be_another else []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        done = subprocess.run(
            [*words, bundle, "recommend", "--task", TASK], capture_output=True, timeout=120, cwd=folder,
            env=BARE | {"TMPDIR": folder},
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr.decode()
        assert b"Traceback" not in done.stderr
        left = [path.name for path in Path(folder).iterdir()]
    assert left == (["model-fit-advisor-12345"] if may_be_another else [])
