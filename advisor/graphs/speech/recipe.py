"""Recipes of speech encoders that write letters: wav2vec 2.0 and HuBERT. Pure."""

import math

from typing_extensions import override

from advisor.catalog.model import Candidate
from advisor.graphs import storage as graph_storage
from advisor.graphs import support
from advisor.graphs.drawn import DrawnRecipe, agrees
from advisor.graphs.recipe import GraphFamily, Recipe
from advisor.graphs.speech import shape as shapes
from advisor.graphs.speech import wave
from advisor.graphs.speech.shape import WaveShape
from advisor.graphs.vision.drawing import Drawing
from advisor.task.model import Workload

PIECE_S = 30.0
"""[s] Longer recordings are cut into pieces, as the estimate does: `estimate.work.PIECE_S`."""


class SpeechRecipe(DrawnRecipe, frozen=True, kw_only=True):
    """A speech encoder; one run reads one piece of each recording of a batch."""

    shape: WaveShape
    num_samples: int
    """Length of a piece."""

    @property
    @override
    def family(self) -> GraphFamily:
        return "speech"

    @property
    @override
    def num_layers(self) -> int:
        return self.shape.num_layers

    @property
    @override
    def divisible(self) -> bool:
        return True

    @override
    def sheet(self, num_layers: int) -> Drawing:
        return wave.drawing(self.shape, num_layers, self.num_batch, self.num_samples)


def recipe(candidate: Candidate, workload: Workload) -> tuple[Recipe | None, str]:
    """Return the recipe of a candidate of this kind, or null and why not; null and nothing for other kinds."""
    model, architecture = candidate.model, candidate.model.architecture
    if architecture is None or not shapes.knows(architecture):
        return None, ""
    found = shapes.shape(model)
    if found is None:
        return None, "The shape of this model is not fully known, so no test model is made."
    num_pieces, num_samples = pieces(workload.audio_s)
    made = SpeechRecipe(
        shape=found, storage=graph_storage.BY_FORMAT[candidate.format.id], num_batch=max(1, workload.num_batch),
        num_runs=float(num_pieces * workload.num_passes), num_samples=num_samples,
    )  # fmt: skip
    return (made, "") if agrees(made.num_parameters(), model.num_parameters()) else (None, support.DISAGREES)


def pieces(audio_s: float) -> tuple[int, int]:
    """Return into how many equal pieces a recording is cut, and their length in samples.

    Args:
        audio_s: [s] Length of the recording; 0: not said, one whole piece.
    """
    length_s = audio_s or PIECE_S
    count = max(1, math.ceil(length_s / PIECE_S))
    return count, max(wave.least_samples(), round(length_s / count * wave.RATE_HZ))
