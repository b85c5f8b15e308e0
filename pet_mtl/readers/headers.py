"""A first look at the files of one study: headers only, no pixels."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pydicom
from pydicom.tag import Tag

from pet_mtl.errors import ReadError
from pet_mtl.readers import multiframe, values
from pet_mtl.readers.attributes import suv_attributes
from pet_mtl.readers.private import PRIVATE_TAGS
from pet_mtl.suv import SuvAttributes

PET_IMAGE = "1.2.840.10008.5.1.4.1.1.128"
ENHANCED_PET = (multiframe.LEGACY_PET, multiframe.ENHANCED_PET)
PET_CLASSES = (PET_IMAGE, *ENHANCED_PET)
RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
DICOM_SUFFIXES = (".dcm", ".ima", ".dic", ".dicom")
# What de-identification puts where a PatientID was, in small letters; it names nobody.
NOBODY = frozenset(
    "anon anonym anonymous anonymized anonymised deidentified unknown none removed patient "
    "na n/a null undefined x 0".split()
)

# What differs between the phases of a gated series, if it is gated (PS3.3 C.8.9.3, C.7.6.2).
_GATE_TAGS = ("TriggerTime", "FrameTime", "NominalInterval", "LowRRValue", "HighRRValue")
_TAGS: list[Any] = [
    "SOPClassUID", "Modality", "PatientID", "StudyInstanceUID", "SeriesInstanceUID",
    "FrameOfReferenceUID", "ImageType", "SeriesType", "NumberOfFrames", "SamplesPerPixel",
    "Rows", "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
    "RescaleSlope", "RescaleIntercept",
    "SpecificCharacterSet", "TimezoneOffsetFromUTC", "SeriesDate", "SeriesTime",
    "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime", "PatientWeight", "PatientSize",
    "RadiopharmaceuticalInformationSequence", "Units", "SUVType", "CorrectedImage",
    "DecayCorrection", "FrameReferenceTime", "ActualFrameDuration", "DecayFactor", "PatientSex",
    "AttenuationCorrectionMethod", "Manufacturer", "ManufacturerModelName",
    *PRIVATE_TAGS,
]  # fmt: skip
# What tells series, slices and volumes apart.
_ORDER_TAGS: list[Any] = [
    "SOPInstanceUID", "SeriesNumber", "AcquisitionNumber", "NumberOfSlices",
    "RealWorldValueMappingSequence", *_GATE_TAGS,
]  # fmt: skip
# As tags already: pydicom would look up every name anew for every file.
_ALL = [Tag(tag) for tag in (*_TAGS, *_ORDER_TAGS)]


@dataclass(frozen=True)
class Header:
    """What one DICOM file says of itself.

    Attributes:
        path: The file.
        sop_class: SOPClassUID.
        modality: Modality, upper case.
        patient_id: PatientID.
        series: StudyInstanceUID, SeriesInstanceUID, FrameOfReferenceUID.
        kinds: SeriesType and ImageType values.
        frames: NumberOfFrames.
        size: (Rows, Columns).
        spacing_mm: PixelSpacing (between rows, between columns).
        position_mm: ImagePositionPatient (x, y, z).
        orientation: ImageOrientationPatient, six cosines.
        slope: RescaleSlope, or None.
        intercept: RescaleIntercept; 0 where absent.
        suv: Attributes for SUV; only of PET images.
        instance: SOPInstanceUID.
        frame: Place among the frames of its file, from 0.
        series_number: SeriesNumber, or None.
        acquisition: AcquisitionNumber, or "".
        slices_told: NumberOfSlices of the series, or None.
        gate: Values that tell the phases of a gated series apart.
        maker: Manufacturer and ManufacturerModelName.
    """

    path: Path
    sop_class: str
    modality: str
    patient_id: str
    series: tuple[str, str, str]
    kinds: tuple[str, ...] = ()
    frames: int = 1
    size: tuple[int, int] = (0, 0)
    spacing_mm: tuple[float, ...] = ()
    position_mm: tuple[float, ...] = ()
    orientation: tuple[float, ...] = ()
    slope: float | None = None
    intercept: float = 0.0
    suv: SuvAttributes | None = None
    instance: str = ""
    frame: int = 0
    series_number: int | None = None
    acquisition: str = ""
    slices_told: int | None = None
    gate: tuple[float | None, ...] = ()
    maker: tuple[str, str] = ("", "")


def files_below(folder: Path) -> Iterator[Path]:
    """All files of a folder, in a stable order, without hidden ones."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM by its magic word, or at least by its name."""
    if path.suffix.lower() in DICOM_SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def scan_headers(folder: Path, files: Sequence[Path] = ()) -> tuple[Header, ...]:
    """Reads the headers of the DICOM files of a study.

    Args:
        folder: A study.
        files: Its files, where known; else all below the folder that are DICOM.

    Returns:
        One header a file, in the order of the paths; of an enhanced PET object one a frame.

    Raises:
        ReadError: DICOM_UNREADABLE; a file that should be DICOM cannot be read. It may be a
            slice, so the study cannot be trusted without it. DICOM_MULTIFRAME.
    """
    paths = files or [path for path in files_below(folder) if is_dicom(path)]
    with values.lenient():
        return tuple(header for path in paths for header in _frames(read_header(path)))


def read_header(path: Path) -> Header:
    """Reads the header of one file; call it inside `values.lenient()`."""
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_ALL, force=True)
        cut = values.is_cut(dataset)
        multiframe.real_world(dataset)
        header = _plain(path, dataset)
    except values.BROKEN as error:
        raise unreadable(path) from error
    if cut or _is_damaged(header):
        raise unreadable(path)
    return header


def _is_damaged(header: Header) -> bool:
    """Whether a file does not even say what every one says; a cut one ends before it."""
    if header.sop_class in PET_CLASSES:
        return not header.modality or min(header.size) <= 0
    named = header.sop_class or header.modality or header.path.name.upper() == "DICOMDIR"
    return not named


def _frames(header: Header) -> tuple[Header, ...]:
    """The header itself, or those of the frames of an enhanced PET object.

    A structure set cut short would read like one of fewer regions, so it is looked at here.
    """
    if header.sop_class not in (*ENHANCED_PET, RT_STRUCTURE_SET):
        return (header,)
    try:
        dataset = pydicom.dcmread(header.path, stop_before_pixels=True, force=True)
        is_struct = header.sop_class == RT_STRUCTURE_SET
        if values.is_cut(dataset) or (is_struct and "StructureSetROISequence" not in dataset):
            raise unreadable(header.path)
        if is_struct:
            return (header,)
        flat = multiframe.flat_frames(dataset)
        return tuple(replace(_plain(header.path, one), frame=i) for i, one in enumerate(flat))
    except values.BROKEN as error:
        raise unreadable(header.path) from error


def unreadable(path: Path) -> ReadError:
    """The refusal of one damaged file."""
    return ReadError(
        "DICOM_UNREADABLE",
        "a DICOM file cannot be read",
        expected="a complete DICOM file",
        found=f"{path.stat().st_size} bytes that are none" if path.exists() else "no file",
        todo="Copy the series again, or remove the file if it does not belong to it",
        subject=f"{path.parent.name}/{path.name}",
    )


def _plain(path: Path, dataset: pydicom.Dataset) -> Header:
    """Takes the values out of the data set while reading is lenient."""
    sop_class = values.text(dataset, "SOPClassUID")
    if not sop_class:
        sop_class = str(dataset.file_meta.get("MediaStorageSOPClassUID", ""))
    rows, columns = (values.number(dataset, key) or 0 for key in ("Rows", "Columns"))
    uids = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
    study, series, frame = (values.text(dataset, key) for key in uids)
    return Header(
        path=path,
        sop_class=sop_class,
        modality=values.text(dataset, "Modality").upper(),
        patient_id=values.text(dataset, "PatientID"),
        series=(study, series, frame),
        kinds=values.texts(dataset, "SeriesType") + values.texts(dataset, "ImageType"),
        frames=int(values.number(dataset, "NumberOfFrames") or 1),
        size=(int(rows), int(columns)),
        spacing_mm=values.numbers(dataset, "PixelSpacing"),
        position_mm=values.numbers(dataset, "ImagePositionPatient"),
        orientation=values.numbers(dataset, "ImageOrientationPatient"),
        slope=values.number(dataset, "RescaleSlope"),
        intercept=_intercept(dataset),
        suv=suv_attributes(dataset) if sop_class in PET_CLASSES else None,
        instance=values.text(dataset, "SOPInstanceUID"),
        series_number=_whole(dataset, "SeriesNumber"),
        acquisition=values.text(dataset, "AcquisitionNumber"),
        slices_told=_whole(dataset, "NumberOfSlices"),
        gate=tuple(values.number(dataset, name) for name in _GATE_TAGS),
        maker=(values.text(dataset, "Manufacturer"), values.text(dataset, "ManufacturerModelName")),
    )


def _intercept(dataset: pydicom.Dataset) -> float:
    """RescaleIntercept: 0 where absent, NaN where it is there but no number."""
    told = values.number(dataset, "RescaleIntercept")
    if told is not None:
        return told
    element = dataset.get_item("RescaleIntercept")
    return math.nan if element is not None and str(element.value or "").strip() else 0.0


def _whole(dataset: pydicom.Dataset, name: str) -> int | None:
    """A whole number, or None."""
    told = values.number(dataset, name)
    return int(told) if told is not None and math.isfinite(told) else None
