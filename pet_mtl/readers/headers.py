"""A first look at the files of one study: headers only, no pixels."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.tag import Tag

from pet_mtl.errors import ReadError
from pet_mtl.readers import values
from pet_mtl.readers.attributes import suv_attributes
from pet_mtl.suv import SuvAttributes

PET_IMAGE = "1.2.840.10008.5.1.4.1.1.128"
ENHANCED_PET = ("1.2.840.10008.5.1.4.1.1.128.1", "1.2.840.10008.5.1.4.1.1.130")
RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
DICOM_SUFFIXES = (".dcm", ".ima", ".dic", ".dicom")

_TAGS: list[Any] = [
    "SOPClassUID", "Modality", "PatientID", "StudyInstanceUID", "SeriesInstanceUID",
    "FrameOfReferenceUID", "ImageType", "SeriesType", "NumberOfFrames", "SamplesPerPixel",
    "Rows", "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
    "RescaleSlope", "RescaleIntercept",
    "SpecificCharacterSet", "TimezoneOffsetFromUTC", "SeriesDate", "SeriesTime",
    "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime", "PatientWeight", "PatientSize",
    "RadiopharmaceuticalInformationSequence", "Units", "SUVType", "CorrectedImage",
    "DecayCorrection", "FrameReferenceTime", "ActualFrameDuration", "DecayFactor",
    Tag(0x0009, 0x0010), Tag(0x0009, 0x100D),
]  # fmt: skip


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
    """Reads the headers of every DICOM file below a folder.

    Args:
        folder: A study.
        files: Its DICOM files, where a search has found them; else all below the folder.

    Returns:
        One header a file, in the order of the paths. What is no DICOM is left out.

    Raises:
        ReadError: DICOM_UNREADABLE; a file that should be DICOM cannot be read. It may be a
            slice, so the study cannot be trusted without it.
    """
    paths = files or [path for path in files_below(folder) if is_dicom(path)]
    with values.lenient():
        return tuple(read_header(path) for path in paths)


def read_header(path: Path) -> Header:
    """Reads the header of one file; call it inside `values.lenient()`."""
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS, force=True)
        header = _plain(path, dataset)
    except values.BROKEN as error:
        raise unreadable(path) from error
    if not header.sop_class and not header.modality and path.name.upper() != "DICOMDIR":
        raise unreadable(path)
    return header


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
        intercept=values.number(dataset, "RescaleIntercept") or 0.0,
        suv=suv_attributes(dataset) if sop_class == PET_IMAGE else None,
    )
