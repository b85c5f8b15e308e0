"""One PET series out of a DICOM folder: which one, in what order, in what geometry.

File names, folder structure, InstanceNumber and SliceLocation are not trusted; series are told
apart by their UIDs and slices sorted by ImagePositionPatient (DICOM PS3.3 C.7.6.2.1.1).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pydicom
from numpy.typing import NDArray

from pet_mtl.errors import GeometryError, ReadError, SuvError
from pet_mtl.geometry import Grid
from pet_mtl.readers import values
from pet_mtl.readers.headers import ENHANCED_PET, PET_IMAGE, Header, unreadable

_PARALLEL = 1e-4
_DRIFT_MM = 0.05
# Real series wobble by up to 3 %; a missing slice doubles a gap.
_GAP_TOLERANCE = 0.10
_MODALITIES = {
    "CT", "MR", "NM", "PT", "US", "CR", "DX", "SC", "OT", "PR", "KO", "SR", "SEG", "REG", "DOC",
    "RTSTRUCT", "RTPLAN", "RTDOSE", "RTIMAGE", "RWV",
}  # fmt: skip
_PROJECTIONS = {"REPROJECTION", "MIP", "PROJECTION IMAGE", "MAXIMUM INTENSITY PROJECTION"}


@dataclass(frozen=True)
class PetSeries:
    """The slices of one PET series, sorted along the normal of the slices.

    Attributes:
        slices: Headers from the first to the last slice.
        grid: The volume's grid; array axis 0 runs along the normal.
        warnings: What was odd.
    """

    slices: tuple[Header, ...]
    grid: Grid
    warnings: tuple[str, ...] = ()


def choose_series(headers: Sequence[Header]) -> PetSeries:
    """The one PET series of a study.

    Args:
        headers: All DICOM files of the study.

    Returns:
        The series. Of several, the only attenuation-corrected one.

    Raises:
        ReadError: DICOM_NO_PET, DICOM_MULTIFRAME, DICOM_TWO_SERIES, DICOM_DYNAMIC, DICOM_GATED.
        GeometryError: The slices make no volume.
    """
    groups = _volumes(headers)
    warnings: tuple[str, ...] = ()
    if len(groups) > 1:
        corrected = [g for g in groups if g[0].suv and "ATTN" in g[0].suv.corrected]
        if len(corrected) != 1:
            raise _two_series(len(groups), len(corrected))
        warnings = (f"DICOM_SERIES: {len(groups)} PET series; took the attenuation-corrected one",)
        groups = corrected
    _refuse_time_series(groups[0])
    slices, grid, uneven = stack(groups[0])
    return PetSeries(slices, grid, warnings + uneven)


def _volumes(headers: Sequence[Header]) -> list[list[Header]]:
    """The PET images by series, projections left out."""
    pet = [header for header in headers if header.modality == "PT"]
    if any(header.sop_class in ENHANCED_PET or header.frames > 1 for header in pet):
        raise ReadError(
            "DICOM_MULTIFRAME",
            "the PET is stored as a multi-frame (enhanced) object",
            expected="one file a slice",
            todo="Convert it to single-frame PET images first (e.g. with dcuncat or emf2sf)",
        )
    groups: dict[tuple[str, str, str], list[Header]] = defaultdict(list)
    for header in pet:
        if header.sop_class == PET_IMAGE and not _PROJECTIONS & set(header.kinds):
            groups[header.series].append(header)
    if not groups:
        raise _no_pet(headers)
    return list(groups.values())


def _no_pet(headers: Sequence[Header]) -> ReadError:
    # What is none of DICOM's codes may be anything, even a name.
    counts = Counter(h.modality if h.modality in _MODALITIES else "other" for h in headers)
    found = ", ".join(f"{count} {modality} files" for modality, count in sorted(counts.items()))
    return ReadError(
        "DICOM_NO_PET",
        "the folder holds no PET series",
        expected="images of Modality PT",
        found=found or "no DICOM file",
        todo="Put the PET series into the patient's folder; CT alone gives no SUV",
    )


def _two_series(count: int, corrected: int) -> ReadError:
    return ReadError(
        "DICOM_TWO_SERIES",
        "the study holds several PET series and nothing decides between them",
        expected="one PET series, or one that is attenuation-corrected",
        found=f"{count} PET series, {corrected} of them attenuation-corrected",
        todo="Leave only the series you want in the folder, or give that series' own folder",
    )


def _refuse_time_series(slices: Sequence[Header]) -> None:
    """Refuses dynamic and gated series ([C] C.8.9.1.1.4, SeriesType)."""
    for kind in ("DYNAMIC", "GATED"):
        if kind in slices[0].kinds:
            raise ReadError(
                f"DICOM_{kind}",
                f"the PET series is {kind.lower()}: several volumes over time",
                expected="SeriesType STATIC or WHOLE BODY",
                found=kind,
                todo="Give a static reconstruction",
            )


def stack(headers: Sequence[Header]) -> tuple[tuple[Header, ...], Grid, tuple[str, ...]]:
    """Sorts slices by position and makes their grid.

    Args:
        headers: The slices of one series, in any order.

    Returns:
        The slices along the normal, the grid, and warnings.

    Raises:
        GeometryError: Slices that are not parallel, not of one size, missing or doubled.
    """
    _require_same_plane(headers)
    spacing, cosines = headers[0].spacing_mm, np.asarray(headers[0].orientation)
    row, column = cosines[:3], cosines[3:]  # directions of growing column and row index
    normal = np.cross(row, column)
    positions = np.asarray([header.position_mm for header in headers])  # (slices, 3)
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    gap, warnings = _require_even(along[order])
    drift = np.ptp(positions @ np.stack([row, column], axis=1), axis=0).max()
    if drift > _DRIFT_MM:
        raise GeometryError(
            "GEOMETRY_SHEARED",
            "the slices are shifted against each other",
            expected="positions along the normal of the slices",
            found=f"{drift:.2f} mm sideways",
            todo="Resample a tilted (gantry tilt) series to an orthogonal grid first",
        )
    x, y, z = positions[order[0]]
    axes = np.stack([normal, column, row], axis=1)
    grid = Grid(
        (len(headers), *headers[0].size),
        (gap, spacing[0], spacing[1]),
        (float(x), float(y), float(z)),
        tuple(float(value) for value in axes.ravel()),
    )
    return tuple(headers[i] for i in order), grid, warnings


def _require_same_plane(headers: Sequence[Header]) -> None:
    """Refuses slices of different size, spacing or orientation."""
    first = headers[0]
    complete = all(
        (len(h.position_mm), len(h.orientation), len(h.spacing_mm)) == (3, 6, 2) and min(h.size) > 0
        for h in headers
    )
    if not complete:
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
    if gaps.min() < 0.01:
        raise GeometryError(
            "GEOMETRY_DOUBLE_SLICE",
            "several slices lie at the same place",
            found=f"{int(np.count_nonzero(gaps < 0.01))} of {len(along)} slices doubled",
            todo="Remove the copies; a dynamic or gated series is not supported",
        )
    if np.abs(gaps / usual - 1).max() > _GAP_TOLERANCE:
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


def read_values(series: PetSeries) -> NDArray[np.float64]:
    """The rescaled values of a series, each slice with its own slope.

    Args:
        series: The slices.

    Returns:
        (z, y, x) stored values times RescaleSlope.

    Raises:
        ReadError: DICOM_PIXELS; pixels missing, damaged or compressed in an unknown way.
        SuvError: SUV_INTERCEPT, SUV_SLOPE; the rescaling is not that of PET.

    Source: DICOM PS3.3 C.8.9.4.1.1: RescaleIntercept of PET is 0, the slope belongs to a slice.
    """
    volume = np.empty(series.grid.shape, dtype=np.float64)
    with values.lenient():
        for index, header in enumerate(series.slices):
            _require_rescaling(header)
            volume[index] = _pixels(header) * (header.slope or 0.0)
    return volume


def _require_rescaling(header: Header) -> None:
    if header.intercept != 0:
        raise SuvError(
            "SUV_INTERCEPT",
            "the stored values have an offset",
            expected="RescaleIntercept (0028,1052) 0, as PET requires",
            found=f"{header.intercept:g}",
            todo="Export the series again; it was rescaled by other software",
        )
    if header.slope is None or not 0 < header.slope < float("inf"):
        raise SuvError(
            "SUV_SLOPE",
            "a slice has no usable rescale slope",
            expected="RescaleSlope (0028,1053) above 0",
            found="nothing" if header.slope is None else f"{header.slope:g}",
            todo="Export the series again",
        )


def _pixels(header: Header) -> NDArray[np.float64]:
    """Stored values of one slice, (y, x)."""
    try:
        pixels = np.asarray(pydicom.dcmread(header.path, force=True).pixel_array)
    except values.BROKEN as error:
        raise _no_pixels(header) from error
    if pixels.shape != header.size:
        raise _no_pixels(header)
    return pixels.astype(np.float64)


def _no_pixels(header: Header) -> ReadError:
    error = unreadable(header.path)
    return ReadError(
        "DICOM_PIXELS",
        "the pixels of a slice cannot be read",
        expected=f"{header.size[0]} x {header.size[1]} pixels",
        todo="Copy the series again; decompress it if it uses an unusual compression",
        subject=error.subject,
    )
