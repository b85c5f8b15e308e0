"""The DICOM series: SUV by an independent formula, the required attributes, no chance."""

import datetime
import math
from pathlib import Path

import numpy as np
import pydicom
import pytest

from pet_mtl.phantom import PhantomPatient
from pet_mtl.phantom.dicom import Scan, draw_scan, quantised, write_series
from pet_mtl.phantom.patient import stream

# Type 1 and 2 attributes of the PET Image IOD (PS3.3 A.21) that apply to these images.
REQUIRED = """SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID
PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime AccessionNumber
ReferringPhysicianName StudyID Modality SeriesNumber Manufacturer PositionReferenceIndicator
SeriesDate SeriesTime Units CountsSource SeriesType NumberOfSlices CorrectedImage DecayCorrection
CollimatorType RadiopharmaceuticalInformationSequence PatientOrientationCodeSequence
PatientGantryRelationshipCodeSequence InstanceNumber ImageType PixelSpacing SliceThickness
ImageOrientationPatient ImagePositionPatient AcquisitionDate AcquisitionTime ActualFrameDuration
FrameReferenceTime ImageIndex DecayFactor RescaleSlope RescaleIntercept SamplesPerPixel
PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation
PixelData""".split()


def scan_of(index: int) -> Scan:
    return draw_scan(f"PH_{index + 1:04d}", 7, stream(7, index, "dicom"))


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory, patients: list[PhantomPatient]) -> Path:
    folder = tmp_path_factory.mktemp("series")
    write_series(folder, patients[0], scan_of(0))
    return folder


def moment(date: str, time: str) -> datetime.datetime:
    return datetime.datetime.strptime(date + time.split(".")[0], "%Y%m%d%H%M%S")


def test_suv_by_an_independent_formula(series, patients):
    slices = sorted(
        (pydicom.dcmread(p) for p in series.glob("*.dcm")),
        key=lambda s: float(s.ImagePositionPatient[2]),
    )
    volume = []
    for item in slices:
        drug = item.RadiopharmaceuticalInformationSequence[0]
        start = moment(item.SeriesDate, item.SeriesTime)
        given = datetime.datetime.strptime(drug.RadiopharmaceuticalStartDateTime, "%Y%m%d%H%M%S")
        wait = (start - given).total_seconds()
        assert 40 * 60 < wait < 90 * 60
        left = float(drug.RadionuclideTotalDose) * 2 ** (-wait / float(drug.RadionuclideHalfLife))
        bqml = item.pixel_array * float(item.RescaleSlope) + float(item.RescaleIntercept)
        volume.append(bqml * float(item.PatientWeight) * 1000 / left)
        assert item.Units == "BQML" and item.DecayCorrection == "START"
    step = max(float(s.RescaleSlope) for s in slices) * scan_of(0).suv_per_bqml
    np.testing.assert_allclose(np.stack(volume), patients[0].suv, atol=0.51 * step, rtol=1e-6)


def test_geometry_and_slopes(series, patients):
    grid = patients[0].grid
    slices = [pydicom.dcmread(p) for p in sorted(series.glob("*.dcm"))]
    assert len(slices) == grid.shape[0]
    assert len({str(s.RescaleSlope) for s in slices}) > 20
    assert len({s.SOPInstanceUID for s in slices}) == len(slices)
    assert all(s.file_meta.MediaStorageSOPInstanceUID == s.SOPInstanceUID for s in slices)
    heights = [float(s.ImagePositionPatient[2]) for s in slices]
    np.testing.assert_allclose(np.diff(heights), -grid.spacing_mm[0], atol=1e-3)
    assert heights[-1] == pytest.approx(grid.origin_mm[2], abs=1e-3)
    first = slices[0]
    assert [float(v) for v in first.PixelSpacing] == list(grid.spacing_mm[1:])
    assert (first.Rows, first.Columns) == grid.shape[1:]


def test_required_attributes_and_only_synthetic_names(series):
    for path in series.glob("*.dcm"):
        item = pydicom.dcmread(path)
        assert [name for name in REQUIRED if name not in item] == []
        assert item.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
        assert str(item.PatientName) == "PHANTOM^PH_0001"
        assert item.SOPInstanceUID.is_valid and len(item.SOPInstanceUID) <= 64


def test_decay_factor_agrees_with_the_frame_reference_time(series):
    beds = set()
    for path in series.glob("*.dcm"):
        item = pydicom.dcmread(path)
        rate = math.log(2) / float(item.RadiopharmaceuticalInformationSequence[0][0x00181075].value)
        elapsed = float(item.FrameReferenceTime) / 1000
        assert float(item.DecayFactor) == pytest.approx(math.exp(rate * elapsed), rel=1e-5)
        begin = (
            moment(item.AcquisitionDate, item.AcquisitionTime)
            - moment(item.SeriesDate, item.SeriesTime)
        ).total_seconds()
        assert 0 < elapsed - begin < float(item.ActualFrameDuration) / 1000
        beds.add(begin)
    assert len(beds) == 2


def test_same_seed_same_bytes(series, tmp_path, patients):
    write_series(tmp_path, patients[0], scan_of(0))
    for path in series.glob("*.dcm"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_uids_differ_between_patients_and_seeds():
    uids = {scan_of(i).uid(role) for i in range(3) for role in ("study", "series", "image/1")}
    other = draw_scan("PH_0001", 8, stream(8, 0, "dicom")).uid("study")
    assert len(uids | {other}) == 10


def test_an_empty_slice_has_a_usable_slope():
    slope, pixels = quantised(np.zeros((4, 5), np.float32))
    assert float(slope) > 0 and not pixels.any()
