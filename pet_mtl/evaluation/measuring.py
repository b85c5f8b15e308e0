"""How a measure gets its number, its interval, or the reason why it has neither."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.cohort import Floats
from pet_mtl.evaluation.findings import Evidence, Measure
from pet_mtl.metrics import Interval, Permutation, Shuffles, resample_counts

CHANCE = 0.5
LEAST_PATIENTS = 10
LEAST_CLASS = 5
BOOTSTRAP = "percentile bootstrap over patients"

# About what a 32-bit number cannot tell from 1.
EDGE = 1e-7
NO_EVIDENCE, BETTER = "no evidence", "better than chance"

_SIGNIFICANT = 0.05
_UNSHOWN = "No evidence that the model beats chance"


def computed(measure: Measure, compute: Callable[[], Interval]) -> Measure:
    """The measure with its number, or with why there is none.

    Args:
        measure: All of it but the number.
        compute: Gives the number, or raises MetricError.
    """
    try:
        return replace(measure, interval=compute())
    except MetricError as error:
        return replace(measure, reason=error.problem.sentence())


@lru_cache(maxsize=4)
def counts_of(patients: int, samples: int, seed: int) -> Floats:
    """`resample_counts`, kept for all metrics of the same patients; read only."""
    counts = resample_counts(patients, samples, seed)
    counts.flags.writeable = False
    return counts


def uncertain(probability: Floats) -> tuple[Floats, int]:
    """Exact 0 and 1 moved a little inside, for they cannot be recalibrated; and how many.

    Args:
        probability: (patients,); what lies outside 0..1 stays as it is.
    """
    inner = np.where(probability == 0.0, EDGE, probability)
    inner = np.where(probability == 1.0, 1.0 - EDGE, inner)
    return inner, int(np.count_nonzero(inner != probability))


def shuffles_of(samples: int, seed: int) -> Shuffles:
    """As many shuffles as resamples, less one for the patients as they are."""
    return Shuffles(max(1, samples - 1), seed)


def too_few(patients: int, *classes: int) -> bool:
    """Whether resampling so few patients says nothing; degenerate intervals look precise."""
    return patients < LEAST_PATIENTS or min(classes, default=LEAST_CLASS) < LEAST_CLASS


def evidence_of(
    title: str, interval: Interval | None, permutation: Permutation, few: bool = False
) -> Evidence | None:
    """Whether a model does better than chance, by interval and permutation both.

    Args:
        title: Name of the metric, of which 0.5 is chance.
        interval: The metric with its 95 % interval, or None.
        permutation: The same against shuffled outcomes.
        few: Whether too few patients are behind them.

    Returns:
        The verdict: "no evidence" where the interval includes 0.5, p is above 0.05 or too few
        patients are behind them. None where the metric could not be computed.
    """
    if interval is None:
        return None
    span = f"95 % interval {interval.low:.3f} to {interval.high:.3f}"
    behind = f"{title} {interval.value:.3f}, {span}, permutation p = {permutation.p_value:.3g}"
    if few:
        return Evidence(NO_EVIDENCE, f"{_UNSHOWN}, of too few patients: {behind}.")
    if interval.high < CHANCE:
        return Evidence("worse than chance", f"The model ranks worse than chance: {behind}.")
    if interval.low <= CHANCE or permutation.p_value > _SIGNIFICANT:
        return Evidence(NO_EVIDENCE, f"{_UNSHOWN}: {behind}.")
    return Evidence(BETTER, f"The model ranks better than chance: {behind}.")
