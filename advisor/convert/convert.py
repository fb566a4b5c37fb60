"""The job that converts a model: refused early, made beside its place, compared with the original, moved in whole.

Runs in a child with the Python of the conversion tools. It asks no server and runs no code of the model's own.
"""

import contextlib
import ctypes
import datetime
import errno
import gc
import hashlib
import importlib.metadata
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from advisor import __version__, units
from advisor.catalog.headers import folder as headers
from advisor.child.main import Channel, refuse_request
from advisor.convert import compare, decoder, download_plan, network, place, quantize, staging
from advisor.convert import plan as plans
from advisor.convert import watch as watches
from advisor.convert.plan import ConvertPlan, ConvertRequest, ConvertResult
from advisor.convert.watch import Watch
from advisor.errors import AdvisorError, OutputError
from advisor.hardware import cgroup
from advisor.hardware.roots import Roots
from advisor.runnable import provenance
from advisor.runnable.provenance import NumericCheck, Provenance, SourceFile

_TOOLS = ("torch", "transformers", "onnxruntime", "onnxruntime-genai", "onnx", "onnxscript", "onnx-ir", "numpy")
_OFFLINE = {
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TQDM_DISABLE": "1",
    "TOKENIZERS_PARALLELISM": "false", "TRANSFORMERS_VERBOSITY": "error",
}  # fmt: skip
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_WORDS = ("No space left on device", "os error 28", "Disk quota exceeded", "os error 122")
_LARGE_WORDS = ("File too large", "os error 27")


def convert(raw: bytes, channel: Channel) -> bytes:
    """Run the job `convert`.

    Args:
        raw: JSON of a `ConvertRequest`.
        channel: to the app.

    Returns:
        JSON of a `ConvertResult`.

    Raises:
        AdvisorError: as `plan.plan` and `plan.check`, before anything is written.
        ChildError: `conversion-running`.
        InvalidModelError: `conversion-differs`, `conversion-wrong`, `convert-unsupported`, `gguf-not-read`,
            `tokenizer-missing`, `tokenizer-differs`.
        OutputError: `disk-full`, `file-too-large`, `path-not-writable`.
    """
    try:
        request = msgspec.json.decode(raw, type=ConvertRequest)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise refuse_request(error) from error
    os.environ.update(_OFFLINE)  # before the first tool is imported
    started_s = time.monotonic()
    channel.progress("prepare", 0.0, detail="reading headers")
    target = Path(plans.plan(request).folder)
    place.sweep()
    with place.alone(target):
        place.clean(target)
        wanted = plans.plan(request)
        plans.check(wanted, replace=request.replace, memory_bytes=_memory_bytes(request))
        channel.on_cancel(lambda: place.clean(target))
        try:
            work = place.begin(target)
            job = _Conversion(request, wanted, work, started_s)
            with Watch(channel, job.steps()) as watch:
                result = job.run(watch)
            place.put(work / "model", target)
        except AdvisorError:
            raise
        except Exception as error:
            raise_if_full(error, target)
            raise
        finally:
            place.clean(target)
    return msgspec.json.encode(result)


class _Conversion:
    """One model on its way."""

    def __init__(self, request: ConvertRequest, wanted: ConvertPlan, work: Path, started_s: float) -> None:
        self._request, self._plan, self._work, self._started_s = request, wanted, work, started_s
        self._model = work / "model"
        self._model.mkdir()
        self._source = Path(request.source).expanduser().absolute()
        self._files = headers.read_path(self._source).files()
        self._twice = wanted.format_id != "onnx-fp32" and (
            wanted.route == "torch-onnx" or wanted.format_id == "onnx-int8-dynamic"
        )

    def steps(self) -> list[tuple[str, float]]:
        """Return the steps with their share of the expected time."""
        total_s = self._plan.seconds.value or 1.0
        weights = {
            "source": 0.05,
            "original": 0.35,
            "build": 0.35,
            "fewer": 0.1 * self._twice,
            "check": 0.1,
            "write": 0.05,
        }
        if self._plan.source_kind == "gguf":
            weights["source"] = 1.2  # its words are read several times, one by one
        whole = sum(weights.values())
        return [(name, share / whole * total_s) for name, share in weights.items()]

    def run(self, watch: Watch) -> ConvertResult:
        """Make the model in the work folder, its origin written last."""
        watch.begin("source", "prepare", "reading the source")
        sources = tuple(self._digest(path) for path in self._source_paths())
        staged = staging.stage(self._request, self._files, self._work)
        make = self._by_builder if self._plan.route == "builder" else self._by_torch
        check = make(staged, watch)
        watch.begin("write", "cool", "writing where it came from")
        self._beside(staged)
        written = tuple(self._digest(path, self._model) for path in sorted(self._model.rglob("*")) if path.is_file())
        predicted_bytes = int(self._plan.memory.value or 0)
        origin = Provenance(
            model_id=self._plan.model_id, revision=self._request.revision, licence=self._request.licence,
            source_kind=self._plan.source_kind, sources=sources, format_id=self._plan.format_id,
            options=self._options(), method=self._method(), versions=_versions(),
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            wall_s=time.monotonic() - self._started_s, peak_memory_bytes=watches.peak_bytes(),
            predicted_memory_bytes=predicted_bytes, check=check, files=written,
        )  # fmt: skip
        provenance.write(self._model, origin)
        notes = self._plan.notes + ((network.WITHOUT_CACHE,) if (self._model / "decoder_model.onnx").exists() else ())
        return ConvertResult(
            folder=self._plan.folder, model_id=self._plan.model_id, format_id=self._plan.format_id,
            method=self._plan.method, size_bytes=sum(file.size_bytes for file in written),
            weight_bytes=sum(file.size_bytes for file in written if ".onnx" in file.name),
            predicted_size_bytes=int(self._plan.size.value or 0), wall_s=origin.wall_s,
            predicted_s=self._plan.seconds.value or 0.0, peak_memory_bytes=origin.peak_memory_bytes,
            predicted_memory_bytes=predicted_bytes, provenance=origin, notes=notes,
        )  # fmt: skip

    def _by_builder(self, staged: Path, watch: Watch) -> NumericCheck | None:
        expected: decoder.Answers = []
        if self._request.check:
            watch.begin("original", "load", "asking the original")
            expected = decoder.answers(staged)
            _give_back()
        watch.begin("build", "measure", "building the ONNX model")
        first = self._work / "whole" if self._twice else self._model
        decoder.build(staged, first, self._plan.format_id, self._plan.method, watch.part)
        _give_back()
        if self._twice:
            watch.begin("fewer", "measure", "rounding the weights")
            for path in first.iterdir():
                if ".onnx" not in path.name:
                    path.replace(self._model / path.name)
            self._fewer_bits(first / "model.onnx", watch)
        if not self._request.check:
            return None
        watch.begin("check", "cool", "comparing the answers")
        decoder.same_tokens(expected, self._model)
        return self._accept(decoder.compare(expected, self._model, keep_packing=self._plan.format_id != "onnx-fp32"))

    def _by_torch(self, staged: Path, watch: Watch) -> NumericCheck | None:
        watch.begin("original", "load", "asking the original")
        parts = network.load(staged, self._plan.structure or "encoder")
        first = self._work / "whole" if self._twice else self._model
        first.mkdir(exist_ok=True)
        watch.begin("build", "measure", "building the ONNX model")
        for at, part in enumerate(parts):
            network.export(part, first)
            watch.part((at + 1) / len(parts))
            part.module = None
        _give_back()
        if self._twice:
            watch.begin("fewer", "measure", "rounding the weights")
            for part in parts:
                self._fewer_bits(first / part.name, watch)
            _give_back()
        if not self._request.check:
            return None
        watch.begin("check", "cool", "comparing the answers")
        return self._accept(network.compare(parts, self._model, keep_packing=self._plan.format_id != "onnx-fp32"))

    def _fewer_bits(self, path: Path, watch: Watch) -> None:
        quantize.quantize(path, self._model / path.name, self._plan.format_id, self._plan.method, watch.part)
        for used in path.parent.glob(f"{path.name}*"):
            used.unlink()  # the disk may be small

    def _accept(self, found: compare.Comparison) -> NumericCheck:
        result = found.result(compare.LIMITS[self._plan.format_id])
        compare.require(result)
        return result

    def _beside(self, staged: Path) -> None:
        """Put settings and tokenizer to the model, by their known names only."""
        for name in (staging.CONFIG, *staging.TOKENIZER_FILES, *staging.BESIDE):
            if (staged / name).is_file() and not (self._model / name).exists():
                staging.copy(staged, self._model, name)
        if self._plan.structure in ("encoder", "encoder-decoder", "decoder"):
            staging.with_fast_tokenizer(staged, self._model)

    def _source_paths(self) -> list[Path]:
        folder = self._source if self._source.is_dir() else self._source.parent
        names = [
            *(file.name for file in self._files),
            *([staging.CONFIG] if (folder / staging.CONFIG).is_file() else []),
        ]
        return [folder / name for name in names] + self._adapter_paths()

    def _adapter_paths(self) -> list[Path]:
        if self._request.adapter is None:
            return []
        folder = Path(self._request.adapter).expanduser().absolute()
        return [folder / file.name for file in headers.read_path(folder).files()]

    def _digest(self, path: Path, root: Path | None = None) -> SourceFile:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        name = path.name if root is None else path.relative_to(root).as_posix()
        return SourceFile(name=name, size_bytes=path.stat().st_size, sha256=found)

    def _options(self) -> dict[str, str]:
        found = {"stored_as": self._plan.stored_as, "check": "yes" if self._request.check else "no"}
        if self._plan.route == "builder":
            found |= decoder.options(self._plan.format_id, self._plan.method)
        else:
            found["opset"] = str(network.OPSET)
        if self._twice:
            found |= quantize.options(self._plan.format_id, self._plan.method)
        if self._request.adapter is not None:
            found["adapter"] = Path(self._request.adapter).name
        return found

    def _method(self) -> str:
        first = decoder.METHOD if self._plan.route == "builder" else network.METHOD
        if not self._twice:
            return first
        return f"{first}, {quantize.DYNAMIC if self._plan.format_id == 'onnx-int8-dynamic' else quantize.BLOCKS}"


def _memory_bytes(request: ConvertRequest) -> int:
    """Return what may be used: what is free here, and not more than a container or the user allows."""
    import psutil

    limits = (cgroup.read_limits(Roots()).memory_free_bytes, request.memory_limit_bytes)
    return min([int(psutil.virtual_memory().available), *(limit for limit in limits if limit is not None)])


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "model-fit-advisor": __version__}
    for name in _TOOLS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _give_back() -> None:
    """Hand memory that is free back to the system, so that the next step's peak does not stand on it."""
    gc.collect()
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def raise_if_full(error: Exception, target: Path) -> None:
    """Raise the right failure where a tool could not write, whatever it made of that; else return.

    Raises:
        OutputError: `disk-full` or `file-too-large`.
    """
    seen: Any = error
    words = ""
    codes = []
    while seen is not None:
        words += f" {seen}"
        codes.append(getattr(seen, "errno", None))
        seen = seen.__cause__ or seen.__context__
    if any(code in _FULL for code in codes) or any(word in words for word in _FULL_WORDS):
        free = download_plan.free_bytes(target)
        left = "" if free is None else f" {units.size(free)} are free."
        raise OutputError(
            "disk-full", f"There is no space left to convert the model to {target}.{left}",
            remedy="Free some space or choose another folder. Nothing was left behind.",
        ) from error  # fmt: skip
    if errno.EFBIG in codes or any(word in words for word in _LARGE_WORDS):
        raise OutputError(
            "file-too-large", f"A file of the model became larger than the disk of {target} allows.",
            remedy="Choose a folder on another disk: FAT32 takes files up to 4 GiB. Nothing was left behind.",
        ) from error  # fmt: skip
