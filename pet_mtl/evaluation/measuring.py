"""How a measure gets its number, its interval, or the reason why it has neither."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.cohort import Floats
from pet_mtl.evaluation.findings import Evidence, Measure
from pet_mtl.metrics import Interval, Permutation, Shuffles, resample_counts

CHANCE = 0.5
LEAST_PATIENTS = 10
LEAST_CLASS = 5
BOOTSTRAP = "percentile bootstrap over patients"

_SIGNIFICANT = 0.05


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


def shuffles_of(samples: int, seed: int) -> Shuffles:
    """As many shuffles as resamples, less one for the patients as they are."""
    return Shuffles(max(1, samples - 1), seed)


def too_few(patients: int, *classes: int) -> bool:
    """Whether resampling so few patients says nothing; degenerate intervals look precise."""
    return patients < LEAST_PATIENTS or min(classes, default=LEAST_CLASS) < LEAST_CLASS


def evidence_of(
    title: str, interval: Interval | None, permutation: Permutation | None
) -> Evidence | None:
    """Whether a model does better than chance, by interval and permutation both.

    Args:
        title: Name of the metric, of which 0.5 is chance.
        interval: The metric with its 95 % interval, or None.
        permutation: The same against shuffled outcomes, or None.

    Returns:
        The verdict: "no evidence" where the interval includes 0.5 or p is above 0.05. None
        where the metric could not be computed.
    """
    if interval is None:
        return None
    span = f"95 % interval {interval.low:.3f} to {interval.high:.3f}"
    chance = f", permutation p = {permutation.p_value:.3g}" if permutation else ""
    behind = f"{title} {interval.value:.3f}, {span}{chance}"
    p_value = permutation.p_value if permutation else 0.0
    if interval.high < CHANCE:
        return Evidence("worse than chance", f"The model ranks worse than chance: {behind}.")
    if interval.low <= CHANCE or p_value > _SIGNIFICANT:
        return Evidence("no evidence", f"No evidence that the model beats chance: {behind}.")
    return Evidence("better than chance", f"The model ranks better than chance: {behind}.")
