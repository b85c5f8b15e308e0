"""Resampled pairs equal the metrics on resampled patients; differences are paired."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.ablation.judging import (
    HELPS,
    HURTS,
    NOT_SHOWN,
    ORACLE,
    Bench,
    verdict,
)
from pet_mtl.ablation.resampling import TIES, copies, indices, response_truth, survival_truth
from pet_mtl.errors import MetricError
from pet_mtl.metrics import Interval, concordance_index, paired_difference, replicates, roc_auc

SAMPLES = 12


def draw(seed: int, patients: int) -> tuple[np.ndarray, ...]:
    """Times and scores with many ties, about half censored."""
    random = np.random.default_rng(seed)
    time = random.integers(1, 8, patients).astype(float)
    event = (random.random(patients) < 0.5).astype(float)
    return time, event, random.integers(0, 4, patients) / 3.0


@given(st.integers(0, 10**6), st.integers(12, 30))
@settings(max_examples=40)
def test_c_of_all_resamples_at_once(seed, patients):
    time, event, score = draw(seed, patients)
    rows = np.ones((1, patients), bool)
    weights = copies(patients, SAMPLES, seed)
    ours = indices([survival_truth(time, event)], score[None], rows, weights, TIES["survival"])
    theirs = replicates(concordance_index, [time, event, score], SAMPLES, seed)
    np.testing.assert_allclose(ours[1:], theirs, atol=1e-12)
    if event.any() and np.isfinite(ours[0]):
        assert ours[0] == pytest.approx(concordance_index(time, event, score), abs=1e-12)


@given(st.integers(0, 10**6), st.integers(12, 30))
@settings(max_examples=40)
def test_auc_of_all_resamples_at_once(seed, patients):
    _, label, score = draw(seed, patients)
    rows = np.ones((1, patients), bool)
    weights = copies(patients, SAMPLES, seed)
    ours = indices([response_truth(label)], score[None], rows, weights, TIES["response"])
    np.testing.assert_allclose(
        ours[1:], replicates(roc_auc, [label, score], SAMPLES, seed), atol=1e-12
    )


def test_patients_without_outcome_count_nowhere():
    time, event, score = draw(1, 40)
    short = time.copy(), event.copy()
    short[0][::4], short[1][1::4] = np.nan, np.nan
    known = np.isfinite(short[0]) & np.isfinite(short[1])
    truth = survival_truth(*short)
    found = indices([truth], score[None], truth.known[None], np.ones((1, 40)), 1e-8)
    assert found[0] == pytest.approx(concordance_index(time[known], event[known], score[known]))


def bench(oracle: np.ndarray | None = None, seeds: int = 2) -> Bench:
    """A good and a bad score, whose outcomes differ from seed to seed."""
    random = np.random.default_rng(5)
    risk = random.normal(size=80)
    truths = [
        survival_truth(random.exponential(np.exp(-risk)), (random.random(80) < 0.8).astype(float))
        for _ in range(seeds)
    ]
    good = np.stack([risk + 0.3 * random.normal(size=80) for _ in range(seeds)])
    poor = np.stack([risk + 3.0 * random.normal(size=80) for _ in range(seeds)])
    scores = {"base": good, "poor": poor}
    return Bench("survival", truths, scores, copies(80, 400, 0), oracle)


def test_one_seed_is_the_paired_difference_of_the_metric():
    random = np.random.default_rng(2)
    time, event = random.exponential(size=60), (random.random(60) < 0.7).astype(float)
    first, second = random.normal(size=60) - time, random.normal(size=60)
    scores = {"a": first[None], "b": second[None]}
    ours = Bench("survival", [survival_truth(time, event)], scores, copies(60, 200, 0)).difference(
        "a", "b"
    )
    theirs = paired_difference(concordance_index, [time, event], (first, second), 200, 0)
    assert ours is not None
    for name in ("value", "low", "high"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), abs=1e-12)


def test_seeds_are_averaged_inside_each_resample():
    both = bench()
    judged = both.judge("base", "base")
    assert judged.value.value == pytest.approx(np.mean(judged.by_seed))
    assert judged.by_seed[0] != judged.by_seed[1]
    alone = Bench("survival", both.truths[:1], {"base": both.scores["base"][:1]}, both.weights)
    assert alone.judge("base", "base").value.value == pytest.approx(judged.by_seed[0])
    assert judged.to_base is None


def test_a_score_less_itself_is_nothing_in_every_resample():
    difference = bench().difference("base", "base")
    assert difference is not None
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)


def test_differences_are_of_patients_whom_both_score():
    whole = bench()
    poor = whole.scores["poor"].copy()
    poor[:, :30] = np.nan
    part = Bench("survival", whole.truths, whole.scores | {"poor": poor}, whole.weights)
    judged = part.judge("poor", "base")
    assert judged.patients == 50
    rows = np.isfinite(poor)
    expected = [
        indices(part.truths, part.scores[key], rows, part.weights[:1], 1e-8)[0]
        for key in ("base", "poor")
    ]
    assert judged.to_base is not None
    assert judged.to_base.value == pytest.approx(expected[0] - expected[1])
    # The base's own C is of all 80, so the difference is not that of the two rows of the table.
    assert part.judge("base", "base").patients == 80


def test_the_oracle_has_the_whole_of_its_own_excess():
    oracle = np.random.default_rng(5).normal(size=80)  # the same as the risk of `bench`
    told = bench(oracle)
    scores = dict(told.scores) | {"twin": np.stack([oracle, oracle])}
    same = Bench("survival", told.truths, scores, told.weights, oracle)
    share = same.judge("twin", "base").share
    assert share is not None
    assert (share.value, share.low, share.high) == pytest.approx((1, 1, 1))
    base = same.judge("base", "base")
    best = same.judge(ORACLE, "base")
    assert best.share is None and best.to_base is None
    assert base.share is not None
    assert base.share.value == pytest.approx((base.value.value - 0.5) / (best.value.value - 0.5))


def test_a_clueless_oracle_has_no_excess_to_share():
    clueless = np.random.default_rng(99).normal(size=80)
    assert bench(clueless).judge("base", "base").share is None


def test_too_few_patients_are_not_judged():
    few = bench()
    poor = few.scores["poor"].copy()
    poor[:, 9:] = np.nan
    part = Bench("survival", few.truths, {"base": few.scores["base"], "poor": poor}, few.weights)
    with pytest.raises(MetricError, match="ABLATE_FEW"):
        part.judge("poor", "base")
    assert part.difference("base", "poor") is None
    assert part.difference("base", "unknown") is None


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.01, 0.2, HELPS), (-0.2, -0.01, HURTS), (-0.1, 0.1, NOT_SHOWN), (0.0, 0.1, NOT_SHOWN)],
)
def test_the_interval_decides(low, high, expected):
    assert verdict(Interval((low + high) / 2, low, high)) == expected


def test_no_difference_shows_nothing():
    assert verdict(None) == NOT_SHOWN
