"""What the training patients looked like, and whether a new one is like them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FEWEST = 20
_PERCENTS = (1.0, 99.0)
_DIGITS = 4


@dataclass(frozen=True)
class Span:
    """What is usual of one number.

    Attributes:
        low: 1st percentile over the training patients.
        high: 99th percentile.
        patients: How many they were.
    """

    low: float
    high: float
    patients: int

    def beyond(self, value: float) -> float:
        """By which factor a value lies outside; 1 for one inside, infinite for no number."""
        if not math.isfinite(value):
            return math.inf
        if value > self.high:
            return value / self.high if self.high > 0 else math.inf
        if value < self.low:
            return self.low / value if value > 0 else math.inf
        return 1.0


@dataclass(frozen=True)
class Flag:
    """One way in which a study is unlike the training patients.

    Attributes:
        warning: A sentence that starts with a stable code.
        hard: Whether no outcome should be read off such a study.
    """

    warning: str
    hard: bool


@dataclass(frozen=True)
class _Rule:
    """Which numbers raise which flag.

    Attributes:
        said: The code and what it means.
        names: The numbers; the one furthest outside is told.
        soft: Factor beyond the usual from which the flag is raised.
        hard: Factor from which it is hard; infinite for never.
        low: Whether values below the usual count, too.
    """

    said: str
    names: tuple[str, ...]
    soft: float
    hard: float = math.inf
    low: bool = True


# SUV differs by a tenth or two between scanners; a wrong unit or weight is off by more than 2.
_RULES = (
    _Rule(
        "OOD_SUV: the SUV is unlike the training patients'",
        ("suv_body", "suv_mean", "suv_max"), 1.25, 2.0,
    ),
    _Rule("OOD_VOLUME: the lesion's volume is unlike the training patients'", ("volume_ml",), 1.5),
    _Rule(
        "OOD_VOXEL_SIZE: the voxels are unlike the training patients'",
        ("voxel_z_mm", "voxel_y_mm", "voxel_x_mm"), 1.5,
    ),
    _Rule(
        "OOD_FIELD_OF_VIEW: the image is shorter or longer than the training patients'",
        ("extent_z_mm",), 1.5,
    ),
    _Rule(
        "OOD_EMBEDDING: the features are far from the training patients'",
        ("novelty",), 1.25, 2.0, low=False,
    ),
)  # fmt: skip
NAMES = tuple(name for rule in _RULES for name in rule.names)


@dataclass(frozen=True)
class Reference:
    """What is usual among the training patients.

    Attributes:
        spans: Name of a number (`pet_mtl.trust.appearance`, and `novelty`) to what is usual.
    """

    spans: Mapping[str, Span]

    def flags(self, seen: Mapping[str, float]) -> tuple[Flag, ...]:
        """How a study is unlike the training patients.

        Args:
            seen: Its numbers; those that are missing here or there are not judged.

        Returns:
            The flags, each kind at most once.
        """
        return tuple(flag for rule in _RULES if (flag := self._judge(rule, seen)))

    def _judge(self, rule: _Rule, seen: Mapping[str, float]) -> Flag | None:
        """One rule."""
        known = [name for name in rule.names if name in seen and name in self.spans]
        if not rule.low:
            known = [name for name in known if seen[name] > self.spans[name].low]
        factors = {name: self.spans[name].beyond(seen[name]) for name in known}
        worst = max(factors, key=lambda name: factors[name], default="")
        if not worst or factors[worst] <= rule.soft:
            return None
        span = self.spans[worst]
        told = f"{worst} {seen[worst]:.3g}, usual {span.low:.3g} to {span.high:.3g}"
        return Flag(f"{rule.said} ({told})", factors[worst] > rule.hard)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            name: {"low": span.low, "high": span.high, "patients": span.patients}
            for name, span in self.spans.items()
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Reference":
        """The inverse of `to_json`."""
        return cls(
            {
                name: Span(float(one["low"]), float(one["high"]), int(one["patients"]))
                for name, one in plain.items()
            }
        )


def fit_reference(values: Mapping[str, Sequence[float]]) -> Reference:
    """What is usual, from patients that the model did not learn from.

    Percentiles between patients, rounded; of fewer than a hundred patients the outer ones are
    close to the extremes.

    Args:
        values: Name of a number to its values.

    Returns:
        The reference; numbers of fewer than 20 patients are left out.
    """
    spans = {}
    for name in NAMES:
        known = np.asarray(values.get(name, ()), np.float64)
        if len(known) >= FEWEST:
            low, high = np.percentile(known, _PERCENTS)
            spans[name] = Span(_rounded(low), _rounded(high), len(known))
    return Reference(spans)


def _rounded(value: float) -> float:
    """Four significant digits."""
    return float(f"{value:.{_DIGITS}g}")
