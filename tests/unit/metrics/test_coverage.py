"""Do the 95 % intervals hold the truth 95 times of a hundred?

Patients of a law whose true AUC and concordance are known, again and again.
"""

import numpy as np
import pytest
from scipy import stats

from pet_mtl.metrics import auc_interval, bootstrap_interval, concordance_index, roc_auc

RUNS, PATIENTS, RESAMPLES = 500, 150, 500
SEPARATION = 1.0
# Means 0 and 1, deviations 1: P(positive above negative) in closed form.
TRUE_AUC = stats.norm.cdf(SEPARATION / np.sqrt(2))


def binormal(rng):
    """40 % positives, whose scores lie higher by `SEPARATION` deviations."""
    label = np.arange(PATIENTS) < 0.4 * PATIENTS
    return label, rng.normal(size=PATIENTS) + SEPARATION * label


def survivors(rng, patients):
    """Exponential times, censored uniformly, and a risk that knows half of the hazard."""
    risk = rng.normal(size=patients)
    hazard = np.exp(0.8 * risk + 0.5 * rng.normal(size=patients))
    lived, followed = rng.exponential(1 / hazard), rng.uniform(0, 3, patients)
    return np.minimum(lived, followed), lived <= followed, risk


def true_concordance():
    """Of eight million independent pairs; its own error is 0.0002."""
    time, event, risk = survivors(np.random.default_rng(0), 16_000_000)
    early, late = np.split(np.argsort(time.reshape(2, -1), axis=0), 2)
    column = np.arange(early.shape[1])
    first = (early[0], column)
    comparable = event.reshape(2, -1)[first]
    right = risk.reshape(2, -1)[first] > risk.reshape(2, -1)[late[0], column]
    return right[comparable].mean()


def coverage(intervals, truth):
    return np.mean([interval.low <= truth <= interval.high for interval in intervals])


@pytest.mark.slow
@pytest.mark.parametrize("logit", [False, True])
def test_delongs_interval_of_the_auc(logit):
    rng = np.random.default_rng(1)
    intervals = [auc_interval(*binormal(rng), logit=logit) for _ in range(RUNS)]
    assert 0.93 <= coverage(intervals, TRUE_AUC) <= 0.97


@pytest.mark.slow
def test_bootstrap_interval_of_the_auc():
    rng = np.random.default_rng(2)
    intervals = [
        bootstrap_interval(roc_auc, binormal(rng), RESAMPLES, seed=run) for run in range(RUNS)
    ]
    assert 0.93 <= coverage(intervals, TRUE_AUC) <= 0.97


@pytest.mark.slow
def test_bootstrap_interval_of_the_concordance():
    rng = np.random.default_rng(3)
    intervals = [
        bootstrap_interval(concordance_index, survivors(rng, PATIENTS), RESAMPLES, seed=run)
        for run in range(RUNS)
    ]
    assert 0.93 <= coverage(intervals, true_concordance()) <= 0.97
