"""A first glance at DICOM files: whose they are and what they belong to, nothing of the image.

Reading stops before the geometry, which is a third of the work of reading a header.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pydicom
from pydicom.filereader import read_partial
from pydicom.tag import Tag

from pet_mtl.readers import values
from pet_mtl.readers.headers import (
    DICOM_SUFFIXES,
    ENHANCED_PET,
    PET_IMAGE,
    RT_STRUCTURE_SET,
    SEGMENTATION,
)
from pet_mtl.readers.layouts.found import Progress

_DIRECTORY = "1.2.840.10008.1.3.10"
_LAST = 0x00200052
_TAGS: list[Any] = [
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyDate", "SeriesDate",
    "StudyTime", "Modality", "PatientID", "StudyInstanceUID", "SeriesInstanceUID",
    "FrameOfReferenceUID",
]  # fmt: skip
# Where a structure set or a segmentation names what it was drawn on (PS3.3 C.8.8.5, C.7.6.16).
_REFERENCES: list[Any] = [
    "ReferencedSeriesSequence", "StudiesContainingOtherReferencedInstancesSequence",
    "ReferencedStudySequence", "ReferencedFrameOfReferenceSequence", "StructureSetROISequence",
]  # fmt: skip
_REFERRING = (RT_STRUCTURE_SET, SEGMENTATION)
# What de-identification puts where a PatientID was; it names nobody.
_NOBODY = frozenset(
    "anon anonym anonymous anonymized anonymised deidentified unknown none removed patient "
    "na n/a null undefined x 0".split()
)


@dataclass(frozen=True)
class Peek:
    """What one DICOM file says of whose it is.

    Attributes:
        path: The file.
        sop_class: SOPClassUID; "" where the file cannot be read.
        modality: Modality, upper case.
        patient_id: PatientID; "" where a placeholder such as ANONYMOUS stands there.
        study: StudyInstanceUID.
        series: SeriesInstanceUID.
        frame: FrameOfReferenceUID.
        instance: SOPInstanceUID.
        moment: StudyDate (or SeriesDate) and StudyTime, for sorting.
        refers: UIDs that a structure set or segmentation names.
    """

    path: Path
    sop_class: str = ""
    modality: str = ""
    patient_id: str = ""
    study: str = ""
    series: str = ""
    frame: str = ""
    instance: str = ""
    moment: str = ""
    refers: frozenset[str] = frozenset()

    @property
    def is_broken(self) -> bool:
        """Whether nothing tells what the file is."""
        return not self.sop_class and not self.modality

    @property
    def is_pet(self) -> bool:
        """Whether it is a PET image; no secondary capture of one."""
        return self.sop_class in (PET_IMAGE, *ENHANCED_PET) and self.modality in ("PT", "")

    @property
    def is_directory(self) -> bool:
        """Whether it is a DICOMDIR: a list of files that are found all the same."""
        return self.sop_class == _DIRECTORY or self.path.name.upper() == "DICOMDIR"

    @property
    def identity(self) -> str:
        """What tells its patient from others, as far as the file says."""
        return self.patient_id or self.study or self.series or self.frame


def peek_files(paths: Iterable[Path], progress: Progress) -> dict[Path, Peek]:
    """A glance at every DICOM file among some files.

    Args:
        paths: Any files.
        progress: Shows how many were looked at.

    Returns:
        What is DICOM, or should be by its suffix, in the order given.
    """
    files = tuple(paths)
    found = {}
    with progress(len(files), "looking at files") as advance, values.lenient():
        for path in files:
            one = _peek(path)
            if one is not None:
                found[path] = one
            advance()
    return found


def _peek(path: Path) -> Peek | None:
    """One file; None if it is no DICOM, a peek without content if it should be and is damaged."""
    named = path.suffix.lower() in DICOM_SUFFIXES
    try:
        with path.open("rb") as file:
            head = file.read(132)
            marked = head[128:] == b"DICM"
            if not (named or marked or _is_bare(head)):
                return None
            file.seek(0)
            found = _plain(path, _read(file, _TAGS, _LAST))
        if found.sop_class in _REFERRING:
            return _with_references(found)
    except values.BROKEN:
        return Peek(path)
    return None if found.is_broken and not (named or marked) else found


def _is_bare(head: bytes) -> bool:
    """Whether a file may be a data set without preamble: it begins with group 0002 or 0008."""
    return head[:1] in (b"\x02", b"\x08") and head[1:2] == b"\0" == head[3:4] and len(head) == 132


def _read(file: BinaryIO, tags: list[Any], last: int) -> pydicom.Dataset:
    """The wanted elements up to a tag."""

    def beyond(tag: Any, _vr: str | None, _length: int) -> bool:
        return tag > last

    return read_partial(file, stop_when=beyond, force=True, specific_tags=[Tag(t) for t in tags])


def _plain(path: Path, dataset: pydicom.Dataset) -> Peek:
    """Plain values."""
    meta = getattr(dataset, "file_meta", None) or pydicom.Dataset()
    day = values.text(dataset, "StudyDate") or values.text(dataset, "SeriesDate")
    patient = values.text(dataset, "PatientID")
    return Peek(
        path=path,
        sop_class=values.text(dataset, "SOPClassUID")
        or values.text(meta, "MediaStorageSOPClassUID"),
        modality=values.text(dataset, "Modality").upper(),
        patient_id="" if patient.lower() in _NOBODY else patient,
        study=values.text(dataset, "StudyInstanceUID"),
        series=values.text(dataset, "SeriesInstanceUID"),
        frame=values.text(dataset, "FrameOfReferenceUID"),
        instance=values.text(dataset, "SOPInstanceUID"),
        moment=f"{day} {values.text(dataset, 'StudyTime')}",
    )


def _with_references(peek: Peek) -> Peek:
    """The same with what it refers to."""
    with peek.path.open("rb") as file:
        dataset = _read(file, _REFERENCES, 0x30060020)
    return dataclasses.replace(peek, refers=frozenset(_uids(dataset)))


def _uids(dataset: pydicom.Dataset) -> Iterator[str]:
    """All UIDs of a data set, those in its sequences too."""
    for element in dataset:
        if element.VR == "UI":
            yield str(element.value)
        elif element.VR == "SQ":
            for item in element.value:
                yield from _uids(item)
