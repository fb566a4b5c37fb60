"""The comparison of two models' answers against values worked out by hand, and when it refuses."""

import numpy as np
import pytest

from advisor.convert import compare, samples
from advisor.errors import InvalidModelError
from advisor.report import conversion as words


def test_errors_cosine_and_divergence_by_hand():
    expected = np.array([[1.0, 2.0, 4.0], [0.0, 0.0, 3.0]])
    found = np.array([[1.0, 2.0, 3.0], [3.0, 0.0, 0.0]])
    comparison = compare.Comparison("scores")
    comparison.add(expected, found)
    result = comparison.result(compare.LIMITS["onnx-int4-b32"])
    assert (result.num_inputs, result.num_values, result.max_error) == (1, 6, 3.0)
    assert result.mean_error == pytest.approx(7 / 6)
    assert result.scale == pytest.approx(np.sqrt((1 + 4 + 16 + 9) / 6))
    assert result.top1_agreement_share == 0.5

    def kl(p, q):
        p, q = np.exp(p) / np.exp(p).sum(), np.exp(q) / np.exp(q).sum()
        return (p * np.log(p / q)).sum()

    assert result.mean_kl_nats == pytest.approx(np.mean([kl(a, b) for a, b in zip(expected, found, strict=True)]))

    def cosine(a, b):
        a, b = a - a.mean(), b - b.mean()
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    assert result.cosine == pytest.approx(np.mean([cosine(a, b) for a, b in zip(expected, found, strict=True)]))
    assert not result.accepted
    assert "measure what compression costs" in words.check_sentence(result)


def test_the_same_answers_are_accepted_in_every_format():
    values = np.random.default_rng(0).normal(size=(4, 7))
    for meaning in ("scores", "vector"):
        for limit in compare.LIMITS.values():
            comparison = compare.Comparison(meaning)
            comparison.add(values, values.astype(np.float32))
            result = comparison.result(limit)
            assert result.accepted
            assert (result.mean_kl_nats is None) == (meaning == "vector")
            compare.require(result)
            assert "Asked for" in words.check_sentence(result)
            assert "what compression costs" not in words.check_sentence(result)


def test_a_wrong_matrix_is_refused_with_the_figures():
    rng = np.random.default_rng(0)
    for format_id, limit in compare.LIMITS.items():
        comparison = compare.Comparison("vector")
        comparison.add(rng.normal(size=(8, 64)), rng.normal(size=(8, 64)))
        with pytest.raises(InvalidModelError) as caught:
            compare.require(comparison.result(limit))
        assert caught.value.code == "conversion-differs", format_id
        assert "mean cosine" in caught.value.message


@pytest.mark.parametrize("found", [np.full((2, 3), np.nan), np.full((2, 3), np.inf), np.zeros((2, 4))])
def test_no_numbers_and_other_shapes_are_refused_at_once(found):
    with pytest.raises(InvalidModelError) as caught:
        compare.Comparison("vector").add(np.zeros((2, 3)), found)
    assert caught.value.code == "conversion-wrong"


def test_full_precision_asks_for_more_than_four_bits():
    values = np.random.default_rng(1).normal(size=(50, 64))
    comparison = compare.Comparison("vector")
    comparison.add(values, values + np.random.default_rng(2).normal(size=values.shape) * 0.1)
    assert comparison.result(compare.LIMITS["onnx-int4-b32"]).accepted
    assert not comparison.result(compare.LIMITS["onnx-fp32"]).accepted


def test_drawn_images_and_sounds_are_the_same_each_time_and_not_flat():
    images, sound = samples.images(2, 3, 32, 48), samples.sound(16_000, 1)
    assert images.shape == (2, 3, 32, 48)
    assert np.array_equal(images, samples.images(2, 3, 32, 48))
    assert images.std() > 0.2
    assert np.abs(images).max() <= 1
    assert sound.std() > 0.01
    assert np.isfinite(sound).all()
