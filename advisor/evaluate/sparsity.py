"""The job `sparsity`: counts the zeros in every weight of a model on this computer. Runs in a child."""

import time
from pathlib import Path

import msgspec

from advisor import units
from advisor.catalog.weights import scan
from advisor.child.main import Channel, refuse_request

JOB = "sparsity"
_TOLD_EVERY_S = 0.2


class SparsityRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which model is looked at."""

    path: str
    """Folder, `.safetensors`, index or `.gguf`."""


def sparsity(raw: bytes, channel: Channel) -> bytes:
    """Run the job. A cancel ends it at once: it writes nothing.

    Args:
        raw: JSON of a `SparsityRequest`.
        channel: to the app.

    Returns:
        JSON of a `SparsityReport`.

    Raises:
        AdvisorError: as `scan.scan`.
    """
    try:
        request = msgspec.json.decode(raw, type=SparsityRequest)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise refuse_request(error) from error
    started_s = time.monotonic()
    told_s = 0.0

    def tell(done_bytes: int, all_bytes: int, _name: str) -> None:
        nonlocal told_s
        now_s = time.monotonic()
        if now_s - told_s < _TOLD_EVERY_S:
            return
        told_s = now_s
        rate = done_bytes / (now_s - started_s) if now_s > started_s else 0.0
        left = max(0, all_bytes - done_bytes)
        channel.progress(
            "measure", min(1.0, done_bytes / all_bytes) if all_bytes else 1.0,
            remaining_s=left / rate if rate else None,
            detail=f"{units.size(done_bytes)} of {units.size(all_bytes)} read",
        )  # fmt: skip

    return msgspec.json.encode(scan.scan(Path(request.path), tell))
