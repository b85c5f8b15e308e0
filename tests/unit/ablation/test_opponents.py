"""Opponents against the libraries they could be replaced by."""

import math

import numpy as np
import pandas
import pytest
from lifelines import CoxPHFitter, NelsonAalenFitter
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from pet_mtl.ablation.handcrafted import FEATURES, handcrafted
from pet_mtl.ablation.opponents import (
    Sides,
    cox_scores,
    forest_probability,
    forest_risk,
    logistic_scores,
    martingale_residuals,
)
from pet_mtl.evaluation.cohort import Patients
from pet_mtl.metrics import concordance_index, roc_auc


def sides(patients: int = 120, seed: int = 0) -> tuple[Sides, np.ndarray]:
    """Three features of which one matters; every fifth patient has none."""
    random = np.random.default_rng(seed)
    features, asked = random.normal(2, 3, (patients, 3)), random.normal(2, 3, (50, 3))
    risk = (features[:, 0] - 2) / 3
    known = Patients(
        ids=tuple(map(str, range(patients))),
        fold=np.zeros(patients),
        time_days=np.ceil(20 * random.exponential(np.exp(-risk))),
        event=(random.random(patients) < 0.7).astype(float),
        response=(random.random(patients) < 1 / (1 + np.exp(-2 * risk))).astype(float),
        suv_max=np.full(patients, np.nan),
        mtv_ml=np.full(patients, np.nan),
    )
    features[::5] = np.nan
    return Sides(known, features, asked), asked[:, 0]


def scaled(given: Sides) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.isfinite(given.features).all(axis=1)
    fitted = given.features[rows]
    mean, deviation = fitted.mean(axis=0), fitted.std(axis=0)
    return rows, (fitted - mean) / deviation, (given.asked - mean) / deviation


def test_cox_is_that_of_lifelines():
    given, _ = sides()
    rows, fitted, asked = scaled(given)
    number = len(fitted)
    # lifelines scales columns by the deviation with n - 1 before it penalises.
    fitter = CoxPHFitter(penalizer=0.1 * (number - 1) / number)
    table = pandas.DataFrame(fitted).assign(
        t=given.learned.time_days[rows], e=given.learned.event[rows]
    )
    expected = asked @ fitter.fit(table, "t", "e").params_.to_numpy()
    np.testing.assert_allclose(cox_scores(given, (0.1,), 0), expected, atol=1e-4)


def test_logistic_regression_is_that_of_scikit_learn():
    given, _ = sides()
    rows, fitted, asked = scaled(given)
    model = LogisticRegression(C=1 / (0.1 * len(fitted)), tol=1e-10, max_iter=10_000)
    model.fit(fitted, given.learned.response[rows].astype(int))
    ours, theirs = logistic_scores(given, (0.1,), 0), model.decision_function(asked)
    # The intercept of our heads has a penalty, if next to none.
    np.testing.assert_allclose(ours - ours.mean(), theirs - theirs.mean(), atol=1e-3)


def test_the_forest_is_the_best_of_scikit_learns_out_of_bag():
    given, signal = sides()
    rows = np.isfinite(given.features).all(axis=1)
    fitted = [
        RandomForestClassifier(200, min_samples_leaf=leaf, oob_score=True, random_state=4).fit(
            given.features[rows], given.learned.response[rows].astype(int)
        )
        for leaf in (3, 6, 12, 24)
    ]
    best = max(fitted, key=lambda forest: forest.oob_score_)
    ours = forest_probability(given, 4)
    np.testing.assert_allclose(ours, best.predict_proba(given.asked)[:, 1])
    assert roc_auc(signal > 2, ours) > 0.8


def test_forest_ranks_survival():
    given, signal = sides(seed=3)
    risk = forest_risk(given, 1)
    assert concordance_index(-signal, np.ones(50), risk) > 0.75


def test_residuals_are_events_less_nelson_and_aalens_hazard():
    given, _ = sides()
    time, event = given.learned.time_days, given.learned.event
    fitter = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time, event)
    hazard = fitter.cumulative_hazard_at_times(time).to_numpy()
    found = martingale_residuals(time, event)
    np.testing.assert_allclose(found, event - hazard, atol=1e-9)
    assert found.sum() == pytest.approx(0.0, abs=1e-9)


def test_patients_without_a_mask_have_no_score():
    given, _ = sides()
    asked = given.asked.copy()
    asked[:7] = np.nan
    short = Sides(given.learned, given.features, asked)
    for found in (cox_scores(short, (0.1,), 0), logistic_scores(short, (0.1,), 0),
                  forest_probability(short, 0), forest_risk(short, 0)):  # fmt: skip
        assert np.isnan(found[:7]).all() and np.isfinite(found[7:]).all()
    nobody = Sides(given.learned, np.full_like(given.features, np.nan), asked)
    for found in (cox_scores(nobody, (0.1,), 0), logistic_scores(nobody, (0.1,), 0),
                  forest_probability(nobody, 0), forest_risk(nobody, 0)):  # fmt: skip
        assert np.isnan(found).all()


def test_statistics_of_a_ball():
    z, y, x = np.mgrid[:24, :24, :24] - 11.5
    mask = z**2 + y**2 + x**2 <= 81
    suv = np.where(mask, 4.0, 1.0) + 0.1 * np.sign(x)
    found = dict(zip(FEATURES, handcrafted(suv, mask, 2.0), strict=True))
    assert found["PhysicalSize"] == pytest.approx(math.log(mask.sum() * 8.0))
    assert found["EquivalentSphericalRadius"] == pytest.approx(math.log(18.0), abs=0.01)
    assert found["Mean"] == pytest.approx(math.log(4.0), abs=1e-4)
    assert found["StandardDeviation"] == pytest.approx(math.log(0.1), abs=1e-3)
    assert found["Skewness"] == pytest.approx(0.0, abs=1e-6)
    assert found["Elongation"] == pytest.approx(1.0, abs=0.01)
    assert (found["P10"], found["P90"]) == pytest.approx((3.9, 4.1))


def test_statistics_of_one_voxel_are_finite():
    mask = np.zeros((8, 8, 8), bool)
    mask[3, 4, 5] = True
    assert np.isfinite(handcrafted(np.full(mask.shape, 2.0), mask, 4.0)).all()
