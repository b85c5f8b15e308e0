"""Fixtures that several folders of tests share."""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import settings
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

# A busy machine must not fail a property; pytest-timeout stops what hangs.
settings.register_profile("pet-mtl", deadline=None)
settings.load_profile("pet-mtl")

PET_IMAGE = "1.2.840.10008.5.1.4.1.1.128"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"

Change = Callable[[Dataset, int], None]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data (../shared/data) is not there")
    return folder


def _file(sop_class: str, modality: str, uids: Sequence[str]) -> Dataset:
    """A data set with what every DICOM file carries."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.Modality = modality
    dataset.PatientID = "P-001"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = uids
    return dataset


def _drug() -> Dataset:
    """370 MBq of FDG, an hour before the scan."""
    drug = Dataset()
    drug.RadionuclideTotalDose = 370000000
    drug.RadionuclideHalfLife = 6586.2
    drug.RadiopharmaceuticalStartTime = "090000"
    drug.RadiopharmaceuticalStartDateTime = "20240301090000"
    return drug


def _timing(dataset: Dataset) -> None:
    """A scan at 10:00 corrected for decay to its start, with a DecayFactor that fits."""
    decay = np.log(2) / 6586.2
    dataset.SeriesDate = dataset.AcquisitionDate = "20240301"
    dataset.SeriesTime = dataset.AcquisitionTime = "100000.00"
    dataset.ActualFrameDuration = 120000
    dataset.DecayFactor = f"{decay * 120 / (1 - np.exp(-decay * 120)):.8f}"
    mean_ms = np.log(float(dataset.DecayFactor)) / decay * 1000
    dataset.FrameReferenceTime = f"{mean_ms:.6f}"
    dataset.DecayCorrection = "START"


def _slice(index: int, pixels: np.ndarray, uids: Sequence[str]) -> Dataset:
    """One PET image; its slope differs from slice to slice, as on GE."""
    dataset = _file(PET_IMAGE, "PT", uids)
    dataset.SeriesType, dataset.ImageType = ["STATIC", "IMAGE"], ["ORIGINAL", "PRIMARY"]
    dataset.Units = "BQML"
    dataset.CorrectedImage = ["DECY", "ATTN", "SCAT"]
    dataset.PatientWeight, dataset.PatientSize = 70, 1.75
    dataset.RadiopharmaceuticalInformationSequence = [_drug()]
    _timing(dataset)
    dataset.InstanceNumber = 0
    dataset.ImagePositionPatient = [-20, -30, 100 + 3 * index]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [4, 5]
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 1
    dataset.RescaleSlope, dataset.RescaleIntercept = f"{1 + index / 4}", "0"
    dataset.PixelData = pixels.astype("<i2").tobytes()
    return dataset


@pytest.fixture
def pet_series() -> Callable[..., tuple[str, str, str]]:
    """Writes a small PET series: `pet_series(folder, slices=5, change=None, uids=None)`.

    Voxel (z, y, x) holds the stored value 1000 + 100 z + 10 y + x, slope 1 + z / 4. `change`
    gets each data set and its index before it is written; a data set it marks with
    `PatientComments = "drop"` is left out.
    """

    def write(
        folder: Path,
        slices: int = 5,
        change: Change | None = None,
        uids: tuple[str, str, str] | None = None,
    ) -> tuple[str, str, str]:
        folder.mkdir(parents=True, exist_ok=True)
        uids = uids or (generate_uid(), generate_uid(), generate_uid())
        y, x = np.mgrid[:6, :7]
        for index in range(slices):
            dataset = _slice(index, 1000 + 100 * index + 10 * y + x, uids)
            if change is not None:
                change(dataset, index)
            if dataset.get("PatientComments") != "drop":
                # Names against the order of the slices: nothing may rely on them.
                name = f"{dataset.SeriesInstanceUID[-6:]}_{slices - index:03d}.dcm"
                pydicom.dcmwrite(folder / name, dataset, enforce_file_format=True)
        return uids

    return write


def ct_hu(world: np.ndarray) -> np.ndarray:
    """Hounsfield units of world points (..., 3): planes of tissue between air; whole numbers."""
    x, y, z = np.moveaxis(world, -1, 0)
    return np.where(y < -30, -1000.0, np.rint(2 * x + 3 * y + 5 * (z - 100)))


def _ct_slice(index: int, uids: Sequence[str]) -> Dataset:
    """One CT image of `ct_series`; slope and intercept differ from slice to slice."""
    dataset = _file(CT_IMAGE, "CT", uids)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.ImagePositionPatient = [-24, -34, 98 + 2.5 * index]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [2, 2]
    y, x = np.meshgrid(-34 + 2.0 * np.arange(16), -24 + 2.0 * np.arange(20), indexing="ij")
    hu = ct_hu(np.stack([x, y, np.full_like(x, 98 + 2.5 * index)], axis=-1))
    slope, intercept = (0.5, -1024) if index % 2 else (1, -2000)
    dataset.Rows, dataset.Columns = hu.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.RescaleSlope, dataset.RescaleIntercept = str(slope), str(intercept)
    dataset.PixelData = ((hu - intercept) / slope).astype("<u2").tobytes()
    return dataset


@pytest.fixture
def ct_series() -> Callable[..., None]:
    """Writes a CT around the PET of `pet_series`: `ct_series(folder, uids, slices=8, change=None)`.

    `uids` are the PET's (study, series, frame); the CT gets a series of its own. Its values are
    `ct_hu` of the world points.
    """

    def write(
        folder: Path, uids: Sequence[str], slices: int = 8, change: Change | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        own = (uids[0], generate_uid(), uids[2])
        for index in range(slices):
            dataset = _ct_slice(index, own)
            if change is not None:
                change(dataset, index)
            if dataset.get("PatientComments") != "drop":
                path = folder / f"{own[1][-6:]}_{slices - index:03d}.dcm"
                pydicom.dcmwrite(path, dataset, enforce_file_format=True)

    return write


@pytest.fixture(scope="session")
def hu_of() -> Callable[[np.ndarray], np.ndarray]:
    """The Hounsfield units that `ct_series` writes at world points."""
    return ct_hu


@pytest.fixture
def rt_struct() -> Callable[..., None]:
    """Writes a structure set: `rt_struct(path, uids, {"name": [contour, ...]})`.

    Contours are (points, 3) in mm. They name SOP instances of no series.
    """

    def write(
        path: Path,
        uids: tuple[str, str, str],
        regions: dict[str, list[Any]],
        names_series: bool = True,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset = _file(RT_STRUCTURE_SET, "RTSTRUCT", (uids[0], generate_uid(), uids[2]))
        dataset.StructureSetDate = datetime.date(2024, 3, 1).strftime("%Y%m%d")
        dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
        if names_series:
            dataset.ReferencedFrameOfReferenceSequence = [_frame(uids)]
        for number, (name, contours) in enumerate(regions.items(), 1):
            region, drawn = Dataset(), Dataset()
            region.ROINumber, region.ROIName = number, name
            region.ReferencedFrameOfReferenceUID = uids[2]
            drawn.ReferencedROINumber = number
            drawn.ContourSequence = [_contour(points) for points in contours]
            dataset.StructureSetROISequence.append(region)
            dataset.ROIContourSequence.append(drawn)
        pydicom.dcmwrite(path, dataset, enforce_file_format=True)

    return write


def _frame(uids: tuple[str, str, str]) -> Dataset:
    """The reference to the series that was drawn on."""
    frame, study, series = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = uids[1]
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID = uids[2]
    frame.RTReferencedStudySequence = [study]
    return frame


def _contour(points: Any) -> Dataset:
    contour = Dataset()
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(points)
    contour.ContourData = [f"{value:.6g}" for value in np.asarray(points, float).ravel()]
    return contour
