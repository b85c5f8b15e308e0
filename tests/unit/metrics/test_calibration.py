"""Calibration of a binary outcome against scikit-learn, derivations and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from scipy.special import expit, logit
from sklearn import metrics as peer
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from pet_mtl.errors import MetricError
from pet_mtl.metrics import (
    binary_brier_score,
    brier_parts,
    calibration_groups,
    calibration_intercept,
    calibration_slope,
    expected_calibration_error,
    scaled_brier_score,
    wilson_interval,
)
from pet_mtl.metrics._logistic import fit_logistic


def cohort(seed, patients=80, decimals=9):
    rng = np.random.default_rng(seed)
    linear = rng.normal(size=patients)
    label = rng.random(patients) < expit(0.5 + 0.7 * linear)
    label[:2] = True, False
    return label, np.clip(np.round(expit(linear), decimals), 0.01, 0.99)


def test_intercept_by_hand():
    # All predicted 0.5: the shift is the logit of the share, its error 1 / sqrt(n p q).
    interval = calibration_intercept([1, 1, 1, 0], [0.5] * 4)
    assert interval.value == pytest.approx(math.log(3))
    assert interval.high - interval.value == pytest.approx(1.959964 / math.sqrt(4 * 0.75 * 0.25))


def test_slope_by_hand():
    # Two predicted values, logits -1 and 1; observed 1/4 and 3/4: slope (ln 3 + ln 3) / 2.
    label, predicted = [1, 0, 0, 0, 1, 1, 1, 0], [expit(-1)] * 4 + [expit(1)] * 4
    interval = calibration_slope(label, predicted)
    assert interval.value == pytest.approx(math.log(3))
    # Each share's logit has variance 1 / (4 * 3/4 * 1/4); the slope is half their difference.
    error = math.sqrt(2 / (4 * 0.75 * 0.25)) / 2
    assert interval.high - interval.value == pytest.approx(1.959964 * error)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_slope_equals_scikit_learn(seed):
    label, predicted = cohort(seed)
    column = logit(predicted)[:, None]
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(column, label)
    assert calibration_slope(label, predicted).value == pytest.approx(model.coef_[0, 0], abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_intercept_solves_its_equation(seed):
    """The shifted predictions add up to the positives; the error is the curvature there."""
    label, predicted = cohort(seed)
    linear = logit(predicted)
    root = optimize.brentq(lambda a: expit(linear + a).sum() - label.sum(), -20, 20)
    interval = calibration_intercept(label, predicted)
    assert interval.value == pytest.approx(root, abs=1e-8)
    shifted = expit(linear + root)
    half = 1.959964 / math.sqrt((shifted * (1 - shifted)).sum())
    assert interval.width == pytest.approx(2 * half, rel=1e-5)


def test_errors_of_the_slope_are_the_inverse_curvature():
    label, predicted = cohort(5)
    columns = np.stack([np.ones(80), logit(predicted)], axis=1)

    def gradient(values):
        return columns.T @ (label - expit(columns @ values))

    fit = fit_logistic(columns, label)
    np.testing.assert_allclose(gradient(fit.coefficients), 0.0, atol=1e-8)
    steps = 1e-5 * np.eye(2)
    curvature = [
        (gradient(fit.coefficients + s) - gradient(fit.coefficients - s)) / 2e-5 for s in steps
    ]
    expected = np.sqrt(np.diag(np.linalg.inv(-np.array(curvature))))
    np.testing.assert_allclose(fit.errors, expected, rtol=1e-6)


def test_robust_errors_of_equal_weights_do_not_depend_on_the_weight():
    label, predicted = cohort(6)
    columns = np.stack([np.ones(80), logit(predicted)], axis=1)
    one = fit_logistic(columns, label, weight=np.ones(80))
    three = fit_logistic(columns, label, weight=np.full(80, 3.0))
    np.testing.assert_allclose(one.coefficients, three.coefficients, atol=1e-9)
    np.testing.assert_allclose(one.errors, three.errors, rtol=1e-8)
    # A doubled patient is two patients to the coefficients.
    twice = fit_logistic(np.vstack([columns, columns[:9]]), np.append(label, label[:9]))
    heavy = fit_logistic(columns, label, weight=np.append(np.full(9, 2.0), np.ones(71)))
    np.testing.assert_allclose(twice.coefficients, heavy.coefficients, atol=1e-9)


def test_intervals_cover_the_truth():
    rng = np.random.default_rng(11)
    hits = np.zeros(2)
    for _ in range(400):
        linear = rng.normal(size=200)
        label = rng.random(200) < expit(0.5 * linear - 0.3)
        # Predicted logits: true ones times 2, so that the slope is 1/2.
        slope = calibration_slope(label, expit(linear))
        shift = calibration_intercept(label, expit(0.5 * linear))
        hits += (slope.low <= 0.5 <= slope.high, shift.low <= -0.3 <= shift.high)
    assert np.all(hits / 400 >= 0.92) and np.all(hits / 400 <= 0.98)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), groups=st.integers(1, 12), decimals=st.integers(1, 9))
def test_groups_equal_scikit_learn(seed, groups, decimals):
    label, predicted = cohort(seed, decimals=decimals)
    observed, mean = calibration_curve(label, predicted, n_bins=groups, strategy="quantile")
    curve = calibration_groups(label, predicted, groups)
    np.testing.assert_allclose([g.observed.value for g in curve], observed)
    np.testing.assert_allclose([g.predicted for g in curve], mean)
    assert sum(g.patients for g in curve) == 80
    for g in curve:
        assert g.observed == wilson_interval(round(g.observed.value * g.patients), g.patients)


def test_calibration_error_by_hand():
    label, predicted = [0, 1, 1, 1], [0.1, 0.3, 0.7, 0.9]
    # Groups of two: |1/2 - 0.2| and |1 - 0.8|.
    assert expected_calibration_error(label, predicted, 2) == pytest.approx(0.25)
    assert expected_calibration_error([0, 1, 0, 1], [0.5] * 4, 3) == 0.0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), groups=st.integers(1, 80), decimals=st.integers(1, 9))
def test_brier_score_and_its_parts(seed, groups, decimals):
    label, predicted = cohort(seed, decimals=decimals)
    score = binary_brier_score(label, predicted)
    assert score == pytest.approx(peer.brier_score_loss(label, predicted))
    parts = brier_parts(label, predicted, groups)
    assert parts.score == pytest.approx(score, abs=1e-12)
    assert min(parts.reliability, parts.resolution) >= 0
    assert parts.uncertainty == pytest.approx(label.mean() * (1 - label.mean()))


def test_parts_by_hand():
    # Groups 0.2 (0 of 2) and 0.8 (1 of 2), share 1/4.
    parts = brier_parts([0, 0, 1, 0], [0.2, 0.2, 0.8, 0.8], 2)
    assert parts.reliability == pytest.approx((0.2**2 + 0.3**2) / 2)
    assert parts.resolution == pytest.approx(0.25**2)
    assert parts.uncertainty == pytest.approx(3 / 16)
    assert parts.within == pytest.approx(0.0, abs=1e-15)


def test_scaled_brier_score_by_hand():
    assert scaled_brier_score([0, 1], [0.0, 1.0]) == 1.0
    assert scaled_brier_score([0, 0, 0, 1], [0.25] * 4) == pytest.approx(0.0)
    assert scaled_brier_score([0, 1], [1.0, 0.0]) == pytest.approx(-3.0)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: calibration_slope([0, 1], [0.2, 1.0]), "METRIC_CERTAIN"),
        (lambda: calibration_slope([0, 1], [0.2, 1.2]), "METRIC_PROBABILITY"),
        (lambda: calibration_slope([0, 1], [0.2, np.nan]), "METRIC_NOT_FINITE"),
        (lambda: calibration_slope([0, 0], [0.2, 0.3]), "METRIC_ONE_CLASS"),
        (lambda: calibration_slope([0, 1, 1], [0.4, 0.4, 0.4]), "METRIC_CONSTANT"),
        (lambda: calibration_intercept([1, 1], [0.2, 0.3]), "METRIC_ONE_CLASS"),
        (lambda: calibration_groups([0, 1], [0.2, 0.3], 3), "METRIC_GROUPS"),
        (lambda: calibration_groups([0, 1], [0.2, 0.3], 0), "METRIC_GROUPS"),
        (lambda: binary_brier_score([0, 1], [-0.1, 0.3]), "METRIC_PROBABILITY"),
        (lambda: brier_parts([0, 1, 0], [0.1, 0.3]), "METRIC_LENGTH"),
    ],
)
def test_undefined_inputs_are_refused(call, code):
    with pytest.raises(MetricError) as caught:
        call()
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("label", "predicted"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]),
        ([0, 0, 1, 1], [0.9, 0.8, 0.3, 0.4]),
        ([0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.3, 0.4]),
    ],
)
def test_no_slope_of_separated_patients(label, predicted):
    with pytest.raises(MetricError) as caught:
        calibration_slope(label, predicted)
    assert caught.value.code in {"METRIC_SEPARATED", "METRIC_CONSTANT"}
