"""Handcrafted radiomics: SimpleITK's shape and intensity statistics under the true mask."""

from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SHAPE = (
    "PhysicalSize", "Elongation", "Flatness", "Roundness", "Perimeter",
    "EquivalentSphericalRadius", "FeretDiameter",
)  # fmt: skip
_INTENSITY = (
    "Maximum", "Minimum", "Mean", "Median", "StandardDeviation", "Sum", "Skewness", "Kurtosis",
    "WeightedElongation", "WeightedFlatness",
)  # fmt: skip
_PERCENTILES = (10, 25, 75, 90)
# Sizes and uptake are as skewed as a product of many causes; their logarithms are not.
_LOGARITHMS = frozenset(
    {"PhysicalSize", "Perimeter", "EquivalentSphericalRadius", "FeretDiameter", "Maximum", "Mean",
     "Median", "StandardDeviation", "Sum"}
)  # fmt: skip
FEATURES = (*_SHAPE, *_INTENSITY, *(f"P{p}" for p in _PERCENTILES))


def handcrafted(suv: NDArray[Any], mask: NDArray[np.bool_], spacing_mm: float) -> Floats:
    """Statistics of one lesion.

    Args:
        suv: (z, y, x) SUVbw.
        mask: (z, y, x) the lesion, at least one voxel.
        spacing_mm: Voxel edge.

    Returns:
        (features,) in the order of FEATURES; finite.

    Source:
        Lehmann 2007, Insight Journal, hdl:1926/584 (label shape and intensity statistics).
    """
    image = sitk.GetImageFromArray(np.asarray(suv, np.float32))
    label = sitk.GetImageFromArray(mask.astype(np.uint8))
    for one in (image, label):
        one.SetSpacing((float(spacing_mm),) * 3)
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.SetComputeFeretDiameter(True)
    shape.Execute(label)
    intensity = sitk.LabelIntensityStatisticsImageFilter()
    intensity.Execute(label, image)
    numbers = {name: getattr(shape, f"Get{name}")(1) for name in _SHAPE}
    numbers |= {name: getattr(intensity, f"Get{name}")(1) for name in _INTENSITY}
    inside = np.percentile(np.asarray(suv)[mask], _PERCENTILES)
    numbers |= {f"P{p}": value for p, value in zip(_PERCENTILES, inside, strict=True)}
    # A lesion of one voxel has no elongation, one of equal voxels no skewness.
    return np.nan_to_num(np.array([_scaled(n, numbers[n]) for n in FEATURES]), posinf=0, neginf=0)


def _scaled(name: str, value: float) -> float:
    """The logarithm of what is skewed."""
    return float(np.log(max(value, 1e-6)) if name in _LOGARITHMS else value)
