"""Writes the lesion as an RTSTRUCT whose contours rasterise to exactly the mask.

Each slice's mask is outlined along the edges of its pixels, holes as contours of their own: a
pixel belongs to the lesion when its centre lies in an odd number of polygons.

Source: DICOM PS3.3 A.19 (RT Structure Set IOD), C.8.8.5, C.8.8.6, C.8.8.8.
"""

from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
)

from pet_mtl.phantom.dicom import Scan, common_attributes
from pet_mtl.phantom.patient import PhantomPatient

ROI_NAME = "GTV"
_DETACHED_STUDY = "1.2.840.10008.3.1.2.3.1"
Corner = tuple[int, int]


def outlines(mask: NDArray[np.bool_]) -> list[list[Corner]]:
    """The closed outlines of a 2-D mask along the edges of its pixels.

    Args:
        mask: (rows, columns) bool.

    Returns:
        Loops of corners (row, column); corner (r, c) is the upper left one of pixel (r, c), so
        its index coordinates are (r - 0.5, c - 0.5). Only corners where the outline turns.
    """
    leaving = _edges(mask)
    loops = []
    while leaving:
        start = next(iter(leaving))
        loop, here = [start], _step(leaving, start)
        while here != start:
            loop.append(here)
            here = _step(leaving, here)
        loops.append(_turns_only(loop))
    return loops


def _edges(mask: NDArray[np.bool_]) -> dict[Corner, list[Corner]]:
    """Pixel edges between mask and background, directed so that the mask is to the right."""
    padded = np.pad(mask, 1)
    sides = (
        ((-1, 0), (0, 0), (0, 1)),
        ((0, 1), (0, 1), (1, 1)),
        ((1, 0), (1, 1), (1, 0)),
        ((0, -1), (1, 0), (0, 0)),
    )
    leaving: dict[Corner, list[Corner]] = {}
    for neighbour, begin, end in sides:
        for row, column in np.argwhere(padded & ~np.roll(padded, np.negative(neighbour), (0, 1))):
            r, c = int(row) - 1, int(column) - 1
            corner = (r + begin[0], c + begin[1])
            leaving.setdefault(corner, []).append((r + end[0], c + end[1]))
    return leaving


def _step(leaving: dict[Corner, list[Corner]], here: Corner) -> Corner:
    """Takes one edge that leaves a corner out of the store and returns its end."""
    there = leaving[here].pop()
    if not leaving[here]:
        del leaving[here]
    return there


def _turns_only(loop: list[Corner]) -> list[Corner]:
    """The loop without corners in the middle of a straight line."""
    kept = []
    for before, here, after in zip((loop[-1], *loop[:-1]), loop, (*loop[1:], loop[0]), strict=True):
        straight = (here[0] - before[0]) * (after[1] - here[1]) == (here[1] - before[1]) * (
            after[0] - here[0]
        )
        if not straight:
            kept.append(here)
    return kept


def write_rtstruct(path: Path, patient: PhantomPatient, scan: Scan) -> None:
    """Writes one RTSTRUCT with the single region GTV.

    Args:
        path: The file; its folder is made if absent.
        patient: The phantom.
        scan: What the headers share; must be that of the image series.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = common_attributes(scan, patient)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = RTStructureSetStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = scan.uid("structures")
    dataset.SOPClassUID = RTStructureSetStorage
    dataset.SOPInstanceUID = scan.uid("structures")
    dataset.Modality = "RTSTRUCT"
    dataset.SeriesInstanceUID = scan.uid("structures/series")
    dataset.SeriesNumber = "2"
    dataset.OperatorsName = ""
    dataset.InstanceNumber = "1"
    dataset.StructureSetLabel = "PHANTOM"
    dataset.StructureSetDate = dataset.StudyDate
    dataset.StructureSetTime = dataset.StudyTime
    dataset.ApprovalStatus = "UNAPPROVED"
    dataset.ReferencedFrameOfReferenceSequence = [_referenced_frame(patient, scan)]
    _add_region(dataset, patient, scan)
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)


def _referenced_frame(patient: PhantomPatient, scan: Scan) -> Dataset:
    """The image series that the contours were drawn on."""
    series = Dataset()
    series.SeriesInstanceUID = scan.uid("series")
    series.ContourImageSequence = [
        _image(scan, number) for number in range(1, patient.grid.shape[0] + 1)
    ]
    study = Dataset()
    study.ReferencedSOPClassUID = _DETACHED_STUDY
    study.ReferencedSOPInstanceUID = scan.uid("study")
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = scan.uid("frame")
    frame.RTReferencedStudySequence = [study]
    return frame


def _image(scan: Scan, number: int) -> Dataset:
    """A reference to one slice."""
    image = Dataset()
    image.ReferencedSOPClassUID = PositronEmissionTomographyImageStorage
    image.ReferencedSOPInstanceUID = scan.uid(f"image/{number}")
    return image


def _add_region(dataset: Dataset, patient: PhantomPatient, scan: Scan) -> None:
    """Structure Set, ROI Contour and RT ROI Observations modules of the one region."""
    roi = Dataset()
    roi.ROINumber = "1"
    roi.ReferencedFrameOfReferenceUID = scan.uid("frame")
    roi.ROIName = ROI_NAME
    roi.ROIGenerationAlgorithm = "AUTOMATIC"
    dataset.StructureSetROISequence = [roi]
    contours = Dataset()
    contours.ROIDisplayColor = ["255", "64", "64"]
    contours.ContourSequence = _contours(patient, scan)
    contours.ReferencedROINumber = "1"
    dataset.ROIContourSequence = [contours]
    observation = Dataset()
    observation.ObservationNumber = "1"
    observation.ReferencedROINumber = "1"
    observation.RTROIInterpretedType = "GTV"
    observation.ROIInterpreter = ""
    dataset.RTROIObservationsSequence = [observation]


def _contours(patient: PhantomPatient, scan: Scan) -> list[Dataset]:
    """One item an outline, over all slices."""
    items = []
    for row in np.flatnonzero(patient.mask.any(axis=(1, 2))):
        for loop in outlines(patient.mask[row]):
            index = [(float(row), r - 0.5, c - 0.5) for r, c in loop]
            world = patient.grid.index_to_world(index)
            item = Dataset()
            item.ContourImageSequence = [_image(scan, patient.grid.shape[0] - int(row))]
            item.ContourGeometricType = "CLOSED_PLANAR"
            item.NumberOfContourPoints = str(len(loop))
            item.ContourData = [f"{value:.4f}" for value in world.ravel()]
            items.append(item)
    return items
