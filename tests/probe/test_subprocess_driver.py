"""The subprocess driver against real children, good and bad."""

import sys
import threading
import time

import bad_children
import msgspec
import psutil
import pytest

from advisor.child import runner
from advisor.child.protocol import Hello, Progress


def run(kind, **options):
    options.setdefault("timeout_s", 60)
    return runner.run("any", b'{"a": 1}', argv=bad_children.argv(kind), **options)


@pytest.mark.parametrize(("kind", "code"), bad_children.EXPECTED.items())
def test_each_child_gives_its_one_outcome(kind, code):
    assert run(kind, memory_limit_bytes=bad_children.MEMORY_LIMIT_BYTES).code == code


def test_the_request_arrives_and_messages_are_handed_on_in_order():
    found = []
    outcome = run("good", on_message=found.append)
    assert msgspec.json.decode(outcome.result) == {"request": {"a": 1}}
    assert [type(message) for message in found[:2]] == [Hello, Progress]


def test_bytes_that_come_one_by_one_are_read_whole():
    assert msgspec.json.decode(run("split").result) == {"text": "größer"}


def test_the_last_words_of_a_crash_are_kept():
    outcome = run("crash")
    assert "double free" in outcome.message
    assert outcome.exit_code == -11


def test_a_program_that_is_not_there():
    outcome = runner.run("any", b"{}", argv=["/nowhere/no-such-program"])
    assert outcome.code == "failed_to_start"
    assert "No such file" in outcome.message


def test_a_hang_is_ended_by_the_time_limit_though_it_ignores_terminate(monkeypatch):
    monkeypatch.setattr(runner, "GRACE_S", 0.2)
    outcome = run("hang", timeout_s=0.5)
    assert outcome.code == "timed_out"
    assert outcome.exit_code == -9


def test_a_child_that_hangs_after_its_last_message_is_not_believed(monkeypatch):
    monkeypatch.setattr(runner, "GRACE_S", 0.2)
    assert run("hang-after-finish").code in {"crashed", "timed_out"}


def cancelled(kind, pids):
    """Run a child and cancel it from its own first progress message; return outcome and the time that took."""
    cancel = threading.Event()
    asked = []

    def on_message(message):
        if isinstance(message, Hello):
            pids.append(message.pid)
        if isinstance(message, Progress):
            asked.append(time.perf_counter())
            cancel.set()

    outcome = run(kind, cancel=cancel, on_message=on_message)
    return outcome, time.perf_counter() - asked[0]


def test_a_cancel_ends_a_child_that_listens():
    pids = []
    outcome, _ = cancelled("leaves-on-end-of-input", pids)
    assert outcome.code == "cancelled"
    assert outcome.exit_code == 3  # it left by itself; nobody had to terminate it
    assert not psutil.pid_exists(pids[0])


def test_a_cancel_ends_a_child_that_does_not_listen(monkeypatch):
    monkeypatch.setattr(runner, "GRACE_S", 0.2)
    pids = []
    outcome, _ = cancelled("hang", pids)
    assert outcome.code == "cancelled"
    assert outcome.exit_code == -9
    assert not psutil.pid_exists(pids[0])


def test_a_fault_in_the_callers_own_code_leaves_no_child_behind():
    class BugError(Exception):
        pass

    pids = []

    def on_message(message):
        pids.append(getattr(message, "pid", None))
        raise BugError

    with pytest.raises(BugError):
        run("leaves-on-end-of-input", on_message=on_message)
    assert not psutil.pid_exists(pids[0])


def test_the_real_child_refuses_an_unknown_job():
    outcome = runner.run("no-such-job", b"{}", timeout_s=60)
    assert outcome.code == "failed"
    assert "no-such-job" in outcome.message


def test_the_real_child_names_the_field_of_a_bad_request():
    outcome = runner.run("probe", b'{"kind": "synthetic", "memory_box_bytes": "many"}', timeout_s=60)
    assert outcome.code == "invalid_model"
    assert "description of what to measure" in outcome.message


def test_the_real_child_says_which_runtime_it_has():
    outcome = runner.run("providers", b"{}", timeout_s=60)
    assert outcome.code == "finished"
    assert "CPUExecutionProvider" in msgspec.json.decode(outcome.result)["providers"]


def test_the_real_child_keeps_prints_out_of_the_protocol(tmp_path):
    script = tmp_path / "noisy.py"
    script.write_text(
        "import os, sys\n"
        "from advisor.child import main\n"
        "def job(request, channel):\n"
        "    print('printed'); os.write(1, b'native print\\n')\n"
        "    return b'[1]'\n"
        "main.leave(main.main('noisy', {'noisy': lambda: job}))\n"
    )
    outcome = runner.run("noisy", b"{}", argv=[sys.executable, str(script)], timeout_s=60)
    assert outcome.code == "finished"
    assert bytes(outcome.result) == b"[1]"


def test_a_bug_in_a_job_is_a_failure_with_its_name(tmp_path):
    script = tmp_path / "buggy.py"
    script.write_text(
        "from advisor.child import main\n"
        "def job(request, channel):\n"
        "    return 1 / 0\n"
        "main.leave(main.main('buggy', {'buggy': lambda: job}))\n"
    )
    logged = []
    outcome = runner.run(
        "buggy", b"{}", argv=[sys.executable, str(script)], timeout_s=60,
        on_message=lambda message: logged.append(getattr(message, "text", "")),
    )  # fmt: skip
    assert outcome.code == "failed"
    assert "ZeroDivisionError" in outcome.message
    assert any("Traceback" in text for text in logged)
