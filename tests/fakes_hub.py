"""A hub on this computer: two real HTTP servers, one that answers like huggingface.co and one like its store.

Files are bytes, paths, or `Claimed` ones that have a beginning and a size and nothing else.
"""

import contextlib
import hashlib
import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

LARGE = (".safetensors", ".onnx", ".onnx_data", ".gguf", ".bin", ".data")
WAIT_S = 30
PIECE_BYTES = 16384


@dataclass(frozen=True)
class Claimed:
    """A file that would be too large for a test: real first bytes, then zeros."""

    head: bytes
    size_bytes: int

    def part(self, offset, length):
        length = min(length, self.size_bytes - offset)
        return self.head[offset : offset + length].ljust(length, b"\0")


@dataclass
class FakeModel:
    files: dict
    task: str | None = "text-generation"
    licence: str | None = "apache-2.0"
    library: str | None = "transformers"
    tags: tuple = ()
    gated: bool | str = False
    private: bool = False
    downloads: int = 10
    parameters: dict | None = None
    """Type -> numbers, as the hub counts safetensors."""
    revisions: dict = field(default_factory=dict)
    """Other names of revisions -> commit."""

    @property
    def commit(self):
        return hashlib.sha1(repr(sorted(self.files)).encode()).hexdigest()

    def size(self, name):
        content = self.files[name]
        if isinstance(content, Claimed):
            return content.size_bytes
        return content.stat().st_size if isinstance(content, Path) else len(content)

    def part(self, name, offset, length):
        content = self.files[name]
        if isinstance(content, Claimed):
            return content.part(offset, length)
        if isinstance(content, Path):
            with content.open("rb") as file:
                file.seek(offset)
                return file.read(length)
        return content[offset : offset + length]

    def sha256(self, name):
        if isinstance(self.files[name], Claimed):
            return hashlib.sha256(name.encode()).hexdigest()
        return hashlib.sha256(self.part(name, 0, self.size(name))).hexdigest()

    def blob_id(self, name):
        content = self.part(name, 0, self.size(name))
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Seen:
    """One request as it arrived."""

    server: str
    method: str
    path: str
    query: dict
    range: str | None
    token: str | None


class FakeHub:
    """The two servers. Change its fields to make it misbehave."""

    def __init__(self, models):
        self.models = models
        self.tokens = {}
        """Token -> model ids it may read, beside the open ones."""
        self.expired = set()
        self.seen = []
        self.user_agents = []
        self.cut = {}
        """File -> bytes of its body, after which the connection is closed."""
        self.num_cuts = 1
        """How often a file is cut before it is sent whole."""
        self.down_after_cut = False
        self.down = False
        self.wrong = {}
        """File -> bytes sent in place of its own."""
        self.lies = {}
        """File -> size the listing gives."""
        self.stops = {}
        """File -> bytes, after which the body waits for `go_on`."""
        self.ignores_ranges = False
        self.body = None
        """Answer of the interface in place of the right one."""
        self.stopped, self.go_on = threading.Event(), threading.Event()
        self._servers = []

    def __enter__(self):
        for name in ("hub", "store"):
            handler = type("Handler", (_Handler,), {"hub": self, "name": name})
            server = _Server(("127.0.0.1", 0), handler)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            self._servers.append((server, thread))
        return self

    def __exit__(self, *_):
        self.go_on.set()
        for server, thread in self._servers:
            server.shutdown()
            server.server_close()
            thread.join(WAIT_S)

    @property
    def address(self):
        return f"http://127.0.0.1:{self._servers[0][0].server_port}"

    @property
    def host(self):
        return self.address.removeprefix("http://")

    @property
    def store(self):
        return f"http://localhost:{self._servers[1][0].server_port}"

    def asked(self, server="store"):
        return [seen for seen in self.seen if seen.server == server]

    def bodies(self, name):
        """Requests for the content of a file, from whichever server has it."""
        return [seen for seen in self.seen if seen.method == "GET" and seen.path.endswith(f"/{name}")]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away in the middle is what some tests are about."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    name: str
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self):
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        seen = Seen(self.name, self.command, path, parse_qs(parts.query), self.headers.get("Range"), token)
        self.hub.seen.append(seen)
        self.hub.user_agents.append(self.headers.get("User-Agent"))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if self.hub.down:
                self._fail(503, "", "down")
            elif self.name == "store":
                self._store(path)
            elif token in self.hub.expired:
                self._fail(401, "", 'User Access Token "test" is expired')
            elif token is not None and token not in self.hub.tokens:
                self._fail(401, "", "Invalid credentials in Authorization header")
            elif path == "/api/models":
                self._json(self._search(seen.query))
            elif path.startswith("/api/models/"):
                self._listing(path.removeprefix("/api/models/"), token)
            elif "/resolve/" in path:
                self._resolve(path, token)
            else:
                self._fail(404, "RepoNotFound", "not found")

    def _fail(self, status, code, message):
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", message)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, value):
        body = self.hub.body if self.hub.body is not None else json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _search(self, query):
        found = []
        for name, model in self.hub.models.items():
            tags = [*model.tags, *([f"license:{model.licence}"] if model.licence else [])]
            wanted = query.get("filter", [])
            words = query.get("search", [""])[0].lower()
            task = query.get("pipeline_tag", [model.task])[0]
            if model.private or words not in name.lower() or task != model.task or not set(wanted) <= set(tags):
                continue
            total = sum(model.parameters.values()) if model.parameters else None
            most = query.get("num_parameters", [""])[0].removeprefix("max:").removesuffix("B")
            if most and (total is None or total > int(most) * 1e9):
                continue
            item = {
                "_id": "0", "id": name, "modelId": name, "pipeline_tag": model.task, "library_name": model.library,
                "tags": tags, "gated": model.gated, "private": model.private, "downloads": model.downloads, "likes": 1,
            }  # fmt: skip
            if model.parameters:
                item["safetensors"] = {"parameters": model.parameters, "total": total}
            found.append(item)
        found.sort(key=lambda item: -item["downloads"])
        return found[: int(query.get("limit", ["1000"])[0])]

    def _model(self, name, token):
        """Return a model the token may see, after the failure was sent."""
        model = self.hub.models.get(name)
        granted = token is not None and name in self.hub.tokens.get(token, ())
        if model is None or (model.private and not granted):
            self._fail(401 if token is None else 404, "RepoNotFound", "Repository not found")
            return None
        return model

    def _commit(self, model, revision):
        return {"main": model.commit, model.commit: model.commit, **model.revisions}.get(revision)

    def _listing(self, rest, token):
        name, _, revision = rest.partition("/revision/")
        model = self._model(name, token)
        if model is None:
            return
        commit = self._commit(model, revision or "main")
        if commit is None:
            self._fail(404, "RevisionNotFound", "Invalid rev id")
            return
        siblings = []
        for file in model.files:
            item = {"rfilename": file, "size": self.hub.lies.get(file, model.size(file))}
            if file.endswith(LARGE):
                item["lfs"] = {"sha256": model.sha256(file), "size": item["size"], "pointerSize": 135}
                item["blobId"] = "0" * 40
            else:
                item["blobId"] = model.blob_id(file)
            siblings.append(item)
        tags = [*model.tags, *([f"license:{model.licence}"] if model.licence else [])]
        self._json({
            "_id": "0", "id": name, "modelId": name, "sha": commit, "siblings": siblings, "tags": tags,
            "pipeline_tag": model.task,
            "gated": model.gated, "private": model.private,
        })  # fmt: skip

    def _resolve(self, path, token):
        name, _, rest = path[1:].partition("/resolve/")
        revision, _, file = rest.partition("/")
        model = self._model(name, token)
        if model is None:
            return
        if model.gated and name not in self.hub.tokens.get(token, ()):
            self._fail(401 if token is None else 403, "GatedRepo", "Access to model is restricted")
            return
        commit = self._commit(model, revision)
        if commit is None:
            self._fail(404, "RevisionNotFound", "Invalid rev id")
        elif file not in model.files:
            self._fail(404, "EntryNotFound", "Entry not found")
        elif file.endswith(LARGE):
            self.send_response(302)
            self.send_header("X-Repo-Commit", commit)
            self.send_header("X-Linked-Size", str(self.hub.lies.get(file, model.size(file))))
            self.send_header("X-Linked-ETag", f'"{model.sha256(file)}"')
            self.send_header("Location", f"{self.hub.store}/{quote(name, safe='')}/{quote(file)}?signature=1")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._content(model, file, {"X-Repo-Commit": commit, "ETag": f'"{model.blob_id(file)}"'})

    def _store(self, path):
        name = unquote(urlsplit(self.path).path.split("/")[1])
        model = self.hub.models[name]
        file = path.removeprefix(f"/{name}/")
        self._content(model, file, {"ETag": f'"{model.sha256(file)}"'})

    def _content(self, model, file, headers):
        size, start, status = model.size(file), 0, 200
        end = size
        asked = self.headers.get("Range")
        if asked and not self.hub.ignores_ranges:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end, status = int(first), min(int(last) + 1 if last else size, size), 206
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command == "GET":
            self._body(model, file, start, end)

    def _body(self, model, file, start, end):
        hub = self.hub
        cut = hub.cut.get(file) if hub.num_cuts else None
        stop = hub.stops.get(file)
        for at in range(start, end, PIECE_BYTES):
            if cut is not None and at - start >= cut:
                hub.num_cuts -= 1
                hub.down = hub.down_after_cut
                self.close_connection = True
                return
            if stop is not None and at - start >= stop:
                self.wfile.flush()
                hub.stopped.set()
                hub.go_on.wait(WAIT_S)
            length = min(PIECE_BYTES, end - at)
            piece = model.part(file, at, length)
            if file in hub.wrong:
                piece = hub.wrong[file][at : at + length].ljust(length, b"?")
            self.wfile.write(piece)
