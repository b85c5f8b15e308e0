"""p-values of several comparisons, adjusted so that one false alarm among them stays rare."""

from collections.abc import Sequence

import numpy as np

from pet_mtl.errors import MetricError


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjustment.

    Args:
        p_values: Of comparisons that are looked at together, each 0..1.

    Returns:
        Adjusted p-values in the same order: those below 0.05 are shown, and the chance that any
        of them is a false alarm is at most 0.05.

    Raises:
        MetricError: METRIC_PROBABILITY; a p-value outside 0..1.

    Source:
        Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.

    >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise MetricError(
            "METRIC_PROBABILITY", "a p-value lies outside 0..1", expected="numbers from 0 to 1"
        )
    order = np.argsort(values, kind="stable")
    factor = np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * factor))
    return tuple(float(value) for value in adjusted)
