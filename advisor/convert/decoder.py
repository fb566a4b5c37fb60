"""Decoders by onnxruntime-genai's model builder, called as a function; and their answers, before and after.

The builder is given a folder and a name: a folder alone it would take for a name on the hub. It must not ask anybody:
`convert` sets the offline variables first.
"""

import contextlib
import functools
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from typing_extensions import override

from advisor.convert import samples, staging, tables
from advisor.convert.compare import Comparison
from advisor.convert.quantize import Counter
from advisor.errors import InvalidModelError

METHOD = "onnxruntime-genai model builder"
ACCURACY_LEVEL = 4
"""Activations are rounded to 8 bits inside the product: the builder's own default for processors."""
_QUANTIZER = "onnxruntime.quantization.matmul_nbits_quantizer"
_LAYER = re.compile(r"Reading layer (\d+)")
_NUM_CACHED = 4
_NAME = "local/model"
OnPart = Callable[[float], None]
Array = Any
Answers = list[tuple[list[int], Array]]


def options(format_id: str, method: str) -> dict[str, str]:
    """Return the builder's options for a format, as they are kept in the provenance."""
    if format_id in ("onnx-fp32", "onnx-int8-dynamic"):
        # A table that is shared with the output matrix is no constant of a product, and would stay at 32 bits.
        return {"precision": "fp32"} | ({"shared_embeddings": "false"} if format_id == "onnx-int8-dynamic" else {})
    bits, block = {"onnx-int8": ("int8", "32"), "onnx-int4-b32": ("int4", "32")}.get(format_id, ("int4", "128"))
    return {
        "precision": bits, "block_size": block, "accuracy_level": str(ACCURACY_LEVEL), "is_symmetric": "true",
        "algo_config": "k_quant" if method == "k-quant" else "default",
    }  # fmt: skip


def answers(staged: Path, *, num_texts: int = len(samples.TEXTS)) -> Answers:
    """Return token numbers and PyTorch's scores for the sample texts.

    Raises:
        InvalidModelError: `weights-missing`.
    """
    import torch
    import transformers

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(staged, local_files_only=True, trust_remote_code=False)
    model, told = transformers.AutoModelForCausalLM.from_pretrained(
        staged, dtype=torch.float32, local_files_only=True, use_safetensors=True, trust_remote_code=False,
        output_loading_info=True,
    )  # fmt: skip
    staging.require_whole(told)
    model.eval()
    found: Answers = []
    with torch.inference_mode():
        for text in samples.TEXTS[:num_texts]:
            ids = tokenizer(text)["input_ids"][: samples.MOST_TOKENS]
            found.append((ids, model(torch.tensor([ids])).logits[0].numpy()))
    return found


def build(staged: Path, target: Path, format_id: str, method: str, on_part: OnPart) -> None:
    """Build the ONNX file of a decoder.

    Args:
        staged: folder with the model as transformers reads it.
        target: folder to write to.
        format_id: the catalog's name.
        method: `rtn` or `k-quant`.
        on_part: told how far it is, 0 to 1.

    Raises:
        InvalidModelError: `convert-unsupported`.
    """
    from onnxruntime_genai.models import builder

    chosen = dict(options(format_id, method))
    precision = chosen.pop("precision")
    cache = target.parent / "cache"
    layers = json.loads((staged / "config.json").read_text("utf-8")).get("num_hidden_layers") or 1
    with _heard(layers, quantizes=precision != "fp32", on_part=on_part):
        try:
            extra = builder.parse_extra_options(
                _NAME, str(staged), str(target), precision, "cpu", str(cache),
                [f"{key}={value}" for key, value in chosen.items()] + ["hf_token=false", "hf_remote=false"],
            )  # fmt: skip
            builder.create_model(_NAME, str(staged), str(target), precision, "cpu", str(cache), **extra)
            if precision != "fp32":
                bits, block_size = int(precision.removeprefix("int")), int(chosen["block_size"])
                tables.finish(target / "model.onnx", bits=bits, block_size=block_size, tied=_is_tied(staged))
        except NotImplementedError as error:
            raise InvalidModelError(
                "convert-unsupported", f"The conversion tool does not know this model: {error}".rstrip(".") + ".",
                remedy="Take a ready-made ONNX version of it, for example from onnx-community on the hub.",
            ) from error  # fmt: skip


def compare(expected: Answers, folder: Path, *, keep_packing: bool) -> Comparison:
    """Run the converted decoder on the same tokens: each text at once, and the first one's end token by token.

    Args:
        expected: PyTorch's answers.
        folder: with model.onnx.
        keep_packing: let ONNX Runtime rearrange weights, as it does when the model is used; costs memory.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    settings = onnxruntime.SessionOptions()
    if not keep_packing:
        settings.add_session_config_entry("session.disable_prepacking", "1")
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), settings, providers=["CPUExecutionProvider"]
    )  # fmt: skip
    head_size = json.loads((folder / "genai_config.json").read_text("utf-8"))["model"]["decoder"]["head_size"]
    run = functools.partial(_run, session, head_size)
    found = Comparison("scores")
    for ids, scores in expected:
        found.add(scores, run(ids)[0][0])
    ids, scores = expected[0]
    start = max(1, len(ids) - _NUM_CACHED)
    _, cache = run(ids[:start])
    for at in range(start, len(ids)):
        got, cache = run(ids[at : at + 1], cache, num_before=at)
        found.add(scores[at : at + 1], got[0])
    return found


def same_tokens(expected: Answers, folder: Path) -> None:
    """Refuse a model whose own tokenizer makes other tokens of the sample texts than the original's.

    Raises:
        InvalidModelError: `tokenizer-differs`.
    """
    import tokenizers

    own = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text, (ids, _) in zip(samples.TEXTS, expected, strict=False):
        if own.encode(text).ids[: len(ids)] != ids:
            raise InvalidModelError(
                "tokenizer-differs",
                f"The tokenizer that was written makes other tokens of {text[:40]!r} than the original's.",
                remedy="Take the model in another form; its tokenizer cannot be carried over.",
            )


def _run(
    session: Array, head_size: int, ids: list[int], cache: dict[str, Array] | None = None, *, num_before: int = 0
) -> tuple[Array, dict[str, Array]]:
    """Run tokens after `num_before` others; return their scores and the cache after them."""
    import numpy as np

    feeds: dict[str, Any] = {}
    for value in session.get_inputs():
        if value.name == "input_ids":
            feeds[value.name] = np.array([ids], dtype=np.int64)
        elif value.name == "attention_mask":
            feeds[value.name] = np.ones((1, num_before + len(ids)), dtype=np.int64)
        elif value.name == "position_ids":
            feeds[value.name] = np.arange(num_before, num_before + len(ids), dtype=np.int64)[None]
        elif cache is not None:
            feeds[value.name] = cache[value.name]
        else:
            feeds[value.name] = np.zeros((1, value.shape[1], 0, head_size), dtype=np.float32)
    names = [value.name for value in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, feeds), strict=True))
    kept = {name.replace("present", "past_key_values"): value for name, value in outputs.items() if name != "logits"}
    return outputs["logits"], kept


def _is_tied(staged: Path) -> bool:
    """Tell whether the token table is the output matrix too."""
    from safetensors import safe_open

    if json.loads((staged / "config.json").read_text("utf-8")).get("tie_word_embeddings") is True:
        return True
    names: list[str] = []
    for path in staged.glob("*.safetensors"):
        with safe_open(str(path), "pt") as opened:
            names += opened.keys()
    return not any(name.endswith("lm_head.weight") for name in names)


@contextlib.contextmanager
def _heard(num_layers: int, *, quantizes: bool, on_part: OnPart) -> Iterator[None]:
    """Turn what the builder prints and logs into progress, and keep it off the terminal."""
    until_built = 0.4 if quantizes else 0.9
    counter = Counter(7 * num_layers, lambda share: on_part(until_built + (0.95 - until_built) * share))
    log = logging.getLogger(_QUANTIZER)
    log.addHandler(counter)
    log.propagate = False
    log.setLevel(logging.INFO)
    try:
        with contextlib.redirect_stdout(_Lines(lambda layer: on_part(until_built * (layer + 1) / num_layers))):
            yield
    finally:
        log.removeHandler(counter)


class _Lines(io.TextIOBase):
    """A stream that listens for the layer that is read."""

    def __init__(self, on_layer: Callable[[int], None]) -> None:
        super().__init__()
        self._on_layer = on_layer

    @override
    def write(self, text: str) -> int:
        """Look for the layer in a piece of text."""
        if (found := _LAYER.search(text)) is not None:
            self._on_layer(int(found[1]))
        return len(text)
