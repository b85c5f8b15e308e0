"""Predicted masks against true masks, in the patient's own geometry."""

import collections
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pet_mtl.errors import MaskError, StudyError
from pet_mtl.metrics import dice
from pet_mtl.readers import read_study
from pet_mtl.readers.images import read_image
from pet_mtl.study import Study, StudySource

MASK_FILE = "mask.nii.gz"


@dataclass(frozen=True)
class MaskTruth:
    """What the true mask of one study says; NaN where there is none.

    Attributes:
        suv_max: SUVmax under it, SUVbw in g/ml.
        mtv_ml: Its volume, ml.
        dice: Overlap with the predicted mask.
        problem: Code of why something is missing, or "".
    """

    suv_max: float = float("nan")
    mtv_ml: float = float("nan")
    dice: float = float("nan")
    problem: str = ""


def mask_truths(
    sources: Mapping[str, StudySource], predictions: Path, roi: str | None = None
) -> tuple[dict[str, MaskTruth], tuple[str, ...]]:
    """Compares every predicted mask with the true one.

    Args:
        sources: Prediction id to its study.
        predictions: Folder with ID/mask.nii.gz.
        roi: Names or numbers of the regions that make the true lesion, or None.

    Returns:
        Id to what was found; and notes on what could not be read or compared.
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = pool.map(
            lambda item: (item[0], _one(item[1], predictions / item[0] / MASK_FILE, roi)),
            sources.items(),
        )
        truths = dict(found)
    problems = collections.Counter(truth.problem for truth in truths.values() if truth.problem)
    notes = tuple(
        f"{count} of {len(truths)} studies could not be compared with their true mask: {code}."
        for code, count in sorted(problems.items())
    )
    return truths, notes


def _one(source: StudySource, predicted: Path, roi: str | None) -> MaskTruth:
    """One study; a problem is kept as its code."""
    try:
        study = read_study(source, roi=roi)
    except StudyError as error:
        return MaskTruth(problem=error.code)
    if study.mask is None or not study.mask.any():
        return MaskTruth()  # an outline is optional
    suv_max = float(study.suv[study.mask].max())
    mtv_ml = int(np.count_nonzero(study.mask)) * study.grid.voxel_ml
    try:
        overlap = _dice(study, predicted)
    except StudyError as error:
        return MaskTruth(suv_max, mtv_ml, problem=error.code)
    return MaskTruth(suv_max, mtv_ml, overlap)


def _dice(study: Study, predicted: Path) -> float:
    """Dice in the study's geometry."""
    if not predicted.is_file():
        raise MaskError("NO_PREDICTED_MASK", "no predicted mask", subject=predicted.name)
    array, grid = read_image(predicted)
    if not grid.matches(study.grid, tolerance_mm=0.1):
        raise MaskError(
            "MASK_GEOMETRY",
            "the predicted mask is not in the geometry of its study",
            expected=str(study.grid.shape),
            found=str(grid.shape),
            subject=predicted.name,
        )
    return dice(array > 0, study.mask)
