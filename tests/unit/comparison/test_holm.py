"""Holm's adjustment by hand, and what must hold of every one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.comparison.holm import holm
from pet_mtl.errors import MetricError


def test_by_hand():
    assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert holm([0.6, 0.5]) == pytest.approx([1.0, 1.0])
    assert holm([0.04]) == (0.04,) and holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_between_the_p_value_and_bonferroni(values):
    adjusted = np.array(holm(values))
    assert (adjusted >= np.array(values) - 1e-15).all()
    assert (adjusted <= np.minimum(1, len(values) * np.array(values)) + 1e-12).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_what_is_no_p_value_is_refused():
    for wrong in ([1.2], [-0.1], [float("nan")]):
        with pytest.raises(MetricError):
            holm(wrong)
