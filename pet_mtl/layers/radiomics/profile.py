"""Core to shell: where in the lesion uptake is missing, as in necrosis."""

import itertools
from typing import Any

from keras import ops

from pet_mtl.layers.radiomics.region import REACH_MM, Region, cube, log, total, within
from pet_mtl.layers.statistics import weighted_mean

_SHELLS_MM = (0.0, 4.0, 8.0, 12.0, REACH_MM)
_THIRDS = (0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0)
_DEEPER_MM = (0.0, 4.0, 7.0)
_LEVELS = (1.0, 0.75)
_LOW = (0.65, 0.5)
_SOFTNESS = 0.05
_SIGMA_MM = 4.0
_LOW_DEPTH_MM = 4.0

PROFILE_NAMES = (
    *(f"shell_{a:g}mm" for a in _SHELLS_MM[:-1]),
    *(f"third_{k}" for k in (1, 2, 3)),
    *(
        f"deficit_{kind}{level:g}_{depth:g}mm"
        for kind in ("", "smooth_")
        for depth in _DEEPER_MM
        for level in _LEVELS
    ),
    *(f"low_fraction_{share:g}" for share in _LOW),
)


def profile(region: Region) -> list[Any]:
    """Uptake by depth, missing uptake, and the share of low uptake.

    The missing uptake is summed, not counted: a point spread moves it about but keeps its sum.
    """
    raw = region.suv / cube(region.viable)
    smoothed = region.smoothed(region.suv, _SIGMA_MM) / cube(region.viable)
    return [
        *_shells(region),
        *_thirds(region),
        *_deficits(region, raw),
        *_deficits(region, smoothed),
        *_low_fractions(region, smoothed),
    ]


def _shells(region: Region) -> list[Any]:
    """Log uptake over SUVmean by depth below the surface in mm; 0 where there is no such depth."""
    found = []
    for inner, outer in itertools.pairwise(_SHELLS_MM):
        weights = region.mask * within(region.depth, inner, outer)
        empty = ops.cast(total(weights) < 1.0, weights.dtype)
        found.append(log(weighted_mean(region.suv, weights) / region.mean) * (1.0 - empty))
    return found


def _thirds(region: Region) -> list[Any]:
    """Log uptake over SUVmean in the outer, middle and inner third of the greatest depth."""
    relative = region.depth / cube(ops.max(region.depth, axis=(1, 2, 3)) + 1e-3)
    return [
        log(weighted_mean(region.suv, region.hard * within(relative, a, b)) / region.mean)
        for a, b in itertools.pairwise(_THIRDS)
    ]


def _deficits(region: Region, relative: Any) -> list[Any]:
    """Uptake missing below shares of the viable level, per voxel of the lesion."""
    found = []
    for depth_mm in _DEEPER_MM:
        deep = region.hard * ops.cast(region.depth > depth_mm, region.hard.dtype)
        for level in _LEVELS:
            missing = ops.maximum(level - relative, 0.0) * deep
            found.append(total(missing) / region.voxels)
    return found


def _low_fractions(region: Region, relative: Any) -> list[Any]:
    """Share of the lesion that lies deep and below shares of the viable level."""
    deep = region.hard * ops.cast(region.depth > _LOW_DEPTH_MM, region.hard.dtype)
    return [
        total(ops.sigmoid((share - relative) / _SOFTNESS) * deep) / region.voxels for share in _LOW
    ]
