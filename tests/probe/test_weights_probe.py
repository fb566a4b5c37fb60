"""Real files from end to end: the app's plan, real children, the models' own tokenizers."""

import shutil

import msgspec
import pytest
import small_weights

from advisor.child import runner
from advisor.child.protocol import Progress, Sample
from advisor.hardware import detect
from advisor.probe.plan import ProbeResult
from advisor.probe.weights import planner
from advisor.runnable import find
from advisor.task.model import Workload

CHAT = Workload(num_input_tokens=160, num_output_tokens=12, num_context_tokens=256)


def outcome_of(folder, workload, **changes):
    """Plan as the app does and run, with one thread and a short time."""
    told = []
    model = find.open_model(folder)
    wanted = {
        "task_kind": planner.default_kind(model),
        "threads": 1,
        "time_box_s": 1.0,
        "energy_mode": "off",
        **changes,
    }
    plan = planner.plan(model, workload, detect.detect(), **wanted)
    ended = runner.run(
        "probe-weights", msgspec.json.encode(plan), on_message=told.append, timeout_s=120,
        memory_limit_bytes=plan.memory_box_bytes,
    )  # fmt: skip
    return ended, told


def result_of(folder, workload, **changes):
    ended, told = outcome_of(folder, workload, **changes)
    assert ended.code == "finished", ended
    return msgspec.json.decode(ended.result, type=ProbeResult), told


def test_a_language_model_is_measured_with_its_own_files_and_texts(smollm2_int4):
    found, told = result_of(smollm2_int4, CHAT, languages=("hi",), energy_mode="quick")
    assert (found.kind, found.format, found.extrapolated) == ("weights", "onnx-int4-b32", False)
    assert (found.depths_measured, found.num_layers) == ((30,), 30)
    for item in (found.time_to_first_token, found.time_per_token, found.rate, found.peak_memory, found.load_time):
        assert item.value > 0
        assert item.evidence == "measured"
    assert "the model's own weights" in found.time_per_token.basis
    assert found.time_per_query.value == pytest.approx(
        found.time_to_first_token.value + 11 * found.time_per_token.value
    )
    assert found.peak_memory.value > find.open_model(smollm2_int4).size_bytes()
    facts = found.weights
    assert (facts.language, facts.with_template, facts.num_texts, facts.layout) == ("hi", True, 4, "genai")
    assert {item.name for item in facts.files} >= {"model.onnx", "model.onnx.data", "tokenizer.json"}
    assert facts.tokenize_time.value > 0
    assert facts.load_time_cold.value is None or facts.load_time_cold.value > 0
    assert facts.load_time_cold.basis
    assert found.energy_per_1000_queries.value is not None or found.energy_per_1000_queries.basis
    assert not any("overflowed" in reason for reason in found.reasons)
    kinds = {message.kind for message in told if isinstance(message, Sample)}
    assert {"system", "token", "prefill"} <= kinds
    shares = [message.done_share for message in told if isinstance(message, Progress)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_an_embedder_is_measured_in_batches_of_real_texts(minilm_fp32):
    found, _ = result_of(minilm_fp32, Workload(num_input_tokens=40, num_batch=3), languages=("zh",))
    assert found.format == "onnx-fp32"
    assert found.time_per_token.value is None
    assert found.rate.unit == "queries/s"
    assert found.rate.value == pytest.approx(3 / found.time_per_query.value)
    assert "3 x 40 tokens" in found.time_per_query.basis
    assert (found.weights.language, found.weights.with_template) == ("zh", False)
    assert found.weights.unknown_share > 0.2  # an English model


def test_a_decoder_whose_cache_grows_is_measured_token_by_token(tmp_path):
    found, _ = result_of(small_weights.decoder(tmp_path / "grows"), CHAT)
    assert found.weights.layout == "optimum"
    assert found.time_per_token.value > 0
    assert "at 160 to 172 tokens of context" in found.time_per_token.basis
    assert found.contexts


def test_only_tokens_of_real_texts_are_fed(tmp_path):
    letters = 1 + ord("z") - ord(" ") + 1  # what English texts are made of; numbers drawn below 120 lie outside too
    found, _ = result_of(small_weights.decoder(tmp_path / "known", num_known=letters), CHAT)
    assert found.weights.language == "en"
    assert not any("overflowed" in reason for reason in found.reasons)
    found, _ = result_of(small_weights.decoder(tmp_path / "unknown", num_known=40), CHAT)
    assert any("overflowed" in reason for reason in found.reasons)


def test_an_encoder_decoder_in_three_files_reads_and_writes(tmp_path):
    found, _ = result_of(small_weights.encoder_decoder(tmp_path / "halves"), CHAT)
    assert found.time_per_token.value > 0
    assert found.time_to_first_token.basis.startswith("a text of 128 tokens read and a first token written")
    assert len(found.weights.files) == 4
    assert not any("overflowed" in reason for reason in found.reasons)


def test_a_classifier_that_wants_positions_is_measured(tmp_path):
    found, _ = result_of(small_weights.classifier(tmp_path / "sorts"), Workload(num_input_tokens=30, num_passes=2))
    assert found.time_per_query.value == pytest.approx(2 * found.time_to_first_token.value)


def test_a_model_without_its_tokenizer_says_what_to_get(tmp_path):
    folder = small_weights.decoder(tmp_path / "mute")
    (folder / "tokenizer.json").unlink()
    ended, _ = outcome_of(folder, CHAT)
    assert (ended.code, ended.reason) == ("failed", "tokenizer-missing")
    assert "tokenizer.json" in ended.message + ended.remedy


def test_the_tokenizer_of_another_model_is_refused(tmp_path):
    folder = small_weights.decoder(tmp_path / "mixed", num_tokens=60)
    ended, _ = outcome_of(folder, CHAT)
    assert (ended.code, ended.reason) == ("invalid_model", "tokenizer-foreign")


def test_weights_that_were_cut_off_are_refused_by_the_child(tmp_path, minilm_fp32):
    folder = tmp_path / "cut"
    shutil.copytree(minilm_fp32, folder)
    ended_with = max(folder.glob("*.onnx*"), key=lambda path: path.stat().st_size)
    plan = planned(folder)
    ended_with.write_bytes(ended_with.read_bytes()[:100_000])
    ended = runner.run("probe-weights", msgspec.json.encode(plan), timeout_s=60)
    assert ended.code == "invalid_model"
    assert ended.message
    assert ended.remedy


def planned(folder):
    model = find.open_model(folder)
    return planner.plan(
        model, Workload(num_input_tokens=16), detect.detect(), task_kind="sentence-embedding", threads=1
    )


def test_an_empty_file_is_refused_before_anything_runs(tmp_path):
    folder = small_weights.decoder(tmp_path / "empty")
    plan = msgspec.structs.replace(
        planner.plan(find.open_model(folder), CHAT, detect.detect(), task_kind="generation", threads=1), energy=None
    )
    (folder / "model.onnx").write_bytes(b"")
    ended = runner.run("probe-weights", msgspec.json.encode(plan), timeout_s=60)
    assert (ended.code, ended.reason) == ("invalid_model", "onnx-file-unreadable")
    assert "empty" in ended.message
