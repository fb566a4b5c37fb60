"""What a model needs is said from its headers: weights, caches that grow by the token, scores."""

import pytest
import tiny_models

from advisor.runnable import memory
from advisor.runnable.find import open_model

SCORES_BYTES = 2 * 4 * tiny_models.NUM_WORDS
"""[B] A token: the runtime's and ours."""


@pytest.mark.parametrize(("half", "element_bytes"), [(False, 4), (True, 2)])
def test_a_cache_grows_by_the_token(tmp_path, half, element_bytes):
    tiny_models.decoder(tmp_path / "model.onnx", half=half)
    model = open_model(tmp_path)
    short, long = (memory.needed(model, num_tokens=num) for num in (10, 110))
    cache_bytes = 2 * tiny_models.WIDTH * element_bytes
    assert long.value - short.value == pytest.approx(100 * (cache_bytes + SCORES_BYTES))
    assert short.low == model.size_bytes() + 10 * cache_bytes
    assert short.low < short.value < short.high
    assert (short.unit, short.evidence) == ("B", "estimated")


def test_an_encoder_takes_more_for_longer_texts_and_larger_batches(tmp_path):
    tiny_models.encoder(tmp_path / "model.onnx")
    tiny_models.write_json(
        tmp_path / "config.json", {"hidden_size": 4, "intermediate_size": 8, "num_attention_heads": 2}
    )
    model = open_model(tmp_path)
    one, four = (memory.needed(model, num_tokens=10, batch=batch).value for batch in (1, 4))
    assert four - one == pytest.approx(3 * (10 * 4 * (16 + 16) + 3 * 2 * 100 * 4))
