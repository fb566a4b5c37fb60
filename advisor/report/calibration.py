"""What a calibration found, in words: for the terminal, the window and JSON."""

from collections.abc import Iterator
from typing import Any

from advisor import units
from advisor.estimate import calibration as calibrations
from advisor.estimate.families import KernelFamily
from advisor.estimate.learning import Learned
from advisor.estimate.model import AttentionRoof, CalibratedRoofs
from advisor.evidence import Quantity
from advisor.graphs.kernel_case import LENGTHS, ROWS, Calibration, GraphLoad
from advisor.report import wording

SCHEMA = "model-fit-advisor/calibration/1"
TITLES = ("Speed", "Value", "Range", "Fit misses by", "What it means")
NOT_COVERED = (
    "Formats of llama.cpp and PyTorch and 16-bit floats are not measured: they are scaled from memory copied and "
    "products multiplied here, and stay estimated."
)
FAMILY_WORDS: dict[KernelFamily, str] = {
    "fp32": "32-bit floats", "int8": "8-bit blocks of 32", "int8-dynamic": "8-bit, dynamic",
    "int4": "4-bit blocks of 32", "int4-b128": "4-bit blocks of 128",
}  # fmt: skip
_LEVELS = ("from the second-level cache", "from the last cache", "from memory")
Row = tuple[str, Quantity, float | None, str]
"""Name, figure, what the fit misses by, what it means."""


def rows(found: Calibration) -> list[Row]:
    """Return every rate of a calibration."""
    fitted = calibrations.fitted(found)
    return [*_memory(found), *_matrices(fitted), *_attention(fitted), *_rest(fitted)]


def cells(found: Calibration) -> list[tuple[str, str, str, str, str]]:
    """Return the same as text."""
    return [
        (
            name, *_told(figure),
            "" if residual_share is None else f"{residual_share:.0%}", meaning,
        )
        for name, figure, residual_share, meaning in rows(found)
    ]  # fmt: skip


def _told(figure: Quantity) -> tuple[str, str]:
    """Return value and range; a rate whose cost was lost in the noise has neither."""
    if figure.unit.endswith("/s") and (figure.value or 0.0) >= calibrations.FASTEST_PER_S / 10:
        return "no cost seen", ""
    return wording.amount(figure), wording.value_range(figure)


def notes(found: Calibration) -> list[str]:
    """Return what should be known of the calibration as a whole, one sentence each."""
    how = f"{found.num_threads} threads and ONNX Runtime {found.runtime_version}"
    peak = units.size(found.peak_rss_bytes)
    told = [f"Measured in {units.duration(found.wall_s)} with {how}; peak memory {peak}; grade {found.grade}."]
    told += [f"May be unstable: {reason}" for reason in found.reasons]
    if found.grade != "A":
        told.append("Close other programs and calibrate again for better figures.")
    return [*told, NOT_COVERED]


def lines(found: Calibration | None, why_not_used: str) -> tuple[str, ...]:
    """Return what is known of a computer's speed, in sentences for the window.

    Args:
        found: the calibration kept; null: none.
        why_not_used: one sentence where it no longer holds, else empty.
    """
    if found is None or why_not_used:
        return (why_not_used,) if why_not_used else ()
    fitted = calibrations.fitted(found)
    int4 = next(roof for roof in fitted.matrices if roof.family == "int4")
    how = f"{found.num_threads} threads and ONNX Runtime {found.runtime_version}"
    read, run = wording.amount(int4.stream_bytes_per_s[-1]), wording.amount(int4.compute_flops_per_s[2])
    told = (
        f"Calibrated on {found.created[:10]} with {how}, grade {found.grade}.",
        f"Weights of 4 bits are read from memory at {read}: that decides how fast text is written.",
        f"A prompt of {ROWS[2]} tokens is computed at {run}: that decides how soon an answer begins.",
    )
    return (*told, *found.reasons)


def lessons(learned: Learned | None, *, num_made: int = 0) -> str:
    """Return one sentence on what probes have taught here; empty before the first.

    Args:
        learned: null where this computer is not calibrated, so that nothing can be learned.
        num_made: finished probes made here, those that teach nothing too.
    """
    if learned is None or not learned.num_probes:
        if not num_made:
            return ""
        if learned is None:
            return f"{_made(num_made)}. Calibrate this computer, and probes will correct estimates of other models too."
        return (
            f"{_made(num_made)}, none of which can correct other estimates: that takes a steady probe (grade A or B) "
            "of a model whose estimate rests on the calibration."
        )
    made = _made(learned.num_probes)
    if learned.typical_error_share is None:
        return f"{made}; one more tells how far off estimates are."
    return f"{made}; typical error of an estimate now {learned.typical_error_share:.0%}."


def _made(num_probes: int) -> str:
    return "1 probe made here" if num_probes == 1 else f"{num_probes} probes made here"


def calibration_json(found: Calibration) -> dict[str, Any]:
    """Return the public document of a calibration."""
    return {
        "schema": SCHEMA,
        "version": 1,
        "created": found.created,
        "fingerprint": found.fingerprint,
        "runtime_version": found.runtime_version,
        "power_source": found.power_source,
        "num_threads": found.num_threads,
        "grade": found.grade,
        "reasons": list(found.reasons),
        "wall_s": found.wall_s,
        "peak_rss_bytes": found.peak_rss_bytes,
        "rates": [
            {
                "name": name,
                "value": figure.value, "low": figure.low, "high": figure.high, "unit": figure.unit,
                "evidence": figure.evidence, "basis": figure.basis,
                "residual_share": residual_share, "meaning": meaning,
            }
            for name, figure, residual_share, meaning in rows(found)
        ],
    }  # fmt: skip


def _memory(found: Calibration) -> Iterator[Row]:
    yield "Memory, copied", calibrations.fitted(found).copy_bytes_per_s, None, "bytes read and written by copying"
    if found.disk_bytes_per_s is not None:
        yield "Disk, read", _disk(found.disk_bytes_per_s), None, "a file of weights that is not in the system's cache"
    for load in found.loads:
        yield f"Loading, {FAMILY_WORDS[load.family]}", _load(load), None, "weights to a session, file already in memory"


def _disk(rate: float) -> Quantity:
    basis = "a file that was written, dropped from the system's cache and read again; a virtual disk may still cache it"
    return Quantity(value=rate, unit="B/s", evidence="measured", basis=basis)


def _load(load: GraphLoad) -> Quantity:
    return Quantity(
        value=load.file_bytes / load.load_s, unit="B/s", evidence="measured",
        basis="one session made from a file that was just written, so read from the system's file cache",
    )  # fmt: skip


def _matrices(fitted: CalibratedRoofs) -> Iterator[Row]:
    for roof in fitted.matrices:
        name, missed = FAMILY_WORDS[roof.family], roof.residual_share
        for rate, level in zip(roof.stream_bytes_per_s, _LEVELS, strict=True):
            yield f"{name}, {level}", rate, missed, "weights read for one token"
        for rate, number in zip(roof.compute_flops_per_s[1:], ROWS[1:], strict=True):
            yield f"{name}, {number} rows", rate, missed, "products of a prompt or text of this length"
        yield f"{name}, start", roof.call_s, missed, "start of one product"
        yield f"{name}, start from memory", roof.memory_call_s, missed, "on top where the weights come from memory"


def _attention(fitted: CalibratedRoofs) -> Iterator[Row]:
    kinds: tuple[tuple[str, AttentionRoof], ...] = (
        ("Attention in encoders", fitted.reader_attention), ("Attention over a prompt", fitted.prompt_attention),
    )  # fmt: skip
    for name, roof in kinds:
        for rate, cost, number in zip(roof.flops_per_s, roof.score_s, LENGTHS, strict=True):
            yield f"{name}, {number} tokens", rate, roof.residual_share, "its products"
            yield f"{name}, {number} tokens, score", cost, roof.residual_share, "one score besides its products"
    missed = fitted.step_residual_share
    yield "Attention of a token, cache", fitted.step_bytes_per_s, missed, "cache read"
    yield "Attention of a token, arithmetic", fitted.step_flops_per_s, missed, "its products"
    yield "Attention of a token, start", fitted.step_call_s, missed, "start of one layer's attention"


def _rest(fitted: CalibratedRoofs) -> Iterator[Row]:
    missed = fitted.convolution_residual_share
    yield "Convolution", fitted.convolution_flops_per_s, missed, "that mixes channels"
    yield "Convolution, depth-wise", fitted.depthwise_flops_per_s, missed, "that does not mix channels"
    missed = fitted.elements_residual_share
    yield "Norms of encoders", fitted.norm_bytes_per_s, missed, "between products, read and written"
    yield "Norms of decoders", fitted.rms_bytes_per_s, missed, "between products, read and written"
    yield "Activations, GELU", fitted.gelu_bytes_per_s, missed, "of encoders, read and written"
    yield "Activations, gated SiLU", fitted.silu_bytes_per_s, missed, "of decoders, and sums; read and written"
    yield "Norm or activation, start", fitted.element_call_s, missed, "spread over the threads"
    yield "Norm or activation of a token", fitted.single_call_s, None, "one row"
    yield "Operator, start", fitted.operator_s, None, "on a few numbers"
    yield "Layer of a token", fitted.token_layer_s, None, "what a whole layer takes besides the sum of its kernels"
