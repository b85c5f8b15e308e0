"""Sets of response classes that hold the true one with a stated probability."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.classes import BINARY

Floats = NDArray[np.float64]

# Fewer patients of a class would give a set whose border is one or two patients' word.
_FEWEST_OF_A_KIND, _FEWEST = 20, 20


@dataclass(frozen=True)
class ResponseSets:
    """Conformal sets of a response with two or more classes.

    A class is in the set if one minus its predicted probability is not above its limit.

    Attributes:
        coverage: Probability with which the set holds the true class, of new patients like those
            it was fitted on; given the class if `by_class`, else over all.
        limits: (classes,) limit of each class, 0 to 1.
        patients: (classes,) patients of each class that they were fitted on.
        by_class: Whether each class has a limit of its own.

    Source:
        Vovk, Gammerman, Shafer 2005, Algorithmic Learning in a Random World; label-conditional
        sets: Vovk 2012, ACML, PMLR 25, 475-490.
    """

    coverage: float
    limits: tuple[float, ...]
    patients: tuple[int, ...]
    by_class: bool

    def of(self, probability: float | Sequence[float]) -> tuple[int, ...]:
        """The set of one patient.

        Args:
            probability: Of class 1, 0 to 1; of more than two classes (classes,) of each.

        Returns:
            The classes, ascending, such as (), (0,), (1,) or (0, 1).
        """
        if isinstance(probability, Sequence):
            scores = tuple(1.0 - one for one in probability)
        else:
            scores = (probability, 1.0 - probability)
        pairs = enumerate(zip(scores, self.limits, strict=True))
        return tuple(k for k, (score, limit) in pairs if score <= limit)

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
        limits = tuple(float(limit) for limit in plain["limits"])
        patients = tuple(int(count) for count in plain["patients"])
        if not BINARY <= len(limits) == len(patients):
            raise ValueError("limits and patients are not of the same classes")
        return cls(float(plain["coverage"]), limits, patients, bool(plain["by_class"]))


def fit_sets(
    probability: Floats, truth: Floats, coverage: float
) -> tuple[ResponseSets | None, str]:
    """Fits the limits on predictions of patients that no training saw.

    With one model and patients exchangeable with the new ones, the set holds the true class with a
    probability from `coverage` to `coverage` + 1 / (n + 1). Averaging the models of several folds
    leaves that approximate: each patient was predicted by one member only.

    Args:
        probability: (patients,) predicted probability of class 1; of more than two classes
            (patients, classes).
        truth: (patients,) class, from 0.
        coverage: Wanted, between 0 and 1.

    Returns:
        The sets, or None from too few patients; and a line that says which.
    """
    several = probability.ndim > 1
    scores = _scores(probability, truth)
    counts = tuple(map(len, scores))
    said = f"{counts[1]} of {sum(counts)} responded"
    if several:
        said = f"{', '.join(map(str, counts))} of each class"
    if min(counts) >= max(_FEWEST_OF_A_KIND, _fewest(coverage)):
        limits = tuple(_limit(one, coverage) for one in scores)
        return ResponseSets(coverage, limits, counts, True), f"by class ({said})"
    if sum(counts) >= max(_FEWEST, _fewest(coverage)):
        common = (_limit(np.concatenate(scores), coverage),) * len(counts)
        over = "all" if several else "both"
        return ResponseSets(coverage, common, counts, False), f"over {over} classes ({said})"
    return None, f"none, too few ({said})"


def _scores(probability: Floats, truth: Floats) -> list[Floats]:
    """One minus the probability of the true class, of the patients of each class."""
    if probability.ndim == 1:
        return [probability[truth < 0.5], 1.0 - probability[truth >= 0.5]]
    return [1.0 - probability[truth == k, k] for k in range(probability.shape[1])]


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
