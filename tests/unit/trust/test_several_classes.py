"""Response sets of several classes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from pet_mtl.trust import ResponseSets, fit_sets


def draw(rng, truth, classes):
    """Probabilities that know something of the truth; scores without ties."""
    logits = 1.2 * np.eye(classes)[truth] + rng.normal(0, 1.0, (len(truth), classes))
    return special.softmax(logits, axis=1)


def test_coverage_of_each_class_is_the_exact_finite_sample_one():
    rng = np.random.default_rng(0)
    truth, coverage, draws = np.repeat([0, 1, 2], [25, 31, 22]), 0.8, 1500
    held = {0: [], 1: [], 2: []}
    for _ in range(draws):
        sets, said = fit_sets(draw(rng, truth, 3), truth.astype(float), coverage)
        assert sets is not None and sets.by_class and sets.patients == (25, 31, 22)
        assert "25, 31, 22 of each class" in said
        for k in held:
            new = draw(rng, np.full(20, k), 3)
            held[k].append(np.mean([k in sets.of(tuple(map(float, one))) for one in new]))
    for k, n in enumerate(sets.patients):
        exact = math.ceil((n + 1) * coverage - 1e-9) / (n + 1)
        assert abs(np.mean(held[k]) - exact) < 4 * np.std(held[k]) / math.sqrt(draws)


def test_a_rare_class_makes_one_limit_for_all():
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], [20, 20, 3])
    sets, said = fit_sets(draw(rng, truth, 3), truth.astype(float), 0.8)
    assert sets is not None and not sets.by_class and len(set(sets.limits)) == 1
    assert "over all classes" in said
    assert fit_sets(draw(rng, truth[:9], 3), truth[:9].astype(float), 0.8)[0] is None


@given(st.integers(0, 2**32 - 1))
def test_two_classes_are_the_same_told_either_way(seed):
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1], [30, 25])
    each = draw(rng, truth, 2)
    one, _ = fit_sets(each[:, 1], truth.astype(float), 0.9)
    two, _ = fit_sets(each, truth.astype(float), 0.9)
    assert one is not None and two is not None and two.limits == pytest.approx(one.limits)
    for row in each:
        far = all(abs(1 - row[k] - one.limits[k]) > 1e-9 for k in (0, 1))
        assert not far or one.of(float(row[1])) == two.of(tuple(map(float, row)))


def test_plain_data_and_back():
    sets = ResponseSets(0.9, (0.1, 0.5, 0.7), (20, 30, 40), True)
    assert ResponseSets.from_json(sets.to_json()) == sets
    with pytest.raises(ValueError, match="same classes"):
        ResponseSets.from_json(sets.to_json() | {"patients": [1, 2]})
