"""Calls off the GUI thread: every result arrives, in the thread that asked."""

import threading

import pytest

from advisor.ui.workers.pool import Pool


@pytest.fixture
def pool(qapp):
    found = Pool(num_threads=2)
    yield found
    found.wait()
    found.deleteLater()


def test_no_result_of_many_quick_calls_is_lost(qtbot, pool):
    found = []
    for number in range(300):
        pool.run(lambda number=number: number * number, returned=found.append)
    qtbot.waitUntil(lambda: pool.num_waiting == 0, timeout=30_000)
    assert sorted(found) == [number * number for number in range(300)]


def test_the_call_runs_elsewhere_and_its_result_arrives_here(qtbot, pool):
    threads = []
    pool.run(threading.get_ident, returned=lambda other: threads.extend([other, threading.get_ident()]))
    qtbot.waitUntil(lambda: pool.num_waiting == 0, timeout=30_000)
    assert threads[1] == threading.get_ident()
    assert threads[0] != threads[1]


def test_an_exception_arrives_as_a_value(qtbot, pool):
    found = []
    pool.run(lambda: 1 / 0, returned=found.append, failed=lambda error: found.append(type(error)))
    qtbot.waitUntil(lambda: pool.num_waiting == 0, timeout=30_000)
    assert found == [ZeroDivisionError]


def test_none_is_a_result_like_any_other(qtbot, pool):
    found = []
    pool.run(lambda: None, returned=found.append)
    qtbot.waitUntil(lambda: pool.num_waiting == 0, timeout=30_000)
    assert found == [None]


def test_an_exception_nobody_asked_for_reaches_the_hook(qtbot, pool):
    with qtbot.captureExceptions() as caught:
        pool.run(lambda: 1 / 0)
        qtbot.waitUntil(lambda: pool.num_waiting == 0, timeout=30_000)
    assert [kind for kind, _, _ in caught] == [ZeroDivisionError]


def test_after_waiting_no_callback_runs(qtbot, pool):
    found, gate = [], threading.Event()
    pool.run(gate.wait, returned=found.append)
    for _ in range(20):
        pool.run(lambda: 1, returned=found.append)
    gate.set()
    assert pool.wait()
    qtbot.wait(20)
    assert found == []
    assert pool.num_waiting == 0


def test_waiting_says_when_a_call_does_not_end(pool):
    gate = threading.Event()
    pool.run(gate.wait)
    assert not pool.wait(50)
    gate.set()
    assert pool.wait()
