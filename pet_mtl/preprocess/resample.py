"""Resampling onto axis-aligned grids by three small matrix products.

Linear interpolation along each axis is a matrix; a volume is resampled by one product per
axis. The same matrices work in numpy and inside an exported graph, and cost a fraction of
coordinate-wise interpolation. Where the new grid is coarser than the old one the kernel is
a tent as wide as the new voxels, so that uptake is averaged and not skipped.
"""

from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.geometry import Grid, grid_of, lps_aligned, to_sitk

Floats32 = NDArray[np.float32]


def axis_weights(
    positions: NDArray[np.float64], count: int, width: float
) -> tuple[Floats32, NDArray[np.bool_]]:
    """Interpolation weights along one axis.

    Args:
        positions: (out,) positions in units of the input's index.
        count: Number of input voxels along the axis.
        width: Half-width of the tent in input voxels, >= 1; 1 is linear interpolation.

    Returns:
        Weights (out, count), rows summing to 1 where inside, else 0; and (out,) whether the
        position lies within the image, voxel borders included.
    """
    inside = (positions >= -0.5) & (positions <= count - 0.5)  # (out,)
    clamped = np.clip(positions, 0.0, count - 1.0)
    distance = np.abs(clamped[:, None] - np.arange(count)[None, :])  # (out, count)
    weights = np.maximum(0.0, 1.0 - distance / width)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.where(inside[:, None], weights, 0.0).astype(np.float32), inside


def resample_separable(
    volume: NDArray[np.float32], source: Grid, target: Grid
) -> tuple[Floats32, NDArray[np.bool_]]:
    """Resamples a volume onto a grid whose axes run along (S, P, L).

    Args:
        volume: (z, y, x) on `source`.
        source: Its grid; both grids must have axes along (+S, +P, +L).
        target: The grid wanted.

    Returns:
        The resampled volume, 0 beyond the image; and where it lies within the image.
    """
    result, valid = volume, np.ones(target.shape, dtype=bool)
    for axis, (weights, inside) in enumerate(_weights_along(source, target)):
        result = np.moveaxis(np.tensordot(weights, result, axes=(1, axis)), 0, axis)
        valid &= inside.reshape([-1 if a == axis else 1 for a in range(3)])
    return np.ascontiguousarray(result, dtype=np.float32), valid


def spread_separable(values: NDArray[np.float32], source: Grid, target: Grid) -> Floats32:
    """Gives what belongs to resampled voxels back to the voxels they were made of.

    The adjoint of `resample_separable`: it carries a gradient with respect to the resampled
    volume back to the volume itself, and keeps the sum of what lies within the image.

    Args:
        values: (z, y, x) on `target`.
        source: The grid that was resampled.
        target: The grid it was resampled onto.

    Returns:
        (z, y, x) on `source`.
    """
    result = values
    for axis, (weights, _) in enumerate(_weights_along(source, target)):
        result = np.moveaxis(np.tensordot(weights, result, axes=(0, axis)), 0, axis)
    return np.ascontiguousarray(result, dtype=np.float32)


def _weights_along(source: Grid, target: Grid) -> Iterator[tuple[Floats32, NDArray[np.bool_]]]:
    """Weights and insides of `axis_weights` along z, y and x."""
    start = source.world_to_index(target.origin_mm)
    for axis in range(3):
        step = target.spacing_mm[axis] / source.spacing_mm[axis]
        positions = start[axis] + step * np.arange(target.shape[axis])
        yield axis_weights(positions, source.shape[axis], max(1.0, step))


def straighten(volume: NDArray[np.float32], grid: Grid) -> tuple[Floats32, Grid]:
    """Brings any volume to axes along (S, P, L).

    Axis-aligned volumes are turned without resampling. Oblique ones are interpolated linearly
    onto the smallest upright box that holds them, at their own finest spacing.

    Args:
        volume: (z, y, x).
        grid: Its grid, in any orientation.

    Returns:
        The upright volume and its grid.
    """
    if grid.is_axis_aligned:
        turned, upright = lps_aligned(volume, grid)
        return np.ascontiguousarray(turned, dtype=np.float32), upright
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in grid.shape], indexing="ij"), -1)
    world = grid.index_to_world(corners.reshape(-1, 3))
    low, high = world.min(axis=0), world.max(axis=0)
    spacing = min(grid.spacing_mm)
    size = [int(np.ceil(extent / spacing)) + 1 for extent in (high - low)]  # (x, y, z)
    reference = sitk.Image(size, sitk.sitkFloat32)
    reference.SetOrigin(low.tolist())
    reference.SetSpacing((spacing,) * 3)
    image = to_sitk(volume.astype(np.float32), grid)
    moved = sitk.Resample(image, reference, sitk.Transform(), sitk.sitkLinear, 0.0)
    return sitk.GetArrayFromImage(moved), grid_of(moved)
