"""Agreement by hand, by the formulas of the sources and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pet_mtl.errors import MetricError
from pet_mtl.metrics import (
    bland_altman,
    concordance_correlation,
    concordance_correlation_interval,
)


def measured(seed, patients=40, rho=0.8, shift=0.3):
    rng = np.random.default_rng(seed)
    first = rng.normal(size=patients)
    second = shift + rho * first + math.sqrt(1 - rho**2) * rng.normal(size=patients)
    return first, second


def test_by_hand():
    # Differences 1, 2, 3: mean 2, deviation 1.
    result = bland_altman([2, 4, 6], [1, 2, 3])
    t = stats.t.ppf(0.975, 2)
    assert (result.bias.value, result.patients) == (2.0, 3)
    assert result.bias.high - 2 == pytest.approx(t / math.sqrt(3))
    assert result.lower.value == pytest.approx(2 - 1.959964)
    assert result.upper.value == pytest.approx(2 + 1.959964)
    # The source: s^2 (1/n + 1.96^2 / (2 (n - 1))), some 3 s^2 / n.
    error = math.sqrt(1 / 3 + 1.959964**2 / 4)
    assert result.upper.high - result.upper.value == pytest.approx(t * error)
    assert result.lower.width == pytest.approx(2 * t * error)


def test_interval_of_the_bias_is_that_of_the_paired_t_test():
    first, second = measured(1)
    peer = stats.ttest_rel(first, second).confidence_interval(0.9)
    bias = bland_altman(first, second, level=0.9).bias
    assert (bias.low, bias.high) == pytest.approx((peer.low, peer.high))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), unit=st.floats(0.01, 100))
def test_ratios_are_differences_of_logarithms_and_have_no_unit(seed, unit):
    first, second = np.exp(measured(seed))
    plain = bland_altman(np.log(first), np.log(second))
    ratio = bland_altman(unit * first, unit * second, ratio=True)
    for part in ("bias", "lower", "upper"):
        expected, found = getattr(plain, part), getattr(ratio, part)
        assert (found.value, found.low, found.high) == pytest.approx(
            (math.exp(expected.value), math.exp(expected.low), math.exp(expected.high))
        )


def test_limits_cover_their_truth():
    rng = np.random.default_rng(5)
    upper = 0.5 + stats.norm.ppf(0.975) * 2
    hits = np.zeros(2)
    for _ in range(1000):
        result = bland_altman(0.5 + 2 * rng.normal(size=50), np.zeros(50))
        hits += (
            result.bias.low <= 0.5 <= result.bias.high,
            result.upper.low <= upper <= result.upper.high,
        )
    assert np.all(np.abs(hits / 1000 - 0.95) <= 0.025)


def test_concordance_by_hand():
    assert concordance_correlation([1, 2, 3], [1, 2, 3]) == 1.0
    assert concordance_correlation([1, 2, 3], [3, 2, 1]) == -1.0
    # A shift by 1: 2 (2/3) / (2/3 + 2/3 + 1).
    assert concordance_correlation([1, 2, 3], [2, 3, 4]) == pytest.approx(4 / 7)
    # A factor of 2: 2 (4/3) / (2/3 + 8/3 + 4).
    assert concordance_correlation([1, 2, 3], [2, 4, 6]) == pytest.approx(8 / 22)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-2, 2), factor=st.floats(0.2, 5))
def test_concordance_is_correlation_times_accuracy(seed, shift, factor):
    first, second = measured(seed)
    second = factor * second + shift
    value = concordance_correlation(first, second)
    ratio = first.std() / second.std()
    u2 = (first.mean() - second.mean()) ** 2 / (first.std() * second.std())
    accuracy = 2 / (ratio + 1 / ratio + u2)
    assert value == pytest.approx(np.corrcoef(first, second)[0, 1] * accuracy)
    assert value == pytest.approx(concordance_correlation(second, first))
    assert abs(value) <= 1


def test_interval_is_symmetrical_in_both_and_around_z():
    first, second = measured(3)
    one = concordance_correlation_interval(first, second)
    other = concordance_correlation_interval(second, first)
    assert (one.low, one.high) == pytest.approx((other.low, other.high))
    middle = (math.atanh(one.low) + math.atanh(one.high)) / 2
    assert middle == pytest.approx(math.atanh(concordance_correlation(first, second)))


@pytest.mark.parametrize(
    ("rho", "shift"), [(0.9, 0.0), (0.8, 0.3), (0.8, 1.5), (-0.6, 0.5), (0.95, 3.0)]
)
def test_width_is_the_spread_of_the_estimates(rho, shift):
    """Decides between the variance of 1989 and the corrected one."""
    pairs = [measured(seed, 400, rho, shift) for seed in range(1500)]
    z = np.arctanh([concordance_correlation(*pair) for pair in pairs])
    intervals = [concordance_correlation_interval(*pair) for pair in pairs[:60]]
    widths = [math.atanh(i.high) - math.atanh(i.low) for i in intervals]
    assert np.mean(widths) / (2 * 1.959964) == pytest.approx(z.std(), rel=0.08)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: bland_altman([1], [2]), "METRIC_TOO_FEW"),
        (lambda: bland_altman([1, 2], [2, np.nan]), "METRIC_NOT_FINITE"),
        (lambda: bland_altman([1, 2], [2, 3, 4]), "METRIC_LENGTH"),
        (lambda: bland_altman([1, 0], [2, 3], ratio=True), "METRIC_NOT_POSITIVE"),
        (lambda: bland_altman([1, 1], [2, 3], level=2), "METRIC_LEVEL"),
        (lambda: concordance_correlation([2, 2], [2, 2]), "METRIC_CONSTANT"),
        (lambda: concordance_correlation_interval([1, 2, 3], [1, 2, 3]), "METRIC_NO_VARIANCE"),
        (lambda: concordance_correlation_interval([1, 2], [1, 3]), "METRIC_NO_VARIANCE"),
        (lambda: concordance_correlation_interval([1, 1, 1], [1, 3, 4]), "METRIC_NO_VARIANCE"),
    ],
)
def test_undefined_inputs_are_refused(call, code):
    with pytest.raises(MetricError) as caught:
        call()
    assert caught.value.code == code
