"""Precision over recall: what a positive call is worth where positives are rare."""

from typing import Any

import numpy as np

from pet_mtl.metrics._checks import Floats, labelled_scores


def average_precision(label: Any, score: Any) -> float:
    """Mean precision over the positives: the steps under the precision-recall curve.

    No trapezoids: between two points of this curve a straight line is too optimistic.

    Args:
        label: (patients,) 0 or 1.
        score: (patients,) any score; higher means more likely 1. Equal scores are called
            positive together.

    Returns:
        Average precision in 0..1; chance is the share of positives, not 0.5.

    Raises:
        MetricError: As `roc_auc`.

    Source:
        Sum over thresholds of (recall - recall before) x precision, as scikit-learn's
        `average_precision_score`; Davis and Goadrich, ICML 2006, doi:10.1145/1143844.1143874,
        on interpolation.

    >>> average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.8333333333333333
    """
    precision, recall = precision_recall_curve(label, score)
    return float(np.sum(np.diff(recall) * precision[1:]))


def precision_recall_curve(label: Any, score: Any) -> tuple[Floats, Floats]:
    """The points of the curve, from recall 0 to recall 1, one a distinct score.

    Args:
        label: (patients,) 0 or 1.
        score: (patients,) any score; higher means more likely 1.

    Returns:
        (points,) precision and (points,) ascending recall. At recall 0 nobody is called, so
        that precision is undefined: it is set to 1 there, by convention.

    Raises:
        MetricError: As `roc_auc`.
    """
    positive, number = labelled_scores(label, score)
    order = np.argsort(-number, kind="stable")
    last = np.append(np.flatnonzero(np.diff(number[order])), len(number) - 1)
    hits = np.cumsum(positive[order])[last]
    precision = np.concatenate(([1.0], hits / (last + 1.0)))
    recall = np.concatenate(([0.0], hits / hits[-1]))
    return precision, recall
