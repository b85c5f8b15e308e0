"""Calibration at a horizon against lifelines, scikit-learn, identities and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from scipy import stats
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from pet_mtl.errors import MetricError
from pet_mtl.metrics import (
    calibration_slope,
    kaplan_meier,
    kaplan_meier_interval,
    observed_over_expected,
    survival_calibration_groups,
    survival_calibration_slope,
)
from pet_mtl.metrics.survival_calibration import horizon_weights

HORIZON = 10.0


def cohort(seed, patients=100, ties=False):
    """Exponential times whose rate depends on one number; the true survival at the horizon."""
    rng = np.random.default_rng(seed)
    rate = 0.07 * np.exp(0.8 * rng.normal(size=patients))
    lived, followed = rng.exponential(1 / rate), rng.uniform(2, 40, patients)
    lived, followed = (np.ceil(lived), np.ceil(followed)) if ties else (lived, followed)
    time = np.minimum(lived, followed)
    time[0] = 60.0
    return time, lived <= followed, np.exp(-rate * HORIZON)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), ties=st.booleans(), level=st.floats(0.6, 0.99))
def test_interval_equals_lifelines(seed, ties, level):
    time, event, _ = cohort(seed, 40, ties)
    fitter = KaplanMeierFitter(alpha=1 - level).fit(time, event)
    band = fitter.confidence_interval_
    row = band[band.index <= HORIZON].iloc[-1]
    ours = kaplan_meier_interval(time, event, HORIZON, level)
    assert ours.value == pytest.approx(fitter.predict(HORIZON))
    if ours.value < 1:
        assert (ours.low, ours.high) == pytest.approx(tuple(row))


def test_interval_without_an_event_is_clopper_and_pearsons():
    interval = kaplan_meier_interval([1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 1], 2.5)
    exact = stats.binomtest(4, 4).proportion_ci(0.95)
    assert (interval.value, interval.low, interval.high) == (1.0, pytest.approx(exact.low), 1.0)
    interval = kaplan_meier_interval([1, 2, 3], [1, 1, 1], 3)
    exact = stats.binomtest(0, 3).proportion_ci(0.95)
    assert (interval.value, interval.low, interval.high) == (0.0, 0.0, pytest.approx(exact.high))


def test_groups_by_hand():
    time, event = [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 0, 1, 0, 0, 1, 0]
    predicted = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    low, high = survival_calibration_groups(time, event, predicted, 3.5, 2)
    # Two of four had the event, the third is censored at 3.
    assert (low.patients, low.predicted, low.observed.value) == (4, pytest.approx(0.25), 0.5)
    assert (high.patients, high.predicted, high.observed.value) == (4, pytest.approx(0.65), 1.0)
    assert low.observed == kaplan_meier_interval(time[:4], event[:4], 3.5)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), groups=st.integers(1, 6))
def test_groups_hold_every_patient_once(seed, groups):
    time, event, survival = cohort(seed)
    curve = survival_calibration_groups(time, event, survival, HORIZON, groups)
    assert sum(g.patients for g in curve) == 100
    mean = sum(g.patients * g.predicted for g in curve) / 100
    assert mean == pytest.approx(survival.mean())
    assert [g.predicted for g in curve] == sorted(g.predicted for g in curve)
    assert all(g.observed.low <= g.observed.value <= g.observed.high for g in curve)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), ties=st.booleans())
def test_weights_give_kaplan_and_meiers_estimate(seed, ties):
    time, event, _ = cohort(seed, 50, ties)
    had, weight = horizon_weights(time, event, HORIZON)
    lived = kaplan_meier(time, event).at(HORIZON)
    assert weight[had].sum() / 50 == pytest.approx(1 - lived)
    assert weight[~had].sum() / 50 == pytest.approx(lived)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_slope_equals_scikit_learn(seed):
    time, event, survival = cohort(seed)
    had, weight = horizon_weights(time, event, HORIZON)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    model.fit(logit(1 - survival)[:, None], had, sample_weight=weight)
    slope = survival_calibration_slope(time, event, survival, HORIZON).value
    assert slope == pytest.approx(model.coef_[0, 0], abs=1e-5)


def test_slope_without_censoring_is_the_binary_one():
    time, _, survival = cohort(3)
    event = np.ones(100, bool)
    slope = survival_calibration_slope(time, event, survival, HORIZON)
    binary = calibration_slope(time <= HORIZON, 1 - survival)
    assert slope.value == pytest.approx(binary.value)
    assert slope.width == pytest.approx(binary.width, rel=0.3)  # robust and model-based errors


def test_slope_and_ratio_cover_the_truth():
    hits = np.zeros(2)
    for seed in range(400):
        time, event, survival = cohort(seed, 250)
        extreme = expit(2 * logit(survival))  # slope 1/2
        slope = survival_calibration_slope(time, event, extreme, HORIZON)
        ratio = observed_over_expected(time, event, 1 - (1 - survival) / 2, HORIZON)
        hits += (slope.low <= 0.5 <= slope.high, ratio.low <= 2 <= ratio.high)
    # The ratio's expectation varies with the cohort as its events do: it covers more.
    assert 0.92 <= hits[0] / 400 <= 0.98
    assert 0.93 <= hits[1] / 400


def test_ratio_by_hand():
    # Half had the event by 2; a quarter was predicted.
    ratio = observed_over_expected([1, 2, 3, 4], [1, 1, 0, 0], [0.75] * 4, 2.0)
    lived = kaplan_meier_interval([1, 2, 3, 4], [1, 1, 0, 0], 2.0)
    assert ratio.value == pytest.approx(2.0)
    assert ratio.low == pytest.approx((1 - lived.high) / 0.25)
    assert ratio.high == pytest.approx((1 - lived.low) / 0.25)


TIME, EVENT, HALF = [1.0, 2.0, 3.0, 4.0], [1, 0, 1, 0], [0.2, 0.4, 0.5, 0.6]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: survival_calibration_slope(TIME, EVENT, HALF, 0.5), "METRIC_ONE_CLASS"),
        (lambda: survival_calibration_slope(TIME, EVENT, [0, 0.4, 0.5, 0.6], 2), "METRIC_CERTAIN"),
        (lambda: survival_calibration_slope(TIME, EVENT, HALF, 4.0), "METRIC_HORIZON"),
        (lambda: survival_calibration_slope(TIME, EVENT, [0.5] * 4, 3.5), "METRIC_CONSTANT"),
        (lambda: survival_calibration_groups(TIME, EVENT, HALF[:3], 2), "METRIC_LENGTH"),
        (lambda: survival_calibration_groups(TIME, EVENT, HALF, 2.5, 2), "METRIC_HORIZON"),
        (lambda: survival_calibration_groups(TIME, EVENT, HALF, np.nan), "METRIC_NOT_FINITE"),
        (lambda: survival_calibration_groups(TIME, [1, 0, 1, 2], HALF, 2), "METRIC_NOT_BINARY"),
        (lambda: observed_over_expected(TIME, EVENT, [1.0] * 4, 2), "METRIC_UNDEFINED"),
        (lambda: observed_over_expected(TIME, EVENT, [1.1] * 4, 2), "METRIC_PROBABILITY"),
        (lambda: kaplan_meier_interval([1, 2], [1, 0], 3), "METRIC_HORIZON"),
        (lambda: kaplan_meier_interval([], [], 3), "METRIC_EMPTY"),
    ],
)
def test_undefined_inputs_are_refused(call, code):
    with pytest.raises(MetricError) as caught:
        call()
    assert caught.value.code == code
