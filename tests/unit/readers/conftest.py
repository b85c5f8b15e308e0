"""A writer of DICOM SEG objects, odd ones too, that shares nothing with the reader."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for key, value in values.items():
        setattr(item, key, value)
    return item


def _frame(number: int | None, position: Sequence[float]) -> Dataset:
    frame = Dataset()
    position = [round(float(value), 6) for value in position]
    frame.PlanePositionSequence = [_item(ImagePositionPatient=position)]
    if number is not None:
        frame.SegmentIdentificationSequence = [_item(ReferencedSegmentNumber=number)]
    return frame


def _packed(frames: np.ndarray) -> bytes:
    """All bits one after the other, the first in the lowest bit (PS3.5 8.1.1)."""
    data = np.packbits(frames.astype(bool).ravel(), bitorder="little").tobytes()
    return data + b"\0" * (len(data) % 2)


@pytest.fixture
def seg_object() -> Callable[..., None]:
    """Writes a SEG: `seg_object(path, uids, {1: "GTV"}, frames, ...)`.

    `frames` are (segment number or None, position, (rows, columns) pixels) in any order. The
    geometry is that of the fixture `pet_series` (pixels 4 by 5 mm) unless told otherwise.
    """

    def write(
        path: Path,
        uids: tuple[str, str, str],
        labels: dict[int, str],
        frames: Sequence[tuple[int | None, Sequence[float], np.ndarray]],
        kind: str = "BINARY",
        change: Callable[[Dataset], None] | None = None,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.stack([frame[2] for frame in frames])
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = LABEL_MAP if kind == "LABELMAP" else SEG
        dataset.SOPInstanceUID = generate_uid()
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.Modality, dataset.PatientID = "SEG", "P-001"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uids[0], generate_uid()
        dataset.FrameOfReferenceUID = uids[2]
        dataset.ReferencedSeriesSequence = [_item(SeriesInstanceUID=uids[1])]
        dataset.SegmentationType = kind
        dataset.SegmentSequence = [
            _item(SegmentNumber=n, SegmentLabel=t) for n, t in labels.items()
        ]
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = pixels.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        bits = 1 if kind == "BINARY" else 8
        dataset.BitsAllocated = dataset.BitsStored = bits
        dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0
        if kind == "FRACTIONAL":
            dataset.MaximumFractionalValue = 200
        shared = Dataset()
        shared.PixelMeasuresSequence = [_item(PixelSpacing=[4, 5], SpacingBetweenSlices=3)]
        shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
        dataset.SharedFunctionalGroupsSequence = [shared]
        dataset.PerFrameFunctionalGroupsSequence = [_frame(n, at) for n, at, _ in frames]
        data = _packed(pixels) if bits == 1 else pixels.astype(np.uint8).tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
        if change is not None:
            change(dataset)
        pydicom.dcmwrite(path, dataset, enforce_file_format=True)

    return write
