"""Harrell's C against hand-solved cases, scikit-survival and lifelines."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.utils import concordance_index as lifelines_concordance
from sksurv.metrics import concordance_index_censored

from pet_mtl.errors import MetricError
from pet_mtl.files import read_csv
from pet_mtl.metrics import ConcordancePairs, concordance_index, concordance_pairs


@pytest.mark.parametrize(
    ("time", "event", "risk", "expected"),
    [
        ([1, 2], [1, 1], [2, 1], ConcordancePairs(1, 0, 0)),
        ([1, 2], [1, 0], [1, 2], ConcordancePairs(0, 1, 0)),
        ([1, 2], [0, 1], [2, 1], ConcordancePairs(0, 0, 0)),  # censored first: unknown
        ([1, 1], [1, 1], [2, 1], ConcordancePairs(0, 0, 0)),  # both at once: no order
        ([1, 1], [1, 0], [2, 1], ConcordancePairs(1, 0, 0)),  # the censored one lived on
        ([1, 1], [0, 1], [2, 1], ConcordancePairs(0, 1, 0)),
        ([1, 2], [1, 0], [3, 3], ConcordancePairs(0, 0, 1)),
        ([1, 2, 2, 3], [1, 1, 0, 0], [4, 2, 3, 1], ConcordancePairs(4, 1, 0)),
    ],
)
def test_pairs_by_hand(time, event, risk, expected):
    assert concordance_pairs(time, event, risk) == expected


def test_equal_risks_count_half():
    assert concordance_index([1, 2, 3], [1, 0, 0], [5, 5, 4]) == 0.75


def _random(seed, patients=120, censored=0.5):
    rng = np.random.default_rng(seed)
    time = np.ceil(rng.exponential(20, patients))  # many ties
    event = rng.random(patients) > censored
    risk = np.round(rng.normal(size=patients), 1)  # many ties
    return time, event, risk


@pytest.mark.parametrize("censored", [0.0, 0.5, 0.93])
@pytest.mark.parametrize("seed", range(5))
def test_equals_scikit_survival_and_lifelines(seed, censored):
    time, event, risk = _random(seed, censored=censored)
    theirs = concordance_index_censored(event, time, risk)
    ours = concordance_pairs(time, event, risk)
    assert (ours.concordant, ours.discordant, ours.tied_risk) == tuple(map(int, theirs[1:4]))
    assert concordance_index(time, event, risk) == pytest.approx(theirs[0], abs=1e-12)
    assert concordance_index(time, event, risk) == pytest.approx(
        lifelines_concordance(time, -risk, event), abs=1e-12
    )


def test_risks_closer_than_the_tolerance_are_tied_as_in_scikit_survival():
    time, event, risk = np.array([1.0, 2.0, 3.0]), np.array([True] * 3), np.array([0, 4e-9, 1e-7])
    theirs = concordance_index_censored(event, time, risk)
    assert concordance_pairs(time, event, risk).tied_risk == theirs[3] == 1


def test_blocks_change_nothing(monkeypatch):
    time, event, risk = _random(7)
    whole = concordance_pairs(time, event, risk)
    monkeypatch.setattr("pet_mtl.metrics.concordance._BLOCK_ELEMENTS", 300)
    assert concordance_pairs(time, event, risk) == whole


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 50), shift=st.floats(-5, 5))
def test_only_the_order_counts(seed, scale, shift):
    time, event, risk = _random(seed, 40)
    event[np.argmin(time)] = True
    original = concordance_pairs(time, event, risk)
    assert concordance_pairs(time, event, scale * risk**3 + shift) == original
    assert concordance_pairs(np.sqrt(time), event, risk) == original
    flipped = concordance_pairs(time, event, -risk)
    assert (flipped.concordant, flipped.discordant) == (original.discordant, original.concordant)
    turn = np.random.default_rng(seed).permutation(40)
    assert concordance_pairs(time[turn], event[turn], risk[turn]) == original


@pytest.mark.parametrize(
    ("time", "event", "risk", "code"),
    [
        ([1, 2, 3], [0, 0, 0], [1, 2, 3], "METRIC_NO_PAIR"),
        ([], [], [], "METRIC_NO_PAIR"),
        ([1, 2], [1, 1], [1, np.nan], "METRIC_NOT_FINITE"),
        ([1, np.inf], [1, 1], [1, 2], "METRIC_NOT_FINITE"),
        ([1, 2], [1, 2], [1, 2], "METRIC_NOT_BINARY"),
        ([1, 2], [1, 1, 0], [1, 2], "METRIC_LENGTH"),
        ([[1, 2]], [1, 1], [1, 2], "METRIC_SHAPE"),
    ],
)
def test_undefined_inputs_are_refused(time, event, risk, code):
    with pytest.raises(MetricError) as caught:
        concordance_index(time, event, risk)
    assert caught.value.code == code


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["rossi", "ncctg_lung", "gbsg2"])
def test_real_cohorts(name, shared_data):
    expected = json.loads((shared_data / "survival_refs/reference.json").read_text())[name]
    time, event, risk = _reference(name, shared_data, expected)
    pairs = concordance_pairs(time, event, risk)
    counts = expected["harrell_c_sksurv"]
    assert pairs == ConcordancePairs(
        *(int(counts[key]) for key in ("concordant", "discordant", "tied_risk"))
    )
    assert pairs.index == pytest.approx(expected["harrell_c_sksurv"]["c"], abs=1e-12)


def _reference(name, shared_data, expected):
    rows = read_csv(shared_data / f"survival_refs/{name}.csv")
    time, event = ([float(row[key]) for row in rows] for key in ("time", "event"))
    risk = [
        sum(float(row[key]) * weight for key, weight in expected["coef_efron"].items())
        for row in rows
    ]
    return time, event, risk
