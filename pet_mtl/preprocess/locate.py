"""Where the lesion may be, from uptake alone: for patients without a mask.

A guess, and recorded as one. Trained models find the lesion themselves at prediction.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.errors import StudyError
from pet_mtl.preprocess.crop import Point, UprightVolume, mask_centre_mm

_SMOOTHING_MM = 4.0
_SHARE_OF_MAXIMUM = 0.4


def uptake_centre(volume: UprightVolume) -> Point:
    """Centre of the hot region of the highest total uptake.

    The volume is smoothed lightly, cut at 40 % of its maximum, and of the connected regions the
    one with the highest sum of SUV is taken.

    Args:
        volume: The upright study.

    Returns:
        World point (x, y, z), LPS: the middle of the region's bounding box.

    Raises:
        StudyError: Nothing in the volume is above 0.
    """
    return mask_centre_mm(hot_region(volume), volume.grid)


def hot_region(volume: UprightVolume) -> NDArray[np.bool_]:
    """The region that `uptake_centre` takes, (z, y, x) bool."""
    width = [_SMOOTHING_MM / spacing for spacing in volume.grid.spacing_mm]
    smooth = ndimage.gaussian_filter(volume.suv, width, mode="nearest", truncate=3.0)
    peak = float(smooth.max())
    if not peak > 0:
        raise StudyError(
            "STUDY_NO_UPTAKE",
            "no voxel of the study is above 0, so there is nothing to find",
            todo="Check the series, or give a mask",
        )
    regions, count = ndimage.label(smooth >= _SHARE_OF_MAXIMUM * peak)
    totals = ndimage.sum_labels(volume.suv, regions, np.arange(1, count + 1))
    chosen: NDArray[np.bool_] = regions == 1 + int(np.argmax(totals))
    return chosen
