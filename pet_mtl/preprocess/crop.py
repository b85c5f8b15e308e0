"""Cutting the two cubes of a patient: the one cropping code of training and prediction."""

from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.errors import MaskError
from pet_mtl.geometry import Grid, to_sitk
from pet_mtl.preprocess.ct import CtVolume, cut_ct, upright_ct
from pet_mtl.preprocess.resample import resample_separable, straighten
from pet_mtl.sample import GridPlan, Patch
from pet_mtl.study import Study

Point = tuple[float, float, float]


@dataclass(frozen=True)
class UprightVolume:
    """A study turned to axes along (S, P, L), from which cubes are cut.

    Attributes:
        suv: (z, y, x) float32 SUVbw.
        grid: Its upright grid.
        mask: (z, y, x) float32 lesion share of each voxel, 0 to 1, or None.
        ct: The CT on its own upright grid, or None.
    """

    suv: NDArray[np.float32]
    grid: Grid
    mask: NDArray[np.float32] | None = None
    ct: CtVolume | None = None


def upright(
    suv: NDArray[np.float32], grid: Grid, mask: NDArray[np.bool_] | None = None
) -> UprightVolume:
    """Turns a study (and its mask) to axes along (S, P, L)."""
    turned, turned_grid = straighten(suv, grid)
    if mask is None:
        return UprightVolume(turned, turned_grid)
    return UprightVolume(turned, turned_grid, straighten(mask.astype(np.float32), grid)[0])


def with_ct(volume: UprightVolume, study: Study) -> UprightVolume:
    """Adds the study's CT, if it has one."""
    if study.ct is None or study.ct_grid is None:
        return volume
    return replace(volume, ct=upright_ct(study.ct, study.ct_grid))


def mask_centre_mm(mask: NDArray[np.bool_], grid: Grid) -> Point:
    """Centre of the mask's bounding box, so that a lobed lesion is covered evenly.

    Args:
        mask: (z, y, x) bool.
        grid: Its grid.

    Returns:
        World point (x, y, z), LPS.

    Raises:
        MaskError: The mask is empty.
    """
    if not mask.any():
        raise MaskError(
            "MASK_EMPTY",
            "the mask holds no voxel",
            todo="Remove the mask, or choose another region with --roi",
        )
    places = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    x, y, z = grid.index_to_world([(p[0] + p[-1]) / 2 for p in places])
    return (float(x), float(y), float(z))


def cut_patch(volume: UprightVolume, target: Grid) -> Patch:
    """Cuts one cube; what lies beyond the image is 0 and marked invalid.

    Args:
        volume: The upright study.
        target: The cube's grid.

    Returns:
        The cube. Its mask holds the voxels of which the lesion fills at least half.
    """
    suv, valid = resample_separable(volume.suv, volume.grid, target)
    mask = None
    if volume.mask is not None:
        mask = resample_separable(volume.mask, volume.grid, target)[0] >= 0.5
    if volume.ct is None:
        return Patch(suv, valid, mask)
    return Patch(suv, valid, mask, *cut_ct(volume.ct, target))


def cut_patches(volume: UprightVolume, plan: GridPlan, centre_mm: Point) -> tuple[Patch, Patch]:
    """The fine and the context cube around one point."""
    fine = cut_patch(volume, plan.grid("fine", centre_mm))
    return fine, cut_patch(volume, plan.grid("context", centre_mm))


def paste_mask(
    fine: NDArray[np.float32],
    context: NDArray[np.float32],
    plan: GridPlan,
    centre_mm: Point,
    grid: Grid,
) -> NDArray[np.float32]:
    """Brings the probabilities of both cubes back into the patient's own grid.

    The fine cube counts where it reaches, the context cube elsewhere, nothing beyond both.

    Args:
        fine: (z, y, x) lesion probability in the fine cube.
        context: (z, y, x) lesion probability in the context cube.
        plan: The cubes.
        centre_mm: The point they were cut around.
        grid: The study's own grid, in any orientation.

    Returns:
        (z, y, x) float32 lesion probability on `grid`.
    """
    result = np.zeros(grid.shape, np.float32)
    for scale, values in (("context", context), ("fine", fine)):
        moved = _onto(values, plan.grid(scale, centre_mm), grid)
        result = np.where(moved >= 0, moved, result)
    return result


def _onto(values: NDArray[np.float32], source: Grid, target: Grid) -> NDArray[np.float32]:
    """Linear interpolation onto any grid; -1 where the source does not reach."""
    image = to_sitk(values.astype(np.float32), source)
    reference = to_sitk(np.zeros(target.shape, np.uint8), target)
    moved = sitk.Resample(image, reference, sitk.Transform(), sitk.sitkLinear, -1.0)
    return sitk.GetArrayFromImage(moved)
