"""Shape of the lesion, free of its size."""

import math
from typing import Any

from keras import ops

from pet_mtl.layers.radiomics.region import Region, log, total, within
from pet_mtl.layers.smoothing import smooth
from pet_mtl.layers.statistics import surface_voxels, weighted_deviation, weighted_mean

_SCALES_MM = (4.0, 7.0, 11.0)
_SOFTNESS = 0.05
# Keeps the moments of a lesion of one voxel, or none, away from 0; square voxels.
_SMALLEST_VARIANCE = 0.1
_EDGE_MM = 3.0

SHAPE_NAMES = (
    *("surface", "spread", "mean_depth", "max_depth"),
    *("elongation", "flatness", "log_ellipsoid"),
    *("radius_moment_4", "radius_moment_6", "edge_radius_cov"),
    *(f"{kind}_{s:g}mm" for s in _SCALES_MM for kind in ("rough", "concave", "convex")),
)


def shape(region: Region) -> list[Any]:
    """Surface and depth over volume, elongation, departure from an ellipsoid, lobulation."""
    voxels = region.voxels
    axes, radius = _moments(region)
    long, middle, short = axes
    edge = region.hard * within(region.depth, 0.0, _EDGE_MM)
    squared = ops.square(radius)
    return [
        log(surface_voxels(region.mask) / ops.power(voxels, 2.0 / 3.0)),
        log((long + middle + short) / ops.power(voxels, 2.0 / 3.0)),
        log(_in_voxels(weighted_mean(region.depth, region.mask), region)),
        log(_in_voxels(ops.max(region.depth, axis=(1, 2, 3)), region)),
        log(long / middle),
        log(middle / short),
        log(long * middle * short) / 3.0 - 2.0 / 3.0 * log(voxels),
        log(weighted_mean(ops.square(squared), region.mask)),
        log(weighted_mean(squared * ops.square(squared), region.mask)),
        weighted_deviation(radius, edge) / (weighted_mean(radius, edge) + 1e-3),
        *_lobulation(region),
    ]


def _in_voxels(length_mm: Any, region: Region) -> Any:
    """A length over the edge of a cube of the lesion's volume."""
    return length_mm / region.spacing_mm / ops.power(region.voxels, 1.0 / 3.0)


def _lobulation(region: Region) -> list[Any]:
    """Smoothing takes from bulges and gives to bays: how much, over the surface of a ball."""
    surface = ops.power(region.voxels, 2.0 / 3.0)
    found = []
    for sigma_mm in _SCALES_MM:
        soft = smooth(region.hard, sigma_mm / region.spacing_mm)
        lost = total(region.hard * (1.0 - soft))
        bays = total((1.0 - region.hard) * ops.sigmoid((soft - 0.5) / _SOFTNESS))
        bulges = total(region.hard * ops.sigmoid((0.5 - soft) / _SOFTNESS))
        found += [log(lost / surface), log(bays / surface + 0.01), log(bulges / surface + 0.01)]
    return found


def _moments(region: Region) -> tuple[tuple[Any, Any, Any], Any]:
    """Variances along the principal axes, largest first, and every voxel's distance from the
    centre in units of the ellipsoid of the same moments (a Mahalanobis distance)."""
    offsets = _offsets(region)
    count = region.voxels
    covariance = [
        [total(a * b * region.mask) / count + (_SMALLEST_VARIANCE if a is b else 0.0)
         for b in offsets]
        for a in offsets
    ]  # fmt: skip
    inverse = _inverse(covariance)
    squared: Any = 0.0
    for i, a in enumerate(offsets):
        for j, b in enumerate(offsets):
            squared = squared + a * b * inverse[i][j][:, None, None, None]
    return _eigenvalues(covariance), ops.sqrt(ops.maximum(squared, 0.0) + 1e-6)


def _offsets(region: Region) -> list[Any]:
    """Distance of every voxel from the lesion's centre along z, y, x, in voxels."""
    found = []
    for axis in (1, 2, 3):
        shape = [1 if a != axis else -1 for a in range(4)]
        place = ops.reshape(ops.arange(region.mask.shape[axis], dtype="float32"), shape)
        centre = total(place * region.mask) / region.voxels
        found.append(place - centre[:, None, None, None])
    return found


def _inverse(m: list[list[Any]]) -> list[list[Any]]:
    """Inverse of symmetric 3 x 3 matrices of positive determinant."""
    (a, b, c), (_, d, e), (_, _, f) = m
    minors = [
        [d * f - e * e, c * e - b * f, b * e - c * d],
        [c * e - b * f, a * f - c * c, b * c - a * e],
        [b * e - c * d, b * c - a * e, a * d - b * b],
    ]
    determinant = a * minors[0][0] + b * minors[0][1] + c * minors[0][2]
    scale = 1.0 / ops.maximum(determinant, _SMALLEST_VARIANCE**3 / 10)
    return [[entry * scale for entry in row] for row in minors]


def _eigenvalues(m: list[list[Any]]) -> tuple[Any, Any, Any]:
    """Eigenvalues of symmetric positive 3 x 3 matrices, largest first, in closed form.

    Source:
        Smith 1961, doi:10.1145/355578.366316.
    """
    (a, b, c), (_, d, e), (_, _, f) = m
    mean = (a + d + f) / 3.0
    spread = (a - mean) ** 2 + (d - mean) ** 2 + (f - mean) ** 2 + 2 * (b**2 + c**2 + e**2)
    p = ops.sqrt(spread / 6.0 + 1e-8)
    u, v, w = (a - mean) / p, (d - mean) / p, (f - mean) / p
    b, c, e = b / p, c / p, e / p
    half = (u * (v * w - e * e) - b * (b * w - c * e) + c * (b * e - c * v)) / 2.0
    # At the ends, where two axes are equal, the slope of arccos is infinite.
    angle = ops.arccos(ops.clip(half, -1.0 + 1e-6, 1.0 - 1e-6)) / 3.0
    large = mean + 2.0 * p * ops.cos(angle)
    small = mean + 2.0 * p * ops.cos(angle + 2.0 * math.pi / 3.0)
    middle = 3.0 * mean - large - small
    floor = _SMALLEST_VARIANCE / 10
    return (ops.maximum(large, floor), ops.maximum(middle, floor), ops.maximum(small, floor))
