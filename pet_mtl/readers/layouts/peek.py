"""A first glance at DICOM files: whose they are and what they belong to, nothing of the image.

Reading stops before the geometry. The full headers are read once, with the study.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.filereader import read_partial
from pydicom.tag import Tag

from pet_mtl.readers import values
from pet_mtl.readers.headers import (
    DICOM_SUFFIXES,
    ENHANCED_PET,
    NOBODY,
    PET_IMAGE,
    RT_STRUCTURE_SET,
    SEGMENTATION,
)
from pet_mtl.readers.layouts.found import Progress
from pet_mtl.readers.layouts.head import read_head

_DIRECTORY = "1.2.840.10008.1.3.10"
_LAST = 0x00200052
_TAGS = {
    "MediaStorageSOPClassUID": 0x00020002, "SOPClassUID": 0x00080016,
    "SOPInstanceUID": 0x00080018, "StudyDate": 0x00080020, "SeriesDate": 0x00080021,
    "StudyTime": 0x00080030, "Modality": 0x00080060, "PatientID": 0x00100020,
    "StudyInstanceUID": 0x0020000D, "SeriesInstanceUID": 0x0020000E,
    "FrameOfReferenceUID": 0x00200052,
}  # fmt: skip
_WANTED = frozenset(_TAGS.values())
# Enough for the elements up to FrameOfReferenceUID of what scanners write.
_HEAD_BYTES = 8192
# Where a structure set or a segmentation names what it was drawn on (PS3.3 C.8.8.5, C.7.6.16).
_REFERENCES: list[Any] = [
    "ReferencedSeriesSequence", "StudiesContainingOtherReferencedInstancesSequence",
    "ReferencedStudySequence", "ReferencedFrameOfReferenceSequence", "StructureSetROISequence",
]  # fmt: skip
_REFERRING = (RT_STRUCTURE_SET, SEGMENTATION)


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
        with path.open("rb", buffering=0) as raw:
            head = raw.read(_HEAD_BYTES)
        marked = head[128:132] == b"DICM"
        if not (named or marked or _is_bare(head)):
            return None
        told = read_head(head, _WANTED, _LAST)
        found = _plain(path, _slowly(path) if told is None else told)
        if found.sop_class in _REFERRING:
            return _with_references(found)
    except values.BROKEN:
        return Peek(path)
    return None if found.is_broken and not (named or marked) else found


def _is_bare(head: bytes) -> bool:
    """Whether a file may be a data set without preamble: it begins with group 0002 or 0008."""
    return head[:1] in (b"\x02", b"\x08") and head[1:2] == b"\0" == head[3:4] and len(head) > 132


def _read(path: Path, tags: list[Any], last: int) -> pydicom.Dataset:
    """The wanted elements up to a tag."""

    def beyond(tag: Any, _vr: str | None, _length: int) -> bool:
        return tag > last

    wanted: list[Any] = [Tag(tag) for tag in tags]
    with path.open("rb") as file:
        return read_partial(file, stop_when=beyond, force=True, specific_tags=wanted)


def _slowly(path: Path) -> dict[int, str]:
    """Text by tag of a file that is written in an unusual way."""
    dataset = _read(path, ["SpecificCharacterSet", *list(_TAGS)[1:]], _LAST)
    meta = getattr(dataset, "file_meta", None) or pydicom.Dataset()
    told = {tag: values.text(dataset, name) for name, tag in list(_TAGS.items())[1:]}
    name, tag = next(iter(_TAGS.items()))
    return told | {tag: values.text(meta, name)}


def _plain(path: Path, told: dict[int, str]) -> Peek:
    """What a file says, by name."""
    said = {name: told.get(tag, "") for name, tag in _TAGS.items()}
    patient = said["PatientID"]
    return Peek(
        path=path,
        sop_class=said["SOPClassUID"] or said["MediaStorageSOPClassUID"],
        modality=said["Modality"].upper(),
        patient_id="" if patient.lower() in NOBODY else patient,
        study=said["StudyInstanceUID"],
        series=said["SeriesInstanceUID"],
        frame=said["FrameOfReferenceUID"],
        instance=said["SOPInstanceUID"],
        moment=f"{said['StudyDate'] or said['SeriesDate']} {said['StudyTime']}",
    )


def _with_references(peek: Peek) -> Peek:
    """The same with what it refers to."""
    dataset = _read(peek.path, _REFERENCES, 0x30060020)
    return dataclasses.replace(peek, refers=frozenset(_uids(dataset)))


def _uids(dataset: pydicom.Dataset) -> Iterator[str]:
    """All UIDs of a data set, those in its sequences too."""
    for element in dataset:
        if element.VR == "UI":
            yield str(element.value)
        elif element.VR == "SQ":
            for item in element.value:
                yield from _uids(item)
