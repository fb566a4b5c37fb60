"""The job that asks for the newest version: one request, in a child. It sends nothing but the request itself."""

import datetime
import http.client
import ssl
import urllib.error
import urllib.request
from typing import IO

import msgspec
from typing_extensions import override

from advisor.child.main import Channel, refuse_request
from advisor.errors import ChildError
from advisor.installed import updates

TIMEOUT_S = 15.0
LARGEST_BYTES = 256 * 1024
_HEADERS = {"User-Agent": "model-fit-advisor", "Accept": "application/json"}
"""No version, no system: the servers learn that somebody asked."""


class _OnlySafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows to where could have been asked at first, nowhere else."""

    @override
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        if not updates.may_follow(newurl, asked=req.full_url):
            raise _failed("updates-refused", f"{updates.host(req.full_url)} sends on to an address without https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def look(raw: bytes, channel: Channel) -> bytes:
    """Run the job `updates`.

    Args:
        raw: JSON of an `updates.Request`.
        channel: to the app.

    Returns:
        JSON of an `updates.Looked`.

    Raises:
        ChildError: `updates-unreachable`, nobody answers; `updates-refused`, the server answers with an error, sends
            on to where nothing is asked, or answers with more than a release has.
        AdvisorError: as `updates.checked_address` and `updates.read_answer`.
    """
    try:
        request = msgspec.json.decode(raw, type=updates.Request)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise refuse_request(error) from error
    channel.progress("load", 0.1, detail=f"asking {updates.host(request.address)}")
    answer = _ask(updates.checked_address(request.address))
    return msgspec.json.encode(updates.read_answer(answer, datetime.datetime.now(datetime.UTC)))


def _ask(address: str) -> bytes:
    handlers = [_OnlySafeRedirects(), urllib.request.HTTPSHandler(context=_certificates())]
    opener = urllib.request.build_opener(*handlers)
    host = updates.host(address)
    try:
        with opener.open(urllib.request.Request(address, headers=_HEADERS), timeout=TIMEOUT_S) as answer:  # noqa: S310
            found: bytes = answer.read(LARGEST_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise _failed("updates-refused", f"{host} answered with {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise _failed(updates.UNREACHABLE, f"{host} does not answer ({reason})") from error
    if len(found) > LARGEST_BYTES:
        raise _failed("updates-refused", f"{host} answers with more than a release has")
    return found


def _certificates() -> ssl.SSLContext:
    """Trust what the system trusts: a bundle's own OpenSSL may look for certificates where this system has none."""
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _failed(code: str, what: str) -> ChildError:
    return ChildError(
        code, f"It could not be looked for a new version: {what}.",
        remedy="Check the connection, or look again later.",
    )  # fmt: skip
