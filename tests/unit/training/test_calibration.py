"""Recalibration finds what was distorted, agrees with a peer, and never changes a rank."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from sklearn.linear_model import LogisticRegression

from pet_mtl.models.calibration import ResponseScale, SurvivalScale
from pet_mtl.training.calibration import fit_calibration
from pet_mtl.training.oof import survival_columns

EDGES = (100.0, 200.0, 400.0, 800.0)


def responses(patients: int, slope: float, shift: float, seed: int) -> list[dict[str, str]]:
    """Predictions that are `slope` times too sure, and shifted."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 1.2, patients)
    truth = rng.random(patients) < special.expit(logit)
    told = special.expit(slope * logit + shift)
    return [
        {"response_true": str(int(t)), "response": repr(float(p))}
        for t, p in zip(truth, told, strict=True)
    ]


def survivals(patients: int, slope: float, shift: float, seed: int) -> list[dict[str, str]]:
    """Times by the law log H = log H0 + risk; curves told with another slope and shift."""
    rng = np.random.default_rng(seed)
    risk, base = rng.normal(0, 1, patients), np.log(np.asarray(EDGES) / 500)
    time = 500 * rng.exponential(size=patients) / np.exp(risk)
    stop = rng.uniform(300, 1500, patients)
    told = np.exp(-np.exp(base[None, :] + slope * risk[:, None] + shift))
    rows = [
        {"time_days": repr(float(min(t, s))), "event": str(int(t <= s))}
        for t, s in zip(time, stop, strict=True)
    ]
    for row, curve in zip(rows, told, strict=True):
        row.update(zip(survival_columns(EDGES), map(repr, map(float, curve)), strict=True))
    return rows


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (2.0, 0.5), (0.8, -1.0)])
def test_response_is_logistic_regression_on_the_logit(slope: float, shift: float) -> None:
    rows = responses(1500, slope, shift, seed=3)
    found, lines = fit_calibration(rows, EDGES)
    logit = special.logit([[float(row["response"])] for row in rows])
    peer = LogisticRegression(C=np.inf).fit(logit, [int(row["response_true"]) for row in rows])
    assert found.response is not None and found.survival is None
    # Ours is drawn towards no change by as much as one patient.
    assert found.response.slope == pytest.approx(peer.coef_[0, 0], abs=0.01)
    assert found.response.shift == pytest.approx(peer.intercept_[0], abs=0.02)
    assert "too few" in lines[1]


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (2.5, 0.7), (0.7, -0.5)])
def test_survival_finds_slope_and_shift(slope: float, shift: float) -> None:
    rows = survivals(2000, slope, shift, seed=4)
    scale = fit_calibration(rows, EDGES)[0].survival
    assert scale is not None
    assert scale.slope == pytest.approx(1 / slope, rel=0.08)
    names = survival_columns(EDGES)
    told = np.array([[float(row[name]) for name in names] for row in rows])
    truth = np.array([[float(r[n]) for n in names] for r in survivals(2000, 1.0, 0.0, seed=4)])
    assert np.abs(np.asarray(scale(told)) - truth).mean() < 0.02
    if slope != 1:
        assert np.abs(told - truth).mean() > 0.05


def test_too_few_patients_or_of_one_kind_are_told() -> None:
    few, lines = fit_calibration([*responses(39, 1, 0, 1), *survivals(39, 1, 0, 1)], EDGES)
    assert few.response is None and few.survival is None and "too few" in lines[0]
    censored = [{**row, "event": "0"} for row in survivals(200, 1, 0, 1)]
    alike = [{**row, "response_true": "0"} for row in responses(200, 1, 0, 1)]
    assert fit_calibration([*censored, *alike], EDGES)[0].survival is None
    assert fit_calibration([*censored, *alike], EDGES)[0].response is None


def test_a_model_without_survival_is_recalibrated_all_the_same() -> None:
    rows = [{**a, **b} for a, b in zip(responses(60, 1, 0, 1), survivals(60, 1, 0, 1), strict=True)]
    found, lines = fit_calibration(rows, ())
    assert found.response is not None and found.survival is None
    assert "no such output" in lines[1]


@given(st.floats(0.1, 2.0), st.floats(-3, 3), st.integers(0, 10**6))
def test_no_two_patients_change_places(slope: float, shift: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Proportional hazards on the logit scale, as the survival head makes them.
    hazard = rng.normal(-2, 0.7, 6)[None, :] + rng.normal(0, 1.2, 20)[:, None]
    curves = np.exp(-np.cumsum(np.logaddexp(0, hazard), axis=1))
    centre = tuple(np.log(-np.log(np.clip(curves, 1e-6, 1 - 1e-6))).mean(axis=0))
    moved = np.asarray(SurvivalScale(slope, shift, centre)(curves.astype(np.float32)))
    order = np.argsort(curves[:, -1])
    assert (np.diff(moved[order], axis=0) >= -1e-6).all()
    assert (np.diff(moved, axis=1) <= 0).all() and (moved >= 0).all() and (moved <= 1).all()
    probability = np.sort(rng.random(30)).astype(np.float32)
    assert (np.diff(np.asarray(ResponseScale(slope, shift)(probability))) >= 0).all()


def test_no_change_changes_nothing() -> None:
    curves = np.array([[0.9, 0.7, 0.4], [0.99, 0.98, 0.6]], np.float32)
    scale = SurvivalScale(1.0, 0.0, (-1.0, 0.0, 0.5))
    np.testing.assert_allclose(scale(curves), curves, atol=1e-6)
    np.testing.assert_allclose(ResponseScale(1.0, 0.0)(curves), curves, atol=1e-6)
