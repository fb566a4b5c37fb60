"""The work of one query in positions, bytes and FLOPs, for all candidates of a table at once. No machine in here."""

from dataclasses import dataclass

import numpy as np

from advisor.estimate.crossed import TURNED_SHARE
from advisor.estimate.table import CandidateTable, Floats
from advisor.task.model import Workload

PIECE_S = 30.0
"""[s] Longer recordings are transcribed in pieces of this length, as Whisper's window and transformers' speech pipeline
(`chunk_length_s`) do: attention over hours at once fits no computer. The overlap of pieces is left out."""


LOGIT_MOVES = 2.0
"""[1] Output scores are written once and handed over once."""


@dataclass(frozen=True, kw_only=True)
class Positions:
    """Positions of one query, one number a candidate."""

    reader: Floats
    """What the reader sees in all."""
    reader_window: Floats
    """What it sees at once: sound is read window by window."""
    reader_windows: Floats
    """How often it starts, and the decoder with it: each window has its own text."""
    prompt: Floats
    """What the decoder reads before its first token."""
    context: Floats
    """[tokens] Cache set aside."""
    touched: Floats
    """[tokens] Cache that the query really fills."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One kind of work: matrices, attention, operator starts. Sums over the whole batch."""

    stream_bytes: Floats
    """[B] Weights read."""
    flops: Floats
    """[FLOP] Of matrices."""
    conv_flops: Floats
    depthwise_flops: Floats
    """[FLOP] Of convolutions that mix channels, and of those that do not."""
    cache_bytes: Floats
    """[B] Attention cache and state read."""
    attention_flops: Floats
    """[FLOP]"""
    operators: Floats
    """[1]"""
    lookups: Floats
    """[1] Rows fetched from large tables, each wherever it lies in memory."""
    plain_operators: Floats
    """[1] Small ones beside them, of graphs that are not fused."""
    rows: Floats
    """Rows of one product: positions that go through a matrix at once."""
    resident_bytes: Floats
    """[B] What one pass reads in all, again and again: decides which cache it lives in."""
    norm_bytes: Floats
    """[B] Norms and sums, read and written."""
    stored_bytes: Floats
    """[B] Output scores, written once and handed over once; what is copied to lie another way."""
    gelu_bytes: Floats
    silu_bytes: Floats
    """[B] Plain activations, gated ones with sums; read and written."""
    product_elements: Floats
    """[1] Elements that go into and come out of matrices."""
    flops_per_score: Floats
    """[FLOP] Attention of one head for one pair of positions."""
    attended: Floats
    """[tokens] Text that attention sees at once."""


def positions(table: CandidateTable, workload: Workload) -> Positions:
    """Count the positions of one query."""
    audio_s, images, tokens = workload.audio_s, float(workload.num_images), float(workload.num_input_tokens)
    padding = table.column("reader_audio_window_s")
    padded = padding > 0
    windows = _windows(table, audio_s)
    heard_s = np.where(padded & (audio_s > 0), windows * padding, audio_s)
    reader = (
        tokens * table.column("reader_per_token")
        + images * table.column("reader_per_image")
        + heard_s * table.column("reader_per_audio_s")
    )
    prompt = (
        tokens * table.column("prompt_per_token")
        + images * table.column("prompt_per_image")
        + audio_s * table.column("prompt_per_audio_s")
        + table.column("prompt_fixed")
    ) * table.column("decodes")
    touched = prompt + workload.num_output_tokens / windows
    asked = workload.num_context_tokens if workload.num_output_tokens else 0
    return Positions(
        reader=reader,
        reader_window=reader / windows,
        reader_windows=windows,
        prompt=prompt,
        context=np.maximum(touched, asked),
        touched=touched,
    )


def _windows(table: CandidateTable, audio_s: float) -> Floats:
    """Return how many pieces a recording is cut into; language models that hear take it whole, in their prompt."""
    padding = table.column("reader_audio_window_s")
    cut = (table.column("reader_per_audio_s") > 0) & (table.column("prompt_per_audio_s") == 0)
    pieces: Floats = np.ceil(audio_s / np.where(padding > 0, padding, PIECE_S))
    return np.where(cut & (pieces > 1), pieces, 1.0)


def seen(length: Floats, window: Floats) -> Floats:
    """Return the positions seen by all of 1..`length` together, each looking back at most `window`."""
    inside = np.minimum(length, window)
    beyond = np.where(np.isfinite(window), (length - inside) * np.where(np.isfinite(window), window, 0.0), 0.0)
    return inside * (inside + 1.0) / 2.0 + beyond


def reader(table: CandidateTable, workload: Workload, at: Positions) -> Work:
    """Return the work of the reader for one query, all passes and the whole batch."""
    passes, batch = float(workload.num_passes), float(workload.num_batch)
    column = table.column
    runs = np.where(at.reader > 0, 1.0, 0.0)
    pairs = at.reader_windows * at.reader_window**2
    windowed = at.reader * np.minimum(at.reader_window, column("reader_window"))
    nothing = np.zeros(len(table))
    at_once = np.where(_is_whole_image(table) > 0, column("reader_rows"), at.reader_window)
    return Work(
        stream_bytes=runs
        * passes
        * at.reader_windows
        * (column("reader_bytes") * _image_runs(table, at) + column("cross_bytes")),
        flops=passes * batch * at.reader * (column("reader_flops") + column("cross_flops")),
        conv_flops=passes * batch * at.reader * column("reader_conv_flops"),
        depthwise_flops=passes * batch * at.reader * column("reader_depthwise_flops"),
        cache_bytes=nothing,
        attention_flops=passes
        * batch
        * (
            pairs * column("reader_pair_flops")
            + windowed * column("reader_windowed_pair_flops")
            + at.reader * (column("reader_attention_flops") + column("reader_distance_flops"))
        ),
        operators=runs * passes * at.reader_windows * column("reader_operators") * _image_runs(table, at),
        lookups=passes * batch * at.reader * column("reader_lookups"),
        plain_operators=nothing,
        rows=np.maximum(1.0, batch * at_once),
        resident_bytes=column("reader_bytes"),
        norm_bytes=passes * batch * at.reader * column("reader_norm_bytes"),
        stored_bytes=passes * batch * pairs * column("reader_guard_bytes"),
        gelu_bytes=passes * batch * at.reader * column("reader_gelu_bytes"),
        silu_bytes=passes * batch * at.reader * column("reader_silu_bytes"),
        product_elements=passes * batch * at.reader * column("reader_product_elements"),
        flops_per_score=column("reader_flops_per_score"),
        attended=at_once,
    )


def _image_runs(table: CandidateTable, at: Positions) -> Floats:
    """Return how often the graph of an image network runs: once for each image or step; other readers run once."""
    return np.where(_is_whole_image(table) > 0, np.maximum(1.0, at.reader), 1.0)


def _is_whole_image(table: CandidateTable) -> Floats:
    """Tell, by 1, which readers run once for each position: it is a whole image, or a denoising step of one."""
    found: Floats = (table.column("reader_conv_flops") + table.column("reader_attention_flops") > 0).astype(float)
    return found


def prefill(table: CandidateTable, workload: Workload, at: Positions) -> Work:
    """Return the work of reading the prompt, all passes and the whole batch.

    Runtimes multiply the whole square of prompt positions and mask half of it, so pairs are counted twice.
    """
    passes, batch = float(workload.num_passes), float(workload.num_batch)
    column, length, windows = table.column, at.prompt, at.reader_windows
    runs = np.where(length > 0, 1.0, 0.0)
    endless = np.full(len(table), np.inf)
    pairs = 2.0 * (
        seen(length, endless) * column("decoder_pair_flops")
        + seen(length, column("window")) * column("decoder_windowed_pair_flops")
    )
    scored = np.where(column("all_logits") > 0, length, runs)
    all_passes = passes * batch * windows
    nothing = np.zeros(len(table))
    return Work(
        stream_bytes=passes
        * windows
        * runs
        * (column("decoder_bytes") + column("head_bytes") + _experts(table, batch * length)),
        flops=passes * batch * windows * (length * column("decoder_flops") + scored * column("head_flops")),
        conv_flops=nothing,
        depthwise_flops=nothing,
        cache_bytes=runs * passes * windows * batch * 2.0 * column("state_bytes"),
        attention_flops=passes * batch * windows * (pairs + length * at.reader_window * column("cross_pair_flops")),
        operators=runs * passes * windows * column("decoder_operators"),
        lookups=nothing,
        plain_operators=runs * passes * windows * column("decoder_plain_operators"),
        rows=np.maximum(1.0, batch * length),
        resident_bytes=_all_bytes(table),
        norm_bytes=all_passes * length * column("decoder_norm_bytes"),
        stored_bytes=all_passes * (LOGIT_MOVES * scored * column("logit_bytes") + _turned_bytes(table, at)),
        gelu_bytes=all_passes * length * column("decoder_gelu_bytes"),
        silu_bytes=all_passes * length * column("decoder_silu_bytes"),
        product_elements=all_passes
        * (length * column("decoder_product_elements") + scored * column("head_product_elements")),
        flops_per_score=column("decoder_flops_per_score"),
        attended=length,
    )


def decode(table: CandidateTable, workload: Workload, at: Positions) -> Work:
    """Return the work of one further token, averaged over the tokens of a query, for the whole batch."""
    batch, column = float(workload.num_batch), table.column
    steps = np.maximum(1.0, workload.num_output_tokens / at.reader_windows - 1.0)
    endless = np.full(len(table), np.inf)
    full = (seen(at.prompt + steps, endless) - seen(at.prompt, endless)) / steps
    windowed = (seen(at.prompt + steps, column("window")) - seen(at.prompt, column("window"))) / steps
    return Work(
        stream_bytes=column("decoder_bytes") + column("head_bytes") + _experts(table, np.full(len(table), batch)),
        flops=batch * (column("decoder_flops") + column("head_flops")),
        conv_flops=np.zeros(len(table)),
        depthwise_flops=np.zeros(len(table)),
        cache_bytes=batch
        * (
            full * column("cache_bytes")
            + windowed * column("windowed_cache_bytes")
            + 2.0 * column("state_bytes")
            + at.reader_window * column("cross_cache_bytes")
        ),
        attention_flops=batch
        * (
            full * column("decoder_pair_flops")
            + windowed * column("decoder_windowed_pair_flops")
            + at.reader_window * column("cross_pair_flops")
        ),
        operators=column("decoder_operators"),
        lookups=np.zeros(len(table)),
        plain_operators=column("decoder_plain_operators"),
        rows=np.full(len(table), batch),
        resident_bytes=_all_bytes(table),
        norm_bytes=batch * column("decoder_norm_bytes"),
        stored_bytes=batch * (LOGIT_MOVES * column("logit_bytes") + _turned_bytes(table, at)),
        gelu_bytes=batch * column("decoder_gelu_bytes"),
        silu_bytes=batch * column("decoder_silu_bytes"),
        product_elements=batch * (column("decoder_product_elements") + column("head_product_elements")),
        flops_per_score=column("decoder_flops_per_score"),
        attended=at.prompt + steps,
    )


def _turned_bytes(table: CandidateTable, at: Positions) -> Floats:
    """Keys of the encoder's positions, turned round for each token where attention is taken apart."""
    kept = at.reader_window * table.column("cross_cache_bytes")
    return np.where(table.column("decoder_plain_operators") > 0, TURNED_SHARE * kept, 0.0)


def _all_bytes(table: CandidateTable) -> Floats:
    """Weights that token after token reads: of experts all, as the next token visits others."""
    return table.column("decoder_bytes") + table.column("head_bytes") + table.column("expert_bytes")


def _experts(table: CandidateTable, tokens: Floats) -> Floats:
    """Bytes of routed experts that `tokens` tokens visit together, each choosing on its own."""
    share = np.minimum(table.column("expert_share"), 1.0)
    return table.column("expert_bytes") * (1.0 - (1.0 - share) ** tokens)
