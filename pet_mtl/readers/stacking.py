"""Slices to a volume: sorted by ImagePositionPatient, on one even grid, or refused.

File names, InstanceNumber, SliceLocation and PatientPosition are not asked: position and
orientation alone say where a slice lies (DICOM PS3.3 C.7.6.2.1.1), feet first or head first.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import GeometryError
from pet_mtl.geometry import Grid
from pet_mtl.readers.headers import Header

_PARALLEL = 1e-4
_UNIT = 1e-3
_DRIFT_MM = 0.05
SAME_PLACE_MM = 0.01
# Real series wobble by up to 3 %; a missing slice doubles a gap.
GAP_TOLERANCE = 0.10
# Preclinical scanners go below a millimetre; nothing that is imaged has voxels of centimetres.
_VOXEL_MM = (0.2, 15.0)


def stack(headers: Sequence[Header]) -> tuple[tuple[Header, ...], Grid, tuple[str, ...]]:
    """Sorts slices by position and makes their grid.

    Args:
        headers: The slices of one series, in any order.

    Returns:
        The slices along the normal, the grid, and warnings.

    Raises:
        GeometryError: Slices that are not parallel, not of one size, missing or doubled.
    """
    slices, along = sorted_slices(headers)
    gap, warnings = _require_even(along)
    spacing, axes = slices[0].spacing_mm, _axes(slices[0])
    positions = np.asarray([header.position_mm for header in slices])  # (slices, 3)
    drift = np.ptp(positions @ axes[:, 1:], axis=0).max()
    if drift > _DRIFT_MM:
        raise GeometryError(
            "GEOMETRY_SHEARED",
            "the slices are shifted against each other",
            expected="positions along the normal of the slices",
            found=f"{drift:.2f} mm sideways",
            todo="Resample a tilted (gantry tilt) series to an orthogonal grid first",
        )
    x, y, z = positions[0]
    grid = Grid(
        (len(slices), *slices[0].size),
        (gap, spacing[0], spacing[1]),
        (float(x), float(y), float(z)),
        tuple(float(value) for value in axes.ravel()),
    )
    return slices, grid, warnings + _odd_voxels(grid)


def sorted_slices(headers: Sequence[Header]) -> tuple[tuple[Header, ...], NDArray[np.float64]]:
    """Slices in the order of their places along their normal.

    Args:
        headers: The slices of one series, in any order.

    Returns:
        The slices, and where each lies along the normal, in mm, ascending.

    Raises:
        GeometryError: GEOMETRY_MISSING, GEOMETRY_SLICE_SIZE, GEOMETRY_NOT_PARALLEL,
            GEOMETRY_NOT_ORTHOGONAL.
    """
    _require_same_plane(headers)
    along = np.asarray([header.position_mm for header in headers]) @ _axes(headers[0])[:, 0]
    order = np.argsort(along, kind="stable")
    return tuple(headers[i] for i in order), along[order]


def _axes(header: Header) -> NDArray[np.float64]:
    """(3, 3); columns are the unit vectors of the normal, of growing row and column index."""
    cosines = np.asarray(header.orientation, dtype=np.float64)
    row, column = cosines[:3], cosines[3:]
    return np.stack([np.cross(row, column), column, row], axis=1)


def _require_same_plane(headers: Sequence[Header]) -> None:
    """Refuses slices of different size, spacing or orientation."""
    first = headers[0]
    if not all(_is_placed(header) for header in headers):
        raise GeometryError(
            "GEOMETRY_MISSING",
            "a slice does not say where it lies",
            expected="ImagePositionPatient, ImageOrientationPatient, PixelSpacing, Rows, Columns",
            todo="Export the series again with its geometry",
        )
    if len({header.size for header in headers}) > 1 or not _all_near(
        [header.spacing_mm for header in headers], 1e-3
    ):
        raise GeometryError(
            "GEOMETRY_SLICE_SIZE",
            "the slices differ in size or pixel spacing",
            expected=f"{first.size[0]} x {first.size[1]} pixels throughout",
            todo="Give one series as the scanner exported it",
        )
    if not _all_near([header.orientation for header in headers], _PARALLEL):
        raise GeometryError(
            "GEOMETRY_NOT_PARALLEL",
            "the slices are not parallel",
            todo="Give one series as the scanner exported it; localisers do not belong to it",
        )
    axes = _axes(first)
    if not np.allclose(axes.T @ axes, np.eye(3), atol=_UNIT):
        raise GeometryError(
            "GEOMETRY_NOT_ORTHOGONAL",
            "rows and columns of the slices are not at right angles",
            expected="ImageOrientationPatient (0020,0037) of two unit vectors at right angles",
            todo="Export the series again with its geometry",
        )


def _is_placed(header: Header) -> bool:
    """Whether a slice has a whole and finite geometry."""
    numbers = (*header.position_mm, *header.orientation, *header.spacing_mm)
    lengths = (len(header.position_mm), len(header.orientation), len(header.spacing_mm))
    whole = lengths == (3, 6, 2) and bool(np.isfinite(numbers).all())
    return whole and min(*header.size, *header.spacing_mm) > 0


def _all_near(rows: Sequence[Sequence[float]], tolerance: float) -> bool:
    table = np.asarray(rows, dtype=np.float64)
    return bool(np.abs(table - table[0]).max() <= tolerance)


def _require_even(along: NDArray[np.float64]) -> tuple[float, tuple[str, ...]]:
    """Slice distance in mm; refuses missing and doubled slices, tolerates a wobble."""
    if len(along) < 2:
        raise GeometryError(
            "GEOMETRY_ONE_SLICE",
            "the series has a single slice",
            expected="a volume of at least two slices",
            todo="Copy the whole series",
        )
    gaps = np.diff(along)
    usual = float(np.median(gaps))
    if gaps.min() < SAME_PLACE_MM:
        raise GeometryError(
            "GEOMETRY_DOUBLE_SLICE",
            "several different slices lie at the same place",
            found=f"{int(np.count_nonzero(gaps < SAME_PLACE_MM))} of {len(along)} slices doubled",
            todo="Give one volume alone, as the scanner exported it",
        )
    if np.abs(gaps / usual - 1).max() > GAP_TOLERANCE:
        raise GeometryError(
            "GEOMETRY_MISSING_SLICE",
            "the distances between the slices jump: slices are missing",
            expected=f"about {usual:.2f} mm",
            found=f"{gaps.min():.2f} to {gaps.max():.2f} mm",
            todo="Copy the whole series",
        )
    mean = float(gaps.mean())
    off = float(np.abs(along - along[0] - mean * np.arange(len(along))).max())
    if np.ptp(gaps) <= 0.01 * usual:
        return mean, ()
    wobble = f"GEOMETRY_UNEVEN: slice distances of {gaps.min():.2f} to {gaps.max():.2f} mm, "
    return mean, (f"{wobble}slices up to {off:.2f} mm off the even grid",)


def _odd_voxels(grid: Grid) -> tuple[str, ...]:
    """A warning where the voxel size can hardly be in millimetres."""
    if _VOXEL_MM[0] <= min(grid.spacing_mm) and max(grid.spacing_mm) <= _VOXEL_MM[1]:
        return ()
    size = " x ".join(f"{step:g}" for step in grid.spacing_mm)
    return (f"GEOMETRY_VOXEL: voxels of {size} mm (z, y, x) are unusual; check PixelSpacing",)
