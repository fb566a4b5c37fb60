"""Threads that are kept on processors of their own really are, in one session and in threads that sessions share."""

import json
import os
import subprocess
import sys

import onnx_files
import pytest

from advisor.child import command

SCRIPT = """
import json, os, sys, time
from advisor.probe.engine import session
from advisor.runnable.engine.session import share_threads

def threads():
    return set(map(int, os.listdir("/proc/self/task")))

kind, graph, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
before = threads()
if kind == "shared":
    assert share_threads(count, pinned=True)
    kept = [session.make(graph, num_threads=count, pinned=True, shared=True) for _ in range(2)]
else:
    kept = [session.make(graph, num_threads=count, pinned=kind == "own")]
made = sorted(threads() - before)

def found():
    return [sorted(os.sched_getaffinity(thread)) for thread in (0, *made)]

end_s = time.monotonic() + 10
while kind == "own" and found()[1:] == found()[:1] * len(made) and made and time.monotonic() < end_s:
    os.sched_yield()  # the runtime's threads move to their places when they first run, not when they are made
print(json.dumps(found()))
"""


def affinities(kind, graph, count):
    words = [sys.executable, "-c", SCRIPT, kind, str(graph), str(count)]
    done = subprocess.run(words, capture_output=True, text=True, env=command.environment(), timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_each_thread_has_a_processor_of_its_own(tmp_path, kind):
    usable = sorted(os.sched_getaffinity(0))[:2]
    graph = onnx_files.write(tmp_path, onnx_files.product())
    assert affinities(kind, graph, len(usable)) == [[cpu] for cpu in usable]


def test_threads_that_are_not_kept_may_go_anywhere(tmp_path):
    usable = sorted(os.sched_getaffinity(0))
    found = affinities("free", onnx_files.write(tmp_path, onnx_files.product()), min(2, len(usable)))
    assert found == [usable] * min(2, len(usable))
