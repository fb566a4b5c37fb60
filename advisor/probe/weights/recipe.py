"""What real files are run at: the sizes of a query, cut at what the model can read, and what they will need. Pure."""

import math
import re

import msgspec

from advisor.errors import InvalidModelError
from advisor.graphs.recipe import Bound, Feed, GraphFamily, Runner
from advisor.graphs.text import ACTIVATION_FACTOR, text_sizes
from advisor.runnable.model import RunnableModel
from advisor.runnable.onnx_header import Header, Value
from advisor.task.model import Workload

_FAMILIES: dict[str, GraphFamily] = {
    "decoder": "decoder", "encoder": "encoder", "encoder-decoder": "seq2seq", "vision": "vision", "speech": "speech",
}  # fmt: skip
_STORAGES = {"onnx-int4-b32": "blocks4", "onnx-int4-b128": "blocks4", "onnx-int8": "blocks8",
             "onnx-int8-dynamic": "dynamic8"}  # fmt: skip
_CACHE = re.compile(r"past\w*[._](\d+)[._](?:decoder[._])?key")
_FLOAT_BYTES = 4
_USUAL_HIDDEN, _USUAL_HEADS, _USUAL_VOCABULARY = 1024, 16, 50_000
_USUAL_IMAGE = 224
_SOUND_FRAMES, _SOUND_BINS, _PIECE_S = 3000, 80, 30.0
_IDS, _SOUND = "input_ids", "input_features"
_FILLED = {"attention_mask": "ones", "token_type_ids": "zeros", "position_ids": "positions", "pixel_mask": "ones"}


class RealRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """Real files at one task's sizes; a `graphs.recipe.Recipe` without graphs to build."""

    family: GraphFamily
    runner: Runner
    storage_name: str
    num_layers: int
    num_input_tokens: int
    num_output_tokens: int
    num_capacity_tokens: int
    num_batch: int
    num_runs: float
    vocab_size: int
    num_elements: int
    """Of all weights, as the files state them."""
    size_bytes: int
    num_hidden: int
    num_heads: int
    num_cached: int
    """[elements] Keys and values of one token in one layer."""
    fixed: tuple[Feed, ...] = ()

    @property
    def divisible(self) -> bool:
        """Real files are run as a whole."""
        return False

    @property
    def measured_input(self) -> str:
        """What an encoder-decoder reads before the first token, in words; empty for others."""
        if self.runner != "seq2seq":
            return ""
        return f"a text of {self.num_input_tokens} tokens" if self.num_input_tokens else "a piece of 30 s of sound"

    def num_parameters(self) -> int:
        """Return the elements of all weights."""
        return self.num_elements

    def weight_bytes(self, num_layers: int) -> int:  # noqa: ARG002 - the whole model is all there is
        """Return the bytes of all files, in bytes."""
        return self.size_bytes

    def cache_bytes(self, num_layers: int) -> int:
        """Return what keys and values take at the longest context, in bytes."""
        return _FLOAT_BYTES * num_layers * self.num_cached * self.num_capacity_tokens * self.num_batch

    def working_bytes(self, num_prompt_tokens: int) -> int:
        """Return the working memory of a prompt or text of that length, roughly, in bytes."""
        tokens = num_prompt_tokens * self.num_batch
        scores = self.vocab_size if self.runner == "decoder" else 0
        elements = tokens * (16 * self.num_hidden + scores) + 2 * self.num_heads * num_prompt_tokens * tokens
        return int(ACTIVATION_FACTOR * _FLOAT_BYTES * elements)

    def feeds(self) -> tuple[Feed, ...]:
        """Return the fixed inputs of the first network."""
        return self.fixed

    def bound(self, num_layers: int) -> tuple[Bound, ...]:  # noqa: ARG002 - read off the session where it runs
        """Return none: the measuring child reads caches off the files."""
        return ()


def recipe(model: RunnableModel, headers: tuple[Header, ...], workload: Workload, format_id: str) -> RealRecipe:
    """Return what a model's files are run at.

    Args:
        model: opened.
        headers: of its networks, in their order.
        workload: sizes of one query.
        format_id: name of the format.

    Raises:
        InvalidModelError: `onnx-input-unknown`.
    """
    runner = _runner(model)
    reads = any(value.name == _IDS for value in headers[0].inputs)
    sizes = text_sizes(workload, _room(model, runner), generates=runner == "decoder")
    outputs = _written(workload, model, runner, sizes.num_output_tokens)
    hidden = _number(model, ("hidden_size", "d_model", "n_embd", "dim")) or _USUAL_HIDDEN
    heads = _number(model, ("num_attention_heads", "decoder_attention_heads", "n_head", "num_heads")) or _USUAL_HEADS
    held = _number(model, ("num_key_value_heads",)) or heads
    head_size = _number(model, ("head_dim", "d_kv")) or hidden // heads
    num_inputs = sizes.num_input_tokens if reads else 0
    pieces = max(1, math.ceil(workload.audio_s / _PIECE_S)) if runner == "seq2seq" and not reads else 1
    return RealRecipe(
        family=_FAMILIES[model.structure], runner=runner, storage_name=_STORAGES.get(format_id, "float32"),
        num_layers=_num_layers(model, headers[-1]), num_input_tokens=num_inputs,
        num_output_tokens=math.ceil(outputs / pieces),
        num_capacity_tokens={"decoder": sizes.num_capacity_tokens, "seq2seq": outputs + 1}.get(runner, 0),
        num_batch=sizes.num_batch, num_runs=float(pieces * max(1, workload.num_passes)),
        vocab_size=_vocabulary(model, headers[-1]),
        num_elements=sum(sum(item.num_by_type.values()) for item in headers),
        size_bytes=model.size_bytes(), num_hidden=hidden, num_heads=heads, num_cached=2 * held * head_size,
        fixed=_feeds(model, headers[0], num_inputs, sizes.num_batch, runner),
    )  # fmt: skip


def _written(workload: Workload, model: RunnableModel, runner: Runner, num_of_decoder: int) -> int:
    """Return the tokens of an answer; an encoder-decoder writes in a space of its own."""
    if runner != "seq2seq":
        return num_of_decoder
    most = model.num_context_tokens
    return min(workload.num_output_tokens, most - 1) if most else workload.num_output_tokens


def _runner(model: RunnableModel) -> Runner:
    if model.has("encoder"):
        return "seq2seq"
    return "decoder" if model.structure == "decoder" and model.head == "next-token" else "query"


def _room(model: RunnableModel, runner: Runner) -> int:
    """Return the longest text that the model reads, in tokens; 0 where it is not known."""
    own = model.tokenizer.max_tokens if model.tokenizer is not None and runner == "query" else None
    return min((value for value in (own, model.num_context_tokens) if value), default=0)


def _num_layers(model: RunnableModel, header: Header) -> int:
    numbers = {int(found[1]) for value in header.inputs if (found := _CACHE.match(value.name))}
    stated = _number(model, ("num_hidden_layers", "decoder_layers", "num_layers", "n_layer", "n_layers"))
    return len(numbers) or stated or 1


def _vocabulary(model: RunnableModel, header: Header) -> int:
    logits = next((value for value in header.outputs if value.name == "logits"), None)
    last = logits.shape[-1] if logits is not None and logits.shape else None
    if isinstance(last, int) and model.head in {"next-token", "masked-token"}:
        return last
    return _number(model, ("vocab_size",)) or _USUAL_VOCABULARY


def _number(model: RunnableModel, names: tuple[str, ...]) -> int | None:
    """Return the first of these settings that is a count: of the network, of its text part, of onnxruntime-genai's."""
    own = model.runtime_config.get("model")
    decoder = own.get("decoder") if isinstance(own, dict) else None
    for facts in (model.config, model.config.get("text_config"), decoder, own):
        if not isinstance(facts, dict):
            continue
        for name in names:
            value: object = facts.get(name)
            if type(value) is int and value > 0:
                return value
    return None


def _feeds(model: RunnableModel, header: Header, num_tokens: int, num_batch: int, runner: Runner) -> tuple[Feed, ...]:
    """Return the inputs of a network that answers in one run, or of one that reads sound or images first."""
    if runner == "decoder":
        return ()
    return tuple(_feed(model, value, num_tokens, num_batch) for value in header.inputs)


def _feed(model: RunnableModel, value: Value, num_tokens: int, num_batch: int) -> Feed:
    if value.data_type in {"int64", "int32"} and (value.name == _IDS or value.name in _FILLED):
        fill = _FILLED.get(value.name, "ids")
        return Feed(name=value.name, data_type=value.data_type, shape=(num_batch, num_tokens), fill=fill)  # type: ignore[arg-type]
    if value.data_type == "float32" and value.name in {"pixel_values", _SOUND} and value.shape:
        return Feed(name=value.name, data_type="float32", shape=_shape(model, value, num_batch), fill="normal")
    raise InvalidModelError(
        "onnx-input-unknown",
        f"This network wants {value.name!r} ({value.data_type}), and the app does not know what to feed it.",
        remedy="Measure the file alone: `probe FILE.onnx` makes inputs for it.",
    )


def _shape(model: RunnableModel, value: Value, num_batch: int) -> tuple[int, ...]:
    if value.name == _SOUND:
        usual: tuple[int, ...] = (num_batch, _number(model, ("num_mel_bins",)) or _SOUND_BINS, _SOUND_FRAMES)
    else:
        side = _number(model, ("image_size",)) or _USUAL_IMAGE
        usual = (num_batch, 3, side, side)
    if len(usual) != len(value.shape):
        raise InvalidModelError(
            "onnx-input-unknown",
            f"The network's input {value.name!r} has an unusual shape: {'x'.join(map(str, value.shape))}.",
            remedy="Measure the file alone: `probe FILE.onnx` makes inputs for it.",
        )
    stated = (size if isinstance(size, int) and size > 0 else usual[place] for place, size in enumerate(value.shape))
    return (num_batch, *list(stated)[1:])
