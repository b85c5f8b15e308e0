"""Handcrafted radiomics: SimpleITK's shape and intensity statistics under the true mask."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.files import read_csv, write_csv
from pet_mtl.tfrecords.dataset import DatasetInfo, load_samples

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


def write_handcrafted(info: DatasetInfo, path: Path, progress: Callable[[], None]) -> None:
    """Writes the statistics of all patients of a dataset that have a mask in the fine cube.

    Args:
        info: The dataset.
        path: The CSV file: sample_id and FEATURES.
        progress: Called after each patient.
    """
    rows = []
    for patient in load_samples(info, tuple(range(info.folds))).as_numpy_iterator():
        mask = patient["fine_mask"][..., 0] > 0.5
        if patient["has_mask"] and mask.any():
            values = handcrafted(patient["fine"][..., 0], mask, info.plan.fine_mm)
            cells = {name: float(value) for name, value in zip(FEATURES, values, strict=True)}
            rows.append({"sample_id": patient["sample_id"].decode(), **cells})
        progress()
    write_csv(path, ("sample_id", *FEATURES), rows)


def read_handcrafted(path: Path, samples: tuple[str, ...]) -> Floats:
    """(patients, features), NaN for a patient without a mask."""
    rows = {row["sample_id"]: [float(row[n]) for n in FEATURES] for row in read_csv(path)}
    nothing = [np.nan] * len(FEATURES)
    table = [rows.get(sample, nothing) for sample in samples]
    return np.array(table, np.float64).reshape(len(samples), len(FEATURES))


def _scaled(name: str, value: float) -> float:
    """The logarithm of what is skewed."""
    return float(np.log(max(value, 1e-6)) if name in _LOGARITHMS else value)
