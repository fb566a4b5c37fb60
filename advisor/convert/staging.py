"""From a source to a folder that PyTorch's tools may see: its weights by link, its settings cleaned, nothing else.

Programs and pickles of the source are not in that folder, so no tool can run them. GGUF files and models with an
adapter are written anew there, as plain 32-bit weights.
"""

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from advisor.catalog.headers.model import WeightFile
from advisor.catalog.headers.source import LocalFolder, read_text, shown
from advisor.convert import adapter
from advisor.convert.plan import ConvertRequest
from advisor.errors import InvalidModelError

CONFIG = "config.json"
GENERATION = "generation_config.json"
TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
    "vocab.json", "merges.txt", "tokenizer.model", "sentencepiece.bpe.model", "spiece.model", "source.spm",
    "target.spm", "chat_template.jinja",
)  # fmt: skip
BESIDE = (
    GENERATION, "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json",
    "1_Pooling/config.json", "preprocessor_config.json", "processor_config.json", "normalizer.json",
    "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE",
)  # fmt: skip
"""Small files that a converted model keeps; no other name of a source is ever copied."""
_INDEX = "model.safetensors.index.json"
_WEIGHTS = "model.safetensors"
_FOREIGN = ("auto_map", "quantization_config", "custom_pipelines")
_MOST_SMALL_BYTES = 50_000_000


def stage(request: ConvertRequest, files: tuple[WeightFile, ...], work: Path) -> Path:
    """Return a folder with a model that transformers can load and nothing that could be run.

    Args:
        request: source and adapter.
        files: the weight files, as their headers were checked.
        work: an empty folder.

    Raises:
        InvalidModelError: `gguf-not-read`, or as `adapter.merge`.
    """
    source = Path(request.source).expanduser().absolute()
    staged = work / "source"
    staged.mkdir()
    if files[0].container == "gguf":
        _from_gguf(source, files[0].name, staged)
    else:
        _link(source if source.is_dir() else source.parent, files, staged)
    if request.adapter is None:
        return staged
    merged = work / "merged"
    adapter.merge(staged, Path(request.adapter).expanduser().absolute(), merged)
    for name in (*TOKENIZER_FILES, *BESIDE):
        if (staged / name).is_file() and not (merged / name).exists():
            copy(staged, merged, name)
    return merged


def copy(source: Path, target: Path, name: str) -> None:
    """Copy one small file of a model."""
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / name, target / name)


def require_whole(told: dict[str, Any], *, but: str | None = None) -> None:
    """Refuse a model some of whose weights are not in its files: PyTorch would make them up.

    Args:
        told: what `from_pretrained` says of the loading.
        but: a part that no output needs.

    Raises:
        InvalidModelError: `weights-missing`.
    """
    absent = sorted(name for name in told.get("missing_keys", ()) if but is None or but not in name)
    if absent:
        raise InvalidModelError(
            "weights-missing",
            f"{len(absent)} weights that the model needs are not in its files, {shown(absent[0])} among them.",
            remedy="Download it again; if it is a base model, its config.json must name the class without a head.",
        )


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object, empty when the file is not there or is none."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text("utf-8-sig"))
        if isinstance(found, dict):
            return found
    return {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object as transformers does."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _link(source: Path, files: tuple[WeightFile, ...], staged: Path) -> None:
    folder = LocalFolder(source)
    here = folder.sizes()
    for name in (CONFIG, *TOKENIZER_FILES, *BESIDE):
        if 0 < here.get(name, 0) <= _MOST_SMALL_BYTES:
            with folder.open(name) as opened:
                content = read_text(opened)
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            (staged / name).write_bytes(content)
    for name in (CONFIG, "tokenizer_config.json"):
        if (staged / name).is_file():
            settings = read_json(staged / name)
            write_json(staged / name, {key: value for key, value in settings.items() if key not in _FOREIGN})
    if len(files) == 1:
        _link_one(source / files[0].name, staged / _WEIGHTS)
        return
    for number, file in enumerate(files, 1):
        _link_one(source / file.name, staged / _shard(number, len(files)))
    places = {
        tensor.name: _shard(number, len(files)) for number, file in enumerate(files, 1) for tensor in file.tensors
    }
    write_json(staged / _INDEX, {"metadata": {}, "weight_map": places})


def _shard(number: int, num_shards: int) -> str:
    """Return the usual name of one file of several: names of the source say nothing to the tools."""
    return f"model-{number:05}-of-{num_shards:05}.safetensors"


def _link_one(source: Path, target: Path) -> None:
    """Make a file visible under another name; copied only where the system has no links."""
    real = source.resolve()
    for way in (os.symlink, os.link):
        with contextlib.suppress(OSError, NotImplementedError):
            way(real, target)
            return
    shutil.copyfile(real, target)


def _from_gguf(source: Path, name: str, staged: Path) -> None:
    """Write a GGUF model as safetensors with 32 bits, its tokenizer and settings beside it."""
    import torch
    import transformers

    folder = source if source.is_dir() else source.parent
    try:
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=name, dtype=torch.float32, local_files_only=True, trust_remote_code=False
        )
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
            folder, gguf_file=name, local_files_only=True, trust_remote_code=False
        )
    except (ValueError, KeyError, NotImplementedError, AttributeError, TypeError) as error:
        raise InvalidModelError(
            "gguf-not-read",
            f"{name} cannot be read by transformers: {_first_line(error)}.",
            remedy="Take the model's safetensors version.",
        ) from error
    # The weights are plain numbers now; transformers still calls them quantized and would refuse to save them.
    model.is_quantized = False
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(staged)
    tokenizer.save_pretrained(staged)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")


def with_fast_tokenizer(staged: Path, model: Path) -> None:
    """Make sure that a converted model has a tokenizer.json, made from an older kind of tokenizer where need be.

    Raises:
        InvalidModelError: `tokenizer-missing`.
    """
    if (model / "tokenizer.json").is_file():
        return
    import transformers

    reason = "it has no fast form"
    try:
        found: Any = transformers.AutoTokenizer.from_pretrained(staged, local_files_only=True, trust_remote_code=False)
        if found.is_fast:
            found.backend_tokenizer.save(str(model / "tokenizer.json"))
            return
    except (ValueError, OSError, KeyError, AttributeError, ImportError) as error:
        reason = _first_line(error)
    raise InvalidModelError(
        "tokenizer-missing",
        f"No tokenizer.json could be made from the model's tokenizer: {reason}.",
        remedy="Put tokenizer.json beside the weights; many repositories have one.",
    )
