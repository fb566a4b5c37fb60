"""Every number says its unit, every value is frozen, every module can be held in the head."""

import collections.abc
import importlib
import inspect
import pkgutil
import subprocess
import sys
import typing
from pathlib import Path

import msgspec

import advisor

ROOT = Path(__file__).parents[2]
UNIT_ENDINGS = (
    "_bytes", "_s", "_w", "_j", "_wh", "_hz", "_c", "_g", "_share", "_px", "_tokens", "_bytes_per_s", "_flops_per_s",
    "_g_per_kwh", "_mt_per_s",
    "_nats",
)  # fmt: skip
# Dimensionless sizes of a model's layers, in the field's own words, and counters of a format or protocol.
PLAIN_NUMBERS = (
    "_size", "_dim", "_rank", "_layers", "_bits", "_window", "_length", "_factor", "_period", "_kernel", "_width",
    "_positions", "_version", "_sizes", "_depths", "_flops", "_operators", "_ratio", "_k", "_scale",
    "_counts", "_per_kwh", "_doubt", "_id", "_ids", "_index", "_error", "_cosine", "_axis",
)  # fmt: skip
PLAIN_WORDS = {
    "value", "low", "high", "vocab_size", "max_position_embeddings", "sliding_window", "window", "expand", "d_model",
    "year", "protocol", "start", "end", "index", "rank", "exit_code", "depth", "version",
    "depths", "depths_measured", "ratio", "k", "dimensions", "shape", "shapes", "limit",
    "pid", "id", "epoch", "order", "components", "layer_pattern", "iqr", "stars", "quality", "measured",
    "items", "metadata", "seed", "scale", "cosine", "ids", "bits", "offsets",
}  # fmt: skip


# Working values that never leave their package: rows of shapes and of arithmetic, whose units their docstrings give.
INNER = (
    "advisor.catalog.inventory.", "advisor.estimate.inputs", "advisor.estimate.profile_cost",
    "advisor.estimate.quantities", "advisor.estimate.shape", "advisor.graphs.",
)  # fmt: skip


def _structs():
    for info in pkgutil.walk_packages(advisor.__path__, "advisor."):
        if info.name.startswith("advisor.ui") or info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for thing in vars(module).values():
            mine = isinstance(thing, type) and issubclass(thing, msgspec.Struct) and thing.__module__ == info.name
            if mine and not thing.__name__.startswith("_"):
                yield thing


def _is_number(kind):
    if kind in (int, float):
        return True
    if typing.get_origin(kind) is collections.abc.Callable:
        return False  # a way to get one, not a number
    return any(_is_number(part) for part in typing.get_args(kind) if part in (int, float) or typing.get_args(part))


def test_every_value_is_frozen_and_keyword_only():
    def positional(struct):
        return any(p.kind is not p.KEYWORD_ONLY for p in inspect.signature(struct).parameters.values())

    loose = [s.__qualname__ for s in _structs() if not s.__struct_config__.frozen or positional(s)]
    assert loose == []


def test_every_number_says_its_unit():
    bare = []
    for struct in (s for s in _structs() if not s.__module__.startswith(INNER)):
        for field in msgspec.structs.fields(struct):
            name = field.name
            if not _is_number(field.type) or name.startswith(("num_", "max_num_", "min_num_")) or name in PLAIN_WORDS:
                continue
            if not name.endswith(UNIT_ENDINGS + PLAIN_NUMBERS):
                bare.append(f"{struct.__module__}.{struct.__qualname__}.{name}")
    assert bare == []


def test_modules_stay_small():
    # Longest allowed, in lines: a module that outgrows it is split, not listed here.
    too_long = []
    for file in (ROOT / "advisor").rglob("*.py"):
        limit = 450 if "ui" in file.relative_to(ROOT).parts else 400
        limit = {"main_window.py": 250}.get(file.name, limit)
        if "controllers" in file.parts:
            limit = 250
        lines = len(file.read_text("utf-8").splitlines())
        if lines > limit:
            too_long.append(f"{file.relative_to(ROOT)}: {lines} lines, at most {limit}")
    assert too_long == []


def test_signals_do_not_eat_references_to_true():
    code = (
        "from PySide6.QtCore import QObject, Signal\n"
        "class A(QObject):\n    s = Signal(object)\n"
        "a = A(); a.s.connect(lambda _: None)\n"
        "for _ in range(2000): a.s.emit(1)\n"
        "print('sound')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "sound\n", done.stderr
