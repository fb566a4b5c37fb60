"""Recipes of speech encoders that score every frame at once: wav2vec 2.0, HuBERT, Parakeet CTC. Pure."""

import math

from typing_extensions import override

from advisor.catalog.model import Candidate
from advisor.graphs import storage as graph_storage
from advisor.graphs import support
from advisor.graphs.drawn import DrawnRecipe, agrees
from advisor.graphs.recipe import GraphFamily, Recipe
from advisor.graphs.speech import conformer, wave
from advisor.graphs.speech import shape as shapes
from advisor.graphs.speech.shape import Shape, WaveShape
from advisor.graphs.storage import FLOAT_BYTES
from advisor.graphs.vision.drawing import Drawing
from advisor.task.model import Workload
from advisor.units import MIB

_KERNEL_AXES = 3
PIECE_S = 30.0
"""[s] Longer recordings are cut into pieces, as the estimate does: `estimate.work.PIECE_S`."""
_WORKING_FACTOR = 2.1
"""[1] Working memory over the results alive at once. wav2vec 2.0 base took 2.0 to 2.1 with ONNX Runtime 1.32 at 2, 10
and 30 s of sound."""
_LEAST_WORKING_BYTES = 24 * MIB
_KERNEL_COPIES = 2
"""Copies of a wave's kernels while a session is made: the wide one is multiplied out, the others are put in order."""


class SpeechRecipe(DrawnRecipe, frozen=True, kw_only=True):
    """A speech encoder; one run reads one piece of each recording of a batch."""

    shape: Shape
    num_samples: int
    """Length of a piece: samples of the wave, of which spectra are made for models that read those."""

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
    def working_bytes(self, num_prompt_tokens: int) -> int:
        sheet = self.sheet(self.num_layers)
        elements = _WORKING_FACTOR * sheet.peak_elements() + self._num_prepared_elements(sheet)
        return _LEAST_WORKING_BYTES + int(FLOAT_BYTES * elements)

    def _num_prepared_elements(self, sheet: Drawing) -> int:
        """Return the elements of what is worked out from weights alone while a session is made, and kept."""
        if isinstance(self.shape, WaveShape):
            kernels = (math.prod(weight.shape) for weight in sheet.weights if len(weight.shape) == _KERNEL_AXES)
            return _KERNEL_COPIES * sum(kernels)
        apart = 2 * conformer.num_positions(self.shape, self.num_frames) - 1  # distances in each layer's space
        return self.shape.num_layers * self.shape.hidden_size * apart

    @override
    def sheet(self, num_layers: int) -> Drawing:
        if isinstance(self.shape, WaveShape):
            return wave.drawing(self.shape, num_layers, self.num_batch, self.num_samples)
        products = self.storage.kind != "float"
        return conformer.drawing(self.shape, num_layers, self.num_batch, self.num_frames, products=products)

    @property
    def num_frames(self) -> int:
        """Spectra of a piece, for models that read those."""
        return max(1, self.num_samples * conformer.FRAMES_PER_S // wave.RATE_HZ)


def recipe(candidate: Candidate, workload: Workload) -> tuple[Recipe | None, str]:
    """Return the recipe of a candidate of this kind, or null and why not; null and nothing for other kinds."""
    model, architecture = candidate.model, candidate.model.architecture
    if architecture is None or not shapes.knows(architecture):
        return None, ""
    why = shapes.STEPWISE.get(architecture.model_type, "")
    if why:
        return None, why
    found = shapes.shape(model)
    if found is None:
        return None, support.SHAPE_UNKNOWN
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
