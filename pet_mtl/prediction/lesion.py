"""The lesion in the patient's own voxels, from the probabilities of the two cubes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.geometry import Grid
from pet_mtl.prediction.locate import NEIGHBOURS, THRESHOLD
from pet_mtl.preprocess.crop import Point, paste_mask
from pet_mtl.sample import GridPlan


@dataclass(frozen=True)
class LesionStatistics:
    """What nuclear medicine reports of a lesion, over the voxels of its mask.

    Attributes:
        volume_ml: Metabolic tumour volume, ml.
        suv_max: Highest SUVbw, g/ml; None for an empty mask.
        suv_mean: Mean SUVbw, g/ml; None for an empty mask.
        tlg: Total lesion glycolysis, `suv_mean` times `volume_ml`, g/ml x ml.
    """

    volume_ml: float
    suv_max: float | None
    suv_mean: float | None
    tlg: float


def lesion_statistics(
    suv: NDArray[np.float32], mask: NDArray[np.bool_], grid: Grid
) -> LesionStatistics:
    """Statistics of the masked voxels.

    Args:
        suv: (z, y, x) SUVbw.
        mask: (z, y, x) bool.
        grid: The grid of both.

    Returns:
        The statistics.
    """
    values = suv[mask].astype(np.float64)
    if not values.size:
        return LesionStatistics(0.0, None, None, 0.0)
    volume = values.size * grid.voxel_ml
    mean = float(values.mean())
    return LesionStatistics(volume, float(values.max()), mean, mean * volume)


def paste_near(
    cubes: NDArray[np.float32], plan: GridPlan, centre_mm: Point, grid: Grid
) -> NDArray[np.bool_]:
    """Both cubes' probabilities, brought into the patient's grid and cut at one half.

    The same as `paste_mask` on the whole grid, but only the voxels the cubes reach are computed.

    Args:
        cubes: (s, s, s, 2) lesion probability, last axis fine and context.
        plan: The cubes.
        centre_mm: The point they were cut around.
        grid: The study's own grid, in any orientation.

    Returns:
        (z, y, x) bool on `grid`.
    """
    mask = np.zeros(grid.shape, dtype=bool)
    low, high = _reach(plan, centre_mm, grid)
    if np.any(high <= low):
        return mask
    place = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    x, y, z = grid.index_to_world(low)
    nz, ny, nx = (int(n) for n in high - low)
    part = Grid((nz, ny, nx), grid.spacing_mm, (float(x), float(y), float(z)), grid.direction)
    mask[place] = paste_mask(cubes[..., 0], cubes[..., 1], plan, centre_mm, part) >= THRESHOLD
    return mask


def _reach(plan: GridPlan, centre_mm: Point, grid: Grid) -> tuple[NDArray[Any], NDArray[Any]]:
    """First and last + 1 index (z, y, x) of the patient's voxels that the cubes may touch."""
    corners = []
    for scale in ("fine", "context"):
        cube = plan.grid(scale, centre_mm)
        # Interpolation reaches half a voxel beyond the outermost centres.
        ends = np.stack(np.meshgrid(*[(-0.5, n - 0.5) for n in cube.shape], indexing="ij"), -1)
        corners.append(grid.world_to_index(cube.index_to_world(ends.reshape(-1, 3))))
    index = np.concatenate(corners)
    low = np.floor(index.min(axis=0)).astype(int)
    high = np.ceil(index.max(axis=0)).astype(int) + 1
    return np.clip(low, 0, grid.shape), np.clip(high, 0, grid.shape)


def one_lesion(
    mask: NDArray[np.bool_], suv: NDArray[np.float32], grid: Grid, anchor_mm: Point | None = None
) -> NDArray[np.bool_]:
    """Keeps one connected region, so that volume and SUVmax are of one lesion.

    Args:
        mask: (z, y, x) bool, any number of regions.
        suv: (z, y, x) SUVbw.
        grid: The grid of both.
        anchor_mm: World point; the region nearest to it is kept. None keeps the region of the
            highest total uptake.

    Returns:
        The mask of that region; empty if `mask` is.
    """
    labels, count = ndimage.label(mask, structure=NEIGHBOURS)
    if count <= 1:
        return mask
    if anchor_mm is None:
        kept = 1 + int(np.argmax(ndimage.sum_labels(suv, labels, np.arange(1, count + 1))))
    else:
        places = np.argwhere(mask)
        gap = grid.index_to_world(places) - np.asarray(anchor_mm)
        kept = int(labels[tuple(places[int(np.square(gap).sum(axis=1).argmin())])])
    return labels == kept
