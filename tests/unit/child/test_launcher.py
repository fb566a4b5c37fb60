"""The launcher imports one of window, terminal app and child, and says what is missing."""

import subprocess
import sys

import pytest

from advisor.child import command

_SPY = """
import sys
sys.argv = ["model-fit-advisor", *sys.argv[1:]]
from advisor.__main__ import main
try:
    main()
except SystemExit as end:
    print("exit", end.code)
print("seen", sorted({"PySide6", "typer", "onnx", "onnxruntime"} & set(sys.modules)))
"""


def run(*arguments, **variables):
    environment = {**command.environment(), **variables}
    return subprocess.run(
        [sys.executable, "-c", _SPY, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )


@pytest.mark.parametrize("arguments", [(), ("gui",)])
def test_without_a_display_one_sentence_names_the_terminal_command(arguments):
    done = run(*arguments)
    assert done.stdout.splitlines() == ["exit 2", "seen []"]
    assert done.stderr.count("\n") == 1
    assert "found no display" in done.stderr
    assert "model-fit-advisor recommend --task" in done.stderr


def test_words_go_to_the_terminal_app_without_a_window_or_a_runtime():
    done = run("--version")
    assert "model-fit-advisor" in done.stdout
    assert "seen ['typer']" in done.stdout


_CHILD_SPY = """
import os, sys
sys.argv = ["model-fit-advisor", "--child", "no-such-job"]
leave = os._exit
def spy(code):
    sys.stderr.write(f"seen {sorted({'PySide6', 'typer', 'onnx', 'onnxruntime'} & set(sys.modules))}")
    sys.stderr.flush()
    leave(code)
os._exit = spy
from advisor.__main__ import main
main()
"""


def test_a_child_knows_neither_window_nor_terminal_app():
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD_SPY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=command.environment(),
    ) as child:  # fmt: skip
        child.stdin.write(b"{}\n")
        child.stdin.flush()
        lines = child.stdout.read().splitlines()
        assert child.wait(60) == 1
        assert child.stderr.read() == b"seen []"
    assert b'"type":"hello"' in lines[0]
    assert b'"type":"failed"' in lines[1]


def test_input_that_ends_before_a_request_ends_the_child():
    done = subprocess.run(
        command.command("probe"),
        input=b'{"half a',
        capture_output=True,
        check=False,
        env=command.environment(),
        timeout=60,
    )
    assert done.returncode == 3
    assert b'"type":"finished"' not in done.stdout
