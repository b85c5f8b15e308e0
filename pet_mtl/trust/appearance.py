"""What a study looks like, in numbers that training and prediction take alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]

_AXES = ("z", "y", "x")
# What holds less than this share of the hot tail is air. A share, so that SUV ten times too
# high moves the number tenfold and not the border.
_AIR_SHARE, _HOT_PERCENT = 0.1, 95.0


def appearance_of(
    fine: Floats32, context: Floats32, lesion: NDArray[np.bool_] | None, fine_mm: float
) -> dict[str, float]:
    """SUV and volume of one patient, from the cubes that the model reads.

    Args:
        fine: (z, y, x) SUVbw of the fine cube, g/ml.
        context: (z, y, x) SUVbw of the context cube, g/ml.
        lesion: (z, y, x) bool, the model's outline in the fine cube; None of a model without.
        fine_mm: Voxel edge of the fine cube, mm.

    Returns:
        `suv_body`, the median SUV of what is not air in the context cube, 0 if all is; with an
        outline `volume_ml`, and if that is not empty `suv_max` and `suv_mean`.
    """
    held = context[context > _AIR_SHARE * np.percentile(context, _HOT_PERCENT)]
    seen = {"suv_body": float(np.median(held)) if held.size and held.max() > 0 else 0.0}
    if lesion is None:
        return seen
    seen["volume_ml"] = float(np.count_nonzero(lesion)) * fine_mm**3 / 1000.0
    if lesion.any():
        values = fine[lesion].astype(np.float64)
        seen |= {"suv_max": float(values.max()), "suv_mean": float(values.mean())}
    return seen


def grid_appearance(shape: Sequence[int], spacing_mm: Sequence[float]) -> dict[str, float]:
    """Voxel edges and extent of an upright image.

    Args:
        shape: Voxels along (z, y, x).
        spacing_mm: Voxel edges along (z, y, x), mm.

    Returns:
        `voxel_z_mm`, `extent_z_mm` and so on.
    """
    edges: dict[str, Any] = dict(zip(voxel_names(), map(float, spacing_mm), strict=True))
    extents = [float(n) * edge for n, edge in zip(shape, spacing_mm, strict=True)]
    return edges | dict(zip(extent_names(), extents, strict=True))


def voxel_names() -> tuple[str, ...]:
    """Names of the three voxel edges."""
    return tuple(f"voxel_{axis}_mm" for axis in _AXES)


def extent_names() -> tuple[str, ...]:
    """Names of the three extents of the image."""
    return tuple(f"extent_{axis}_mm" for axis in _AXES)
