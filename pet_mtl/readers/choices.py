"""The PET series of a study, for a person to choose one."""

from dataclasses import dataclass

import pydicom

from pet_mtl.errors import PetMtlError
from pet_mtl.readers import values
from pet_mtl.readers.headers import Header, scan_headers
from pet_mtl.readers.series import volumes
from pet_mtl.readers.volumes import time_series
from pet_mtl.study import StudySource
from pet_mtl.suv.codes import UNITS

_LONGEST = 60


@dataclass(frozen=True)
class SeriesFacts:
    """What tells the PET series of a study apart.

    Nothing of it identifies, but for `reconstruction`.

    Attributes:
        number: SeriesNumber, or None.
        images: Number of images.
        size: (Rows, Columns).
        units: Units, or "".
        corrected: Whether it is corrected for attenuation.
        kind: "static", "dynamic" or "gated".
        original: Whether ImageType says ORIGINAL.
        start: Time of day of the series, HH:MM, or "".
        reconstruction: ReconstructionMethod and ConvolutionKernel, or "": free text of the source,
            for the user's eyes only.
    """

    number: int | None
    images: int
    size: tuple[int, int]
    units: str
    corrected: bool
    kind: str
    original: bool
    start: str
    reconstruction: str = ""


def list_series(source: StudySource) -> tuple[SeriesFacts, ...]:
    """The PET series of a DICOM study.

    Args:
        source: The study.

    Returns:
        One entry a series, in the order of their numbers; empty for image files.

    Raises:
        StudyError: The study cannot be read, or holds no PET.
    """
    if source.layout != "dicom":
        return ()
    try:
        groups = volumes(scan_headers(source.path, source.files))[0]
    except PetMtlError as error:
        raise error.about(source.name) from error.__cause__
    return tuple(_facts(group) for group in groups)


def _facts(group: tuple[Header, ...]) -> SeriesFacts:
    first, told = group[0], group[0].suv
    start = told.series if told else None
    return SeriesFacts(
        number=first.series_number,
        images=len(group),
        size=first.size,
        units=told.units if told and told.units in UNITS else "",
        corrected=bool(told and "ATTN" in told.corrected),
        kind=time_series(group).lower() or "static",
        original="ORIGINAL" in first.kinds,
        start=f"{start:%H:%M}" if start else "",
        reconstruction=_reconstruction(first),
    )


def _reconstruction(header: Header) -> str:
    """What tells two reconstructions apart (PS3.3 C.8.9.1), cut to what fits a line."""
    tags = ["ReconstructionMethod", "ConvolutionKernel"]
    try:
        with values.lenient():
            dataset = pydicom.dcmread(
                header.path, specific_tags=tags, stop_before_pixels=True, force=True
            )
            told = [values.text(dataset, tag) for tag in tags]
    except values.BROKEN:
        return ""
    return "".join(sign for sign in ", ".join(filter(None, told)) if sign.isprintable())[:_LONGEST]
