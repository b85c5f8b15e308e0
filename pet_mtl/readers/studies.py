"""Reading one study: PET in SUVbw and its mask, on the scanner's own grid."""

import numpy as np

from pet_mtl.errors import PetMtlError, SuvError
from pet_mtl.geometry import Grid
from pet_mtl.readers.attributes import series_attributes
from pet_mtl.readers.dicom import choose_series, read_values
from pet_mtl.readers.headers import Header, scan_headers
from pet_mtl.readers.images import read_suv_image, require_suv_range
from pet_mtl.readers.masks import (
    Mask,
    choose_regions,
    image_mask,
    in_frame,
    region_mask,
    regions_of,
    unread_segmentations,
)
from pet_mtl.readers.sidecar import sidecar_factor
from pet_mtl.study import Study, StudySource
from pet_mtl.suv import SuvFactor, suv_factor


def read_study(source: StudySource, roi: str | None = None, with_mask: bool = True) -> Study:
    """Reads a study that a search found.

    Args:
        source: The study.
        roi: Shell pattern of the names of the regions that make the lesion, any case.
        with_mask: Whether to read a mask that is there.

    Returns:
        The study; without mask if it has none or none is wanted.

    Raises:
        StudyError: The study cannot be used; `problem` says why and what to do.
    """
    try:
        if source.layout == "dicom":
            return _read_dicom(source, roi, with_mask)
        return _read_image(source, with_mask)
    except PetMtlError as error:
        raise error.about(source.name) from error.__cause__


def list_regions(source: StudySource) -> tuple[str, ...]:
    """The names of the regions outlined in a study's frame of reference.

    Args:
        source: The study.

    Returns:
        Free text of the source: for the user's eyes only.

    Raises:
        StudyError: The study cannot be read.
    """
    if source.layout != "dicom":
        return ()
    headers = scan_headers(source.path, source.files)
    series = choose_series(headers)
    return tuple(region.name for region in regions_of(headers, series.slices[0].series))


def _read_image(source: StudySource, with_mask: bool) -> Study:
    """A study from image files; the values are SUVbw unless a JSON beside them says more."""
    factor = SuvFactor(1.0)
    if source.sidecar_path is not None:
        factor = sidecar_factor(source.path, source.sidecar_path)
    suv, grid = read_suv_image(source.path, factor.factor)
    mask: Mask | None = None
    warnings = factor.warnings
    if with_mask and source.mask_path is not None:
        mask, odd = image_mask(source.mask_path, grid)
        warnings += odd
    return Study(
        source.name, source.patient_id, suv, grid, factor.factor, mask=mask, warnings=warnings
    )


def _read_dicom(source: StudySource, roi: str | None, with_mask: bool) -> Study:
    """A study from a DICOM folder."""
    headers = scan_headers(source.path, source.files)
    series = choose_series(headers)
    factor = _factor(series.slices)
    values = read_values(series) * factor.factor
    if factor.slice_weights:
        values *= np.asarray(factor.slice_weights)[:, None, None]
    suv = values.astype(np.float32)
    require_suv_range(suv)
    mask: Mask | None = None
    warnings: tuple[str, ...] = ()
    if with_mask:
        mask, warnings = _mask(source, headers, series.slices[0].series, (series.grid, roi))
    return Study(
        name=source.name,
        patient_id=series.slices[0].patient_id,
        suv=suv,
        grid=series.grid,
        suv_factor=factor.factor,
        reference_time=factor.reference_time,
        mask=mask,
        warnings=series.warnings + factor.warnings + warnings,
    )


def _factor(slices: tuple[Header, ...]) -> SuvFactor:
    """The SUV factor of a sorted series."""
    attributes = [header.suv for header in slices if header.suv is not None]
    if len(attributes) != len(slices):
        raise SuvError("SUV_UNITS", "a slice carries no PET attributes", todo="Export it again")
    return suv_factor(series_attributes(attributes))


def _mask(
    source: StudySource,
    headers: tuple[Header, ...],
    series: tuple[str, str, str],
    wanted: tuple[Grid, str | None],
) -> tuple[Mask | None, tuple[str, ...]]:
    """The mask from a structure set, else from an image file, else none."""
    grid, roi = wanted
    regions = regions_of(headers, series)
    if regions:
        chosen = choose_regions(regions, roi)
        mask, warnings = region_mask(chosen, grid)
        if not all(in_frame(region, series[2]) for region in chosen):
            warnings += ("MASK_FRAME: the region names the PET series but another frame",)
        return mask, warnings
    if source.mask_path is not None:
        return image_mask(source.mask_path, grid)
    return None, unread_segmentations(headers)
