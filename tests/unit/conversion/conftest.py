"""A small cohort of image files with a clinical table."""

import csv

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.conversion import ConvertConfig
from pet_mtl.preprocess.plan import GridOptions
from pet_mtl.readers.clinical import ClinicalColumns


def _image(array, path):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((4.0, 4.0, 3.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))


@pytest.fixture(scope="session")
def write_patient():
    """Writes one patient's PET, and a mask if wanted."""

    def write(folder, seed, masked=True, size=24):
        random = np.random.default_rng(seed)
        suv = random.gamma(2.0, 0.5, (size,) * 3).astype(np.float32)
        mask = np.zeros(suv.shape, np.uint8)
        mask[8:14, 9:15, 10 : 12 + seed % 5] = 1
        suv[mask > 0] += 6
        _image(suv, folder / "PET_image.nii.gz")
        if masked:
            _image(mask, folder / "PET_mask.nii.gz")

    return write


@pytest.fixture
def cohort(tmp_path, write_patient):
    """Eleven patients: every third without mask, one without row, one row without patient."""
    src = tmp_path / "studies"
    rows = []
    for i in range(11):
        write_patient(src / f"PAT_{i:02d}", i, masked=i % 3 > 0)
        if i != 4:
            rows.append([f"PAT_{i:02d}", 100 + i, i % 2, "" if i == 5 else (i // 2) % 2, 40 + i])
    rows.append(["PAT_99", 10, 1, 1, 50])
    with (tmp_path / "clinical.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["who", "days", "dead", "resp", "age"], *rows])
    return src


@pytest.fixture
def config(tmp_path):
    """Small cubes, two folds, work in this process."""
    return ConvertConfig(
        clinical=tmp_path / "clinical.csv",
        columns=ClinicalColumns("who", "days", "dead", "resp", ("age",)),
        folds=3,
        seed=2,
        grids=GridOptions(size=8),
        jobs=1,
        shard_bytes=20000,
    )
