"""What compression costs, measured in a real child with real weights."""

import shutil
import threading

import msgspec
import pytest

from advisor.child import runner
from advisor.child.protocol import Progress
from advisor.evaluate.compression_plan import JOB, CompressionPlan, CompressionResults

FIVE = ("en", "es", "tr", "ru", "te")


def run(tmp_path, reference, *compressed, on_message=None, cancel=None, **fields):
    plan = CompressionPlan(
        reference=str(reference), compressed=tuple(map(str, compressed)), num_threads=2,
        scratch=str(tmp_path / "scratch"), **fields,
    )  # fmt: skip
    return runner.run(JOB, msgspec.json.encode(plan), on_message=on_message, cancel=cancel, timeout_s=120)


def results(outcome):
    assert outcome.code == "finished", outcome
    return msgspec.json.decode(outcome.result, type=CompressionResults).results


def test_an_embedder_in_8_bits_loses_more_in_languages_it_was_not_made_for(tmp_path, minilm_fp32, minilm_int8):
    seen = []
    outcome = run(
        tmp_path, minilm_fp32, minilm_int8, minilm_fp32, on_message=seen.append, fingerprint="me", languages=FIVE
    )  # fmt: skip
    int8, same = results(outcome)
    by_code = {item.code: item for item in int8.languages}
    assert int8.model == "sentence-transformers/all-MiniLM-L6-v2"
    assert (int8.format, int8.reference_format, int8.kind) == ("onnx-int8-dynamic", "onnx-fp32", "embedding")
    assert (int8.num_sentences, int8.num_sentences_left_out, int8.fingerprint) == (10, 0, "me")
    assert int8.size_bytes < int8.reference_size_bytes / 2
    assert 0.005 < by_code["en"].loss.value < 0.2
    assert by_code["en"].loss.value == min(item.loss.value for item in int8.languages)
    assert by_code["ru"].loses_more
    assert not by_code["en"].loses_more
    assert by_code["es"].translation_share > 0.5 > by_code["te"].translation_share
    assert int8.repeated.value == pytest.approx(0, abs=1e-9)
    # The original against itself loses nothing.
    assert same.average.value == pytest.approx(0, abs=1e-9)
    assert same.agreement.value == 1
    assert not any(item.loses_more for item in same.languages)
    progress = [message for message in seen if isinstance(message, Progress) and message.stage == "measure"]
    assert [message.done_share for message in progress] == sorted(message.done_share for message in progress)
    assert len(progress) == 50


def test_a_language_model_in_4_bits_and_the_same_with_answers_kept_on_disk(tmp_path, smollm2_fp32, smollm2_int4):
    (direct,) = results(run(tmp_path, smollm2_fp32, smollm2_int4, languages=("de", "en"), num_sentences=3))
    (stored,) = results(
        run(tmp_path, smollm2_fp32, smollm2_int4, languages=("en",), num_sentences=1, memory_free_bytes=10**6)
    )
    assert direct.kind == "next-token"
    assert not direct.is_stored
    assert [item.code for item in direct.languages] == ["en", "de"]
    assert 0.05 < direct.divergence.value < 2
    assert 0.2 < direct.agreement.value < 0.9
    english, german = direct.languages
    assert english.perplexity_ratio.low < english.perplexity_ratio.value < english.perplexity_ratio.high
    assert german.bits_per_character.value > english.bits_per_character.value
    assert german.bits_ratio > english.bits_ratio == 1
    assert english.average_ratio is None  # two languages have no average
    assert stored.is_stored
    assert stored.num_sentences == 1
    first = direct.languages[0].divergence
    assert first.low < stored.languages[0].divergence.value < first.high
    assert list((tmp_path / "scratch").iterdir()) == []


def test_without_time_fewer_sentences_are_read_and_it_is_said(tmp_path, minilm_fp32, minilm_int8):
    (found,) = results(run(tmp_path, minilm_fp32, minilm_int8, languages=FIVE, time_limit_s=0.0))
    assert (found.num_sentences, found.num_sentences_left_out) == (3, 7)
    assert all(item.num_sentences == 3 and item.loss.low is not None for item in found.languages)


def test_two_different_models_are_refused_and_say_why(tmp_path, minilm_fp32, minilm_int8, smollm2_int4):
    outcome = run(tmp_path, minilm_fp32, smollm2_int4)
    assert (outcome.code, outcome.reason) == ("invalid_model", "compression-different-kind")
    assert str(smollm2_int4) in outcome.message
    other = shutil.copytree(minilm_int8, tmp_path / "other")
    config = msgspec.json.decode((other / "config.json").read_bytes())
    (other / "config.json").write_bytes(msgspec.json.encode({**config, "num_hidden_layers": 7}))
    outcome = run(tmp_path, minilm_fp32, other)
    assert outcome.reason == "compression-different-model"
    assert "num_hidden_layers is 6 in the first and 7" in outcome.message


def test_another_tokenizer_is_refused(tmp_path, minilm_fp32, minilm_int8):
    other = shutil.copytree(minilm_int8, tmp_path / "other")
    tokenizer = msgspec.json.decode((other / "tokenizer.json").read_bytes())
    tokenizer["normalizer"]["lowercase"] = False
    (other / "tokenizer.json").write_bytes(msgspec.json.encode(tokenizer))
    outcome = run(tmp_path, minilm_fp32, other)
    assert (outcome.code, outcome.reason) == ("invalid_model", "compression-different-tokenizer")


def test_what_cannot_be_compared_is_said(tmp_path, minilm_fp32, minilm_int8):
    assert run(tmp_path, minilm_fp32).reason == "compression-nothing"
    assert run(tmp_path, minilm_fp32, minilm_int8, languages=("tlh",)).reason == "language-without-text"
    assert run(tmp_path, minilm_fp32, tmp_path / "none").reason == "model-file-missing"


def test_a_cancelled_job_leaves_nothing_behind(tmp_path, minilm_fp32, minilm_int8):
    cancel = threading.Event()

    def on_message(message):
        if isinstance(message, Progress) and message.stage == "measure":
            cancel.set()

    outcome = run(tmp_path, minilm_fp32, minilm_int8, cancel=cancel, on_message=on_message, memory_free_bytes=10**6)
    assert outcome.code == "cancelled"
    assert list((tmp_path / "scratch").iterdir()) == []
