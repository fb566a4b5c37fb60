"""The weekly look in the real window, with real children and a real server: off is off, on is once."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from advisor.installed import updates
from advisor.ui.controllers import updates as controller_module
from advisor.ui.workers.child_process import ChildProcess


class Latest(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(json.dumps({"tag_name": "v99.0.0", "html_url": "https://example.org/n"}).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    made = ThreadingHTTPServer(("127.0.0.1", 0), Latest)
    made.asked, made.status = 0, 200
    thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    monkeypatch.setenv(updates.ADDRESS_VARIABLE, f"http://127.0.0.1:{made.server_port}/latest")
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def jobs(monkeypatch):
    """The names of the children that were started, real ones."""
    started, start = [], ChildProcess.start
    monkeypatch.setattr(
        ChildProcess,
        "start",
        lambda self, job, *rest, **more: (started.append(job), start(self, job, *rest, **more))[1],
    )
    return started


@pytest.fixture
def quick_app(app, monkeypatch):
    """The app as it starts, its hours and days a twentieth of a second long."""
    for name in ("FIRST_MS", "EVERY_MS", "AGAIN_MS"):
        monkeypatch.setattr(controller_module, name, 50)
    return app


def turn(app, on):
    settings = msgspec.structs.replace(app.store.snapshot.settings, look_for_updates=on)
    app.store.update(lambda old: msgspec.structs.replace(old, settings=settings))


def turns(qtbot, controller, number=6):
    """Wait until the timer of the controller has run out so many times."""
    for _ in range(number):
        with qtbot.waitSignal(controller._timer.timeout, timeout=5_000):
            pass


def test_off_by_default_the_whole_app_asks_nobody_and_starts_no_such_child(quick_app, server, jobs, qtbot, monkeypatch):
    connected = []
    connect = socket.socket.connect
    monkeypatch.setattr(
        socket.socket, "connect", lambda self, address: (connected.append(address), connect(self, address))
    )
    quick_app.begin()
    turns(qtbot, quick_app.about.updates)
    quick_app.window.go("settings")
    turns(qtbot, quick_app.about.updates)
    qtbot.waitUntil(lambda: quick_app.store.snapshot.machine.profile is not None, timeout=20_000)
    assert (server.asked, connected, updates.JOB in jobs) == (0, [], False)
    assert not quick_app.window.page("settings").updates.switch.isChecked()


@pytest.mark.parametrize("status", [200, 404])
def test_on_the_server_is_asked_once_whatever_it_answers(quick_app, server, jobs, qtbot, status):
    server.status = status
    turn(quick_app, on=True)
    quick_app.about.updates.begin()
    qtbot.waitUntil(lambda: server.asked == 1 and not quick_app.store.snapshot.updates.looking, timeout=20_000)
    turns(qtbot, quick_app.about.updates)
    assert (server.asked, jobs) == (1, [updates.JOB])
    state = quick_app.store.snapshot.updates
    assert state.error == ""
    assert ("Version 99.0.0 is available" in state.sentence) is (status == 200)


def test_where_nobody_answers_it_is_silent_and_tried_again_later(quick_app, jobs, qtbot, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv(updates.ADDRESS_VARIABLE, f"http://127.0.0.1:{port}/latest")
    turn(quick_app, on=True)
    quick_app.about.updates.begin()
    qtbot.waitUntil(lambda: len(jobs) >= 2, timeout=20_000)
    assert quick_app.store.snapshot.updates.error == ""
    turn(quick_app, on=False)
    qtbot.waitUntil(lambda: not quick_app.store.snapshot.updates.looking, timeout=20_000)


def test_the_switch_in_the_settings_is_kept(app, qtbot):
    from advisor import settings

    app.window.go("settings")
    page = app.window.page("settings")
    page.updates.switch.click()
    qtbot.waitUntil(lambda: settings.load().look_for_updates, timeout=5_000)
    assert page.updates.what.text().startswith("On: ")
    page.updates.switch.click()
    qtbot.waitUntil(lambda: not settings.load().look_for_updates, timeout=5_000)
