"""Wilson's interval against scipy and its defining equation."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pet_mtl.errors import MetricError
from pet_mtl.metrics import wilson_interval


@settings(max_examples=80, deadline=None)
@given(data=st.data(), patients=st.integers(1, 400), level=st.floats(0.5, 0.999))
def test_equals_scipy(data, patients, level):
    successes = data.draw(st.integers(0, patients))
    peer = stats.binomtest(successes, patients).proportion_ci(level, method="wilson")
    ours = wilson_interval(successes, patients, level)
    assert (ours.low, ours.high) == pytest.approx((peer.low, peer.high), abs=1e-12)
    assert ours.value == successes / patients


def test_the_ends_are_where_the_score_test_just_rejects():
    interval = wilson_interval(7, 20)
    for end in (interval.low, interval.high):
        assert abs(0.35 - end) / math.sqrt(end * (1 - end) / 20) == pytest.approx(1.959964)


@pytest.mark.parametrize("pair", [(0, 0), (3, 2), (-1, 2), (float("nan"), 2)])
def test_no_proportion_is_refused(pair):
    with pytest.raises(MetricError, match="METRIC_PROPORTION"):
        wilson_interval(*pair)
