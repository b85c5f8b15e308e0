"""The law: its oracle reaches what the documentation states."""

from pathlib import Path

import numpy as np
import pytest
from lifelines.utils import concordance_index
from sklearn.metrics import roc_auc_score

from pet_mtl.phantom import law

PATIENTS = 6000


@pytest.fixture(scope="module")
def cohort() -> tuple[list[dict[str, float]], list[law.PhantomOutcome]]:
    rng = np.random.default_rng(20)
    factors = [law.draw_factors(rng) for _ in range(PATIENTS)]
    return factors, [law.draw_outcome(f, rng) for f in factors]


def test_factors_are_standardised_and_independent(cohort):
    table = np.array([[f[name] for name in law.FACTORS] for f in cohort[0]])
    assert np.abs(table.mean(axis=0)).max() < 0.06
    assert np.abs(table.std(axis=0) - 1).max() < 0.04
    off = np.corrcoef(table.T) - np.eye(len(law.FACTORS))
    assert np.abs(off).max() < 0.06


@pytest.mark.parametrize(("with_age", "expected"), [(True, 0.80), (False, 0.78)])
def test_oracle_concordance(cohort, with_age, expected):
    factors, outcomes = cohort
    risk = np.array([law.log_hazard(f, with_age) for f in factors])
    time = np.array([o.time_days for o in outcomes])
    event = np.array([o.event for o in outcomes])
    parts = np.array_split(np.arange(PATIENTS), 6)
    found = np.mean([concordance_index(time[p], -risk[p], event[p]) for p in parts])
    assert found == pytest.approx(expected, abs=0.015)


def test_oracle_auc(cohort):
    factors, outcomes = cohort
    label = [o.response for o in outcomes]
    assert roc_auc_score(label, [law.logit(f) for f in factors]) == pytest.approx(0.85, abs=0.015)


def test_volume_and_uptake_stay_below_sixty_percent(cohort):
    """Even measured without error, they explain well below 60 % of the oracle's excess."""
    factors, outcomes = cohort
    pair = ("log_volume", "uptake")
    risk = np.array([sum(law.HAZARD[k] * f[k] for k in pair) for f in factors])
    score = np.array([sum(law.RESPONSE[k] * f[k] for k in pair) for f in factors])
    hazard = np.array([law.log_hazard(f, False) for f in factors])
    logit = np.array([law.logit(f) for f in factors])
    time = np.array([o.time_days for o in outcomes])
    event = np.array([o.event for o in outcomes])
    label = np.array([o.response for o in outcomes])
    c, top = (concordance_index(time, -r, event) - 0.5 for r in (risk, hazard))
    auc, best = (roc_auc_score(label, s) - 0.5 for s in (score, logit))
    assert 0.30 < c / top < 0.50
    assert 0.30 < auc / best < 0.50


def test_censoring_and_prevalence(cohort):
    outcomes = cohort[1]
    assert 0.40 < 1 - np.mean([o.event for o in outcomes]) < 0.50
    assert np.mean([o.response for o in outcomes]) == pytest.approx(0.45, abs=0.03)
    assert min(o.time_days for o in outcomes) >= 1.0


def test_age_is_no_image_factor():
    factors = dict.fromkeys(law.FACTORS, 0.0) | {"age": 2.0}
    assert law.log_hazard(factors) == pytest.approx(2 * law.HAZARD["age"])
    assert law.log_hazard(factors, with_age=False) == 0.0
    assert "age" not in law.RESPONSE
    assert law.age_years(factors) == pytest.approx(84.0)


def test_documentation_states_these_coefficients():
    page = (Path(__file__).parents[3] / "docs" / "phantom.md").read_text(encoding="utf-8")
    rows = {
        line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
        for line in page.splitlines()
        if line.startswith(("| beta", "| gamma", "| | log_volume"))
    }
    assert rows[""] == list(law.FACTORS)
    for name, weights in (("beta (hazard)", law.HAZARD), ("gamma (response)", law.RESPONSE)):
        assert [float(cell) for cell in rows[name]] == [weights.get(k, 0.0) for k in law.FACTORS]
    assert f"logit = {law.RESPONSE_INTERCEPT} + sum" in page
