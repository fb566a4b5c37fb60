"""Inputs that a converted model and its original both answer: texts in several scripts, drawn images, made sounds.

The texts are short and everyday, written for this project (CC0). Images and sounds are computed, the same each time.
"""

from typing import Any

TEXTS = (
    "The library opens at nine, but the reading room stays closed until the heating has been repaired.",
    "Könnten Sie mir bitte sagen, wann der nächste Zug nach Würzburg fährt und ob er heute pünktlich ist?",
    "La ricetta è semplice: farina, acqua, sale e tanta pazienza mentre l'impasto riposa.",
    "يفتح السوق أبوابه مع الفجر ويبيع الخبز والتمر والقهوة.",
    "आज सुबह बारिश हुई, इसलिए बच्चे घर के अंदर खेल रहे हैं।",
    "图书馆九点开门,请把借来的书放在左边的架子上。",
    "Завтра утром мы поедем на озеро, если погода не испортится.",
    "def mean(values):\n    return sum(values) / len(values) if values else 0.0\n",
)
MOST_TOKENS = 24
"""[1] Of one text: enough to see every layer work, few enough to keep all scores of a large vocabulary."""
_SAMPLES_PER_S = 16_000
Array = Any
"""Of numpy, which is imported in the child alone."""


def images(num_images: int, num_channels: int, height: int, width: int) -> Array:
    """Return drawn images, float32 (n, channels, height, width) between -1 and 1: gradients, circles, stripes."""
    import numpy as np

    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    drawn = []
    for index in range(num_images):
        for channel in range(num_channels):
            waves = np.sin((5 + 3 * index + channel) * (x + (0.3 + 0.2 * channel) * y) * np.pi)
            circle = ((x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.02 * (index + 1 + channel)).astype(np.float32)
            drawn.append(0.6 * waves + 0.8 * circle - 0.4)
    stacked = np.stack(drawn).reshape(num_images, num_channels, height, width)
    return np.clip(stacked, -1.0, 1.0).astype(np.float32)


def sound(num_samples: int, index: int = 0) -> Array:
    """Return a sound, float32: a voice-like tone that glides, with overtones and pauses."""
    import numpy as np

    t = np.arange(num_samples, dtype=np.float64) / _SAMPLES_PER_S
    phase = 2 * np.pi * (120 + 30 * index) * t + 3 * np.sin(2 * np.pi * 2 * t)
    tone = sum(np.sin(n * phase) / n for n in range(1, 6))
    spoken = (np.sin(2 * np.pi * (1.5 + index) * t) > -0.3).astype(np.float64)
    return (0.1 * tone * spoken).astype(np.float32)
