"""Finding the lesion without a mask.

The model's context path reads overlapping cubes that cover the body; where they overlap, each
counts most near its own middle. Connected regions of probability above one half are candidates.
Rivals are read once more, in the mirrored views of a cube around each, and the one the model is
surest of is the lesion: a faint organ, half believed in part, takes up more than many a lesion.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.geometry import Grid
from pet_mtl.prediction.model import Predictor, ct_channels
from pet_mtl.preprocess.crop import Point, UprightVolume, cut_patch
from pet_mtl.sample import Patch

THRESHOLD = 0.5
AIR_SUV = 0.5
_BATCH = 8
_RIVAL = 0.5
_MOST_CANDIDATES = 5
_SPECK_ML = 1.0
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
        evidence: Mean lesion probability over it, of the search and, if it has a rival, of a cube
            around it in its mirrored views, times V / (V + 1 ml) of its volume V: specks are no
            lesions. 0 to 1.
    """

    centre_mm: Point
    volume_ml: float
    total_uptake: float
    probability: float
    evidence: float


@dataclass(frozen=True)
class Finding:
    """Where the lesion is.

    Attributes:
        centre_mm: World point (x, y, z), LPS, to cut the cubes around.
        candidates: Up to five regions, the highest evidence first; the first is the lesion.
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
        The finding. Regions of equal evidence keep the order of their voxels.
    """
    grid = search_grid(volume, predictor.plan.size, predictor.plan.context_mm)
    patch = cut_patch(volume, grid)
    probability = _searched(patch, predictor)
    candidates = _candidates(probability, patch, grid, predictor)
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
    grid = search_grid(volume, predictor.plan.size, predictor.plan.context_mm)
    patch = cut_patch(volume, grid)
    return _searched(patch, predictor), patch.suv, grid


def _searched(patch: Patch, predictor: Predictor) -> Floats32:
    """Lesion probability of a patch that holds the body; 0 beyond the image."""
    total, weight = (np.zeros(patch.suv.shape, np.float32) for _ in range(2))
    taper = _taper(predictor.plan.size)
    ct = ct_channels(patch)
    for places in _batches(tile_places(patch.suv.shape, predictor.plan.size)):
        tiles = np.stack([patch.suv[place] for place in places])[..., None]  # (n, s, s, s, 1)
        ct_tiles = None if ct is None else np.stack([ct[place] for place in places])
        found = np.asarray(predictor.context_mask(tiles, ct_tiles))[..., 0]  # (n, s, s, s)
        for place, one in zip(places, found, strict=True):
            total[place] += taper * one
            weight[place] += taper
    return np.where(patch.valid, total / weight, 0).astype(np.float32)


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


@dataclass(frozen=True)
class _Region:
    """A connected region on the search grid: its box, what of the box it is, its middle."""

    box: Slices
    inside: NDArray[np.bool_]
    middle: tuple[int, int, int]
    confidence: float

    def size(self) -> float:
        """Voxels."""
        return float(self.inside.sum())


def _candidates(
    probability: Floats32, patch: Patch, grid: Grid, predictor: Predictor
) -> tuple[Candidate, ...]:
    """The regions above one half, the highest evidence first."""
    regions = sorted(_regions(probability), key=lambda one: -_evidence(one, one.confidence, grid))[
        :_MOST_CANDIDATES
    ]
    first = [_evidence(region, region.confidence, grid) for region in regions]
    # Who is far behind the first does not overtake it, and is not looked at twice.
    rivals = [r for r, one in zip(regions, first, strict=True) if one > _RIVAL * first[0]]
    again = _read_again(rivals, patch, predictor) if len(rivals) > 1 else []
    found = []
    for region, centred in itertools.zip_longest(regions, again):
        middle = [(axis.start + axis.stop - 1) / 2 for axis in region.box]
        x, y, z = grid.index_to_world(middle)
        uptake = patch.suv[region.box][region.inside].sum(dtype=np.float64)
        found.append(
            Candidate(
                centre_mm=(float(x), float(y), float(z)),
                volume_ml=region.size() * grid.voxel_ml,
                total_uptake=float(uptake * grid.voxel_ml),
                probability=float(probability[region.box][region.inside].max()),
                evidence=_evidence(region, _confidence(region, centred), grid),
            )
        )
    return tuple(sorted(found, key=lambda candidate: -candidate.evidence))


def _regions(probability: Floats32) -> Iterator[_Region]:
    """The connected regions above one half."""
    labels, count = ndimage.label(probability > THRESHOLD, structure=NEIGHBOURS)
    for number, box in zip(range(1, count + 1), ndimage.find_objects(labels), strict=True):
        inside = labels[box] == number
        z, y, x = ((axis.start + axis.stop - 1) // 2 for axis in box)
        yield _Region(box, inside, (z, y, x), float(probability[box][inside].mean()))


def _confidence(region: _Region, again: float | None) -> float:
    """Mean probability over a region, averaged over both readings if there were two."""
    return region.confidence if again is None else (region.confidence + again) / 2


def _evidence(region: _Region, confidence: float, grid: Grid) -> float:
    """How sure the model is of a region, less for specks."""
    volume_ml = region.size() * grid.voxel_ml
    return confidence * volume_ml / (volume_ml + _SPECK_ML)


def _read_again(regions: Sequence[_Region], patch: Patch, predictor: Predictor) -> list[float]:
    """Mean probability over each region in the mirrored views of a cube around its middle."""
    size = predictor.plan.size
    # Beyond the search grid is air, as beyond the image: SUV 0, CT unknown.
    suv = np.pad(patch.suv, size)
    ct = ct_channels(patch)
    ct = None if ct is None else np.pad(ct, [*[(size, size)] * 3, (0, 0)])
    again = []
    for region in regions:
        place = _cube_around(region.middle, size)
        tiles = _mirrored(suv[place])[..., None]  # (8, s, s, s, 1)
        ct_tiles = None if ct is None else _mirrored(ct[place])
        found = np.asarray(predictor.context_mask(tiles, ct_tiles))[..., 0]  # (8, s, s, s)
        inside = np.zeros(suv.shape, bool)
        inside[tuple(slice(a.start + size, a.stop + size) for a in region.box)] = region.inside
        again.append(float(found[_mirrored(inside[place])].mean()))
    return again


def _mirrored(cube: NDArray[Any]) -> NDArray[Any]:
    """The eight mirrored views (8, z, y, x, ...) of a cube."""
    flips = itertools.product((False, True), repeat=3)
    views = (np.flip(cube, tuple(a for a, flipped in enumerate(f) if flipped)) for f in flips)
    return np.stack(list(views))


def _cube_around(middle: tuple[int, int, int], size: int) -> Slices:
    """The place of a cube around a voxel of the search grid, in what is padded by its size."""
    z, y, x = (slice(i + size - size // 2, i + 2 * size - size // 2) for i in middle)
    return z, y, x
