"""The response, from the table to evaluation.json, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    roc_auc_score,
    roc_curve,
)

from pet_mtl.evaluation import Settings

FEW = Settings(samples=20)
PROFILE = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def cohort(seed, patients=120, rare=0.4, ties=False):
    """Responses, and a model that knows some of the log odds."""
    rng = np.random.default_rng(seed)
    logit = 1.5 * rng.normal(size=patients) + np.log(rare / (1 - rare))
    label = (rng.random(patients) < 1 / (1 + np.exp(-logit))).astype(float)
    told = 1 / (1 + np.exp(-(1.4 * logit + rng.normal(size=patients))))
    return label, np.round(told, 1 if ties else 12)


def tables(label, told):
    nothing = np.full(len(label), np.nan)
    return {"risk": nothing, "response": told}, {"response": label}


def absent(document):
    return {item["what"]: item["reason"] for item in document["absent"]}


@profile(max_examples=20, **PROFILE)
@given(seed=st.integers(0, 100_000), rare=st.sampled_from([0.05, 0.5]), ties=st.booleans())
def test_numbers_equal_scikit_learn(judge_table, seed, rare, ties):
    label, told = cohort(seed, 90, rare, ties)
    assume(0 < label.sum() < 90)
    document = judge_table(*tables(label, told), FEW)
    found = document["metrics"]["response"]
    auc = roc_auc_score(label, told)
    assert found["auc"]["value"] == pytest.approx(auc, abs=1e-12)
    if "auc_delong" in found:
        delong = found["auc_delong"]
        assert delong["value"] == pytest.approx(auc, abs=1e-12)
        assert delong["low"] < auc < delong["high"]
    precision = found["average_precision"]
    assert precision["value"] == pytest.approx(average_precision_score(label, told), abs=1e-12)
    share = label.mean()
    assert precision["reference"] == pytest.approx(share)
    brier = brier_score_loss(label, told)
    assert found["brier"]["value"] == pytest.approx(brier, abs=1e-12)
    assert found["brier"]["reference"] == pytest.approx(share * (1 - share))
    scaled = 1 - brier / (share * (1 - share))
    assert found["scaled_brier"]["value"] == pytest.approx(scaled, abs=1e-10)


def test_calibration_equals_scikit_learn(judge_table):
    label, told = cohort(1, 400)
    document = judge_table(*tables(label, told), FEW)
    found, logit = document["metrics"]["response"], np.log(told / (1 - told))
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(logit[:, None], label)
    assert found["calibration_slope"]["value"] == pytest.approx(model.coef_[0, 0], abs=1e-4)
    # The shift that makes the mean prediction the share of responders, and no other does.
    shift = found["calibration_intercept"]["value"]
    assert np.mean(1 / (1 + np.exp(-(logit + shift)))) == pytest.approx(label.mean(), abs=1e-9)
    observed, predicted = calibration_curve(label, told, n_bins=10, strategy="quantile")
    groups = document["calibration"]["response"]
    assert [g["observed"]["value"] for g in groups] == pytest.approx(observed)
    assert [g["predicted"] for g in groups] == pytest.approx(predicted)
    sizes = np.array([g["patients"] for g in groups])
    expected = np.sum(sizes * np.abs(observed - predicted)) / 400
    ece = found["ece"]
    assert ece["value"] == pytest.approx(expected) and ece["groups"] == 10
    assert 0 < ece["reference"] < 0.1


def test_a_calibrated_model_has_no_more_error_than_chance(judge_table):
    rng = np.random.default_rng(2)
    told = rng.uniform(0.05, 0.95, 1000)
    label = (rng.random(1000) < told).astype(float)
    found = judge_table(*tables(label, told), FEW)["metrics"]["response"]
    assert found["ece"]["value"] == pytest.approx(found["ece"]["reference"], abs=0.02)
    slope = found["calibration_slope"]
    assert slope["low"] < 1 < slope["high"]


def test_intervals_are_those_of_resampled_patients(judge_table):
    label, told = cohort(3)
    found = judge_table(*tables(label, told), Settings(60, 7))["metrics"]["response"]
    generator = np.random.default_rng(7)
    values = {"auc": [], "average_precision": [], "brier": []}
    for _ in range(60):
        drawn = generator.integers(0, 120, 120)
        values["auc"].append(roc_auc_score(label[drawn], told[drawn]))
        values["average_precision"].append(average_precision_score(label[drawn], told[drawn]))
        values["brier"].append(brier_score_loss(label[drawn], told[drawn]))
    for key, each in values.items():
        low, high = np.quantile(each, [0.025, 0.975])
        assert (found[key]["low"], found[key]["high"]) == pytest.approx((low, high), abs=1e-12)


def test_four_patients_by_hand(judge_table):
    label, told = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8])
    document = judge_table(*tables(label, told), FEW, threshold=0.38)
    found = document["metrics"]["response"]
    assert found["auc"]["value"] == 0.75
    assert found["average_precision"]["value"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["brier"]["value"] == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)
    assert found["scaled_brier"]["value"] == pytest.approx(1 - 0.6325)
    assert found["sensitivity"]["value"] == found["specificity"]["value"] == 0.5
    assert found["ppv"]["value"] == found["npv"]["value"] == 0.5
    assert all(found[key]["too_few"] for key in ("brier", "sensitivity"))
    at = {t: i for i, t in enumerate(document["decision"]["response"]["thresholds"])}[0.2]
    decision = document["decision"]["response"]
    assert decision["net_benefit"]["model"][at] == pytest.approx(2 / 4 - 1 / 4 * 0.25)
    assert decision["treat_all"][at] == pytest.approx(2 / 4 - 2 / 4 * 0.25)


def test_a_given_threshold_is_judged_as_it_is(judge_table):
    label, told = cohort(4)
    document = judge_table(*tables(label, told), FEW, threshold=0.3)
    found = document["metrics"]["response"]
    (right, alarms), (missed, hits) = confusion_matrix(label, told >= 0.3)
    assert found["sensitivity"]["value"] == pytest.approx(hits / (hits + missed))
    assert found["specificity"]["value"] == pytest.approx(right / (right + alarms))
    assert found["ppv"]["value"] == pytest.approx(hits / (hits + alarms))
    assert found["npv"]["value"] == pytest.approx(right / (right + missed))
    assert document["threshold"] == {"value": 0.3, "rule": "given"}


def test_nobody_called_positive_has_no_predictive_value(judge_table):
    label, told = cohort(5)
    document = judge_table(*tables(label, told * 0.5), FEW, threshold=0.9)
    assert "ppv" not in document["metrics"]["response"]
    assert "nobody is called positive" in absent(document)["metrics.response.ppv"]
    assert document["metrics"]["response"]["sensitivity"]["value"] == 0.0


def test_predictions_without_a_threshold_of_others_have_no_sensitivity(judge_table):
    document = judge_table(*tables(*cohort(6)), FEW)
    reasons = absent(document)
    for what in ("sensitivity", "specificity", "ppv", "npv"):
        assert "--threshold" in reasons[f"metrics.response.{what}"]
    assert "threshold" not in document


def test_scores_that_are_no_probabilities_are_ranked_only(judge_table):
    label, told = cohort(7)
    document = judge_table(*tables(label, 10 * told - 3), FEW)
    found, reasons = document["metrics"]["response"], absent(document)
    assert {"auc", "auc_delong", "average_precision"} == set(found)
    for what in ("brier", "scaled_brier", "calibration_slope", "calibration_intercept", "ece"):
        assert "0..1" in reasons[f"metrics.response.{what}"]
    assert "0..1" in reasons["decision.response"] and "0..1" in reasons["calibration.response"]


def test_certain_predictions_are_moved_and_counted(judge_table):
    label, told = cohort(8)
    told[:3] = 0.0, 1.0, 1.0
    found = judge_table(*tables(label, told), FEW)["metrics"]["response"]
    assert found["calibration_slope"]["moved_from_0_or_1"] == 3
    assert "moved_from_0_or_1" not in found["brier"]


def test_one_class_is_absent_everywhere(judge_table):
    label, told = cohort(9)
    document = judge_table(*tables(np.ones_like(label), told), FEW)
    assert "response" not in document["metrics"]
    reasons = absent(document)
    for what in ("auc", "auc_delong", "average_precision", "brier", "ece", "sensitivity"):
        assert reasons[f"metrics.response.{what}"]
    assert "only one class" in reasons["decision.response"]
    assert "only one class" in reasons["permutation.response"]


def youden(label, told):
    """The lowest of the best thresholds, by scikit-learn."""
    alarms, hits, marks = roc_curve(label, told, drop_intermediate=False)
    gain = hits - alarms
    return marks[np.flatnonzero(gain >= gain.max() - 1e-12)[-1]]


def test_each_fold_of_a_run_is_called_at_the_threshold_of_the_others(rows, judged):
    from pet_mtl.evaluation import to_document

    document = to_document(judged)
    label, told, fold = (
        np.array([row[key] for row in rows], float) for key in ("response", "probability", "fold")
    )
    called = np.zeros(len(rows), bool)
    for one in range(5):
        mark = youden(label[fold != one], told[fold != one])
        assert document["threshold"]["by_fold"][str(one)] == pytest.approx(mark)
        called[fold == one] = told[fold == one] >= mark
    (right, alarms), (missed, hits) = confusion_matrix(label, called)
    found = document["metrics"]["response"]
    assert found["sensitivity"]["value"] == pytest.approx(hits / (hits + missed))
    assert found["specificity"]["value"] == pytest.approx(right / (right + alarms))
    assert "other folds" in document["threshold"]["rule"]


def test_decision_stands_beside_baselines_on_the_same_patients(rows, judged):
    from pet_mtl.evaluation import to_document

    document = to_document(judged)
    decision = document["decision"]["response"]
    assert set(decision["net_benefit"]) == {"model", "mtv_suv_max", "clinical"}
    assert decision["patients"] == len(rows)
    label = np.array([row["response"] for row in rows])
    told = np.array([row["probability"] for row in rows])
    for mark, ours in zip(decision["thresholds"], decision["net_benefit"]["model"], strict=True):
        treated = told >= mark
        odds = mark / (1 - mark)
        assert ours == pytest.approx(
            np.mean(treated & (label == 1)) - odds * np.mean(treated & (label == 0))
        )
