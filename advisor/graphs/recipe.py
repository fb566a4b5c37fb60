"""What a probe builds and runs for one candidate at one task's sizes. Pure values: `graphs.build` imports onnx."""

from typing import Literal, Protocol

import msgspec

GraphFamily = Literal["decoder", "encoder", "seq2seq", "speech", "vision", "convolution", "detector", "diffusion"]
Runner = Literal["decoder", "query", "seq2seq"]
"""How the graphs are run: prompts and tokens over a cache (`decoder`), the same inputs again and again (`query`), an
encoder and then tokens of a decoder that looks at its output (`seq2seq`)."""
DataType = Literal["float32", "int64", "int32", "bool"]
Fill = Literal["ids", "ones", "zeros", "normal", "positions"]
"""`positions`: 0 1 2 ... along the last axis."""


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One input of a graph that does not change from run to run."""

    name: str
    data_type: DataType
    shape: tuple[int, ...]
    fill: Fill
    limit: int = 0
    """Of `ids`: drawn below it."""


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A tensor of 32-bit floats that lives from run to run: a cache or a state, one output and the next run's input."""

    input_name: str
    output_name: str
    shape: tuple[int, ...]
    shared: bool = True
    """One buffer is bound as both, as operators that append in place allow; False: two buffers."""


class Recipe(Protocol):
    """A synthetic model at one task's sizes. Implementations are frozen structs of their family's package."""

    @property
    def family(self) -> GraphFamily:
        """Which builder makes it."""

    @property
    def runner(self) -> Runner:
        """How it is run."""

    @property
    def storage_name(self) -> str:
        """`blocks4`, `blocks8`, `dynamic8` or `float32`: decides the copy that is made while loading."""

    @property
    def num_layers(self) -> int:
        """Layers of the whole model, the unit in which a part of it is built."""

    @property
    def divisible(self) -> bool:
        """Whether a model of fewer layers can be built, from two of which the whole follows in a straight line."""

    @property
    def num_input_tokens(self) -> int:
        """Tokens of the prompt or text, cut at what the model can read; 0 where there is no text."""

    @property
    def num_output_tokens(self) -> int:
        """Tokens generated for one query; 0 where there are none."""

    @property
    def num_capacity_tokens(self) -> int:
        """Length of the cache that is bound, in tokens; 0 without one."""

    @property
    def num_batch(self) -> int:
        """Inputs answered together."""

    @property
    def num_runs(self) -> float:
        """Runs of the graph (of all stages) that make one query: passes, pieces of a recording, images, steps."""

    @property
    def vocab_size(self) -> int:
        """Token ids are drawn below it; 1 where there are none."""

    def num_parameters(self) -> int:
        """Return the parameters of the whole model."""

    def weight_bytes(self, num_layers: int) -> int:
        """Return the weight bytes of that many layers and all that is outside them, in bytes."""

    def cache_bytes(self, num_layers: int) -> int:
        """Return the bytes of what is bound from run to run, in bytes."""

    def working_bytes(self, num_prompt_tokens: int) -> int:
        """Return the working memory of one run, of a prompt of that length where it has one, in bytes."""

    def feeds(self) -> tuple[Feed, ...]:
        """Return the fixed inputs of the first graph; those a runner makes itself (ids, masks) are left out."""

    def bound(self, num_layers: int) -> tuple[Bound, ...]:
        """Return caches and states of the graph that generates, at that many layers."""


def past_name(layer: int, part: str) -> str:
    """Return the name of a cache input; `part` is `key`, `value` or the name of a state."""
    return f"past_key_values.{layer}.{part}"


def present_name(layer: int, part: str) -> str:
    """Return the name of a cache output; `part` is `key`, `value` or the name of a state."""
    return f"present.{layer}.{part}"
