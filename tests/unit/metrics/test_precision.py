"""Average precision against hand-solved cases and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from pet_mtl.errors import MetricError
from pet_mtl.metrics import average_precision, precision_recall_curve


@pytest.mark.parametrize(
    ("label", "score", "expected"),
    [
        ([0, 1], [1, 2], 1.0),
        ([0, 1], [2, 1], 0.5),
        ([0, 1, 0, 0], [1, 1, 1, 1], 0.25),
        ([1, 0, 1], [3, 2, 1], (1 + 2 / 3) / 2),
        ([1, 0, 1], [2, 2, 1], (1 / 2 + 2 / 3) / 2),
    ],
)
def test_by_hand(label, score, expected):
    assert average_precision(label, score) == pytest.approx(expected)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10_000), decimals=st.integers(0, 6), share=st.floats(0.02, 0.9))
def test_equals_scikit_learn(seed, decimals, share):
    rng = np.random.default_rng(seed)
    label = np.append(rng.random(60) < share, [True, False])
    score = np.round(rng.normal(size=62) + label, decimals)
    assert average_precision(label, score) == pytest.approx(
        peer.average_precision_score(label, score), abs=1e-12
    )
    precision, recall, _ = peer.precision_recall_curve(label, score)
    ours = precision_recall_curve(label, score)
    np.testing.assert_allclose(ours[0], precision[::-1])
    np.testing.assert_allclose(ours[1], recall[::-1])


def test_chance_is_the_share_of_positives():
    rng = np.random.default_rng(1)
    label = rng.random(20_000) < 0.1
    assert average_precision(label, rng.random(20_000)) == pytest.approx(label.mean(), abs=0.01)


@pytest.mark.parametrize(
    ("label", "score", "code"),
    [
        ([0, 0], [1, 2], "METRIC_ONE_CLASS"),
        ([1, 1], [1, 2], "METRIC_ONE_CLASS"),
        ([0, 1], [1, np.inf], "METRIC_NOT_FINITE"),
        ([0, 2], [1, 2], "METRIC_NOT_BINARY"),
        ([0, 1], [1, 2, 3], "METRIC_LENGTH"),
    ],
)
def test_undefined_inputs_are_refused(label, score, code):
    with pytest.raises(MetricError) as caught:
        average_precision(label, score)
    assert caught.value.code == code
