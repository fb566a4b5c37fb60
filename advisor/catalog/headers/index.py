"""Checkpoints in several files: the index of safetensors shards, and GGUF files that were split.

Each shard must be there, say what the index says of it, and hold no tensor that another one holds.
"""

import re
from collections.abc import Collection, Iterable
from posixpath import basename, dirname, join

import msgspec

from advisor.catalog.headers import gguf_file, safetensors
from advisor.catalog.headers.model import WeightFile
from advisor.catalog.headers.source import FileSet, check_name, read_text, shown
from advisor.errors import InvalidModelError

MOST_SHARDS = 2000
"""[1] The largest published checkpoints have 163 to 400."""
_GGUF_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf\Z", re.IGNORECASE | re.DOTALL)
"""Source: llama.cpp, `llama_split_path`."""
_SAFETENSORS_PART = re.compile(
    r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.safetensors\Z", re.IGNORECASE | re.DOTALL
)


class _Metadata(msgspec.Struct):
    total_size: float | None = None


class _Index(msgspec.Struct):
    weight_map: dict[str, str]
    metadata: _Metadata | None = None


_decode = msgspec.json.Decoder(_Index).decode


def read_index(files: FileSet, name: str) -> tuple[WeightFile, ...]:
    """Return the shards that a `*.safetensors.index.json` names.

    Raises:
        InvalidModelError: `index-damaged`, `path-refused`, `shard-missing`, `tensor-in-two-shards`,
            `tensor-not-in-shard`, or as `safetensors.read`.
        InvalidFileError: as `FileSet.open`.
    """
    with files.open(name) as source:
        raw = read_text(source)
    try:
        found = _decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _wrong("index-damaged", name, f"it has no readable weight_map: {error}.", "weight_map") from error
    folder = dirname(name)
    shards = sorted(set(found.weight_map.values()))
    if not shards or len(shards) > MOST_SHARDS:
        raise _wrong("index-damaged", name, f"it names {len(shards):,} files.", "weight_map")
    for shard in shards:
        check_name(shard, name)
    _check_present([join(folder, shard) for shard in shards], files.sizes(), name)
    read = read_shards(files, [join(folder, shard) for shard in shards], name)
    _check_map(found.weight_map, read, name)
    return read


def read_shards(files: FileSet, names: Iterable[str], owner: str) -> tuple[WeightFile, ...]:
    """Return safetensors shards of one model, after a check that no tensor is in two of them.

    Raises:
        InvalidModelError: `tensor-in-two-shards`, or as `safetensors.read`.
        InvalidFileError: as `FileSet.open`.
    """
    read: list[WeightFile] = []
    for name in names:
        with files.open(name) as source:
            read.append(safetensors.read(source))
    check_distinct(read, owner)
    return tuple(read)


def loose_shards(names: Iterable[str], present: Collection[str] | None = None) -> tuple[str, ...]:
    """Return the parts of a sharded checkpoint that lies in a folder without its index; empty when there is none.

    Args:
        names: files, of which the first that is a part says how many there are.
        present: files that are there, `names` by default.

    Raises:
        InvalidModelError: `shard-missing`.
    """
    names = list(names)
    parts = [name for name in names if _SAFETENSORS_PART.match(name)]
    return _all_parts(parts, names if present is None else present)


def part_names(name: str) -> tuple[str, ...]:
    """Return the names of all parts of the checkpoint that a file is a part of, or its own name alone."""
    found = _SAFETENSORS_PART.match(name) or _GGUF_PART.match(name)
    if found is None:
        return (name,)
    stem, count, ending = found["stem"], int(found["count"]), name.rpartition(".")[2]
    if not 0 < count <= MOST_SHARDS:
        raise _wrong("index-damaged", name, f"its name says that it has {count:,} parts.", "name")
    return tuple(f"{stem}-{number:05d}-of-{count:05d}.{ending}" for number in range(1, count + 1))


def is_part(name: str) -> bool:
    """Tell whether a GGUF file is one of several."""
    return _GGUF_PART.match(name) is not None


def read_gguf(files: FileSet, name: str) -> tuple[WeightFile, ...]:
    """Return a GGUF file, with all its parts where it was split.

    Raises:
        InvalidModelError: `shard-missing`, `shard-mismatch`, `tensor-in-two-shards`, or as `gguf_file.read`.
        InvalidFileError: as `FileSet.open`.
    """
    folder = dirname(name)
    beside = {other for other in files.sizes() if dirname(other) == folder} | {name}
    names = _all_parts([name], beside)
    read: list[WeightFile] = []
    for part in names:
        with files.open(part) as source:
            read.append(gguf_file.read(source))
    if len(read) > 1 or "split.count" in read[0].metadata:
        _check_split(read)
    check_distinct(read, name)
    return tuple(read)


def check_distinct(read: Iterable[WeightFile], owner: str) -> None:
    """Refuse a tensor that two files hold.

    Raises:
        InvalidModelError: `tensor-in-two-shards`.
    """
    where: dict[str, str] = {}
    for file in read:
        for tensor in file.tensors:
            first = where.setdefault(tensor.name, file.name)
            if first != file.name:
                raise _wrong(
                    "tensor-in-two-shards", owner,
                    f"the tensor {shown(tensor.name)} is in {shown(first)} and in {shown(file.name)}.", tensor.name,
                )  # fmt: skip


def _all_parts(names: list[str], present: Collection[str]) -> tuple[str, ...]:
    """Return all parts of the checkpoint that the first name belongs to, after a check that all are there."""
    if not names:
        return ()
    wanted = part_names(names[0])
    _check_present(wanted, present, names[0])
    return wanted


def _check_present(wanted: Collection[str], present: Collection[str], owner: str) -> None:
    absent = [name for name in wanted if name not in present]
    if absent:
        more = f"{len(absent):,} of {len(wanted):,} files are" if len(absent) > 1 else "a file is"
        raise InvalidModelError(
            "shard-missing",
            f"{owner}: {more} not there: {shown(basename(absent[0]))}{', ...' if len(absent) > 1 else ''}.",
            remedy="Put the missing files beside the others; they are part of the download.",
            file=owner,
            missing=tuple(absent[:MOST_SHARDS]),
        )


def _check_map(weight_map: dict[str, str], read: tuple[WeightFile, ...], name: str) -> None:
    where = {tensor.name: basename(file.name) for file in read for tensor in file.tensors}
    for tensor, shard in weight_map.items():
        if where.get(tensor) != basename(shard):
            raise _wrong(
                "tensor-not-in-shard",
                name,
                f"the tensor {shown(tensor)} should be in {shown(shard)} and is not.",
                tensor,
            )


def _check_split(read: list[WeightFile]) -> None:
    """Hold the notes of a split GGUF against its parts. Source: llama.cpp, `llama_model_loader`."""
    for place, file in enumerate(read):
        notes = file.metadata
        if notes.get("split.no", place) != place or notes.get("split.count", len(read)) != len(read):
            raise _wrong(
                "shard-mismatch", file.name,
                f"it says that it is part {notes.get('split.no')} of {notes.get('split.count')}, counted from 0; "
                f"it lies there as part {place} of {len(read)}.", "split.no",
            )  # fmt: skip
    total, stated = sum(len(file.tensors) for file in read), read[0].metadata.get("split.tensors.count")
    if stated is not None and stated != total:
        raise _wrong(
            "shard-mismatch", read[0].name, f"its parts should hold {stated} tensors, they hold {total}.",
            "split.tensors.count",
        )  # fmt: skip


def _wrong(code: str, file: str, what: str, field: str) -> InvalidModelError:
    return InvalidModelError(
        code, f"{file}: {what}", remedy="Download it again, all files together.", file=file, field=field
    )
