"""The QProcess driver against the same children."""

import bad_children
import msgspec
import psutil
import pytest

from advisor.child import runner
from advisor.child.protocol import Hello, Progress
from advisor.ui.workers import child_process
from advisor.ui.workers.child_process import ChildProcess


class Watcher:
    def __init__(self, child):
        self.messages = []
        self.outcomes = []
        child.message.connect(self.messages.append)
        child.ended.connect(self.outcomes.append)

    @property
    def pid(self):
        return next(message.pid for message in self.messages if isinstance(message, Hello))


@pytest.fixture
def child(qapp):
    found = ChildProcess()
    yield found
    found.close()
    found.deleteLater()


def run(qtbot, child, kind, **options):
    watcher = Watcher(child)
    with qtbot.waitSignal(child.ended, timeout=60_000):
        child.start("any", b'{"a": 1}', argv=bad_children.argv(kind), **options)
    return watcher


@pytest.mark.parametrize(("kind", "code"), bad_children.EXPECTED.items())
def test_each_child_gives_its_one_outcome(qtbot, child, kind, code):
    watcher = run(qtbot, child, kind, memory_limit_bytes=bad_children.MEMORY_LIMIT_BYTES)
    assert [outcome.code for outcome in watcher.outcomes] == [code]
    assert not child.running


def test_both_drivers_agree_on_every_word(qtbot, child):
    for kind in ("crash", "finished-then-error", "wrong-version", "fails", "silent-after-hello"):
        mine = run(qtbot, child, kind).outcomes[0]
        other = runner.run("any", b"{}", argv=bad_children.argv(kind), timeout_s=60)
        assert (mine.code, mine.message) == (other.code, other.message)
        if mine.code != "protocol_error":  # killed on sight: whether it has left by itself by then is chance
            assert mine.exit_code == other.exit_code


def test_the_request_arrives_and_messages_come_in_order(qtbot, child):
    watcher = run(qtbot, child, "good")
    assert msgspec.json.decode(watcher.outcomes[0].result) == {"request": {"a": 1}}
    assert [type(message) for message in watcher.messages[:2]] == [Hello, Progress]


def test_a_program_that_is_not_there(qtbot, child):
    watcher = Watcher(child)
    with qtbot.waitSignal(child.ended, timeout=60_000):
        child.start("any", b"{}", argv=["/nowhere/no-such-program"])
    assert [outcome.code for outcome in watcher.outcomes] == ["failed_to_start"]


def wait_for_progress(qtbot, child, kind, **options):
    watcher = Watcher(child)
    child.start("any", b"{}", argv=bad_children.argv(kind), **options)
    qtbot.waitUntil(lambda: any(isinstance(message, Progress) for message in watcher.messages), timeout=60_000)
    return watcher


def test_stop_ends_a_child_that_listens(qtbot, child):
    watcher = wait_for_progress(qtbot, child, "leaves-on-end-of-input")
    with qtbot.waitSignal(child.ended, timeout=60_000):
        child.stop()
    assert [(outcome.code, outcome.exit_code) for outcome in watcher.outcomes] == [("cancelled", 3)]
    assert not psutil.pid_exists(watcher.pid)


def test_stop_ends_a_child_that_does_not_listen(qtbot, child):
    child._ladder.setInterval(100)
    watcher = wait_for_progress(qtbot, child, "hang")
    with qtbot.waitSignal(child.ended, timeout=60_000):
        child.stop()
    assert [(outcome.code, outcome.exit_code) for outcome in watcher.outcomes] == [("cancelled", -9)]
    assert not psutil.pid_exists(watcher.pid)


def test_a_time_limit_ends_a_hang(qtbot, child):
    child._ladder.setInterval(100)
    watcher = run(qtbot, child, "hang", timeout_s=0.5)
    assert [outcome.code for outcome in watcher.outcomes] == ["timed_out"]


def test_a_child_that_hangs_after_its_last_message_is_not_believed(qtbot, child):
    child._ladder.setInterval(100)
    assert [outcome.code for outcome in run(qtbot, child, "hang-after-finish").outcomes] == ["crashed"]


@pytest.mark.parametrize("kind", ["leaves-on-end-of-input", "hang"])
def test_closing_leaves_no_orphan(qtbot, child, kind, monkeypatch):
    monkeypatch.setattr(child_process, "GRACE_S", 0.2)
    watcher = wait_for_progress(qtbot, child, kind)
    child.close()
    assert [outcome.code for outcome in watcher.outcomes] == ["cancelled"]
    assert not psutil.pid_exists(watcher.pid)


def test_closing_right_after_the_start_leaves_no_orphan(qtbot, child):
    watcher = Watcher(child)
    child.start("any", b"{}", argv=bad_children.argv("leaves-on-end-of-input"))
    child.close()
    assert [outcome.code for outcome in watcher.outcomes] == ["cancelled"]


def test_one_child_at_a_time(qtbot, child):
    wait_for_progress(qtbot, child, "leaves-on-end-of-input")
    with pytest.raises(RuntimeError, match="running"):
        child.start("any", b"{}")
    child.close()


def test_a_second_job_starts_afresh(qtbot, child):
    run(qtbot, child, "crash")
    assert run(qtbot, child, "good").outcomes[-1].code == "finished"


def test_stop_without_a_child_does_nothing(qtbot, child):
    child.stop()
    child.close()
    assert not child.running
