"""Truncated Euclidean distance to a mask, in the graph."""

from typing import Any

from keras import ops


def distance_mm(inside: Any, spacing_mm: float, reach_mm: float) -> Any:
    """Distance of every voxel centre to the nearest voxel centre that is inside.

    Separable min-plus passes: exact up to `reach_mm`, cut there. Costs a few adds a voxel,
    where a search over all pairs would not fit into memory. Carries no gradient.

    Args:
        inside: (batch, z, y, x) bool.
        spacing_mm: Voxel edge, mm.
        reach_mm: Distances above this are reported as `reach_mm`.

    Returns:
        (batch, z, y, x) float32, mm; 0 inside.

    Source:
        Felzenszwalb and Huttenlocher 2012, doi:10.4086/toc.2012.v008a019 (the separable form).
    """
    reach = int(reach_mm / spacing_mm) + 1
    far = float((reach + 1) ** 2)
    squared = ops.where(inside, 0.0, far)  # (batch, z, y, x)
    for axis in (1, 2, 3):
        squared = _min_plus(squared, axis, reach, far)
    return ops.minimum(ops.sqrt(squared) * spacing_mm, reach_mm)


def _min_plus(squared: Any, axis: int, reach: int, far: float) -> Any:
    """min over j of squared[j] + (i - j)^2 along one axis, |i - j| <= reach."""
    size = squared.shape[axis]
    reach = min(reach, size - 1)
    padding = [(0, 0)] * 4
    padding[axis] = (reach, reach)
    padded = ops.pad(squared, padding, constant_values=far)
    best = squared
    for step in range(-reach, reach + 1):
        if step == 0:
            continue
        window = [slice(None)] * 4
        window[axis] = slice(reach + step, reach + step + size)
        best = ops.minimum(best, padded[tuple(window)] + float(step * step))
    return best
