"""The lesion: shape, texture and necrotic core, each set by its own factor.

The factors do not leak into each other: the mask always has the wanted volume to the voxel,
the texture has the same mean and deviation at every scale *after* the point spread, and the
necrotic core is compensated by the viable rest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.geometry import Grid
from pet_mtl.phantom.anatomy import Volume, axes_mm
from pet_mtl.phantom.scanner import blur

MEDIAN_ML = 42.0
LOG_VOLUME_SD = 0.68
MEDIAN_SUV = 8.0
LOG_SUV_SD = 0.30
TEXTURE_SD = 0.28
TEXTURE_MM = 6.0
TEXTURE_LOG_RANGE = 0.42
NECROTIC_UPTAKE = 0.25
_LOBES = 10
_CORE_MM = 4.0


@dataclass(frozen=True)
class Lesion:
    """A lesion in the scanner's grid.

    Attributes:
        mask: (z, y, x) bool.
        activity: (z, y, x) float32 true uptake in SUV, 0 outside the mask.
        outside_mm: (z, y, x) float32 distance to the mask, 0 inside it.
        suv: Its typical uptake; what surrounds it is relative to this.
    """

    mask: NDArray[np.bool_]
    activity: Volume
    outside_mm: Volume
    suv: float


def volume_ml(factors: dict[str, float]) -> float:
    """Volume that belongs to the factor "log_volume"; 8 to 215 ml."""
    return float(MEDIAN_ML * np.exp(LOG_VOLUME_SD * factors["log_volume"]))


def make_lesion(
    place: tuple[Grid, tuple[float, float, float], NDArray[np.bool_]],
    factors: dict[str, float],
    sigma_mm: float,
    rng: np.random.Generator,
) -> Lesion:
    """Builds one lesion.

    Args:
        place: The grid, the world point of the lesion's middle, and the (z, y, x) voxels
            that it may occupy.
        factors: Standardised factors.
        sigma_mm: Point spread that will blur it.
        rng: Source of randomness.
    """
    grid, centre_mm, allowed = place
    radius = _lobed_radius(axes_mm(grid, centre_mm), factors["shape"], rng)
    radius[~allowed] = np.inf
    mask = _smallest(radius, round(volume_ml(factors) / grid.voxel_ml))
    core = _necrosis(radius, mask, factors["necrosis"], grid, rng)
    inside_mm = ndimage.distance_transform_edt(mask, sampling=grid.spacing_mm)
    texture = _texture((mask, core, inside_mm > _CORE_MM), grid, factors["texture"], sigma_mm, rng)
    pattern = np.where(mask, np.maximum(1.0 + texture, 0.1), 0.0).astype(np.float32)
    pattern[core] *= NECROTIC_UPTAKE
    seen = blur(pattern, grid.spacing_mm, sigma_mm)[mask]
    suv = float(MEDIAN_SUV * np.exp(LOG_SUV_SD * factors["uptake"]))
    # Half of what necrosis takes is given back: neither the mean nor the maximum moves much.
    level = np.sqrt(float(seen.mean()) * float(np.quantile(seen, 0.9)) / 1.4)
    outside_mm = ndimage.distance_transform_edt(~mask, sampling=grid.spacing_mm)
    return Lesion(mask, pattern * np.float32(suv / level), outside_mm.astype(np.float32), suv)


def _lobed_radius(
    axes: tuple[Volume, Volume, Volume], shape: float, rng: np.random.Generator
) -> Volume:
    """Radius that is constant on the surface of an elongated, lobed body."""
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0].astype(np.float32)
    lobes = rng.standard_normal((_LOBES, 3))
    lobes /= np.linalg.norm(lobes, axis=1, keepdims=True)
    heights = rng.choice((-1.0, 1.0), _LOBES) * rng.uniform(0.6, 1.4, _LOBES)
    elongation = np.exp(0.42 + 0.24 * shape)
    stretch = np.array([elongation ** (2 / 3), elongation ** (-1 / 3), elongation ** (-1 / 3)])
    points = np.stack(np.broadcast_arrays(*axes), -1) @ turn
    points /= stretch.astype(np.float32)
    radius = np.linalg.norm(points, axis=-1)
    unit = points / np.maximum(radius, 1e-3)[..., None]
    bumps = np.exp(6.0 * (unit @ lobes.T.astype(np.float32) - 1.0)) @ heights.astype(np.float32)
    depth = 0.20 + 0.11 * shape
    return radius * np.exp(-depth * bumps).astype(np.float32)


def _smallest(values: Volume, count: int) -> NDArray[np.bool_]:
    """The `count` voxels of smallest value."""
    order = np.argpartition(values, count - 1, axis=None)[:count]
    chosen = np.zeros(values.size, dtype=bool)
    chosen[order] = True
    return chosen.reshape(values.shape)


def _necrosis(
    radius: Volume,
    mask: NDArray[np.bool_],
    necrosis: float,
    grid: Grid,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """The necrotic core: the innermost voxels, up to a third of the lesion."""
    wobble = blur(rng.standard_normal(grid.shape, dtype=np.float32), grid.spacing_mm, 6.0)
    wobble /= float(wobble.std())
    inner = np.where(mask, radius / radius[mask].max() * (1.0 + 0.12 * wobble), np.inf)
    count = round((0.16 + 0.085 * necrosis) * int(mask.sum()))
    return _smallest(inner, count) if count > 0 else np.zeros_like(mask)


def _texture(
    regions: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]],
    grid: Grid,
    texture: float,
    sigma_mm: float,
    rng: np.random.Generator,
) -> Volume:
    """Relative texture: fine or coarse, of equal deviation once blurred by the scanner.

    What it shares with the mask and the necrotic core is taken out of it, so that it changes
    neither the mean nor the contrast of the core.
    """
    mask, core, deep = regions
    length_mm = TEXTURE_MM * np.exp(TEXTURE_LOG_RANGE * texture)
    white = rng.standard_normal(grid.shape, dtype=np.float32)
    field = blur(white, grid.spacing_mm, length_mm)
    field -= blur(field, grid.spacing_mm, 1.6 * length_mm)
    seen = blur(field, grid.spacing_mm, sigma_mm)
    for region in (core, mask & ~core):
        judged = region & deep if (region & deep).sum() > 8 else region
        if judged.any():
            field[region] -= seen[judged].mean()
            seen[region] -= seen[judged].mean()
    judged = mask & deep if (mask & deep).sum() > 8 else mask
    return field * np.float32(TEXTURE_SD / float(seen[judged].std()))
