"""Where voxels are in the patient.

Arrays are indexed (z, y, x). World points are (x, y, z) in DICOM's patient system, LPS
(x to the patient's Left, y to Posterior, z to Superior), in millimetres. This module is
the only one that turns the one into the other.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.errors import GeometryError

Floats = NDArray[np.float64]

_ORTHONORMAL_TOLERANCE = 1e-3
_AXIS_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Grid:
    """A regular grid of voxels in the patient.

    Attributes:
        shape: Voxels along (z, y, x).
        spacing_mm: Distance of voxel centres along (z, y, x), > 0.
        origin_mm: World point (x, y, z), LPS, of the centre of voxel (0, 0, 0).
        direction: 3 x 3, row-major tuple; column a is the world unit vector of array axis a,
            axes ordered (z, y, x). An axial head-first supine series has columns
            (0, 0, 1), (0, 1, 0), (1, 0, 0).

    Raises:
        GeometryError: Sizes or spacings that are not positive, axes that are not orthonormal.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    direction: tuple[float, ...] = (0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        numbers = (*self.spacing_mm, *self.origin_mm, *self.direction)
        if not all(math.isfinite(value) for value in numbers):
            raise GeometryError("GEOMETRY_NOT_FINITE", "the grid holds a NaN or infinite number")
        if min(self.shape) < 1 or min(self.spacing_mm) <= 0:
            raise GeometryError(
                "GEOMETRY_NOT_POSITIVE",
                "size and spacing must be positive",
                found=f"shape {self.shape}, spacing {self.spacing_mm} mm",
            )
        axes = self.axes
        if not np.allclose(axes.T @ axes, np.eye(3), atol=_ORTHONORMAL_TOLERANCE):
            raise GeometryError(
                "GEOMETRY_NOT_ORTHOGONAL",
                "the axes of the volume are not at right angles",
                todo="Resample a tilted (gantry tilt) series to an orthogonal grid first",
            )

    @property
    def axes(self) -> Floats:
        """(3, 3); column a is the world unit vector of array axis a, axes (z, y, x)."""
        return np.asarray(self.direction, dtype=np.float64).reshape(3, 3)

    @property
    def affine(self) -> Floats:
        """(4, 4); maps (iz, iy, ix, 1) to the world (x, y, z, 1) in mm, LPS."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.axes * np.asarray(self.spacing_mm)
        matrix[:3, 3] = self.origin_mm
        return matrix

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    @property
    def extent_mm(self) -> tuple[float, float, float]:
        """Size of the field of view along (z, y, x), voxel borders included."""
        z, y, x = (n * s for n, s in zip(self.shape, self.spacing_mm, strict=True))
        return (z, y, x)

    def index_to_world(self, index: Any) -> Floats:
        """World points of (fractional) indices.

        Args:
            index: (..., 3) indices (z, y, x).

        Returns:
            (..., 3) world points (x, y, z) in mm, LPS.
        """
        index = np.asarray(index, dtype=np.float64)
        return index @ self.affine[:3, :3].T + np.asarray(self.origin_mm)

    def world_to_index(self, world_mm: Any) -> Floats:
        """Fractional indices of world points; the inverse of `index_to_world`."""
        offset = np.asarray(world_mm, dtype=np.float64) - np.asarray(self.origin_mm)
        return (offset @ self.axes) / np.asarray(self.spacing_mm)

    @property
    def centre_mm(self) -> tuple[float, float, float]:
        """World point of the middle of the field of view."""
        x, y, z = self.index_to_world((np.asarray(self.shape) - 1) / 2)
        return (float(x), float(y), float(z))

    @property
    def is_axis_aligned(self) -> bool:
        """Whether each array axis runs along one world axis, in either sense."""
        size = np.abs(self.axes)
        return bool(np.all((size < _AXIS_TOLERANCE) | (size > 1 - _AXIS_TOLERANCE)))

    def matches(self, other: "Grid", tolerance_mm: float = 0.01) -> bool:
        """Whether both grids have the same voxels, corners within `tolerance_mm`."""
        if self.shape != other.shape:
            return False
        corners = np.stack(np.meshgrid(*[(0, n - 1) for n in self.shape], indexing="ij"), -1)
        gap = self.index_to_world(corners) - other.index_to_world(corners)
        return bool(np.abs(gap).max() <= tolerance_mm)


def isotropic_grid(centre_mm: tuple[float, float, float], size: int, spacing_mm: float) -> Grid:
    """A cube of voxels, axes along the patient's (S, P, L), around a world point.

    Args:
        centre_mm: World point (x, y, z), LPS, of the middle of the cube.
        size: Voxels along each axis.
        spacing_mm: Voxel edge in mm.

    Returns:
        The grid; array axes z, y, x run to Superior, Posterior, Left.
    """
    half = (size - 1) / 2 * spacing_mm
    x, y, z = (float(c) - half for c in centre_mm)
    return Grid((size,) * 3, (spacing_mm,) * 3, (x, y, z))


def to_sitk(array: NDArray[Any], grid: Grid) -> sitk.Image:
    """An ITK image of a (z, y, x) array; booleans become 8-bit."""
    if array.shape != grid.shape:
        raise GeometryError(
            "GEOMETRY_SHAPE",
            "array and grid differ in size",
            expected=str(grid.shape),
            found=str(array.shape),
        )
    image = sitk.GetImageFromArray(array.astype(np.uint8) if array.dtype == bool else array)
    image.SetOrigin(grid.origin_mm)
    image.SetSpacing(grid.spacing_mm[::-1])
    # ITK orders index axes (x, y, z), we order them (z, y, x): reverse the columns.
    image.SetDirection(grid.axes[:, ::-1].ravel().tolist())
    return image


def grid_of(image: sitk.Image) -> Grid:
    """The grid of a 3-D ITK image."""
    z, y, x = image.GetSize()[::-1]
    sz, sy, sx = image.GetSpacing()[::-1]
    axes = np.asarray(image.GetDirection()).reshape(3, 3)[:, ::-1]
    ox, oy, oz = image.GetOrigin()
    return Grid((z, y, x), (sz, sy, sx), (ox, oy, oz), tuple(float(v) for v in axes.ravel()))


def lps_aligned(array: NDArray[Any], grid: Grid) -> tuple[NDArray[Any], Grid]:
    """Turns an axis-aligned volume so that its axes run to (S, P, L), without resampling.

    Args:
        array: (z, y, x) volume.
        grid: Its grid; `grid.is_axis_aligned` must hold.

    Returns:
        The same voxels with axes along (+S, +P, +L), and their grid.

    Raises:
        GeometryError: The grid is oblique.
    """
    if not grid.is_axis_aligned:
        raise GeometryError("GEOMETRY_OBLIQUE", "an oblique volume cannot be turned losslessly")
    world_axis = np.abs(grid.axes).argmax(axis=0)  # world axis (x=0, y=1, z=2) of array axis a
    order = [int(np.flatnonzero(world_axis == w)[0]) for w in (2, 1, 0)]
    signs = [grid.axes[2 - place, axis] for place, axis in enumerate(order)]
    flipped = [place for place, sign in enumerate(signs) if sign < 0]
    turned = np.flip(array.transpose(order), tuple(flipped))
    corner = np.zeros(3)
    for place in flipped:
        corner[order[place]] = grid.shape[order[place]] - 1
    x, y, z = grid.index_to_world(corner)
    sz, sy, sx = (grid.spacing_mm[a] for a in order)
    return turned, Grid(turned.shape, (sz, sy, sx), (float(x), float(y), float(z)))
