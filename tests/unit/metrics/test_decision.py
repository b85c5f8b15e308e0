"""Decision curves against hand-solved cases, brute force and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from scipy.special import expit

from pet_mtl.errors import MetricError
from pet_mtl.metrics import decision_curve, kaplan_meier, survival_decision_curve


def test_by_hand():
    label, risk = [0, 0, 0, 1, 1], [0.1, 0.3, 0.5, 0.4, 0.9]
    curve = decision_curve(label, risk, [0.0, 0.25, 0.5, 0.95])
    # At 0.5: one hit and one alarm of five, odds 1.
    np.testing.assert_allclose(curve.model, [2 / 5, 2 / 5 - 2 / 5 / 3, 0.0, 0.0])
    np.testing.assert_allclose(curve.treat_all, [2 / 5, 1 / 5, -1 / 5, 2 / 5 - 3 / 5 * 19])
    assert curve.treat_none.tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(curve.advantage, [0, 2 / 5 - 2 / 15 - 1 / 5, 0, 0], atol=1e-15)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), mark=st.floats(0.0, 0.99))
def test_counts(seed, mark):
    rng = np.random.default_rng(seed)
    label, risk = np.append(rng.random(30) < 0.3, [True, False]), np.round(rng.random(32), 1)
    hits = sum(y and r >= mark for y, r in zip(label, risk, strict=True))
    alarms = sum(not y and r >= mark for y, r in zip(label, risk, strict=True))
    expected = hits / 32 - alarms / 32 * mark / (1 - mark)
    assert decision_curve(label, risk, [mark]).model[0] == pytest.approx(expected)


def test_the_true_risk_is_best_everywhere():
    rng = np.random.default_rng(2)
    risk = expit(rng.normal(-1, 1.5, 40_000))
    label = rng.random(40_000) < risk
    marks = np.linspace(0.05, 0.9, 18)
    best = decision_curve(label, risk, marks)
    for other in (risk**2, np.sqrt(risk), np.full_like(risk, label.mean())):
        assert np.all(best.model >= decision_curve(label, other, marks).model - 0.002)
    assert np.all(best.advantage > -0.002) and best.advantage.max() > 0.05


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), mark=st.floats(0.05, 0.6))
def test_without_censoring_survival_is_the_binary_curve(seed, mark):
    rng = np.random.default_rng(seed)
    time, risk = rng.exponential(10, 40), rng.random(40)
    time[:2] = 1.0, 60.0
    binary = decision_curve(time <= 8, risk, [mark])
    survival = survival_decision_curve(time, np.ones(40), risk, 8.0, [mark])
    assert survival.model == pytest.approx(binary.model)
    assert survival.treat_all == pytest.approx(binary.treat_all)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), mark=st.floats(0.05, 0.5))
def test_censored_equals_vickers_formula_by_lifelines(seed, mark):
    rng = np.random.default_rng(seed)
    lived, followed, risk = rng.exponential(10, 60), rng.uniform(2, 30, 60), rng.random(60)
    time, event = np.minimum(lived, followed), lived <= followed
    time[risk.argmax()] = 40.0
    treated = risk >= mark
    fitter = KaplanMeierFitter().fit(time[treated], event[treated])
    lives, share = fitter.predict(8.0), treated.mean()
    expected = (1 - lives) * share - lives * share * mark / (1 - mark)
    curve = survival_decision_curve(time, event, risk, 8.0, [mark])
    assert curve.model[0] == pytest.approx(expected)
    everybody = kaplan_meier(time, event).at(8.0)
    assert curve.treat_all[0] == pytest.approx(1 - everybody - everybody * mark / (1 - mark))


def test_nobody_treated_is_worth_nothing():
    curve = survival_decision_curve([1, 2, 3], [1, 0, 1], [0.1, 0.2, 0.3], 2.0, [0.5])
    assert curve.model.tolist() == [0.0]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: decision_curve([0, 1], [0.1, 0.2], []), "METRIC_THRESHOLDS"),
        (lambda: decision_curve([0, 1], [0.1, 0.2], [0.5, 0.5]), "METRIC_THRESHOLDS"),
        (lambda: decision_curve([0, 1], [0.1, 0.2], [0.5, 1.0]), "METRIC_THRESHOLDS"),
        (lambda: decision_curve([0, 1], [0.1, 0.2], [-0.1]), "METRIC_THRESHOLDS"),
        (lambda: decision_curve([0, 1], [0.1, 0.2], [np.nan]), "METRIC_NOT_FINITE"),
        (lambda: decision_curve([0, 1], [0.1, 2.0], [0.5]), "METRIC_PROBABILITY"),
        (lambda: decision_curve([0, 0], [0.1, 0.2], [0.5]), "METRIC_ONE_CLASS"),
        (
            lambda: survival_decision_curve([1, 9], [0, 1], [0.8, 0.1], 5.0, [0.5]),
            "METRIC_HORIZON",
        ),
        (
            lambda: survival_decision_curve([1, 9], [0, 1], [0.8, 0.1], 9.0, [0.5]),
            "METRIC_HORIZON",
        ),
    ],
)
def test_undefined_inputs_are_refused(call, code):
    with pytest.raises(MetricError) as caught:
        call()
    assert caught.value.code == code
