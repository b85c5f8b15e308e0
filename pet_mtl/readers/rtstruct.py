"""Regions of an RT Structure Set, rasterised on the PET's own grid.

Contours are placed by their position in the patient. The SOP instances they name are often not
those of the series at hand (re-exported, cropped or de-identified series), so they are not asked.
"""

import itertools
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
from pet_mtl.readers.contours import fill_contour
from pet_mtl.readers.headers import unreadable
from pet_mtl.readers.outline import Mask, Outline, Warnings

Points = NDArray[np.float64]

# Contours lie in the slices up to rounding and the wobble of real slice distances.
_IN_SLICE = 0.25
_FLAT_MM = 0.5
_ROUNDING = 1e-3
# A contour along the very border of the image, in voxels: what DS of two decimals leaves of it.
_BORDER = 0.01
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "")
# Planes across the patient's axes x, y, z. One within 8 degrees of them bears their name.
_PLANE_NAMES = ("sagittal", "coronal", "axial")
_NEAR_AXIS = 0.99


@dataclass(frozen=True, eq=False)
class Region(Outline):
    """One region of interest; `name` is its ROIName, `number` its ROINumber.

    Attributes:
        contours: Closed contours, each (points, 3) world points (x, y, z) in mm, LPS; one whose
            numbers cannot be read is empty.
    """

    contours: tuple[Points, ...]

    @property
    def is_empty(self) -> bool:
        """Whether it has no closed contour."""
        return not self.contours

    def draw(self, grid: Grid) -> tuple[Mask, Warnings]:
        """Its voxels on a grid, as `rasterise`; MASK_CONTOUR if a contour is damaged."""
        damaged = sum(not points.size for points in self.contours)
        if damaged:
            raise MaskError(
                "MASK_CONTOUR",
                "contours of the region cannot be read",
                expected="three finite numbers a point",
                found=f"{damaged} of {len(self.contours)} contours damaged",
                todo="Export the structure set again",
            )
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
    """The closed contours of one ROIContourSequence item (PS3.3 C.8.8.6.1).

    Those of fewer than three points have no area and are left out; damaged ones become empty, so
    that nobody takes the rest for the region.
    """
    found = []
    for contour in values.raw(item, "ContourSequence") or ():
        kind = values.text(contour, "ContourGeometricType").upper()
        if kind not in _CLOSED or values.raw(contour, "ContourData") is None:
            continue
        data = np.asarray(values.numbers(contour, "ContourData"), dtype=np.float64)
        if not data.size or data.size % 3 or not np.isfinite(data).all():
            found.append(np.empty((0, 3)))
        elif data.size >= 9:
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
    planes, doubled = _planes(indexed, places)
    reach = _reach(np.asarray(list(planes)))
    filled = {plane: _fill(planes[plane], grid.shape[1:]) for plane in planes}
    mask = np.zeros(grid.shape, dtype=bool)
    for index in range(grid.shape[0]):
        plane = _plane_of(index, np.asarray(list(planes)), reach)
        if plane is not None:
            mask[index] = filled[plane][0]
    outside, beyond = _beyond(indexed, grid)
    _require_voxels(mask, outside == len(indexed))
    crossed = sum(crossing for _, crossing in filled.values())
    return mask, _warnings(mask, reach, len(places), (doubled, crossed, beyond))


def _warnings(mask: Mask, reach: float, total: int, counts: tuple[int, int, int]) -> Warnings:
    """What was odd about the contours: of `total`, how many are doubled, crossed, beyond."""
    doubled, crossed, beyond = counts
    rows = np.flatnonzero(mask.any(axis=(1, 2)))
    gaps = int(rows[-1] - rows[0] + 1 - len(rows))
    found = (
        (reach != _IN_SLICE, "MASK_PLANES: contours lie between slices; took the nearest"),
        (gaps, f"MASK_GAPS: {gaps} slices between those of the region are empty"),
        (doubled, f"MASK_DOUBLE: {doubled} contours are given twice and taken once"),
        (crossed, f"MASK_CROSSING: contours cross in {crossed} planes; overlaps count as outside"),
        (beyond, f"MASK_BEYOND: {beyond} of {total} contours reach beyond the image"),
    )
    return tuple(text for is_so, text in found if is_so)


def _beyond(indexed: Sequence[Points], grid: Grid) -> tuple[int, int]:
    """How many contours lie wholly outside the image, and how many reach beyond its voxels."""
    last = np.asarray(grid.shape) - 0.5 + _BORDER
    outside = beyond = 0
    for points in indexed:  # (points, 3) as (z, y, x)
        low, high = points < -0.5 - _BORDER, points > last
        beyond += bool((low | high).any())
        outside += bool((low.all(axis=0) | high.all(axis=0)).any())
    return outside, beyond


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


def _planes(indexed: Sequence[Points], places: Points) -> tuple[dict[float, list[Points]], int]:
    """Contours by the plane they lie in, planes closer than a tenth of a slice joined.

    Exact copies, which would cut each other out, are left out and counted.
    """
    planes: dict[float, list[Points]] = defaultdict(list)
    current = -np.inf
    for which in np.argsort(places, kind="stable"):
        if places[which] - current > 0.1:
            current = float(places[which])
        planes[current].append(np.ascontiguousarray(indexed[which][:, 1:]))
    once = {
        plane: list({points.tobytes(): points for points in drawn}.values())
        for plane, drawn in planes.items()
    }
    return once, len(places) - sum(map(len, once.values()))


def _fill(contours: Sequence[Points], shape: tuple[int, int]) -> tuple[Mask, bool]:
    """The pixels of one plane, and whether contours cross, so that XOR may not be what was meant.

    Contours that are apart or within each other are clear (PS3.3 C.8.8.6.3).
    """
    parts = [fill_contour(points, shape) for points in contours]
    result: Mask = np.logical_xor.reduce(parts)
    if sum(int(np.count_nonzero(part)) for part in parts) == int(np.count_nonzero(result)):
        return result, False
    pairs = ((a, b, a & b) for a, b in itertools.combinations(parts, 2))
    crossing = any(
        common.any() and not np.array_equal(common, a) and not np.array_equal(common, b)
        for a, b, common in pairs
    )
    return result, crossing


def _reach(places: Points) -> float:
    """How far a plane of contours reaches along the normal, in slices.

    Contours drawn on this series lie in its slices. Those drawn on another series of the same
    frame of reference (a CT), or regularly on every second or third slice, reach half their own
    distance up and down.
    """
    gaps = np.diff(places)
    in_slices = bool(np.abs(places - np.rint(places)).max() <= _IN_SLICE)
    is_coarse = len(gaps) > 1 and gaps.min() > 1.5 and np.ptp(gaps) <= 2 * _IN_SLICE
    if in_slices and not is_coarse:
        return _IN_SLICE
    return 0.5 * float(np.median(gaps)) if len(gaps) else 0.5


def _plane_of(index: int, places: Points, reach: float) -> float | None:
    """The plane of contours that belongs to a slice, or None; midway the plane below has it."""
    nearest = float(places[np.abs(places - index).argmin()])
    return nearest if -reach + _ROUNDING < index - nearest <= reach + _ROUNDING else None


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
