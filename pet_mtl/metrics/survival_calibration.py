"""Do the predicted survival probabilities at a horizon mean what they say?

The predictions are taken as they are; the intervals are those of what was observed.
"""

from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats
from pet_mtl.metrics._groups import CalibrationGroup, probabilities, quantile_groups
from pet_mtl.metrics._horizons import checked_horizons
from pet_mtl.metrics._logistic import fit_logistic
from pet_mtl.metrics._quantiles import normal_reach
from pet_mtl.metrics.bootstrap import Interval
from pet_mtl.metrics.censoring import (
    censoring_distribution,
    inverse_weights,
    kaplan_meier_interval,
    outcomes,
)


def survival_calibration_groups(
    time: Any, event: Any, survival: Any, horizon: float, groups: int = 5
) -> tuple[CalibrationGroup, ...]:
    """Observed survival against mean predicted survival, in quantile groups.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.
        survival: (patients,) predicted probability to live beyond the horizon, 0..1.
        horizon: The time, in the unit of `time`.
        groups: How many; fewer come back where many predictions are equal.

    Returns:
        The groups, from the lowest predicted survival to the highest; observed are Kaplan and
        Meier's estimates with the intervals of `kaplan_meier_interval`, 95 %.

    Raises:
        MetricError: NaN or infinity, different lengths, a probability outside 0..1, more groups
            than patients, or a horizon beyond the follow-up of a group.
    """
    moment, seen, predicted = _checked(time, event, survival, horizon)
    return tuple(
        CalibrationGroup(
            len(place),
            float(predicted[place].mean()),
            kaplan_meier_interval(moment[place], seen[place], horizon),
        )
        for place in quantile_groups(predicted, groups)
    )


def observed_over_expected(
    time: Any, event: Any, survival: Any, horizon: float, level: float = 0.95
) -> Interval:
    """Share of patients with the event by a horizon, over the mean predicted share.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.
        survival: (patients,) predicted probability to live beyond the horizon, 0..1.
        horizon: The time.
        level: Coverage between 0 and 1.

    Returns:
        The ratio; 1 is perfect, above 1 means that more happens than is predicted.

    Raises:
        MetricError: As `survival_calibration_groups`; nobody is predicted to have the event.

    Source:
        Royston and Altman, BMC Med Res Methodol 13 (2013) 33, doi:10.1186/1471-2288-13-33.
    """
    moment, seen, predicted = _checked(time, event, survival, horizon)
    expected = float(np.mean(1.0 - predicted))
    if not expected > 0.0:
        raise MetricError(
            "METRIC_UNDEFINED",
            "observed over expected is undefined: no event is predicted for anybody",
        )
    lived = kaplan_meier_interval(moment, seen, horizon, level)
    ends = [(1.0 - end) / expected for end in (lived.value, lived.high, lived.low)]
    return Interval(ends[0], ends[1], ends[2])


def survival_calibration_slope(
    time: Any, event: Any, survival: Any, horizon: float, level: float = 0.95
) -> Interval:
    """The factor by which the logits of the predicted risk at a horizon should be multiplied.

    Logistic regression of the event by the horizon, an intercept being free; each patient whose
    state at the horizon is known weighs one over the probability to be uncensored until then,
    estimated on these patients.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen.
        survival: (patients,) predicted probability to live beyond the horizon, between 0 and 1.
        horizon: The time.
        level: Coverage of the interval, from robust standard errors; the weights being
            estimated makes it slightly too wide.

    Returns:
        The slope; 1 is perfect, below 1 means that the predictions are too extreme.

    Raises:
        MetricError: As `survival_calibration_groups`; a probability of 0 or 1; predictions that
            do not vary or that separate the patients perfectly; nobody with, or nobody without
            the event by the horizon.

    Source:
        McLernon et al., Annals of Internal Medicine 176 (2023) 105-114, doi:10.7326/M22-0844;
        the weights: Gerds and Schumacher, Biometrical Journal 48 (2006) 1029-1040,
        doi:10.1002/bimj.200610301.
    """
    probabilities(survival, "survival", inner=True)
    moment, seen, predicted = _checked(time, event, survival, horizon)
    had, weight = horizon_weights(moment, seen, horizon)
    logit = np.log1p(-predicted) - np.log(predicted)
    known = weight > 0
    if had.all() or not had.any():
        raise MetricError(
            "METRIC_ONE_CLASS",
            "the slope is undefined: nobody, or everybody, has the event by the horizon",
            expected="patients with and without it",
            todo="Give another horizon",
        )
    columns = np.stack([np.ones_like(logit), logit], axis=1)[known]
    fit = fit_logistic(columns, had[known], weight=weight[known])
    half = normal_reach(level) * float(fit.errors[1])
    slope = float(fit.coefficients[1])
    return Interval(slope, slope - half, slope + half)


def horizon_weights(moment: Floats, seen: Bools, horizon: float) -> tuple[Bools, Floats]:
    """Who had the event by a horizon, and what each patient weighs to make up for censoring.

    With these weights the share of patients with the event is one less Kaplan and Meier's
    estimate: Satten and Datta, Am Stat 55 (2001) 207-210, doi:10.1198/000313001317098185.

    Args:
        moment: (patients,) time to event or censoring.
        seen: (patients,) whether the event was seen.
        horizon: The time.

    Returns:
        (patients,) bool, and (patients,) weights: 0 for who is censored before.

    Raises:
        MetricError: Nobody is followed until the horizon.
    """
    had, lived = seen & (moment <= horizon), moment > horizon
    censoring = censoring_distribution(moment, seen)
    weight = np.zeros(len(moment))
    # Uncensored until just before the event: who is censored at its time is so after it.
    before = np.nextafter(moment[had], -np.inf)
    weight[had] = inverse_weights(censoring, before, "events before the horizon")
    weight[lived] = inverse_weights(censoring, np.array([horizon]), "the horizon")
    return had, weight


def _checked(time: Any, event: Any, survival: Any, horizon: float) -> tuple[Floats, Bools, Floats]:
    """Times, events and probabilities of the same patients, and a horizon they reach."""
    predicted = probabilities(survival, "survival")
    moment, seen = outcomes(time, event, survival=predicted)
    checked_horizons([horizon], moment)
    return moment, seen, predicted
