"""A cohort on disk."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.errors import ConfigError
from pet_mtl.files import read_csv
from pet_mtl.geometry import grid_of
from pet_mtl.phantom import PhantomConfig, law, make_patient, write_cohort
from pet_mtl.phantom.cohort import has_mask


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def nifti(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("nifti")
    write_cohort(out, PhantomConfig(4, 7, "nifti", 0.5, outcome_draws=2, workers=1))
    return out


def test_layout(nifti):
    assert sorted(p.name for p in (nifti / "studies").iterdir()) == [
        "PH_0001",
        "PH_0002",
        "PH_0003",
        "PH_0004",
    ]
    assert sorted(p.name for p in (nifti / "draws").iterdir()) == [
        "clinical_01.csv",
        "clinical_02.csv",
    ]
    for index in range(4):
        study = nifti / "studies" / f"PH_{index + 1:04d}"
        expected = has_mask(PhantomConfig(4, 7, mask_fraction=0.5), index)
        assert (study / "PET_mask.nii.gz").exists() == expected


def test_images_are_the_patients(nifti):
    patient = make_patient(7, 1)
    image = sitk.ReadImage(str(nifti / "studies" / "PH_0002" / "PET_image.nii.gz"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), patient.suv)
    assert grid_of(image).matches(patient.grid)


def test_independent_of_workers_and_of_the_number_of_patients(nifti, tmp_path):
    write_cohort(tmp_path, PhantomConfig(3, 7, "nifti", 0.5, workers=2))
    alone, together = digest(tmp_path / "studies"), digest(nifti / "studies")
    assert alone == {name: together[name] for name in alone}
    rows = read_csv(tmp_path / "clinical.csv")
    assert rows == read_csv(nifti / "clinical.csv")[:3]


def test_dicom_cohort_is_the_same_bytes_again(tmp_path):
    for name in ("a", "b"):
        write_cohort(tmp_path / name, PhantomConfig(1, 7, "dicom", workers=1))
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    study = tmp_path / "a" / "studies" / "PH_0001"
    assert (study / "RTSTRUCT" / "RS.dcm").exists()
    assert len(list((study / "PET").glob("*.dcm"))) == make_patient(7, 0).grid.shape[0]


def test_no_mask_means_no_structure_set(tmp_path):
    write_cohort(tmp_path, PhantomConfig(1, 7, "dicom", 0.0, workers=1))
    assert not (tmp_path / "studies" / "PH_0001" / "RTSTRUCT").exists()


def test_tables(nifti):
    clinical, truth = read_csv(nifti / "clinical.csv"), read_csv(nifti / "truth.csv")
    assert list(clinical[0]) == ["patient_id", "age", "time_days", "event", "response"]
    assert [r["patient_id"] for r in truth] == [r["patient_id"] for r in clinical]
    for row in truth:
        factors = {name: float(row[name]) for name in law.FACTORS}
        assert float(row["log_hazard"]) == pytest.approx(law.log_hazard(factors), abs=1e-4)
        image_only = law.log_hazard(factors, with_age=False)
        assert float(row["log_hazard_image"]) == pytest.approx(image_only, abs=1e-4)
        assert float(row["logit"]) == pytest.approx(law.logit(factors), abs=1e-4)


def test_draws_share_age_and_differ_in_outcome(nifti):
    tables = [
        read_csv(nifti / "clinical.csv"),
        *(read_csv(nifti / "draws" / f"clinical_0{draw}.csv") for draw in (1, 2)),
    ]
    assert len({tuple(r["age"] for r in table) for table in tables}) == 1
    assert len({tuple(r["time_days"] for r in table) for table in tables}) == 3


def test_share_of_masks():
    config = PhantomConfig(400, 1, mask_fraction=0.4)
    assert np.mean([has_mask(config, i) for i in range(400)]) == pytest.approx(0.4, abs=0.08)
    assert all(has_mask(PhantomConfig(400, 1), i) for i in range(400))


@pytest.mark.parametrize(
    "wrong",
    [
        {"patients": 0},
        {"seed": -1},
        {"format": "nrrd"},
        {"mask_fraction": 1.5},
        {"outcome_draws": -1},
        {"workers": 0},
    ],
)
def test_a_value_out_of_range_is_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        PhantomConfig(**({"patients": 2, "seed": 0} | wrong))


def test_tensorflow_stays_out():
    code = "import sys, pet_mtl.phantom; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=dict(os.environ)).returncode == 0
