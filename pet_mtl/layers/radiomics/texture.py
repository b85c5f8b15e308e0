"""Texture: how the uptake of the viable tissue varies, from fine to coarse."""

import itertools
from typing import Any

from keras import ops

from pet_mtl.layers.radiomics.region import Region, cube, log, total
from pet_mtl.layers.statistics import EPSILON, weighted_deviation, weighted_mean

_SIGMAS_MM = (0.0, 2.0, 3.0, 4.5, 7.0, 11.0)
_LAGS = (1, 2, 3)
# Voxels nearer to the border than this mix with what lies outside.
_CORE_MM = 2.5
# Tissue below this share of the viable level is necrotic: its edge is no texture.
_VIABLE = 0.55
_VIABLE_SOFTNESS = 0.06
_VIABLE_SIGMA_MM = 4.0
_TREND = _SIGMAS_MM.index(7.0)

TEXTURE_NAMES = (
    *(f"band_{a:g}_{b:g}mm" for a, b in itertools.pairwise(_SIGMAS_MM)),
    *(f"bands_at_{s:g}mm" for s in _SIGMAS_MM[1:-1]),
    *(f"correlation_{lag}" for lag in _LAGS),
)


def texture(region: Region) -> list[Any]:
    """Log deviation of log SUV in bands of scale, ratios of neighbouring bands, autocorrelation.

    Every smoothing sees the lesion alone, so that neither its border nor its surroundings pass
    for texture.
    """
    core = _viable_core(region)
    tone = ops.log(region.suv + 0.5)
    levels = [tone, *(region.smoothed(tone, sigma) for sigma in _SIGMAS_MM[1:])]
    bands = [
        log(weighted_deviation(fine - coarse, core)) for fine, coarse in itertools.pairwise(levels)
    ]
    ratios = [fine - coarse for fine, coarse in itertools.pairwise(bands)]
    return [*bands, *ratios, *_correlations(tone - levels[_TREND], core)]


def _viable_core(region: Region) -> Any:
    """Weights of the voxels that texture is judged on."""
    wide = region.smoothed(region.suv, _VIABLE_SIGMA_MM) / cube(region.viable)
    deep = ops.cast(region.depth > _CORE_MM, region.suv.dtype)
    return region.hard * deep * ops.sigmoid((wide - _VIABLE) / _VIABLE_SOFTNESS)


def _correlations(residual: Any, weights: Any) -> list[Any]:
    """Correlation of voxels some lag apart along the three axes, both within the weights."""
    residual = residual - cube(weighted_mean(residual, weights))
    variance = weighted_mean(ops.square(residual), weights) + EPSILON / 10
    found = []
    for lag in _LAGS:
        product, count = 0.0, 0.0
        for axis in (1, 2, 3):
            near, far = _apart(lag, axis, residual.shape[axis])
            both = weights[near] * weights[far]
            product = product + total(residual[near] * residual[far] * both)
            count = count + total(both)
        found.append(product / (count + EPSILON) / variance)
    return found


def _apart(lag: int, axis: int, length: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Two views of a volume that lie `lag` voxels apart along an axis."""
    near, far = [slice(None)] * 4, [slice(None)] * 4
    near[axis], far[axis] = slice(0, length - lag), slice(lag, length)
    return tuple(near), tuple(far)
