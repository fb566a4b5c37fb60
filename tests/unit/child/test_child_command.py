"""Command line and environment of a child."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import msgspec
import pytest

from advisor.child import command, runner
from advisor.paths import HOME_VARIABLE

ROOT = Path(__file__).resolve().parents[3]


def test_the_child_is_this_app_in_this_interpreter():
    assert command.command("probe") == [sys.executable, "-P", "-m", "advisor", "--child", "probe"]


def test_a_frozen_app_calls_its_console_sibling(tmp_path, monkeypatch):
    window = tmp_path / "model-fit-advisor"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(window))
    assert command.command("probe") == [str(window), "--child", "probe"]
    sibling = tmp_path / "model-fit-advisor-cli"
    sibling.touch()
    assert command.command("probe") == [str(sibling), "--child", "probe"]


def test_only_named_variables_reach_the_child():
    found = command.environment({"PATH": "/bin", "OMP_NUM_THREADS": "1", "LD_PRELOAD": "x.so", HOME_VARIABLE: "/h"})
    assert found["PATH"] == "/bin"
    assert found[HOME_VARIABLE] == "/h"
    assert {"OMP_NUM_THREADS", "LD_PRELOAD"}.isdisjoint(found)


def test_the_own_path_comes_before_the_users():
    parts = command.environment({"PYTHONPATH": "/other"})["PYTHONPATH"].split(os.pathsep)
    assert parts[-1] == "/other"
    assert len(parts) == 2


def test_a_frozen_app_needs_no_python_path(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "PYTHONPATH" not in command.environment({})


def test_another_interpreter_starts_the_app_by_its_file_and_sees_none_of_this_ones_packages():
    program, *arguments = command.command("probe", python="/other/python")
    assert program == "/other/python"
    assert arguments[0] == "-P"
    assert arguments[1].endswith("alone.py")
    found = command.environment({"PYTHONPATH": "/mine", "VIRTUAL_ENV": "/v", "PATH": "/bin"}, python="/other/python")
    assert {"PYTHONPATH", "VIRTUAL_ENV"}.isdisjoint(found)
    assert found["PATH"] == "/bin"


def test_another_interpreter_leaves_nothing_in_the_apps_folder(tmp_path):
    for name in ("__init__.py", "child/alone.py"):  # the rest is not needed to look at how it starts
        (tmp_path / "advisor" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "advisor" / name, tmp_path / "advisor" / name)
    (tmp_path / "advisor" / "__main__.py").write_text("import advisor.more\nprint(__package__)\n")
    (tmp_path / "advisor" / "more.py").write_text("")
    before = sorted(tmp_path.rglob("*"))
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-P", tmp_path / "advisor/child/alone.py"], capture_output=True, text=True, env=env
    )
    assert (done.stdout, done.stderr) == ("advisor\n", "")
    assert sorted(tmp_path.rglob("*")) == before


def test_this_interpreter_by_name_is_no_other():
    assert command.command("probe", python=sys.executable) == command.command("probe")


def test_only_jobs_that_use_the_network_see_pips_settings():
    given = {"PIP_INDEX_URL": "x", "HTTPS_PROXY": "y"}
    assert given.items() <= command.environment(given, job="conversion-tools").items()
    assert given.keys().isdisjoint(command.environment(given, job="convert"))


def test_a_child_in_an_interpreter_without_the_app_speaks_the_protocol(tmp_path):
    """A bare environment holds one dependency by a path file; the app's other packages stay out of it."""
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / "bin" / "python"
    site = sysconfig.get_paths(vars={"base": str(tmp_path / "bare"), "platbase": str(tmp_path / "bare")})["purelib"]
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "msgspec").symlink_to(Path(msgspec.__file__).parent)
    Path(site, "some.pth").write_text(str(tmp_path / "some"))
    messages = []
    outcome = runner.run("none", b"{}", python=str(python), on_message=messages.append, timeout_s=60)
    assert outcome.reason == "job-unknown"
    assert "numpy" not in messages[0].versions


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"LD_LIBRARY_PATH": "/bundle/inside:/mine", "LD_LIBRARY_PATH_ORIG": "/mine", "A": "b"},
            {"LD_LIBRARY_PATH": "/mine", "A": "b"},
        ),
        ({"LD_LIBRARY_PATH": "/bundle/inside", "A": "b"}, {"A": "b"}),
        ({"DYLD_LIBRARY_PATH": "/bundle/inside:/mine"}, {"DYLD_LIBRARY_PATH": "/mine"}),
        ({"QT_PLUGIN_PATH": "/bundle/inside/p", "_PYI_ARCHIVE_FILE": "/bundle/app", "QT_SCALE_FACTOR": "2"},
         {"QT_SCALE_FACTOR": "2"}),
        ({"A": "b"}, {"A": "b"}),
    ],
)  # fmt: skip
def test_programs_that_a_bundle_starts_find_the_systems_libraries(monkeypatch, before, after):
    untouched = dict(before)
    command.users_variables(untouched)
    assert untouched == before  # from source nothing was changed
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", "/bundle/inside", raising=False)
    command.users_variables(before)
    assert before == after


def test_another_interpreter_started_by_a_bundle_sees_nothing_of_it(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", "/bundle/inside", raising=False)
    found = command.environment({"PATH": "/bundle/inside/PySide6:/bin"}, python="/tools/bin/python")
    assert found["PATH"] == "/bin"
