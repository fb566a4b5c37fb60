"""Rules every test lives under: own folders, loopback only, no unannounced warning, nothing left running."""

import logging
import os
import socket

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # for tests that load ONNX Runtime themselves

import psutil
import pytest
from real_models import (  # noqa: F401 - fixtures of every test
    conversion_tools,
    export_python,
    minilm_folder,
    minilm_fp32,
    minilm_int8,
    smollm2_fp32,
    smollm2_gguf,
    smollm2_int4,
)

from advisor.paths import HOME_VARIABLE


def pytest_collection_modifyitems(items):
    for item in items:
        if {"qtbot", "qapp"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("gui")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    connect = socket.socket.connect

    def guarded(self, address):
        host = address[0] if isinstance(address, tuple) else "local"
        if host not in {"127.0.0.1", "::1", "localhost", "local"}:
            raise RuntimeError(f"a test tried to reach {host}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def no_unannounced_warning(request, caplog):
    yield
    if request.node.get_closest_marker("allow_log"):
        return
    loud = [r for phase in ("setup", "call") for r in caplog.get_records(phase) if r.levelno >= logging.WARNING]
    if loud:
        pytest.fail("unannounced log records: " + "; ".join(f"{r.name}: {r.getMessage()}" for r in loud), pytrace=False)


def _children():
    return {p.pid for p in psutil.Process().children(recursive=True) if p.is_running() and p.status() != "zombie"}


@pytest.fixture(autouse=True)
def no_child_left(request):
    before = _children()
    yield
    if request.node.get_closest_marker("allow_leaks"):
        return
    left = _children() - before
    if left:
        psutil.wait_procs([psutil.Process(pid) for pid in left if psutil.pid_exists(pid)], timeout=3)
        left = _children() - before
    if left:
        names = []
        for pid in left:
            try:
                process = psutil.Process(pid)
                names.append(" ".join(process.cmdline()))
                process.kill()
            except psutil.NoSuchProcess:
                continue
        pytest.fail(f"child processes left running: {names}", pytrace=False)


@pytest.fixture(autouse=True)
def no_gui_leak(request):
    if not request.node.get_closest_marker("gui"):
        yield
        return
    qapp = request.getfixturevalue("qapp")
    from PySide6.QtCore import QThread, QThreadPool, QTimer
    from PySide6.QtWidgets import QApplication

    before = {id(w) for w in QApplication.topLevelWidgets()}
    yield
    if request.node.get_closest_marker("allow_leaks"):
        return
    import gc

    from PySide6.QtCore import QCoreApplication, QEvent

    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    problems = []
    if not QThreadPool.globalInstance().waitForDone(5000):
        problems.append("busy thread pool")
    widgets = [w for w in QApplication.topLevelWidgets() if id(w) not in before and w.isVisible()]
    problems += [f"window {w!r}" for w in widgets]
    objects = [o for o in gc.get_objects() if isinstance(o, QThread | QTimer)]
    problems += [f"running thread {o!r}" for o in objects if isinstance(o, QThread) and _alive(o, "isRunning")]
    problems += [
        f"active timer {o!r}"
        for o in objects
        if isinstance(o, QTimer) and _alive(o, "isActive") and not o.isSingleShot()
    ]
    if problems:
        pytest.fail("left behind: " + "; ".join(problems), pytrace=False)


def _alive(thing, question):
    try:
        return getattr(thing, question)()
    except RuntimeError:  # the C++ object is gone
        return False
