"""Metrics on many resamples of the same patients at once, by matrix products.

A resample is told by how often it draws each patient. The numbers are those that `replicates` gives
resample by resample, sooner: pairs of patients are compared once, and weighed in every resample.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats, finite_vector, labelled_scores
from pet_mtl.metrics.censoring import outcomes
from pet_mtl.metrics.concordance import RISK_TOLERANCE

_BLOCK_ELEMENTS = 2_000_000

Places = NDArray[np.intp]


def resample_counts(patients: int, samples: int = 2000, seed: int = 0) -> Floats:
    """How often each resample draws each patient; the resamples are those of `replicates`.

    Args:
        patients: How many.
        samples: Resamples.
        seed: Seed.

    Returns:
        (samples, patients) whole numbers; each row adds up to `patients`.

    Raises:
        MetricError: Nobody.
    """
    if patients < 1:
        raise MetricError("METRIC_EMPTY", "there is no patient to be resampled")
    generator = np.random.default_rng(seed)
    counts = np.empty((samples, patients))
    for row in counts:
        row[:] = np.bincount(generator.integers(0, patients, patients), minlength=patients)
    return counts


def auc_replicates(label: Any, score: Any, counts: Floats) -> Floats:
    """`roc_auc` on every resample.

    Args:
        label: (patients,) 0 or 1.
        score: (patients,) any score; higher means more likely 1.
        counts: (samples, patients) from `resample_counts`.

    Returns:
        (samples,) AUCs, NaN where a resample lacks a class.

    Raises:
        MetricError: As `roc_auc`.
    """
    positive, number = labelled_scores(label, score)
    return _auc(number, counts, counts * positive, counts * ~positive, tolerance=0.0)


def macro_auc_replicates(label: Any, scores: Any, counts: Floats) -> Floats:
    """`macro_auc` on every resample; NaN where one lacks a class.

    Args:
        label: (patients,) class 0, 1, ...
        scores: (patients, classes), higher means more likely that class.
        counts: (samples, patients) from `resample_counts`.

    Returns:
        (samples,).

    Raises:
        MetricError: As `macro_auc`.
    """
    truth = finite_vector(label, "label")
    table = np.asarray(scores, np.float64)
    each = [auc_replicates(truth == k, table[:, k], counts) for k in range(table.shape[1])]
    mean: Floats = np.mean(each, axis=0)
    return mean


def concordance_replicates(time: Any, event: Any, risk: Any, counts: Floats) -> Floats:
    """`concordance_index` on every resample.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.
        risk: (patients,) any score; higher means an earlier event.
        counts: (samples, patients) from `resample_counts`.

    Returns:
        (samples,) C, NaN where a resample has no comparable pair.

    Raises:
        MetricError: As `concordance_index`, but for the last cause.
    """
    score = finite_vector(risk, "risk")
    moment, seen = outcomes(time, event, risk=score)
    return _concordance(moment, seen, score, counts * seen, counts)


def uno_replicates(time: Any, event: Any, risk: Any, counts: Floats, tau: float) -> Floats:
    """`uno_c` on every resample, the censoring being estimated on that same resample.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.
        risk: (patients,) any score; higher means an earlier event.
        counts: (samples, patients) from `resample_counts`.
        tau: Only pairs whose earlier time lies before tau count.

    Returns:
        (samples,) C, NaN where undefined.

    Raises:
        MetricError: As `concordance_replicates`.
    """
    score = finite_vector(risk, "risk")
    moment, seen = outcomes(time, event, risk=score)
    counted = counts * (seen & (moment < tau))
    weight = _Censoring(moment, seen, counts).weight(counted)
    return _concordance(moment, seen, score, counted * weight**2, counts)


def dynamic_auc_replicates(
    time: Any, event: Any, risk: Any, counts: Floats, horizon: float
) -> Floats:
    """`cumulative_dynamic_auc` at one horizon on every resample, censoring estimated there.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.
        risk: (patients,) any score; higher means an earlier event.
        counts: (samples, patients) from `resample_counts`.
        horizon: The time.

    Returns:
        (samples,) AUCs, NaN where undefined.

    Raises:
        MetricError: As `concordance_replicates`.
    """
    score = finite_vector(risk, "risk")
    moment, seen = outcomes(time, event, risk=score)
    cases = counts * (seen & (moment <= horizon))
    cases = cases * _Censoring(moment, seen, counts).weight(cases)
    return _auc(score, counts, cases, counts * (moment > horizon), RISK_TOLERANCE)


def brier_replicates(
    time: Any, event: Any, survival_probabilities: Floats, horizons: Any, counts: Floats
) -> Floats:
    """`brier_score` on every resample, the censoring being estimated on that same resample.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.
        survival_probabilities: (patients, horizons) probability to live beyond each horizon.
        horizons: (horizons,) increasing times.
        counts: (samples, patients) from `resample_counts`.

    Returns:
        (samples, horizons) scores, NaN where undefined.

    Raises:
        MetricError: NaN or infinity, different lengths, an event other than 0 and 1.
    """
    moment, seen = outcomes(time, event)
    moments = finite_vector(horizons, "horizons")
    gone = (moment[:, None] <= moments[None, :]) & seen[:, None]  # (patients, horizons)
    alive = moment[:, None] > moments[None, :]
    censoring = _Censoring(moment, seen, counts)
    weight = censoring.weight(counts * seen)
    endless = np.isinf(weight)
    lost = counts * np.where(endless, 0.0, weight)
    lived = censoring.at(moments)
    error = lost @ (gone * survival_probabilities**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        error += (counts @ (alive * (1.0 - survival_probabilities) ** 2)) / lived
    unknown = (counts * endless) @ gone > 0
    # As for the patients themselves: somebody of the resample must be followed beyond.
    unknown |= (counts @ alive == 0) | ~(lived > 0)
    scores: Floats = np.where(unknown, np.nan, error / counts.sum(axis=1, keepdims=True))
    return scores


class _Censoring:
    """The probability to be uncensored, estimated on every resample."""

    def __init__(self, moment: Floats, seen: Bools, counts: Floats) -> None:
        self._moments, self._place = np.unique(moment, return_inverse=True)
        order = np.argsort(self._place, kind="stable")
        first = np.searchsorted(self._place[order], np.arange(len(self._moments)))

        def at_each(weights: Floats) -> Floats:
            return np.add.reduceat(weights[:, order], first, axis=1)  # (samples, moments)

        total, events = at_each(counts), at_each(counts * seen)
        at_risk = np.cumsum(total[:, ::-1], axis=1)[:, ::-1]
        exposed = at_risk - events
        leaves = (total - events) / np.where(exposed > 0, exposed, 1.0)
        self._uncensored = np.cumprod(1.0 - leaves, axis=1)

    def at(self, times: Floats) -> Floats:
        """(samples, times) probability to be uncensored beyond each."""
        start = np.ones((len(self._uncensored), 1))
        step = np.searchsorted(self._moments, times, side="right")
        return np.hstack([start, self._uncensored])[:, step]

    def weight(self, counted: Floats) -> Floats:
        """(samples, patients) one over that beyond each own time; 0 for who is not counted."""
        own = self._uncensored[:, self._place]
        with np.errstate(divide="ignore"):
            weight: Floats = np.where(counted > 0, 1.0 / own, 0.0)
        return weight


def _concordance(
    moment: Floats, seen: Bools, risk: Floats, first: Floats, counts: Floats
) -> Floats:
    """(samples,) won over all pairs, each weighing `first` of the earlier patient."""
    won, total = np.zeros(len(counts)), np.zeros(len(counts))
    for rows in _blocks(np.flatnonzero(np.any(first > 0, axis=0)), len(moment)):
        here = moment[rows, None]  # (rows, patients)
        later = (moment[None, :] > here) | ((moment[None, :] == here) & ~seen[None, :])
        gap = risk[rows, None] - risk[None, :]
        wins = later * _won(gap, RISK_TOLERANCE)
        won += _weighed(first[:, rows], counts, wins)
        total += _weighed(first[:, rows], counts, later)
    return _ratio(won, total)


def _auc(
    score: Floats, counts: Floats, cases: Floats, controls: Floats, tolerance: float
) -> Floats:
    """(samples,) share of (case, control) pairs in the right order."""
    others = np.flatnonzero(np.any(controls > 0, axis=0))
    won = np.zeros(len(counts))
    for rows in _blocks(np.flatnonzero(np.any(cases > 0, axis=0)), len(others)):
        wins = _won(score[rows, None] - score[None, others], tolerance)
        won += _weighed(cases[:, rows], controls[:, others], wins)
    return _ratio(won, cases.sum(axis=1) * controls.sum(axis=1))


def _won(gap: Floats, tolerance: float) -> Floats:
    """1 for a pair in the right order, a half for equal scores."""
    return (gap > tolerance) + 0.5 * (np.abs(gap) <= tolerance)


def _weighed(first: Floats, second: Floats, pairs: NDArray[Any]) -> Floats:
    """(samples,) sum over all pairs of both weights; what weighs without end makes it NaN."""
    if not np.isfinite(first).all():
        first = np.where(np.isfinite(first), first, np.nan)
    summed: Floats = np.einsum("sr,sr->s", first, second @ pairs.T.astype(np.float64))
    return summed


def _ratio(won: Floats, total: Floats) -> Floats:
    """won / total, NaN where there is no pair."""
    with np.errstate(invalid="ignore"):
        ratio: Floats = np.where(total > 0, won, np.nan) / np.where(total > 0, total, 1.0)
    return ratio


def _blocks(rows: Places, columns: int) -> Iterator[Places]:
    """Rows in parts, so that memory stays bounded."""
    size = max(1, _BLOCK_ELEMENTS // max(1, columns))
    return (rows[start : start + size] for start in range(0, len(rows), size))
