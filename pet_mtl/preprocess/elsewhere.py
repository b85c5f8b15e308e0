"""Places away from the lesion, where a segmenter can learn what is no lesion.

The two cubes of a patient show the lesion and little else; a whole study also holds brain, heart,
liver, kidneys and bladder. For a patient with a mask, context cubes cut there have a known mask,
usually an empty one.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.geometry import Grid
from pet_mtl.preprocess.crop import Point, UprightVolume
from pet_mtl.preprocess.resample import resample_separable

_COARSE_MM = 8.0
_AIR_SUV = 0.5
_CLEARANCE_MM = 24.0
_APART_MM = 60.0
_FEWEST_SPOTS = 5
_NEIGHBOURHOOD = 5


def places_elsewhere(volume: UprightVolume, count: int) -> tuple[Point, ...]:
    """World points away from the lesion: hot spots, and half as many places of the body.

    Of the highest peaks of uptake (60 mm apart and more than 24 mm from the lesion; twice as many
    as wanted, at least five) some are drawn, not the highest ones: else few cubes would teach the
    brain alone. One in three places (at least one of two) is anywhere in the body. The draw is
    the same for the same study.

    Args:
        volume: The upright study with its mask.
        count: How many, >= 0.

    Returns:
        Up to `count` points (x, y, z), LPS, mm; none where nothing but the lesion takes up.
    """
    if volume.mask is None or count == 0:
        return ()
    grid = _coarse(volume.grid)
    suv, _ = resample_separable(volume.suv, volume.grid, grid)
    lesion = resample_separable(volume.mask, volume.grid, grid)[0] > 0
    away = ndimage.distance_transform_edt(~lesion, sampling=grid.spacing_mm) > _CLEARANCE_MM
    ground = (suv > _AIR_SUV) & away
    body = np.argwhere(ground)
    if not len(body):
        return ()
    # Of shapes and whole voxels only: the same study in another file format draws the same.
    middle = np.rint(np.argwhere(lesion).mean(axis=0)) if lesion.any() else np.zeros(3)
    random = np.random.default_rng([*grid.shape, *(int(i) for i in middle)])
    wanted = count - max(1, count // 3) if count > 1 else 1
    spots = random.permutation(_spots(suv, ground, max(_FEWEST_SPOTS, 2 * wanted)))
    anywhere = random.permutation(body)
    hot = min(len(spots), wanted)
    chosen = [*spots[:hot], *anywhere[: count - hot]]
    return tuple(_point(grid, index) for index in chosen)


def _coarse(grid: Grid) -> Grid:
    """The same field of view in voxels of 8 mm."""
    nz, ny, nx = (max(1, int(np.ceil(extent / _COARSE_MM))) for extent in grid.extent_mm)
    first = np.asarray(grid.index_to_world((-0.5, -0.5, -0.5))) + _COARSE_MM / 2
    x, y, z = (float(c) for c in first)
    return Grid((nz, ny, nx), (_COARSE_MM,) * 3, (x, y, z))


def _spots(suv: NDArray[np.float32], ground: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    """Up to `most` peaks (peaks, 3) of the uptake on the ground, the highest first, well apart."""
    outside = np.where(ground, suv, 0)
    peaks = ground & (outside == ndimage.maximum_filter(outside, _NEIGHBOURHOOD))
    left = np.argwhere(peaks)
    left = left[np.argsort(-suv[tuple(left.T)], kind="stable")]
    chosen: list[NDArray[np.intp]] = []
    while len(left) and len(chosen) < most:
        chosen.append(left[0])
        gap_mm = (left - left[0]) * _COARSE_MM
        left = left[(gap_mm**2).sum(axis=1) >= _APART_MM**2]
    return np.asarray(chosen, dtype=np.intp).reshape(-1, 3)


def _point(grid: Grid, index: NDArray[np.intp]) -> Point:
    """The world point of one voxel."""
    x, y, z = (float(c) for c in grid.index_to_world(index))
    return (x, y, z)
