"""Attribution from the cubes back to the voxels of the study, each counted once."""

import itertools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid, isotropic_grid
from pet_mtl.preprocess.crop import Point
from pet_mtl.preprocess.resample import resample_separable, spread_separable
from pet_mtl.sample import GridPlan

Floats32 = NDArray[np.float32]
Floats = NDArray[np.float64]


def slopes_of_voxels(
    cubes: Mapping[str, Floats], plan: GridPlan, centre_mm: Point, grid: Grid
) -> Floats32:
    """The gradient with respect to an upright study, of the gradients with respect to its cubes.

    Where the fine and the context cube overlap, the model reads a voxel twice. Both cubes are
    linear in the study, so their gradients go back by the transposed interpolation and add up
    to the one gradient of that voxel (the chain rule).

    Args:
        cubes: Scale to (size, size, size), per SUV.
        plan: The cubes.
        centre_mm: The point they were cut around.
        grid: The upright grid of the study.

    Returns:
        (z, y, x) per SUV.
    """
    total = np.zeros(grid.shape, np.float32)
    for scale, cube in cubes.items():
        total += spread_separable(cube.astype(np.float32), grid, plan.grid(scale, centre_mm))
    return total


def maps_on_voxels(
    maps: Mapping[str, Floats], plan: GridPlan, centre_mm: Point, grid: Grid
) -> Floats32:
    """Maps of coarse cells, interpolated onto an upright study; the sum of each is kept.

    Args:
        maps: Scale to (cells, cells, cells).
        plan: The cubes, of which the cells are parts.
        centre_mm: The point they were cut around.
        grid: The upright grid of the study.

    Returns:
        (z, y, x); the sum of both scales where they overlap.
    """
    total = np.zeros(grid.shape, np.float32)
    for scale, cells in maps.items():
        count = cells.shape[0]
        edge_mm = plan.size * plan.spacing_mm(scale) / count
        where = isotropic_grid(centre_mm, count, edge_mm)
        # Voxels finer than the cells: as many more as the cell is larger.
        share = grid.voxel_ml / (edge_mm**3 / 1000.0)
        total += share * resample_separable(cells.astype(np.float32), where, grid)[0]
    return total


def on_study(values: Floats32, upright: Grid, grid: Grid) -> Floats32:
    """Gives what upright voxels hold to the voxels of the study's own grid; the sum is kept.

    Voxels of an axis-aligned study are the upright ones, turned. In an oblique one, each upright
    voxel was interpolated from eight, and gives to them by the same weights.

    Args:
        values: (z, y, x) on `upright`.
        upright: From `pet_mtl.preprocess.crop.upright`.
        grid: The study's own grid, in any orientation.

    Returns:
        (z, y, x) on `grid`.
    """
    places = np.argwhere(values)
    amounts = values[tuple(places.T)].astype(np.float64)
    index = grid.world_to_index(upright.index_to_world(places))
    index = np.clip(index, 0, np.asarray(grid.shape) - 1)
    if grid.is_axis_aligned:
        index = np.rint(index)
    low = np.floor(index).astype(np.int64)
    beyond = index - low
    total = np.zeros(int(np.prod(grid.shape)))
    for corner in itertools.product((0, 1), repeat=3):
        weight = np.prod(np.where(corner, beyond, 1.0 - beyond), axis=1)
        given = weight > 0
        where = np.ravel_multi_index(tuple((low + corner)[given].T), grid.shape)
        total += np.bincount(where, (weight * amounts)[given], minlength=len(total))
    return total.reshape(grid.shape).astype(np.float32)
