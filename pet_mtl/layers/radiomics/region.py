"""The lesion as all families of statistics see it, and what they share."""

from dataclasses import dataclass
from typing import Any

from keras import ops

from pet_mtl.layers.distance import distance_mm
from pet_mtl.layers.smoothing import smooth
from pet_mtl.layers.statistics import EPSILON, power_mean, weighted_mean

SUV_LIMIT = 60.0
REACH_MM = 20.0


@dataclass(frozen=True)
class Region:
    """SUV around one lesion, and the lesion. All arrays are (batch, z, y, x), scalars (batch,).

    Attributes:
        suv: SUVbw, 0 to 60.
        mask: Lesion probability, 0 to 1; carries the gradient.
        hard: 1 where the probability exceeds one half.
        depth: Distance to the nearest voxel outside the lesion, mm; up to 20, 0 outside.
        away: Distance to the nearest voxel of the lesion, mm; cut above 20, 0 inside.
        mean: Mean uptake, SUV.
        viable: Uptake of the viable tissue, SUV: a mean that low voxels hardly lower.
        voxels: Size of the lesion in voxels, plus one.
        spacing_mm: Voxel edge.
    """

    suv: Any
    mask: Any
    hard: Any
    depth: Any
    away: Any
    mean: Any
    viable: Any
    voxels: Any
    spacing_mm: float

    def smoothed(self, values: Any, sigma_mm: float) -> Any:
        """Gaussian smoothing that knows only the lesion: nothing bleeds in across its border."""
        sigma = sigma_mm / self.spacing_mm
        return smooth(values * self.hard, sigma) / (smooth(self.hard, sigma) + EPSILON)


def region_of(suv: Any, probability: Any, spacing_mm: float) -> Region:
    """Prepares what the families share.

    Args:
        suv: (batch, z, y, x, 1) SUVbw.
        probability: (batch, z, y, x, 1) lesion probability.
        spacing_mm: Voxel edge.

    Returns:
        The region; of an empty mask, one whose statistics are all finite.
    """
    suv = ops.clip(suv[..., 0], 0.0, SUV_LIMIT)
    mask = probability[..., 0]
    inside = mask > 0.5
    return Region(
        suv=suv,
        mask=mask,
        hard=ops.cast(inside, suv.dtype),
        depth=distance_mm(ops.logical_not(inside), spacing_mm, REACH_MM),
        away=distance_mm(inside, spacing_mm, REACH_MM + spacing_mm),
        mean=weighted_mean(suv, mask) + EPSILON,
        viable=power_mean(suv, mask, 4.0) + EPSILON,
        voxels=ops.sum(mask, axis=(1, 2, 3)) + 1.0,
        spacing_mm=spacing_mm,
    )


def log(value: Any) -> Any:
    """Natural logarithm, bounded below."""
    return ops.log(ops.maximum(value, EPSILON))


def cube(scalar: Any) -> Any:
    """(batch,) as (batch, 1, 1, 1), to be compared with volumes."""
    return scalar[:, None, None, None]


def within(distance: Any, inner: float, outer: float) -> Any:
    """1 where a distance lies in (inner, outer], else 0."""
    inside = ops.logical_and(distance > inner, distance <= outer)
    return ops.cast(inside, distance.dtype)


def total(values: Any) -> Any:
    """Sum over the volume: (batch,)."""
    return ops.sum(values, axis=(1, 2, 3))
