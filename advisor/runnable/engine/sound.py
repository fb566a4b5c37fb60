"""Recordings as speech models read them: samples of a WAV file, and their spectrum over time in perceived pitch."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from advisor.errors import InvalidFileError
from advisor.runnable.engine.network import Floats

RATE_PER_S = 16_000
WINDOW_S = 30
"""[s] Of sound that Whisper reads at once."""
_FRAME, _HOP = 400, 160
_MOST_SAMPLES = 4 * 3600 * 48_000
_LINEAR_HZ, _LINEAR_BINS, _LOG_STEP = 1000.0, 15.0, np.log(6.4) / 27
_LEAST_POWER, _RANGE_DECADES = 1e-10, 8.0
_WIDTHS: dict[int, tuple[type[np.generic], float, float]] = {
    1: (np.uint8, 128.0, 128.0), 2: (np.int16, 0.0, 2.0**15), 4: (np.int32, 0.0, 2.0**31),
}  # fmt: skip
"""Bytes of a sample -> its type, its zero and its full scale."""


def read_wav(path: Path) -> Floats:
    """Return the samples of a WAV file, one channel at 16,000 a second, between -1 and 1.

    Raises:
        InvalidFileError: `sound-unreadable`; no WAV file, compressed, empty or longer than four hours.
    """
    try:
        with wave.open(str(path), "rb") as file:
            num, channels, width, rate = (
                file.getnframes(),
                file.getnchannels(),
                file.getsampwidth(),
                file.getframerate(),
            )
            if width not in _WIDTHS or not 0 < num <= _MOST_SAMPLES or not rate:
                raise _unreadable(path, "it has no samples of 8, 16 or 32 bits, or too many")
            raw = file.readframes(num)
    except (OSError, EOFError, wave.Error) as error:
        raise _unreadable(path, str(error) or "it ends too early") from error
    kind, zero, scale = _WIDTHS[width]
    whole = len(raw) // (width * channels) * width * channels
    samples = np.frombuffer(raw[:whole], kind).reshape(-1, channels)
    return resampled(((samples.astype(np.float32) - zero) / scale).mean(axis=1), rate)


def resampled(samples: Floats, rate_per_s: int) -> Floats:
    """Return samples at 16,000 a second; what the new rate cannot hold is cut off the spectrum.

    Args:
        samples: shape (n,).
        rate_per_s: of these.
    """
    if rate_per_s == RATE_PER_S or not len(samples):
        return samples
    wanted = max(1, round(len(samples) * RATE_PER_S / rate_per_s))
    spectrum = np.fft.rfft(samples)
    kept = np.zeros(wanted // 2 + 1, spectrum.dtype)
    num = min(len(kept), len(spectrum))
    kept[:num] = spectrum[:num]
    return np.asarray(np.fft.irfft(kept, wanted) * (wanted / len(samples)), np.float32)


def log_mel(samples: Floats, *, num_bins: int = 80) -> Floats:
    """Return what Whisper reads of up to 30 seconds of sound, silence behind it.

    Args:
        samples: at 16,000 a second, between -1 and 1; longer ones are cut.
        num_bins: 80, of the newest models 128.

    Returns:
        [1] Shape (num_bins, 3000): logarithm of the power in each bin of pitch every 10 ms, the loudest 8 decades.

    Source:
        Radford et al., 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", section 2.2; held against
        transformers' WhisperFeatureExtractor by a test.
    """
    whole = np.zeros(WINDOW_S * RATE_PER_S)
    num = min(len(samples), len(whole))
    whole[:num] = samples[:num]
    padded = np.pad(whole, _FRAME // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP][:-1]
    window = np.hanning(_FRAME + 1)[:-1]
    power = np.square(np.abs(np.fft.rfft(frames * window, axis=1)))
    logs = np.log10(np.maximum(_filters(num_bins) @ power.T, _LEAST_POWER))
    return np.asarray((np.maximum(logs, logs.max() - _RANGE_DECADES) + 4) / 4, np.float32)


def _filters(num_bins: int) -> NDArray[np.float64]:
    """Return the weight of each frequency in each bin, shape (num_bins, frequencies).

    Source:
        Slaney, 1998, "Auditory Toolbox": pitch is linear up to 1,000 Hz and logarithmic above; all areas are 1.
    """
    highest = _LINEAR_BINS + np.log(RATE_PER_S / 2 / _LINEAR_HZ) / _LOG_STEP
    pitches = np.linspace(0, highest, num_bins + 2)
    linear = pitches * _LINEAR_HZ / _LINEAR_BINS
    edges = np.where(pitches < _LINEAR_BINS, linear, _LINEAR_HZ * np.exp(_LOG_STEP * (pitches - _LINEAR_BINS)))
    frequencies = np.linspace(0, RATE_PER_S / 2, _FRAME // 2 + 1)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * (2 / (edges[2:] - edges[:-2]))[:, None])


def _unreadable(path: Path, why: str) -> InvalidFileError:
    return InvalidFileError(
        "sound-unreadable", f"{path.name} cannot be read as a WAV file: {why}.",
        remedy="Save the recording as WAV, 16 bits.", file=path.name,
    )  # fmt: skip
