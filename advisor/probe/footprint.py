"""What a probe of some layers will need, roughly and rather too much: decides whole model or slices of it. Pure."""

import math

from advisor import units
from advisor.catalog.model import Candidate
from advisor.errors import InvalidModelError
from advisor.graphs import recipes
from advisor.graphs.recipe import Recipe
from advisor.graphs.text import DecoderRecipe
from advisor.task.model import Workload
from advisor.units import MIB

CHILD_BYTES = 64 * MIB
"""[B] Interpreter, numpy and runtime before any model; 45 MiB measured on Linux with ONNX Runtime 1.32."""
_LOADED_FACTORS = {"blocks4": 2.0, "blocks8": 1.8, "dynamic8": 1.8, "float32": 1.4}
"""[1] Peak while loading over weight bytes: the file is mapped and a packed copy is made beside it. Measured with ONNX
Runtime 1.32: 1.94, 1.71, 1.6 and 1.3; rounded up."""
_DECODER_COPIES = {"blocks4": 0.45, "blocks8": 0.25, "float32": 0.05}
"""[1] Of a decoder, whose weights lie beside its graph: copies kept of its matrices over their bytes. Source:
docs/METHODS.md, weights; rounded up."""
_LEAST_PROMPT_TOKENS = 64
"""[tokens] Where memory is tight a shorter prompt is measured and brought to length."""
_WRITE_BYTES_PER_S = 250e6
"""[B/s] Slow disk or slow loading; several times as fast here."""
_READ_BYTES_PER_S = 5e9
"""[B/s] Slow memory, for tokens."""
_LEAST_TOKENS = 24
_TIME_SHARE = 0.5
"""[1] Share of the time box that building, loading and the fewest tokens may take."""
_MEMORY_SHARE = 0.95
_SLICE_SHARE = 0.4
"""[1] Smaller depth over the larger."""
_LEAST_SLICE = 2
"""[layers] Results of one layer live while the next one runs: of a single layer the memory is smaller than the line
through more of them says. Measured on PixArt: 5.4, 6.8, 6.9 and 7.1 GB at 1, 2, 3 and 5 layers."""


def recipe(candidate: Candidate, workload: Workload) -> Recipe:
    """Return what a probe of this candidate builds and runs.

    Args:
        candidate: model and format.
        workload: its sizes; texts are cut at what the model can read.

    Raises:
        InvalidModelError: `invalid_model`; there is no synthetic graph for it.
    """
    found, why = recipes.recipe(candidate, workload)
    if found is None:
        raise InvalidModelError("invalid_model", why, remedy="Choose another model or format.")
    return found


def peak_bytes(recipe: Recipe, num_layers: int, num_prompt_tokens: int | None = None) -> int:
    """Return the resident set to reckon with at that many layers, in bytes.

    Args:
        recipe: what is measured.
        num_layers: layers that are built.
        num_prompt_tokens: of the prompt that is measured; the whole one by default.
    """
    prompt = recipe.num_input_tokens if num_prompt_tokens is None else num_prompt_tokens
    running = recipe.cache_bytes(num_layers) + recipe.working_bytes(prompt)
    if isinstance(recipe, DecoderRecipe):
        kept, moment = _loaded_decoder_bytes(recipe, num_layers)
        return int(CHILD_BYTES + kept + max(moment, running))
    weights = recipe.weight_bytes(num_layers)
    table: int = getattr(recipe, "table_bytes", 0)  # of words: read once more while the file is still held
    return int(CHILD_BYTES + max(_LOADED_FACTORS[recipe.storage_name] * weights, weights + table) + running)


def _loaded_decoder_bytes(recipe: DecoderRecipe, num_layers: int) -> tuple[float, int]:
    """Return what weights and copies of a decoder take once loaded, and what more for a moment while loading."""
    weights, table = recipe.weight_bytes(num_layers), recipe.table_bytes
    copies = _DECODER_COPIES[recipe.storage_name] * (weights - table) + (table if recipe.has_tied_head else 0)
    return weights + copies, table


def prompt_limit(recipe: Recipe, num_layers: int, memory_box_bytes: int) -> int:
    """Return the longest prompt, at most the task's, that fits the box at that many layers, in tokens."""
    tokens = recipe.num_input_tokens
    while tokens > _LEAST_PROMPT_TOKENS and peak_bytes(recipe, num_layers, tokens) > _MEMORY_SHARE * memory_box_bytes:
        tokens = max(_LEAST_PROMPT_TOKENS, tokens // 2)
    return tokens


def least_time_s(recipe: Recipe, num_layers: int) -> float:
    """Return the time to reckon with before anything is known of the machine's speed, in seconds."""
    size = recipe.weight_bytes(num_layers)
    return 2 * size / _WRITE_BYTES_PER_S + _LEAST_TOKENS * size / _READ_BYTES_PER_S


def depths(recipe: Recipe, *, memory_box_bytes: int, time_box_s: float, cache_bytes: int | None) -> tuple[int, ...]:
    """Return the layer counts to measure: all of them, or two from which the rest follows, and a third to test them.

    Args:
        recipe: what is measured.
        memory_box_bytes: [B] What a child may take.
        time_box_s: [s] Aim for the whole probe.
        cache_bytes: [B] Last-level cache of the processor.

    Raises:
        InvalidModelError: `larger-than-memory`; not even two layers fit.
    """
    whole = recipe.num_layers

    room = _MEMORY_SHARE * memory_box_bytes
    least_prompt = min(recipe.num_input_tokens, _LEAST_PROMPT_TOKENS) if recipe.num_output_tokens else None

    def fits_time(layers: int) -> bool:
        return least_time_s(recipe, layers) <= _TIME_SHARE * time_box_s

    if peak_bytes(recipe, whole) <= room and (fits_time(whole) or not recipe.divisible):
        return (whole,)
    if not recipe.divisible or whole < 2:
        raise _too_large(recipe, "This model", whole, memory_box_bytes)
    fitting = [layers for layers in range(2, whole) if peak_bytes(recipe, layers, least_prompt) <= room]
    large = max((layers for layers in fitting if fits_time(layers)), default=0)
    if not large:  # a slow probe is better than none
        if peak_bytes(recipe, 2, least_prompt) > memory_box_bytes:
            raise _too_large(recipe, "Even two layers of this model", 2, memory_box_bytes)
        large = 2
    small = min(max(_LEAST_SLICE, round(_SLICE_SHARE * large), _beyond_cache(recipe, cache_bytes)), large - 1)
    found = _of_the_whole_mix(recipe, small, large)
    middle = _between(recipe, *found)
    spent_s = sum(least_time_s(recipe, layers) for layers in (*found, middle))
    return (found[0], middle, found[1]) if middle not in found and spent_s <= _TIME_SHARE * time_box_s else found


def _of_the_whole_mix(recipe: Recipe, small: int, large: int) -> tuple[int, int]:
    """Return the depths at or below the wanted ones whose layers are mixed as the whole model's, where there are two.

    Where layers differ, as attention and recurrent ones do, a line through depths of another mix leads elsewhere: 25 %
    too long was measured for LFM2 off its period.
    """
    first, period = _period(recipe)
    matching = [layers for layers in range(first, large + 1, period) if layers > 0]
    if len(matching) < 2:
        return small, large
    near = max((layers for layers in matching[:-1] if layers <= small), default=matching[0])
    return near, matching[-1]


def _between(recipe: Recipe, small: int, large: int) -> int:
    """Return a depth about half way, of the same mix; the smaller one where there is none."""
    first, period = _period(recipe)
    half = (small + large) // 2
    return max((layers for layers in range(first, half + 1, period) if layers > small), default=small)


def _period(recipe: Recipe) -> tuple[int, int]:
    found: tuple[int, int] = getattr(recipe, "depth_period", (0, 1))
    return found


def _too_large(recipe: Recipe, what: str, num_layers: int, memory_box_bytes: int) -> InvalidModelError:
    needed, verb = peak_bytes(recipe, num_layers), "needs" if num_layers == recipe.num_layers else "need"
    return InvalidModelError(
        "invalid_model",
        f"{what} {verb} about {units.size(needed)}, more than the {units.size(memory_box_bytes)} the probe may use.",
        remedy="Choose a smaller model, a smaller format or a shorter context, or free some memory.",
        needed_bytes=needed,
    )


def _beyond_cache(recipe: Recipe, cache_bytes: int | None) -> int:
    """Return the layers whose weights no longer fit the last-level cache."""
    layer = recipe.weight_bytes(2) - recipe.weight_bytes(1)
    return math.ceil((cache_bytes or 0) / layer) + 1 if layer > 0 else 1
