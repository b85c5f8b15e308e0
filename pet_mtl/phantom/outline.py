"""The skin of the phantom: a trunk alone, or a body from the thighs to the head.

Coordinates are those of `pet_mtl.phantom.anatomy`, in a body of typical size.
"""

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid

Volume = NDArray[np.float32]
Axes = tuple[Volume, Volume, Volume]
Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]

TRUNK_HALF_MM = (130.0, 120.0, 170.0)
_FAT_MM = 12.0
_POWER = 2.5

# Heights, and the half axes of the cross-section there. The trunk is the same in both fields.
_Z_MM = (-760.0, -450.0, -449.0, -330.0, -150.0, 165.0, 200.0, 222.0, 255.0, 300.0, 385.0, 432.0)
_HALF_X_MM = (58.0, 80.0, 165.0, 170.0, 170.0, 170.0, 150.0, 62.0, 62.0, 78.0, 78.0, 8.0)
_HALF_Y_MM = (62.0, 95.0, 112.0, 120.0, 120.0, 120.0, 85.0, 66.0, 70.0, 98.0, 98.0, 8.0)
_LEGS_BELOW_MM = -449.5
_LEG_X_MM = 84.0


def trunk(grid: Grid, axes: Axes) -> Masks:
    """What lies within the skin, and within the fat below it, of a trunk without ends.

    Args:
        grid: The scanner's grid.
        axes: Coordinates (x, y, z), broadcasting to (z, y, x).
    """
    x, y, _ = axes
    depth = np.abs(x / TRUNK_HALF_MM[2]) ** _POWER + np.abs(y / TRUNK_HALF_MM[1]) ** _POWER
    skin = np.broadcast_to(depth <= 1.0, grid.shape)
    inside = np.broadcast_to(depth <= _fat_border(), grid.shape)
    return skin, inside


def whole(grid: Grid, axes: Axes) -> Masks:
    """The same of a body with thighs, neck and head; arms are raised out of the field.

    Args:
        grid: The scanner's grid.
        axes: Coordinates (x, y, z), broadcasting to (z, y, x).
    """
    x, y, z = axes
    half_x = np.interp(z, _Z_MM, _HALF_X_MM).astype(np.float32)  # (z, 1, 1)
    half_y = np.interp(z, _Z_MM, _HALF_Y_MM).astype(np.float32)
    aside = np.where(z < _LEGS_BELOW_MM, np.abs(x) - np.float32(_LEG_X_MM), x)  # (z, 1, x)
    depth = np.abs(aside / half_x) ** _POWER + np.abs(y / half_y) ** _POWER  # (z, y, x)
    depth = np.where(z > _Z_MM[-1], np.float32(np.inf), depth)
    return np.broadcast_to(depth <= 1.0, grid.shape), depth <= _fat_border()


def _fat_border() -> float:
    """Depth at which the fat ends, about a centimetre below the skin of the trunk."""
    return float((1.0 - _FAT_MM / TRUNK_HALF_MM[1]) ** _POWER)
