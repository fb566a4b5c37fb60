"""One hub, asked by HTTP. Counts every byte that comes in; sends the user's token to the hub itself and nowhere else.

huggingface_hub brings the connection, the token and the place of the cache. A redirect to a store of another host goes
without the token: the HTTP library takes it off when host, port or scheme change.
"""

import os
import threading
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from advisor import __version__
from advisor.catalog.hub import failures
from advisor.errors import InvalidInputError

PUBLIC = "https://huggingface.co"
TIMEOUT_S = 20.0
"""[s] Without a byte, until a request is given up."""
_MOST_ANSWER_BYTES = 64 * 2**20
_PIECE_BYTES = 65536
T = TypeVar("T")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def library() -> ModuleType:
    """Return huggingface_hub, told to say nothing of this computer beyond its own version."""
    import huggingface_hub
    import huggingface_hub.utils  # its own parts are loaded late, and not by a look at them
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True
    return huggingface_hub


def planned_host() -> str:
    """Return whom a `Hub` would ask, without loading what asks; empty where HF_ENDPOINT is no address."""
    try:
        parts = urlsplit(os.environ.get("HF_ENDPOINT") or PUBLIC)
        port = parts.port
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if port and parts.hostname else parts.hostname or ""


class Hub:
    """A hub and what was asked of it."""

    def __init__(
        self, endpoint: str | None = None, *, offline: bool = False, stopped: threading.Event | None = None
    ) -> None:
        """Ask nobody yet.

        Args:
            endpoint: its address; HF_ENDPOINT, else the public hub.
            offline: refuse every request; also when HF_HUB_OFFLINE is set.
            stopped: set by another thread when nobody waits for an answer any more.

        Raises:
            InvalidInputError: `hub-endpoint-invalid`.
        """
        from huggingface_hub import constants

        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
        try:
            parts = urlsplit(self.endpoint)
            host, port = parts.hostname, parts.port
        except ValueError:
            parts, host, port = urlsplit(""), None, None
        if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
            raise InvalidInputError(
                "hub-endpoint-invalid",
                f"HF_ENDPOINT is no address of a hub: {self.endpoint!r}.",
                remedy="Unset it, or write it as https://huggingface.co.",
            )
        self.host = f"{host}:{port}" if port else host
        self._may_send_token = parts.scheme == "https" or host in _LOCAL
        self.offline = offline or bool(constants.HF_HUB_OFFLINE)
        self._stopped = stopped
        self._lock = threading.Lock()
        self._num_bytes = 0
        self._num_requests = 0

    @property
    def transferred_bytes(self) -> int:
        """Return the bytes of all answers so far, without their heads."""
        return self._num_bytes

    @property
    def num_requests(self) -> int:
        """Return how often it was asked."""
        return self._num_requests

    def token(self) -> str | None:
        """Return the user's token from huggingface_hub's own places; null over a connection that others can read."""
        if not self._may_send_token:
            return None
        found: str | None = library().get_token()
        return found

    def get_json(
        self, path: str, query: Mapping[str, Any], kind: type[T], *, model_id: str = "", revision: str = ""
    ) -> T:
        """Return an answer of the hub's interface.

        Args:
            path: below `/api/`.
            query: parameters.
            kind: msgspec type to read it as.
            model_id: for the sentence of a failure.
            revision: likewise.

        Raises:
            HubError: as `failures.told`; `hub-answer-odd`.
            NotFoundError: as `failures.told`.
        """
        raw = self._get(f"{self.endpoint}/api/{path}", model_id, revision, query=query)
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise failures.odd(self.host, str(error)) from error

    def read_range(self, model_id: str, commit: str, name: str, offset: int, length: int) -> bytes:
        """Return a part of a file, at most `length` bytes.

        Raises:
            HubError: as `failures.told`; `hub-no-ranges`.
            NotFoundError: as `failures.told`.
        """
        url = f"{self.endpoint}/{model_id}/resolve/{commit}/{quote(name)}"
        return self._get(url, model_id, commit, part=(offset, length), file=name)

    def _get(
        self, url: str, model_id: str, revision: str, *, query: Mapping[str, Any] | None = None,
        part: tuple[int, int] | None = None, file: str = "",
    ) -> bytes:  # fmt: skip
        if self.offline:
            raise failures.offline()
        self._check_stopped()
        hub = library()
        token = self.token()
        headers = hub.utils.build_hf_headers(
            token=token or False, library_name="model-fit-advisor", library_version=__version__
        )
        headers["Accept-Encoding"] = "identity"
        most = _MOST_ANSWER_BYTES
        if part is not None:
            headers["Range"] = f"bytes={part[0]}-{part[0] + part[1] - 1}"
            most = part[1]
        with (
            failures.told(self.host, model_id, revision, has_token=token is not None),
            hub.utils.get_session().stream(
                "GET", url, params=query, headers=headers, timeout=TIMEOUT_S, follow_redirects=True
            ) as response,
        ):
            hub.utils.hf_raise_for_status(response)
            if part is not None and response.status_code != 206 and part[0]:
                raise failures.no_ranges(self.host, file)
            try:
                return self._body(response.iter_raw(_PIECE_BYTES), most, whole=part is None)
            finally:
                with self._lock:
                    self._num_bytes += int(response.num_bytes_downloaded)
                    self._num_requests += 1

    def _check_stopped(self) -> None:
        if self._stopped is not None and self._stopped.is_set():
            raise failures.stopped()

    def _body(self, pieces: Iterable[bytes], most: int, *, whole: bool) -> bytes:
        body = bytearray()
        for piece in pieces:
            self._check_stopped()
            body += piece
            if len(body) >= most:
                break
        if whole and len(body) >= most:
            raise failures.odd(self.host, f"more than {most:,} bytes")
        return bytes(body[:most])
