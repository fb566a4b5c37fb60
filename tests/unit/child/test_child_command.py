"""Command line and environment of a child."""

import os
import sys

from advisor.child import command
from advisor.paths import HOME_VARIABLE


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
