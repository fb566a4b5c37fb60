"""What an estimate says, and the roofs it was made with."""

from typing import Literal

import msgspec

from advisor.estimate.families import KernelFamily
from advisor.estimate.learning import Learned
from advisor.evidence import Quantity

Verdict = Literal["fits", "tight", "does-not-fit", "unknown"]
VERDICTS: tuple[Verdict, ...] = ("fits", "tight", "unknown", "does-not-fit")
"""In the order in which results are shown."""
RateUnit = Literal["tokens/s", "queries/s", "x real time", "images/s"]


class Roof(msgspec.Struct, frozen=True, kw_only=True):
    """Peak rates of one kernel family on one device."""

    family: KernelFamily
    stream_bytes_per_s: Quantity
    """[B/s] Weight bytes a matrix-vector product of this family gets through (decode)."""
    compute_flops_per_s: Quantity
    """[FLOP/s] Rate of a matrix-matrix product of this family (prefill, encoders)."""


class MatrixRoof(msgspec.Struct, frozen=True, kw_only=True):
    """Measured rates of the matrix products of one kernel family."""

    family: KernelFamily
    stream_bytes_per_s: tuple[Quantity, ...]
    """[B/s] Weight bytes of one row's product from the second-level cache, the last cache, memory: never rising."""
    compute_flops_per_s: tuple[Quantity, ...]
    """[FLOP/s] At each number of rows of `kernel_case.ROWS`."""
    element_s: Quantity
    """[s] Each element that goes in or comes out: rounding, packing, storing."""
    call_s: Quantity
    """[s] Start of one product."""
    memory_call_s: Quantity
    """[s] On top of it where the weights come from memory: the first of them are waited for."""
    residual_share: float
    """[1] Typical distance of the fit from its measurements."""


class AttentionRoof(msgspec.Struct, frozen=True, kw_only=True):
    """Measured rates of attention of a whole text to itself."""

    flops_per_s: tuple[Quantity, ...]
    """[FLOP/s] At each length of `kernel_case.LENGTHS`."""
    score_s: tuple[Quantity, ...]
    """[s] One score of one position for another, besides its products; at the same lengths."""
    residual_share: float


class CalibratedRoofs(msgspec.Struct, frozen=True, kw_only=True):
    """Rates that were fitted to measured kernels of ONNX Runtime."""

    created: str
    """ISO 8601, UTC."""
    num_threads: int
    grade: Literal["A", "B", "C"] = "A"
    """How undisturbed the measurement was."""
    runtime_version: str
    cache_bytes: tuple[int, ...]
    """[B] Second-level caches in use and last cache: edges between the levels of `stream_bytes_per_s`."""
    matrices: tuple[MatrixRoof, ...]
    reader_attention: AttentionRoof
    prompt_attention: AttentionRoof
    step_bytes_per_s: Quantity
    """[B/s] Cache that one token's attention reads."""
    step_flops_per_s: Quantity
    """[FLOP/s] Arithmetic of one token's attention."""
    step_call_s: Quantity
    step_residual_share: float
    convolution_flops_per_s: Quantity
    depthwise_flops_per_s: Quantity
    convolution_call_s: Quantity
    convolution_residual_share: float
    norm_bytes_per_s: Quantity
    """[B/s] Norms of encoders with the sum before them, read and written."""
    rms_bytes_per_s: Quantity
    """[B/s] Norms of decoders with the sum before them, read and written."""
    copy_bytes_per_s: Quantity
    """[B/s] Memory copied, read and written."""
    gelu_bytes_per_s: Quantity
    """[B/s] Activations of encoders, read and written."""
    silu_bytes_per_s: Quantity
    """[B/s] Gated activations of decoders, and sums with a bias; read and written."""
    element_call_s: Quantity
    """[s] Start of one of them, spread over the threads."""
    elements_residual_share: float
    single_call_s: Quantity
    """[s] One of them for a single row, as each further token has them."""
    operator_s: Quantity
    """[s] Start of an operator on a few elements."""
    token_layer_s: Quantity
    """[s] What a layer takes for one token beside the sum of its kernels: threads that wait for each other, and small
    things that large weights pushed out of the caches."""
    run_s: Quantity
    """[s] One run of a graph that does nothing: no query takes less."""


class Roofs(msgspec.Struct, frozen=True, kw_only=True):
    """All roofs of one device; spec-sheet values until the computer is calibrated."""

    device: str
    """`cpu`, or `gpu:0` ..."""
    label: str
    """`AMD EPYC 7B13, 2 CPUs`."""
    roofs: tuple[Roof, ...]
    attention_bytes_per_s: Quantity
    """[B/s] Rate at which attention reads its cache."""
    operator_overhead_s: Quantity
    """[s] Cost of starting one operator."""
    runtime_bytes: Quantity
    """[B] Child process with interpreter and runtime loaded, before any model."""
    memory_free_bytes: int | None
    """[B] Memory a candidate may use on this device: the limit that verdicts are judged by; null when not known."""
    memory_basis: str
    """Where that limit comes from, one phrase: `available memory of /proc/meminfo`, `planned by the user`."""
    elements_bytes_per_s: Quantity | None = None
    """[B/s] Norms, sums and activations, read and written; null: not counted."""
    calibrated: CalibratedRoofs | None = None
    """Measured rates; they hold for ONNX formats of the families in them. Null before calibration."""
    why_not_calibrated: str = ""
    """Why a calibration that exists is not used, one sentence; empty when there is none or it is used."""
    learned: Learned | None = None
    """What probes have taught about the calibrated estimates; null: nothing yet."""


class PowerModel(msgspec.Struct, frozen=True, kw_only=True):
    """Power of the device while it works on one query after the other."""

    active_power_w: Quantity
    """[W] Gross, of the parts named in `boundary`."""
    idle_power_w: Quantity
    boundary: str
    """`CPU package by load model; not RAM, screen, power-supply loss`."""


class MemoryParts(msgspec.Struct, frozen=True, kw_only=True):
    """Peak memory, part by part; the parts add up to the total."""

    weights: Quantity
    cache: Quantity
    activations: Quantity
    runtime: Quantity


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Prediction for one candidate, one workload, one device."""

    model: str
    format: str
    device: str
    verdict: Verdict
    memory: Quantity
    """[B] Peak of the process."""
    memory_parts: MemoryParts
    memory_free_bytes: int | None
    headroom_share: float | None
    """(free - need) / free; null when either is unknown."""
    num_parameters: int | None
    download_bytes: Quantity
    flops_per_query: Quantity
    """[FLOP]"""
    bytes_per_query: Quantity
    """[B] Memory traffic of one query."""
    time_to_first_token: Quantity
    """[s] Prompt read and first token out; for encoders the time of one query."""
    time_per_token: Quantity
    """[s] Each further token; excluded for models that generate none."""
    time_per_query: Quantity
    """[s] Whole query."""
    rate: Quantity
    """Main rate of the task: tokens/s, queries/s, x real time, images/s."""
    energy_per_1000_queries: Quantity
    """[Wh]"""
    max_context_tokens: int | None
    """Largest context whose memory need still fits; null when it does not apply or is not known."""
    not_modelled: tuple[str, ...] = ()
    """What this estimate leaves out, one phrase each."""
    formulas: tuple[str, ...] = ()
    """Anchors of docs/METHODS.md that were used."""
