"""How far the surfaces of two masks lie apart, in mm.

The surface of a mask is its border voxels: the mask less its erosion by the six neighbours that
share a face. What lies beyond the volume counts as outside, so that a mask which the volume cuts
has its surface there too. Distances run between voxel centres. The same surface as in MONAI
(`get_mask_edges`) and MedPy (`__surface_distances`); others mesh the surface and weigh by area.
"""

from typing import Any

import numpy as np
from scipy import ndimage

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats, finite_vector, same_volume_masks

# What rounding may add to a distance that equals the tolerance.
_ROUNDING_MM = 1e-6


def hausdorff_95(a: Any, b: Any, spacing_mm: Any) -> float:
    """The 95th percentile of the distance from one surface to the other; the worse direction.

    Args:
        a: (z, y, x) mask; non-zero is inside.
        b: Mask of the same shape.
        spacing_mm: (3,) edges of a voxel along z, y, x, mm.

    Returns:
        Distance, mm; 0 for equal masks. The percentile is interpolated between voxels.

    Raises:
        MetricError: Different shapes, NaN, no volumes, no spacing, or a mask that is empty:
            there is no distance to nothing, and no number may stand in for it.

    Source:
        The larger of both directed percentiles: Huttenlocher et al., IEEE TPAMI 15 (1993)
        850-863, doi:10.1109/34.232073, as MONAI and Maier-Hein et al., Nature Methods 21 (2024)
        195-212, doi:10.1038/s41592-023-02151-z. MedPy takes one percentile of both together.
    """
    there, back = surface_distances(a, b, spacing_mm)
    return float(max(np.percentile(there, 95.0), np.percentile(back, 95.0)))


def surface_dice(a: Any, b: Any, spacing_mm: Any, tolerance_mm: float) -> float:
    """Share of both surfaces that lies within a tolerance of the other.

    Args:
        a: (z, y, x) mask; non-zero is inside.
        b: Mask of the same shape.
        spacing_mm: (3,) edges of a voxel along z, y, x, mm.
        tolerance_mm: Distance that does not matter, 0 or more, mm.

    Returns:
        0..1; 1 if both surfaces are within the tolerance everywhere.

    Raises:
        MetricError: As `hausdorff_95`; a tolerance below 0.

    Source:
        Nikolov et al., J Med Internet Res 23 (2021) e26151, doi:10.2196/26151; over border
        voxels here, not over areas.
    """
    if not 0.0 <= tolerance_mm < np.inf:
        raise MetricError(
            "METRIC_TOLERANCE",
            "the tolerance is no distance",
            expected="0 mm or more",
            found=f"{tolerance_mm:g}",
        )
    there, back = surface_distances(a, b, spacing_mm)
    near = sum(int(np.count_nonzero(d <= tolerance_mm + _ROUNDING_MM)) for d in (there, back))
    return near / (len(there) + len(back))


def surface_distances(a: Any, b: Any, spacing_mm: Any) -> tuple[Floats, Floats]:
    """Distance of every border voxel to the nearest one of the other mask.

    Args:
        a: (z, y, x) mask; non-zero is inside.
        b: Mask of the same shape.
        spacing_mm: (3,) edges of a voxel along z, y, x, mm.

    Returns:
        (border voxels of a,) and (border voxels of b,) distances, mm.

    Raises:
        MetricError: As `hausdorff_95`.
    """
    first, second = same_volume_masks(a, b)
    spacing = _spacing(spacing_mm)
    if not first.any() or not second.any():
        raise MetricError(
            "METRIC_EMPTY_MASKS",
            "surface distances are undefined: a mask is empty",
            expected="two masks with voxels",
            todo="Count empty masks by themselves, beside the distances of the others",
        )
    one, other = _border(first), _border(second)
    near = _box(one | other)  # nothing outside of it is nearer
    one, other = one[near], other[near]
    return _distance(other, spacing)[one], _distance(one, spacing)[other]


def _border(mask: Bools) -> Bools:
    """Voxels of the mask of which a face lies outside."""
    return mask & ~ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 1))


def _distance(surface: Bools, spacing: Floats) -> Floats:
    """(z, y, x) exact Euclidean distance to the surface, mm."""
    distance: Floats = ndimage.distance_transform_edt(~surface, sampling=spacing)
    return distance


def _box(mask: Bools) -> tuple[slice, ...]:
    """The smallest box around the mask."""
    box: tuple[slice, ...] = ndimage.find_objects(mask.astype(np.int8))[0]
    return box


def _spacing(values: Any) -> Floats:
    """Three edges of a voxel."""
    spacing = finite_vector(values, "spacing_mm")
    if spacing.shape != (3,) or np.any(spacing <= 0):
        raise MetricError(
            "METRIC_SPACING",
            "the spacing is not that of a volume",
            expected="three numbers above 0: z, y, x in mm",
            found=", ".join(f"{edge:g}" for edge in spacing[:8]),
        )
    return spacing
