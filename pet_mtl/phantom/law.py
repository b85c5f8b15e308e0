"""The law of the phantom: how a patient's factors make survival and response.

Every factor is standardised (mean 0, standard deviation 1) and independent of the others.

    log hazard = sum of HAZARD[k] * z[k]         (with age)
    logit      = RESPONSE_INTERCEPT + sum of RESPONSE[k] * z[k]
    time       = SCALE_DAYS * (E / exp(log hazard)) ** (1 / SHAPE),  E standard exponential
    censoring  = uniform on FOLLOW_UP_DAYS, independent of everything

The *oracle* knows the true log hazard and the true logit; no model can do better on average.
docs/phantom.md explains the coefficients and gives the measured ceilings.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

IMAGE_FACTORS = (
    "log_volume",
    "uptake",
    "texture",
    "shape",
    "necrosis",
    "rim",
    "satellites",
    "nodes",
)
FACTORS = (*IMAGE_FACTORS, "age")

HAZARD = {
    "log_volume": 0.52,
    "uptake": 0.34,
    "texture": 0.53,
    "shape": 0.50,
    "necrosis": 0.45,
    "rim": 0.45,
    "satellites": 0.42,
    "nodes": 0.62,
    "age": 0.50,
}
RESPONSE = {
    "log_volume": -0.36,
    "uptake": 0.62,
    "texture": -0.72,
    "shape": -0.65,
    "necrosis": -0.80,
    "rim": 0.65,
    "satellites": -0.52,
    "nodes": -0.76,
}
RESPONSE_INTERCEPT = -0.25
SHAPE = 1.2
SCALE_DAYS = 1500.0
FOLLOW_UP_DAYS = (150.0, 3000.0)

AGE_MEAN_YEARS = 64.0
AGE_SD_YEARS = 10.0

_NORMAL = ("log_volume", "uptake", "age")
_CUT = 2.2
_BELOW, _ABOVE = float(ndtr(-_CUT)), float(ndtr(_CUT))
# Standard deviation of a standard normal cut at both sides.
_CUT_SD = math.sqrt(
    1.0 - 2.0 * _CUT * math.exp(-0.5 * _CUT**2) / math.sqrt(2.0 * math.pi) / (_ABOVE - _BELOW)
)


@dataclass(frozen=True)
class PhantomOutcome:
    """One draw of what happens to one patient.

    Attributes:
        time_days: Days to event or censoring, >= 1.
        event: Whether the event was seen.
        response: 0 or 1.
    """

    time_days: float
    event: bool
    response: int


def draw_factors(rng: np.random.Generator) -> dict[str, float]:
    """Draws one patient's standardised factors.

    Volume, uptake and age are normal, cut at 2.2 standard deviations; the others are uniform,
    so that every image property stays inside its range and none has to be clipped.

    Args:
        rng: Source of randomness.

    Returns:
        Factor to value, each with mean 0 and standard deviation 1.
    """
    ranks = rng.random(len(FACTORS))
    return {
        name: _cut_normal(rank) if name in _NORMAL else math.sqrt(3.0) * (2.0 * float(rank) - 1.0)
        for name, rank in zip(FACTORS, ranks, strict=True)
    }


def _cut_normal(rank: float) -> float:
    """Quantile of the cut normal distribution of standard deviation 1."""
    return float(ndtri(_BELOW + rank * (_ABOVE - _BELOW))) / _CUT_SD


def age_years(factors: dict[str, float]) -> float:
    """The age that belongs to the factor "age"."""
    return AGE_MEAN_YEARS + AGE_SD_YEARS * factors["age"]


def log_hazard(factors: dict[str, float], with_age: bool = True) -> float:
    """The true log hazard, relative to a patient with all factors 0.

    Args:
        factors: Standardised factors.
        with_age: False leaves out age: what the image alone can tell.
    """
    return sum(
        weight * factors[name] for name, weight in HAZARD.items() if with_age or name != "age"
    )


def logit(factors: dict[str, float]) -> float:
    """The true log odds of response."""
    return RESPONSE_INTERCEPT + sum(weight * factors[name] for name, weight in RESPONSE.items())


def draw_outcome(factors: dict[str, float], rng: np.random.Generator) -> PhantomOutcome:
    """Draws survival, censoring and response of one patient from the law.

    Args:
        factors: Standardised factors.
        rng: Source of randomness; three numbers are drawn.
    """
    exponential = rng.exponential()
    censored = rng.uniform(*FOLLOW_UP_DAYS)
    responds = rng.random() < 1.0 / (1.0 + np.exp(-logit(factors)))
    event = SCALE_DAYS * (exponential / np.exp(log_hazard(factors))) ** (1.0 / SHAPE)
    return PhantomOutcome(
        time_days=max(1.0, round(float(min(event, censored)), 1)),
        event=bool(event <= censored),
        response=int(responds),
    )
