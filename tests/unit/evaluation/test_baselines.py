"""Baselines against the libraries, and their refusals."""

import numpy as np
import pandas
import pytest
from lifelines import CoxPHFitter
from sklearn.linear_model import LogisticRegression

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.baselines import BASELINES, baseline_scores
from pet_mtl.evaluation.cohort import Patients, Training
from pet_mtl.metrics import concordance_index

BY_KEY = {baseline.key: baseline for baseline in BASELINES}


def _patients(number=120, seed=0, prefix="a"):
    rng = np.random.default_rng(seed)
    mtv, suv, age = np.exp(rng.normal(3, 1, number)), np.exp(rng.normal(2, 0.5, number)), None
    age = rng.normal(60, 10, number)
    time = rng.exponential(500 / np.exp(0.8 * np.log(mtv) - 2.4 + 0.04 * (age - 60)))
    return Patients(
        ids=tuple(f"{prefix}{i}" for i in range(number)),
        fold=np.arange(number) % 4.0,
        time_days=time,
        event=(rng.random(number) < 0.6).astype(float),
        response=(rng.random(number) < 1 / (1 + np.exp(-(np.log(suv) - 2)))).astype(float),
        suv_max=suv,
        mtv_ml=mtv,
        covariates={"age": age},
    )


def test_cox_ranks_as_lifelines_fitted_by_hand():
    train, test = _patients(seed=1), _patients(seed=2, prefix="b")
    ours = baseline_scores(
        BY_KEY["mtv_suv_max"], "survival", test, Training(train, False, "others")
    )
    columns = {"mtv": np.log(train.mtv_ml), "suv": np.log(train.suv_max)}
    asked = {"mtv": np.log(test.mtv_ml), "suv": np.log(test.suv_max)}
    scaled = {k: (v - v.mean()) / v.std() for k, v in columns.items()}
    fitter = CoxPHFitter(penalizer=0.01).fit(
        pandas.DataFrame({**scaled, "t": train.time_days, "e": train.event}), "t", "e"
    )
    query = {k: (v - columns[k].mean()) / columns[k].std() for k, v in asked.items()}
    theirs = sum(fitter.params_[k] * query[k] for k in query)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert concordance_index(test.time_days, test.event, ours) > 0.6


def test_logistic_ranks_as_scikit_learn():
    train, test = _patients(seed=3), _patients(seed=4, prefix="b")
    ours = baseline_scores(BY_KEY["suv_max"], "response", test, Training(train, False, "others"))
    column = np.log(train.suv_max)
    model = LogisticRegression(C=1 / (0.01 * 120)).fit(
        ((column - column.mean()) / column.std())[:, None], train.response
    )
    theirs = model.coef_[0, 0] * (np.log(test.suv_max) - column.mean()) / column.std()
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_a_patients_own_outcome_never_reaches_its_score():
    patients = _patients()
    training = Training(patients, True, "the other folds")
    before = baseline_scores(BY_KEY["mtv"], "survival", patients, training)
    patients.time_days[patients.fold == 0] = 1.0
    after = baseline_scores(BY_KEY["mtv"], "survival", patients, training)
    np.testing.assert_array_equal(before[patients.fold == 0], after[patients.fold == 0])
    assert not np.allclose(before[patients.fold != 0], after[patients.fold != 0])


@pytest.mark.parametrize("endpoint", ["survival", "response"])
def test_cross_fitting_scores_everyone_with_data_and_repeats_itself(endpoint):
    patients = _patients()
    patients.mtv_ml[3] = np.nan
    first = baseline_scores(BY_KEY["mtv"], endpoint, patients, None)
    np.testing.assert_array_equal(first, baseline_scores(BY_KEY["mtv"], endpoint, patients, None))
    assert np.isnan(first[3]) and np.isfinite(np.delete(first, 3)).all()


def test_a_missing_covariate_counts_as_the_median():
    train, test = _patients(seed=5), _patients(seed=6, prefix="b")
    test.covariates["sex"] = np.ones(120)
    train.covariates["sex"] = np.arange(120) % 2.0
    test.covariates["age"][0] = np.nan
    scores = baseline_scores(BY_KEY["clinical"], "survival", test, Training(train, False, ""))
    test.covariates["age"][0] = np.median(train.covariates["age"])
    again = baseline_scores(BY_KEY["clinical"], "survival", test, Training(train, False, ""))
    np.testing.assert_allclose(scores, again)


def test_a_constant_covariate_says_nothing():
    patients = _patients()
    patients.covariates["age"][:] = 50.0
    assert not baseline_scores(BY_KEY["clinical"], "survival", patients, None).any()


@pytest.mark.parametrize(
    ("number", "key", "endpoint", "spoil", "code"),
    [
        (120, "clinical", "survival", {"covariates": {}}, "BASELINE_NO_DATA"),
        (120, "mtv", "survival", {"mtv_ml": np.full(120, np.nan)}, "BASELINE_NO_DATA"),
        (120, "mtv", "survival", {"event": np.zeros(120)}, "BASELINE_FEW"),
        (120, "mtv", "response", {"response": np.ones(120)}, "BASELINE_ONE_CLASS"),
        (6, "mtv", "survival", {}, "BASELINE_FEW"),
        (6, "mtv", "response", {}, "BASELINE_FEW"),
    ],
)
def test_refusals_say_why(number, key, endpoint, spoil, code):
    import dataclasses

    patients = dataclasses.replace(_patients(number), **spoil)
    with pytest.raises(MetricError) as caught:
        baseline_scores(BY_KEY[key], endpoint, patients, None)
    assert caught.value.code == code
