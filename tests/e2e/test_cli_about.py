"""`about` and `updates` against a real server on this computer; without being asked nothing is sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from test_cli import document, run

from advisor import __version__


class Releases(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        status, headers, body = self.server.answers[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Releases)
    made.asked = []
    home = f"http://127.0.0.1:{made.server_port}"
    newest = json.dumps({"tag_name": "v99.1.0", "html_url": "https://example.org/notes"}).encode()
    made.answers = {
        "/latest": (200, {}, newest), "/moved": (302, {"Location": "/latest"}, b""),
        "/file": (302, {"Location": "file:///etc/passwd"}, b""), "/gone": (404, {}, b"not here"),
        "/long": (200, {}, b" " * 300_000), "/outside": (302, {"Location": "http://example.org/latest"}, b""),
    }  # fmt: skip
    threading.Thread(target=made.serve_forever, daemon=True).start()
    made.home = home
    yield made
    made.shutdown()
    made.server_close()


def check(server, path, *more):
    return run("updates", "--check", *more, env={"MODEL_FIT_ADVISOR_UPDATES": server.home + path})


def test_a_newer_version_is_said_with_how_to_get_it(server):
    done = check(server, "/moved")
    assert done.returncode == 0, done.stderr
    assert (
        f"Version 99.1.0 is available; you have {__version__}. What is new: https://example.org/notes." in done.stdout
    )
    assert "127.0.0.1" in done.stderr  # named before it was asked
    assert [path for path, _ in server.asked] == ["/moved", "/latest"]
    sent = {name.lower(): value for name, value in server.asked[0][1].items()}
    assert sent["user-agent"] == "model-fit-advisor"
    assert not {"cookie", "authorization", "referer"} & sent.keys()
    assert __version__ not in str(sent)
    found = document(check(server, "/latest", "--json"), "updates")
    assert (found["newest"], found["is_newer"]) == ("99.1.0", True)


def test_what_was_found_is_kept_and_shown_without_asking(server, own_folders):
    assert run("updates").returncode == 2
    check(server, "/latest")
    asked = len(server.asked)
    done = run("updates", env={"MODEL_FIT_ADVISOR_UPDATES": server.home + "/latest"})
    assert "99.1.0" in done.stdout
    assert len(server.asked) == asked


@pytest.mark.parametrize("path", ["/file", "/gone", "/long", "/outside", "/nowhere"])
def test_an_answer_that_is_none_is_one_sentence(server, path):
    server.answers.setdefault("/nowhere", (200, {}, b"<html>"))
    done = check(server, path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "root:" not in done.stderr
    assert run("updates").returncode == 2  # nothing was kept


def test_an_address_that_is_not_safe_is_refused_before_anything_is_asked():
    done = run("updates", "--check", env={"MODEL_FIT_ADVISOR_UPDATES": "http://example.org/latest"})
    assert done.returncode == 2
    assert "https://" in done.stderr


def test_about_lists_components_and_shows_a_licence():
    done = run("about")
    assert done.stdout.startswith(f"Model Fit Advisor {__version__}, run from its sources.")
    assert "onnxruntime\t" in done.stdout
    assert "Permission is hereby granted" in run("about", "msgspec").stdout + run("about", "typer").stdout
    found = document(run("about", "--json"), "about")
    assert {"numpy", "typer"} <= {item["name"] for item in found["components"]}
    missing = run("about", "no-such-thing")
    assert missing.returncode == 2
    assert "no-such-thing" in missing.stderr
