"""The cumulative, dynamic AUC: who has had the event by a day, against who has not."""

from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats, finite_vector
from pet_mtl.metrics._horizons import checked_horizons
from pet_mtl.metrics.censoring import (
    censoring_distribution,
    inverse_weights,
    kaplan_meier,
    outcomes,
)
from pet_mtl.metrics.concordance import RISK_TOLERANCE


def cumulative_dynamic_auc(  # noqa: PLR0913, the signature of its peers
    train_time: Any, train_event: Any, time: Any, event: Any, risk: Any, horizons: Any
) -> tuple[Floats, float]:
    """AUC at each horizon, weighted for censoring, and their mean.

    At horizon t a case has had the event by t, a control is followed beyond it; who was
    censored before counts as neither. Cases weigh 1 / G(their time), G being the probability
    to be uncensored, estimated on the training patients. Equal risks (within 1e-8) count half.

    Args:
        train_time: (training patients,) time to event or censoring.
        train_event: (training patients,) 1 where the event was seen.
        time: (patients,) time to event or censoring, the same unit.
        event: (patients,) 1 where the event was seen.
        risk: (patients,) one score for all horizons, or (patients, horizons); higher means an
            earlier event.
        horizons: (horizons,) increasing times.

    Returns:
        (horizons,) AUCs in 0..1, and their mean, weighted by how many of the patients have the
        event between one horizon and the next.

    Raises:
        MetricError: NaN or infinity, different lengths, an event other than 0 and 1, a horizon
            without a case or control, or a case where G is 0 or unknown.

    Source:
        Uno et al., J Am Stat Assoc 102 (2007) 527-537; Lambert and Chevret, Stat Methods Med
        Res 25 (2016) 2088-2102 (the mean), doi:10.1177/0962280213515571.
    """
    scores = np.asarray(risk, np.float64)
    first = finite_vector(scores if scores.ndim != 2 or not scores.size else scores[:, 0], "risk")
    moment, seen = outcomes(time, event, risk=first)
    moments = checked_horizons(horizons, moment)
    by_horizon = _by_horizon(scores, len(moments))
    weight = np.zeros(len(moment))
    counted = seen & (moment <= moments[-1])
    censoring = censoring_distribution(train_time, train_event)
    weight[counted] = inverse_weights(censoring, moment[counted], "events before the last horizon")
    values = np.array(
        [
            _auc(score, weight, seen & (moment <= t), moment > t)
            for t, score in zip(moments, by_horizon.T, strict=True)
        ]
    )
    alive = kaplan_meier(moment, seen).at(moments)
    share = -np.diff(alive, prepend=1.0)
    return values, float((values * share).sum() / (1.0 - alive[-1]))


def _by_horizon(scores: Floats, count: int) -> Floats:
    """(patients, horizons) scores, none of them NaN."""
    if scores.ndim == 1:
        return np.broadcast_to(scores[:, None], (len(scores), count))
    if scores.shape[1] != count:
        raise MetricError(
            "METRIC_SHAPE",
            "there is not one score for each horizon",
            expected=f"{count} columns",
            found=str(scores.shape[1]),
        )
    finite_vector(scores.ravel(), "risk")
    return scores


def _auc(score: Floats, weight: Floats, cases: Bools, controls: Bools) -> float:
    """Weighted share of (case, control) pairs in the right order."""
    if not cases.any():
        raise MetricError(
            "METRIC_HORIZON",
            "nobody has had the event by a horizon, so that the AUC is undefined there",
            expected="horizons at or after the first event",
            todo="Give later horizons",
        )
    ordered = np.sort(score[controls])
    below = np.searchsorted(ordered, score[cases] - RISK_TOLERANCE, side="left")
    upto = np.searchsorted(ordered, score[cases] + RISK_TOLERANCE, side="right")
    won = (below + upto) / (2.0 * len(ordered))
    return float((weight[cases] * won).sum() / weight[cases].sum())
