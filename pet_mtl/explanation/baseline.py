"""What a study is compared with: the other end of the path of integrated gradients."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.geometry import Grid

TISSUE_SUV = 1.0
BLUR_SIGMA_MM = 20.0


def baseline_of(suv: NDArray[np.float32], grid: Grid, kind: str) -> NDArray[np.float32]:
    """The study as it would be without what is to be explained.

    "tissue" cuts uptake at that of soft tissue, SUV 1: a voxel is asked what its uptake *above*
    soft tissue adds, so that air, padding and tissue of ordinary uptake have an attribution of
    exactly 0. "blur" is smoothed by a Gaussian of 20 mm and asks about pattern more than amount.
    "zero" is a body without tracer; it is the usual choice, and the farthest from any patient.

    Args:
        suv: (z, y, x) SUVbw.
        grid: Its grid.
        kind: "tissue", "blur" or "zero".

    Returns:
        (z, y, x) SUVbw.

    Source:
        Sturmfels, Lundberg and Lee 2020, doi:10.23915/distill.00022 (the choice of a baseline).
    """
    if kind == "blur":
        sigma = [BLUR_SIGMA_MM / spacing for spacing in grid.spacing_mm]
        return ndimage.gaussian_filter(suv, sigma, mode="nearest", truncate=3.0)
    return np.minimum(suv, TISSUE_SUV) if kind == "tissue" else np.zeros_like(suv)
