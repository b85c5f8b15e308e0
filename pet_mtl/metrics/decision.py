"""Is deciding by the model worth more than treating everybody, or nobody?"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats, finite_vector, labelled_scores
from pet_mtl.metrics._groups import probabilities
from pet_mtl.metrics._horizons import checked_horizons
from pet_mtl.metrics.censoring import kaplan_meier_interval, outcomes


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit: true positives a patient, less false positives at the odds of the threshold.

    Attributes:
        thresholds: (thresholds,) risks from which on one would treat.
        model: (thresholds,) net benefit of treating whom the model gives that risk.
        treat_all: (thresholds,) of treating everybody.
    """

    thresholds: Floats
    model: Floats
    treat_all: Floats

    @property
    def treat_none(self) -> Floats:
        """(thresholds,) of treating nobody: 0."""
        return np.zeros_like(self.thresholds)

    @property
    def advantage(self) -> Floats:
        """(thresholds,) of the model over the better of treating everybody and nobody."""
        return self.model - np.maximum(self.treat_all, 0.0)


def decision_curve(label: Any, probability: Any, thresholds: Any) -> DecisionCurve:
    """The decision curve of a binary outcome.

    Args:
        label: (patients,) 0 or 1.
        probability: (patients,) predicted probability of 1, 0..1; treated if at or above the
            threshold.
        thresholds: (thresholds,) increasing, 0 or more and below 1.

    Returns:
        The curve.

    Raises:
        MetricError: As `roc_auc`; a probability outside 0..1; thresholds out of order or range.

    Source:
        Vickers and Elkin, Medical Decision Making 26 (2006) 565-574,
        doi:10.1177/0272989X06295361.

    >>> curve = decision_curve([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.8], [0.2])
    >>> curve.model.round(4).tolist(), curve.treat_all.round(4).tolist()
    ([0.4375], [0.375])
    """
    positive, risk = labelled_scores(label, probabilities(probability, "probability"))
    marks = _marks(thresholds)

    def share(treated: Bools) -> float:
        return float(positive[treated].mean())

    return _curve(risk, marks, share)


def survival_decision_curve(
    time: Any, event: Any, risk: Any, horizon: float, thresholds: Any
) -> DecisionCurve:
    """The decision curve of an event by a horizon, some patients being censored before.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.
        risk: (patients,) predicted probability of the event by the horizon, 0..1: one less the
            predicted survival.
        horizon: The time, in the unit of `time`.
        thresholds: (thresholds,) increasing, 0 or more and below 1.

    Returns:
        The curve; among the treated the share with the event is one less Kaplan and Meier's
        estimate of them.

    Raises:
        MetricError: As `decision_curve` but for one class; a horizon beyond the follow-up of all
            patients or of those treated at a threshold.

    Source:
        Vickers et al., BMC Med Inform Decis Mak 8 (2008) 53, doi:10.1186/1472-6947-8-53.
    """
    predicted = probabilities(risk, "risk")
    moment, seen = outcomes(time, event, risk=predicted)
    checked_horizons([horizon], moment)
    marks = _marks(thresholds)

    def share(treated: Bools) -> float:
        return 1.0 - kaplan_meier_interval(moment[treated], seen[treated], horizon).value

    return _curve(predicted, marks, share)


def _curve(risk: Floats, marks: Floats, share: Any) -> DecisionCurve:
    """Net benefit at each threshold, from the share with the event among the treated."""
    everybody = np.ones(len(risk), dtype=bool)
    model = [_net_benefit(risk >= mark, mark, share) for mark in marks]
    treat_all = [_net_benefit(everybody, mark, share) for mark in marks]
    return DecisionCurve(marks, np.array(model), np.array(treat_all))


def _net_benefit(treated: Bools, mark: float, share: Any) -> float:
    """0 if nobody is treated."""
    if not treated.any():
        return 0.0
    hit = share(treated)
    return float(treated.mean() * (hit - (1.0 - hit) * mark / (1.0 - mark)))


def _marks(thresholds: Any) -> Floats:
    """Thresholds in order and range."""
    marks = finite_vector(thresholds, "thresholds")
    if not len(marks) or marks[0] < 0.0 or marks[-1] >= 1.0 or np.any(np.diff(marks) <= 0):
        raise MetricError(
            "METRIC_THRESHOLDS",
            "the thresholds are no increasing probabilities",
            expected="one or more, 0 or more and below 1",
            found=", ".join(f"{mark:g}" for mark in marks[:8]) or "none",
        )
    return marks
