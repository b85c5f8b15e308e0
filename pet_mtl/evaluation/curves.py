"""Predicted survival curves, and what they say between the days that they tell."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# In place of 0, whose logarithm is without end.
_LEAST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Curves:
    """Predicted survival of patients.

    Attributes:
        days: (knots,) days that the curves tell, above 0, increasing.
        probability: (patients, knots) probability to live beyond each; NaN where not predicted.
    """

    days: Floats
    probability: Floats

    def at(self, days: Any) -> Floats:
        """Probability to live beyond any days.

        Between two knots the hazard is constant, so that the logarithm of the probability falls
        in a straight line; on day 0 everybody lives. That is how a model's intervals are
        calibrated, too.

        Args:
            days: (n,) days, 0 or more.

        Returns:
            (patients, n); NaN behind a patient's last knot, where the curve is not known.

        Source:
            Kvamme and Borgan, Lifetime Data Analysis 27 (2021) 710-736 (constant hazard
            interpolation), doi:10.1007/s10985-021-09532-6.

        >>> Curves(np.array([10.0]), np.array([[0.25]])).at([5.0, 10.0, 11.0])
        array([[0.5 , 0.25,  nan]])
        """
        asked = np.asarray(days, np.float64)
        found = np.full((len(self.probability), len(asked)), np.nan)
        for row, told in zip(found, self.probability, strict=True):
            known = np.isfinite(told)
            if known.any():
                knots = np.concatenate(([0.0], self.days[known]))
                hazard = np.concatenate(([0.0], -np.log(np.maximum(told[known], _LEAST))))
                row[:] = np.exp(-np.interp(asked, knots, hazard, right=np.nan))
        return found


def no_curves(patients: int) -> Curves:
    """The curves of a model or table that has none."""
    return Curves(np.empty(0), np.empty((patients, 0)))
