"""Intervals that hold what they promise, tests against published values, verdicts that err as rarely as they say."""

import random
from statistics import fmean

import pytest

from advisor.errors import InvalidInputError
from advisor.examples import confidence
from advisor.examples.enough import MAX_NUM_MORE, enough, num_needed
from advisor.report import examples as words


def results(both, only_small, only_large, neither):
    """Results of both candidates from how many examples each has right."""
    small = [True] * (both + only_small) + [False] * (only_large + neither)
    large = [True] * both + [False] * only_small + [True] * only_large + [False] * neither
    return small, large


@pytest.mark.parametrize(
    ("num_right", "num_all", "low", "high"),
    [  # the first two: Newcombe 1998, Statistics in Medicine 17:857, table I; others: statsmodels proportion_confint
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
        (8, 10, 0.49016, 0.94332), (10, 10, 0.72247, 1.0),
    ],
)  # fmt: skip
def test_wilson(num_right, num_all, low, high):
    found = confidence.wilson(num_right, num_all)
    assert (found.low_share, found.high_share) == pytest.approx((low, high), abs=6e-5)


def _share_held(make, truth, num_trials):
    held = 0
    for trial in range(num_trials):
        found = make(random.Random(trial))
        held += found.low_share <= truth <= found.high_share
    return held / num_trials


@pytest.mark.parametrize(("share", "num_all"), [(0.5, 60), (0.8, 120), (0.93, 200)])
def test_wilson_holds_the_truth_as_often_as_it_says(share, num_all):
    def make(own):
        return confidence.wilson(sum(own.random() < share for _ in range(num_all)), num_all)

    assert 0.93 <= _share_held(make, share, 2000) <= 0.97


def test_the_bootstrap_holds_the_truth_as_often_as_it_says():
    def make(own):
        values = [own.betavariate(2, 1) for _ in range(80)]
        return confidence.bootstrap(values, fmean, num_draws=400, seed=own.randrange(10**9))

    assert 0.93 <= _share_held(make, 2 / 3, 500) <= 0.97


def test_the_bootstrap_is_the_same_with_the_same_seed_and_leaves_other_draws_alone():
    values = [random.Random(9).random() ** 2, *(0.013 * index**1.3 for index in range(30))]
    random.seed(5)
    before = random.getstate()
    one = confidence.bootstrap(values, fmean, seed=3)
    assert random.getstate() == before
    assert confidence.bootstrap(values, fmean, seed=3) == one
    assert confidence.bootstrap(values, fmean, seed=4) != one
    assert confidence.bootstrap([0.4] * 9, fmean).low_share == pytest.approx(0.4)


@pytest.mark.parametrize(("only_small", "only_large", "both"), [(0.05, 0.09, 0.7), (0.02, 0.02, 0.9), (0.15, 0.1, 0.5)])
def test_the_paired_interval_holds_the_truth_as_often_as_it_says(only_small, only_large, both):
    def make(own):
        drawn = own.choices("slb.", [only_small, only_large, both, 1 - only_small - only_large - both], k=150)
        return confidence.paired_difference(drawn.count("s"), drawn.count("l"), 150)

    assert 0.93 <= _share_held(make, only_large - only_small, 1000) <= 0.97


@pytest.mark.parametrize(
    ("num_only_first", "num_only_second", "num_all", "low", "high"),
    [  # the airway table of Fagerland, Lydersen and Laake 2014, Statistics in Medicine 33:2850; and z2 / (n + z2)
        (7, 1, 21, -0.517, -0.026), (1, 7, 21, 0.026, 0.517), (0, 0, 100, -0.0370, 0.0370),
    ],
)  # fmt: skip
def test_the_paired_interval_is_the_published_one(num_only_first, num_only_second, num_all, low, high):
    found = confidence.paired_difference(num_only_first, num_only_second, num_all)
    assert (found.low_share, found.high_share) == pytest.approx((low, high), abs=6e-4)


@pytest.mark.parametrize(
    ("first", "second", "p", "method"),
    [  # statsmodels mcnemar(exact=True) below 25, else exact=False, correction=True; 121/59 is of its own example
        (0, 6, 0.03125, "exact"), (5, 15, 0.04138946533203125, "exact"), (1, 9, 0.021484375, "exact"),
        (10, 11, 1.0, "exact"), (0, 0, 1.0, "exact"), (121, 59, 5.450094825427117e-06, "chi"),
        (86, 150, 4.114562281345944e-05, "chi"),
    ],
)  # fmt: skip
def test_mcnemar(first, second, p, method):
    for one, two in ((first, second), (second, first)):
        found = confidence.mcnemar(one, two)
        assert found.p_share == pytest.approx(p, rel=1e-9)
        assert found.method.startswith(method)


def test_equal_candidates_are_said_to_differ_no_more_often_than_promised():
    own, wrong = random.Random(1), 0
    for _ in range(2000):
        drawn = own.choices("sl.", [0.1, 0.1, 0.8], k=200)
        wrong += confidence.mcnemar(drawn.count("s"), drawn.count("l")).p_share < 0.05
    assert 0.01 <= wrong / 2000 <= 0.055


def test_a_smaller_one_just_too_bad_is_called_enough_no_more_often_than_promised():
    own, wrong = random.Random(2), 0
    for _ in range(600):
        drawn = own.choices("sl.", [0.03, 0.05, 0.92], k=800)
        small, large = results(drawn.count("."), drawn.count("s"), drawn.count("l"), 0)
        wrong += enough(small, large).finding == "smaller-is-enough"
    assert 0.005 <= wrong / 600 <= 0.045


def test_the_smaller_one_is_enough():
    found = enough(*results(900, 20, 20, 60))
    assert found.finding == "smaller-is-enough"
    assert found.num_more is None
    assert found.interval.high_share < 0.02
    assert words.verdict_sentence(found).startswith("The smaller one is enough: 920 and 920 of 1,000 right")


def test_the_larger_one_is_better():
    found = enough(*results(60, 2, 20, 18))
    assert found.finding == "larger-is-better"
    assert found.difference_share == pytest.approx(0.18)
    assert "The larger one is better: 62 and 80 of 100 right" in words.verdict_sentence(found)


def test_a_real_difference_below_the_margin_leaves_the_smaller_one_enough():
    found = enough(*results(9900, 10, 60, 30), margin_share=0.02)
    assert found.test.p_share < 0.05
    assert found.finding == "smaller-is-enough"


def test_a_better_smaller_one_is_enough():
    found = enough(*results(60, 25, 3, 12))
    assert found.finding == "smaller-is-enough"
    assert "the smaller one is ahead by 22 points (95 % interval 12.7 to 31.9)" in words.verdict_sentence(found)


def test_two_that_never_differ_still_need_examples():
    found = enough(*results(10, 0, 0, 0))
    assert found.finding == "too-few"
    # The score interval without a difference ends at z2 / (n + z2): below 2 % from 189 examples on.
    assert found.num_more == 179
    assert enough(*results(189, 0, 0, 0)).finding == "smaller-is-enough"
    assert enough(*results(188, 0, 0, 0)).finding == "too-few"
    assert words.verdict_sentence(found).startswith("Too few examples to tell: about 179 more would.")


def test_the_number_that_would_tell_is_that_of_the_formulas():
    # Connor 1987, 5 % and 80 %: (1.95996 sqrt(0.3) + 0.84162 sqrt(0.3 - 0.1^2))^2 / 0.1^2 = 233.0
    assert num_needed(0.1, 0.2, 0.02, 0.95) == pytest.approx(233.0, abs=0.1)
    # Liu 2002: (1.95996 + 0.84162)^2 * 0.1 / 0.02^2 = 1962.2
    assert num_needed(0.05, 0.05, 0.02, 0.95) == pytest.approx(1962.2, abs=0.1)


def test_as_many_more_as_said_do_tell_four_times_in_five():
    own, told = random.Random(3), 0
    num = round(num_needed(0.1, 0.2, 0.02, 0.95))
    for _ in range(400):
        drawn = own.choices("sl.", [0.1, 0.2, 0.7], k=num)
        told += enough(*results(drawn.count("."), drawn.count("s"), drawn.count("l"), 0)).finding == "larger-is-better"
    assert 0.74 <= told / 400 <= 0.86


def test_a_difference_at_the_margin_needs_more_than_can_be_asked():
    found = enough(*results(5000, 2450, 2550, 0), margin_share=0.0100001)
    assert found.finding == "too-few"
    assert 0 < found.num_more <= MAX_NUM_MORE
    far = enough(*results(0, 5000, 5001, 0), margin_share=0.0002)
    assert far.num_more == MAX_NUM_MORE
    assert "at least 100,000 more would" in words.verdict_sentence(far)


@pytest.mark.parametrize("pair", [([], []), ([True], [True, False])])
def test_what_cannot_be_compared(pair):
    with pytest.raises(InvalidInputError, match="compared in pairs"):
        enough(*pair)


def test_margins_and_counts_that_cannot_be():
    for margin in (0, 1, -0.1):
        with pytest.raises(InvalidInputError):
            enough([True], [True], margin_share=margin)
    for counts in ((-1, 0), (0, -1)):
        with pytest.raises(InvalidInputError):
            confidence.mcnemar(*counts)
    for right, num in ((1, 0), (2, 1), (-1, 3), (0, 0)):
        with pytest.raises(InvalidInputError):
            confidence.wilson(right, num)
    with pytest.raises(InvalidInputError):
        confidence.paired_difference(5, 6, 10)
    with pytest.raises(InvalidInputError):
        confidence.bootstrap([], fmean)
