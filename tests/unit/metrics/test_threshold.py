"""Thresholds against hand-solved cases, scikit-learn's curve and brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, roc_curve

from pet_mtl.errors import MetricError
from pet_mtl.metrics import (
    Threshold,
    accuracy_at,
    sensitivity_threshold,
    wilson_interval,
    youden_threshold,
)


def cohort(seed, decimals=1, patients=50):
    rng = np.random.default_rng(seed)
    label = np.append(rng.random(patients - 2) < 0.4, [True, False])
    return label, np.round(rng.normal(size=patients) + 1.5 * label, decimals)


def test_by_hand():
    label, score = [0, 0, 0, 1, 0, 1, 1, 1], [1, 2, 3, 3, 4, 5, 6, 7]
    # At 5: sensitivity 3/4, specificity 1; at 3: 1 and 1/2.
    chosen = youden_threshold(label, score)
    assert (chosen.value, chosen.rule) == (5.0, "Youden's J")
    assert sensitivity_threshold(label, score, 1.0).value == 3.0
    assert sensitivity_threshold(label, score, 0.75).value == 5.0
    assert sensitivity_threshold(label, score, 0.76).value == 3.0
    assert sensitivity_threshold(label, score, 1e-9).value == 7.0


def test_of_equally_good_thresholds_the_lowest():
    # At 2: 2/2 + 1/2 - 1; at 4: 1/2 + 2/2 - 1.
    assert youden_threshold([0, 1, 0, 1], [1, 2, 3, 4]).value == 2.0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), decimals=st.integers(0, 3), wanted=st.floats(0.01, 1.0))
def test_equals_the_best_point_of_scikit_learns_curve(seed, decimals, wanted):
    label, score = cohort(seed, decimals)
    false_rate, true_rate, value = roc_curve(label, score, drop_intermediate=False)
    gain = true_rate - false_rate
    chosen = youden_threshold(label, score).value
    assert gain[value == chosen][0] == pytest.approx(gain.max())
    reached = value[true_rate >= wanted - 1e-12].max()
    assert sensitivity_threshold(label, score, wanted).value == reached


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.floats(-1.0, 2.5))
def test_shares_are_those_of_the_confusion_matrix(seed, cut):
    label, score = cohort(seed)
    (tn, fp), (fn, tp) = confusion_matrix(label, score >= cut)
    accuracy = accuracy_at(Threshold(cut), label, score)
    assert accuracy.sensitivity == wilson_interval(tp, tp + fn)
    assert accuracy.specificity == wilson_interval(tn, tn + fp)
    assert accuracy.ppv == (wilson_interval(tp, tp + fp) if tp + fp else None)
    assert accuracy.npv == (wilson_interval(tn, tn + fn) if tn + fn else None)


def test_the_threshold_itself_is_positive():
    accuracy = accuracy_at(Threshold(2.0), [0, 1, 1], [1.0, 2.0, 1.9])
    assert accuracy.sensitivity.value == 0.5
    assert (accuracy.specificity.value, accuracy.ppv.value, accuracy.npv.value) == (1, 1, 0.5)


def test_nobody_called_has_no_predictive_value():
    label, score = cohort(0)
    none, all_ = accuracy_at(Threshold(99), label, score), accuracy_at(Threshold(-99), label, score)
    assert (none.ppv, none.sensitivity.value, none.npv.value) == (None, 0, 1 - label.mean())
    assert (all_.npv, all_.specificity.value, all_.ppv.value) == (None, 0, label.mean())


def test_a_threshold_is_not_judged_on_the_patients_it_was_chosen_on():
    (label, score), (other_label, other) = cohort(1), cohort(2)
    order = np.random.default_rng(0).permutation(len(label))
    for chosen in (youden_threshold(label, score), sensitivity_threshold(label, score, 0.8)):
        with pytest.raises(MetricError, match="METRIC_SAME_PATIENTS"):
            accuracy_at(chosen, label[order], score[order])
        accuracy = accuracy_at(chosen, other_label, other)
        assert accuracy == accuracy_at(chosen, other_label, other)
        assert accuracy.threshold == chosen


def test_choosing_and_judging_on_the_same_patients_would_be_optimistic():
    """Why it is refused: scores without any worth get a J above 0."""
    gains = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        label, score = np.arange(60) % 2 == 0, rng.normal(size=60)
        score[0] = 4.0  # else now and then no threshold is better than chance
        chosen = youden_threshold(label, score)
        own = accuracy_at(Threshold(chosen.value), label, score)
        other = accuracy_at(chosen, label, rng.normal(size=60))
        gains.append([a.sensitivity.value + a.specificity.value - 1 for a in (own, other)])
    own, other = np.mean(gains, axis=0)
    assert own > 0.1
    assert abs(other) < 0.06


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: youden_threshold([1, 0], [1, 2]), "METRIC_NO_THRESHOLD"),
        (lambda: youden_threshold([1, 0], [1, 1]), "METRIC_NO_THRESHOLD"),
        (lambda: youden_threshold([1, 1], [1, 1]), "METRIC_ONE_CLASS"),
        (lambda: youden_threshold([1, 0], [1, np.nan]), "METRIC_NOT_FINITE"),
        (lambda: sensitivity_threshold([1, 0], [2, 1], 0.0), "METRIC_SENSITIVITY"),
        (lambda: sensitivity_threshold([1, 0], [2, 1], 80), "METRIC_SENSITIVITY"),
        (lambda: sensitivity_threshold([1, 0], [2, 1], np.nan), "METRIC_SENSITIVITY"),
        (lambda: accuracy_at(Threshold(np.nan), [1, 0], [2, 1]), "METRIC_NOT_FINITE"),
        (lambda: accuracy_at(Threshold(1.0), [1, 1], [2, 1]), "METRIC_ONE_CLASS"),
    ],
)
def test_undefined_inputs_are_refused(call, code):
    with pytest.raises(MetricError) as caught:
        call()
    assert caught.value.code == code
