"""Small networks in every exporter's layout answer what numpy answers, with any way of keeping the past."""

import numpy as np
import pytest
import tiny_models

from advisor.errors import ChildError, InvalidInputError, InvalidModelError
from advisor.runnable.engine import decoder as decoders
from advisor.runnable.engine import session
from advisor.runnable.engine.decoder import Decoder
from advisor.runnable.engine.encoder import TextEncoder, pool
from advisor.runnable.engine.seq2seq import EncoderDecoder
from advisor.runnable.find import open_model

IDS = (5, 11, 12, 7, 3, 9, 9, 1)
LAYOUTS = {
    "cache": {"cache": "yes"},
    "no cache": {"cache": "no"},
    "merged": {"cache": "merged"},
    "positions from the mask": {"cache": "yes", "positions": False},
    "16 bits": {"cache": "yes", "half": True},
    "running state": {"cache": "yes", "conv": True},
    "last scores only": {"cache": "yes", "last_only": True},
    "other names": {"cache": "yes", "prefix": "past.0."},
}


@pytest.fixture(params=LAYOUTS)
def tiny_decoder(request, tmp_path):
    facts = LAYOUTS[request.param]
    name = "decoder_model_merged.onnx" if facts["cache"] == "merged" else "model.onnx"
    tiny_models.decoder(tmp_path / "onnx" / name, **facts)
    tiny_models.write_json(tmp_path / "config.json", {"architectures": ["TinyForCausalLM"], "eos_token_id": 0})
    tiny_models.tokenizer(tmp_path)
    return open_model(tmp_path), facts


@pytest.fixture
def two_files(tmp_path):
    tiny_models.decoder(tmp_path / "decoder_model.onnx", cache="makes")
    tiny_models.decoder(tmp_path / "decoder_with_past_model.onnx", cache="takes")
    tiny_models.write_json(tmp_path / "config.json", {"architectures": ["TinyForCausalLM"]})
    return open_model(tmp_path)


def expected(ids, facts):
    return tiny_models.decoder_answer(ids, conv=facts.get("conv", False))


def greedy(ids, num, answer):
    found = list(ids)
    for _ in range(num):
        found.append(int(answer(found)[-1].argmax()))
    return tuple(found[len(ids) :])


def test_scores_of_every_token_are_those_of_the_whole_text(tiny_decoder, monkeypatch):
    model, facts = tiny_decoder
    assert (model.structure, model.head) == ("decoder", "next-token")
    monkeypatch.setattr(decoders, "_LEAST_CHUNK", 3)
    monkeypatch.setattr(decoders, "_CHUNK_BYTES", 1)
    with Decoder(model, num_threads=1, max_tokens=20) as found:
        told = found.logits(IDS)
    assert told.dtype == np.float32
    assert np.abs(told - expected(IDS, facts)).max() < (0.02 if facts.get("half") else 1e-5)


def test_an_answer_is_the_most_likely_token_each_time(tiny_decoder):
    model, facts = tiny_decoder
    wanted = greedy(IDS, 6, lambda ids: expected(ids, facts))
    with Decoder(model, num_threads=1, max_tokens=20) as found:
        told = found.generate(IDS, max_new_tokens=6)
        early = found.generate(IDS, max_new_tokens=6, stop_ids=wanted[3:4])
        seen = []
        left = found.generate(IDS, max_new_tokens=6, on_token=lambda token: (seen.append(token), len(seen) < 2)[1])
    assert (told.ids, told.stopped_by, len(told.token_s)) == (wanted, "length", 5)
    at = wanted.index(wanted[3])
    assert (early.ids, early.stopped_by, len(early.token_s)) == (wanted[:at], "stop", at)
    assert (left.ids, left.stopped_by, tuple(seen)) == (wanted[:2], "caller", wanted[:2])


def test_the_likelihood_of_continuations_needs_their_prefix_once(tiny_decoder):
    model, facts = tiny_decoder
    continuations = ((7, 8, 1, 1, 5), (), (7,), (4, 4))
    wanted = []
    for ids in continuations:
        rows = decoders.log_softmax(expected((*IDS, *ids), facts))
        wanted.append(sum(rows[len(IDS) - 1 + place, token] for place, token in enumerate(ids)))
    with Decoder(model, num_threads=1, max_tokens=20) as found:
        told = found.score(IDS, continuations)
    assert told == pytest.approx(wanted, abs=0.05 if facts.get("half") else 1e-5)


def test_two_files_hand_on_their_caches(two_files):
    assert [graph.part for graph in two_files.graphs] == ["model", "with-past"]
    with Decoder(two_files, num_threads=1, max_tokens=20) as found:
        assert found.logits(IDS) == pytest.approx(tiny_models.decoder_answer(IDS), abs=1e-5)
        told = found.generate(IDS, max_new_tokens=5)
    assert told.ids == greedy(IDS, 5, tiny_models.decoder_answer)


def test_what_does_not_fit_is_said_before_it_is_read(two_files):
    found = Decoder(two_files, num_threads=1, max_tokens=10)
    for ask, code in (
        (lambda: found.logits([]), "prompt-empty"),
        (lambda: found.logits([1] * 11), "prompt-too-long"),
        (lambda: found.generate(IDS, max_new_tokens=3), "prompt-too-long"),
        (lambda: found.generate(IDS, max_new_tokens=0), "answer-empty"),
        (lambda: found.score(IDS, [(1, 2, 3)]), "prompt-too-long"),
    ):
        with pytest.raises(InvalidInputError) as failure:
            ask()
        assert failure.value.code == code


def test_a_network_with_an_unknown_input_is_not_guessed_at(tmp_path):
    extra = [("input_ids", tiny_models.INT64, ["b", "n"]), ("mystery", tiny_models.FLOAT, ["b", 3])]
    node = tiny_models.helper.make_node("Gather", ["E", "input_ids"], ["logits"])
    tiny_models.save(tmp_path / "model.onnx", [node], extra, [("logits", tiny_models.FLOAT, ["b", "n", 4])],
                     weights=[("E", tiny_models.EMBEDDING)])  # fmt: skip
    with pytest.raises(InvalidModelError, match="mystery") as failure:
        Decoder(open_model(tmp_path), num_threads=1, max_tokens=5).open()
    assert failure.value.code == "onnx-input-unknown"


@pytest.mark.parametrize("cache", ["merged", "two files", "no"])
def test_encoder_decoders_read_once_and_write(tmp_path, cache):
    tiny_models.seq2seq(tmp_path / "onnx", cache=cache)
    tiny_models.write_json(tmp_path / "config.json", {"decoder_start_token_id": 2, "eos_token_id": 4})
    tiny_models.tokenizer(tmp_path)
    model = open_model(tmp_path)
    assert (model.structure, model.head, model.layout) == ("encoder-decoder", "next-token", "optimum")
    source, target = (5, 6, 9), (2, 7, 7, 1)
    with EncoderDecoder(model, num_threads=1) as found:
        told = found.logits(source, target)
        assert told == pytest.approx(tiny_models.seq2seq_answer(source, target), abs=1e-5)
        answer = found.generate(source, max_new_tokens=5)
        best = greedy((2,), 1, lambda ids: tiny_models.seq2seq_answer(source, ids))[0]
        other = found.generate(source, max_new_tokens=1, suppressed_ids=(best,))
        with pytest.raises(InvalidInputError, match="nothing to read"):
            found.generate((), max_new_tokens=1)
    assert answer.ids == greedy((2,), 5, lambda ids: tiny_models.seq2seq_answer(source, ids))
    assert other.ids != (best,)


TEXTS = ("the sky is blue", "rose", "grass is green and the rose", "")


def encoded(text):
    words = [tiny_models.WORDS.index(word) if word in tiny_models.WORDS else 1 for word in text.split()]
    return [2, *words, 3]


@pytest.mark.parametrize("batch", [1, 2, 16])
def test_vectors_of_texts_come_back_in_their_order(tmp_path, batch):
    tiny_models.encoder(tmp_path / "model.onnx")
    tiny_models.tokenizer(tmp_path)
    tiny_models.write_json(tmp_path / "config_sentence_transformers.json", {"prompts": {"query": "the rose "}})
    tiny_models.write_json(tmp_path / "modules.json", [
        {"type": "sentence_transformers.models.Transformer", "path": ""},
        {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
        {"type": "sentence_transformers.models.Normalize", "path": "2_Normalize"},
    ])  # fmt: skip
    tiny_models.write_json(tmp_path / "1_Pooling" / "config.json", {"pooling_mode_cls_token": False,
                                                                    "pooling_mode_mean_tokens": True})  # fmt: skip
    model = open_model(tmp_path)
    assert (model.head, model.pooling, model.normalize) == ("embedding", "mean", True)
    wanted = np.stack([tiny_models.encoder_hidden(encoded(text)).mean(axis=0) for text in TEXTS])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    with TextEncoder(model, num_threads=1) as found:
        assert found.embed(TEXTS, batch=batch) == pytest.approx(wanted, abs=1e-6)
        assert found.embed((), batch=batch).shape[0] == 0
        told = found.embed(("is blue",), batch=batch, prompt="query")
        assert told == pytest.approx(found.embed(("the rose is blue",)), abs=1e-6)
        assert found.embed(TEXTS[:1], prompt="unheard of") == pytest.approx(wanted[:1], abs=1e-6)


def test_a_decoder_that_embeds_starts_with_an_empty_past(tmp_path):
    tiny_models.encoder(tmp_path / "model.onnx", kinds=False, past=True)
    tiny_models.tokenizer(tmp_path)
    model = open_model(tmp_path)
    assert (model.structure, model.head, model.pooling) == ("decoder", "embedding", "last")
    with TextEncoder(model, num_threads=1) as found:
        told = found.embed(TEXTS)
    wanted = np.stack([tiny_models.EMBEDDING[encoded(text)].sum(axis=0) for text in TEXTS])
    assert told == pytest.approx(wanted, abs=1e-5)


def test_a_model_of_another_kind_is_refused_in_words(tmp_path):
    tiny_models.seq2seq(tmp_path)
    tiny_models.tokenizer(tmp_path)
    model = open_model(tmp_path)
    tiny_models.encoder(tmp_path / "one" / "model.onnx")
    for run in (
        Decoder(model, num_threads=1, max_tokens=5).open,
        TextEncoder(model, num_threads=1).open,
        EncoderDecoder(open_model(tmp_path / "one"), num_threads=1).open,
    ):
        with pytest.raises(InvalidModelError, match="of the kind") as failure:
            run()
        assert failure.value.code == "model-part-missing"


def test_the_ways_to_make_one_vector_of_many():
    hidden = np.arange(24, dtype=np.float32).reshape(2, 3, 4) * np.float32(-1)
    mask = np.array([[1, 1, 0], [1, 1, 1]])
    assert pool(hidden, mask, "cls") == pytest.approx(hidden[:, 0])
    assert pool(hidden, mask, "last") == pytest.approx(np.stack([hidden[0, 1], hidden[1, 2]]))
    assert pool(hidden, mask, "max") == pytest.approx(hidden[:, 0])
    assert pool(hidden, mask, "mean")[0] == pytest.approx(hidden[0, :2].mean(axis=0))


def test_a_vector_the_network_made_itself_is_taken_as_it_is(tmp_path):
    tiny_models.encoder(tmp_path / "onnx" / "model.onnx", output="sentence_embedding", kinds=False)
    tiny_models.tokenizer(tmp_path)
    model = open_model(tmp_path)
    assert (model.pooling, model.normalize) == ("none", False)
    with TextEncoder(model, num_threads=1) as found:
        told = found.embed(TEXTS[:1])
    assert told[0] == pytest.approx(2 * tiny_models.EMBEDDING[encoded(TEXTS[0])].mean(axis=0), abs=1e-6)


def test_labels_are_scored_for_texts_and_for_pairs(tmp_path):
    tiny_models.encoder(tmp_path / "model.onnx", output="classes")
    tiny_models.tokenizer(tmp_path)
    tiny_models.write_json(tmp_path / "config.json", {
        "architectures": ["TinyForSequenceClassification"], "id2label": {"0": "good", "1": "bad", "2": "neither"},
    })  # fmt: skip
    model = open_model(tmp_path)
    assert (model.head, model.labels) == ("classes", ("good", "bad", "neither"))
    with TextEncoder(model, num_threads=1) as found:
        told = found.scores([*TEXTS, ("the sky", "is blue")])
        with pytest.raises(InvalidModelError) as failure:
            found.embed(TEXTS)
    assert failure.value.code == "onnx-output-missing"
    for text, row in zip(TEXTS, told, strict=False):
        assert row == pytest.approx(
            tiny_models.encoder_hidden(encoded(text)).mean(axis=0) @ tiny_models.LABELS, abs=1e-5
        )
    ids = [2, 12, 8, 3, 11, 7, 3]
    pair = tiny_models.encoder_hidden(ids, [0, 0, 0, 0, 1, 1, 1]).mean(axis=0) @ tiny_models.LABELS
    assert told[-1] == pytest.approx(pair, abs=1e-5)


def test_words_are_scored_at_every_place(tmp_path):
    tiny_models.encoder(tmp_path / "model.onnx", output="words")
    tiny_models.tokenizer(tmp_path)
    tiny_models.write_json(
        tmp_path / "config.json", {"vocab_size": tiny_models.NUM_WORDS, "max_position_embeddings": 6}
    )
    model = open_model(tmp_path)
    assert model.head == "masked-token"
    with TextEncoder(model, num_threads=1) as found:
        told = found.token_logits("the sky is [MASK]")
        cut = found.token_logits("the sky is blue and the rose")
    wanted = tiny_models.encoder_hidden([2, 12, 8, 11, 4, 3]) @ tiny_models.OUT
    assert told == pytest.approx(wanted, abs=1e-5)
    assert len(cut) == 6


def test_the_runtimes_refusals_are_said_in_the_apps_words(tmp_path):
    tiny_models.save(
        tmp_path / "model.onnx", [tiny_models.helper.make_node("Reshape", ["x", "shape"], ["y"])],
        [("x", tiny_models.FLOAT, ["n"])], [("y", tiny_models.FLOAT, ["n"])], weights=[("shape", np.array([7]))],
    )  # fmt: skip
    opened = session.open_session(tmp_path / "model.onnx", num_threads=1)
    with pytest.raises(InvalidModelError, match="cannot run this model"), session.refusing():
        opened.run(None, {"x": np.zeros(3, np.float32)})
    with pytest.raises(ChildError) as failure, session.refusing():
        raise MemoryError
    assert failure.value.code == "killed_for_memory"
    with pytest.raises(KeyError), session.refusing():
        raise KeyError("a bug of ours stays one")
