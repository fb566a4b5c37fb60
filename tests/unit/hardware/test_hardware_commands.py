"""The door to the commands of the operating system, and the promise that nothing gets through it."""

import sys

import msgspec
import pytest

from advisor.hardware import linux
from advisor.hardware.detect import detect, under
from advisor.hardware.model import OsFacts
from advisor.hardware.reading import UnreadableError, guarded, guarded_list
from advisor.hardware.roots import run_command


def test_output_of_a_command():
    assert run_command((sys.executable, "-c", "print('caf\\u00e9')")).strip().startswith("caf")


def test_a_command_that_fails_or_is_not_there_is_a_reason():
    with pytest.raises(UnreadableError, match="ended with status 3"):
        run_command((sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(UnreadableError, match="cannot be started"):
        run_command(("no-such-program-here",))


def test_a_reader_that_breaks_takes_only_its_own_facts():
    def broken():
        raise RuntimeError

    def refused():
        raise UnreadableError("only the administrator may read it")

    assert guarded(OsFacts, "x", broken).kernel.why_unknown == "it says something this app does not understand"
    assert guarded(OsFacts, "x", refused).kernel.why_unknown == "only the administrator may read it"
    assert guarded_list("x", broken) == ()


def test_readers_that_break_as_a_whole_still_give_a_profile(tmp_path):
    # A root of the wrong type: every path built from it fails.
    roots = msgspec.structs.replace(under(tmp_path), proc=None, sys=None, etc=None)
    profile = detect(roots=roots)
    assert profile.memory.total_bytes.value is None
    assert profile.cpu.model.why_unknown
    assert linux.collect(roots).name == "this computer"
