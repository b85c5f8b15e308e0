"""How far one prediction can be trusted, and whether its outcomes are withheld."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import code_of
from pet_mtl.prediction.locate import THRESHOLD
from pet_mtl.prediction.model import Predictor
from pet_mtl.preprocess.crop import UprightVolume
from pet_mtl.sample import Patch
from pet_mtl.trust import appearance_of, grid_appearance

FAINT = "LESION_FAINT"
_EMPTY = "LESION_NOT_OUTLINED: the model outlined nothing; volume is 0, SUV absent"
_EMPTY_BESIDE = (
    "LESION_NOT_OUTLINED: the model outlined nothing, whatever the study's own mask says; risk and "
    "response read an empty outline"
)


@dataclass(frozen=True)
class Doubt:
    """What is to be said against one prediction.

    Attributes:
        risk_sd: Standard deviation of the risk between the models of the folds; None of one model.
        response_sd: Likewise of the response probability; of more than two classes, of that of
            the most probable one.
        survival_sd: (T,) likewise of the survival probabilities; empty of one model.
        response_set: Classes of the response that the conformal set holds; None without sets.
        coverage: Probability with which such a set holds the true class; None without sets.
        novelty: Mahalanobis distance of the features from the training patients'; None of a model
            that does not tell.
        reasons: Codes of the warnings for which no outcome should be read.
        abstained: Whether the outcomes are withheld.
    """

    risk_sd: float | None = None
    response_sd: float | None = None
    survival_sd: tuple[float, ...] = ()
    response_set: tuple[int, ...] | None = None
    coverage: float | None = None
    novelty: float | None = None
    reasons: tuple[str, ...] = ()
    abstained: bool = False


NO_DOUBT = Doubt()


def seen_in(
    fine: Patch, context: Patch, mask: NDArray[np.float32] | None, fine_mm: float
) -> dict[str, float]:
    """What the cubes of a study look like, in the numbers that training kept.

    Args:
        fine: The fine cube.
        context: The context cube.
        mask: (s, s, s, 2) lesion probability, last axis fine and context; None without.
        fine_mm: Voxel edge of the fine cube, mm.
    """
    lesion = None if mask is None else (mask[..., 0] >= THRESHOLD) & fine.valid
    seen = appearance_of(fine.suv, context.suv, lesion, fine_mm)
    # That nothing is outlined is told by itself.
    return {name: value for name, value in seen.items() if name != "volume_ml" or value > 0}


def doubt_of(
    predictor: Predictor,
    outputs: Mapping[str, NDArray[Any]],
    seen: Mapping[str, float],
    warnings: tuple[str, ...],
    abstain: bool,
) -> tuple[Doubt, tuple[str, ...]]:
    """Judges one prediction.

    Args:
        predictor: The model.
        outputs: What it said of this study.
        seen: What the study looks like.
        warnings: What is known to be odd already.
        abstain: Whether outcomes are withheld for a hard reason.

    Returns:
        The doubt, and further warnings.
    """
    novelty = float(outputs["novelty"]) if "novelty" in outputs else None
    trust = predictor.trust
    known = dict(seen) if novelty is None else {**seen, "novelty": novelty}
    flags = trust.reference.flags(known) if trust.reference else ()
    hard = [code_of(flag.warning) for flag in flags if flag.hard]
    codes = {code_of(warning) for warning in warnings}
    reasons = (*(code for code in (FAINT, code_of(_EMPTY)) if code in codes), *hard)
    withheld = abstain and bool(reasons)
    sets = None if withheld or "response" not in outputs else trust.sets
    doubt = Doubt(
        risk_sd=None if withheld else scalar(outputs, "risk_sd"),
        response_sd=None if withheld else _response_sd(outputs),
        survival_sd=() if withheld else tuple(map(float, outputs.get("survival_sd", ()))),
        response_set=sets.of(several(outputs) or float(outputs["response"])) if sets else None,
        coverage=sets.coverage if sets else None,
        novelty=novelty,
        reasons=reasons,
        abstained=withheld,
    )
    return doubt, tuple(flag.warning for flag in flags)


def empty_warnings(
    outputs: Mapping[str, NDArray[Any]], outlined: NDArray[np.bool_], mask: NDArray[np.bool_]
) -> tuple[str, ...]:
    """Says that the model outlined nothing, also where the study's own mask is taken.

    Args:
        outputs: What the model said.
        outlined: (z, y, x) bool, its outline.
        mask: (z, y, x) bool, the outline that is told.
    """
    if "mask" not in outputs or outlined.any():
        return () if mask.any() else (_EMPTY,)
    return (_EMPTY_BESIDE,) if mask.any() else (_EMPTY,)


def study_numbers(volume: UprightVolume) -> dict[str, float]:
    """Voxel edges and extent of a study."""
    return grid_appearance(volume.grid.shape, volume.grid.spacing_mm)


def _response_sd(outputs: Mapping[str, NDArray[Any]]) -> float | None:
    """Of the probability that is told: of class 1, or of the most probable of several classes."""
    each = several(outputs)
    if not each or "response_sd" not in outputs:
        return scalar(outputs, "response_sd")
    return float(outputs["response_sd"][int(np.argmax(each))])


def scalar(outputs: Mapping[str, NDArray[Any]], name: str) -> float | None:
    """One number of the model, or None where it has none such, or one for each of its classes."""
    value = outputs.get(name)
    return None if value is None or np.ndim(value) else float(value)


def several(outputs: Mapping[str, NDArray[Any]]) -> tuple[float, ...]:
    """The probability of each class of a response with more than two; else nothing."""
    value = outputs.get("response")
    return () if value is None or not np.ndim(value) else tuple(map(float, value))
