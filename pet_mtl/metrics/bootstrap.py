"""Percentile bootstrap intervals over patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats

Statistic = Callable[..., float]


@dataclass(frozen=True)
class Interval:
    """A value and how far chance alone may have moved it.

    Attributes:
        value: The statistic on the patients as they are.
        low: Lower end of the interval.
        high: Upper end.
        samples: Resamples behind the interval; 0 if it comes from a formula.
        skipped: Resamples left out because the statistic was undefined there.
    """

    value: float
    low: float
    high: float
    samples: int = 0
    skipped: int = 0

    @property
    def width(self) -> float:
        """high - low."""
        return self.high - self.low


def bootstrap_interval(
    statistic: Statistic,
    arrays: Sequence[Any],
    samples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """A statistic and its percentile interval over resampled patients.

    Args:
        statistic: Takes the arrays, gives one number; NaN or MetricError where undefined.
        arrays: Each (patients, ...): all are resampled together along the first axis.
        samples: Resamples.
        seed: Seed; the same seed and number of patients give the same resamples, whatever the
            statistic, so that intervals of several scores are paired.
        level: Coverage in 0..1.

    Returns:
        The interval. Resamples where the statistic is undefined are left out and counted.

    Raises:
        MetricError: The statistic is undefined on the patients themselves or on every
            resample, or the arrays differ in length.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    value = float(statistic(*(np.asarray(array) for array in arrays)))
    return percentile_interval(value, replicates(statistic, arrays, samples, seed), level)


def paired_difference(
    statistic: Statistic,
    shared: Sequence[Any],
    scores: tuple[Any, Any],
    samples: int = 2000,
    seed: int = 0,
) -> Interval:
    """The difference of one statistic between two scores of the same patients, 95 %.

    Args:
        statistic: Takes the shared arrays and one score; gives one number.
        shared: Each (patients, ...), such as time and event.
        scores: (patients,) the first and the second score.
        samples: Resamples.
        seed: Seed.

    Returns:
        Interval of statistic(first) - statistic(second).

    Raises:
        MetricError: As `bootstrap_interval`.
    """

    def difference(*arrays: Any) -> float:
        *outcome, first, second = arrays
        return statistic(*outcome, first) - statistic(*outcome, second)

    return bootstrap_interval(difference, [*shared, *scores], samples, seed)


def replicates(
    statistic: Statistic, arrays: Sequence[Any], samples: int = 2000, seed: int = 0
) -> Floats:
    """The statistic on resampled patients.

    Args:
        statistic: Takes the arrays, gives one number; NaN or MetricError where undefined.
        arrays: Each (patients, ...).
        samples: Resamples.
        seed: Seed.

    Returns:
        (samples,) values, NaN where undefined. Replicates of two statistics with the same
        seed and number of patients are of the same resamples: they may be combined
        element by element.

    Raises:
        MetricError: The arrays differ in length or hold nobody.
    """
    columns: list[NDArray[Any]] = [np.asarray(array) for array in arrays]
    sizes = {len(column) for column in columns}
    if len(sizes) != 1 or sizes == {0}:
        raise MetricError(
            "METRIC_LENGTH",
            "the arrays are not of the same patients, or hold nobody",
            found=", ".join(str(len(column)) for column in columns),
        )
    patients = sizes.pop()
    generator = np.random.default_rng(seed)
    values = np.empty(samples)
    for sample in range(samples):
        drawn = generator.integers(0, patients, patients)
        values[sample] = _or_nan(statistic, [column[drawn] for column in columns])
    return values


def percentile_interval(value: float, values: Floats, level: float = 0.95) -> Interval:
    """The percentile interval of replicates.

    Args:
        value: The statistic on the patients themselves.
        values: (samples,) its replicates, NaN where undefined.
        level: Coverage in 0..1.

    Returns:
        The interval.

    Raises:
        MetricError: The value or every replicate is undefined.
    """
    known = values[np.isfinite(values)]
    if not np.isfinite(value) or not len(known):
        raise MetricError(
            "METRIC_UNDEFINED",
            "the statistic is undefined on these patients or on every resample of them",
        )
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(known, (tail, 1.0 - tail))
    return Interval(value, float(low), float(high), len(known), len(values) - len(known))


def _or_nan(statistic: Statistic, arrays: Sequence[NDArray[Any]]) -> float:
    """One replicate; NaN where the statistic is undefined."""
    try:
        return float(statistic(*arrays))
    except MetricError:
        return float("nan")
