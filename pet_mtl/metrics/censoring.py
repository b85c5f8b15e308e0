"""Kaplan and Meier's curve, and the weights that make up for censoring.

All metrics that weigh by the inverse probability of censoring take it from here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats, binary_vector, finite_vector, same_length


@dataclass(frozen=True)
class KaplanMeier:
    """A survival curve: a step function, continuous from the right.

    Attributes:
        times: (steps,) the distinct times of the patients, ascending.
        survival: (steps,) probability to live beyond each of them.
    """

    times: Floats
    survival: Floats

    def at(self, time: Any) -> Floats:
        """Probability to live beyond times.

        Args:
            time: (n,) times.

        Returns:
            (n,) 1 before the first step. Behind the last one 0 if the curve has come down to
            it, else NaN: the curve is not known there.
        """
        asked = np.asarray(time, np.float64)
        step = np.searchsorted(self.times, asked, side="right")
        value = np.concatenate(([1.0], self.survival))[step]
        unknown = (asked > self.times[-1]) & (self.survival[-1] > 0)
        return np.where(unknown, np.nan, value)


def kaplan_meier(time: Any, event: Any) -> KaplanMeier:
    """The product-limit estimate of survival.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen. Whoever is censored at the time of an
            event was still at risk of it.

    Returns:
        The curve.

    Raises:
        MetricError: NaN or infinity, different lengths, an event other than 0 and 1, nobody.

    Source:
        Kaplan and Meier, J Am Stat Assoc 53 (1958) 457-481, doi:10.1080/01621459.1958.10501452.

    >>> kaplan_meier([1, 2, 3, 3], [1, 0, 1, 0]).survival.tolist()
    [0.75, 0.75, 0.375]
    """
    moments, events, _, at_risk = _counts(time, event)
    return KaplanMeier(moments, _lived(events / at_risk))


def censoring_distribution(time: Any, event: Any) -> KaplanMeier:
    """The probability to be uncensored beyond a time: the curve with both roles exchanged.

    Whoever has the event at a time is no longer at risk of being censored at it.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.

    Returns:
        The curve of censoring.

    Raises:
        MetricError: As `kaplan_meier`.
    """
    moments, events, censored, at_risk = _counts(time, event)
    exposed = np.maximum(at_risk - events, 1)  # nobody censored where nobody is exposed
    return KaplanMeier(moments, _lived(censored / exposed))


def inverse_weights(censoring: KaplanMeier, time: Floats, subject: str) -> Floats:
    """1 / probability to be uncensored beyond each time.

    Args:
        censoring: From `censoring_distribution` of the training patients.
        time: (n,) times.
        subject: What these times are, for the message.

    Returns:
        (n,) weights, 1 or more.

    Raises:
        MetricError: The probability is 0 or unknown at one of them.
    """
    uncensored = censoring.at(time)
    wrong = ~(uncensored > 0)
    if wrong.any():
        raise MetricError(
            "METRIC_CENSORING",
            f"{subject} lie where the training patients' follow-up has ended, so that nothing "
            "makes up for the censoring there",
            expected=f"times before {censoring.times[-1]:g}",
            found=f"{int(wrong.sum())} of {wrong.size}, the earliest {time[wrong].min():g}",
            todo="Give an earlier tau or horizon",
        )
    return 1.0 / uncensored


def outcomes(time: Any, event: Any, **scores: Floats) -> tuple[Floats, Bools]:
    """Checked times and events of as many patients as there are scores.

    Raises:
        MetricError: NaN or infinity, different lengths, an event other than 0 and 1.
    """
    moment, seen = finite_vector(time, "time"), binary_vector(event, "event")
    same_length(time=moment, event=seen, **scores)
    return moment, seen


def _lived(rate: Floats) -> Floats:
    """Probability to live beyond each time, from the share that leaves at each."""
    return np.cumprod(1.0 - rate).astype(np.float64)


def _counts(time: Any, event: Any) -> tuple[Floats, Floats, Floats, Floats]:
    """Distinct times; events, censored and still at risk at each."""
    moment, seen = outcomes(time, event)
    if not len(moment):
        raise MetricError("METRIC_EMPTY", "there is no patient to estimate a survival curve from")
    moments, place, total = np.unique(moment, return_inverse=True, return_counts=True)
    events = np.bincount(place, weights=seen, minlength=len(moments)).astype(np.float64)
    at_risk = (len(moment) - np.concatenate(([0], np.cumsum(total)[:-1]))).astype(np.float64)
    return moments, events, total.astype(np.float64) - events, at_risk
