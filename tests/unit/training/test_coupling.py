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
        coupled = couple_heads((one, two), alone, FAMILIES, PENALTIES)
        shared.append(coupled.correlations["shared"])
        apart.append(coupled.correlations["apart"])
        before = error(alone[0], first) + error(alone[1], second)
        gains.append(before - error(coupled.heads[0], first) - error(coupled.heads[1], second))
    assert np.mean(shared) < -0.6
    assert abs(np.mean(apart)) < 0.3
    # More than three standard errors over the draws.
    assert np.mean(gains) > 3 * np.std(gains) / np.sqrt(len(gains))


def test_what_the_inner_folds_chose_is_only_where_the_estimation_begins() -> None:
    one, two, *_ = draw(1)
    begun = [fit_head(one, (penalty,), 0) for penalty in (0.02, 0.5)]
    other = fit_head(two, PENALTIES, 1)
    weak, strong = (couple_heads((one, two), (head, other), FAMILIES, PENALTIES) for head in begun)
    apart = np.linalg.norm(begun[0].slopes - begun[1].slopes)
    assert np.linalg.norm(weak.heads[0].slopes - strong.heads[0].slopes) < 0.2 * apart
    assert weak.heads[0].penalty == pytest.approx(strong.heads[0].penalty, rel=0.3)


def test_a_head_that_knows_next_to_nothing_leaves_the_other_as_it_was() -> None:
    one, two, *_ = draw(1)
    few = two.rows(np.arange(150) < 10)
    alone = fit_head(one, (0.3,), 0), fit_head(few, (0.3,), 1)
    coupled = couple_heads((one, few), alone, FAMILIES, (0.3,))
    assert coupled.heads[0].penalty == alone[0].penalty
    assert coupled.heads[0].slopes == pytest.approx(alone[0].slopes, abs=0.02)


def test_a_head_of_pure_noise_is_held_back_and_leaves_the_other_alone() -> None:
    one, two, first, _ = draw(4)
    coins = np.random.default_rng(5).integers(0, 2, (150, 1)).astype(float)
    noise = HeadTask(two.features, coins, np.ones((150, 1)))
    alone = fit_head(one, PENALTIES, 0), fit_head(noise, (0.01,), 1)
    coupled = couple_heads((one, noise), alone, FAMILIES, PENALTIES)
    held = [np.linalg.norm(head.slopes) for head in (coupled.heads[1], alone[1])]
    assert held[0] < 0.4 * held[1]
    assert error(coupled.heads[0], first) < 1.2 * error(alone[0], first)


def test_a_head_with_too_few_labels_leaves_both_alone() -> None:
    one, two, *_ = draw(2)
    few = HeadTask(two.features[:4], two.hits[:4], two.at_risk[:4])
    alone = fit_head(one, PENALTIES, 0), fit_head(few, PENALTIES, 1)
    coupled = couple_heads((one, few), alone, FAMILIES, PENALTIES)
    assert coupled.heads is alone
    assert coupled.correlations == {"shared": 0.0, "apart": 0.0}


def test_patients_may_be_known_to_one_head_only() -> None:
    one, two, *_ = draw(3)
    half = two.rows(np.arange(150) < 75)
    alone = fit_head(one, PENALTIES, 0), fit_head(half, PENALTIES, 1)
    coupled = couple_heads((one, half), alone, FAMILIES, PENALTIES)
    assert all(np.isfinite(head.slopes).all() for head in coupled.heads)
