"""Recalibration of averaged outputs: maps that move probabilities and never change a rank.

Of a response of several classes it is the order of the classes of a patient that stays.

The maps are fitted in `pet_mtl.training.calibration` and applied inside the exported model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

# Probabilities are cut to EDGE..1 - EDGE, about what float32 tells from 1; a survival may be less.
EDGE, LEAST_SURVIVAL = 1e-6, 1e-30


@dataclass(frozen=True)
class ResponseScale:
    """Platt scaling: logit p' = slope * logit p + shift.

    Attributes:
        slope: > 0; below 1 where the network was too sure.
        shift: Change of the log odds.

    Source:
        Platt 1999, Advances in Large Margin Classifiers, 61-74.
    """

    slope: float
    shift: float

    def __call__(self, probability: Any) -> Any:
        """Recalibrated probabilities of any shape."""
        cut = ops.clip(probability, EDGE, 1.0 - EDGE)
        logit = ops.log(cut) - ops.log1p(-cut)
        return ops.sigmoid(self.slope * logit + self.shift)


@dataclass(frozen=True)
class ResponseTemperature:
    """Temperature scaling of several classes: p' is proportional to p to the power of the slope.

    Of one patient the order of the classes stays; two patients may change places in one class,
    as each of them has probabilities of other classes beside it.

    Attributes:
        slope: One over the temperature, > 0; below 1 where the network was too sure.

    Source:
        Guo et al. 2017, ICML, PMLR 70, 1321-1330.
    """

    slope: float

    def __call__(self, probability: Any) -> Any:
        """Recalibrated probabilities (..., classes)."""
        return ops.softmax(self.slope * ops.log(ops.clip(probability, EDGE, 1.0)), axis=-1)


@dataclass(frozen=True)
class SurvivalScale:
    """Recalibrated survival: log H' = centre + slope * (log H - centre) + shift, H = -log S.

    The slope widens or narrows the spread of patients around the mean curve, the shift raises or
    lowers all; the course in time, `centre`, is kept. At each day it is one increasing map for all
    patients, so that no two change places.

    Attributes:
        slope: > 0.
        shift: Log of a factor on every cumulative hazard.
        centre: (edges,) mean of log H over the patients it was fitted to.

    Source:
        Cox-type recalibration: van Houwelingen, Statistics in Medicine 19 (2000) 3401-3415.
    """

    slope: float
    shift: float
    centre: tuple[float, ...]

    def __call__(self, survival: Any) -> Any:
        """Recalibrated curves (patients, edges), decreasing along the second axis."""
        cut = ops.clip(survival, LEAST_SURVIVAL, 1.0 - EDGE)
        log_hazard = ops.log(-ops.log(cut))  # (patients, edges)
        centre = np.asarray(self.centre, np.float32)[None, :]
        moved = ops.exp(-ops.exp(centre + self.slope * (log_hazard - centre) + self.shift))
        lowest = [moved[:, 0]]
        for column in range(1, len(self.centre)):
            # A slope above 1 could lift a curve between two days by a hair.
            lowest.append(ops.minimum(lowest[-1], moved[:, column]))
        return ops.stack(lowest, axis=1)


@dataclass(frozen=True)
class Calibration:
    """What is done to the averaged outputs.

    Attributes:
        response: Of the response's probabilities; None for nothing.
        survival: Of the survival curves; None for nothing.
    """

    response: ResponseScale | ResponseTemperature | None = None
    survival: SurvivalScale | None = None


def spread_of(
    results: Sequence[Mapping[str, Any]], scales: Mapping[str, Callable[[Any], Any] | None]
) -> dict[str, Any]:
    """How much several models disagree.

    Args:
        results: Readable outputs of each model.
        scales: Output to the recalibration of its mean; each model's is recalibrated alike.

    Returns:
        `risk_sd`, `survival_sd`, `response_sd` of the outputs there are, each of that output's
        shape: the standard deviation between the models. Nothing of one model.
    """
    spread = {}
    for name in ("risk", "survival", "response") if len(results) > 1 else ():
        if name in results[0]:
            scale = scales.get(name)
            each = ops.stack([scale(one[name]) if scale else one[name] for one in results])
            squares = ops.sum(ops.square(each - ops.mean(each, axis=0)), axis=0)
            spread[f"{name}_sd"] = ops.sqrt(squares / (len(results) - 1))
    return spread
