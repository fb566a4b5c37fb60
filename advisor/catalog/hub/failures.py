"""From what huggingface_hub raises to sentences a person can act upon."""

import contextlib
import errno
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from advisor.catalog.headers.source import shown
from advisor.errors import AdvisorError, InvalidFileError, InvalidInputError, NotFoundError, OutputError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

_ID = re.compile(r"(?:[\w.-]{1,96}/)?[\w.-]{1,96}", re.ASCII)
_MOST_REASON = 200
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOG_IN = "Log in with `hf auth login`, or set HF_TOKEN; this app reads the token from there and sends it to {} only."
_UNAUTHORIZED, _FORBIDDEN, _MISSING, _TOO_MANY, _SERVER_FAULT = 401, 403, 404, 429, 500


class HubError(AdvisorError):
    """The hub, or the way to it, did not deliver."""


@contextlib.contextmanager
def told(host: str, model_id: str = "", revision: str = "", *, has_token: bool = False) -> Iterator[None]:
    """Turn what huggingface_hub raises inside the body into an `AdvisorError`.

    Args:
        host: who is asked.
        model_id: what is asked for, for the sentence; empty for a search.
        revision: at which revision.
        has_token: a token was sent.

    Raises:
        HubError: `hub-unreachable`, `hub-offline`, `hub-gated`, `hub-token-refused`, `hub-busy`, `hub-fault`,
            `hub-answer-cut`, `hub-answer-odd`.
        NotFoundError: `hub-model-unknown`, `hub-revision-unknown`, `hub-file-unknown`.
        OutputError: `disk-full`.
    """
    from huggingface_hub import errors

    try:
        yield
    except AdvisorError:
        raise
    except errors.HfHubHTTPError as error:
        raise _answered(error, host, model_id, revision, has_token) from error
    except errors.OfflineModeIsEnabled as error:
        raise offline() from error
    except errors.LocalEntryNotFoundError as error:
        cause = error.__cause__
        if isinstance(cause, errors.HfHubHTTPError):
            raise _answered(cause, host, model_id, revision, has_token) from error
        if isinstance(cause, errors.FileMetadataError):
            raise odd(host, "it lacks what a hub says of each file") from error
        raise unreachable(host, str(cause or error)) from error
    except errors.FileMetadataError as error:
        raise odd(host, "it lacks what a hub says of each file") from error
    except _http_failure() as error:
        raise unreachable(host, str(error)) from error
    except OSError as error:
        raise _system(error, host) from error


def _http_failure() -> type[Exception]:
    """Return what the HTTP library raises: huggingface_hub has changed libraries, its own error derives from theirs."""
    from huggingface_hub.errors import HfHubHTTPError

    return next(kind for kind in HfHubHTTPError.__bases__ if issubclass(kind, Exception))


def unreachable(host: str, why: str) -> HubError:
    """Return the failure of a network that is not there, or that went away."""
    line = why.strip().splitlines()[0].rstrip(".") if why.strip() else "no answer"
    words = "".join(mark for mark in line if mark.isprintable())[:_MOST_REASON]
    return HubError(
        "hub-unreachable",
        f"The connection to {host} failed: {words}.",
        remedy="Check the network and try again; files that are complete are kept.",
        host=host,
    )


def offline() -> HubError:
    """Return the refusal of a request in offline mode."""
    return HubError(
        "hub-offline",
        "Offline mode is on (HF_HUB_OFFLINE or --offline): nothing is asked of a hub.",
        remedy="Turn it off, or use a model that is already on this computer.",
    )


def stopped() -> HubError:
    """Return the end of what the user stopped."""
    return HubError("hub-stopped", "It was stopped.")


def no_ranges(host: str, file: str) -> HubError:
    """Return the failure of a server that sends whole files only."""
    return HubError(
        "hub-no-ranges",
        f"{host} did not send the part of {file} that was asked for; the whole file is not downloaded for an estimate.",
        remedy="Download the model, then size its folder.",
        host=host,
    )


def odd(host: str, what: str) -> HubError:
    """Return the failure of an answer that cannot be understood."""
    return HubError(
        "hub-answer-odd", f"{host} gave an answer that cannot be used: {what}.", remedy="Check HF_ENDPOINT; try again.",
        host=host,
    )  # fmt: skip


def disk_full(folder: str) -> OutputError:
    """Return the failure of a disk that takes no more."""
    return OutputError(
        "disk-full",
        f"There is no space left in {folder}.",
        remedy="Free some space or choose another folder, then start again: complete files are kept, the one that "
        "was being written is removed.",
        path=folder,
    )


def check_id(model_id: str) -> None:
    """Refuse what cannot be a model's id.

    Raises:
        InvalidInputError: `hub-id-invalid`.
    """
    if not is_id(model_id):
        raise InvalidInputError(
            "hub-id-invalid",
            f"{shown(model_id)} is no model id.",
            remedy="Write it as the hub does: owner/name, for example HuggingFaceTB/SmolLM2-135M.",
        )


def is_id(text: str) -> bool:
    """Tell whether a text can be a model's id. Source: huggingface_hub, `validate_repo_id`."""
    return _ID.fullmatch(text) is not None and ".." not in text and "--" not in text


def _answered(error: "HfHubHTTPError", host: str, model_id: str, revision: str, has_token: bool) -> AdvisorError:
    """Return the failure for an HTTP status."""
    from huggingface_hub import errors

    name, facts = shown(model_id), {"host": host, "model": model_id}
    status = getattr(error.response, "status_code", 0)
    if isinstance(error, errors.GatedRepoError):
        return _gated(host, model_id, has_token)
    if isinstance(error, errors.RevisionNotFoundError):
        return NotFoundError(
            "hub-revision-unknown",
            f"{name} has no revision {shown(revision)} on {host}.",
            remedy="Give a branch, a tag or a commit that its page lists under Files and versions.",
            **facts,
        )
    if isinstance(error, errors.EntryNotFoundError):
        return NotFoundError(
            "hub-file-unknown", f"{name} has no such file on {host}.", remedy="Check the name of the file.", **facts
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        who = "the token's owner may not see it" if has_token else "it is private and no token was sent"
        return NotFoundError(
            "hub-model-unknown",
            f"{host} shows no model {name}: it does not exist, or {who}.",
            remedy="Check the spelling." + ("" if has_token else f" {_LOG_IN.format(host)}"),
            **facts,
        )
    return _by_status(status, host, model_id, has_token)


def _by_status(status: int, host: str, model_id: str, has_token: bool) -> AdvisorError:
    facts = {"host": host, "status": status}
    if status == _UNAUTHORIZED:
        what = "refused the token: it is wrong, was revoked or has expired" if has_token else "asks for a token"
        return HubError("hub-token-refused", f"{host} {what}.", remedy=_LOG_IN.format(host), **facts)
    if status == _FORBIDDEN:
        return HubError(
            "hub-forbidden", f"The token may not read {shown(model_id)} on {host}.",
            remedy="Give the token the right to read this model's files.", **facts,
        )  # fmt: skip
    if status == _MISSING:
        return NotFoundError(
            "hub-model-unknown", f"{host} has nothing at this address.", remedy="Check the spelling.", **facts
        )
    if status == _TOO_MANY:
        return HubError(
            "hub-busy", f"{host} asks to slow down (status 429).", remedy="Wait some minutes, then try again.", **facts
        )
    return HubError(
        "hub-fault", f"{host} answered with status {status}.", remedy="Try again later; complete files are kept.",
        **facts,
    )  # fmt: skip


def _gated(host: str, model_id: str, has_token: bool) -> HubError:
    page = f"{host}/{model_id}"
    waits = (
        "this token's owner has not accepted them, or access was not granted yet" if has_token else "no token was sent"
    )
    return HubError(
        "hub-gated",
        f"{shown(model_id)} is given to those who accept its terms; {waits}.",
        remedy=f"Read and accept the terms at {page}." + ("" if has_token else f" {_LOG_IN.format(host)}"),
        host=host,
        model=model_id,
    )


def _system(error: OSError, host: str) -> AdvisorError:
    if error.errno in _FULL:
        return disk_full(str(error.filename or "the model folder"))
    if error.errno is None:  # huggingface_hub: the size is not what was announced
        return HubError(
            "hub-answer-cut", f"{host} sent fewer or more bytes than it announced.", remedy="Try again.", host=host
        )
    name = str(error.filename or "the model folder")
    if isinstance(error, ConnectionError | TimeoutError):
        return unreachable(host, error.strerror or str(error))
    return InvalidFileError(
        "model-folder-unusable", f"{name} cannot be used: {error.strerror or error}.",
        remedy="Choose another folder or change its permissions.", path=name,
    )  # fmt: skip
