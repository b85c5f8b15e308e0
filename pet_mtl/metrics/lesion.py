"""All that one patient's predicted mask is worth beside the true one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats, same_volume_masks
from pet_mtl.metrics.detection import centre_inside, detect_lesions
from pet_mtl.metrics.surface import hausdorff_95, surface_dice

# About half the voxel of a clinical scanner, and less than two readers differ.
SURFACE_TOLERANCE_MM = 2.0

_NAN = float("nan")


@dataclass(frozen=True)
class MaskComparison:
    """A predicted mask beside the true one; NaN where a number is undefined.

    Attributes:
        hd95_mm: 95th percentile of the distance of the surfaces, mm; NaN if a mask is empty.
        surface_dice: Share of the surfaces within the tolerance; NaN if a mask is empty.
        true_ml: Volume of the true mask, ml.
        predicted_ml: Volume of the predicted one, ml; 0 if it is empty.
        true_tlg: Total lesion glycolysis under the true mask: mean SUVbw times ml.
        predicted_tlg: The same under the predicted one; 0 if it is empty.
        lesions_found: True lesions that the predicted mask touches.
        lesions_missed: True lesions that it does not touch.
        lesions_false: Predicted lesions that touch no true one.
        centre_found: 1 if the centre of gravity of the predicted mask lies in the true one, else
            0, also of an empty predicted mask; NaN if the true one is empty.
    """

    hd95_mm: float = _NAN
    surface_dice: float = _NAN
    true_ml: float = _NAN
    predicted_ml: float = _NAN
    true_tlg: float = _NAN
    predicted_tlg: float = _NAN
    lesions_found: float = _NAN
    lesions_missed: float = _NAN
    lesions_false: float = _NAN
    centre_found: float = _NAN


def compare_masks(
    predicted: Any,
    truth: Any,
    suv: Any,
    spacing_mm: Any,
    tolerance_mm: float = SURFACE_TOLERANCE_MM,
) -> MaskComparison:
    """Compares a predicted mask with the true one.

    Args:
        predicted: (z, y, x) mask; non-zero is inside.
        truth: Mask of the same shape.
        suv: (z, y, x) SUVbw, g/ml.
        spacing_mm: (3,) edges of a voxel along z, y, x, mm.
        tolerance_mm: Distance of surfaces that does not matter, mm.

    Returns:
        The numbers.

    Raises:
        MetricError: Different shapes, NaN, or no volumes.
    """
    ours, theirs = same_volume_masks(predicted, truth)
    uptake = np.asarray(suv, np.float64)
    if uptake.shape != ours.shape:
        raise MetricError(
            "METRIC_SHAPE",
            "the image is not of the masks' shape",
            expected=str(ours.shape),
            found=str(uptake.shape),
        )
    near = _box(ours | theirs)  # nothing outside of it counts
    ours, theirs, uptake = ours[near], theirs[near], uptake[near]
    voxel_ml = float(np.prod(np.asarray(spacing_mm, np.float64))) / 1000.0
    lesions = detect_lesions(ours, theirs)
    both = bool(ours.any() and theirs.any())
    return MaskComparison(
        hd95_mm=hausdorff_95(ours, theirs, spacing_mm) if both else _NAN,
        surface_dice=surface_dice(ours, theirs, spacing_mm, tolerance_mm) if both else _NAN,
        true_ml=int(np.count_nonzero(theirs)) * voxel_ml,
        predicted_ml=int(np.count_nonzero(ours)) * voxel_ml,
        true_tlg=float(uptake[theirs].sum()) * voxel_ml,
        predicted_tlg=float(uptake[ours].sum()) * voxel_ml,
        lesions_found=float(lesions.found),
        lesions_missed=float(lesions.missed),
        lesions_false=float(lesions.false_positives),
        centre_found=_centre_found(ours, theirs),
    )


def _box(mask: Bools) -> tuple[slice, ...]:
    """The smallest box around the mask; one voxel around nothing."""
    found = ndimage.find_objects(mask.astype(np.int8))
    box: tuple[slice, ...] = found[0] if found else (slice(0, 1),) * mask.ndim
    return box


def _centre_found(ours: Bools, theirs: Bools) -> float:
    """Whether the centre of gravity lies inside; NaN without a true lesion."""
    if not theirs.any():
        return _NAN
    if not ours.any():
        return 0.0
    centre: Floats = np.array(ndimage.center_of_mass(ours))
    return float(centre_inside(centre, theirs))
