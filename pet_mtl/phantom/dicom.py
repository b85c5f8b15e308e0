"""Writes a phantom as a DICOM PET series that follows the rules of the standard.

Pixels are 16-bit Bq/ml with a RescaleSlope of their own in every slice, decay-corrected to the
start of the series; dose, injection, half-life and weight are such that SUVbw computed from
them is the phantom's SUV, to the quantisation.

Source: DICOM PS3.3 A.21 (PET IOD), C.8.9 (PET modules).
"""

import datetime
import io
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage

from pet_mtl._version import __version__
from pet_mtl.geometry import Grid
from pet_mtl.phantom.patient import PhantomPatient

HALF_LIFE_S = 6586.2
_BED_SECONDS = 150
_BED_MM = 150.0
_FULL_SCALE = 32767
_LAMBDA = float(np.log(2.0)) / HALF_LIFE_S


@dataclass(frozen=True)
class Scan:
    """When and how much: what the headers of one study share.

    Attributes:
        name: Patient id such as PH_0001.
        seed: Seed of the cohort; with the name it makes the UIDs.
        start: Start of the series, the decay reference.
        injection: Time of injection.
        dose_bq: Injected activity at the time of injection, whole Bq.
        weight_kg: Body weight, one decimal.
    """

    name: str
    seed: int
    start: datetime.datetime
    injection: datetime.datetime
    dose_bq: int
    weight_kg: float

    @property
    def suv_per_bqml(self) -> float:
        """SUVbw of one Bq/ml at the decay reference."""
        wait_s = (self.start - self.injection).total_seconds()
        return self.weight_kg * 1000.0 / (self.dose_bq * float(np.exp(-_LAMBDA * wait_s)))

    def uid(self, role: str) -> UID:
        """The UID of one object of this study; the same for the same seed and name."""
        text = f"pet-mtl phantom/{self.seed}/{self.name}/{role}"
        return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, text).int}")


def draw_scan(name: str, seed: int, rng: np.random.Generator) -> Scan:
    """Draws day, times, dose and weight of a scan."""
    day = datetime.datetime(2020, 1, 1) + datetime.timedelta(days=int(rng.integers(0, 1000)))
    start = day + datetime.timedelta(seconds=int(rng.integers(8 * 3600, 17 * 3600)))
    injection = start - datetime.timedelta(seconds=int(rng.integers(50 * 60, 75 * 60)))
    weight_kg = round(float(np.clip(rng.normal(76.0, 13.0), 45.0, 120.0)), 1)
    dose_bq = int(weight_kg * rng.uniform(3.0e6, 5.0e6))
    return Scan(name, seed, start, injection, dose_bq, weight_kg)


def common_attributes(scan: Scan, patient: PhantomPatient) -> Dataset:
    """Patient, study, frame of reference and equipment: the same in images and structures."""
    shared = Dataset()
    shared.SpecificCharacterSet = "ISO_IR 192"
    shared.StudyDate = f"{scan.start:%Y%m%d}"
    shared.StudyTime = f"{scan.start:%H%M%S}"
    shared.AccessionNumber = ""
    shared.Manufacturer = patient.scanner.manufacturer
    shared.ManufacturerModelName = patient.scanner.model
    shared.SoftwareVersions = f"pet-mtl {__version__}"
    shared.ReferringPhysicianName = ""
    shared.StudyDescription = "Synthetic phantom"
    shared.PatientName = f"PHANTOM^{scan.name}"
    shared.PatientID = scan.name
    shared.PatientBirthDate = ""
    shared.PatientSex = "O"
    shared.PatientAge = f"{round(patient.age):03d}Y"
    shared.PatientSize = "1.72"
    shared.PatientWeight = f"{scan.weight_kg:.1f}"
    shared.PatientIdentityRemoved = "YES"
    shared.DeidentificationMethod = "Synthetic, no real patient"
    shared.StudyInstanceUID = scan.uid("study")
    shared.StudyID = "1"
    shared.FrameOfReferenceUID = scan.uid("frame")
    shared.PositionReferenceIndicator = ""
    return shared


def write_series(folder: Path, patient: PhantomPatient, scan: Scan) -> None:
    """Writes one file a slice, head to feet.

    Args:
        folder: Where the files go; made if absent.
        patient: The phantom.
        scan: What the headers share.
    """
    folder.mkdir(parents=True, exist_ok=True)
    template = encoded(_series_attributes(patient, scan))
    count = patient.grid.shape[0]
    for number in range(1, count + 1):
        _set_slice(template, patient, scan, number)
        path = folder / f"{number:04d}.dcm"
        pydicom.dcmwrite(path, template, enforce_file_format=True)


def encoded(dataset: Dataset) -> Dataset:
    """The same attributes read back unparsed: written again and again, they are only copied."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


def _series_attributes(patient: PhantomPatient, scan: Scan) -> Dataset:
    """Everything that all slices share."""
    dataset = common_attributes(scan, patient)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = PositronEmissionTomographyImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = scan.uid("image/1")
    dataset.SOPClassUID = PositronEmissionTomographyImageStorage
    dataset.SOPInstanceUID = scan.uid("image/1")
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SeriesDate = f"{scan.start:%Y%m%d}"
    dataset.SeriesTime = f"{scan.start:%H%M%S}"
    dataset.Modality = "PT"
    dataset.SeriesDescription = "PET phantom AC"
    dataset.SeriesInstanceUID = scan.uid("series")
    dataset.SeriesNumber = "1"
    dataset.BodyPartExamined = "CHEST"
    dataset.Laterality = ""
    dataset.PatientPosition = "HFS"
    _add_pet_series(dataset, patient.grid)
    _add_isotope(dataset, scan)
    add_pixels(dataset, patient.grid, signed=True)
    _add_pet_image(dataset)
    return dataset


def _add_pet_series(dataset: Dataset, grid: Grid) -> None:
    """PET Series and NM/PET Patient Orientation modules (C.8.9.1, C.8.4.6)."""
    dataset.Units = "BQML"
    dataset.CountsSource = "EMISSION"
    dataset.SeriesType = ["WHOLE BODY", "IMAGE"]
    dataset.NumberOfSlices = grid.shape[0]
    dataset.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "DECY"]
    dataset.AttenuationCorrectionMethod = "Phantom"
    dataset.ScatterCorrectionMethod = "Phantom"
    dataset.RandomsCorrectionMethod = "NONE"
    dataset.ReconstructionMethod = "Gaussian point spread"
    dataset.DecayCorrection = "START"
    dataset.CollimatorType = "NONE"
    dataset.PatientOrientationCodeSequence = [_code("102538003", "recumbent")]
    dataset.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence = [
        _code("40199007", "supine")
    ]
    dataset.PatientGantryRelationshipCodeSequence = [_code("102540008", "headfirst")]


def _add_isotope(dataset: Dataset, scan: Scan) -> None:
    """PET Isotope module (C.8.9.2)."""
    drug = Dataset()
    drug.Radiopharmaceutical = "Fluorodeoxyglucose"
    drug.RadiopharmaceuticalStartTime = f"{scan.injection:%H%M%S}"
    drug.RadiopharmaceuticalStartDateTime = f"{scan.injection:%Y%m%d%H%M%S}"
    drug.RadionuclideTotalDose = str(scan.dose_bq)
    drug.RadionuclideHalfLife = str(HALF_LIFE_S)
    drug.RadionuclidePositronFraction = "0.967"
    drug.RadionuclideCodeSequence = [_code("77004003", "^18^Fluorine")]
    drug.RadiopharmaceuticalCodeSequence = [_code("35321007", "Fluorodeoxyglucose F^18^")]
    dataset.RadiopharmaceuticalInformationSequence = [drug]


def _code(value: str, meaning: str) -> Dataset:
    """One coded concept of SNOMED CT."""
    code = Dataset()
    code.CodeValue = value
    code.CodingSchemeDesignator = "SCT"
    code.CodeMeaning = meaning
    return code


def add_pixels(dataset: Dataset, grid: Grid, signed: bool) -> None:
    """Image Plane and Image Pixel modules (C.7.6.2, C.7.6.3), as far as all slices share them.

    Args:
        dataset: Any slice of the series.
        grid: The series' grid, axial.
        signed: Whether stored values have a sign; they take 16 bits.
    """
    sz, sy, sx = grid.spacing_mm
    dataset.SliceThickness = f"{sz:g}"
    dataset.PixelSpacing = [f"{sy:g}", f"{sx:g}"]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = grid.shape[1], grid.shape[2]
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = int(signed)


def _add_pet_image(dataset: Dataset) -> None:
    """PET Image module (C.8.9.4), as far as all slices share it."""
    dataset.RescaleIntercept = "0"
    dataset.RescaleType = "BQML"
    dataset.LossyImageCompression = "00"
    dataset.ActualFrameDuration = str(_BED_SECONDS * 1000)


def _set_slice(dataset: Dataset, patient: PhantomPatient, scan: Scan, number: int) -> None:
    """What belongs to one slice alone: place, time, pixels."""
    row = patient.grid.shape[0] - number
    uid = scan.uid(f"image/{number}")
    dataset.file_meta.MediaStorageSOPInstanceUID = uid
    dataset.SOPInstanceUID = uid
    dataset.InstanceNumber = str(number)
    dataset.ImageIndex = number
    position = patient.grid.index_to_world((row, 0, 0))
    dataset.ImagePositionPatient = [f"{value:.4f}" for value in position]
    dataset.SliceLocation = f"{position[2]:.4f}"
    # A later bed starts later; the pixels are all corrected to the start of the series.
    bed = int((number - 1) * patient.grid.spacing_mm[0] // _BED_MM)
    acquired = scan.start + datetime.timedelta(seconds=bed * _BED_SECONDS)
    dataset.AcquisitionDate = f"{acquired:%Y%m%d}"
    dataset.AcquisitionTime = f"{acquired:%H%M%S}"
    dataset.ContentDate, dataset.ContentTime = dataset.AcquisitionDate, dataset.AcquisitionTime
    factor, reference_s = _decay(bed * _BED_SECONDS)
    dataset.FrameReferenceTime = f"{1000.0 * reference_s:.3f}"
    dataset.DecayFactor = f"{factor:.6f}"
    slope, pixels = quantised(patient.suv[row] / scan.suv_per_bqml)
    dataset.RescaleSlope = slope
    dataset.add_new("PixelData", "OW", pixels.tobytes() + b"\0" * (pixels.nbytes % 2))


def _decay(begin_s: float) -> tuple[float, float]:
    """Decay factor of a frame, and the moment (s) at which the activity equals its average."""
    mean = -np.expm1(-_LAMBDA * _BED_SECONDS) / (_LAMBDA * _BED_SECONDS)
    reference_s = begin_s - float(np.log(mean)) / _LAMBDA
    return float(np.exp(_LAMBDA * reference_s)), reference_s


def quantised(bqml: NDArray[np.floating]) -> tuple[str, NDArray[np.int16]]:
    """Slope (as it is written) and 16-bit pixels of one slice.

    Args:
        bqml: (y, x) activity concentration in Bq/ml, >= 0.
    """
    top = float(bqml.max())
    slope = f"{top / _FULL_SCALE:.9g}" if top > 0 else "1"
    return slope, np.clip(np.rint(bqml / float(slope)), 0, _FULL_SCALE).astype("<i2")
