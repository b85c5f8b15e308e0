"""DeLong against the placements computed pair by pair, hand-solved cases and simulation."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pet_mtl.errors import MetricError
from pet_mtl.metrics import auc_interval, auc_variance, compare_aucs, roc_auc
from pet_mtl.metrics._ranks import middle_ranks

HAND = ([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])


def cohort(seed, patients=40, decimals=1):
    rng = np.random.default_rng(seed)
    label = np.append(rng.random(patients - 4) < 0.4, [True, True, False, False])
    first = np.round(rng.normal(size=patients) + label, decimals)
    second = np.round(0.5 * first + rng.normal(size=patients) + 0.5 * label, decimals)
    return label, first, second


def pairwise_covariance(label, scores):
    """The placements by all pairs of a positive and a negative: O(n m)."""
    kernels = [
        (np.sign(s[label][:, None] - s[~label][None, :]) + 1) / 2 for s in scores
    ]  # (positives, negatives)
    above = np.array([kernel.mean(axis=1) for kernel in kernels])
    below = np.array([kernel.mean(axis=0) for kernel in kernels])
    return np.cov(above) / label.sum() + np.cov(below) / (~label).sum()


def test_by_hand():
    # Placements of the positives 1/2 and 1, of the negatives 1 and 1/2: variance 1/8 each.
    assert auc_variance(*HAND) == 0.125
    # One positive draws with the upper negative: placements 1/4 + 1/2 = 3/4, 1 and 1, 3/4.
    tied = 2 * np.var([0.75, 1.0], ddof=1) / 2
    assert auc_variance([0, 0, 1, 1], [1, 2, 2, 3]) == tied


def test_intervals_by_hand():
    half = 1.959963984540054 * math.sqrt(0.125)
    plain = auc_interval(*HAND, logit=False)
    assert plain.value == 0.75
    assert plain.low == pytest.approx(0.75 - half)
    assert plain.high == 1.0
    logit = auc_interval(*HAND)
    reach = half / (0.75 * 0.25)
    assert math.log(logit.low / (1 - logit.low)) == pytest.approx(math.log(3) - reach)
    assert math.log(logit.high / (1 - logit.high)) == pytest.approx(math.log(3) + reach)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), decimals=st.integers(0, 6))
def test_equals_all_pairs(seed, decimals):
    label, first, second = cohort(seed, decimals=decimals)
    expected = pairwise_covariance(label, [first, second])
    assert auc_variance(label, first) == pytest.approx(expected[0, 0], abs=1e-14)
    assert auc_variance(label, second) == pytest.approx(expected[1, 1], abs=1e-14)
    variance = expected[0, 0] + expected[1, 1] - 2 * expected[0, 1]
    value = roc_auc(label, first) - roc_auc(label, second)
    result = compare_aucs(label, first, second)
    assert result.difference.value == pytest.approx(value)
    assert result.z == pytest.approx(value / math.sqrt(variance))
    assert result.p_value == pytest.approx(2 * stats.norm.sf(abs(result.z)))
    assert result.difference.width == pytest.approx(2 * 1.959964 * math.sqrt(variance), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_only_ranks_count_and_sides_mirror(seed):
    label, first, second = cohort(seed)
    assert auc_variance(label, np.exp(first)) == pytest.approx(auc_variance(label, first))
    assert auc_variance(label, -first) == pytest.approx(auc_variance(label, first))
    forth, back = compare_aucs(label, first, second), compare_aucs(label, second, first)
    assert forth.p_value == pytest.approx(back.p_value)
    assert forth.z == pytest.approx(-back.z)
    upper, lower = auc_interval(label, first), auc_interval(label, -first)
    assert (upper.low, upper.high) == pytest.approx((1 - lower.high, 1 - lower.low))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), values=st.integers(1, 30))
def test_middle_ranks_equal_scipy(seed, values):
    rows = np.random.default_rng(seed).integers(0, 6, (3, values)).astype(float)
    np.testing.assert_array_equal(middle_ranks(rows), stats.rankdata(rows, axis=1))


def test_the_test_keeps_its_level():
    rng = np.random.default_rng(8)
    label = np.arange(80) % 2 == 0
    truth = label + rng.normal(size=(600, 80))
    first, second = truth + rng.normal(size=truth.shape), truth + rng.normal(size=truth.shape)
    p = [compare_aucs(label, a, b).p_value for a, b in zip(first, second, strict=True)]
    rejected = np.mean(np.array(p) < 0.05)
    assert rejected == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 600))


def test_two_hundred_thousand_patients_take_a_second():
    label, first, second = cohort(3, 200_000, 6)
    start = time.process_time()
    compare_aucs(label, first, second)
    assert time.process_time() - start < 5  # all pairs would be 10^10


@pytest.mark.parametrize(
    ("label", "score", "code"),
    [
        ([0, 1, 1], [1, 2, 3], "METRIC_TOO_FEW"),
        ([0, 0, 1], [1, 2, 3], "METRIC_TOO_FEW"),
        ([1, 1], [1, 2], "METRIC_ONE_CLASS"),
        ([0, 0, 1, 1], [1, 2, 3, np.nan], "METRIC_NOT_FINITE"),
        ([0, 0, 1, 1], [1, 2, 3, 4], "METRIC_NO_VARIANCE"),
        ([0, 0, 1, 1], [1, 1, 1, 1], "METRIC_NO_VARIANCE"),
    ],
)
def test_undefined_intervals_are_refused(label, score, code):
    with pytest.raises(MetricError) as caught:
        auc_interval(label, score)
    assert caught.value.code == code


def test_scores_that_rank_alike_cannot_be_compared():
    label, first, _ = cohort(4)
    with pytest.raises(MetricError, match="METRIC_NO_VARIANCE"):
        compare_aucs(label, first, 2 * first + 1)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, float("nan")])
def test_a_level_is_a_probability(level):
    with pytest.raises(MetricError, match="METRIC_LEVEL"):
        auc_interval(*HAND, level)
