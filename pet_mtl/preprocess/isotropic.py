"""Resampling a study to cubic voxels, as the IBSI prescribes it.

New size ceil(n * spacing / new spacing) along each axis, the new grid centred on the old one, cubic
B-spline interpolation of the image, linear interpolation of the mask, of which at least half
counts. Nothing is smoothed before and nothing rounded after, and the spline may overshoot: a
resampled maximum differs from the measured one. Training does not use it: its cubes average
(`pet_mtl.preprocess.resample`).

Source: IBSI reference manual, 2.4 (arXiv:1612.07003v11; doi:10.1148/radiol.2020191145).
"""

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.errors import GeometryError, MaskError
from pet_mtl.geometry import Grid
from pet_mtl.study import Study

_MAX_VOXELS = 2**28
# Linear weights of exactly a half come back with rounding; a half counts.
_HALF = 0.5 - 1e-9
# Sizes that are whole numbers but for rounding are those numbers.
_ROUNDING = 1e-9


def ibsi_grid(grid: Grid, spacing_mm: float) -> Grid:
    """The grid of cubic voxels that covers another one, with the same middle and axes.

    Args:
        grid: Any grid.
        spacing_mm: Voxel edge, > 0.

    Returns:
        The new grid; all its voxel centres lie within the old grid's borders.

    Raises:
        GeometryError: GEOMETRY_SPACING; not a positive number, or more than 268 million voxels.
    """
    if not (math.isfinite(spacing_mm) and spacing_mm > 0):
        raise _no_spacing(spacing_mm)
    extents = [n * old / spacing_mm for n, old in zip(grid.shape, grid.spacing_mm, strict=True)]
    if math.prod(max(1.0, extent) for extent in extents) > _MAX_VOXELS:
        raise _no_spacing(spacing_mm)
    z, y, x = (max(1, math.ceil(extent - _ROUNDING)) for extent in extents)
    first = _first_index(grid, (z, y, x), spacing_mm)
    ox, oy, oz = (float(value) for value in grid.index_to_world(first))
    return Grid((z, y, x), (spacing_mm,) * 3, (ox, oy, oz), grid.direction)


def _first_index(grid: Grid, shape: tuple[int, ...], spacing_mm: float) -> NDArray[np.float64]:
    """Index in the old grid of the new grid's first voxel."""
    steps = spacing_mm / np.asarray(grid.spacing_mm)
    return (np.asarray(grid.shape) - 1) / 2 - (np.asarray(shape) - 1) / 2 * steps


def _no_spacing(spacing_mm: float) -> GeometryError:
    return GeometryError(
        "GEOMETRY_SPACING",
        "the study cannot be resampled to this spacing",
        expected=f"a voxel edge above 0 mm that gives at most {_MAX_VOXELS:,} voxels",
        found=f"{spacing_mm:g} mm",
        todo="Choose a larger spacing",
    )


def resample_image(
    volume: NDArray[np.float32], grid: Grid, spacing_mm: float
) -> NDArray[np.float32]:
    """Resamples an image to cubic voxels by cubic B-splines.

    Args:
        volume: (z, y, x) on `grid`.
        grid: Its grid.
        spacing_mm: Voxel edge, > 0.

    Returns:
        (z, y, x) float32 on `ibsi_grid(grid, spacing_mm)`.

    Raises:
        GeometryError: GEOMETRY_SPACING.

    Source: the spline runs through the voxel centres, mirrored at the outermost ones (Unser, IEEE
    Signal Processing Magazine 16(6), 1999).
    """
    return _resampled(volume, grid, spacing_mm, 3).astype(np.float32)


def resample_mask(mask: NDArray[np.bool_], grid: Grid, spacing_mm: float) -> NDArray[np.bool_]:
    """Resamples a mask to cubic voxels: linear, at least half counts.

    Args:
        mask: (z, y, x) bool on `grid`.
        grid: Its grid.
        spacing_mm: Voxel edge, > 0.

    Returns:
        (z, y, x) bool on `ibsi_grid(grid, spacing_mm)`; a small mask may vanish.

    Raises:
        GeometryError: GEOMETRY_SPACING.
    """
    return _resampled(mask, grid, spacing_mm, 1) >= _HALF


def _resampled(
    volume: NDArray[np.float32] | NDArray[np.bool_], grid: Grid, spacing_mm: float, order: int
) -> NDArray[np.float64]:
    """Spline interpolation of one order, in float64."""
    shape = ibsi_grid(grid, spacing_mm).shape
    return ndimage.affine_transform(
        volume.astype(np.float64),
        spacing_mm / np.asarray(grid.spacing_mm),
        offset=_first_index(grid, shape, spacing_mm),
        output_shape=shape,
        order=order,
        mode="mirror" if order > 1 else "nearest",
    )


def resample_study(study: Study, spacing_mm: float | None) -> Study:
    """Resamples a study's SUV and mask to cubic voxels.

    Args:
        study: The study; its CT, which lies on a grid of its own, stays as it is.
        spacing_mm: Voxel edge, > 0; None leaves the study as it is.

    Returns:
        The same study on `ibsi_grid(study.grid, spacing_mm)`.

    Raises:
        GeometryError: GEOMETRY_SPACING.
        MaskError: MASK_VANISHED; the mask is too small for the new voxels.
    """
    if spacing_mm is None:
        return study
    mask = None if study.mask is None else resample_mask(study.mask, study.grid, spacing_mm)
    if mask is not None and not mask.any():
        raise MaskError(
            "MASK_VANISHED",
            "the mask fills no voxel of the new grid by at least half",
            found=f"voxels of {spacing_mm:g} mm",
            todo="Choose a smaller spacing",
        )
    return dataclasses.replace(
        study,
        suv=resample_image(study.suv, study.grid, spacing_mm),
        grid=ibsi_grid(study.grid, spacing_mm),
        mask=mask,
    )


def resample_report(study: Study) -> dict[str, object]:
    """What `pet-mtl suv --spacing-mm` says of the resampling.

    Args:
        study: The resampled study.

    Returns:
        `spacing_mm`, `shape` (z, y, x), `image` and `mask` (the interpolation of each) and
        `suv_max` of the whole resampled volume.
    """
    return {
        "spacing_mm": study.grid.spacing_mm[0],
        "shape": list(study.grid.shape),
        "image": "cubic B-spline",
        "mask": "linear, at least 0.5",
        "suv_max": float(study.suv.max()),
    }
