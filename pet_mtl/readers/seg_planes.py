"""Where the frames of a DICOM SEG lie, and the grid that holds them all.

Frames come in any order, several at one place (a segment each), and only where a segment is: a
plane without a frame is empty. Nothing but the positions says which plane is which.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pydicom
from numpy.typing import NDArray

from pet_mtl.errors import MaskError
from pet_mtl.geometry import Grid
from pet_mtl.readers import values

Floats = NDArray[np.float64]

_PARALLEL = 1e-3
_ONE_PLANE_MM = 0.1
# Real slices wobble by up to 3 %; half a step would make the plane ambiguous.
_STEP_TOLERANCE = 0.1
_MAX_PLANES = 10_000


@dataclass(frozen=True)
class FramePlace:
    """What one frame says of its place; empty where it says nothing.

    Attributes:
        position_mm: ImagePositionPatient (x, y, z).
        orientation: ImageOrientationPatient, six cosines.
        spacing_mm: PixelSpacing (between rows, between columns).
        steps_mm: SpacingBetweenSlices and SliceThickness, as far as given and above 0.
    """

    position_mm: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing_mm: tuple[float, ...]
    steps_mm: tuple[float, ...]


def frame_places(dataset: pydicom.Dataset, count: int) -> tuple[FramePlace, ...]:
    """Reads the places of all frames (PS3.3 C.7.6.16.2.1, C.7.6.16.2.3, C.7.6.16.2.4).

    Args:
        dataset: The SEG; call it inside `values.lenient()`.
        count: Number of frames.

    Returns:
        One place a frame. What a frame does not say itself is taken from the shared groups.
    """
    shared = next(iter(values.raw(dataset, "SharedFunctionalGroupsSequence") or ()), None)
    frames = list(values.raw(dataset, "PerFrameFunctionalGroupsSequence") or ())
    frames += [pydicom.Dataset()] * (count - len(frames))
    return tuple(_place(frame, shared or pydicom.Dataset()) for frame in frames[:count])


def group_item(frame: pydicom.Dataset, shared: pydicom.Dataset, key: str) -> pydicom.Dataset:
    """The first item of a functional group, the frame's own before the shared one."""
    for groups in (frame, shared):
        for item in values.raw(groups, key) or ():
            return item
    return pydicom.Dataset()


def _place(frame: pydicom.Dataset, shared: pydicom.Dataset) -> FramePlace:
    position = group_item(frame, shared, "PlanePositionSequence")
    orientation = group_item(frame, shared, "PlaneOrientationSequence")
    measures = group_item(frame, shared, "PixelMeasuresSequence")
    steps = [values.number(measures, key) for key in ("SpacingBetweenSlices", "SliceThickness")]
    return FramePlace(
        values.numbers(position, "ImagePositionPatient"),
        values.numbers(orientation, "ImageOrientationPatient"),
        values.numbers(measures, "PixelSpacing"),
        tuple(abs(step) for step in steps if step),
    )


def grid_of_frames(
    places: Sequence[FramePlace], size: tuple[int, int]
) -> tuple[Grid, tuple[int, ...]]:
    """The smallest regular grid that holds all frames.

    Args:
        places: One a frame, at least one.
        size: (rows, columns).

    Returns:
        The grid, whose axis 0 runs along the normal of the frames, and the plane of each frame.

    Raises:
        MaskError: MASK_SEG; the frames make no volume.
    """
    _require_parallel(places)
    cosines = np.asarray(places[0].orientation)
    row, column = cosines[:3], cosines[3:]  # directions of growing column and row index
    normal = np.cross(row, column)
    positions = np.asarray([place.position_mm for place in places])  # (frames, 3)
    if np.ptp(positions @ np.stack([row, column], axis=1), axis=0).max() > _ONE_PLANE_MM:
        raise _no_volume("frames that are shifted sideways against each other, or tiles")
    planes, step = _number_planes(positions @ normal, places[0].steps_mm)
    first = positions[int(np.argmin(planes))]
    axes = np.stack([normal, column, row], axis=1)
    grid = Grid(
        (int(planes.max()) + 1, *size),
        (step, places[0].spacing_mm[0], places[0].spacing_mm[1]),
        (float(first[0]), float(first[1]), float(first[2])),
        tuple(float(value) for value in axes.ravel()),
    )
    return grid, tuple(int(plane) for plane in planes)


def _require_parallel(places: Sequence[FramePlace]) -> None:
    """Refuses frames without place, of different spacing or orientation."""
    kinds = {(len(p.position_mm), len(p.orientation), len(p.spacing_mm)) for p in places}
    if kinds != {(3, 6, 2)}:
        raise _no_volume("frames that do not say where in the patient they lie")
    for rows in ([p.orientation for p in places], [p.spacing_mm for p in places]):
        table = np.asarray(rows)
        if not np.abs(table - table[0]).max() <= _PARALLEL:
            raise _no_volume("frames of different orientation or pixel spacing")


def _number_planes(along: Floats, steps_mm: Sequence[float]) -> tuple[NDArray[np.int64], float]:
    """Numbers the planes from 0 along the normal.

    Args:
        along: (frames,) places along the normal in mm.
        steps_mm: What the file says of the distance of its planes, perhaps wrongly.

    Returns:
        (frames,) plane numbers, and the distance of neighbouring planes in mm.
    """
    order = np.argsort(along, kind="stable")
    jumps = np.diff(along[order])
    gaps = jumps[jumps > _ONE_PLANE_MM]
    if not gaps.size:
        if not steps_mm:
            raise _no_volume("a single plane without SpacingBetweenSlices or SliceThickness")
        return np.zeros(len(along), np.int64), steps_mm[0]
    least = float(gaps[gaps < 1.5 * gaps.min()].mean())
    for unit in (*steps_mm, least):
        steps = np.rint(gaps / unit)
        if steps.min() >= 1 and np.abs(gaps - steps * unit).max() <= _STEP_TOLERANCE * unit:
            break
    else:
        raise _no_volume("planes at uneven distances")
    if steps.sum() >= _MAX_PLANES:
        raise _no_volume(f"planes over {int(steps.sum())} slices")
    numbers = np.zeros(len(along), np.int64)
    after = np.zeros(len(jumps))
    after[jumps > _ONE_PLANE_MM] = steps
    numbers[order[1:]] = np.cumsum(after)
    return numbers, float(np.ptp(along) / steps.sum())


def _no_volume(found: str) -> MaskError:
    return MaskError(
        "MASK_SEG",
        "the frames of a DICOM SEG make no volume",
        expected="parallel frames at even distances in the patient's coordinates",
        found=found,
        todo="Export the segmentation again, or save it as an image file (NIfTI, NRRD)",
    )
