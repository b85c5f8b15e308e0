"""The closed-form heads against scikit-learn and against themselves."""

import numpy as np
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression

from pet_mtl.training.heads import HeadTask, fit_head


def task(patients: int, features: int, strength: float, seed: int) -> HeadTask:
    """Binary labels that depend on the first feature."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(patients, features))
    hits = (rng.random(patients) < special.expit(strength * x[:, 0])).astype(float)[:, None]
    return HeadTask(x, hits, np.ones_like(hits))


@pytest.mark.parametrize("penalty", [0.01, 0.1, 1.0])
def test_one_cell_is_penalised_logistic_regression(penalty: float) -> None:
    made = task(150, 6, 1.5, seed=1)
    head = fit_head(made, [penalty], seed=0)
    peer = LogisticRegression(C=1 / (penalty * 150), tol=1e-8, max_iter=2000)
    peer.fit(made.features, made.hits[:, 0])
    # Ours puts a thousandth of a penalty on the intercept, theirs none.
    assert head.slopes == pytest.approx(peer.coef_[0], abs=2e-3)
    assert head.baseline[0] == pytest.approx(peer.intercept_[0], abs=5e-3)


def test_noise_gets_the_strongest_penalty_and_signal_a_weak_one() -> None:
    grid = (0.003, 0.03, 0.3, 3.0)
    noise = fit_head(task(80, 40, 0.0, seed=3), grid, seed=0)
    signal = fit_head(task(400, 3, 3.0, seed=4), grid, seed=0)
    assert noise.penalty == 3.0 and np.abs(noise.slopes).max() < 0.1
    assert signal.penalty <= 0.03 and signal.slopes[0] > 1.5


def test_too_few_labels_give_rates_only() -> None:
    head = fit_head(task(8, 4, 1.0, seed=0), [0.1], seed=0)
    assert not head.slopes.any() and np.isinf(head.penalty)


def test_cells_not_at_risk_do_not_count() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 3))
    hits = (rng.random((60, 4)) < 0.3).astype(float)
    at_risk = (np.cumsum(hits, axis=1) - hits == 0).astype(float)
    one = fit_head(HeadTask(x, hits * at_risk, at_risk), [0.1], seed=0)
    padded = HeadTask(
        x, np.pad(hits * at_risk, ((0, 0), (0, 1))), np.pad(at_risk, ((0, 0), (0, 1)))
    )
    two = fit_head(padded, [0.1], seed=0)
    assert two.slopes == pytest.approx(one.slopes, abs=1e-3)
    assert two.baseline[:4] == pytest.approx(one.baseline, abs=1e-2)
