"""The area under the receiver operating characteristic, and the curve itself."""

from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats, finite_vector, labelled_scores
from pet_mtl.metrics._ranks import middle_ranks


def roc_auc(label: Any, score: Any) -> float:
    """Probability that a positive scores above a negative; equal scores count half.

    Args:
        label: (patients,) 0 or 1.
        score: (patients,) any score; higher means more likely 1.

    Returns:
        AUC in 0..1; 0.5 is chance.

    Raises:
        MetricError: NaN or infinity anywhere (nobody is dropped silently), different lengths,
            a label other than 0 and 1, or only one class.

    Source:
        The Mann-Whitney statistic: Hanley and McNeil, Radiology 143 (1982) 29-36.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    positive, score = labelled_scores(label, score)
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(counts) - (counts - 1) / 2.0  # (values,), from 1
    positives = int(np.count_nonzero(positive))
    negatives = len(score) - positives
    rank_sum = float(middle_rank[place[positive]].sum())
    return (rank_sum - positives * (positives + 1) / 2.0) / (positives * negatives)


def roc_auc_rows(label: Any, scores: Any) -> Floats:
    """`roc_auc` of many scores of the same patients at once.

    Args:
        label: (patients,) 0 or 1.
        scores: (rows, patients) any scores.

    Returns:
        (rows,) AUCs.

    Raises:
        MetricError: As `roc_auc`.
    """
    table = np.asarray(scores, np.float64)
    if table.ndim != len(("rows", "patients")):
        raise MetricError(
            "METRIC_SHAPE",
            "the scores are no table",
            expected="two dimensions: rows, patients",
            found=f"{table.ndim} dimensions",
        )
    finite_vector(table.ravel(), "scores")
    positive, _ = labelled_scores(label, np.zeros(table.shape[1]))
    positives = int(np.count_nonzero(positive))
    rank_sum = middle_ranks(table)[:, positive].sum(axis=1)
    wins: Floats = rank_sum - positives * (positives + 1) / 2.0
    return wins / (positives * (len(positive) - positives))


def macro_auc(label: Any, scores: Any) -> float:
    """Mean over the classes of the AUC of one class against all others.

    Args:
        label: (patients,) class 0, 1, ...
        scores: (patients, classes), higher means more likely that class; (patients,) or
            (patients, 1) for the classes 0 and 1, which gives `roc_auc`.

    Returns:
        AUC in 0..1; 0.5 is chance.

    Raises:
        MetricError: As `roc_auc`; a class that has no score; a class that nobody has.

    >>> macro_auc([0, 1, 2], [[3.0, 1.0, 0.0], [0.0, 1.0, 2.0], [0.0, 0.0, 4.0]])
    0.9166666666666666
    """
    table = np.asarray(scores, np.float64)
    if table.ndim == 1 or table.shape[1] == 1:
        return roc_auc(label, table.reshape(len(table)))
    truth = finite_vector(label, "label")
    if not np.isin(truth, np.arange(table.shape[1])).all():
        raise MetricError(
            "METRIC_CLASS",
            "a label is no class that has scores",
            expected=f"0 to {table.shape[1] - 1}",
        )
    return float(np.mean([roc_auc(truth == k, table[:, k]) for k in range(table.shape[1])]))


def roc_curve(label: Any, score: Any) -> tuple[Floats, Floats]:
    """The points of the curve, from (0, 0) to (1, 1), one a distinct score.

    Args:
        label: (patients,) 0 or 1.
        score: (patients,) any score; higher means more likely 1.

    Returns:
        (points,) false-positive rate and (points,) true-positive rate, both ascending; the
        trapezoids under them are `roc_auc`.

    Raises:
        MetricError: As `roc_auc`.
    """
    positive, score = labelled_scores(label, score)
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits = np.cumsum(positive[order])[last]
    alarms = np.cumsum(~positive[order])[last]
    false_rate = np.concatenate(([0.0], alarms / alarms[-1]))
    true_rate = np.concatenate(([0.0], hits / hits[-1]))
    return false_rate, true_rate
