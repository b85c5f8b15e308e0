"""The area under the curve against hand-solved cases and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pet_mtl.errors import MetricError
from pet_mtl.metrics import roc_auc, roc_curve


@pytest.mark.parametrize(
    ("label", "score", "expected"),
    [
        ([0, 1], [1, 2], 1.0),
        ([0, 1], [2, 1], 0.0),
        ([0, 1], [1, 1], 0.5),
        ([0, 0, 1, 1], [1, 2, 2, 3], 0.875),
        ([True, False, False], [1, 1, 0], 0.75),
    ],
)
def test_by_hand(label, score, expected):
    assert roc_auc(label, score) == expected


@pytest.mark.parametrize("share", [0.03, 0.5, 0.9])
@pytest.mark.parametrize("decimals", [0, 1, 12])
def test_equals_scikit_learn(share, decimals):
    rng = np.random.default_rng(3)
    label = rng.random(200) < share
    label[:2] = True, False
    score = np.round(rng.normal(size=200) + label, decimals)
    assert roc_auc(label, score) == pytest.approx(roc_auc_score(label, score), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_curve_and_area_agree(seed):
    rng = np.random.default_rng(seed)
    label = np.append(rng.random(30) < 0.4, [True, False])
    score = np.round(rng.normal(size=32), 1)
    false_rate, true_rate = roc_curve(label, score)
    assert (false_rate[0], true_rate[0], false_rate[-1], true_rate[-1]) == (0, 0, 1, 1)
    assert np.all(np.diff(false_rate) >= 0) and np.all(np.diff(true_rate) >= 0)
    assert np.trapezoid(true_rate, false_rate) == pytest.approx(roc_auc(label, score))
    assert roc_auc(label, -score) == pytest.approx(1 - roc_auc(label, score))


@pytest.mark.parametrize(
    ("label", "score", "code"),
    [
        ([1, 1], [1, 2], "METRIC_ONE_CLASS"),
        ([0, 0], [1, 2], "METRIC_ONE_CLASS"),
        ([], [], "METRIC_ONE_CLASS"),
        ([0, 1], [1, np.nan], "METRIC_NOT_FINITE"),
        ([0, 0.5], [1, 2], "METRIC_NOT_BINARY"),
        ([0, 1, 1], [1, 2], "METRIC_LENGTH"),
    ],
)
def test_undefined_inputs_are_refused(label, score, code):
    with pytest.raises(MetricError) as caught:
        roc_auc(label, score)
    assert caught.value.code == code
