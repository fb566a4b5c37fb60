"""How weights are stored and run, and the exact bytes of each tensor in each format.

Choices that another tool could make otherwise:

- `onnx-int4-*` and `onnx-int8`: MatMulNBits weights with one fp32 scale a block and no zero points (symmetric), padded
  to whole blocks along the input features. Embedding tables are quantized the same way (GatherBlockQuantized) and share
  their bytes with a tied output matrix: what onnxruntime-genai's builder writes for tied models, and what the
  synthetic probe builds for all. Norms, biases, routers, positions and convolutions stay fp32.
- `onnx-int8-dynamic`: onnxruntime.quantization.quantize_dynamic with its defaults: MatMul and Gather weights one byte
  with one scale and one zero point a tensor, all else fp32.
- `safetensors-fp8`: linear layers one byte with an fp32 scale for each 128 x 128 block; all else bf16.
- `safetensors-nf4`: bitsandbytes, linear layers only, blocks of 64 with doubly quantized scales; all else bf16.
- `gguf-*`: llama.cpp's mixtures, see `catalog.gguf`. Image and audio towers are a second file at 16 bits.
"""

from math import ceil

from advisor.catalog import gguf, inventory, query
from advisor.catalog.model import Format, ModelCard, TensorGroup
from advisor.errors import NotFoundError

_TEXT = ("decoder", "encoder", "encoder-decoder")
_ALL = ("decoder", "encoder", "encoder-decoder", "vision", "speech", "diffusion")
_SCALE_BYTES = 4
_FP8_TILE = 128
_ROW = 1024
"""Columns of the one matrix that stands for a model of unknown shapes: whole blocks in every format."""
_NF4_BYTES_PER_WEIGHT = 1 / 2 + 1 / 64 + 4 / (64 * 256)
"""4 bits, one 8-bit scale for 64 weights, one fp32 scale for 256 of those."""

FORMATS: tuple[Format, ...] = (
    Format(
        id="onnx-fp32", label="ONNX fp32", runtime="onnxruntime", linear_bits=32, kernel_family="fp32",
        cache_element_bytes=4, activation_element_bytes=4, probe="synthetic", applies_to=_ALL,
        note="Full precision. Largest, and the yardstick for quality.",
    ),
    Format(
        id="onnx-fp16", label="ONNX fp16", runtime="onnxruntime", linear_bits=16, kernel_family="fp16",
        cache_element_bytes=2, activation_element_bytes=2, probe="weights-only", applies_to=_ALL,
        note="Meant for graphics processors; most processors convert it back to fp32 while they run it.",
    ),
    Format(
        id="onnx-int8-dynamic", label="ONNX int8 (dynamic)", runtime="onnxruntime", linear_bits=8,
        kernel_family="int8", cache_element_bytes=4, activation_element_bytes=4, probe="synthetic",
        applies_to=("decoder", "encoder", "encoder-decoder", "vision", "speech"),
        note="Activations are quantized while it runs. Fast where the processor has 8-bit dot products.",
    ),
    Format(
        id="onnx-int8", label="ONNX int8 (blocks of 32)", runtime="onnxruntime", linear_bits=8, kernel_family="int8",
        block_size=32, cache_element_bytes=4, activation_element_bytes=4, probe="synthetic",
        applies_to=("decoder", "encoder", "encoder-decoder", "speech"),
        note="Weights only are quantized; close to fp32 in quality.",
    ),
    Format(
        id="onnx-int4-b32", label="ONNX int4 (blocks of 32)", runtime="onnxruntime", linear_bits=4,
        kernel_family="int4", block_size=32, cache_element_bytes=4, activation_element_bytes=4, probe="synthetic",
        applies_to=("decoder", "encoder", "encoder-decoder", "speech"),
        note="Weights only are quantized. The usual choice for chat models on a processor.",
    ),
    Format(
        id="onnx-int4-b128", label="ONNX int4 (blocks of 128)", runtime="onnxruntime", linear_bits=4,
        kernel_family="int4", block_size=128, cache_element_bytes=4, activation_element_bytes=4, probe="synthetic",
        applies_to=("decoder",),
        note="Fewer scales: smaller than blocks of 32, a little less exact.",
    ),
    *(
        Format(
            id=f"gguf-{name}", label=f"GGUF {name.upper()}", runtime="llama.cpp",
            linear_bits=gguf.bits(gguf.base_type(f"gguf-{name}")), kernel_family="k-quant", block_size=block_size,
            cache_element_bytes=2, activation_element_bytes=4, probe="no", applies_to=_TEXT, note=note,
        )
        for name, block_size, note in (
            ("q8_0", 32, "Close to full precision."),
            ("q6_k", 256, "Nearly no loss."),
            ("q5_k_m", 256, "Little loss."),
            ("q4_k_m", 256, "The usual choice for llama.cpp."),
            ("q4_0", 32, "Older and simple; fast on many processors."),
            ("q3_k_m", 256, "Noticeable loss; when memory is short."),
            ("q2_k", 256, "Large loss; a smaller model is often the better choice."),
        )
    ),
    Format(
        id="safetensors-bf16", label="safetensors bf16", runtime="transformers", linear_bits=16, kernel_family="bf16",
        cache_element_bytes=2, activation_element_bytes=2, probe="no", applies_to=_ALL,
        note="As most models are published; runs with PyTorch.",
    ),
    Format(
        id="safetensors-fp8", label="safetensors fp8", runtime="transformers", linear_bits=8, kernel_family="fp8",
        block_size=_FP8_TILE, cache_element_bytes=2, activation_element_bytes=2, probe="no",
        applies_to=("decoder", "encoder-decoder"),
        note="Needs a recent graphics processor.",
    ),
    Format(
        id="safetensors-nf4", label="safetensors nf4", runtime="transformers", linear_bits=4, kernel_family="bf16",
        block_size=64, cache_element_bytes=2, activation_element_bytes=2, probe="no",
        applies_to=("decoder", "encoder-decoder"),
        note="Stored in 4 bits, multiplied in bf16. Needs a graphics processor to be fast.",
    ),
)  # fmt: skip

_BY_ID = {item.id: item for item in FORMATS}

_GGUF_FAMILIES = frozenset(
    {
        # Text generation.
        "apertus", "arcee", "bitnet", "bloom", "cohere", "cohere2", "deepseek_v2", "deepseek_v3", "ernie4_5",
        "ernie4_5_moe", "exaone4", "falcon", "falcon_h1", "falcon_mamba", "gemma", "gemma2", "gemma3", "gemma3_text",
        "gemma3n", "gemma4", "gemma4_unified", "glm4", "glm4_moe_lite", "gpt2", "gpt_bigcode", "gpt_neox", "gpt_oss",
        "granite", "granitemoe", "granitemoehybrid", "hunyuan_v1_dense", "internlm3", "jamba", "lfm2", "lfm2_moe",
        "llama", "mamba", "mamba2", "mistral", "mistral3", "mixtral", "nemotron_h", "olmo2", "olmo3", "olmoe", "phi",
        "phi3", "phimoe", "qwen2", "qwen2_moe", "qwen3", "qwen3_5", "qwen3_5_moe", "qwen3_moe", "qwen3_next", "rwkv7",
        "seed_oss", "smollm3", "stablelm", "starcoder2",
        # Text with images: the tower is a second file.
        "idefics3", "internvl_chat", "llava", "moondream1", "qwen2_5_vl", "qwen2_vl", "qwen3_vl", "smolvlm",
        # Encoders and T5.
        "bert", "bert (JinaBERT/ALiBi)", "distilbert", "modernbert", "nomic_bert", "roberta", "t5", "xlm-roberta",
    }
)  # fmt: skip
_WITHOUT_ONNX = frozenset(
    {
        # Recurrent layers for which no exporter to ONNX is known to us.
        "falcon_mamba", "jamba", "mamba", "mamba2", "nemotron_h", "recurrent_gemma", "rwkv", "rwkv7", "zamba2",
    }
)  # fmt: skip
_FP32_ROLES = frozenset({"norm", "bias", "router", "position", "conv", "state", "other"})


def by_id(format_id: str) -> Format:
    """Return a format.

    Raises:
        NotFoundError: `format-unknown`; the remedy lists all.
    """
    found = _BY_ID.get(format_id.strip().casefold())
    if found is None:
        raise NotFoundError(
            "format-unknown",
            f"There is no format {format_id[:100]!r}.",
            remedy=f"Choose one of {', '.join(_BY_ID)}.",
            format=format_id[:100],
        )
    return found


def applicable(card: ModelCard) -> tuple[Format, ...]:
    """Return the formats a model can be had in, from its structure and family; none when the structure is not sourced.

    That a file of that format has been published by somebody is not said by this.
    """
    kind = query.structure(card)
    family = card.architecture.model_type if card.architecture is not None else ""
    return tuple(
        item
        for item in FORMATS
        if kind in item.applies_to
        and (item.runtime != "llama.cpp" or family in _GGUF_FAMILIES)
        and (item.runtime != "onnxruntime" or family not in _WITHOUT_ONNX)
    )


def group_bytes(format: Format, group: TensorGroup) -> float:
    """Return the bytes [B] a group takes in a file or in memory in that format; 0 for a tied copy, which is shared."""
    return 0.0 if group.tied else matrix_bytes(format, group)


def read_bytes(format: Format, group: TensorGroup) -> float:
    """Return the bytes [B] of a group that one generated token reads.

    Routed experts count by their share. A tied output matrix counts in full although it is not stored twice; of a table
    that is looked up, one row in each tensor.
    """
    if group.role in ("embedding", "position") and group.num_columns > 1:
        return matrix_bytes(format, group) / group.num_rows
    return matrix_bytes(format, group) * group.active_share


def matrix_bytes(format: Format, group: TensorGroup) -> float:
    """Return the bytes [B] of all tensors of a group in that format as if each were stored, tied or not."""
    if format.runtime == "llama.cpp":
        return gguf.group_bytes(format.id, group)
    if format.runtime == "transformers":
        return _safetensors_bytes(format, group) * group.num_tensors
    return _onnx_bytes(format, group) * group.num_tensors


def file_bytes(format: Format, card: ModelCard) -> tuple[float, str]:
    """Return the bytes [B] of a model's weights in that format, and what they were computed from.

    Raises:
        NotFoundError: `size-unknown`; neither shapes nor a parameter count of the model are sourced.
    """
    groups = inventory.of_card(card)
    if groups is not None:
        return sum(group_bytes(format, group) for group in groups), "shapes of all tensors"
    count = card.num_parameters()
    if count is None:
        raise NotFoundError(
            "size-unknown",
            f"Neither the shapes nor the number of parameters of {card.id} are known.",
            remedy="Choose another model.",
            model=card.id,
        )
    whole = TensorGroup(name="all", role="linear", part="text", num_rows=ceil(count / _ROW), num_columns=_ROW)
    return matrix_bytes(format, whole), "number of parameters times bits of a linear layer; shapes are not known"


def _onnx_bytes(format: Format, group: TensorGroup) -> float:
    size = group.num_rows * group.num_columns
    if format.id == "onnx-fp16":
        return 2 * size
    if format.id == "onnx-fp32" or group.role in _FP32_ROLES or group.num_columns == 1:
        return 4 * size
    if format.block_size is None:
        return size + _SCALE_BYTES + 1
    num_blocks = ceil(group.num_columns / format.block_size)
    return group.num_rows * num_blocks * (format.block_size * format.linear_bits / 8 + _SCALE_BYTES)


def _safetensors_bytes(format: Format, group: TensorGroup) -> float:
    size = group.num_rows * group.num_columns
    if format.id == "safetensors-bf16" or group.role not in ("linear", "expert") or group.num_columns == 1:
        return 2 * size
    if format.id == "safetensors-nf4":
        return size * _NF4_BYTES_PER_WEIGHT
    return size + _SCALE_BYTES * ceil(group.num_rows / _FP8_TILE) * ceil(group.num_columns / _FP8_TILE)
