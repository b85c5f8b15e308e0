"""Sets of response classes that hold the true one with a stated probability."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Fewer patients of a class would give a set whose border is one or two patients' word.
_FEWEST_OF_A_KIND, _FEWEST = 20, 20


@dataclass(frozen=True)
class ResponseSets:
    """Conformal sets of a response with classes 0 and 1.

    A class is in the set if one minus its predicted probability is not above its limit.

    Attributes:
        coverage: Probability with which the set holds the true class, of new patients like those
            it was fitted on; given the class if `by_class`, else over both.
        limits: Limits of class 0 and class 1, 0 to 1.
        patients: Patients of class 0 and 1 that they were fitted on.
        by_class: Whether each class has a limit of its own.

    Source:
        Vovk, Gammerman, Shafer 2005, Algorithmic Learning in a Random World; label-conditional
        sets: Vovk 2012, ACML, PMLR 25, 475-490.
    """

    coverage: float
    limits: tuple[float, float]
    patients: tuple[int, int]
    by_class: bool

    def of(self, probability: float) -> tuple[int, ...]:
        """The set of one patient.

        Args:
            probability: Of class 1, 0 to 1.

        Returns:
            (), (0,), (1,) or (0, 1).
        """
        scores = (probability, 1.0 - probability)
        return tuple(k for k in (0, 1) if scores[k] <= self.limits[k])

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "coverage": self.coverage,
            "limits": list(self.limits),
            "patients": list(self.patients),
            "by_class": self.by_class,
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "ResponseSets":
        """The inverse of `to_json`."""
        low, high = plain["limits"]
        zeros, ones = plain["patients"]
        return cls(float(plain["coverage"]), (low, high), (zeros, ones), bool(plain["by_class"]))


def fit_sets(
    probability: Floats, truth: Floats, coverage: float
) -> tuple[ResponseSets | None, str]:
    """Fits the limits on predictions of patients that no training saw.

    With one model and patients exchangeable with the new ones, the set holds the true class with a
    probability from `coverage` to `coverage` + 1 / (n + 1). Averaging the models of several folds
    leaves that approximate: each patient was predicted by one member only.

    Args:
        probability: (patients,) predicted probability of class 1.
        truth: (patients,) class, 0 or 1.
        coverage: Wanted, between 0 and 1.

    Returns:
        The sets, or None from too few patients; and a line that says which.
    """
    scores = [probability[truth < 0.5], 1.0 - probability[truth >= 0.5]]
    counts = (len(scores[0]), len(scores[1]))
    said = f"{counts[1]} of {sum(counts)} responded"
    if min(counts) >= max(_FEWEST_OF_A_KIND, _fewest(coverage)):
        limits = (_limit(scores[0], coverage), _limit(scores[1], coverage))
        return ResponseSets(coverage, limits, counts, True), f"by class ({said})"
    if sum(counts) >= max(_FEWEST, _fewest(coverage)):
        both = _limit(np.concatenate(scores), coverage)
        return ResponseSets(coverage, (both, both), counts, False), f"over both classes ({said})"
    return None, f"none, too few ({said})"


def _fewest(coverage: float) -> int:
    """Below this many patients only the set of all classes has the coverage."""
    count = 1
    while _rank(count, coverage) > count:
        count += 1
    return count


def _rank(patients: int, coverage: float) -> int:
    """Which smallest score is the limit; rounding must not make 9.000000000000002 a 10."""
    return math.ceil((patients + 1) * coverage - 1e-9)


def _limit(scores: Floats, coverage: float) -> float:
    """The limit that a new score stays below with the wanted probability."""
    return float(np.sort(scores)[_rank(len(scores), coverage) - 1])
