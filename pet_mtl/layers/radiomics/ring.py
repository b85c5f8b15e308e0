"""The ring around the lesion: its typical uptake, and foci in it."""

import itertools
from typing import Any

from keras import ops

from pet_mtl.layers.radiomics.region import REACH_MM, Region, cube, log, total, within
from pet_mtl.layers.smoothing import smooth
from pet_mtl.layers.statistics import (
    EPSILON,
    power_mean,
    strongest,
    weighted_deviation,
    weighted_mean,
)

_SHELLS_MM = (0.0, 5.0, 10.0, 15.0, REACH_MM)
_THIN_MM = 2.5
_PEAKS = 4
_CLEAR_MM = 4.0
# Foci this far above the typical uptake of their shell, as shares of SUVmean.
_ABOVE = (0.0, 0.1, 0.25)
# A shell's typical uptake: its mean after this many rounds of cutting what is far above it.
_ROUNDS = 4
_CUT = 1.1
_NARROW_MM, _WIDE_MM = 2.5, 6.0

RING_NAMES = tuple(
    f"ring_{kind}_{a:g}mm" for a in _SHELLS_MM[:-1] for kind in ("mean", "typical", "contrast")
)
FOCI_NAMES = (
    *(f"ring_{kind}_{a:g}mm" for a in _SHELLS_MM[:-1] for kind in ("cov", "max", "excess")),
    *(f"foci_{share:g}" for share in _ABOVE),
    *(f"focus_{k + 1}" for k in range(_PEAKS)),
    *(f"blob_{k + 1}" for k in range(_PEAKS)),
    "blob_sum",
)


def ring(region: Region) -> tuple[list[Any], list[Any]]:
    """Uptake of shells around the lesion, and the foci in them.

    What decays evenly from the lesion's border is the shells'; what stands out of its shell is
    a focus, such as a satellite. So neither is taken for the other.

    Returns:
        The columns of RING_NAMES and of FOCI_NAMES.
    """
    halo, spots = [], []
    for inner, outer in itertools.pairwise(_SHELLS_MM):
        weights = within(region.away, inner, outer)
        level, typical = weighted_mean(region.suv, weights), _typical(region.suv, weights)
        halo += [log(level), log(typical), log(typical / region.mean)]
        excess = total(ops.maximum(region.suv - cube(1.3 * typical), 0.0) * weights)
        spots += [
            weighted_deviation(region.suv, weights) / region.mean,
            log(power_mean(region.suv, weights, 8.0) / region.mean),
            ops.log1p(_ml(excess, region) / region.mean),
        ]
    return halo, [*spots, *_foci(region), *_blobs(region)]


def _typical(values: Any, weights: Any) -> Any:
    """Mean over weights that foci hardly raise: (batch,)."""
    level = weighted_mean(values, weights)
    for _ in range(_ROUNDS):
        level = weighted_mean(ops.minimum(values, cube(level * _CUT)), weights)
    return level


def _ml(voxel_sum: Any, region: Region) -> Any:
    """A sum over voxels as one over ml."""
    return voxel_sum * region.spacing_mm**3 / 1000.0


def _foci(region: Region) -> list[Any]:
    """Uptake above the typical one of thin shells: its sum, and the strongest foci."""
    residual = _above_shells(region) * ops.cast(region.away > _CLEAR_MM, region.suv.dtype)
    sums = [
        ops.log1p(_ml(total(ops.maximum(residual - share * cube(region.mean), 0.0)), region)
                  / region.mean * 3.0)
        for share in _ABOVE
    ]  # fmt: skip
    peaks = strongest(smooth(residual, 3.0 / region.spacing_mm), _PEAKS)
    peaks = ops.log1p(10.0 * peaks / region.mean[:, None])
    return [*sums, *(peaks[:, k] for k in range(_PEAKS))]


def _above_shells(region: Region) -> Any:
    """SUV above the typical uptake at the same distance from the lesion: (batch, z, y, x).

    All thin shells are handled at once: sums over them, and their levels brought back to the
    voxels, are matrix products.
    """
    edges = [k * _THIN_MM for k in range(int(REACH_MM / _THIN_MM) + 1)]
    shells = [within(region.away, a, b) for a, b in itertools.pairwise(edges)]
    member = ops.stack(shells, axis=1)  # (batch, shells, z, y, x)
    shape = region.suv.shape
    voxels = shape[1] * shape[2] * shape[3]
    member = ops.reshape(member, (-1, len(shells), voxels))
    values = ops.reshape(region.suv, (-1, voxels, 1))
    count = ops.sum(member, axis=2, keepdims=True) + EPSILON  # (batch, shells, 1)
    here = ops.transpose(member, (0, 2, 1))  # (batch, voxels, shells)
    level = ops.matmul(member, values) / count
    for _ in range(_ROUNDS):
        cut = ops.minimum(values, ops.matmul(here, level) * _CUT)
        level = ops.matmul(member, cut) / count
    inside = ops.sum(here, axis=2, keepdims=True)
    above = ops.maximum(values - ops.matmul(here, level), 0.0) * inside
    return ops.reshape(above, (-1, *shape[1:]))


def _blobs(region: Region) -> list[Any]:
    """The strongest responses of a difference of Gaussians in the ring, and their sum."""
    narrow, wide = _NARROW_MM / region.spacing_mm, _WIDE_MM / region.spacing_mm
    blobs = ops.maximum(smooth(region.suv, narrow) - smooth(region.suv, wide), 0.0)
    blobs = blobs * within(region.away, 3.0, REACH_MM)
    # log1p keeps the many lesions without satellites at a plain 0.
    peaks = ops.log1p(10.0 * strongest(blobs, _PEAKS) / region.mean[:, None])
    return [
        *(peaks[:, k] for k in range(_PEAKS)),
        ops.log1p(7.0 * _ml(total(blobs), region) / region.mean),
    ]
