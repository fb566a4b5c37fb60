"""Encoders, classifiers, encoder-decoders, speech and vision networks by torch.onnx, with free batch and length.

Files, inputs and outputs have the names that Hugging Face's optimum gives them.
"""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from advisor.convert import samples, staging
from advisor.convert.compare import Comparison, Meaning
from advisor.errors import InvalidModelError

METHOD = "torch.onnx (dynamo)"
OPSET = 20
"""Has layer norms and GELU as operators of their own."""
WITHOUT_CACHE = (
    "The decoder's file has no cache of earlier tokens: each new token is computed from the beginning, which takes "
    "longer the longer the text gets."
)
_WHISPER_FRAMES = 2
_SECONDS = 1
_SAMPLES_PER_S = 16_000
OnPart = Callable[[float], None]
Tensor = Any
"""A tensor, module, model or tokenizer of PyTorch's world: this app is installed without it."""


class Part:
    """One file to write: a network, inputs to export it with, and what it answers to them."""

    def __init__(
        self, name: str, module: Tensor, inputs: dict[str, Tensor], axes: dict[str, dict[int, str]], output: str,
        meaning: Meaning,
    ) -> None:  # fmt: skip
        """Take them.

        Args:
            name: of the file: `model.onnx`, `encoder_model.onnx`, `decoder_model.onnx`.
            module: takes the inputs in their order, returns one tensor.
            inputs: name -> tensor, batch first.
            axes: input -> axis -> name of its free size.
            output: name of the output.
            meaning: of the output.
        """
        self.name, self.module, self.inputs, self.axes = name, module, inputs, axes
        self.output, self.meaning = output, meaning
        self.cases: list[tuple[dict[str, Any], Any]] = []
        """Inputs of other sizes, and PyTorch's answers."""

    def case(self, inputs: dict[str, Any]) -> Tensor:
        """Keep PyTorch's answer to inputs for the comparison, and return it."""
        import torch

        with torch.inference_mode():
            answer = self.module(*inputs.values())
        self.cases.append(({name: value.numpy() for name, value in inputs.items()}, answer.numpy()))
        return answer


def load(staged: Path, structure: str) -> list[Part]:
    """Return the parts of a model with PyTorch's answers to the sample inputs.

    Args:
        staged: folder with the model as transformers reads it.
        structure: `encoder`, `encoder-decoder`, `speech` or `vision`.

    Raises:
        InvalidModelError: `convert-unsupported`.
    """
    config = staging.read_json(staged / staging.CONFIG)
    model = _model(staged, config)
    if config.get("is_encoder_decoder"):
        return _two_parts(staged, model, config)
    if structure == "vision":
        return [_image_part(model, config, staged)]
    if structure == "speech":
        return [_sound_part(model)]
    return [_text_part(staged, model)]


def export(part: Part, target: Path) -> None:
    """Write one part as ONNX.

    Raises:
        InvalidModelError: `convert-unsupported`; the exporter cannot follow the network.
    """
    import torch

    free = {name: torch.export.Dim(name) for axes in part.axes.values() for name in axes.values()}
    shapes = tuple({axis: free[name] for axis, name in part.axes[key].items()} for key in part.inputs)
    try:
        torch.onnx.export(
            part.module, tuple(part.inputs.values()), str(target / part.name), dynamo=True,
            dynamic_shapes={"inputs": shapes}, input_names=list(part.inputs), output_names=[part.output],
            opset_version=OPSET, external_data=True, verbose=False,
        )  # fmt: skip
    except torch.onnx.errors.OnnxExporterError as error:
        raise InvalidModelError(
            "convert-unsupported",
            f"The exporter cannot follow this network: {_reason(error)}.",
            remedy="Take a ready-made ONNX version of it, for example from onnx-community on the hub.",
        ) from error


def compare(parts: Sequence[Part], folder: Path, *, keep_packing: bool) -> Comparison:
    """Run the converted files on the kept cases; sizes differ from those they were exported with.

    Args:
        parts: with their cases.
        folder: with the files.
        keep_packing: let ONNX Runtime rearrange weights, as it does when the model is used; costs memory.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    settings = onnxruntime.SessionOptions()
    if not keep_packing:
        settings.add_session_config_entry("session.disable_prepacking", "1")
    found = Comparison(parts[-1].meaning)
    for part in parts:
        session = onnxruntime.InferenceSession(
            str(folder / part.name), settings, providers=["CPUExecutionProvider"]
        )  # fmt: skip
        wanted = {value.name for value in session.get_inputs()}
        for inputs, answer in part.cases:
            got = session.run(None, {name: value for name, value in inputs.items() if name in wanted})[0]
            (found if part.meaning == found.meaning else Comparison(part.meaning)).add(answer, got)
    return found


def _model(staged: Path, config: dict[str, Any]) -> Tensor:
    """Load the class that config.json names, if it is one of transformers' own."""
    import torch
    import transformers

    names = config.get("architectures")
    name = str(names[0]) if isinstance(names, list) and names else ""
    kind: Any = getattr(transformers, name, None) if name.isidentifier() else None
    if not (inspect.isclass(kind) and issubclass(kind, transformers.PreTrainedModel)):
        raise InvalidModelError(
            "convert-unsupported",
            f"config.json names the class {name[:80]!r}, which transformers does not have.",
            remedy="Take a ready-made ONNX version of it, for example from onnx-community on the hub.",
        )
    known: Any = kind
    # Attention in single steps: the exporter cannot follow the fused one of every family (T5).
    model, told = known.from_pretrained(
        staged, dtype=torch.float32, local_files_only=True, use_safetensors=True, trust_remote_code=False,
        attn_implementation="eager", output_loading_info=True,
    )  # fmt: skip
    staging.require_whole(told, but="pooler." if name.endswith("Model") else None)
    return model.eval()


def _wrapped(call: Callable[..., Any], *owners: Tensor) -> Tensor:
    """Return a module that takes tensors in order and returns one: what the exporter follows."""
    import torch

    class Network(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.owners = torch.nn.ModuleList(owners)

        def forward(self, *inputs: Tensor) -> Tensor:
            return call(*inputs)

    return Network().eval()


def _text_part(staged: Path, model: Tensor) -> Part:
    import torch

    tokenizer = _tokenizer(staged)
    known = inspect.signature(model.forward).parameters
    first = {name: value for name, value in _batch(tokenizer, samples.TEXTS[:2]).items() if name in known}
    names = list(first)
    with torch.inference_mode():
        answer = model(**first)
    output = "logits" if "logits" in answer else "last_hidden_state"
    module = _wrapped(lambda *inputs: getattr(model(**dict(zip(names, inputs, strict=True))), output), model)
    axes = {name: {0: "batch", 1: "sequence"} for name in names}
    part = Part("model.onnx", module, first, axes, output, "scores" if output == "logits" else "vector")
    for text in samples.TEXTS:
        part.case({name: value for name, value in _batch(tokenizer, (text,)).items() if name in names})
    part.case({name: value for name, value in _batch(tokenizer, samples.TEXTS[:3]).items() if name in names})
    return part


def _image_part(model: Tensor, config: dict[str, Any], staged: Path) -> Part:
    import torch

    height, width = _image_size(config, staging.read_json(staged / "preprocessor_config.json"))
    drawn = torch.from_numpy(samples.images(5, int(config.get("num_channels") or 3), height, width))
    with torch.inference_mode():
        answer = model(pixel_values=drawn[:2])
    output = "logits" if "logits" in answer else "last_hidden_state"
    module = _wrapped(lambda pixels: getattr(model(pixel_values=pixels), output), model)
    part = Part("model.onnx", module, {"pixel_values": drawn[:2]}, {"pixel_values": {0: "batch"}}, output,
                "scores" if output == "logits" else "vector")  # fmt: skip
    for picked in (drawn[:1], drawn[1:4], drawn[4:]):
        part.case({"pixel_values": picked})
    return part


def _image_size(config: dict[str, Any], facts: dict[str, Any]) -> tuple[int, int]:
    size = facts.get("crop_size") or facts.get("size") or config.get("image_size") or 224
    if isinstance(size, dict):
        height = size.get("height") or size.get("shortest_edge") or 224
        return int(height), int(size.get("width") or height)
    if isinstance(size, list) and len(size) == 2:
        return int(size[0]), int(size[1])
    return (int(size), int(size)) if isinstance(size, int) else (224, 224)


def _sound_part(model: Tensor) -> Part:
    import numpy as np
    import torch

    def sounds(num_samples: int, *indexes: int) -> Tensor:
        return torch.from_numpy(np.stack([samples.sound(num_samples, index) for index in indexes]))

    first = sounds(_SECONDS * _SAMPLES_PER_S, 0, 1)
    with torch.inference_mode():
        answer = model(input_values=first)
    output = "logits" if "logits" in answer else "last_hidden_state"
    module = _wrapped(lambda values: getattr(model(input_values=values), output), model)
    part = Part("model.onnx", module, {"input_values": first}, {"input_values": {0: "batch", 1: "num_samples"}},
                output, "scores" if output == "logits" else "vector")  # fmt: skip
    part.case({"input_values": sounds(12_345, 2)})
    part.case({"input_values": sounds(20_000, 0, 1, 2)})
    return part


def _two_parts(staged: Path, model: Tensor, config: dict[str, Any]) -> list[Part]:
    """Return encoder and decoder. The decoder's answers are what counts; the encoder's go into them."""
    import torch

    hears = config.get("model_type") == "whisper"
    sources = _sound_inputs(staged, config) if hears else _text_inputs(staged)
    start = config.get("decoder_start_token_id") or 0
    encoder_names, encoder = list(sources[0]), model.get_encoder()

    def encode(*inputs: Tensor) -> Tensor:
        return encoder(**dict(zip(encoder_names, inputs, strict=True))).last_hidden_state

    def decode(*inputs: Tensor) -> Tensor:
        from transformers.modeling_outputs import BaseModelOutput

        mask = {} if hears else {"attention_mask": inputs[1]}
        return model(
            decoder_input_ids=inputs[0], encoder_outputs=BaseModelOutput(last_hidden_state=inputs[-1]),
            use_cache=False, **mask,
        ).logits  # fmt: skip

    axes = {name: {0: "batch"} | ({} if hears else {1: "encoder_sequence"}) for name in encoder_names}
    first = Part("encoder_model.onnx", _wrapped(encode, encoder), sources[0], axes, "last_hidden_state", "vector")
    states = [first.case(inputs) for inputs in sources]

    def decoder_inputs(at: int, length: int) -> dict[str, Any]:
        num = states[at].shape[0]
        ids = (torch.arange(num * length).reshape(num, length) * 7 + 11) % int(config["vocab_size"])
        ids[:, 0] = start
        mask = {} if hears else {"encoder_attention_mask": sources[at]["attention_mask"]}
        return {"input_ids": ids, **mask, "encoder_hidden_states": states[at]}

    free = {0: "batch", 1: "encoder_sequence"}
    axes = {"input_ids": {0: "batch", 1: "decoder_sequence"}, "encoder_attention_mask": free,
            "encoder_hidden_states": {0: "batch"} if hears else free}  # fmt: skip
    second = Part("decoder_model.onnx", _wrapped(decode, model), decoder_inputs(0, 5), axes, "logits", "scores")
    for at in range(len(sources)):
        second.case(decoder_inputs(at, 3 + 4 * at))
    return [first, second]


def _text_inputs(staged: Path) -> list[dict[str, Any]]:
    tokenizer = _tokenizer(staged)
    batches = (samples.TEXTS[:2], samples.TEXTS[3:4], samples.TEXTS[4:7])
    wanted = ("input_ids", "attention_mask")
    return [{name: _batch(tokenizer, texts)[name] for name in wanted} for texts in batches]


def _sound_inputs(staged: Path, config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return log-mel spectra by the model's own settings, or drawn ones where it brings none."""
    import torch
    import transformers

    bins, frames = int(config["num_mel_bins"]), _WHISPER_FRAMES * int(config["max_source_positions"])
    if (staged / "preprocessor_config.json").is_file():
        ear: Any = transformers.WhisperFeatureExtractor.from_pretrained(staged, local_files_only=True)
        heard = ear([samples.sound(32_000, at) for at in range(3)], sampling_rate=_SAMPLES_PER_S, return_tensors="pt")
        spectra = [heard.input_features[:2], heard.input_features[2:]]
    else:
        drawn = torch.from_numpy(samples.images(3, 1, bins, frames))[:, 0]
        spectra = [drawn[:2], drawn[2:]]
    return [{"input_features": spectrum} for spectrum in spectra]


def _tokenizer(staged: Path) -> Tensor:
    import transformers

    return transformers.AutoTokenizer.from_pretrained(staged, local_files_only=True, trust_remote_code=False)


def _batch(tokenizer: Tensor, texts: Sequence[str]) -> dict[str, Any]:
    return dict(tokenizer(
        list(texts), padding=True, truncation=True, max_length=samples.MOST_TOKENS, return_tensors="pt"
    ))  # fmt: skip


def _reason(error: Exception) -> str:
    cause = error.__cause__ or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return lines[0][:300].rstrip(".")
