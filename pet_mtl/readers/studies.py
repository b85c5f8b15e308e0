"""Reading one study: PET in SUVbw and its mask, on the scanner's own grid."""

from dataclasses import replace

import numpy as np

from pet_mtl.errors import PetMtlError, SuvError
from pet_mtl.geometry import Grid
from pet_mtl.readers.attributes import series_attributes
from pet_mtl.readers.ct import read_ct
from pet_mtl.readers.dicom import choose_series, read_values
from pet_mtl.readers.headers import Header, scan_headers
from pet_mtl.readers.images import read_suv_image, require_suv_range
from pet_mtl.readers.labels import image_mask, read_labels
from pet_mtl.readers.masks import choose_outlines, outline_mask, outlines_of, patient_differs
from pet_mtl.readers.outline import Mask
from pet_mtl.readers.placing import judge_size
from pet_mtl.readers.sidecar import sidecar_factor, sidecar_maker
from pet_mtl.study import Study, StudySource
from pet_mtl.suv import SuvAttributes, SuvFactor, body_of, suv_factor

_RANGE_TODO = "Check dose, weight and times of the series, and how its pixels are stored"


def read_study(
    source: StudySource,
    roi: str | None = None,
    with_mask: bool = True,
    with_ct: bool = False,
    headers: tuple[Header, ...] = (),
) -> Study:
    """Reads a study that a search found.

    Args:
        source: The study.
        roi: Which regions, segments or labels make the lesion: names (`*` and `?` allowed, any
            case) or numbers, separated by commas. Without it, what the layout itself says.
        with_mask: Whether to read a mask that is there.
        with_ct: Whether to read a CT that is there; a CT that cannot be used is a warning.
        headers: Of its DICOM files, if they have been scanned already.

    Returns:
        The study; without mask or CT if it has none or none is wanted.

    Raises:
        StudyError: The study cannot be used; `problem` says why and what to do.
    """
    try:
        if source.layout == "dicom":
            headers = headers or scan_headers(source.path, source.files)
            study = _read_dicom(source, roi, with_mask, with_ct, headers)
        else:
            study = _read_image(source, roi, with_mask)
            study = _with_ct(study, source) if with_ct else study
        return replace(study, case=source.case)
    except PetMtlError as error:
        raise error.about(source.name) from error.__cause__


def list_regions(source: StudySource, headers: tuple[Header, ...] = ()) -> tuple[str, ...]:
    """The names of the regions, segments or labels outlined in a study's frame of reference.

    Args:
        source: The study.
        headers: As in `read_study`.

    Returns:
        Free text of the source: for the user's eyes only; the number of what has no name.

    Raises:
        StudyError: The study cannot be read.
    """
    try:
        if source.layout == "dicom":
            headers = headers or scan_headers(source.path, source.files)
            series = choose_series(headers, source.series)
            found = outlines_of(headers, series.slices[0].series).all
            names = tuple(o.name or str(o.number) for o in found if not o.is_empty)
            if names:
                return names
        labels = read_labels(source.mask_path).labels if source.mask_path else ()
        return tuple(label.name or str(label.number) for label in labels)
    except PetMtlError as error:
        raise error.about(source.name) from error.__cause__


def _read_image(source: StudySource, roi: str | None, with_mask: bool) -> Study:
    """A study from image files; the values are SUVbw unless a JSON beside them says more."""
    factor, maker = SuvFactor(1.0, rule="image file: SUVbw as stored"), ("", "")
    if source.sidecar_path is not None:
        factor = sidecar_factor(source.path, source.sidecar_path)
        maker = sidecar_maker(source.path, source.sidecar_path)
    suv, grid = read_suv_image(source.path, factor.factor)
    mask: Mask | None = None
    warnings = factor.warnings
    if with_mask and source.mask_path is not None:
        mask, odd = image_mask(source.mask_path, grid, roi or source.roi)
        warnings += odd + judge_size(mask)
    return Study(
        source.name, source.patient_id, suv, grid, factor.factor, mask=mask, warnings=warnings,
        suv_rule=factor.rule, maker=maker,
    )  # fmt: skip


def _with_ct(
    study: Study, source: StudySource, headers: tuple[Header, ...] = (), frame: str = ""
) -> Study:
    """The same study with its CT, if it has one that can be used."""
    ct = read_ct(headers, frame, study.grid, source.ct_path)
    return replace(study, ct=ct.hu, ct_grid=ct.grid, warnings=study.warnings + ct.warnings)


def _read_dicom(
    source: StudySource,
    roi: str | None,
    with_mask: bool,
    with_ct: bool,
    headers: tuple[Header, ...],
) -> Study:
    """A study from DICOM files."""
    series = choose_series(headers, source.series)
    attributes = _attributes(series.slices)
    factor = suv_factor(attributes)
    values = read_values(series)
    values *= factor.factor
    if factor.slice_weights:
        values *= np.asarray(factor.slice_weights)[:, None, None]
    suv = values.astype(np.float32)
    require_suv_range(suv, _RANGE_TODO)
    mask: Mask | None = None
    warnings: tuple[str, ...] = ()
    if with_mask:
        mask, warnings = _mask(source, headers, series.slices[0].series, (series.grid, roi))
    study = Study(
        name=source.name,
        patient_id=series.slices[0].patient_id,
        suv=suv,
        grid=series.grid,
        suv_factor=factor.factor,
        reference_time=factor.reference_time,
        suv_rule=factor.rule,
        mask=mask,
        warnings=series.warnings + factor.warnings + warnings,
        body=body_of(attributes),
        passed_over=series.passed_over,
        maker=series.slices[0].maker,
    )
    frame = series.slices[0].series[2]
    return _with_ct(study, source, headers, frame) if with_ct else study


def _attributes(slices: tuple[Header, ...]) -> SuvAttributes:
    """What a sorted series says that matters for SUV."""
    attributes = [header.suv for header in slices if header.suv is not None]
    if len(attributes) != len(slices):
        raise SuvError("SUV_UNITS", "a slice carries no PET attributes", todo="Export it again")
    return series_attributes(attributes)


def _mask(
    source: StudySource,
    headers: tuple[Header, ...],
    series: tuple[str, str, str],
    wanted: tuple[Grid, str | None],
) -> tuple[Mask | None, tuple[str, ...]]:
    """The mask from RTSTRUCT or SEG, else from an image file, else none."""
    grid, roi = wanted
    roi = roi or source.roi
    outlines = outlines_of(headers, series)
    chosen = choose_outlines(outlines, roi) if outlines.all else ()
    if chosen:
        mask, warnings = outline_mask(chosen, grid, series[2])
        warnings += patient_differs(chosen, headers, series)
    elif source.mask_path is not None:
        mask, warnings = image_mask(source.mask_path, grid, roi)
    else:
        return None, outlines.warnings
    return mask, outlines.warnings + warnings + judge_size(mask)
