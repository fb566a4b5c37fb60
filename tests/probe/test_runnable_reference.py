"""Real models, converted by this app, answer what PyTorch and transformers answered (tests/data/runnable)."""

import json
from pathlib import Path

import numpy as np
import psutil
import pytest

from advisor.runnable import chat, memory
from advisor.runnable.chat import Message
from advisor.runnable.engine.decoder import Decoder, log_softmax
from advisor.runnable.engine.encoder import TextEncoder
from advisor.runnable.find import open_model
from advisor.runnable.tokenizer import Tokenizer

DATA = Path(__file__).parents[1] / "data" / "runnable"
SCORES = json.loads((DATA / "smollm2.json").read_text(encoding="utf-8"))
VECTORS = json.loads((DATA / "minilm.json").read_text(encoding="utf-8"))
FP32_ERROR = 2e-3
"""[1] Of a score around 30; fp32 sums in another order differ by some 1e-4."""


def prompt(model, question):
    text = chat.render(model.tokenizer, [Message(role="user", content=question)])
    return text, Tokenizer(model).encode(text, special=False)


@pytest.fixture(scope="module")
def fp32(smollm2_fp32):
    model = open_model(smollm2_fp32)
    with Decoder(model, num_threads=2, max_tokens=256) as found:
        yield model, found


def test_a_folder_of_the_model_builder_is_understood(smollm2_fp32, smollm2_int4):
    for folder, format_id in ((smollm2_fp32, "onnx-fp32"), (smollm2_int4, "onnx-int4-b32")):
        model = open_model(folder)
        assert (model.layout, model.structure, model.head) == ("genai", "decoder", "next-token")
        assert (model.format_id, model.num_context_tokens) == (format_id, 8192)
        assert model.tokenizer.eos_token_ids == (2,)


def test_prompts_become_the_tokens_of_transformers(fp32):
    model, _ = fp32
    for case in SCORES["cases"]:
        text, ids = prompt(model, case["question"])
        assert (text, list(ids)) == (case["text"], case["ids"])
    tokenizer = Tokenizer(model)
    for case in SCORES["texts"]:
        assert list(tokenizer.encode(case["text"])) == case["ids"]
        assert tokenizer.decode(case["ids"]) == case["text"]


def test_scores_and_answers_are_those_of_pytorch(fp32):
    model, found = fp32
    for case in SCORES["cases"]:
        logits = found.logits(case["ids"])
        assert logits[-1, case["best_ids"]] == pytest.approx(case["best_logits"], abs=FP32_ERROR)
        assert logits.argmax(axis=-1).tolist() == case["most_likely"]
        assert float(np.sqrt(np.square(logits).mean())) == pytest.approx(case["root_mean_square"], rel=1e-4)
        told = found.generate(case["ids"], max_new_tokens=24)
        wanted = [token for token in case["answer_ids"] if token != 2]
        assert list(told.ids) == wanted
        assert Tokenizer(model).decode(told.ids) == case["answer"]
        assert told.stopped_by == ("stop" if len(wanted) < len(case["answer_ids"]) else "length")
        assert told.first_token_s > 0
        assert len(told.token_s) == len(case["answer_ids"]) - 1


def test_continuations_are_as_likely_as_for_pytorch(fp32):
    _, found = fp32
    ids = SCORES["cases"][0]["ids"]
    told = found.score(ids, [case["ids"] for case in SCORES["scores"]])
    assert told == pytest.approx([case["log_probability"] for case in SCORES["scores"]], abs=FP32_ERROR)


def test_a_prompt_read_in_parts_gives_the_same_scores(fp32, monkeypatch):
    _, found = fp32
    ids = SCORES["cases"][1]["ids"]
    whole = found.logits(ids)
    monkeypatch.setattr("advisor.runnable.engine.decoder._CHUNK_BYTES", 1)
    parts = list(found.logits_in_parts(ids))
    assert len(parts) == -(-len(ids) // 16)
    assert np.abs(np.concatenate(parts) - whole).max() < FP32_ERROR


def test_four_bits_answer_a_little_differently(smollm2_int4):
    agreeing, divergences = [], []
    with Decoder(open_model(smollm2_int4), num_threads=2, max_tokens=128) as found:
        for case in SCORES["cases"]:
            logits = found.logits(case["ids"])
            agreeing += (logits.argmax(axis=-1) == case["most_likely"]).tolist()
            best = log_softmax(np.asarray(case["best_logits"]))
            told = log_softmax(logits[-1, case["best_ids"]])
            divergences.append(float((np.exp(best) * (best - told)).sum()))
    assert 0.3 < np.mean(agreeing) < 1, "four bits cost a model this small every second token of a prompt"
    assert 0 < np.mean(divergences) < 1


def test_vectors_are_those_of_pytorch(minilm_fp32, minilm_int8):
    texts = [case["text"] for case in VECTORS["cases"]]
    wanted = np.array([case["vector"] for case in VECTORS["cases"]])
    whole = open_model(minilm_fp32)
    assert (whole.structure, whole.head, whole.pooling, whole.normalize) == ("encoder", "embedding", "mean", True)
    with TextEncoder(whole, num_threads=2) as found:
        encoded = found.tokenizer.encode_batch(texts, max_tokens=found.tokenizer.max_tokens)
        assert [len(item.ids) for item in encoded] == [case["num_tokens"] for case in VECTORS["cases"]]
        assert [list(item.ids[:40]) for item in encoded[:5]] == [case["ids"] for case in VECTORS["cases"][:5]]
        told = found.embed(texts)
    assert np.abs(told - wanted).max() < 1e-4
    small = open_model(minilm_int8)
    assert small.format_id == "onnx-int8-dynamic"
    with TextEncoder(small, num_threads=2) as found:
        alone, together = found.embed(texts, batch=1), found.embed(texts)
    for told in (alone, together):
        cosines = (told * wanted).sum(axis=1)
        assert (cosines.min() > 0.8, cosines.mean() > 0.9) == (True, True), cosines


def test_the_memory_that_was_said_is_about_what_is_taken(smollm2_int4):
    model = open_model(smollm2_int4)
    said = memory.needed(model, num_tokens=256)
    before = psutil.Process().memory_info().rss
    with Decoder(model, num_threads=1, max_tokens=256) as found:
        found.logits([5] * 256)
        taken = psutil.Process().memory_info().rss - before
    assert said.low * 0.5 < taken < said.high
    assert memory.needed(model, num_tokens=4096).value > said.value + 30 * 2 * 3 * 64 * 4 * 3840
