"""The lesion mask of a study, on the PET's own grid: from RTSTRUCT or from an image file."""

import fnmatch
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.errors import MaskError
from pet_mtl.geometry import Grid, to_sitk
from pet_mtl.readers.headers import RT_STRUCTURE_SET, SEGMENTATION, Header
from pet_mtl.readers.images import read_image
from pet_mtl.readers.rtstruct import Region, rasterise, read_regions

Mask = NDArray[np.bool_]


def regions_of(headers: Sequence[Header], series: tuple[str, str, str]) -> tuple[Region, ...]:
    """All regions drawn in the PET's frame of reference.

    Args:
        headers: All DICOM files of the study.
        series: Study, series and frame of reference UID of the PET.

    Returns:
        The regions. If structure sets name the PET series itself, only theirs, even where
        de-identification gave their regions another frame of reference (it happens).

    Raises:
        MaskError: MASK_FRAME; there are regions, but all in another frame of reference.
    """
    paths = [header.path for header in headers if header.sop_class == RT_STRUCTURE_SET]
    regions = [region for path in paths for region in read_regions(path)]
    on_pet = [region for region in regions if series[1] in region.series_uids]
    fitting = on_pet or [region for region in regions if in_frame(region, series[2])]
    if regions and not fitting:
        raise MaskError(
            "MASK_FRAME",
            "the regions were drawn in another frame of reference than the PET's",
            expected="the FrameOfReferenceUID of the PET, or its SeriesInstanceUID",
            todo="Register them to the PET, or remove the structure set",
        )
    return tuple(fitting)


def in_frame(region: Region, frame_uid: str) -> bool:
    """Whether a region claims the PET's frame of reference, or either claims none.

    Args:
        region: The region.
        frame_uid: FrameOfReferenceUID of the PET, or "".

    Returns:
        False where both name one and they differ.
    """
    return not region.frame_uid or not frame_uid or region.frame_uid == frame_uid


def choose_regions(regions: Sequence[Region], pattern: str | None) -> tuple[Region, ...]:
    """The regions that make the lesion.

    Args:
        regions: All of the study, at least one.
        pattern: Shell pattern of their names, any case; None if the user gave none.

    Returns:
        The only region, or all that match.

    Raises:
        MaskError: MASK_WHICH, MASK_NO_MATCH, MASK_TWO_SETS.
    """
    hint = "run `pet-mtl suv STUDY --list-rois` to see the names"
    if pattern is None and len(regions) > 1:
        raise MaskError(
            "MASK_WHICH",
            "several regions are outlined and none is chosen",
            expected="one region, or --roi PATTERN",
            found=f"{len(regions)} regions",
            todo=f"Choose with --roi; {hint}",
        )
    wanted = (pattern or "*").casefold()
    chosen = [r for r in regions if fnmatch.fnmatchcase(r.name.casefold(), wanted)]
    if not chosen:
        raise MaskError(
            "MASK_NO_MATCH",
            "no region matches --roi",
            found=f"{len(regions)} regions of other names",
            todo=f"Change --roi; {hint}",
        )
    if len({region.path for region in chosen}) > 1:
        raise MaskError(
            "MASK_TWO_SETS",
            "the region is outlined in several structure sets",
            expected="one structure set",
            found=f"{len({region.path for region in chosen})}",
            todo="Leave only the structure set you want in the folder",
        )
    return tuple(chosen)


def region_mask(regions: Sequence[Region], grid: Grid) -> tuple[Mask, tuple[str, ...]]:
    """The voxels of one region, or of several together.

    Args:
        regions: The chosen regions.
        grid: The PET's grid.

    Returns:
        (z, y, x) bool mask, and warnings.

    Raises:
        MaskError: As `rasterise`.
    """
    mask = np.zeros(grid.shape, dtype=bool)
    warnings: tuple[str, ...] = ()
    if len(regions) > 1:
        warnings = (f"MASK_UNION: {len(regions)} regions match and are taken together",)
    for region in regions:
        part, odd = rasterise(region.contours, grid)
        mask |= part
        warnings += odd
    return mask, warnings


def image_mask(path: Path, grid: Grid) -> tuple[Mask, tuple[str, ...]]:
    """A mask from an image file; any voxel above 0 belongs to the lesion.

    Args:
        path: NIfTI, NRRD or MHA. One on another grid is interpolated linearly, and what is at
            least half filled counts.
        grid: The PET's grid.

    Returns:
        (z, y, x) bool mask, and warnings.

    Raises:
        MaskError: MASK_EMPTY, MASK_OUTSIDE, MASK_LABELS.
        ReadError: The file cannot be read.
    """
    image, own = read_image(path)
    labels = np.unique(image)
    _require_binary(labels)
    mask, warnings = image > 0.5 * float(labels[-1]), ()
    if own.matches(grid):
        return mask, warnings
    moved = sitk.Resample(
        to_sitk(mask.astype(np.float32), own),
        to_sitk(np.zeros(grid.shape, np.uint8), grid),
        sitk.Transform(),
        sitk.sitkLinear,
        0.0,
    )
    resampled = sitk.GetArrayFromImage(moved) >= 0.5
    if not resampled.any():
        raise MaskError(
            "MASK_OUTSIDE",
            "the mask lies outside the PET, or holds no whole voxel of it",
            todo="Check that mask and PET belong to the same scan",
        )
    return resampled, ("MASK_RESAMPLED: the mask lay on another grid than the PET",)


def _require_binary(labels: NDArray[np.float32]) -> None:
    """Refuses a mask without lesion, and one of several labels."""
    if labels[-1] <= 0:
        raise MaskError(
            "MASK_EMPTY", "the mask holds no voxel", todo="Remove the mask file, or draw the lesion"
        )
    if len(labels) > 2 or labels[0] < 0 or not np.isfinite(labels).all():
        raise MaskError(
            "MASK_LABELS",
            "the mask holds more than lesion and background",
            expected="two values, 0 and one above",
            found=f"{len(labels)} different values",
            todo="Save the wanted label alone as a mask",
        )


def unread_segmentations(headers: Sequence[Header]) -> tuple[str, ...]:
    """A warning where a DICOM SEG lies beside the PET that is not read."""
    if any(header.sop_class == SEGMENTATION for header in headers):
        return ("MASK_SEG: a DICOM SEG object lies beside the PET and is not read",)
    return ()
