"""Uno's C, dynamic AUC and Brier scores against scikit-survival, lifelines and by hand."""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from sklearn.metrics import roc_auc_score
from sksurv import metrics as peer
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.nonparametric import kaplan_meier_estimator
from sksurv.util import Surv

from pet_mtl.errors import MetricError
from pet_mtl.files import read_csv
from pet_mtl.metrics import (
    brier_score,
    censoring_distribution,
    concordance_index,
    cumulative_dynamic_auc,
    integrated_brier_score,
    kaplan_meier,
    uno_c,
)

ALL_SEEN = ([1.0, 2.0, 3.0, 4.0, 9.0], [1, 1, 1, 1, 0])


def cohort(seed, patients=60, censored=0.5, ties=True):
    """Times with many ties, some events, risks with ties."""
    rng = np.random.default_rng(seed)
    time = rng.exponential(12, patients) + 0.5
    event = rng.random(patients) > censored
    risk = rng.normal(size=patients) - 0.05 * time
    return (np.ceil(time), event, np.round(risk, 1)) if ties else (time, event, risk)


def pairs(seed, censored, ties):
    """Training and other patients, and horizons at which all scores are defined."""
    train = cohort(seed, 80, censored, ties)
    time, event, risk = cohort(seed + 1, 60, censored, ties)
    inside = time < min(train[0].max(), time.max())  # where the peer needs no exception
    time, event, risk = time[inside], event[inside], risk[inside]
    assume(event.sum() >= 3 and len(np.unique(time)) > 8)
    first = time[event].min()
    horizons = np.unique(np.quantile(time[time >= first], [0.3, 0.5, 0.8]))
    assume(len(horizons) == 3 and horizons[-1] < time.max())
    assume((censoring_distribution(*train[:2]).at(time) > 0).all())
    return train[:2], (time, event, risk), horizons


CASES = given(
    seed=st.integers(0, 100_000), censored=st.sampled_from([0.1, 0.5, 0.9]), ties=st.booleans()
)


@settings(max_examples=60, deadline=None)
@CASES
def test_curves_equal_lifelines_and_scikit_survival(seed, censored, ties):
    time, event, _ = cohort(seed, 50, censored, ties)
    fitter = KaplanMeierFitter().fit(time, event)
    asked = np.linspace(0, time.max(), 40)
    expected = fitter.survival_function_at_times(asked).to_numpy()
    np.testing.assert_allclose(kaplan_meier(time, event).at(asked), expected, atol=1e-12)
    moments, values = kaplan_meier_estimator(event, time, reverse=True)
    np.testing.assert_allclose(censoring_distribution(time, event).at(moments), values, atol=1e-12)


@settings(max_examples=60, deadline=None)
@CASES
def test_uno_c_equals_scikit_survival(seed, censored, ties):
    train, (time, event, risk), horizons = pairs(seed, censored, ties)
    structured = Surv.from_arrays(train[1], train[0]), Surv.from_arrays(event, time)
    for tau in (None, float(horizons[1])):
        assume(tau is None or event[time < tau].any())
        expected = peer.concordance_index_ipcw(*structured, risk, tau=tau)[0]
        assert uno_c(*train, time, event, risk, tau) == pytest.approx(expected, abs=1e-10)


@settings(max_examples=60, deadline=None)
@CASES
def test_auc_equals_scikit_survival(seed, censored, ties):
    train, (time, event, risk), horizons = pairs(seed, censored, ties)
    structured = Surv.from_arrays(train[1], train[0]), Surv.from_arrays(event, time)
    expected, mean = peer.cumulative_dynamic_auc(*structured, risk, horizons)
    ours, our_mean = cumulative_dynamic_auc(*train, time, event, risk, horizons)
    np.testing.assert_allclose(ours, expected, atol=1e-10)
    assert our_mean == pytest.approx(mean, abs=1e-10)
    both = np.column_stack([risk, -risk, risk**2])
    expected, _ = peer.cumulative_dynamic_auc(*structured, both, horizons)
    ours, _ = cumulative_dynamic_auc(*train, time, event, both, horizons)
    np.testing.assert_allclose(ours, expected, atol=1e-10)


@settings(max_examples=60, deadline=None)
@CASES
def test_brier_scores_equal_scikit_survival(seed, censored, ties):
    train, (time, event, risk), horizons = pairs(seed, censored, ties)
    structured = Surv.from_arrays(train[1], train[0]), Surv.from_arrays(event, time)
    curves = np.exp(-np.exp(risk[:, None]) * horizons[None, :] / 20)
    ours = brier_score(*train, time, event, curves, horizons)
    np.testing.assert_allclose(ours, peer.brier_score(*structured, curves, horizons)[1], atol=1e-10)
    assert integrated_brier_score(*train, time, event, curves, horizons) == pytest.approx(
        peer.integrated_brier_score(*structured, curves, horizons), abs=1e-10
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_without_censoring_uno_is_harrell_and_the_auc_that_of_labels(seed):
    time, _, risk = cohort(seed, 40, ties=False)
    event = np.ones(40)
    harrell = concordance_index(time, event, risk)
    assert uno_c(time, event, time, event, risk) == pytest.approx(harrell, abs=1e-12)
    horizon = np.sort(time)[20]
    auc, mean = cumulative_dynamic_auc(time, event, time, event, risk, [horizon])
    assert auc[0] == mean == pytest.approx(roc_auc_score(time <= horizon, risk), abs=1e-12)


def test_brier_by_hand():
    # Nobody of the training patients is censored before 9: all weights are 1.
    curves = [[0.9, 0.2], [0.8, 0.5], [1.0, 1.0], [0.5, 0.5]]
    time, event = [1.0, 2.0, 3.0, 4.0], [1, 1, 1, 1]
    scores = brier_score(*ALL_SEEN, time, event, curves, [1.0, 3.0])
    assert scores == pytest.approx([(0.81 + 0.04 + 0.0 + 0.25) / 4, (0.04 + 0.25 + 1.0 + 0.25) / 4])
    whole = integrated_brier_score(*ALL_SEEN, time, event, curves, [1.0, 3.0])
    assert whole == pytest.approx(scores.mean())


def test_auc_by_hand_with_one_censored_case():
    # Censoring of the training patients: one of two exposed at 2 leaves 1/2 from there on.
    train = [1.0, 2.0, 3.0], [1, 0, 1]
    time, event = [1.0, 2.0, 2.5, 3.0], [1, 0, 1, 0]
    values, mean = cumulative_dynamic_auc(*train, time, event, [1.0, 9.0, 3.0, 2.0], [1.0, 2.5])
    assert values == pytest.approx([0.0, (1.0 * 0.0 + 2.0 * 1.0) / 3.0])
    # Survival of the judged: 3/4 after 1, 3/8 after 2.5.
    assert mean == pytest.approx((0.25 * 0.0 + 0.375 * 2 / 3) / 0.625)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: uno_c(*ALL_SEEN, [1, 2], [0, 0], [1, 2]), "METRIC_NO_PAIR"),
        (lambda: uno_c(*ALL_SEEN, [1, 2], [1, 0], [1, 2], tau=1), "METRIC_NO_PAIR"),
        (lambda: uno_c(*ALL_SEEN, [1, 2], [1, 0], [1, 2], tau=-1), "METRIC_TAU"),
        (lambda: uno_c(*ALL_SEEN, [1, 2], [1, 0], [1, np.nan]), "METRIC_NOT_FINITE"),
        (lambda: uno_c(*ALL_SEEN, [1, 2], [1, 0], [1]), "METRIC_LENGTH"),
        (lambda: uno_c([1, 2], [1, 0], [2, 3], [1, 0], [1, 2]), "METRIC_CENSORING"),
        (lambda: uno_c([1, 2], [1, 1], [3, 4], [1, 0], [1, 2]), "METRIC_CENSORING"),
        (lambda: uno_c([], [], [1, 2], [1, 0], [1, 2]), "METRIC_EMPTY"),
        (lambda: auc([2.0]), "METRIC_HORIZON"),  # the last is followed until 2
        (lambda: auc([0.5]), "METRIC_HORIZON"),  # no event yet
        (lambda: auc([]), "METRIC_HORIZONS"),
        (lambda: auc([1.5, 1.5]), "METRIC_HORIZONS"),
        (lambda: auc([1.2, 1.5], np.ones((2, 3))), "METRIC_SHAPE"),
        (lambda: brier(np.ones((2, 2)), [1.5]), "METRIC_SHAPE"),
        (lambda: brier([1.5, 0.2], [1.5]), "METRIC_PROBABILITY"),
        (lambda: integrated_brier_score(*ALL_SEEN, [1, 2], [1, 0], [1, 0], [1.5]),
         "METRIC_HORIZONS"),
    ],
)  # fmt: skip
def test_undefined_scores_are_refused(call, code):
    with pytest.raises(MetricError) as caught:
        call()
    assert caught.value.code == code


def auc(horizons, risk=(1.0, 2.0)):
    return cumulative_dynamic_auc(*ALL_SEEN, [1, 2], [1, 0], risk, horizons)


def brier(curves, horizons):
    return brier_score(*ALL_SEEN, [1, 2], [1, 0], curves, horizons)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["rossi", "ncctg_lung", "gbsg2"])
def test_real_cohorts(name, shared_data):
    reference = shared_data / "survival_refs"
    expected = json.loads((reference / "reference.json").read_text())[name]
    rows = read_csv(reference / f"{name}.csv")
    time, event = (np.array([float(row[key]) for row in rows]) for key in ("time", "event"))
    inputs = np.array([[float(row[c]) for c in expected["covariates"]] for row in rows])
    risk = inputs @ [expected["coef_efron"][c] for c in expected["covariates"]]
    assert uno_c(time, event, time, event, risk, expected["tau"]) == pytest.approx(
        expected["uno_c_tau"], abs=1e-6
    )
    kept = time < time.max() if "auc_note" in expected else np.ones(len(time), bool)
    judged = (time[kept], event[kept], risk[kept])
    values, mean = cumulative_dynamic_auc(time, event, *judged, expected["auc_times"])
    assert values == pytest.approx(np.array(expected["cumdyn_auc"]), abs=1e-6)
    assert mean == pytest.approx(expected["mean_auc"], abs=1e-6)
    days = np.array(expected["brier_times"])
    fitted = CoxPHSurvivalAnalysis(ties="efron").fit(inputs, Surv.from_arrays(event > 0, time))
    curves = np.array([curve(days) for curve in fitted.predict_survival_function(inputs)])
    train = (time, event)
    assert brier_score(*train, *train, curves, days) == pytest.approx(expected["brier"], abs=1e-6)
    whole = integrated_brier_score(*train, *train, curves, days)
    assert whole == pytest.approx(expected["ibs"], abs=1e-6)
    marginal = np.tile(kaplan_meier(*train).at(days), (len(time), 1))
    whole = integrated_brier_score(*train, *train, marginal, days)
    assert whole == pytest.approx(expected["ibs_km"], abs=1e-6)
