"""Whether the images of a series are one volume: copies dropped, several volumes refused.

SeriesType and ImageType are asked first, but a series that is dynamic or gated without saying
so shows it: its slices lie at the same places at different times or phases.
"""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import ReadError
from pet_mtl.readers.headers import Header
from pet_mtl.readers.pixels import stored_values
from pet_mtl.readers.stacking import GAP_TOLERANCE, sorted_slices

_TIME_SERIES = ("DYNAMIC", "GATED")
Places = dict[tuple[float, ...], list[Header]]


def without_copies(slices: Sequence[Header]) -> tuple[tuple[Header, ...], tuple[str, ...]]:
    """Drops images that say and hold the same as another one.

    Args:
        slices: The images of one series.

    Returns:
        The images, each once, and a warning if any was dropped.

    Raises:
        ReadError: The pixels of images at the same place cannot be read.
        GeometryError: As `stacking.sorted_slices`.
    """
    sorted_slices(slices)  # an image without a place has no copy
    kept = [one for group in _by_place(slices).values() for one in _distinct(group)]
    copies = len(slices) - len(kept)
    if not copies:
        return tuple(slices), ()
    return tuple(kept), (f"DICOM_COPIES: {copies} of {len(slices)} images are copies of others",)


def refuse_time_series(slices: Sequence[Header]) -> None:
    """Refuses a series of several volumes.

    Args:
        slices: The images of one series, without copies.

    Raises:
        ReadError: DICOM_DYNAMIC, DICOM_GATED.

    Source: DICOM PS3.3 C.8.9.1.1.4 (SeriesType).
    """
    kind = time_series(slices)
    if kind == "DYNAMIC":
        raise ReadError(
            "DICOM_DYNAMIC",
            "the PET series is dynamic: several volumes over time",
            expected="SeriesType STATIC or WHOLE BODY, one image a place",
            todo="Give a static reconstruction",
        )
    if kind == "GATED":
        raise ReadError(
            "DICOM_GATED",
            "the PET series is gated: several volumes, one a phase",
            expected="SeriesType STATIC or WHOLE BODY, one image a place",
            todo="Give a static (ungated) reconstruction",
        )


def time_series(slices: Sequence[Header]) -> str:
    """DYNAMIC or GATED, as the series says or as its images show; "" for neither."""
    for kind in _TIME_SERIES:
        if any(kind in one.kinds for one in slices):
            return kind
    repeated = [group for group in _by_place(slices).values() if len(group) > 1]
    # A few doubled slices are a fault; a volume that lies there twice has most of them doubled.
    if 3 * sum(map(len, repeated)) < 2 * len(slices):
        return ""
    if any(len({_moment(one) for one in group}) > 1 for group in repeated):
        return "DYNAMIC"
    return "GATED" if any(len({one.gate for one in group}) > 1 for group in repeated) else ""


def refuse_two_acquisitions(slices: Sequence[Header]) -> None:
    """Refuses two scans in one series: apart with a gap between them, or interleaved.

    Beds follow each other, so the moments of acquisition change a few times along the body.

    Args:
        slices: The images of one volume, in any order.

    Raises:
        ReadError: DICOM_TWO_ACQUISITIONS.
        GeometryError: As `stacking.sorted_slices`.
    """
    ordered, along = sorted_slices(slices)
    if _apart(ordered, along) or _interleaved(ordered):
        raise ReadError(
            "DICOM_TWO_ACQUISITIONS",
            "the PET series holds two acquisitions",
            expected="one scan, its beds next to each other",
            todo="Export each acquisition as a series of its own",
        )


def _apart(ordered: Sequence[Header], along: NDArray[np.float64]) -> bool:
    """Whether a gap parts images of different AcquisitionNumber."""
    if len(along) < 2:
        return False
    gaps = np.diff(along)
    jumps = np.flatnonzero(gaps > (1 + GAP_TOLERANCE) * np.median(gaps)) + 1
    for place in jumps.tolist():
        before, after = (
            {h.acquisition for h in part} for part in (ordered[:place], ordered[place:])
        )
        if "" not in before | after and not before & after:
            return True
    return False


def _interleaved(ordered: Sequence[Header]) -> bool:
    """Whether images of few different acquisitions alternate along the body."""
    for told in ([h.acquisition for h in ordered], [_moment(h)[0] for h in ordered]):
        changes = sum(a != b for a, b in itertools.pairwise(told))
        if changes >= 2 * len(set(told)):
            return True
    return False


def _by_place(slices: Sequence[Header]) -> Places:
    """Images by where they lie, in hundredths of a millimetre."""
    places: Places = defaultdict(list)
    for one in slices:
        numbers = (*one.position_mm, *one.orientation)
        places[tuple(round(number, 2) for number in numbers)].append(one)
    return places


def _distinct(group: list[Header]) -> list[Header]:
    """One of every set of images that say the same and hold the same pixels."""
    kept: list[Header] = []
    for one in group:
        if not any(_is_copy(one, other) for other in kept):
            kept.append(one)
    return kept


def _is_copy(one: Header, other: Header) -> bool:
    """Whether two images differ in nothing but their file and instance."""
    facts = [replace(h, path=Path(), instance="", frame=0, frames=1) for h in (one, other)]
    if facts[0] != facts[1]:
        return False
    first, second = (next(stored_values([h])) for h in (one, other))
    return bool(np.array_equal(first, second))


def _moment(one: Header) -> tuple[object, ...]:
    """When an image was measured, as far as it says."""
    frame = one.suv.frames[0] if one.suv and one.suv.frames else None
    return (frame.acquired, frame.reference_s, frame.duration_s) if frame else (None,)
