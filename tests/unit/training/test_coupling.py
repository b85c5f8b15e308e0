"""Two heads that learn from each other, and only as far as they agree."""

import numpy as np
import pytest

from pet_mtl.training.coupling import couple_heads
from pet_mtl.training.heads import HeadTask, HeadWeights, fit_head

FAMILIES = {"shared": 8, "apart": 8}
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0)


def draw(seed: int, patients: int = 150) -> tuple[HeadTask, HeadTask, np.ndarray, np.ndarray]:
    """Two binary outcomes: of opposite slopes in one family, of unrelated ones in the other."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0, 0.45, 16), rng.normal(0, 0.45, 16)
    second[:8] = -first[:8]
    tasks = []
    for slopes in (first, second):
        features = rng.normal(size=(patients, 16))
        hits = (rng.random(patients) < 1 / (1 + np.exp(-features @ slopes))).astype(float)
        tasks.append(HeadTask(features, hits[:, None], np.ones((patients, 1))))
    return tasks[0], tasks[1], first, second


def error(head: HeadWeights, slopes: np.ndarray) -> float:
    return float(np.square(head.slopes - slopes).sum())


def test_coupling_finds_what_agrees_and_comes_nearer_to_the_truth() -> None:
    gains, shared, apart = [], [], []
    for seed in range(30):
        one, two, first, second = draw(seed)
        alone = fit_head(one, PENALTIES, 0), fit_head(two, PENALTIES, 1)
        coupled = couple_heads((one, two), alone, FAMILIES)
        shared.append(coupled.correlations["shared"])
        apart.append(coupled.correlations["apart"])
        before = error(alone[0], first) + error(alone[1], second)
        gains.append(before - error(coupled.heads[0], first) - error(coupled.heads[1], second))
    assert np.mean(shared) < -0.6
    assert abs(np.mean(apart)) < 0.3
    # More than three standard errors over the draws.
    assert np.mean(gains) > 3 * np.std(gains) / np.sqrt(len(gains))


def test_without_correlation_the_heads_are_those_fitted_alone() -> None:
    one, two, *_ = draw(1)
    alone = fit_head(one, (0.3,), 0), fit_head(two, (0.3,), 1)
    # A family of its own for every feature, each so cautious that nothing is learned from it.
    strong = HeadWeights(alone[0].slopes, alone[0].baseline, 1e6)
    coupled = couple_heads((one, two), (strong, alone[1]), FAMILIES)
    assert coupled.heads[1].slopes == pytest.approx(alone[1].slopes, abs=2e-3)


def test_a_head_with_too_few_labels_leaves_both_alone() -> None:
    one, two, *_ = draw(2)
    few = HeadTask(two.features[:4], two.hits[:4], two.at_risk[:4])
    alone = fit_head(one, PENALTIES, 0), fit_head(few, PENALTIES, 1)
    coupled = couple_heads((one, few), alone, FAMILIES)
    assert coupled.heads is alone
    assert coupled.correlations == {"shared": 0.0, "apart": 0.0}


def test_patients_may_be_known_to_one_head_only() -> None:
    one, two, *_ = draw(3)
    half = two.rows(np.arange(150) < 75)
    alone = fit_head(one, PENALTIES, 0), fit_head(half, PENALTIES, 1)
    coupled = couple_heads((one, half), alone, FAMILIES)
    assert all(np.isfinite(head.slopes).all() for head in coupled.heads)
