"""The phantom's CT: the same body as the PET, in Hounsfield units, in the same world."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from pet_mtl.phantom import PhantomPatient, make_patient
from pet_mtl.phantom.cohort import PhantomConfig, patient_name, write_cohort, write_patient
from pet_mtl.phantom.ct import PhantomCt, make_ct
from pet_mtl.preprocess.ct import CtVolume, cut_ct
from pet_mtl.readers import find_one, read_study
from pet_mtl.study import StudySource

# Type 1 and 2 attributes of the CT Image IOD (PS3.3 A.3) that apply to these images.
REQUIRED = """SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID
PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime AccessionNumber
ReferringPhysicianName StudyID Modality SeriesNumber Manufacturer PositionReferenceIndicator
InstanceNumber ImageType PixelSpacing SliceThickness ImageOrientationPatient ImagePositionPatient
RescaleSlope RescaleIntercept KVP AcquisitionNumber SamplesPerPixel PhotometricInterpretation Rows
Columns BitsAllocated BitsStored HighBit PixelRepresentation PixelData""".split()


@pytest.fixture(scope="module")
def first(patients: list[PhantomPatient]) -> tuple[PhantomPatient, PhantomCt]:
    return patients[0], make_ct(7, 0, patients[0])


def test_same_arguments_same_ct_and_no_change_of_the_pet(first):
    patient, ct = first
    again = make_ct(7, 0, patient)
    np.testing.assert_array_equal(ct.hu, again.hu)
    np.testing.assert_array_equal(make_patient(7, 0).suv, patient.suv)


def test_organs_of_the_pet_have_their_ct_numbers(first):
    patient, ct = first
    hu, valid = cut_ct(CtVolume(ct.hu.astype(np.float32), ct.grid), patient.grid)
    air = valid & (patient.suv < 0.05)
    assert np.median(hu[air]) == pytest.approx(-1000, abs=15)
    # At its border the lesion's voxels hold lung, too.
    core = ndimage.binary_erosion(patient.mask, iterations=2)
    assert core.sum() > 20 and np.median(hu[core]) == pytest.approx(40, abs=5)
    # Uptake of about half a SUV inside the body is lung.
    lung = valid & (patient.suv > 0.4) & (patient.suv < 0.6)
    assert np.median(hu[lung]) < -600
    liver = valid & (hu > 50) & (hu < 70)
    assert np.median(patient.suv[liver]) > 1.5
    bone = valid & (hu > 350)
    assert 0.8 < np.median(patient.suv[bone]) < 1.6


def test_the_body_ends_where_the_pet_ends(first):
    """Edges of both, along x through the middle, within a PET voxel."""
    patient, ct = first
    hu, valid = cut_ct(CtVolume(ct.hu.astype(np.float32), ct.grid), patient.grid)
    middle = patient.grid.shape[0] // 2
    for axis in (0, 1):
        inside = [
            np.flatnonzero(mask[middle].any(axis=axis))
            for mask in (valid & (hu > -550), patient.suv > 0.17)
        ]
        assert abs(inside[0][0] - inside[1][0]) <= 1 and abs(inside[0][-1] - inside[1][-1]) <= 1


def test_narrower_than_the_pet_and_on_a_grid_of_its_own(first):
    patient, ct = first
    assert ct.hu.dtype == np.int16 and ct.grid.spacing_mm != patient.grid.spacing_mm
    assert all(c < p for c, p in zip(ct.grid.extent_mm, patient.grid.extent_mm, strict=True))
    assert -1024 <= ct.hu.min() < -1000 and ct.hu.max() < 1000


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ct")
    write_patient(folder, PhantomConfig(1, 7, ct_fraction=1.0), 0)
    return folder


def test_read_back_from_dicom(cohort, first):
    patient, ct = first
    study = read_study(find_one(cohort / "PH_0001"), with_ct=True)
    np.testing.assert_array_equal(study.ct, ct.hu)
    assert study.ct_grid.matches(ct.grid, 1e-3)
    assert study.warnings == ()
    np.testing.assert_array_equal(study.mask, patient.mask)


def test_required_attributes(cohort):
    files = list((cohort / "PH_0001" / "CT").iterdir())
    images = [pydicom.dcmread(path) for path in files]
    pet = pydicom.dcmread(next((cohort / "PH_0001" / "PET").iterdir()))
    for image in images:
        assert not [name for name in REQUIRED if name not in image]
        assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
    assert len({image.SOPInstanceUID for image in images}) == len(images)
    assert len({image.SeriesInstanceUID for image in images}) == 1
    for name in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert images[0][name].value == pet[name].value


def test_a_share_of_the_patients_and_the_same_pet_with_and_without(tmp_path):
    for name, share in (("half", 0.5), ("none", 0.0)):
        write_cohort(tmp_path / name, PhantomConfig(6, 7, "nifti", ct_fraction=share, workers=1))
    have = []
    for index in range(6):
        with_ct, without = (
            tmp_path / name / "studies" / patient_name(index) for name in ("half", "none")
        )
        for image in ("PET_image.nii.gz", "PET_mask.nii.gz"):
            assert (with_ct / image).read_bytes() == (without / image).read_bytes()
        have.append((with_ct / "CT_image.nii.gz").exists())
        assert not (without / "CT_image.nii.gz").exists()
    assert 0 < sum(have) < 6
    folder = tmp_path / "half" / "studies" / patient_name(have.index(True))
    pet, ct = (folder / f"{kind}_image.nii.gz" for kind in ("PET", "CT"))
    source = StudySource("A", "image", pet, ct_path=ct)
    study = read_study(source, with_ct=True)
    expected = make_ct(7, have.index(True), make_patient(7, have.index(True)))
    np.testing.assert_array_equal(study.ct, expected.hu)
