"""Kaplan and Meier's curve, and the weights that make up for censoring.

All metrics that weigh by the inverse probability of censoring take it from here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats, binary_vector, finite_vector, same_length
from pet_mtl.metrics._quantiles import normal_reach
from pet_mtl.metrics.bootstrap import Interval


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


def kaplan_meier_interval(time: Any, event: Any, horizon: float, level: float = 0.95) -> Interval:
    """The probability to live beyond one time, with its interval.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.
        horizon: The time.
        level: Coverage between 0 and 1.

    Returns:
        Kaplan and Meier's estimate with Greenwood's interval on the log(-log) scale, which stays
        inside 0..1. At an estimate of 1 or 0 that has no width; there it is Clopper and
        Pearson's, of the patients followed beyond the horizon or of the events.

    Raises:
        MetricError: As `kaplan_meier`; a horizon at which the curve is not known.

    Source:
        Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data (2002), chapter
        1; Clopper and Pearson, Biometrika 26 (1934) 404-413, doi:10.1093/biomet/26.4.404.

    >>> interval = kaplan_meier_interval([1, 2, 3, 3], [1, 0, 1, 0], 2.5)
    >>> [round(number, 4) for number in (interval.value, interval.low, interval.high)]
    [0.75, 0.1279, 0.9605]
    """
    moments, events, censored, at_risk = _counts(time, event)
    value = float(kaplan_meier(time, event).at(horizon))
    if np.isnan(value):
        raise MetricError(
            "METRIC_HORIZON",
            "the survival curve is not known at the horizon: the follow-up ends before",
            expected=f"at most {moments[-1]:g}",
            found=f"{horizon:g}",
            todo="Give an earlier horizon, or fewer groups or lower thresholds",
        )
    reach = normal_reach(level)
    tail = (1.0 - level) / 2.0
    past = moments <= horizon
    if value == 1.0:
        followed = at_risk[0] - events[past].sum() - censored[past].sum()
        return Interval(value, tail ** (1.0 / followed) if followed else 0.0, value)
    if value == 0.0:
        return Interval(value, value, 1.0 - tail ** (1.0 / events.sum()))
    greenwood = (events / (at_risk * np.maximum(at_risk - events, 1)))[past].sum()
    stretch = reach * np.sqrt(greenwood) / np.log(value)  # below 0
    return Interval(value, float(value ** np.exp(-stretch)), float(value ** np.exp(stretch)))


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
