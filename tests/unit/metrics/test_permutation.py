"""The permutation test against exact enumeration, uniform p and seeds."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.errors import MetricError
from pet_mtl.metrics import (
    Shuffles,
    concordance_index,
    permutation_test,
    roc_auc,
    roc_auc_rows,
)

LABEL, SCORE = [0, 0, 0, 1, 1, 1], [1.0, 2.0, 4.0, 3.0, 5.0, 6.0]


def test_p_is_near_that_of_all_permutations():
    value = roc_auc(LABEL, SCORE)
    every = [roc_auc(LABEL, list(scores)) for scores in itertools.permutations(SCORE)]
    exact = np.mean(np.array(every) >= value - 1e-12)
    result = permutation_test(roc_auc, [LABEL], SCORE, Shuffles(8000))
    assert exact == pytest.approx(2 / 20)
    assert result.p_value == pytest.approx(exact, abs=3 * np.sqrt(exact * (1 - exact) / 8000))
    assert result.chance == pytest.approx(0.5, abs=0.02)
    assert (result.value, result.shuffles) == (value, 8000)
    assert result.p_value == (1 + result.as_good) / 8001


def test_p_is_never_zero():
    result = permutation_test(roc_auc, [np.arange(60) >= 30], np.arange(60.0), Shuffles(99))
    assert (result.p_value, result.as_good) == (0.01, 0)


def test_equal_values_count_as_good():
    result = permutation_test(lambda _, score: score.mean(), [LABEL], [0.1, 0.7, 0.3, 1, 2, 3])
    assert result.p_value == 1.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), decimals=st.integers(0, 2))
def test_rows_at_once_give_the_same(seed, decimals):
    rng = np.random.default_rng(seed)
    label = np.append(rng.random(28) < 0.4, [True, False])
    score = np.round(rng.normal(size=30) + label, decimals)
    table = np.stack([score, -score, rng.permutation(score)])
    assert roc_auc_rows(label, table) == pytest.approx([roc_auc(label, row) for row in table])
    one = permutation_test(roc_auc, [label], score, Shuffles(50, seed))
    assert one == permutation_test(roc_auc_rows, [label], score, Shuffles(50, seed), rows=True)


def test_the_seed_decides():
    one = permutation_test(roc_auc, [LABEL], SCORE, Shuffles(200, 1))
    assert one == permutation_test(roc_auc, [LABEL], SCORE, Shuffles(200, 1))
    assert one.chance != permutation_test(roc_auc, [LABEL], SCORE, Shuffles(200, 2)).chance


def test_blocks_do_not_change_the_shuffles(monkeypatch):
    one = permutation_test(roc_auc, [LABEL], SCORE, Shuffles(200))
    monkeypatch.setattr("pet_mtl.metrics.permutation._BLOCK_ELEMENTS", 40)
    assert one == permutation_test(roc_auc, [LABEL], SCORE, Shuffles(200))


def test_p_of_scores_that_know_nothing_is_uniform():
    rng = np.random.default_rng(9)
    label = np.arange(30) % 3 == 0
    p = np.array(
        [
            permutation_test(
                roc_auc_rows, [label], rng.normal(size=30), Shuffles(199, seed), rows=True
            ).p_value
            for seed in range(400)
        ]
    )
    for level in (0.05, 0.2, 0.5):
        assert np.mean(p <= level) == pytest.approx(level, abs=3 * np.sqrt(level / 400))


def test_concordance_of_a_real_risk_is_no_chance():
    rng = np.random.default_rng(3)
    risk = rng.normal(size=80)
    lived = rng.exponential(np.exp(-risk))
    result = permutation_test(concordance_index, [lived, np.ones(80)], risk, Shuffles(199))
    assert result.p_value == 1 / 200


def test_two_thousand_shuffles_take_a_second():
    rng = np.random.default_rng(4)
    label, score = np.arange(1000) % 2, rng.normal(size=1000)
    start = time.process_time()
    permutation_test(roc_auc_rows, [label], score, rows=True)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: permutation_test(roc_auc, [LABEL], SCORE[:5]), "METRIC_LENGTH"),
        (lambda: permutation_test(roc_auc, [LABEL], [np.nan] * 6), "METRIC_NOT_FINITE"),
        (lambda: permutation_test(roc_auc, [LABEL], SCORE, Shuffles(0)), "METRIC_SHUFFLES"),
        (lambda: permutation_test(lambda *_: np.nan, [LABEL], SCORE), "METRIC_UNDEFINED"),
        (lambda: permutation_test(roc_auc, [[1] * 6], SCORE), "METRIC_ONE_CLASS"),
        (
            lambda: permutation_test(lambda *_: np.ones(3), [LABEL], SCORE, rows=True),
            "METRIC_UNDEFINED",
        ),
        (lambda: roc_auc_rows(LABEL, SCORE), "METRIC_SHAPE"),
        (lambda: roc_auc_rows(LABEL, [[1, 2, 3, 4, 5, np.inf]]), "METRIC_NOT_FINITE"),
        (lambda: roc_auc_rows(LABEL, [[1, 2, 3]]), "METRIC_LENGTH"),
    ],
)
def test_undefined_inputs_are_refused(call, code):
    with pytest.raises(MetricError) as caught:
        call()
    assert caught.value.code == code
