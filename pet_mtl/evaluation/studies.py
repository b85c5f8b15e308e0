"""Predicted masks against true masks, in the patient's own geometry."""

import collections
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import MaskError, StudyError
from pet_mtl.evaluation.radiomics import study_statistics
from pet_mtl.metrics import SURFACE_TOLERANCE_MM, MaskComparison, compare_masks, dice
from pet_mtl.readers import read_study
from pet_mtl.readers.images import read_image
from pet_mtl.sample import GridPlan
from pet_mtl.study import Study, StudySource

MASK_FILE = "mask.nii.gz"


@dataclass(frozen=True)
class MaskOptions:
    """How masks are read and compared.

    Attributes:
        roi: Names or numbers of the regions that make the true lesion, or None.
        tolerance_mm: Distance of surfaces that does not matter, mm.
        plan: Cubes in which handcrafted statistics are taken; None takes none.
    """

    roi: str | None = None
    tolerance_mm: float = SURFACE_TOLERANCE_MM
    plan: GridPlan | None = None


@dataclass(frozen=True)
class MaskTruth:
    """What the true mask of one study says; NaN where there is none.

    Attributes:
        suv_max: SUVmax under it, SUVbw in g/ml.
        mtv_ml: Its volume, ml.
        dice: Overlap with the predicted mask.
        comparison: More of the predicted mask beside it, or None.
        statistics: (features,) handcrafted ones under it, or None.
        problem: Code of why something is missing, or "".
    """

    suv_max: float = float("nan")
    mtv_ml: float = float("nan")
    dice: float = float("nan")
    comparison: MaskComparison | None = None
    statistics: NDArray[np.float64] | None = None
    problem: str = ""


def mask_truths(
    sources: Mapping[str, StudySource], predictions: Path, options: MaskOptions
) -> tuple[dict[str, MaskTruth], tuple[str, ...]]:
    """Compares every predicted mask with the true one.

    Args:
        sources: Prediction id to its study.
        predictions: Folder with ID/mask.nii.gz.
        options: How masks are read and compared.

    Returns:
        Id to what was found; and notes on what could not be read or compared.
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = pool.map(
            lambda item: (item[0], _one(item[1], predictions / item[0] / MASK_FILE, options)),
            sources.items(),
        )
        truths = dict(found)
    problems = collections.Counter(truth.problem for truth in truths.values() if truth.problem)
    notes = tuple(
        f"{count} of {len(truths)} studies could not be compared with their true mask: {code}."
        for code, count in sorted(problems.items())
    )
    return truths, notes


def _one(source: StudySource, predicted: Path, options: MaskOptions) -> MaskTruth:
    """One study; a problem is kept as its code."""
    try:
        study = read_study(source, roi=options.roi)
    except StudyError as error:
        return MaskTruth(problem=error.code)
    if study.mask is None or not study.mask.any():
        return MaskTruth()  # an outline is optional
    told = MaskTruth(
        suv_max=float(study.suv[study.mask].max()),
        mtv_ml=int(np.count_nonzero(study.mask)) * study.grid.voxel_ml,
        statistics=study_statistics(study, options.plan) if options.plan else None,
    )
    try:
        mask = _predicted_mask(study, predicted)
    except StudyError as error:
        return replace(told, problem=error.code)
    comparison = compare_masks(
        mask, study.mask, study.suv, study.grid.spacing_mm, options.tolerance_mm
    )
    return replace(told, dice=dice(mask, study.mask), comparison=comparison)


def _predicted_mask(study: Study, predicted: Path) -> NDArray[Any]:
    """(z, y, x) the predicted mask, in the study's geometry."""
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
    mask: NDArray[Any] = array > 0
    return mask
