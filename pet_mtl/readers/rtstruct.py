"""Regions of an RT Structure Set, rasterised on the PET's own grid.

Contours are placed by their position in the patient. The SOP instances they name are often not
those of the series at hand (re-exported, cropped or de-identified series), so they are not asked.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from pet_mtl.errors import MaskError
from pet_mtl.geometry import Grid
from pet_mtl.readers import values
from pet_mtl.readers.contours import fill_contours
from pet_mtl.readers.headers import unreadable
from pet_mtl.readers.outline import Mask, Outline, Warnings

Points = NDArray[np.float64]

# Contours lie in the slices up to rounding and the wobble of real slice distances.
_IN_SLICE = 0.25
_FLAT_MM = 0.5
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "")
# Planes across the patient's axes x, y, z. One within 8 degrees of them bears their name.
_PLANE_NAMES = ("sagittal", "coronal", "axial")
_NEAR_AXIS = 0.99


@dataclass(frozen=True, eq=False)
class Region(Outline):
    """One region of interest; `name` is its ROIName, `number` its ROINumber.

    Attributes:
        contours: Closed contours, each (points, 3) world points (x, y, z) in mm, LPS.
    """

    contours: tuple[Points, ...]

    @property
    def is_empty(self) -> bool:
        """Whether it has no closed contour."""
        return not self.contours

    def draw(self, grid: Grid) -> tuple[Mask, Warnings]:
        """Its voxels on a grid, as `rasterise`."""
        return rasterise(self.contours, grid)


def read_regions(path: Path) -> tuple[Region, ...]:
    """All regions of a structure set.

    Args:
        path: The RTSTRUCT file.

    Returns:
        The regions in the order of the file; points and open lines are left out of them.

    Raises:
        ReadError: DICOM_UNREADABLE.
    """
    try:
        with values.lenient():
            return _regions(path, pydicom.dcmread(path, force=True))
    except values.BROKEN as error:
        raise unreadable(path) from error


def _regions(path: Path, dataset: pydicom.Dataset) -> tuple[Region, ...]:
    """Joins the names and the contours of a structure set by ROINumber."""
    contours: dict[str, tuple[Points, ...]] = {}
    for item in values.raw(dataset, "ROIContourSequence") or ():
        number = values.text(item, "ReferencedROINumber")
        contours[number] = contours.get(number, ()) + _closed_contours(item)
    series = _referenced_series(dataset)
    object_uid = values.text(dataset, "SOPInstanceUID")
    regions = []
    for item in values.raw(dataset, "StructureSetROISequence") or ():
        number = values.text(item, "ROINumber")
        frame = values.text(item, "ReferencedFrameOfReferenceUID")
        frame = frame or values.text(dataset, "FrameOfReferenceUID")
        name, known = values.text(item, "ROIName"), number.removeprefix("-").isdecimal()
        place = (int(number) if known else None, path, object_uid, frame, series)
        regions.append(Region(name, *place, contours.get(number, ())))
    return tuple(regions)


def _closed_contours(item: pydicom.Dataset) -> tuple[Points, ...]:
    """The closed contours of one ROIContourSequence item (PS3.3 C.8.8.6.1)."""
    found = []
    for contour in values.raw(item, "ContourSequence") or ():
        kind = values.text(contour, "ContourGeometricType").upper()
        data = np.asarray(values.numbers(contour, "ContourData"), dtype=np.float64)
        if kind in _CLOSED and data.size >= 9 and data.size % 3 == 0:
            found.append(data.reshape(-1, 3))
    return tuple(found)


def _referenced_series(dataset: pydicom.Dataset) -> frozenset[str]:
    """SeriesInstanceUIDs the structure set says it was drawn on."""
    found = set()
    for frame in values.raw(dataset, "ReferencedFrameOfReferenceSequence") or ():
        for study in values.raw(frame, "RTReferencedStudySequence") or ():
            for series in values.raw(study, "RTReferencedSeriesSequence") or ():
                found.add(values.text(series, "SeriesInstanceUID"))
    return frozenset(found - {""})


def rasterise(contours: Sequence[Points], grid: Grid) -> tuple[Mask, Warnings]:
    """The voxels of a grid whose centres lie within the contours.

    Args:
        contours: Each (points, 3) in mm, LPS, flat and parallel to the slices.
        grid: The PET's grid.

    Returns:
        (z, y, x) bool mask, and warnings.

    Raises:
        MaskError: MASK_NOT_PLANAR, MASK_OBLIQUE, MASK_OUTSIDE, MASK_EMPTY.
    """
    indexed = [grid.world_to_index(points) for points in contours]  # each (points, 3) as (z, y, x)
    _require_in_planes(contours, indexed, grid)
    places = np.asarray([float(points[:, 0].mean()) for points in indexed])
    planes = _planes(indexed, places)
    in_slices = bool(np.abs(places - np.rint(places)).max() <= _IN_SLICE)
    mask = np.zeros(grid.shape, dtype=bool)
    doubled = 0
    for index in range(grid.shape[0]):
        plane = _plane_of(index, planes, in_slices)
        if plane is not None:
            once = _once(planes[plane])
            doubled += len(planes[plane]) - len(once)
            mask[index] = fill_contours(once, grid.shape[1:])
    warnings: Warnings = ()
    if not in_slices:
        warnings = ("MASK_PLANES: contours lie between slices; took the nearest",)
    if doubled:
        warnings += (f"MASK_DOUBLE: {doubled} contours are given twice and taken once",)
    beyond = int(np.count_nonzero((places < -0.5) | (places > grid.shape[0] - 0.5)))
    if beyond:
        warnings += (f"MASK_BEYOND: {beyond} of {len(places)} contours lie beyond the image",)
    _require_voxels(mask, beyond == len(places))
    return mask, warnings


def _require_in_planes(contours: Sequence[Points], indexed: Sequence[Points], grid: Grid) -> None:
    """Refuses contours that are not flat, or flat in other planes than the slices."""
    heights = [float(np.ptp(points[:, 0])) * grid.spacing_mm[0] for points in indexed]
    if max(heights) <= _FLAT_MM:
        return
    planes = Counter(
        _plane_name(points)
        for points, height in zip(contours, heights, strict=True)
        if height > _FLAT_MM
    )
    if planes[""]:
        raise MaskError(
            "MASK_NOT_PLANAR",
            "contours do not lie in a plane",
            expected="closed planar contours",
            found=f"{planes['']} of {len(contours)} contours that are not flat",
            todo="Draw the region slice by slice, or give it as an image file",
        )
    raise MaskError(
        "MASK_OBLIQUE",
        "contours do not lie within the slices of the PET",
        expected="contours parallel to the slices",
        found=", ".join(f"{count} contours in {plane} planes" for plane, count in planes.items()),
        todo="Draw the region on the slices of the PET, or give it as an image file",
    )


def _plane_name(points: Points) -> str:
    """ "sagittal", "coronal", "axial" or "oblique"; "" for a contour that is not flat."""
    _, extents, directions = np.linalg.svd(points - points.mean(axis=0), full_matrices=True)
    normal = np.abs(directions[2])
    off = np.abs((points - points.mean(axis=0)) @ directions[2])
    if off.max() > _FLAT_MM:
        return ""
    axis = int(normal.argmax())
    return _PLANE_NAMES[axis] if normal[axis] > _NEAR_AXIS and extents[1] > 0 else "oblique"


def _planes(indexed: Sequence[Points], places: Points) -> dict[float, list[Points]]:
    """Contours by the plane they lie in, planes closer than a tenth of a slice joined."""
    planes: dict[float, list[Points]] = defaultdict(list)
    current = -np.inf
    for which in np.argsort(places, kind="stable"):
        if places[which] - current > 0.1:
            current = float(places[which])
        planes[current].append(indexed[which][:, 1:])
    return dict(planes)


def _once(contours: Sequence[Points]) -> list[Points]:
    """The contours of one plane without exact copies, which would cut each other out."""
    return list(
        {points.tobytes(): points for points in map(np.ascontiguousarray, contours)}.values()
    )


def _plane_of(index: int, planes: dict[float, list[Points]], in_slices: bool) -> float | None:
    """The plane of contours that belongs to a slice, or None.

    Contours drawn on this series lie in its slices. Those drawn on another series of the same
    frame of reference (a CT) reach half their own distance up and down.
    """
    places = np.asarray(list(planes))
    nearest = float(places[np.abs(places - index).argmin()])
    reach = _IN_SLICE
    if not in_slices:
        reach = 0.5 * float(np.median(np.diff(places))) if len(places) > 1 else 0.5
    return nearest if abs(nearest - index) <= reach else None


def _require_voxels(mask: NDArray[np.bool_], all_beyond: bool) -> None:
    if all_beyond:
        raise MaskError(
            "MASK_OUTSIDE",
            "the region lies outside the PET",
            todo="Check that region and PET belong to the same scan",
        )
    if not mask.any():
        raise MaskError(
            "MASK_EMPTY",
            "no voxel centre lies within the region",
            todo="Choose another region with --roi",
        )
