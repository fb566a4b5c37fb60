"""From answers to what compression costs in each language: with answers made up so that the result is known."""

import math

import numpy as np
import pytest

from advisor.errors import OutputError
from advisor.evaluate.answer_store import AnswerStore
from advisor.evaluate.compression_plan import losing
from advisor.evaluate.reader import Reading
from advisor.evaluate.sample import LanguageText
from advisor.evaluate.tally import Tally

CODES = ("en", "de", "fr", "sw", "am", "yo")
SENTENCES = 5


def texts(codes=CODES):
    return tuple(
        LanguageText(code=code, resource_class=2, sentences=tuple(f"{code} sentence {i}." for i in range(SENTENCES)))
        for code in codes
    )


def coin(share, num_tokens, came=0):
    return Reading(rows=np.log(np.array([[share, 1 - share]] * num_tokens)), targets=np.full(num_tokens, came))


def filled(shares, codes=CODES, kind="next-token", num_sentences=SENTENCES):
    tally = Tally(kind, texts(codes), SENTENCES)
    for sentence in range(num_sentences):
        for language, share in enumerate(shares):
            wobble = share * (1 + 0.01 * ((sentence * 7 + language * 3) % 5 - 2))
            num_tokens = 4 + sentence
            tally.add(language, sentence, coin(0.5, num_tokens), coin(0.5 + wobble, num_tokens))
    return tally


def test_figures_of_a_language_are_those_worked_by_hand():
    tally = Tally("next-token", texts(("de",)), SENTENCES)
    for sentence in range(SENTENCES):
        tally.add(0, sentence, coin(0.5, 10), coin(0.25, 10))
    (found,) = tally.languages()
    nats = math.log(2) - 0.5 * math.log(3)
    assert found.loss.value == pytest.approx(10 * nats, abs=1e-5)
    assert found.loss.unit == "nat/sentence"
    assert found.divergence.value == pytest.approx(nats, abs=1e-6)
    assert found.perplexity_ratio.value == pytest.approx(2, abs=1e-5)  # from 1/2 to 1/4 for the token that came
    assert found.bits_per_character.value == pytest.approx(10 / len("de sentence 0."), abs=1e-5)
    assert found.added_bits_per_character.value == pytest.approx(10 / len("de sentence 0."), abs=1e-5)
    assert found.agreement.value == 0  # the original's first choice is the first of two equals
    assert (found.num_tokens, found.num_sentences, found.size_bytes) == (50, 5, 5 * 14)
    assert found.average_ratio is None
    assert not found.loses_more
    assert found.loss.evidence == "measured"


def test_the_language_that_surely_loses_more_is_named_and_no_other():
    found = filled([0.1, 0.1, 0.1, 0.1, 0.2, 0.1]).languages()
    assert [item.code for item in found if item.loses_more] == ["am"]
    worst = found[4]
    assert worst.average_ratio.low > 1.25
    assert worst.average_ratio.low < worst.average_ratio.value < worst.average_ratio.high


def test_a_sure_but_small_difference_is_no_warning():
    found = filled([0.100, 0.100, 0.100, 0.100, 0.108, 0.100]).languages()
    assert found[4].average_ratio.low > 1
    assert found[4].average_ratio.value < 1.25
    assert not found[4].loses_more


def test_with_too_few_languages_or_sentences_nothing_is_held_against_an_average():
    assert all(item.average_ratio is None for item in filled([0.1, 0.3], codes=("en", "de")).languages())
    short = filled([0.1, 0.1, 0.1, 0.1, 0.2, 0.1], num_sentences=2)
    assert not any(item.loses_more for item in short.languages())
    assert all(item.loss.low is None for item in short.languages())
    assert short.languages()[0].num_sentences == 2


def test_a_model_against_itself_loses_nothing():
    tally = filled([0.0] * 6)
    assert all(item.loss.value == 0 and item.agreement.value == 1 for item in tally.languages())
    assert not any(item.loses_more for item in tally.languages())
    assert tally.average().value == 0
    assert tally.whole("perplexity_ratio").value == 1


def test_averages_count_each_language_the_same():
    tally = filled([0.1, 0.1, 0.1, 0.1, 0.1, 0.3])
    parts = tally.languages()
    assert tally.average().value == pytest.approx(np.mean([item.loss.value for item in parts]))
    ratios = [math.log(item.perplexity_ratio.value) for item in parts]
    assert tally.whole("perplexity_ratio").value == pytest.approx(math.exp(np.mean(ratios)))
    assert tally.whole("cosine") is None


def test_vectors_are_compared_by_cosine_and_by_the_sentence_they_find():
    random = np.random.default_rng(1)
    meaning = random.normal(size=(SENTENCES, 8))
    tally = Tally("embedding", texts(("en", "de")), SENTENCES)
    for sentence in range(SENTENCES):
        english, german = meaning[sentence], meaning[sentence] + 0.01
        lost = meaning[(sentence + 1) % SENTENCES]  # the compressed model takes each German sentence for the next one
        tally.add(0, sentence, Reading(rows=english[None]), Reading(rows=english[None]))
        tally.add(1, sentence, Reading(rows=german[None]), Reading(rows=lost[None]))
    english, german = tally.languages()
    assert english.loss.value == pytest.approx(0, abs=1e-12)
    assert english.translation_share is None
    assert german.translation_share == 1
    assert german.compressed_translation_share == 0
    assert german.agreement.value == 0
    assert (english.agreement.value, english.agreement.high) == (1, 1)
    assert english.agreement.low == pytest.approx(1 / (1 + 1.96**2 / 5), abs=1e-3)  # Wilson's, of 5 of 5
    cosine = np.mean([
        (meaning[i] + 0.01) @ meaning[(i + 1) % SENTENCES]
        / np.linalg.norm(meaning[i] + 0.01) / np.linalg.norm(meaning[(i + 1) % SENTENCES])
        for i in range(SENTENCES)
    ])  # fmt: skip
    assert german.cosine.value == pytest.approx(cosine)
    assert german.loss.value == pytest.approx(1 - cosine)
    assert german.perplexity_ratio is german.divergence is None


def test_answers_kept_on_disk_move_a_divergence_by_less_than_a_thousandth(tmp_path):
    random = np.random.default_rng(5)
    scores, other = random.normal(scale=4, size=(2, 20, 3000)).astype(np.float32)
    store = AnswerStore(tmp_path, "next-token")
    came = random.integers(0, 3000, 20)
    store.put(0, 3, Reading(rows=scores, targets=came))
    kept = store.get(0, 3)
    assert np.array_equal(kept.targets, came)
    assert kept.rows.shape == scores.shape
    direct, stored = Tally("next-token", texts(("de",)), SENTENCES), Tally("next-token", texts(("de",)), SENTENCES)
    for against in (scores + 0.1 * other, scores):
        direct.add(0, 0, Reading(rows=scores, targets=came), Reading(rows=against))
        stored.add(0, 0, kept, Reading(rows=against))
        difference = direct.languages()[0].divergence.value - stored.languages()[0].divergence.value
        assert abs(difference) < 1e-3
    assert next(store.folder.glob("*rows*")).stat().st_size == pytest.approx(20 * 3000 * 2, abs=200)
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_answers_that_have_no_room_are_refused_before_they_are_made(tmp_path):
    store = AnswerStore(tmp_path, "next-token")
    with pytest.raises(OutputError) as caught:
        store.check_room(10**18)
    assert caught.value.code == "disk-full"
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        AnswerStore(tmp_path / "file" / "below", "next-token")


def test_losing_languages_stand_the_worst_first():
    found = filled([0.1, 0.1, 0.1, 0.25, 0.3, 0.1]).languages()
    assert [item.code for item in losing(found)] == ["am", "sw"]


def test_a_great_but_unsure_difference_is_no_warning():
    tally = Tally("next-token", texts(), SENTENCES)
    for sentence in range(SENTENCES):
        for language in range(len(CODES)):
            share = 0.6 if language != 4 or sentence else 0.95  # one sentence alone makes the difference
            tally.add(language, sentence, coin(0.5, 5), coin(share, 5))
    found = tally.languages()[4]
    assert found.average_ratio.value > 1.25
    assert found.average_ratio.low < 1
    assert not found.loses_more
