"""Recordings become what speech models read, as transformers makes it of them."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
import tiny_models

from advisor.errors import InvalidFileError, InvalidInputError
from advisor.runnable.engine import sound
from advisor.runnable.engine.speech import Transcriber
from advisor.runnable.find import open_model

RECORDED = json.loads((Path(__file__).parents[2] / "data" / "runnable" / "features.json").read_text(encoding="utf-8"))


def recorded_sound():
    """1.5 s: two tones that grow and fade, and a click; as packaging/exports/record_runnable.py makes it."""
    t = np.arange(24_000) / 16_000
    samples = 0.4 * np.sin(2 * np.pi * 220 * t) * t / 1.5 + 0.2 * np.sin(2 * np.pi * 1_760 * t) * (1 - t / 1.5)
    samples[8_000:8_008] += 0.5
    return samples.astype(np.float32)


def write_wav(path, samples, *, rate=16_000, width=2, channels=1):
    whole = np.repeat(samples[:, None], channels, axis=1)
    scaled = whole * 127 + 128 if width == 1 else whole * (2.0 ** (8 * width - 1) - 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(scaled.astype({1: np.uint8, 2: np.int16, 4: np.int32}[width]).tobytes())


def test_spectra_are_those_of_transformers():
    told, wanted = sound.log_mel(recorded_sound()), RECORDED["mel"]
    assert list(told.shape) == wanted["shape"]
    assert told.dtype == np.float32
    assert told[::8, :160:16] == pytest.approx(np.array(wanted["first"]), abs=1e-3)
    assert told[::8, -1] == pytest.approx(np.array(wanted["silence"]), abs=1e-3)
    assert told.mean() == pytest.approx(wanted["mean"], abs=1e-4)
    assert sound.log_mel(recorded_sound(), num_bins=128).shape == (128, 3000)
    assert sound.log_mel(np.zeros(500_000, np.float32)).shape == (80, 3000)


@pytest.mark.parametrize(("rate", "width", "channels"), [(16_000, 2, 1), (48_000, 2, 2), (8_000, 4, 1), (22_050, 1, 2)])
def test_wav_files_come_as_one_channel_at_one_rate(tmp_path, rate, width, channels):
    t = np.arange(rate) / rate
    write_wav(tmp_path / "a.wav", np.sin(2 * np.pi * 440 * t) * 0.5, rate=rate, width=width, channels=channels)
    told = sound.read_wav(tmp_path / "a.wav")
    wanted = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000) * 0.5
    assert told.dtype == np.float32
    assert told == pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize("raw", [b"", b"RIFF", b"not a sound at all, but a text", b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_what_is_no_recording_is_refused(tmp_path, raw):
    (tmp_path / "a.wav").write_bytes(raw)
    with pytest.raises(InvalidFileError, match=r"a\.wav cannot be read") as failure:
        sound.read_wav(tmp_path / "a.wav")
    assert failure.value.code == "sound-unreadable"
    with pytest.raises(InvalidFileError):
        sound.read_wav(tmp_path / "none.wav")
    write_wav(tmp_path / "b.wav", np.zeros(0))
    with pytest.raises(InvalidFileError):
        sound.read_wav(tmp_path / "b.wav")


@pytest.fixture
def speech(tmp_path):
    tiny_models.speech(tmp_path)
    tiny_models.tokenizer(tmp_path)
    tiny_models.write_json(tmp_path / "config.json", {"decoder_start_token_id": 2, "eos_token_id": 0})
    return tmp_path


def heard(begins, *, num, never=(), not_first=(), samples=None):
    spectrum = sound.log_mel(recorded_sound() if samples is None else samples)
    found = list(begins)
    for step in range(num):
        scores = tiny_models.speech_answer(spectrum, found)[-1]
        scores[[*never, *(not_first if step == 0 else ())]] = -np.inf
        found.append(int(scores.argmax()))
    return tuple(found[len(begins) :])


def test_a_recording_is_written_down(speech):
    model = open_model(speech)
    assert (model.structure, model.head) == ("speech", "next-token")
    with Transcriber(model, num_threads=1) as found:
        told = found.transcribe(recorded_sound(), max_new_tokens=4)
        with pytest.raises(InvalidInputError):
            found.transcribe(np.zeros(0, np.float32))
        twice = found.transcribe(np.tile(recorded_sound(), 21), max_new_tokens=2)
    assert told.parts[0].ids == heard((2,), num=4)
    assert told.text == found.tokenizer.decode(told.parts[0].ids).strip()
    assert len(twice.parts) == 2, "31.5 seconds are read in two parts"


def test_settings_keep_tokens_out_and_name_languages(speech):
    first, second = heard((2, 7), num=1)[0], heard((2, 7), num=2)[1]
    tiny_models.write_json(speech / "generation_config.json", {
        "lang_to_id": {"<|en|>": 7, "<|de|>": 8}, "suppress_tokens": [second], "begin_suppress_tokens": [first, 4],
    })  # fmt: skip
    with Transcriber(open_model(speech), num_threads=1) as found:
        told = found.transcribe(recorded_sound(), language="en", max_new_tokens=3)
        unsaid = found.transcribe(recorded_sound(), max_new_tokens=3)
        with pytest.raises(InvalidInputError) as failure:
            found.transcribe(recorded_sound(), language="xx")
    assert failure.value.code == "language-unknown"
    assert "Choose one of de, en." in failure.value.sentence()
    keep_out = {"num": 3, "never": (second,), "not_first": (first, 4)}
    assert told.parts[0].ids == heard((2, 7), **keep_out)
    spectrum = sound.log_mel(recorded_sound())
    likeliest = max((7, 8), key=lambda token: tiny_models.speech_answer(spectrum, (2,))[-1, token])
    assert unsaid.parts[0].ids == heard((2, likeliest), **keep_out)
