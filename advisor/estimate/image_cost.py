"""What image networks cost that are no plain stacks of layers: columns of the cost profile. Reads no file."""

from advisor.catalog.model import Candidate
from advisor.estimate import families, image_memory, image_work, runtime_facts
from advisor.estimate.drawn_work import DRAWN, DrawnWork
from advisor.estimate.families import KERNEL_FAMILIES
from advisor.estimate.shape import ATTENTION_PRODUCTS, FLOPS_PER_MULTIPLY

_ELEMENT_BYTES = 4.0
_ARENA_FACTOR = 1.5
"""[1] Working memory over what is alive at once: 1.2 (Stable Diffusion 1.5) to 1.45 (PixArt) measured with ONNX Runtime
1.32."""
_HEAD_SIZE = 64.0
"""[elements] Of nearly all image transformers; it only says how many scores go with their operations."""


def published(candidate: Candidate, flops: float) -> dict[str, float]:
    """Published work of one image; with dynamic 8 bits its convolutions stay in full precision."""
    share = image_work.depthwise_share(candidate.model.id)
    return {
        "reader_flops": 0.0,
        "reader_conv_flops": flops * (1.0 - share),
        "reader_depthwise_flops": flops * share,
        "reader_pair_flops": 0.0,
        "reader_operators": image_work.OPERATORS,
        "family": _convolutions(candidate),
    }


def drawn(candidate: Candidate, of: DrawnWork, values: dict[str, float]) -> dict[str, float]:
    """Work of one run of a drawn network, operator by operator; what was counted from its tensors gives way."""
    convolves = of.conv_flops + of.depthwise_flops > of.linear_flops
    return {
        "reader_bytes": values.get("reader_bytes") or values["weight_bytes"],
        "reader_flops": of.linear_flops,
        "reader_product_elements": of.linear_elements,
        "reader_rows": of.linear_rows,
        "reader_conv_flops": of.conv_flops,
        "reader_depthwise_flops": of.depthwise_flops,
        "reader_attention_flops": of.attention_flops,
        "reader_pair_flops": 0.0,
        "reader_windowed_pair_flops": 0.0,
        "reader_flops_per_score": FLOPS_PER_MULTIPLY * ATTENTION_PRODUCTS * _HEAD_SIZE,
        "reader_norm_bytes": of.norm_bytes,
        "reader_gelu_bytes": of.gelu_bytes,
        "reader_silu_bytes": of.element_bytes,
        "reader_operators": float(of.num_operators),
        "family": _convolutions(candidate) if convolves else values["family"],
    }


def _convolutions(candidate: Candidate) -> float:
    return float(KERNEL_FAMILIES.index(families.family(candidate.format, convolutions=True)))


def memory(candidate: Candidate) -> dict[str, float]:
    """Of networks drawn operator by operator the working memory is known, for the size they were trained at."""
    working = image_memory.working_bytes(candidate.model.id) or _denoiser_bytes(candidate.model.id)
    if working is None or candidate.format.runtime != "onnxruntime":
        return {}
    low, high = runtime_facts.ACTIVATION_RANGE
    return {
        "fixed_activation_bytes": working,
        "assumed": 0.0,
        "reader_live_bytes": 0.0,
        "reader_score_bytes": 0.0,
        "activation_low_share": low,
        "activation_high_share": high,
    }


def _denoiser_bytes(model_id: str) -> float | None:
    """Return the working memory of one denoising step, in bytes; of the decoder of the picture nothing is known."""
    found = DRAWN.get(model_id)
    return _ELEMENT_BYTES * _ARENA_FACTOR * found.live_elements if found is not None else None
