"""Do two ways of measuring the same thing agree?"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats, finite_vector, same_length
from pet_mtl.metrics._quantiles import normal_reach, student_reach
from pet_mtl.metrics.bootstrap import Interval

# Between these limits lie 95 % of the differences.
_LIMIT = 1.959963984540054


@dataclass(frozen=True)
class BlandAltman:
    """How far two measurements of the same patient differ.

    Attributes:
        bias: Mean of first less second; on the ratio scale geometric mean of first over second.
        lower: Lower limit of agreement: above it lie 97.5 % of the differences.
        upper: Upper limit.
        patients: How many.
    """

    bias: Interval
    lower: Interval
    upper: Interval
    patients: int


def bland_altman(first: Any, second: Any, ratio: bool = False, level: float = 0.95) -> BlandAltman:
    """Bias and limits of agreement.

    Args:
        first: (patients,) one measurement.
        second: (patients,) the other, in the same unit.
        ratio: Of the ratio first / second by way of logarithms, for measurements whose
            difference grows with their size, such as volumes; else of the difference.
        level: Coverage of the three intervals.

    Returns:
        In the unit of the measurements, or without unit if `ratio`. The intervals and limits
        take the differences (or the logarithms of the ratios) as normally distributed.

    Raises:
        MetricError: NaN or infinity, different lengths, fewer than two patients; with `ratio` a
            measurement that is not above 0.

    Source:
        Bland and Altman, Stat Methods Med Res 8 (1999) 135-160,
        doi:10.1177/096228029900800204; with the limits' error s sqrt(1/n + z^2 / (2 (n - 1))).

    >>> limits = bland_altman([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    >>> limits.bias.value, round(limits.upper.value, 2)
    (1.0, 2.96)
    """
    one, other = _pairs(first, second)
    if ratio:
        one, other = _logarithm(one), _logarithm(other)
    gap = one - other
    patients = len(gap)
    mean, spread = float(gap.mean()), float(gap.std(ddof=1))
    reach = student_reach(level, patients - 1)
    about_mean = reach * spread / math.sqrt(patients)
    about_limit = reach * spread * math.sqrt(1 / patients + _LIMIT**2 / (2 * (patients - 1)))
    ends = (
        _around(mean, about_mean),
        _around(mean - _LIMIT * spread, about_limit),
        _around(mean + _LIMIT * spread, about_limit),
    )
    bias, lower, upper = (_exponential(end) if ratio else end for end in ends)
    return BlandAltman(bias, lower, upper, patients)


def concordance_correlation(first: Any, second: Any) -> float:
    """Lin's concordance correlation: how close the pairs lie to the line of equality.

    Args:
        first: (patients,) one measurement.
        second: (patients,) the other, in the same unit.

    Returns:
        -1..1; 1 is equality. Unlike a correlation it falls with a shift or a factor; like one
        it grows with the spread of the patients.

    Raises:
        MetricError: As `bland_altman`; all measurements of both are one number.

    Source:
        Lin, Biometrics 45 (1989) 255-268, doi:10.2307/2532051; moments over n.

    >>> round(concordance_correlation([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]), 4)
    0.5714
    """
    one, other = _pairs(first, second)
    apart = float(one.var() + other.var() + (one.mean() - other.mean()) ** 2)
    if not apart > 0.0:
        raise MetricError(
            "METRIC_CONSTANT",
            "the concordance correlation is undefined: the measurements do not vary",
            expected="patients who differ",
        )
    return 2.0 * float(np.mean((one - one.mean()) * (other - other.mean()))) / apart


def concordance_correlation_interval(first: Any, second: Any, level: float = 0.95) -> Interval:
    """Lin's concordance correlation with its interval on Fisher's z scale.

    Args:
        first: (patients,) one measurement.
        second: (patients,) the other, in the same unit.
        level: Coverage; holds for normally distributed pairs.

    Returns:
        The interval, inside -1..1.

    Raises:
        MetricError: As `concordance_correlation`; fewer than three patients; perfect agreement
            or no correlation at all, where the variance is not defined.

    Source:
        Lin 1989, as corrected in Biometrics 56 (2000) 324-325.
    """
    one, other = _pairs(first, second)
    value = concordance_correlation(one, other)
    sizes = float(one.std() * other.std())
    if len(one) <= len(("one", "another")) or sizes == 0.0 or abs(value) in (0.0, 1.0):
        raise MetricError(
            "METRIC_NO_VARIANCE",
            "the interval of the concordance correlation is undefined",
            expected="three or more patients, correlated and not in perfect agreement",
            found=f"{len(one)} patients, a concordance correlation of {value:g}",
        )
    correlation = float(np.mean((one - one.mean()) * (other - other.mean()))) / sizes
    shift = float(one.mean() - other.mean()) ** 2 / sizes
    half = normal_reach(level) * math.sqrt(_variance(value, correlation, shift) / (len(one) - 2))
    centre = math.atanh(value)
    return Interval(value, math.tanh(centre - half), math.tanh(centre + half))


def _variance(value: float, correlation: float, shift: float) -> float:
    """(n - 2) times the variance of atanh(value); `shift` is Lin's u squared."""
    rest = 1.0 - value**2
    spread = (1.0 - correlation**2) * value**2 / (rest * correlation**2)
    slope = 2.0 * value**3 * (1.0 - value) * shift / (correlation * rest**2)
    return spread + slope - value**4 * shift**2 / (2.0 * correlation**2 * rest**2)


def _pairs(first: Any, second: Any) -> tuple[Floats, Floats]:
    """Two measurements of the same two or more patients."""
    one, other = finite_vector(first, "first"), finite_vector(second, "second")
    same_length(first=one, second=other)
    if len(one) < len(("one", "another")):
        raise MetricError(
            "METRIC_TOO_FEW",
            "agreement is undefined on so few patients",
            expected="two or more",
            found=str(len(one)),
        )
    return one, other


def _logarithm(values: Floats) -> Floats:
    """Of measurements above 0."""
    if not (values > 0).all():
        raise MetricError(
            "METRIC_NOT_POSITIVE",
            "ratios are undefined: a measurement is not above 0",
            found=f"{int((values <= 0).sum())} of {len(values)} patients",
            todo="Give differences, or leave these patients out and say so",
        )
    return np.log(values)


def _around(value: float, half: float) -> Interval:
    """value +- half."""
    return Interval(value, value - half, value + half)


def _exponential(interval: Interval) -> Interval:
    """Back from logarithms."""
    return Interval(math.exp(interval.value), math.exp(interval.low), math.exp(interval.high))
