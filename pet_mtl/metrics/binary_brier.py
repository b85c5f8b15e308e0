"""Brier's score of a binary outcome, and what it is made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pet_mtl.metrics._checks import labelled_scores
from pet_mtl.metrics._groups import probabilities, quantile_groups


@dataclass(frozen=True)
class BrierParts:
    """What a Brier score is made of: reliability - resolution + uncertainty + within.

    Attributes:
        reliability: Squared distance of predictions and observed shares; 0 is perfect.
        resolution: How far the groups' observed shares lie apart; higher is better.
        uncertainty: Score of predicting the share of positives for everybody.
        within: What differs inside the groups; 0 if each holds one predicted value.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within: float

    @property
    def score(self) -> float:
        """The Brier score."""
        return self.reliability - self.resolution + self.uncertainty + self.within


def binary_brier_score(label: Any, probability: Any) -> float:
    """Mean squared error of the predicted probability.

    Args:
        label: (patients,) 0 or 1.
        probability: (patients,) predicted probability of 1, 0..1.

    Returns:
        0..1; 0 is perfect, 0.25 what a constant 0.5 gets.

    Raises:
        MetricError: As `roc_auc`; a probability outside 0..1.

    Source:
        Brier, Monthly Weather Review 78 (1950) 1-3 (half of his sum over both classes).

    >>> binary_brier_score([0, 1], [0.5, 1.0])
    0.125
    """
    positive, predicted = labelled_scores(label, probabilities(probability, "probability"))
    return float(np.mean((predicted - positive) ** 2))


def scaled_brier_score(label: Any, probability: Any) -> float:
    """Share of the uncertainty that the predictions take away.

    Args:
        label: (patients,) 0 or 1.
        probability: (patients,) predicted probability of 1, 0..1.

    Returns:
        Up to 1, which is perfect; 0 is predicting the share of positives for everybody, below 0
        is worse than that.

    Raises:
        MetricError: As `binary_brier_score`.

    Source:
        Steyerberg et al., Epidemiology 21 (2010) 128-138, doi:10.1097/EDE.0b013e3181c30fb2.
    """
    positive, predicted = labelled_scores(label, probabilities(probability, "probability"))
    share = float(positive.mean())
    return 1.0 - binary_brier_score(positive, predicted) / (share * (1.0 - share))


def brier_parts(label: Any, probability: Any, groups: int = 10) -> BrierParts:
    """Murphy's decomposition of the Brier score over quantile groups; exact.

    Args:
        label: (patients,) 0 or 1.
        probability: (patients,) predicted probability of 1, 0..1.
        groups: How many.

    Returns:
        The parts, which add up to `binary_brier_score`.

    Raises:
        MetricError: As `calibration_groups`.

    Source:
        Murphy, J Applied Meteorology 12 (1973) 595-600; the part within groups: Stephenson et
        al., Weather and Forecasting 23 (2008) 752-757, doi:10.1175/2007WAF2006116.1.
    """
    positive, predicted = labelled_scores(label, probabilities(probability, "probability"))
    share = float(positive.mean())
    reliability = resolution = within = 0.0
    for place in quantile_groups(predicted, groups):
        p, y = predicted[place], positive[place].astype(np.float64)
        reliability += len(place) * float(p.mean() - y.mean()) ** 2
        resolution += len(place) * float(y.mean() - share) ** 2
        within += float(np.sum((p - p.mean()) ** 2 - 2.0 * (p - p.mean()) * (y - y.mean())))
    total = len(predicted)
    uncertainty = share * (1.0 - share)
    return BrierParts(reliability / total, resolution / total, uncertainty, within / total)
