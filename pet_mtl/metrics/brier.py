"""Brier's score of survival curves: how far the probabilities are from what happened."""

from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats, finite_vector
from pet_mtl.metrics._horizons import checked_horizons
from pet_mtl.metrics.censoring import censoring_distribution, inverse_weights, outcomes

_TOLERANCE = 1e-6


def brier_score(  # noqa: PLR0913, the signature of its peers
    train_time: Any,
    train_event: Any,
    time: Any,
    event: Any,
    survival_probabilities: Any,
    horizons: Any,
) -> Floats:
    """Mean squared error of the survival probability at each horizon, weighted for censoring.

    At horizon t, who had the event by t should have probability 0 and weighs 1 / G(own time);
    who is followed beyond t should have 1 and weighs 1 / G(t); who was censored before weighs
    0. G is the probability to be uncensored, estimated on the training patients.

    Args:
        train_time: (training patients,) time to event or censoring.
        train_event: (training patients,) 1 where the event was seen.
        time: (patients,) time to event or censoring, the same unit.
        event: (patients,) 1 where the event was seen.
        survival_probabilities: (patients, horizons) probability to live beyond each horizon,
            0..1; (patients,) for a single horizon.
        horizons: (horizons,) increasing times.

    Returns:
        (horizons,) scores; 0 is perfect, 0.25 what a constant 0.5 gets.

    Raises:
        MetricError: NaN or infinity, different lengths, an event other than 0 and 1, a
            probability outside 0..1, a horizon beyond the follow-up, or one where G is 0 or
            unknown.

    Source:
        Graf et al., Statistics in Medicine 18 (1999) 2529-2545.
    """
    moment, seen = outcomes(time, event)
    moments = checked_horizons(horizons, moment)
    curves = _curves(survival_probabilities, (len(moment), len(moments)))
    censoring = censoring_distribution(train_time, train_event)
    counted = seen & (moment <= moments[-1])
    weight = np.zeros(len(moment))
    weight[counted] = inverse_weights(censoring, moment[counted], "events before the last horizon")
    lived = inverse_weights(censoring, moments, "horizons")
    gone = (moment[:, None] <= moments[None, :]) & seen[:, None]  # (patients, horizons)
    alive = moment[:, None] > moments[None, :]
    error = gone * weight[:, None] * curves**2 + alive * lived[None, :] * (1.0 - curves) ** 2
    scores: Floats = error.mean(axis=0)
    return scores


def integrated_brier_score(  # noqa: PLR0913, the signature of its peers
    train_time: Any,
    train_event: Any,
    time: Any,
    event: Any,
    survival_probabilities: Any,
    horizons: Any,
) -> float:
    """`brier_score`, averaged over the time from the first to the last horizon.

    Args:
        train_time: (training patients,) time to event or censoring.
        train_event: (training patients,) 1 where the event was seen.
        time: (patients,) time to event or censoring, the same unit.
        event: (patients,) 1 where the event was seen.
        survival_probabilities: (patients, horizons) probability to live beyond each horizon.
        horizons: (horizons,) at least two increasing times.

    Returns:
        The area under the scores by the trapezoidal rule, over its width.

    Raises:
        MetricError: As `brier_score`, or fewer than two horizons.
    """
    moments = finite_vector(horizons, "horizons")
    if len(moments) < len(("first", "last")):
        raise MetricError(
            "METRIC_HORIZONS",
            "an integral needs a first and a last horizon",
            expected="two or more",
            found=str(len(moments)),
        )
    scores = brier_score(train_time, train_event, time, event, survival_probabilities, moments)
    return float(np.trapezoid(scores, moments) / (moments[-1] - moments[0]))


def _curves(values: Any, shape: tuple[int, int]) -> Floats:
    """(patients, horizons) probabilities."""
    curves = np.asarray(values, np.float64)
    if curves.ndim == 1 and shape[1] == 1:
        curves = curves[:, None]
    if curves.shape != shape:
        raise MetricError(
            "METRIC_SHAPE",
            "there is not one probability for each patient and horizon",
            expected=f"{shape[0]} x {shape[1]}",
            found=" x ".join(map(str, curves.shape)),
        )
    finite_vector(curves.ravel(), "survival_probabilities")
    if curves.size and (curves.min() < -_TOLERANCE or curves.max() > 1.0 + _TOLERANCE):
        raise MetricError(
            "METRIC_PROBABILITY",
            "a survival probability lies outside 0..1",
            found=f"{curves.min():g} to {curves.max():g}",
            todo="Give probabilities to live beyond each horizon, not risks or hazards",
        )
    return curves
