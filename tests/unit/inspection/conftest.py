"""A folder of good, odd and broken studies."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

SQUARE = [[-18, -25, 106], [2, -25, 106], [2, -10, 106], [-18, -10, 106]]


def image(path, array, spacing=(4.0, 4.0, 3.0)):
    picture = sitk.GetImageFromArray(array)
    picture.SetSpacing(spacing)
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(picture, str(path))


def suv(seed):
    return np.random.default_rng(seed).gamma(2.0, 1.0, (12, 12, 12)).astype(np.float32)


def lesion():
    mask = np.zeros((12, 12, 12), np.uint8)
    mask[4:8, 4:8, 4:8] = 1
    return mask


def _set(name, value):
    return lambda data, index: setattr(data, name, value)


def _unset(name):
    return lambda data, index: delattr(data, name)


def _drug(name, value):
    return lambda data, index: setattr(data.RadiopharmaceuticalInformationSequence[0], name, value)


def _drop_middle(data, index):
    if index == 3:
        data.PatientComments = "drop"


# What is done to each DICOM study; some are odd, most are broken.
CHANGES = {
    "units": _set("Units", "CPS"),
    "no_units": _unset("Units"),
    "attenuation": _set("CorrectedImage", ["DECY"]),
    "dose": _drug("RadionuclideTotalDose", 370),
    "weight": _set("PatientWeight", 0),
    "injected_later": _drug("RadiopharmaceuticalStartDateTime", "20250301090000"),
    "missing_slice": _drop_middle,
    "no_position": _unset("ImagePositionPatient"),
    "dynamic": _set("SeriesType", ["DYNAMIC", "IMAGE"]),
    "ct": _set("Modality", "CT"),
    "intercept": _set("RescaleIntercept", "-1024"),
    "decay_factor": _set("DecayFactor", "1.5"),
}


@pytest.fixture
def zoo(tmp_path, pet_series, rt_struct):
    """Good, odd and broken studies of every kind, and a table that fits some of them."""
    src = tmp_path / "studies"
    for name, change in CHANGES.items():
        pet_series(src / f"dicom_{name}", change=change)
    _masks(src, pet_series, rt_struct)
    _images(src)
    with (tmp_path / "table.csv").open("w", newline="") as file:
        rows = [["id", "days", "dead", "resp", "age"], ["image_good", 10, 1, 1, 50]]
        rows += [["image_no_mask", 20, 0, 0, 60], ["dicom_mask", 5, 1, 0, ""], ["gone", 9, 1, 1, 7]]
        csv.writer(file).writerows(rows)
    return src


def _masks(src: Path, pet_series, rt_struct):
    uids = pet_series(src / "dicom_mask")
    rt_struct(src / "dicom_mask" / "rs.dcm", uids, {"GTV": [SQUARE]})
    uids = pet_series(src / "dicom_two_regions")
    rt_struct(src / "dicom_two_regions" / "rs.dcm", uids, {"GTV": [SQUARE], "Heart": [SQUARE]})
    pet_series(src / "dicom_truncated")
    victim = sorted((src / "dicom_truncated").iterdir())[1]
    victim.write_bytes(victim.read_bytes()[:-40])


def _images(src: Path):
    for name, seed in (("good", 1), ("no_mask", 2), ("twin", 1), ("plain", 7), ("empty_mask", 3)):
        image(src / f"image_{name}" / "PET_image.nii.gz", suv(seed))
    for name in ("good", "twin", "plain"):
        image(src / f"image_{name}" / "PET_mask.nii.gz", lesion())
    image(src / "image_empty_mask" / "PET_mask.nii.gz", 0 * lesion())
    image(src / "image_becquerel" / "PET_image.nii.gz", 5000 * suv(4))
    image(src / "image_nan" / "PET_image.nii.gz", suv(5) * np.float32("nan"))
    image(src / "image_flat_mask" / "PET_image.nii.gz", suv(6))
    image(src / "image_flat_mask" / "PET_mask.nii.gz", lesion(), spacing=(4.0, 4.0, 6.0))
    broken = src / "image_broken" / "PET_image.nii.gz"
    broken.parent.mkdir()
    broken.write_bytes(b"no image at all")
    (src / "nothing").mkdir()
    (src / "notes").mkdir()
    (src / "notes" / "readme.txt").write_text("not a study")
    shutil.copytree(src / "dicom_mask", src / "dicom_mask_again")


@pytest.fixture
def table(zoo):
    return zoo.with_name("table.csv")
