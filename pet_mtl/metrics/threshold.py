"""A threshold chosen on some patients, and what it does on others.

Two steps, never one: a threshold that is judged on the patients it was chosen on looks better than
it is. So choosing gives a `Threshold`, which remembers these patients, and `accuracy_at` refuses
them.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats, labelled_scores
from pet_mtl.metrics.bootstrap import Interval
from pet_mtl.metrics.proportion import wilson_interval


@dataclass(frozen=True)
class Threshold:
    """A score from which on a patient is called positive.

    `Threshold(0.5)` is one that was not chosen on any patients at hand, such as a published one.

    Attributes:
        value: Positive if score >= value.
        rule: How it was chosen.
        chosen_on: Fingerprint of the patients it was chosen on; "" if given.
    """

    value: float
    rule: str = "given"
    chosen_on: str = ""


@dataclass(frozen=True)
class Accuracy:
    """What a threshold does, each share with Wilson's interval.

    Attributes:
        threshold: The threshold.
        sensitivity: Positives that are called positive.
        specificity: Negatives that are called negative.
        ppv: Positives among those called positive; None if nobody is. Holds at the share of
            positives of these patients only.
        npv: Negatives among those called negative; None if nobody is.
    """

    threshold: Threshold
    sensitivity: Interval
    specificity: Interval
    ppv: Interval | None
    npv: Interval | None


def youden_threshold(training_label: Any, training_score: Any) -> Threshold:
    """The threshold of the highest Youden's J, sensitivity + specificity - 1.

    Args:
        training_label: (training patients,) 0 or 1.
        training_score: (training patients,) any score; higher means more likely 1.

    Returns:
        One of the scores; of several equally good ones the lowest, which misses fewest.

    Raises:
        MetricError: As `roc_auc`; no threshold better than chance.

    Source:
        Youden, Cancer 3 (1950) 32-35.

    >>> youden_threshold([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.35
    """
    positive, score = labelled_scores(training_label, training_score)
    value, sensitivity, alarms = _rates(positive, score)
    gain = sensitivity - alarms
    # Rounding must not decide between equally good thresholds.
    best = int(np.flatnonzero(gain >= gain.max() - 1e-12)[-1])
    if gain[best] <= 1e-12:
        raise MetricError(
            "METRIC_NO_THRESHOLD",
            "no threshold of these scores is better than chance",
            expected="positives that score higher than negatives",
            found=f"a Youden's J of at most {gain[best]:.3g}",
            todo="Check that higher scores mean more likely positive",
        )
    return Threshold(float(value[best]), "Youden's J", _fingerprint(positive, score))


def sensitivity_threshold(training_label: Any, training_score: Any, wanted: float) -> Threshold:
    """The highest threshold that reaches a sensitivity: the most specific that does.

    Args:
        training_label: (training patients,) 0 or 1.
        training_score: (training patients,) any score; higher means more likely 1.
        wanted: Sensitivity, above 0 and up to 1.

    Returns:
        The score of one of the positives.

    Raises:
        MetricError: As `roc_auc`; a sensitivity outside 0..1.

    >>> sensitivity_threshold([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], wanted=0.5).value
    0.8
    """
    positive, score = labelled_scores(training_label, training_score)
    if not 0.0 < wanted <= 1.0:
        raise MetricError(
            "METRIC_SENSITIVITY",
            "the wanted sensitivity is no share",
            expected="above 0 and up to 1",
            found=f"{wanted:g}",
        )
    value, sensitivity, _ = _rates(positive, score)
    first = int(np.flatnonzero(sensitivity >= wanted - 1e-12)[0])
    fingerprint = _fingerprint(positive, score)
    return Threshold(float(value[first]), f"sensitivity {wanted:g}", fingerprint)


def accuracy_at(
    threshold: Threshold, test_label: Any, test_score: Any, level: float = 0.95
) -> Accuracy:
    """What a threshold does on patients that it was not chosen on.

    Args:
        threshold: From `youden_threshold` or `sensitivity_threshold` of other patients, or
            `Threshold(value)`.
        test_label: (test patients,) 0 or 1.
        test_score: (test patients,) the same score of them.
        level: Coverage of the intervals.

    Returns:
        Sensitivity, specificity, positive and negative predictive value.

    Raises:
        MetricError: As `roc_auc`; a threshold that is no number; the very patients that the
            threshold was chosen on.
    """
    positive, score = labelled_scores(test_label, test_score)
    _check_others(threshold, positive, score)
    called = score >= threshold.value
    found, right = int((positive & called).sum()), int((~positive & ~called).sum())
    return Accuracy(
        threshold,
        wilson_interval(found, int(positive.sum()), level),
        wilson_interval(right, int((~positive).sum()), level),
        wilson_interval(found, int(called.sum()), level) if called.any() else None,
        wilson_interval(right, int((~called).sum()), level) if not called.all() else None,
    )


def _check_others(threshold: Threshold, positive: Bools, score: Floats) -> None:
    """The threshold is a number, and not of these patients."""
    if not np.isfinite(threshold.value):
        raise MetricError("METRIC_NOT_FINITE", "the threshold is no number")
    if threshold.chosen_on == _fingerprint(positive, score):
        raise MetricError(
            "METRIC_SAME_PATIENTS",
            "the threshold was chosen on these very patients, so that it would look better than "
            "it is",
            expected="other patients",
            todo="Choose it on training patients, or cross-fitted, and judge it on test patients",
        )


def _rates(positive: Bools, score: Floats) -> tuple[Floats, Floats, Floats]:
    """Descending distinct scores; share of positives and of negatives at or above each."""
    value, place = np.unique(-score, return_inverse=True)
    hits = np.cumsum(np.bincount(place, weights=positive))
    alarms = np.cumsum(np.bincount(place, weights=~positive))
    return -value, hits / hits[-1], alarms / alarms[-1]


def _fingerprint(positive: Bools, score: Floats) -> str:
    """Of labels and scores, whatever the order of the patients."""
    order = np.lexsort((score, positive))
    content = positive[order].tobytes() + score[order].tobytes()
    return hashlib.sha256(content).hexdigest()
