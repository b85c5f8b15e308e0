"""The CT beside the PET: turned upright, averaged onto the cubes, and where it is known.

Beyond the CT's field of view nothing is known: neither air nor water. Each voxel of a cube
therefore says whether the CT reaches it (docs/adr/0007-ct.md).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.geometry import Grid, grid_of, lps_aligned, to_sitk
from pet_mtl.preprocess.resample import resample_separable

# No cube is planned finer than this, so an oblique CT need not be kept finer.
_OBLIQUE_MM = 2.0
_LEAST_KNOWN = 0.5

Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class CtVolume:
    """A CT turned to axes along (S, P, L), on a grid of its own.

    Attributes:
        hu: (z, y, x) float32 Hounsfield units, NaN where unknown.
        grid: Its upright grid.
    """

    hu: Floats32
    grid: Grid


def upright_ct(hu: Floats32, grid: Grid) -> CtVolume:
    """Turns a CT upright; only an oblique one is resampled.

    An oblique CT is first averaged to about 2 mm along its own axes where it is finer, then
    interpolated linearly onto the smallest upright box that holds it.

    Args:
        hu: (z, y, x) float32, NaN where unknown.
        grid: Its grid, in any orientation.

    Returns:
        The upright CT; what lies beyond an oblique one is NaN.
    """
    if grid.is_axis_aligned:
        turned, upright = lps_aligned(hu, grid)
        return CtVolume(np.ascontiguousarray(turned, dtype=np.float32), upright)
    coarse = _coarser(grid)
    values, known = _averaged(hu, grid, coarse)
    image = to_sitk(np.where(known, values, np.float32(np.nan)), coarse)
    moved = sitk.Resample(
        image, _box(coarse), sitk.Transform(), sitk.sitkLinear, float("nan"), sitk.sitkFloat32
    )
    return CtVolume(sitk.GetArrayFromImage(moved), grid_of(moved))


def _coarser(grid: Grid) -> Grid:
    """The same box in voxels of about 2 mm, whole multiples of its own, where those are finer."""
    steps = [max(1, round(_OBLIQUE_MM / spacing)) for spacing in grid.spacing_mm]
    z, y, x = (math.ceil(n / step) for n, step in zip(grid.shape, steps, strict=True))
    sz, sy, sx = (s * step for s, step in zip(grid.spacing_mm, steps, strict=True))
    # Both boxes have the same middle.
    first = [
        (n - 1) / 2 - (m - 1) / 2 * step
        for n, m, step in zip(grid.shape, (z, y, x), steps, strict=True)
    ]
    ox, oy, oz = (float(c) for c in grid.index_to_world(first))
    return Grid((z, y, x), (sz, sy, sx), (ox, oy, oz), grid.direction)


def _box(grid: Grid) -> sitk.Image:
    """The smallest upright box around a grid, at its finest spacing."""
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in grid.shape], indexing="ij"), -1)
    world = grid.index_to_world(corners.reshape(-1, 3))
    low, high = world.min(axis=0), world.max(axis=0)
    spacing = min(grid.spacing_mm)
    box = sitk.Image([int(np.ceil(e / spacing)) + 1 for e in high - low], sitk.sitkUInt8)
    box.SetOrigin(low.tolist())
    box.SetSpacing((spacing,) * 3)
    return box


def crop_ct(ct: CtVolume, low_mm: NDArray[np.float64], high_mm: NDArray[np.float64]) -> CtVolume:
    """The part of a CT within a box, at least one voxel.

    Args:
        ct: The upright CT.
        low_mm: World point (x, y, z) of the box's lowest corner.
        high_mm: World point of its highest corner.

    Returns:
        That part, a view of the same voxels.
    """
    last = np.asarray(ct.grid.shape) - 1
    first = np.clip(np.floor(ct.grid.world_to_index(low_mm)), 0, last).astype(int)
    end = np.clip(np.ceil(ct.grid.world_to_index(high_mm)), 0, last).astype(int) + 1
    hu = ct.hu[tuple(slice(int(a), int(b)) for a, b in zip(first, end, strict=True))]
    x, y, z = (float(c) for c in ct.grid.index_to_world(first))
    return CtVolume(hu, replace(ct.grid, shape=hu.shape, origin_mm=(x, y, z)))


def cut_ct(ct: CtVolume, target: Grid) -> tuple[Floats32, NDArray[np.bool_]]:
    """A CT on an upright grid, by the weights that resample SUV: linear, or averaging if coarser.

    Args:
        ct: The upright CT.
        target: The grid wanted.

    Returns:
        (z, y, x) float32 HU, 0 where unknown; and bool, whether at least half of what a voxel
        averages over is known.
    """
    # Only what the weights reach: a CT has a hundred times the voxels of a cube.
    margin = 2 * np.asarray(target.spacing_mm[::-1]) + 2 * np.asarray(ct.grid.spacing_mm[::-1])
    corners = target.index_to_world([(0, 0, 0), np.asarray(target.shape) - 1])
    near = crop_ct(ct, corners[0] - margin, corners[1] + margin)
    return _averaged(near.hu, near.grid, target)


def _averaged(hu: Floats32, source: Grid, target: Grid) -> tuple[Floats32, NDArray[np.bool_]]:
    """Mean over the known voxels only, on a grid of the same axes."""
    known = np.isfinite(hu)
    if known.all():
        values, valid = resample_separable(hu, source, target)
        return values, valid
    total, valid = resample_separable(np.where(known, hu, np.float32(0)), source, target)
    share, _ = resample_separable(known.astype(np.float32), source, target)
    valid = valid & (share >= _LEAST_KNOWN)
    return np.where(valid, total / np.where(valid, share, 1), 0).astype(np.float32), valid
