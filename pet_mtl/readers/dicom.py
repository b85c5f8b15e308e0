"""One PET volume out of a study's DICOM images: chosen, checked, sorted, rescaled.

series.py      which series
volumes.py     whether it is one volume
stacking.py    where the slices lie
pixels.py      what they hold
multiframe.py  frames of enhanced objects as slices
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import Problem, SuvError
from pet_mtl.geometry import Grid
from pet_mtl.readers.headers import Header
from pet_mtl.readers.pixels import stored_values
from pet_mtl.readers.series import pick
from pet_mtl.readers.stacking import stack
from pet_mtl.readers.volumes import (
    refuse_time_series,
    refuse_two_acquisitions,
    without_copies,
)

__all__ = ["PetSeries", "choose_series", "read_values", "stack"]


@dataclass(frozen=True)
class PetSeries:
    """The slices of one PET series, sorted along the normal of the slices.

    Attributes:
        slices: Headers from the first to the last slice.
        grid: The volume's grid; array axis 0 runs along the normal.
        warnings: What was odd.
        passed_over: The study's other PET images, and why they were not taken.
    """

    slices: tuple[Header, ...]
    grid: Grid
    warnings: tuple[str, ...] = ()
    passed_over: tuple[Problem, ...] = ()


def choose_series(headers: Sequence[Header], number: int | None = None) -> PetSeries:
    """The one PET volume of a study.

    Args:
        headers: All DICOM images of the study.
        number: SeriesNumber that the user chose, or None.

    Returns:
        The series.

    Raises:
        ReadError: As `series.pick`; DICOM_DYNAMIC, DICOM_GATED, DICOM_TWO_ACQUISITIONS.
        GeometryError: The slices make no volume.
    """
    choice = pick(headers, number)
    kept, copies = without_copies(choice.slices)
    refuse_time_series(kept)
    refuse_two_acquisitions(kept)
    slices, grid, uneven = stack(kept)
    warnings = choice.warnings + copies + uneven + _count_warning(slices)
    return PetSeries(slices, grid, warnings, choice.passed_over)


def _count_warning(slices: tuple[Header, ...]) -> tuple[str, ...]:
    """Slices lost at an end, or every second one, leave no gap; only their number tells."""
    told = {header.slices_told for header in slices} - {None}
    if len(told) != 1 or (expected := told.pop()) == len(slices):
        return ()
    return (
        f"GEOMETRY_SLICE_COUNT: {len(slices)} slices are here, but the series says it has "
        f"{expected}; part of the body may be missing",
    )


def read_values(series: PetSeries) -> NDArray[np.float64]:
    """The rescaled values of a series, each slice with its own slope.

    Args:
        series: The slices.

    Returns:
        (z, y, x) stored values times RescaleSlope.

    Raises:
        ReadError: DICOM_PIXELS, DICOM_LOSSY, DICOM_PADDING.
        SuvError: SUV_INTERCEPT, SUV_SLOPE; the rescaling is not that of PET.

    Source: DICOM PS3.3 C.8.9.4.1.1: RescaleIntercept of PET is 0, the slope belongs to a slice.
    """
    slopes = [_slope(header) for header in series.slices]
    volume = np.empty(series.grid.shape, dtype=np.float64)
    for index, pixels in enumerate(stored_values(series.slices)):
        volume[index] = pixels * slopes[index]
    return volume


def _slope(header: Header) -> float:
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
            expected="RescaleSlope (0028,1053) above 0, that no real world mapping contradicts",
            found="nothing" if header.slope is None else f"{header.slope:g}",
            todo="Export the series again",
        )
    return header.slope
