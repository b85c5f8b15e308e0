"""Reference objects made as the manual describes them, each read from its DICOM files to SUVbw.

Every object holds the same SUVbw, stored value / 1000; what differs is how the headers say so. The
slope of each slice is worked out here from the manual's formulas for that case.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from pet_mtl.readers import find_one, read_study

Write = Callable[..., tuple[str, str, str]]

DOSE, WEIGHT, HEIGHT_CM, HALF_LIFE = 368.08e6, 70.0, 175.0, 6586.2
LAMBDA = math.log(2) / HALF_LIFE
FRAME_S = 300.0
# The mean of the count rate lies this long after the start of a frame.
MEAN_S = math.log(LAMBDA * FRAME_S / (1 - math.exp(-LAMBDA * FRAME_S))) / LAMBDA
HOUR = math.exp(-LAMBDA * 3600)
PER_BQML = WEIGHT * 1000 / (DOSE * HOUR)
LEAN_OTHER = (
    1.10 * WEIGHT
    - 128 * (WEIGHT / HEIGHT_CM) ** 2
    + 1.07 * WEIGHT
    - 148 * (WEIGHT / HEIGHT_CM) ** 2
) / 2
IDEAL_OTHER = (48 + 1.06 * 23 + 45.5 + 0.91 * 23) / 2
SURFACE_CM2 = 71.84 * HEIGHT_CM**0.725 * WEIGHT**0.425


def _object(dataset: Dataset) -> None:
    """The plain object: BQML, START, an hour after the injection."""
    dataset.Manufacturer = "Synthetic"
    dataset.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"]
    dataset.PatientWeight, dataset.PatientSize, dataset.PatientSex = "70.0", "1.75", "O"
    dataset.SeriesDate = dataset.AcquisitionDate = "20250101"
    dataset.SeriesTime = dataset.AcquisitionTime = "110000.000000"
    dataset.FrameReferenceTime, dataset.ActualFrameDuration = f"{1000 * MEAN_S:.6f}", "300000"
    dataset.DecayFactor = "1.0"
    drug = dataset.RadiopharmaceuticalInformationSequence[0]
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = "368080000.0", "6586.2"
    drug.RadiopharmaceuticalStartTime = "100000.000000"
    drug.RadiopharmaceuticalStartDateTime = "20250101100000.000000"


def _plain(dataset: Dataset, index: int) -> float:
    return PER_BQML


def _late_series(dataset: Dataset, index: int) -> float:
    """Post-processed: SeriesTime says nothing; beds of five minutes, two slices each."""
    dataset.SeriesTime = "130000.000000"
    bed = index // 2
    dataset.AcquisitionTime = f"11{5 * bed:02d}00.000000"
    dataset.FrameReferenceTime = f"{1000 * (MEAN_S + 300 * bed):.6f}"
    return PER_BQML


def _ge_private(dataset: Dataset, index: int) -> float:
    dataset.SeriesTime = "130000.000000"
    dataset.FrameReferenceTime = "0"
    dataset.AcquisitionTime = f"11{5 * (index // 2):02d}00.000000"
    dataset.add_new(0x0009100D, "DT", "20250101110000.000000")
    return PER_BQML


def _none(dataset: Dataset, index: int) -> float:
    """Not corrected: each bed lower by its own decay, within the frame too."""
    dataset.DecayCorrection = "NONE"
    bed = index // 2
    dataset.AcquisitionTime = f"11{5 * bed:02d}00.000000"
    within = LAMBDA * FRAME_S / (1 - math.exp(-LAMBDA * FRAME_S))
    return WEIGHT * 1000 / DOSE * within * math.exp(LAMBDA * (3600 + 300 * bed))


def _none_unlisted(dataset: Dataset, index: int) -> float:
    factor = _none(dataset, index)
    dataset.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "RAN"]
    del dataset.DecayFactor
    return factor


def _admin(dataset: Dataset, index: int) -> float:
    dataset.DecayCorrection = "ADMIN"
    return PER_BQML * HOUR


def _midnight(dataset: Dataset, index: int) -> float:
    """Injected at 23:20, scanned from 00:20 the next day; only a time is given."""
    dataset.SeriesDate = dataset.AcquisitionDate = "20250102"
    dataset.SeriesTime = dataset.AcquisitionTime = "002000.000000"
    drug = dataset.RadiopharmaceuticalInformationSequence[0]
    drug.RadiopharmaceuticalStartTime = "232000.000000"
    del drug.RadiopharmaceuticalStartDateTime
    return PER_BQML


def _midnight_within(dataset: Dataset, index: int) -> float:
    """The scan itself passes midnight."""
    _midnight(dataset, index)
    dataset.SeriesDate, dataset.SeriesTime = "20250101", "235500.000000"
    late = index >= 2
    dataset.AcquisitionDate = "20250102" if late else "20250101"
    dataset.AcquisitionTime = "000000.000000" if late else "235500.000000"
    dataset.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime = "225500"
    return PER_BQML


def _suv(unit: str, kind: str | None, factor: float) -> Callable[[Dataset, int], float]:
    def change(dataset: Dataset, index: int) -> float:
        dataset.Units = unit
        if kind is not None:
            dataset.SUVType = kind
        return factor

    return change


def _gallium(dataset: Dataset, index: int) -> float:
    drug = dataset.RadiopharmaceuticalInformationSequence[0]
    drug.RadionuclideHalfLife = "4057.7"
    return WEIGHT * 1000 / (DOSE * 0.5 ** (3600 / 4057.7))


def _philips(element: int, value: str, factor: float) -> Callable[[Dataset, int], float]:
    def change(dataset: Dataset, index: int) -> float:
        dataset.Units, dataset.Manufacturer = "CNTS", "Philips Medical Systems"
        dataset.add_new(0x70531000 | element, "DS", value)
        return factor

    return change


@pytest.mark.parametrize(
    "case",
    [
        _plain,
        _suv("GML", None, 1.0),
        _suv("GML", "BW", 1.0),
        _suv("GML", "LBMJAMES128", WEIGHT / LEAN_OTHER),
        _suv("GML", "IBW", WEIGHT / IDEAL_OTHER),
        _suv("CM2ML", "BSA", WEIGHT * 1000 / SURFACE_CM2),
        _philips(0x00, "0.0005", 0.0005),
        _philips(0x09, "2.5", 2.5 * PER_BQML),
        _admin,
        _late_series,
        _ge_private,
        _none,
        _none_unlisted,
        _midnight,
        _midnight_within,
        _gallium,
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_each_object_holds_the_same_suv(tmp_path: Path, pet_series: Write, case: Any) -> None:
    def change(dataset: Dataset, index: int) -> None:
        _object(dataset)
        dataset.RescaleSlope = f"{1e-3 / case(dataset, index):.9e}"[:16]

    pet_series(tmp_path, change=change)
    z, y, x = np.mgrid[:5, :6, :7]
    expected = (1000 + 100 * z + 10 * y + x) / 1000
    np.testing.assert_allclose(read_study(find_one(tmp_path)).suv, expected, rtol=1e-5)
