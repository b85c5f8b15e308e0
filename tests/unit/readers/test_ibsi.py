"""The IBSI phantoms: published statistics, and the same axes from DICOM and NIfTI."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from pet_mtl.geometry import lps_aligned
from pet_mtl.preprocess.statistics import mask_statistics
from pet_mtl.readers import find_one, read_study
from pet_mtl.study import Study, StudySource

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def ibsi(shared_data: Path) -> Path:
    return shared_data / "ibsi_phantoms"


@pytest.fixture(scope="module")
def reference(ibsi: Path) -> dict[str, tuple[float, float]]:
    """Tag to published value and tolerance."""
    with (ibsi / "reference" / "ibsi_1_dig_phantom.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if row["reference value"]]
    return {row["tag"]: (float(row["reference value"]), float(row["tolerance"])) for row in rows}


@pytest.fixture(scope="module")
def phantom(ibsi: Path) -> Study:
    folder = ibsi / "ibsi_1_digital_phantom" / "nifti"
    image, mask = folder / "image" / "phantom.nii.gz", folder / "mask" / "mask.nii.gz"
    return read_study(StudySource("phantom", "image", image, mask))


def _rounded(value: float) -> float:
    """To the three significant digits of the published values."""
    return float(f"{value:.3g}")


def test_what_the_package_reports(
    phantom: Study, reference: dict[str, tuple[float, float]]
) -> None:
    found = mask_statistics(phantom)
    assert found["voxels"] == 74
    assert _rounded(found["volume_ml"] * 1000) == reference["morph_vol_approx"][0]
    for name in ("min", "mean", "median", "max"):
        assert _rounded(found[f"suv_{name}"]) == reference[f"stat_{name}"][0]


MOMENTS: dict[str, Callable[[np.ndarray], float]] = {
    "var": lambda x: np.mean((x - x.mean()) ** 2),
    "skew": lambda x: np.mean((x - x.mean()) ** 3) / np.var(x) ** 1.5,
    "kurt": lambda x: np.mean((x - x.mean()) ** 4) / np.var(x) ** 2 - 3,
    "p10": lambda x: np.percentile(x, 10),
    "p90": lambda x: np.percentile(x, 90),
    "iqr": lambda x: np.percentile(x, 75) - np.percentile(x, 25),
    "range": np.ptp,
    "mad": lambda x: np.mean(np.abs(x - x.mean())),
    "medad": lambda x: np.mean(np.abs(x - np.median(x))),
    "cov": lambda x: np.std(x) / x.mean(),
    "energy": lambda x: np.sum(x**2),
    "rms": lambda x: np.sqrt(np.mean(x**2)),
}


@pytest.mark.parametrize("name", sorted(MOMENTS))
def test_the_voxels_give_the_published_statistics(
    phantom: Study, reference: dict[str, tuple[float, float]], name: str
) -> None:
    """Formulas of the manual (3.3) on the arrays that are read: the right voxels are in."""
    inside = phantom.suv[phantom.mask].astype(float)
    assert _rounded(float(MOMENTS[name](inside))) == reference[f"stat_{name}"][0]


def test_centre_of_mass_shift(phantom: Study, reference: dict[str, tuple[float, float]]) -> None:
    """Distance of the mask's middle from its middle of uptake: wrong axes or spacing shift it."""
    assert phantom.mask is not None
    points = phantom.grid.index_to_world(np.argwhere(phantom.mask))
    values = phantom.suv[phantom.mask].astype(float)
    shift = points.mean(axis=0) - (points * values[:, None]).sum(axis=0) / values.sum()
    assert float(np.linalg.norm(shift)) == pytest.approx(
        reference["morph_com"][0], abs=reference["morph_com"][1]
    )


def _as_pet(dataset: Dataset) -> Dataset:
    """The CT phantom's slice as a PET slice whose values are SUV; pixels and geometry stay."""
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
    dataset.Modality, dataset.Units, dataset.SUVType = "PT", "GML", "BW"
    dataset.SeriesType, dataset.ImageType = ["STATIC", "IMAGE"], ["ORIGINAL", "PRIMARY"]
    dataset.CorrectedImage, dataset.DecayCorrection = ["DECY", "ATTN", "SCAT"], "START"
    dataset.PatientWeight = 70
    drug = Dataset()
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = 3.7e8, 6586.2
    drug.RadiopharmaceuticalStartTime = "090000"
    dataset.RadiopharmaceuticalInformationSequence = [drug]
    dataset.SeriesTime = dataset.AcquisitionTime = "100000"
    dataset.SeriesDate = dataset.AcquisitionDate = "20240301"
    return dataset


def _both(ibsi: Path, folder: Path, name: str) -> tuple[Study, Study]:
    """A phantom from its DICOM and from its NIfTI file."""
    for path in sorted((ibsi / "ibsi_2_digital_phantom_dicom" / name).iterdir()):
        with pydicom.config.disable_value_validation():
            _as_pet(pydicom.dcmread(path)).save_as(folder / path.name)
    image = ibsi / "ibsi_2_digital_phantom_nifti" / name / "image" / f"{name}.nii.gz"
    return read_study(find_one(folder)), read_study(StudySource(name, "image", image))


def test_axes_of_the_orientation_phantom(ibsi: Path, tmp_path: Path) -> None:
    """The phantom's value grows by one a voxel away from the world's origin, along each axis.

    Its authors stored the DICOM slices from z = 0 down to -126 mm and the NIfTI ones up to 126 mm,
    so that both are mirror images of each other in the world.
    """
    for study, sign in zip(_both(ibsi, tmp_path, "orientation"), (-1, 1), strict=True):
        index = np.moveaxis(np.indices(study.grid.shape), 0, -1)
        x, y, z = np.moveaxis(study.grid.index_to_world(index), -1, 0)
        assert (sign * z >= 0).all() and (x >= 0).all() and (y >= 0).all()
        assert (x.max(), y.max(), abs(z).max()) == (62, 94, 126)
        np.testing.assert_array_equal(study.suv, (x + y + abs(z)) / 2)


def test_sphere_phantom(ibsi: Path, tmp_path: Path) -> None:
    """The same mirrored pair: turned to the same axes and mirrored, all voxels are equal."""
    dicom, nifti = _both(ibsi, tmp_path, "sphere")
    (one, grid), (other, mirrored) = (lps_aligned(s.suv, s.grid) for s in (dicom, nifti))
    np.testing.assert_array_equal(one[::-1], other)
    assert not np.array_equal(one, other), "the phantom shows its mirror image"
    assert grid.index_to_world((63, 0, 0)) == pytest.approx(mirrored.origin_mm)
