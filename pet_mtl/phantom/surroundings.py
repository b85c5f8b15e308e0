"""Disease outside the mask: the infiltrating rim, satellites, and distant nodes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid
from pet_mtl.phantom.anatomy import Body, Volume
from pet_mtl.phantom.lesion import Lesion

RIM_REACH_MM = 20.0
RIM_DECAY_MM = 9.0
SATELLITE_MM = (9.0, 15.0)
SATELLITE_SIGMA_MM = 4.0
NODE_MM = (84.0, 114.0)
NODE_SIGMA_MM = 5.0
NODE_SUV = 8.5
NODE_CLEARANCE_MM = 26.0
# Liver, spleen and heart stay free of nodes: the highest uptake there is not disease.
NODE_GROUND_SUV = 1.8


@dataclass(frozen=True)
class Foci:
    """Small hot spots.

    Attributes:
        activity: (z, y, x) float32 uptake they add.
        centres: (foci, 3) voxel indices (z, y, x).
    """

    activity: Volume
    centres: NDArray[np.intp]


def rim(lesion: Lesion, factor: float) -> Volume:
    """The halo: uptake that decays from the border of the lesion and ends within 20 mm.

    Args:
        lesion: The lesion.
        factor: Standardised factor "rim".

    Returns:
        (z, y, x) float32 uptake, 0 inside the mask.
    """
    height = lesion.suv * (0.19 + 0.10 * factor)
    distance = lesion.outside_mm
    taper = np.clip((RIM_REACH_MM - distance) / 4.0, 0.0, 1.0)
    halo = height * np.exp(-distance / RIM_DECAY_MM) * taper
    return np.where(lesion.mask, 0.0, halo).astype(np.float32)


def satellites(
    lesion: Lesion, body: Body, grid: Grid, factor: float, rng: np.random.Generator
) -> Foci:
    """0 to 5 satellites, 9 to 15 mm from the border of the lesion.

    Args:
        lesion: The lesion.
        body: The body around it.
        grid: Its grid.
        factor: Standardised factor "satellites".
        rng: Source of randomness.
    """
    near, far = SATELLITE_MM
    ring = (lesion.outside_mm >= near) & (lesion.outside_mm <= far) & body.inside
    burden = 2.5 + 1.43 * factor
    centres = _scatter(ring, round(burden), 15.0, grid, rng)
    peak = 0.75 * lesion.suv * burden / max(len(centres), 1)
    return Foci(_blobs(centres, peak, SATELLITE_SIGMA_MM, grid), centres)


def nodes(lesion: Lesion, body: Body, grid: Grid, factor: float, rng: np.random.Generator) -> Foci:
    """0 to 6 nodes, 84 to 114 mm (largest coordinate) from the middle of the lesion.

    The middle is that of the bounding box, where the cubes of a sample are centred.

    Args:
        lesion: The lesion.
        body: The body around it.
        grid: Its grid.
        factor: Standardised factor "nodes".
        rng: Source of randomness.
    """
    middle = [_middle(lesion.mask, axis) for axis in range(3)]
    gaps = [
        np.abs((np.arange(n) - place) * step)
        for n, place, step in zip(grid.shape, middle, grid.spacing_mm, strict=True)
    ]
    distance = np.maximum(
        np.maximum(gaps[0][:, None, None], gaps[1][None, :, None]), gaps[2][None, None, :]
    )
    region = (distance >= NODE_MM[0]) & (distance <= NODE_MM[1]) & body.inside
    region &= (body.suv < NODE_GROUND_SUV) & (lesion.outside_mm >= NODE_CLEARANCE_MM)
    region[:4] = region[-4:] = False
    burden = 3.0 + 1.70 * factor
    centres = _scatter(region, round(burden), 24.0, grid, rng)
    peak = NODE_SUV * burden / max(len(centres), 1)
    return Foci(_blobs(centres, peak, NODE_SIGMA_MM, grid), centres)


def _middle(mask: NDArray[np.bool_], axis: int) -> float:
    """Middle of the mask's bounding box along one axis, in voxels."""
    places = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
    return (float(places[0]) + float(places[-1])) / 2.0


def _scatter(
    region: NDArray[np.bool_], count: int, apart_mm: float, grid: Grid, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Up to `count` random voxels of a region that keep their distance; (foci, 3)."""
    places = np.argwhere(region)
    chosen: list[NDArray[np.intp]] = []
    while len(chosen) < count and len(places):
        place = places[rng.integers(len(places))]
        chosen.append(place)
        gap = (places - place) * np.asarray(grid.spacing_mm)
        places = places[(gap**2).sum(axis=1) >= apart_mm**2]
    return np.asarray(chosen, dtype=np.intp).reshape(-1, 3)


def _blobs(centres: NDArray[np.intp], peak: float, sigma_mm: float, grid: Grid) -> Volume:
    """Gaussian spots of equal height."""
    activity = np.zeros(grid.shape, dtype=np.float32)
    for centre in centres:
        profiles = [
            np.exp(-0.5 * ((np.arange(n) - place) * step / sigma_mm) ** 2).astype(np.float32)
            for n, place, step in zip(grid.shape, centre, grid.spacing_mm, strict=True)
        ]
        activity += peak * np.einsum("i,j,k->ijk", *profiles)
    return activity
