"""Predicted curves between their days, and the days at which they are judged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.errors import UsageError
from pet_mtl.evaluation.curves import Curves, no_curves
from pet_mtl.evaluation.foretold import curves_in
from pet_mtl.evaluation.horizons import horizons_in, horizons_of, last_followed


def test_between_two_days_the_hazard_is_constant():
    curves = Curves(np.array([100.0, 300.0]), np.array([[0.8, 0.2], [0.9, 0.9]]))
    found = curves.at([0.0, 50.0, 100.0, 200.0, 300.0, 301.0])
    np.testing.assert_allclose(found[0, :5], [1, 0.8**0.5, 0.8, (0.8 * 0.2) ** 0.5, 0.2])
    np.testing.assert_allclose(found[1, 2:5], 0.9)
    assert np.isnan(found[:, 5]).all()


@given(
    table=st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=4),
    day=st.floats(0, 30),
)
def test_falling_curves_stay_falling_and_within_their_neighbours(table, day):
    values = np.sort(np.array(table), axis=1)[:, ::-1]
    curves = Curves(np.array([10.0, 20.0, 30.0]), values)
    np.testing.assert_allclose(curves.at([10.0, 20.0, 30.0]), values, atol=1e-12)
    found = curves.at([day])[:, 0]
    ends = np.hstack([np.ones((len(values), 1)), values])
    before = ends[:, int(day // 10)]
    after = ends[:, min(3, int(np.ceil(day / 10)))]
    assert (found <= before + 1e-12).all() and (found >= after - 1e-12).all()


def test_each_patient_has_the_days_of_the_own_fold():
    rows = [
        {"survival_10": "0.5", "survival_20": "", "survival_30": "0.25"},
        {"survival_10": "", "survival_20": "0.5", "survival_30": ""},
        {"survival_10": "", "survival_20": "", "survival_30": ""},
    ]
    found = curves_in(rows, "table").at([20.0, 30.0])
    np.testing.assert_allclose(found[0], [0.125**0.5, 0.25])
    assert found[1, 0] == pytest.approx(0.5) and np.isnan(found[1, 1])
    assert np.isnan(found[2]).all()


def test_other_columns_are_no_days():
    rows = [{"id": "a", "survival_sd": "0.3", "survival_": "1", "survival_0": "1"}]
    assert curves_in(rows, "table") is None
    assert curves_in([{"survival_30.5": "0.25"}], "table").days.tolist() == [30.5]
    assert np.isnan(no_curves(2).at([1.0])).all()


def test_quartiles_are_rounded_and_kept_where_a_tenth_is_followed():
    time = np.arange(1.0, 101.0) * 11
    found = horizons_of(time, np.ones(100))
    assert found.days == (280.0, 560.0, 830.0)
    late = np.where(time > 1000, 1.0, 0.0)
    assert horizons_of(time, late).days == ()  # nine in a hundred are followed
    assert horizons_of(time, np.zeros(100)).days == ()
    assert horizons_of(time, np.ones(100), (7.0, 9.0)).days == (7.0, 9.0)
    assert horizons_of(time / 1e4, np.ones(100)).days == (0.028, 0.056, 0.083)


def test_the_last_followed_day():
    assert last_followed(np.arange(1.0, 101.0)) == 91.0
    assert last_followed(np.array([3.0])) == 3.0


@pytest.mark.parametrize("text", ["a", "1,,x", "0,3", "-1", "5,3", "3,3", "nan", "inf"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(UsageError, match="EVALUATE_HORIZONS"):
        horizons_in(text)


def test_days_as_written():
    assert horizons_in("") == () and horizons_in(" 365 ,730.5") == (365.0, 730.5)
