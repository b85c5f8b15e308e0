"""Intervals: coverage, pairing, undefined resamples, seeds."""

import time

import numpy as np
import pytest

from pet_mtl.errors import MetricError
from pet_mtl.metrics import (
    bootstrap_interval,
    concordance_index,
    paired_difference,
    replicates,
    roc_auc,
)


def test_interval_of_a_mean_is_the_normal_one():
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    interval = bootstrap_interval(np.mean, [values])
    half = 1.96 * values.std() / np.sqrt(400)
    assert interval.value == values.mean()
    assert interval.low == pytest.approx(values.mean() - half, abs=0.03)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.03)
    assert (interval.samples, interval.skipped) == (2000, 0)


def test_coverage_is_near_the_level():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(150):
        interval = bootstrap_interval(np.mean, [rng.exponential(1.0, 60)], 300, level=0.9)
        hits += interval.low <= 1.0 <= interval.high
    assert 0.8 <= hits / 150 <= 0.97


def test_same_seed_same_interval_other_seed_another():
    label, score = np.arange(40) % 2, np.random.default_rng(2).normal(size=40)
    first = bootstrap_interval(roc_auc, [label, score], 200, seed=4)
    assert first == bootstrap_interval(roc_auc, [label, score], 200, seed=4)
    assert first != bootstrap_interval(roc_auc, [label, score], 200, seed=5)


def test_undefined_resamples_are_skipped_and_counted():
    label, score = np.array([1, 0, 0, 0]), np.array([3.0, 1.0, 2.0, 0.0])
    interval = bootstrap_interval(roc_auc, [label, score], 1000)
    without_positive = 1000 * 0.75**4
    assert interval.samples + interval.skipped == 1000
    assert interval.skipped == pytest.approx(without_positive, abs=60)


def test_a_nan_counts_as_undefined():
    values = replicates(lambda x: np.nan if x[0] > 0 else 1.0, [np.array([0.0, 1.0])], 100)
    assert 0 < np.count_nonzero(np.isnan(values)) < 100


def test_undefined_on_the_patients_themselves_is_an_error():
    with pytest.raises(MetricError, match="METRIC_ONE_CLASS"):
        bootstrap_interval(roc_auc, [[1, 1], [1, 2]], 10)


def test_undefined_on_every_resample_is_an_error():
    values = iter([1.0] + [np.nan] * 10)
    with pytest.raises(MetricError, match="METRIC_UNDEFINED"):
        bootstrap_interval(lambda _: next(values), [[1, 2]], 10)


@pytest.mark.parametrize("arrays", [[[1, 2], [1]], [[], []], []])
def test_arrays_of_other_patients_are_refused(arrays):
    with pytest.raises(MetricError, match="METRIC_LENGTH"):
        replicates(lambda *_: 0.0, arrays, 5)


def test_paired_difference_is_far_narrower_than_two_intervals():
    rng = np.random.default_rng(5)
    label = rng.random(200) < 0.5
    score = rng.normal(size=200) + label
    other = score + rng.normal(0, 0.05, 200)
    difference = paired_difference(roc_auc, [label], (score, other), 500)
    alone = bootstrap_interval(roc_auc, [label, score], 500)
    assert difference.value == roc_auc(label, score) - roc_auc(label, other)
    assert difference.low <= difference.value <= difference.high
    assert difference.width < 0.2 * alone.width


def test_two_thousand_bootstraps_of_300_patients_take_seconds():
    rng = np.random.default_rng(6)
    start = time.process_time()
    bootstrap_interval(
        concordance_index,
        [rng.exponential(1, 300), rng.random(300) < 0.6, rng.normal(size=300)],
    )
    assert time.process_time() - start < 5
