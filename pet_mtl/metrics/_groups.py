"""Patients in groups of about equal size by what is predicted for them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats, finite_vector
from pet_mtl.metrics.bootstrap import Interval

Places = NDArray[np.intp]


@dataclass(frozen=True)
class CalibrationGroup:
    """Patients of similar predictions, and what happened to them.

    Attributes:
        patients: How many.
        predicted: Their mean predicted probability.
        observed: The share observed, with its interval.
    """

    patients: int
    predicted: float
    observed: Interval


def quantile_groups(values: Floats, groups: int) -> list[Places]:
    """Places of the patients of each group, from the lowest predictions to the highest.

    Equal values stay together, so that there may be fewer groups than asked for.

    Raises:
        MetricError: Fewer than one group, or more than patients.
    """
    if not 1 <= groups <= len(values):
        raise MetricError(
            "METRIC_GROUPS",
            "the patients cannot be put into so many groups",
            expected=f"1 to {len(values)}",
            found=str(groups),
        )
    edges = np.quantile(values, np.linspace(0.0, 1.0, groups + 1)[1:-1])
    place = np.searchsorted(edges, values)
    return [np.flatnonzero(place == k) for k in np.unique(place)]


def probabilities(values: Any, name: str, inner: bool = False) -> Floats:
    """(patients,) probabilities.

    Args:
        values: (patients,).
        name: What they are, for the message.
        inner: Exact 0 and 1, whose logit is infinite, are refused too.

    Raises:
        MetricError: NaN, or a value outside.
    """
    array = finite_vector(values, name)
    if array.size and (array.min() < 0.0 or array.max() > 1.0):
        raise MetricError(
            "METRIC_PROBABILITY",
            f"{name} lies outside 0..1",
            found=f"{array.min():g} to {array.max():g}",
            todo="Give probabilities, not scores or logits",
        )
    certain = int(np.count_nonzero((array == 0.0) | (array == 1.0)))
    if inner and certain:
        raise MetricError(
            "METRIC_CERTAIN",
            f"{name} is exactly 0 or 1, which no recalibration can change",
            found=f"{certain} of {array.size} patients",
            todo="Keep predictions a little away from 0 and 1, and say so beside the number",
        )
    return array
