"""Response sets hold the true class as often as they promise, and no more than they must."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from pet_mtl.trust import ResponseSets, fit_sets


def draw(rng, patients, share=0.5):
    """Predictions that know something; scores without ties."""
    truth = (rng.random(patients) < share).astype(float)
    return special.expit(1.5 * (truth - 0.5) + rng.normal(0, 1.3, patients)), truth


@pytest.mark.parametrize(
    ("zeros", "ones", "coverage"), [(29, 41, 0.9), (60, 33, 0.8), (20, 24, 0.9)]
)
def test_coverage_of_each_class_is_the_exact_finite_sample_one(zeros, ones, coverage):
    """Given n calibration scores, a new one is covered with probability ceil((n+1) c) / (n+1)."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0.0, 1.0], [zeros, ones])
    draws, fresh, held = 2000, 50, {0: [], 1: []}
    for _ in range(draws):
        probability = special.expit(1.5 * (truth - 0.5) + rng.normal(0, 1.3, len(truth)))
        sets, _ = fit_sets(probability, truth, coverage)
        assert sets is not None and sets.by_class and sets.patients == (zeros, ones)
        for k in (0, 1):
            new = special.expit(1.5 * (k - 0.5) + rng.normal(0, 1.3, fresh))
            score = np.abs(new - k)
            held[k].append(np.mean(score <= sets.limits[k]))
            assert (k in sets.of(new[0])) == (score[0] <= sets.limits[k])
    for k, n in ((0, zeros), (1, ones)):
        exact = math.ceil((n + 1) * coverage - 1e-9) / (n + 1)
        assert coverage - 1e-9 <= exact <= coverage + 1 / (n + 1)
        standard_error = np.std(held[k]) / math.sqrt(draws)
        assert abs(np.mean(held[k]) - exact) < 4 * standard_error


def test_few_of_one_class_are_covered_over_both():
    rng = np.random.default_rng(1)
    held = []
    for _ in range(1500):
        probability, truth = draw(rng, 60, 0.15)
        truth[:8], truth[8:] = 1.0, 0.0
        order = rng.permutation(60)  # exchangeable: any nine tenths may be the ones fitted on
        fit, new = order[:49], order[49:]
        sets, said = fit_sets(probability[fit], truth[fit], 0.9)
        assert sets is not None and not sets.by_class and "both" in said
        held.append(np.mean([int(truth[i]) in sets.of(probability[i]) for i in new]))
    assert abs(np.mean(held) - 45 / 50) < 4 * np.std(held) / math.sqrt(len(held))


@given(st.integers(0, 2**32 - 1), st.lists(st.floats(0.5, 0.95), min_size=2, max_size=2))
def test_more_coverage_never_takes_a_class_out(seed, levels):
    probability, truth = draw(np.random.default_rng(seed), 150)
    low, high = (fit_sets(probability, truth, level)[0] for level in sorted(levels))
    assert low is not None and high is not None
    for p in np.linspace(0, 1, 21):
        assert set(low.of(p)) <= set(high.of(p))


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_patients_does_not_matter_and_json_keeps_all(seed):
    rng = np.random.default_rng(seed)
    probability, truth = draw(rng, 80)
    order = rng.permutation(80)
    sets, _ = fit_sets(probability, truth, 0.9)
    assert sets == fit_sets(probability[order], truth[order], 0.9)[0]
    assert sets is not None and ResponseSets.from_json(sets.to_json()) == sets


def test_by_hand():
    """19 of 20 and one of class 0 and 1 each: the 19th smallest of 20 scores at 90 %."""
    zeros, ones = np.arange(1, 21) / 100, 1 - np.arange(1, 21) / 50
    truth = np.repeat([0.0, 1.0], 20)
    sets, _ = fit_sets(np.concatenate([zeros, ones]), truth, 0.9)
    assert sets is not None and sets.limits == pytest.approx((0.19, 0.38))
    assert [sets.of(p) for p in (0.1, 0.3, 0.7)] == [(0,), (), (1,)]
    wide = ResponseSets(0.9, (0.6, 0.6), (20, 20), True)
    assert wide.of(0.5) == (0, 1)


def test_too_few_are_absent_and_said_so():
    probability, truth = draw(np.random.default_rng(2), 19)
    sets, said = fit_sets(probability, truth, 0.9)
    assert sets is None and said.startswith("none, too few")
    assert fit_sets(*draw(np.random.default_rng(2), 90), 0.99)[0] is None  # needs 99
    assert fit_sets(np.zeros(0), np.zeros(0), 0.9)[0] is None
