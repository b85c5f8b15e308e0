"""DICOM Segmentation objects: binary, fractional and label map.

`read_seg` reads one file alone. Frames are decoded from their bits, and planes numbered by
position, here and not by a library: real files lack attributes that strict readers demand, and
have planes off the even grid. Tests hold the result against highdicom.

Source: DICOM PS3.3 A.51, C.8.20.2 (Segmentation Image), A.92 (Label Map Segmentation).
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pydicom

from pet_mtl.errors import MaskError, ReadError
from pet_mtl.geometry import Grid
from pet_mtl.readers import values
from pet_mtl.readers.headers import SEGMENTATION, unreadable
from pet_mtl.readers.outline import Mask, Outline, Warnings
from pet_mtl.readers.placing import onto_grid
from pet_mtl.readers.seg_pixels import read_frames
from pet_mtl.readers.seg_planes import FramePlace, frame_places, grid_of_frames, group_item

LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
SURFACES = "1.2.840.10008.5.1.4.1.1.66.5"
SEGMENTATIONS = (SEGMENTATION, LABEL_MAP)


@dataclass(frozen=True)
class _Frames:
    """The frames of one file.

    Attributes:
        size: (Rows, Columns).
        places: Where each frame lies.
        segments: The segment each frame shows; None where the pixels tell (label map).
        half: Stored value from which a pixel belongs to the segment.
        kind: SegmentationType.
    """

    size: tuple[int, int]
    places: tuple[FramePlace, ...]
    segments: tuple[int | None, ...]
    half: float
    kind: str

    @cached_property
    def layout(self) -> tuple[Grid, tuple[int, ...]]:
        """The grid of all frames, and the plane of each."""
        return grid_of_frames(self.places, self.size)


@dataclass(frozen=True, eq=False)
class Segment(Outline):
    """One segment; `name` is its SegmentLabel, `number` its SegmentNumber.

    Attributes:
        frames: The frames of its file.
    """

    frames: _Frames

    @property
    def label(self) -> str:
        """SegmentLabel: free text, for the user's eyes only."""
        return self.name

    @property
    def grid(self) -> Grid:
        """The SEG's own grid, which holds the frames of all its segments; z along the normal.

        Raises:
            MaskError: MASK_SEG; the frames make no volume.
        """
        return self.frames.layout[0]

    @property
    def is_empty(self) -> bool:
        """Whether no frame can show it."""
        return not self._own_frames

    @cached_property
    def mask(self) -> Mask:
        """(z, y, x) bool on `grid`; planes without a frame are empty.

        Raises:
            MaskError: MASK_SEG.
            ReadError: DICOM_PIXELS.
        """
        grid, planes = self.frames.layout
        result = np.zeros(grid.shape, dtype=bool)
        own = self._own_frames
        if not own:
            return result
        try:
            with values.lenient():
                for index, pixels in zip(own, read_frames(self.path, own), strict=True):
                    result[planes[index]] |= self._shown(pixels)
        except values.BROKEN as error:
            raise _no_pixels(self.path, self.frames.size) from error
        return result

    @property
    def _own_frames(self) -> list[int]:
        """The frames that may show it."""
        wanted = (None, self.number)
        return [i for i, segment in enumerate(self.frames.segments) if segment in wanted]

    def _shown(self, pixels: np.ndarray) -> Mask:
        """Where one frame shows the segment, (rows, columns)."""
        if pixels.shape != self.frames.size:
            raise ValueError
        found: Mask = pixels == self.number
        return found if self.frames.kind == "LABELMAP" else pixels >= self.frames.half

    def draw(self, grid: Grid) -> tuple[Mask, Warnings]:
        """Its voxels on a grid; where both grids differ, by linear interpolation.

        Args:
            grid: The PET's grid.

        Returns:
            (z, y, x) bool mask, and warnings.

        Raises:
            MaskError: MASK_SEG, MASK_EMPTY, MASK_OUTSIDE.
            ReadError: DICOM_PIXELS.
        """
        if not self.mask.any():
            raise MaskError(
                "MASK_EMPTY",
                "the segment holds no voxel",
                todo="Choose another segment with --roi",
            )
        mask, warnings = onto_grid(self.mask, self.grid, grid)
        if self.frames.kind == "FRACTIONAL":
            warnings += (
                "MASK_FRACTIONAL: the segment is fractional; what is at least half counts",
            )
        return mask, warnings


def read_seg(path: Path) -> tuple[Segment, ...]:
    """Reads a DICOM SEG (BINARY, FRACTIONAL or LABELMAP) by itself.

    Args:
        path: The SEG file.

    Returns:
        Its segments in the order of the file, each with `number`, `label`, `mask` and `grid`.
        The mask, (z, y, x) bool, is decoded when it is first asked for. Background is none.

    Raises:
        ReadError: DICOM_UNREADABLE.
        MaskError: MASK_SEG; the object is none, or no segment is described.
    """
    try:
        with values.lenient():
            return _segments(path, pydicom.dcmread(path, stop_before_pixels=True, force=True))
    except values.BROKEN as error:
        raise unreadable(path) from error


def _segments(path: Path, dataset: pydicom.Dataset) -> tuple[Segment, ...]:
    """The segments of a data set without pixels; call it inside `values.lenient()`."""
    described = [
        (int(number), values.text(item, "SegmentLabel"))
        for item in values.raw(dataset, "SegmentSequence") or ()
        if (number := values.number(item, "SegmentNumber")) is not None
    ]
    frames = _frames(dataset, [number for number, _ in described])
    background = _background(dataset, frames.kind)
    series = frozenset(
        values.text(item, "SeriesInstanceUID")
        for item in values.raw(dataset, "ReferencedSeriesSequence") or ()
    )
    rest = (
        path,
        values.text(dataset, "SOPInstanceUID"),
        values.text(dataset, "FrameOfReferenceUID"),
        series - {""},
        frames,
    )
    return tuple(Segment(label, n, *rest) for n, label in described if n not in background)


def _background(dataset: pydicom.Dataset, kind: str) -> set[int]:
    """Numbers that stand for background in a label map: 0, and what fills pixels without label."""
    if kind != "LABELMAP":
        return set()
    padding = values.number(dataset, "PixelPaddingValue")
    return {0} if padding is None else {0, int(padding)}


def _frames(dataset: pydicom.Dataset, numbers: list[int]) -> _Frames:
    """What the headers say of the frames."""
    kind = values.text(dataset, "SegmentationType").upper()
    if kind not in ("BINARY", "FRACTIONAL", "LABELMAP") or not numbers:
        raise MaskError(
            "MASK_SEG",
            "a DICOM SEG describes no segment that can be read",
            expected="SegmentationType BINARY, FRACTIONAL or LABELMAP, and a SegmentSequence",
            found=f"{len(numbers)} segments" if numbers else "no segment",
            todo="Export the segmentation again, or save it as an image file (NIfTI, NRRD)",
        )
    rows, columns = (int(values.number(dataset, key) or 0) for key in ("Rows", "Columns"))
    count = int(values.number(dataset, "NumberOfFrames") or 1)
    # 0 < half: a maximum that is missing or 0 is that of 8 bits (PS3.3 C.8.20.2.3.2).
    most = (values.number(dataset, "MaximumFractionalValue") or 255.0) / 2
    return _Frames(
        (rows, columns),
        frame_places(dataset, count),
        _shown_segments(dataset, count, numbers, kind),
        most if kind == "FRACTIONAL" else 0.5,
        kind,
    )


def _shown_segments(
    dataset: pydicom.Dataset, count: int, numbers: list[int], kind: str
) -> tuple[int | None, ...]:
    """The segment that each frame shows; a frame that says nothing shows the only one, or none."""
    if kind == "LABELMAP":
        return (None,) * count
    shared = next(iter(values.raw(dataset, "SharedFunctionalGroupsSequence") or ()), None)
    frames = list(values.raw(dataset, "PerFrameFunctionalGroupsSequence") or ())
    only = numbers[0] if len(numbers) == 1 else -1
    found = []
    for frame in frames[:count]:
        item = group_item(frame, shared or pydicom.Dataset(), "SegmentIdentificationSequence")
        number = values.number(item, "ReferencedSegmentNumber")
        found.append(only if number is None else int(number))
    return tuple(found + [only] * (count - len(found)))


def _no_pixels(path: Path, size: tuple[int, int]) -> ReadError:
    return ReadError(
        "DICOM_PIXELS",
        "the pixels of a DICOM SEG cannot be read",
        expected=f"frames of {size[0]} x {size[1]} pixels",
        todo="Copy the file again; decompress it if it uses an unusual compression",
        subject=unreadable(path).subject,
    )
