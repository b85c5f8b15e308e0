"""Bringing a mask from its own grid onto the PET's, and judging its size there."""

import numpy as np
import SimpleITK as sitk

from pet_mtl.errors import MaskError
from pet_mtl.geometry import Grid, to_sitk
from pet_mtl.readers.outline import Mask, Warnings

# Voxel centres closer than this share of a voxel are the same place: planes of DICOM SEG lie up
# to 0.05 mm off those of the images, and real slice distances wobble.
_SAME_PLACE = 0.25
# From this share of the image on, a mask is more likely inverted or of something else.
_LARGE_SHARE = 0.5
_TINY_VOXELS = 8


def onto_grid(mask: Mask, own: Grid, grid: Grid) -> tuple[Mask, Warnings]:
    """Brings a mask onto another grid: linear interpolation, at least half filled counts.

    Args:
        mask: (z, y, x) bool on `own`, at least one voxel.
        own: The mask's grid.
        grid: The PET's grid.

    Returns:
        (z, y, x) bool mask on `grid`, and warnings.

    Raises:
        MaskError: MASK_OUTSIDE, MASK_EMPTY.

    Source: IBSI reference manual, 2.4 (arXiv:1612.07003v11).
    """
    if own.matches(grid):
        return mask, ()
    moved = sitk.Resample(
        to_sitk(mask.astype(np.float32), own),
        to_sitk(np.zeros(grid.shape, np.uint8), grid),
        sitk.Transform(),
        sitk.sitkLinear,
        0.0,
    )
    result: Mask = sitk.GetArrayFromImage(moved) >= 0.5
    total, beyond = int(np.count_nonzero(mask)), _beyond(mask, own, grid)
    _require_some(result, beyond == total)
    warnings: Warnings = ()
    if not _same_lattice(own, grid):
        warnings = ("MASK_RESAMPLED: the mask lay on another grid than the PET",)
    if beyond:
        warnings += (f"MASK_BEYOND: {beyond} of {total} voxels of the mask lie beyond the image",)
    return result, warnings


def _require_some(mask: Mask, all_beyond: bool) -> None:
    if all_beyond:
        raise MaskError(
            "MASK_OUTSIDE",
            "the mask lies outside the PET",
            todo="Check that mask and PET belong to the same scan",
        )
    if not mask.any():
        raise MaskError(
            "MASK_EMPTY",
            "the mask fills no voxel of the PET by at least half",
            todo="Draw it on the PET, or choose another region with --roi",
        )


def _beyond(mask: Mask, own: Grid, grid: Grid) -> int:
    """Voxels of the mask whose centres lie beyond the borders of the other grid."""
    index = grid.world_to_index(own.index_to_world(np.argwhere(mask)))  # (voxels, 3)
    inside = (index >= -0.5) & (index <= np.asarray(grid.shape) - 0.5)
    return int(np.count_nonzero(~inside.all(axis=1)))


def _same_lattice(own: Grid, grid: Grid) -> bool:
    """Whether the voxels of both lie at the same places, in any order of the axes."""
    ends = np.stack(np.meshgrid(*[(0, n - 1) for n in own.shape], indexing="ij"), -1)
    index = grid.world_to_index(own.index_to_world(ends.reshape(-1, 3)))
    steps = np.linalg.inv(grid.affine[:3, :3]) @ own.affine[:3, :3]
    return bool(
        np.abs(index - np.rint(index)).max() <= _SAME_PLACE
        and np.allclose(np.sort(np.abs(steps), axis=0), [[0], [0], [1]], atol=0.02)
    )


def judge_size(mask: Mask) -> Warnings:
    """Refuses a mask of the whole image and warns of one that is very large or very small.

    Args:
        mask: (z, y, x) bool on the PET's grid, at least one voxel.

    Returns:
        MASK_LARGE (more than half of the image), MASK_TINY (fewer than eight voxels), or nothing.

    Raises:
        MaskError: MASK_FULL.
    """
    count = int(np.count_nonzero(mask))
    if count == mask.size:
        raise MaskError(
            "MASK_FULL",
            "the mask covers the whole image",
            expected="a lesion and its surroundings",
            todo="Check that the file is the lesion's mask and not inverted",
        )
    if count > _LARGE_SHARE * mask.size:
        return (f"MASK_LARGE: the mask covers {100 * count / mask.size:.0f} % of the image",)
    if count < _TINY_VOXELS:
        return (f"MASK_TINY: very small mask, voxels: {count}",)
    return ()
