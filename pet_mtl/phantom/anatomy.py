"""The body of the phantom: a trunk with organs of typical uptake.

Coordinates are millimetres from the middle of the trunk: x to the Left, y to Posterior,
z to Superior, as in the world.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid

Volume = NDArray[np.float32]

TRUNK_HALF_MM = (130.0, 120.0, 170.0)
_FAT_MM = 12.0
_ORGAN_SPREAD = 0.12
_VARIATION = 0.08
_VARIATION_MM = 45.0


@dataclass(frozen=True)
class Ellipsoid:
    """A part of the body; an infinite half axis makes it a cylinder.

    Attributes:
        suv: Typical uptake.
        centre_mm: Middle (x, y, z).
        half_mm: Half axes (x, y, z).
        hollow: Part of the half axes that stays untouched inside: 0 for a solid part.
    """

    suv: float
    centre_mm: tuple[float, float, float]
    half_mm: tuple[float, float, float]
    hollow: float = 0.0


_CYLINDER = 1e6
# Later parts lie over earlier ones.
ORGANS = (
    Ellipsoid(0.5, (-80.0, -5.0, 25.0), (58.0, 84.0, 150.0)),
    Ellipsoid(0.5, (80.0, -5.0, 25.0), (58.0, 84.0, 150.0)),
    Ellipsoid(1.6, (0.0, -12.0, 0.0), (32.0, 58.0, _CYLINDER)),
    Ellipsoid(2.3, (-62.0, -5.0, -118.0), (92.0, 84.0, 52.0)),
    Ellipsoid(1.9, (98.0, 35.0, -112.0), (36.0, 42.0, 36.0)),
    Ellipsoid(1.6, (34.0, -38.0, -58.0), (44.0, 38.0, 40.0)),
    Ellipsoid(2.5, (34.0, -38.0, -58.0), (44.0, 38.0, 40.0), 0.75),
    Ellipsoid(1.7, (16.0, 46.0, 0.0), (12.0, 12.0, _CYLINDER)),
    Ellipsoid(1.2, (0.0, 82.0, 0.0), (20.0, 18.0, _CYLINDER)),
)


@dataclass(frozen=True)
class Body:
    """The body without disease.

    Attributes:
        suv: (z, y, x) float32 true uptake.
        inside: (z, y, x) bool; within the skin and the fat below it.
    """

    suv: Volume
    inside: NDArray[np.bool_]


def axes_mm(grid: Grid, centre_mm: tuple[float, float, float]) -> tuple[Volume, Volume, Volume]:
    """Coordinates (x, y, z) of an axial grid relative to a world point.

    Returns:
        Three arrays that broadcast to (z, y, x).
    """
    z, y, x = (
        (origin + step * np.arange(n) - centre).astype(np.float32)
        for origin, step, n, centre in zip(
            grid.origin_mm[::-1], grid.spacing_mm, grid.shape, centre_mm[::-1], strict=True
        )
    )
    return x[None, None, :], y[None, :, None], z[:, None, None]


def smooth_field(grid: Grid, length_mm: float, rng: np.random.Generator) -> Volume:
    """A smooth random field of mean about 0 and standard deviation about 1, cheap to make.

    Args:
        grid: Where.
        length_mm: Distance of its control points.
        rng: Source of randomness.
    """
    knots = [int(np.ceil(extent / length_mm)) + 1 for extent in grid.extent_mm]
    field = rng.standard_normal(knots).astype(np.float32)
    for axis, (n, count) in enumerate(zip(grid.shape, knots, strict=True)):
        place = np.linspace(0.0, count - 1.0, n)[:, None]
        hats = np.maximum(0.0, 1.0 - np.abs(place - np.arange(count))).astype(np.float32)
        field = np.moveaxis(np.tensordot(hats, field, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(field) / float(field.std())


def make_body(
    grid: Grid, centre_mm: tuple[float, float, float], size: float, rng: np.random.Generator
) -> Body:
    """Builds the trunk and its organs, each of slightly random size and uptake.

    Args:
        grid: The scanner's grid.
        centre_mm: World point of the middle of the trunk.
        size: Size of the body relative to the typical one, about 0.9 to 1.1.
        rng: Source of randomness.
    """
    x, y, z = (axis / np.float32(size) for axis in axes_mm(grid, centre_mm))
    depth = np.abs(x / TRUNK_HALF_MM[2]) ** 2.5 + np.abs(y / TRUNK_HALF_MM[1]) ** 2.5
    skin = np.broadcast_to(depth <= 1.0, grid.shape)
    inside = np.broadcast_to(depth <= (1.0 - _FAT_MM / TRUNK_HALF_MM[1]) ** 2.5, grid.shape)
    suv = np.where(inside, np.float32(0.8), np.float32(0.35)) * skin
    for organ in ORGANS:
        suv[_within(organ, (x, y, z), rng) & inside] = organ.suv * np.exp(
            _ORGAN_SPREAD * rng.uniform(-1.0, 1.0)
        )
    suv *= 1.0 + _VARIATION * np.clip(smooth_field(grid, _VARIATION_MM, rng), -2.0, 2.0)
    return Body(suv, inside)


def _within(
    organ: Ellipsoid, axes: tuple[Volume, Volume, Volume], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Voxels of one organ, its size and place varied."""
    scale = rng.uniform(0.93, 1.07, 3)
    shift = rng.uniform(-5.0, 5.0, 3)
    parts = [
        ((axis - (centre + move)) / (half * factor)) ** 2
        for axis, centre, half, factor, move in zip(
            axes, organ.centre_mm, organ.half_mm, scale, shift, strict=True
        )
    ]
    radius = (parts[0] + parts[1] + parts[2]).astype(np.float32)
    return (radius <= 1.0) & (radius >= organ.hollow**2)
