"""Dice by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.errors import MetricError
from pet_mtl.metrics import dice


def test_by_hand():
    a, b = np.zeros((4, 4, 4), bool), np.zeros((4, 4, 4), np.uint8)
    a[1:3, 1:3, 1:3] = True
    b[1:3, 1:3, 2:4] = 1
    assert dice(a, b) == 0.5
    assert dice(a, a) == 1.0
    assert dice(a, np.zeros_like(a)) == 0.0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), first=st.floats(0.05, 1), second=st.floats(0.05, 1))
def test_symmetric_and_the_f1_score(seed, first, second):
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(seed)
    a, b = rng.random(50) < first, rng.random(50) < second
    a[0] = True
    assert dice(a, b) == dice(b, a) == pytest.approx(f1_score(a, b))


@pytest.mark.parametrize(
    ("a", "b", "code"),
    [
        ([0, 0], [0, 0], "METRIC_EMPTY_MASKS"),
        ([0, 1], [0, 1, 1], "METRIC_SHAPE"),
        ([0, np.nan], [0, 1], "METRIC_NOT_FINITE"),
    ],
)
def test_undefined_inputs_are_refused(a, b, code):
    with pytest.raises(MetricError) as caught:
        dice(a, b)
    assert caught.value.code == code
