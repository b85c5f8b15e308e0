"""The body of the phantom: organs of typical uptake in a trunk or a whole body.

Coordinates are millimetres from the middle of the trunk: x to the Left, y to Posterior,
z to Superior, as in the world.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid
from pet_mtl.phantom import outline
from pet_mtl.phantom.outline import Axes

Volume = NDArray[np.float32]

_ORGAN_SPREAD = 0.12
_VARIATION = 0.08
_VARIATION_MM = 45.0
_AIR_HU, _FAT_HU, SOFT_TISSUE_HU = -1000.0, -100.0, 40.0


@dataclass(frozen=True)
class Ellipsoid:
    """A part of the body; an infinite half axis makes it a cylinder.

    Attributes:
        suv: Typical uptake.
        hu: CT number, Hounsfield units.
        centre_mm: Middle (x, y, z).
        half_mm: Half axes (x, y, z).
        hollow: Part of the half axes that stays untouched inside: 0 for a solid part.
    """

    suv: float
    hu: float
    centre_mm: tuple[float, float, float]
    half_mm: tuple[float, float, float]
    hollow: float = 0.0


_CYLINDER = 1e6
# Later parts lie over earlier ones.
ORGANS = (
    Ellipsoid(0.5, -800.0, (-80.0, -5.0, 25.0), (58.0, 84.0, 150.0)),
    Ellipsoid(0.5, -800.0, (80.0, -5.0, 25.0), (58.0, 84.0, 150.0)),
    Ellipsoid(1.6, 40.0, (0.0, -12.0, 0.0), (32.0, 58.0, _CYLINDER)),
    Ellipsoid(2.3, 60.0, (-62.0, -5.0, -118.0), (92.0, 84.0, 52.0)),
    Ellipsoid(1.9, 50.0, (98.0, 35.0, -112.0), (36.0, 42.0, 36.0)),
    Ellipsoid(1.6, 40.0, (34.0, -38.0, -58.0), (44.0, 38.0, 40.0)),
    Ellipsoid(2.5, 45.0, (34.0, -38.0, -58.0), (44.0, 38.0, 40.0), 0.75),
    Ellipsoid(1.7, 40.0, (16.0, 46.0, 0.0), (12.0, 12.0, _CYLINDER)),
    Ellipsoid(1.2, 400.0, (0.0, 82.0, 0.0), (20.0, 18.0, _CYLINDER)),
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
    grid: Grid,
    centre_mm: tuple[float, float, float],
    size: float,
    rng: np.random.Generator,
    whole: bool = False,
) -> Body:
    """Builds the body and its organs, each of slightly random size and uptake.

    Args:
        grid: The scanner's grid.
        centre_mm: World point of the middle of the trunk.
        size: Size of the body relative to the typical one, about 0.9 to 1.1.
        rng: Source of randomness; the organs drawn do not depend on the grid.
        whole: Whether there are thighs, neck and head, too.
    """
    axes = body_axes(grid, centre_mm, size)
    skin, inside = (outline.whole if whole else outline.trunk)(grid, axes)
    suv = np.where(inside, np.float32(0.8), np.float32(0.35)) * skin
    for organ in ORGANS:
        suv[_within(organ, axes, rng) & inside] = organ.suv * np.exp(_spread(rng))
    suv *= 1.0 + _VARIATION * np.clip(smooth_field(grid, _VARIATION_MM, rng), -2.0, 2.0)
    return Body(suv, inside)


def make_hu(
    grid: Grid,
    centre_mm: tuple[float, float, float],
    size: float,
    rng: np.random.Generator,
    whole: bool = False,
) -> Volume:
    """CT numbers of the body that `make_body` builds from the same arguments, on any grid.

    Args:
        grid: The CT's grid.
        centre_mm: As in `make_body`.
        size: As in `make_body`.
        rng: A source in the state that `make_body` was given.
        whole: As in `make_body`.

    Returns:
        (z, y, x) float32 Hounsfield units, without noise.
    """
    axes = body_axes(grid, centre_mm, size)
    skin, inside = (outline.whole if whole else outline.trunk)(grid, axes)
    hu = np.where(inside, SOFT_TISSUE_HU, np.where(skin, _FAT_HU, _AIR_HU)).astype(np.float32)
    for organ in ORGANS:
        hu[_within(organ, axes, rng) & inside] = organ.hu
        _spread(rng)  # drawn for the uptake, which the CT does not show
    return hu


def body_axes(grid: Grid, centre_mm: tuple[float, float, float], size: float) -> Axes:
    """Coordinates (x, y, z) in a body of typical size; see `make_body`."""
    x, y, z = (axis / np.float32(size) for axis in axes_mm(grid, centre_mm))
    return x, y, z


def _spread(rng: np.random.Generator) -> float:
    """Log factor of one organ's uptake."""
    return _ORGAN_SPREAD * rng.uniform(-1.0, 1.0)


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
