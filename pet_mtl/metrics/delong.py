"""How far chance may have moved an AUC, and whether two of the same patients differ.

No resampling: the variance comes from the placements, the share of the other class that each
patient scores above or below.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats, finite_vector, labelled_scores, same_length
from pet_mtl.metrics._quantiles import normal_reach
from pet_mtl.metrics._ranks import middle_ranks
from pet_mtl.metrics.bootstrap import Interval
from pet_mtl.metrics.roc import roc_auc

# Below this a variance is what rounding left of 0.
_NO_VARIANCE = 1e-15


@dataclass(frozen=True)
class AucComparison:
    """Two AUCs of the same patients.

    Attributes:
        difference: First minus second, with its interval.
        z: The difference over its standard error.
        p_value: Two-sided, of the hypothesis that both are equal.
    """

    difference: Interval
    z: float
    p_value: float


def auc_variance(label: Any, score: Any) -> float:
    """DeLong's variance of the AUC.

    Args:
        label: (patients,) 0 or 1.
        score: (patients,) any score; higher means more likely 1.

    Returns:
        The variance; 0 if every positive scores above every negative, or below.

    Raises:
        MetricError: As `roc_auc`; fewer than two patients of a class.

    Source:
        DeLong et al., Biometrics 44 (1988) 837-845, doi:10.2307/2531595; computed in
        O(patients log patients) as Sun and Xu 2014, doi:10.1109/LSP.2014.2337313.

    >>> auc_variance([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.125
    """
    positive, number = labelled_scores(label, score)
    return float(_covariance(positive, number[None, :])[0, 0])


def auc_interval(label: Any, score: Any, level: float = 0.95, logit: bool = True) -> Interval:
    """The AUC with its interval.

    Args:
        label: (patients,) 0 or 1.
        score: (patients,) any score; higher means more likely 1.
        level: Coverage between 0 and 1.
        logit: Computed on the logit scale, which stays inside 0..1 and covers better near 1;
            else symmetrical around the AUC and cut to 0..1.

    Returns:
        The interval.

    Raises:
        MetricError: As `auc_variance`; a variance of 0, from which an interval without width
            would follow however few the patients.

    Source:
        `auc_variance`; the logit: Pepe, The Statistical Evaluation of Medical Tests (2003),
        chapter 5.
    """
    variance = auc_variance(label, score)
    area = roc_auc(label, score)
    reach = normal_reach(level)
    if variance < _NO_VARIANCE:
        raise MetricError(
            "METRIC_NO_VARIANCE",
            "the interval of the AUC is undefined: the placements do not vary",
            expected="positives and negatives whose scores overlap",
            found=f"an AUC of {area:g}",
        )
    if not logit:
        half = reach * math.sqrt(variance)
        return Interval(area, max(0.0, area - half), min(1.0, area + half))
    half = reach * math.sqrt(variance) / (area * (1.0 - area))
    centre = math.log(area / (1.0 - area))
    return Interval(area, _expit(centre - half), _expit(centre + half))


def compare_aucs(label: Any, first: Any, second: Any, level: float = 0.95) -> AucComparison:
    """DeLong's paired test: do two scores of the same patients have the same AUC?

    Args:
        label: (patients,) 0 or 1.
        first: (patients,) any score; higher means more likely 1.
        second: (patients,) the other score.
        level: Coverage of the interval of the difference.

    Returns:
        Difference, z and two-sided p.

    Raises:
        MetricError: As `auc_variance`; a difference that does not vary, as of two scores that
            rank all patients alike.

    Source:
        As `auc_variance`. Not for a model against the same model with one more variable, both
        judged on the patients it was fitted to: Demler et al., Statistics in Medicine 31
        (2012) 2577-2587, doi:10.1002/sim.5328.
    """
    positive, one = labelled_scores(label, first)
    other = finite_vector(second, "second")
    same_length(label=positive, second=other)
    covariance = _covariance(positive, np.stack([one, other]))
    variance = float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1])
    if variance < _NO_VARIANCE:
        raise MetricError(
            "METRIC_NO_VARIANCE",
            "the two AUCs cannot be compared: their difference does not vary",
            expected="scores that rank some patients differently",
        )
    value, error = roc_auc(positive, one) - roc_auc(positive, other), math.sqrt(variance)
    half = normal_reach(level) * error
    p_value = math.erfc(abs(value) / error / math.sqrt(2.0))
    return AucComparison(Interval(value, value - half, value + half), value / error, p_value)


def _covariance(positive: Any, scores: Floats) -> Floats:
    """(scores, scores) covariance of the AUCs of (scores, patients)."""
    positives = int(np.count_nonzero(positive))
    negatives = scores.shape[1] - positives
    if min(positives, negatives) < len(("one", "another")):
        raise MetricError(
            "METRIC_TOO_FEW",
            "the variance of the AUC is undefined: a class has one patient only",
            expected="two or more of each class",
            found=f"{positives} positive, {negatives} negative",
        )
    ranks = middle_ranks(scores)
    # A rank among all less the rank among one's own counts the others below.
    above = (ranks[:, positive] - middle_ranks(scores[:, positive])) / negatives
    below = 1.0 - (ranks[:, ~positive] - middle_ranks(scores[:, ~positive])) / positives
    spread: Floats = np.atleast_2d(np.cov(above)) / positives
    spread = spread + np.atleast_2d(np.cov(below)) / negatives
    return spread


def _expit(value: float) -> float:
    """The probability of a logit."""
    return 1.0 / (1.0 + math.exp(-value))
