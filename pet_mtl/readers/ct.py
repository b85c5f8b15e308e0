"""The CT of a study in Hounsfield units: which series, what is known of it, what is left out.

A CT is an addition: whatever is wrong with it becomes a warning, and the patient simply has none.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from pet_mtl.errors import PetMtlError
from pet_mtl.geometry import Grid
from pet_mtl.readers import values
from pet_mtl.readers.headers import Header
from pet_mtl.readers.images import read_image
from pet_mtl.readers.nifti import holds_non_finite
from pet_mtl.readers.pixels import decoded
from pet_mtl.readers.stacking import stack

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
# Enhanced CT, and the legacy images converted to it: several slices a file.
MULTIFRAME_CT = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
# Scouts, reformats and slabs: no axial stack of what was measured.
_NO_VOLUME = frozenset({"LOCALIZER", "DERIVED", "PROJECTION IMAGE", "MIP", "MINIP"})

# Scanners fill the corners outside their circle of reconstruction with about -2000 or -3024 HU.
# Air is -1000; 12-bit images end at -1024, and resampled ones may undershoot that somewhat.
PADDING_HU = -1500.0
_SOFT_TISSUE_HU = (-200.0, 200.0)
_FEWEST_SOFT = 0.01
_HIGHEST_HU = 1e5
_LEAST_SPAN_HU = 100.0
_FEW_SLICES = 0.9
_PROBES = 16


@dataclass(frozen=True)
class Ct:
    """What a study's CT came to.

    Attributes:
        hu: (z, y, x) float32 Hounsfield units, NaN where the image says nothing (padding outside
            the circle of reconstruction); None without a usable CT.
        grid: Its grid; None without.
        warnings: Why there is none, or what was odd, each starting with a stable code.
    """

    hu: NDArray[np.float32] | None = None
    grid: Grid | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Series:
    """A CT series that makes a volume."""

    slices: tuple[Header, ...]
    grid: Grid
    share: float

    @property
    def rank(self) -> tuple[float, int]:
        """Better series come first: more of the PET covered (in percent), then more slices."""
        return (-round(self.share, 2), -len(self.slices))


class _Unusable(Exception):
    """Why a CT is left out; the text is a warning."""


def read_ct(headers: Sequence[Header], frame: str, pet: Grid, image: Path | None = None) -> Ct:
    """The CT of a study: a DICOM series in the PET's frame of reference, else an image file.

    Of several series that make a volume, the one that covers most of the PET is taken, then the
    one with most slices, then the one of the lowest series number.

    Args:
        headers: All DICOM files of the study; empty for a study of image files.
        frame: FrameOfReferenceUID of the PET.
        pet: The PET's grid.
        image: A CT image file in HU, whose world is the PET's.

    Returns:
        The CT; without `hu` if there is none or none can be used. Nothing is raised.
    """
    found = _from_series(headers, frame, pet)
    if found.hu is not None or image is None:
        return found
    try:
        with values.lenient():
            hu, grid = _from_image(image, pet)
    except _Unusable as reason:
        return Ct(warnings=(*found.warnings, str(reason)))
    return Ct(hu, grid, (*found.warnings, *_partial(grid, pet)))


def _from_series(headers: Sequence[Header], frame: str, pet: Grid) -> Ct:
    """The best series that can be read."""
    groups, warnings = _groups(headers, frame)
    good: list[_Series] = []
    for group in groups:
        try:
            good.append(_stacked(group, pet))
        except _Unusable as reason:
            warnings += (str(reason),)
    # What makes no volume is told only if nothing else does: a CT comes with odd side series.
    tried: tuple[str, ...] = ()
    for place, series in enumerate(_ordered(good)):
        try:
            hu = _read(series)
        except _Unusable as reason:
            tried += (str(reason),)
            continue
        alike = sum(other.rank == series.rank for other in good) if place == 0 else 1
        return Ct(hu, series.grid, (*tried, *_alike(alike), *_partial(series.grid, pet)))
    return Ct(warnings=tuple(dict.fromkeys(warnings + tried)))


def _groups(headers: Sequence[Header], frame: str) -> tuple[list[list[Header]], tuple[str, ...]]:
    """CT images in the PET's frame by series; and why there are none."""
    images = [header for header in headers if header.sop_class in (CT_IMAGE, *MULTIFRAME_CT)]
    near = [header for header in images if frame and header.series[2] == frame]
    if images and not near:
        text = "CT_FRAME: the CT lies in another frame of reference than the PET; it is left out"
        return [], (text,)
    single = [h for h in near if h.sop_class == CT_IMAGE and h.frames <= 1]
    groups: dict[tuple[str, str, str], list[Header]] = defaultdict(list)
    for header in single:
        if not _NO_VOLUME & set(header.kinds):
            groups[header.series].append(header)
    if groups or not near:
        return list(groups.values()), ()
    if single:
        text = "CT_DERIVED: only localisers or derived CT images; they are left out"
        return [], (text,)
    return [], ("CT_MULTIFRAME: the CT is stored as multi-frame objects; it is left out",)


def _stacked(group: Sequence[Header], pet: Grid) -> _Series:
    """One series as a volume that overlaps the PET."""
    try:
        slices, grid, _ = stack(group)
    except PetMtlError as error:
        raise _Unusable(
            f"CT_GEOMETRY: the CT makes no volume ({error.problem.what}); it is left out"
        ) from error
    return _Series(slices, grid, _overlap(grid, pet))


def _overlap(grid: Grid, pet: Grid) -> float:
    """Share of the PET that a CT covers, above 0."""
    share = float(_covered(grid, pet).mean())
    if not share:
        raise _Unusable("CT_OUTSIDE: the CT does not overlap the PET; it is left out")
    return share


def _covered(grid: Grid, pet: Grid) -> NDArray[np.bool_]:
    """Whether the CT covers probes spread evenly over the PET, (z, y, x)."""
    places = [np.unique(np.linspace(0, n - 1, _PROBES).round()) for n in pet.shape]
    probes = pet.index_to_world(np.stack(np.meshgrid(*places, indexing="ij"), axis=-1))
    index = grid.world_to_index(probes)
    inside = (index >= -0.5) & (index <= np.asarray(grid.shape) - 0.5)  # (z, y, x, 3)
    return inside[..., 0] & inside[..., 1] & inside[..., 2]


def _partial(grid: Grid, pet: Grid) -> tuple[str, ...]:
    """A warning if whole PET slices lie beyond the CT; at its sides a CT is always narrower."""
    share = float(_covered(grid, pet).any(axis=(1, 2)).mean())
    if share >= _FEW_SLICES:
        return ()
    return (f"CT_PARTIAL: the CT reaches only {share:.0%} of the PET's slices",)


def _ordered(good: Sequence[_Series]) -> list[_Series]:
    """The best first; series alike by their number, so that every run takes the same."""
    return sorted(good, key=lambda s: (s.rank, _number(s.slices[0]), s.slices[0].series))


def _number(header: Header) -> float:
    """SeriesNumber; infinite where absent."""
    return math.inf if header.series_number is None else header.series_number


def _alike(count: int) -> tuple[str, ...]:
    if count < 2:
        return ()
    return (f"CT_SERIES: {count} CT series cover the PET alike; took the lowest series number",)


def _read(series: _Series) -> NDArray[np.float32]:
    """The Hounsfield units of a series."""
    volume = np.empty(series.grid.shape, dtype=np.float32)
    with values.lenient():
        for index, header in enumerate(series.slices):
            volume[index] = _slice_hu(header)
    return _checked(volume)


def _slice_hu(header: Header) -> NDArray[np.float64]:
    """One slice by its own slope and intercept, NaN where it is padding.

    Source: DICOM PS3.3 C.8.2.1 (CT Image: RescaleType is HU where absent), C.7.5.1.1.2 (padding).
    """
    try:
        dataset = pydicom.dcmread(header.path, force=True)
        stored = decoded(dataset)
    except values.BROKEN as error:
        raise _Unusable(
            "CT_PIXELS: the pixels of a CT slice cannot be read; the CT is left out"
        ) from error
    stored = stored.reshape(stored.shape[-2:]) if stored.shape[:-2] == (1,) else stored
    if stored.shape != header.size:
        raise _Unusable("CT_PIXELS: a CT slice does not have its stated size; the CT is left out")
    if values.text(dataset, "RescaleType").upper() not in ("", "HU"):
        raise _Unusable("CT_UNITS: the CT is not in Hounsfield units (RescaleType); it is left out")
    slope = values.number(dataset, "RescaleSlope")
    intercept = values.number(dataset, "RescaleIntercept")
    if not slope or intercept is None or not np.isfinite((slope, intercept)).all():
        raise _Unusable("CT_RESCALE: a CT slice has no usable rescaling; the CT is left out")
    hu = stored * np.float64(slope) + intercept
    padding = values.number(dataset, "PixelPaddingValue")
    if padding is not None:
        limit = values.number(dataset, "PixelPaddingRangeLimit")
        ends = sorted((padding, padding if limit is None else limit))
        hu[(stored >= ends[0]) & (stored <= ends[1])] = np.nan
    return hu


def _from_image(path: Path, pet: Grid) -> tuple[NDArray[np.float32], Grid]:
    """An image file whose values are HU."""
    try:
        hu, grid = read_image(path)
    except (PetMtlError, *values.BROKEN) as error:
        raise _Unusable("CT_UNREADABLE: the CT image cannot be read; it is left out") from error
    # ITK turns the NaN of a NIfTI file into 0, which would be water.
    if path.name.lower().endswith((".nii", ".nii.gz")) and holds_non_finite(path):
        raise _Unusable("CT_RANGE: the CT image holds NaN or infinite values; it is left out")
    _overlap(grid, pet)
    return _checked(hu), grid


def _checked(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Marks padding as unknown, and refuses what cannot be the HU of a body."""
    np.putmask(hu, hu < PADDING_HU, np.nan)
    probe = hu[:, ::2, ::2]
    known = probe[np.isfinite(probe)]
    if not known.size:
        raise _Unusable("CT_RANGE: the CT holds nothing but padding; it is left out")
    low, high = float(np.nanmin(hu)), float(np.nanmax(hu))
    if low >= 0 or high > _HIGHEST_HU or high - low < _LEAST_SPAN_HU:
        raise _Unusable(
            f"CT_RANGE: values of {low:.4g} to {high:.4g} cannot be Hounsfield units, where air is "
            "-1000 and water 0; the CT is left out"
        )
    soft = (known > _SOFT_TISSUE_HU[0]) & (known < _SOFT_TISSUE_HU[1])
    if soft.mean() < _FEWEST_SOFT:
        raise _Unusable(
            "CT_RANGE: hardly a voxel of the CT lies between -200 and 200 HU, as soft tissue does; "
            "it is left out"
        )
    return hu
