"""Messages and an exit status give exactly one outcome."""

import msgspec
import pytest

from advisor.child import protocol
from advisor.child.lifecycle import Lifecycle
from advisor.child.protocol import Failed, Finished, Hello, Progress, Sample

HELLO = protocol.encode(Hello(pid=1, versions={}))
FINISHED = protocol.encode(Finished(result=msgspec.Raw(b'{"x":1}')))
FAILED = protocol.encode(Failed(code="invalid_model", message="no graph", remedy="another"))
PROGRESS = protocol.encode(Progress(stage="load", done_share=0.1, elapsed_s=1.0))


def sample(rss_bytes):
    return protocol.encode(Sample(t_s=0.1, kind="system", rss_bytes=rss_bytes))


def outcome(*pieces, exit_code=0, stop=None, limit=None, stderr=""):
    lifecycle = Lifecycle(memory_limit_bytes=limit)
    for piece in pieces:
        lifecycle.feed(piece)
    if stop:
        lifecycle.request_stop(stop)
    return lifecycle.ended(exit_code, stderr=stderr)


def test_finished_needs_the_message_and_exit_code_0():
    found = outcome(HELLO, FINISHED)
    assert (found.code, bytes(found.result), found.message) == ("finished", b'{"x":1}', "")
    assert outcome(HELLO, FINISHED, exit_code=1).code == "crashed"
    assert outcome(HELLO, exit_code=0).code == "crashed"


def test_a_failure_keeps_its_code_and_its_sentences():
    found = outcome(HELLO, FAILED, exit_code=1)
    assert (found.code, found.message, found.remedy) == ("invalid_model", "no graph", "another")


def test_a_child_that_calls_its_failure_finished_has_failed():
    odd = protocol.encode(Failed(code="finished", message="?"))
    assert outcome(HELLO, odd).code == "failed"


@pytest.mark.parametrize(("exit_code", "words"), [(-11, "signal 11"), (5, "exit code 5"), (-9, "signal 9")])
def test_an_end_without_a_word_is_a_crash(exit_code, words):
    found = outcome(HELLO, PROGRESS, exit_code=exit_code, stderr="one\nlast words\n\n")
    assert found.code == "crashed"
    assert words in found.message
    assert found.message.endswith("last words")
    assert found.exit_code == exit_code


def test_a_crash_within_a_line_is_a_crash_and_no_fault_of_the_protocol():
    assert outcome(HELLO, PROGRESS[:-5], exit_code=-6).code == "crashed"


@pytest.mark.parametrize("stop", ["cancelled", "timed_out"])
def test_what_the_driver_asked_for_wins_over_the_exit_status(stop):
    assert outcome(HELLO, exit_code=-15, stop=stop).code == stop
    assert outcome(HELLO, exit_code=3, stop=stop).code == stop


def test_the_first_reason_to_stop_stays():
    lifecycle = Lifecycle()
    lifecycle.request_stop("timed_out")
    lifecycle.request_stop("cancelled")
    assert lifecycle.ended(-9).code == "timed_out"


def test_a_cancel_after_the_last_message_comes_too_late():
    assert outcome(HELLO, FINISHED, stop="cancelled").code == "finished"


def test_a_child_over_its_memory_must_be_stopped():
    lifecycle = Lifecycle(memory_limit_bytes=1000)
    lifecycle.feed(HELLO + sample(1000))
    assert lifecycle.stop_reason is None
    lifecycle.feed(sample(1001))
    assert lifecycle.stop_reason == "killed_for_memory"
    found = lifecycle.ended(-9)
    assert found.code == "killed_for_memory"
    assert "more memory than the 1,000 B it may use" in found.message


def test_a_kill_from_outside_near_the_limit_was_for_memory():
    assert outcome(HELLO, sample(900), exit_code=-9, limit=1000).code == "killed_for_memory"
    assert outcome(HELLO, sample(700), exit_code=-9, limit=1000).code == "crashed"
    assert outcome(HELLO, sample(900), exit_code=-11, limit=1000).code == "crashed"
    assert outcome(HELLO, sample(900), exit_code=-9).code == "crashed"


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (PROGRESS, "who it is"),
        (HELLO + HELLO, "twice"),
        (protocol.encode(Hello(protocol=99, pid=1, versions={})), "version 99"),
        (HELLO + FINISHED + PROGRESS, "after its last"),
        (HELLO + b"rubbish\n", "no message"),
        (HELLO + FINISHED + b"tail", "cut off"),
    ],
)
def test_a_broken_protocol_is_named(stream, words):
    found = outcome(stream, exit_code=0)
    assert found.code == "protocol_error"
    assert words in found.message
    assert found.result is None


def test_nothing_is_handed_on_after_a_fault():
    lifecycle = Lifecycle()
    assert len(lifecycle.feed(HELLO + PROGRESS)) == 2
    assert lifecycle.feed(HELLO + PROGRESS) == []
    assert lifecycle.feed(PROGRESS) == []


def test_messages_after_a_cancel_are_not_handed_on():
    lifecycle = Lifecycle()
    lifecycle.feed(HELLO)
    lifecycle.request_stop("cancelled")
    assert lifecycle.feed(PROGRESS) == []
    assert lifecycle.ended(0).code == "cancelled"


def test_an_unfinished_line_after_a_stop_changes_nothing():
    lifecycle = Lifecycle()
    lifecycle.feed(HELLO + PROGRESS[:4])
    lifecycle.request_stop("cancelled")
    assert lifecycle.ended(-15).code == "cancelled"


def test_the_outcome_is_decided_once():
    lifecycle = Lifecycle()
    lifecycle.feed(HELLO + FINISHED)
    first = lifecycle.ended(0)
    assert lifecycle.ended(-9) is first
    assert lifecycle.failed_to_start("late") is first


def test_a_child_that_never_ran():
    found = Lifecycle().failed_to_start("no such file")
    assert found.code == "failed_to_start"
    assert "no such file" in found.message


@pytest.mark.parametrize(
    ("job", "name", "process"),
    [("", "measurement", "measuring"), ("probe", "measurement", "measuring"),
     ("hub-download", "download", "downloading"), ("convert", "conversion", "converting"),
     ("conversion-tools", "installation", "installing")],
)  # fmt: skip
def test_sentences_say_what_the_child_was_doing(job, name, process):
    stopped = Lifecycle(job=job)
    stopped.request_stop("cancelled")
    assert stopped.ended(-15).message == f"The {name} was cancelled."
    crashed = Lifecycle(job=job).ended(3)
    assert crashed.message.startswith(f"The {process} process ended by itself")
    assert ("another format" in crashed.remedy) == (name == "measurement")
