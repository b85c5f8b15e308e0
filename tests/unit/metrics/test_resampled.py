"""All resamples at once against one resample after the other, and against the peers by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from pet_mtl.errors import MetricError
from pet_mtl.metrics import (
    auc_replicates,
    brier_replicates,
    brier_score,
    concordance_index,
    concordance_replicates,
    cumulative_dynamic_auc,
    dynamic_auc_replicates,
    macro_auc,
    macro_auc_replicates,
    replicates,
    resample_counts,
    roc_auc,
    uno_c,
    uno_replicates,
)

SAMPLES, SEED = 25, 3
CASES = given(
    seed=st.integers(0, 100_000),
    patients=st.integers(4, 60),
    seen=st.sampled_from([0.1, 0.5, 1.0]),
    ties=st.booleans(),
)


def cohort(seed, patients, seen, ties):
    """Times, events and risks; with ties whole times and risks of one digit."""
    rng = np.random.default_rng(seed)
    time = rng.exponential(12, patients) + 0.5
    event = (rng.random(patients) < seen).astype(float)
    risk = rng.normal(size=patients) - 0.05 * time
    if ties:
        time, risk = np.ceil(time), np.round(risk)
    return time, event, risk


def one_by_one(statistic, arrays):
    return replicates(statistic, arrays, SAMPLES, SEED)


def test_a_resample_draws_as_many_as_there_are():
    counts = resample_counts(7, 50, 1)
    assert counts.shape == (50, 7) and (counts.sum(axis=1) == 7).all()
    generator = np.random.default_rng(1)
    drawn = generator.integers(0, 7, 7)
    np.testing.assert_array_equal(counts[0], np.bincount(drawn, minlength=7))
    with pytest.raises(MetricError, match="METRIC_EMPTY"):
        resample_counts(0)


@profile(max_examples=60)
@CASES
def test_concordance(seed, patients, seen, ties):
    arrays = cohort(seed, patients, seen, ties)
    counts = resample_counts(patients, SAMPLES, SEED)
    expected = one_by_one(concordance_index, arrays)
    np.testing.assert_array_equal(concordance_replicates(*arrays, counts), expected)


@profile(max_examples=60)
@CASES
def test_uno(seed, patients, seen, ties):
    time, event, risk = cohort(seed, patients, seen, ties)
    counts = resample_counts(patients, SAMPLES, SEED)
    for tau in (np.quantile(time, 0.7), time.max() + 1.0):
        expected = one_by_one(
            lambda t, e, r, tau=tau: uno_c(t, e, t, e, r, tau), (time, event, risk)
        )
        found = uno_replicates(time, event, risk, counts, tau)
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@profile(max_examples=60)
@CASES
def test_dynamic_auc(seed, patients, seen, ties):
    arrays = cohort(seed, patients, seen, ties)
    counts = resample_counts(patients, SAMPLES, SEED)
    horizon = float(np.quantile(arrays[0], 0.5))

    def value(time, event, risk):
        return cumulative_dynamic_auc(time, event, time, event, risk, [horizon])[0][0]

    found = dynamic_auc_replicates(*arrays, counts, horizon)
    np.testing.assert_allclose(found, one_by_one(value, arrays), rtol=1e-9)


@profile(max_examples=60)
@CASES
def test_brier(seed, patients, seen, ties):
    time, event, _ = cohort(seed, patients, seen, ties)
    counts = resample_counts(patients, SAMPLES, SEED)
    horizons = np.unique(np.quantile(time, [0.0, 0.4, 0.8]))
    curves = np.random.default_rng(seed).random((patients, len(horizons)))
    found = brier_replicates(time, event, curves, horizons, counts)
    for k, horizon in enumerate(horizons):

        def value(t, e, p, horizon=horizon):
            return brier_score(t, e, t, e, p, [horizon])[0]

        expected = one_by_one(value, (time, event, curves[:, [k]]))
        np.testing.assert_allclose(found[:, k], expected, rtol=1e-9)


@profile(max_examples=60)
@CASES
def test_auc(seed, patients, seen, ties):
    _, _, score = cohort(seed, patients, seen, ties)
    label = (np.random.default_rng(seed).random(patients) < 0.3).astype(float)
    label[:2] = 0.0, 1.0
    counts = resample_counts(patients, SAMPLES, SEED)
    expected = one_by_one(roc_auc, (label, score))
    np.testing.assert_array_equal(auc_replicates(label, score, counts), expected)


@profile(max_examples=30)
@CASES
def test_macro_auc(seed, patients, seen, ties):
    rng = np.random.default_rng(seed)
    label = np.concatenate([[0.0, 1.0, 2.0], rng.integers(0, 3, patients)])
    scores = np.round(rng.normal(size=(len(label), 3)), 1 if ties else 9)
    counts = resample_counts(len(label), SAMPLES, SEED)
    expected = one_by_one(macro_auc, (label, scores))
    np.testing.assert_allclose(macro_auc_replicates(label, scores, counts), expected, rtol=1e-12)


def test_resamples_without_a_pair_or_a_class_are_undefined():
    counts = np.array([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [1.0, 1.0, 1.0]])
    found = concordance_replicates([1.0, 2.0, 3.0], [1, 0, 0], [3.0, 1.0, 2.0], counts)
    np.testing.assert_array_equal(found, [np.nan, np.nan, 1.0])
    found = auc_replicates([1, 0, 0], [3.0, 1.0, 4.0], counts)
    np.testing.assert_array_equal(found, [np.nan, np.nan, 0.5])


def test_censoring_is_estimated_on_the_resample():
    """Dead, censored, dead, alive: by hand, drawn once each and with the censored one twice."""
    time, event, risk = [1.0, 2.0, 3.0, 4.0], [1, 0, 1, 0], [4.0, 1.0, 1.0, 2.0]
    counts = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 1.0, 0.0], [1.0, 2.0, 1.0, 1.0]])
    # Of the first: G(1) = 1, G(3) = 2/3; 3 pairs won at weight 1, one lost at weight 9/4.
    # Of the second nobody lives past 3. Of the third: G(3) = 1 - 2/4, so weight 4; 4 won, 1 lost.
    expected = [3 / (3 + 9 / 4), 1.0, 4 / (4 + 4)]
    np.testing.assert_allclose(uno_replicates(time, event, risk, counts, 9.0), expected)
