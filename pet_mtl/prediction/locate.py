"""Finding the lesion without a mask.

The model's context path reads overlapping cubes that cover the body; where they overlap, each
counts most near its own middle. Of the connected regions of probability above one half, the one
of the highest total uptake is the lesion.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.geometry import Grid
from pet_mtl.prediction.model import Predictor, ct_channels
from pet_mtl.preprocess.crop import Point, UprightVolume, cut_patch

THRESHOLD = 0.5
AIR_SUV = 0.5
_BATCH = 8
_MOST_CANDIDATES = 10
# Neighbours touch by face, edge or corner: a lobe that hangs on by a corner is the same lesion.
NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)

Floats32 = NDArray[np.float32]
Slices = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Candidate:
    """One region that may be the lesion, at context spacing.

    Attributes:
        centre_mm: World point (x, y, z), LPS, of the middle of its bounding box.
        volume_ml: Its volume.
        total_uptake: SUV times volume, summed over its voxels, g/ml x ml.
        probability: The highest lesion probability in it, 0 to 1.
    """

    centre_mm: Point
    volume_ml: float
    total_uptake: float
    probability: float


@dataclass(frozen=True)
class Finding:
    """Where the lesion is.

    Attributes:
        centre_mm: World point (x, y, z), LPS, to cut the cubes around.
        candidates: All regions found, the highest total uptake first; the first is the lesion.
        faint: True if nothing exceeded one half and `centre_mm` is only the likeliest voxel.
    """

    centre_mm: Point
    candidates: tuple[Candidate, ...]
    faint: bool


def find_lesion(volume: UprightVolume, predictor: Predictor) -> Finding:
    """Finds the lesion in a whole study.

    Args:
        volume: The upright study.
        predictor: The model.

    Returns:
        The finding. Regions of equal uptake keep the order of their voxels.
    """
    probability, suv, grid = lesion_probability(volume, predictor)
    candidates = _candidates(probability, suv, grid)
    if candidates:
        return Finding(candidates[0].centre_mm, candidates, faint=False)
    likeliest = np.unravel_index(int(probability.argmax()), probability.shape)
    x, y, z = grid.index_to_world([int(i) for i in likeliest])
    return Finding((float(x), float(y), float(z)), (), faint=True)


def lesion_probability(
    volume: UprightVolume, predictor: Predictor
) -> tuple[Floats32, Floats32, Grid]:
    """Lesion probability of the whole body at context spacing.

    Args:
        volume: The upright study.
        predictor: The model.

    Returns:
        Probability (z, y, x), 0 beyond the image; the SUV it was found in; their grid.
    """
    size = predictor.plan.size
    grid = search_grid(volume, size, predictor.plan.context_mm)
    patch = cut_patch(volume, grid)
    total = np.zeros(grid.shape, np.float32)
    weight = np.zeros(grid.shape, np.float32)
    taper = _taper(size)
    ct = ct_channels(patch)
    for places in _batches(tile_places(grid.shape, size)):
        tiles = np.stack([patch.suv[place] for place in places])[..., None]  # (n, s, s, s, 1)
        ct_tiles = None if ct is None else np.stack([ct[place] for place in places])
        found = np.asarray(predictor.context_mask(tiles, ct_tiles))[..., 0]  # (n, s, s, s)
        for place, one in zip(places, found, strict=True):
            total[place] += taper * one
            weight[place] += taper
    return np.where(patch.valid, total / weight, 0).astype(np.float32), patch.suv, grid


def search_grid(volume: UprightVolume, size: int, spacing_mm: float) -> Grid:
    """The grid that holds the body at context spacing, at least one cube along each axis.

    What has no voxel above 0.5 g/ml around it is air and not searched; a study that has none
    at all is searched whole.

    Args:
        volume: The upright study.
        size: Voxels along each axis of the model's cube.
        spacing_mm: Voxel edge, mm.

    Returns:
        Its grid, axes along (S, P, L), the body in the middle.
    """
    body = _extent(volume.suv > AIR_SUV)
    low = volume.grid.index_to_world([axis[0] - 0.5 for axis in body])  # (x, y, z)
    high = volume.grid.index_to_world([axis[1] + 0.5 for axis in body])
    count = np.maximum(np.ceil((high - low) / spacing_mm).astype(int), size)
    x, y, z = (low + high) / 2 - (count - 1) / 2 * spacing_mm
    nx, ny, nz = (int(n) for n in count)
    return Grid((nz, ny, nx), (spacing_mm,) * 3, (float(x), float(y), float(z)))


def tile_places(shape: tuple[int, int, int], size: int) -> list[Slices]:
    """Evenly spread cubes that cover a volume, overlapping by at least a quarter of their edge.

    Args:
        shape: Voxels along (z, y, x), each at least `size`.
        size: Edge of a cube in voxels.

    Returns:
        The place of every cube.
    """
    starts = []
    for length in shape:
        count = 1 + -(-(length - size) // (size - size // 4))
        starts.append([round(float(s)) for s in np.linspace(0, length - size, count)])
    return [
        (slice(z, z + size), slice(y, y + size), slice(x, x + size))
        for z, y, x in itertools.product(*starts)
    ]


def _extent(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of what is True, for each axis; of everything if nothing is."""
    if not mask.any():
        return [(0, n - 1) for n in mask.shape]
    places = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    return [(int(p[0]), int(p[-1])) for p in places]


def _batches(places: list[Slices]) -> Iterator[list[Slices]]:
    """Few cubes at a time, so that memory stays bounded for a whole body."""
    for start in range(0, len(places), _BATCH):
        yield places[start : start + _BATCH]


def _taper(size: int) -> Floats32:
    """(s, s, s) weights, 1 in the middle, falling to 0.05 at the border of a cube."""
    ramp = np.minimum(np.arange(size) + 0.5, size - np.arange(size) - 0.5) / (size / 2)
    edge = np.clip(2 * ramp, 0.05, 1.0).astype(np.float32)
    return edge[:, None, None] * edge[None, :, None] * edge[None, None, :]


def _candidates(probability: Floats32, suv: Floats32, grid: Grid) -> tuple[Candidate, ...]:
    """The regions above one half, the highest total uptake first."""
    labels, count = ndimage.label(probability > THRESHOLD, structure=NEIGHBOURS)
    boxes = ndimage.find_objects(labels)
    found = []
    for number, box in zip(range(1, count + 1), boxes, strict=True):
        inside = labels[box] == number
        middle = [(axis.start + axis.stop - 1) / 2 for axis in box]
        x, y, z = grid.index_to_world(middle)
        found.append(
            Candidate(
                centre_mm=(float(x), float(y), float(z)),
                volume_ml=float(inside.sum() * grid.voxel_ml),
                total_uptake=float(suv[box][inside].sum(dtype=np.float64) * grid.voxel_ml),
                probability=float(probability[box][inside].max()),
            )
        )
    ranked = sorted(found, key=lambda candidate: -candidate.total_uptake)
    return tuple(ranked[:_MOST_CANDIDATES])
