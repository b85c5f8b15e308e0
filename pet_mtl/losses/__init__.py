"""Losses, one a file, written with `keras.ops` only.

Every loss returns one value a patient and takes one weight a patient: 0 for a missing label,
and then its gradient is exactly 0. The mean runs over the patients that have the label.
"""

from pet_mtl.losses.cox import CoxPartialLikelihood
from pet_mtl.losses.reconstruction import ReconstructionLoss
from pet_mtl.losses.response import ResponseLoss, balanced_weights
from pet_mtl.losses.risk_sets import RiskSetMemory
from pet_mtl.losses.segmentation import MaskLoss
from pet_mtl.losses.survival import LogisticHazard, interval_labels, survival_curve
from pet_mtl.losses.weighting import TaskWeighting

__all__ = [
    "CoxPartialLikelihood",
    "LogisticHazard",
    "MaskLoss",
    "ReconstructionLoss",
    "ResponseLoss",
    "RiskSetMemory",
    "TaskWeighting",
    "balanced_weights",
    "interval_labels",
    "survival_curve",
]
