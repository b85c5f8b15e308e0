"""C-index and AUC of many scores on the same resamples of patients, by counting pairs once.

A resample is a number of copies of each patient. The index of a resample is then the sum over
pairs, each times the copies of both patients, so two matrix products give it for all resamples at
once: the same numbers as computing the metric anew on each resample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.metrics.concordance import RISK_TOLERANCE

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """An outcome of all judged patients under one seed.

    Attributes:
        comparable: (patients, patients) whether row and column can be compared, and the row
            should score higher.
        known: (patients,) who has the outcome.
    """

    comparable: Bools
    known: Bools


def survival_truth(time: Floats, event: Floats) -> Truth:
    """Pairs of Harrell's C, as `pet_mtl.metrics.concordance_index` counts them.

    Args:
        time: (patients,) days, NaN where unknown.
        event: (patients,) 1 where the event was seen, else 0; NaN where unknown.
    """
    known = np.isfinite(time) & np.isfinite(event)
    seen = known & (event > 0)
    later = (time[:, None] < time[None, :]) | (
        (time[:, None] == time[None, :]) & ~seen[None, :] & known[None, :]
    )
    return Truth(seen[:, None] & known[None, :] & later, known)


def response_truth(response: Floats) -> Truth:
    """Pairs of a responder and one who did not respond, as the AUC counts them.

    Args:
        response: (patients,) 0 or 1, NaN where unknown.
    """
    known = np.isfinite(response)
    return Truth((known & (response > 0.5))[:, None] & (known & (response < 0.5))[None, :], known)


def copies(patients: int, samples: int, seed: int) -> Floats:
    """How often each patient is in each resample; those of `pet_mtl.metrics.replicates`.

    Args:
        patients: Number of patients.
        samples: Resamples.
        seed: Seed.

    Returns:
        (1 + samples, patients); the first row is 1: the patients as they are.
    """
    generator = np.random.default_rng(seed)
    counts = np.ones((1 + samples, patients))
    for row in range(1, 1 + samples):
        drawn = generator.integers(0, patients, patients)
        counts[row] = np.bincount(drawn, minlength=patients)
    return counts


def indices(
    truths: list[Truth], scores: Floats, rows: Bools, weights: Floats, ties: float
) -> Floats:
    """The index of each resample, the mean over the seeds.

    Args:
        truths: Outcome under each seed.
        scores: (seeds, patients), higher should come first.
        rows: (seeds, patients) whom to judge; all have outcome and score.
        weights: (resamples, patients) copies.
        ties: Largest difference of scores that are equal: each such pair counts half.

    Returns:
        (resamples,), NaN where no pair is comparable under some seed.
    """
    each = []
    for truth, score, chosen in zip(truths, scores, rows, strict=True):
        pairs = truth.comparable & chosen[:, None] & chosen[None, :]
        score = np.where(chosen, score, 0.0)
        gap = score[:, None] - score[None, :]
        won = np.where(gap > ties, 1.0, np.where(gap < -ties, 0.0, 0.5)) * pairs
        number = ((weights @ pairs.astype(np.float64)) * weights).sum(axis=1)
        total = ((weights @ won) * weights).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            each.append(np.where(number > 0, total / number, np.nan))
    mean: Floats = np.mean(each, axis=0)
    return mean


TIES = {"survival": RISK_TOLERANCE, "response": 0.0}
