"""Which outlines of a DICOM study make the lesion, and their mask on the PET's own grid.

Outlines are regions of structure sets (RTSTRUCT) and segments of segmentations (SEG).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pet_mtl.errors import MaskError
from pet_mtl.geometry import Grid
from pet_mtl.readers.headers import NOBODY, RT_STRUCTURE_SET, Header
from pet_mtl.readers.outline import Mask, Outline, Warnings
from pet_mtl.readers.roi import parts_of, select
from pet_mtl.readers.rtstruct import Region, read_regions
from pet_mtl.readers.seg import SEGMENTATIONS, SURFACES, read_seg

_HINT = "run `pet-mtl suv STUDY --list-rois` to see the names"


@dataclass(frozen=True)
class Outlines:
    """The outlines of a study that fit its PET.

    Attributes:
        on_pet: Those whose file says that it was drawn on the PET series.
        in_frame: The others in the PET's frame of reference, such as those drawn on its CT.
        warnings: What was odd about the files.
    """

    on_pet: tuple[Outline, ...]
    in_frame: tuple[Outline, ...]
    warnings: Warnings = ()

    @property
    def all(self) -> tuple[Outline, ...]:
        """Both, those drawn on the PET first."""
        return self.on_pet + self.in_frame


def outlines_of(headers: Sequence[Header], series: tuple[str, str, str]) -> Outlines:
    """All outlines that belong to the PET.

    Args:
        headers: All DICOM files of the study.
        series: Study, series and frame of reference UID of the PET.

    Returns:
        The outlines. A region that names the PET series itself counts even where
        de-identification gave it another frame of reference (it happens); a segment never does.

    Raises:
        MaskError: MASK_FRAME; there are outlines, but all in another frame of reference.
            MASK_SEG; a segmentation that cannot be read.
        ReadError: DICOM_UNREADABLE.
    """
    found = _read_all(headers)
    on_pet = [
        o for o in found
        if series[1] in o.series_uids and (isinstance(o, Region) or o.in_frame(series[2]))
    ]  # fmt: skip
    in_frame = [o for o in found if o not in on_pet and o.in_frame(series[2])]
    if found and not on_pet and not in_frame:
        raise MaskError(
            "MASK_FRAME",
            "the regions were drawn in another frame of reference than the PET's",
            expected="the FrameOfReferenceUID of the PET, or its SeriesInstanceUID",
            todo="Register them to the PET, or remove the structure set or segmentation",
        )
    warnings: Warnings = ()
    if any(header.sop_class == SURFACES for header in headers):
        warnings += ("MASK_SURFACE: a surface segmentation lies beside the PET and is not read",)
    sets = any(header.sop_class in (RT_STRUCTURE_SET, *SEGMENTATIONS) for header in headers)
    if sets and all(outline.is_empty for outline in found):
        warnings += ("MASK_NO_CONTOUR: a structure set or segmentation outlines nothing",)
    return Outlines(tuple(on_pet), tuple(in_frame), warnings)


def _read_all(headers: Sequence[Header]) -> list[Outline]:
    """The outlines of all files; a copy of a file counts once."""
    found: list[Outline] = []
    for header in headers:
        more: tuple[Outline, ...] = ()
        if header.sop_class == RT_STRUCTURE_SET:
            more = read_regions(header.path)
        elif header.sop_class in SEGMENTATIONS:
            more = read_seg(header.path)
        known = {outline.object_uid for outline in found} - {""}
        found += [outline for outline in more if outline.object_uid not in known]
    return found


def choose_outlines(outlines: Outlines, roi: str | None) -> tuple[Outline, ...]:
    """The outlines that make the lesion.

    Args:
        outlines: All of the study.
        roi: What `--roi` or the layout says; None if neither does.

    Returns:
        The only outline, or all that match; of those drawn on the PET, else of the others. Empty
        only where nothing is outlined and nothing was asked for.

    Raises:
        MaskError: MASK_WHICH, MASK_NO_MATCH, MASK_EMPTY, MASK_TWO_SETS.
    """
    drawn = [[o for o in pool if not o.is_empty] for pool in (outlines.on_pet, outlines.in_frame)]
    if roi is None:
        return _the_only(drawn[0] or drawn[1])
    chosen = select(roi, drawn[0]) or select(roi, drawn[1])
    if not chosen and select(roi, outlines.all):
        raise MaskError(
            "MASK_EMPTY",
            "the chosen region is listed, but not outlined",
            todo=f"Choose another region with --roi; {_HINT}",
        )
    if not chosen:
        raise MaskError(
            "MASK_NO_MATCH",
            "no region matches --roi",
            found=f"{sum(map(len, drawn))} regions of other names and numbers",
            todo=f"Change --roi; {_HINT}",
        )
    _require_one_source(chosen, roi)
    return chosen


def _the_only(drawn: Sequence[Outline]) -> tuple[Outline, ...]:
    """The one outline there is, if there is any."""
    if len(drawn) > 1:
        raise MaskError(
            "MASK_WHICH",
            "several regions are outlined and none is chosen",
            expected="one region, or --roi with names or numbers",
            found=f"{len(drawn)} regions",
            todo=f"Choose with --roi; {_HINT}",
        )
    return tuple(drawn)


def _require_one_source(chosen: Sequence[Outline], roi: str) -> None:
    """Refuses what may be the same lesion twice.

    Segmentations of one segment a file are usual, so several files are fine where every name is
    outlined once. A number says nothing across files.
    """
    names = {(outline.name.casefold(), outline.path) for outline in chosen}
    doubled = len(names) > len({name for name, _ in names})
    mixed = len({type(outline) for outline in chosen}) > 1
    numbers = [part for part in parts_of(roi) if part.isdecimal()]
    across = any(len({o.path for o in select(part, chosen)}) > 1 for part in numbers)
    if doubled or mixed or across:
        raise MaskError(
            "MASK_TWO_SETS",
            "the region is outlined in several structure sets or segmentations",
            expected="one file that outlines it",
            found=f"{len({outline.path for outline in chosen})}",
            todo="Name one region with --roi, or leave only the file you want in the folder",
        )


def patient_differs(
    chosen: Sequence[Outline], headers: Sequence[Header], series: tuple[str, str, str]
) -> Warnings:
    """Whether outlines bear another PatientID than the PET they name.

    Args:
        chosen: The outlines that make the lesion.
        headers: All DICOM files of the study.
        series: Study, series and frame of reference UID of the PET.

    Returns:
        MASK_PATIENT, or nothing; a placeholder such as ANONYMOUS names nobody and never differs.
    """
    own = {h.patient_id for h in headers if h.series == series}
    theirs = {h.patient_id for h in headers if h.path in {outline.path for outline in chosen}}
    known = [{one for one in ids if one and one.lower() not in NOBODY} for ids in (own, theirs)]
    if not all(known) or known[1] <= known[0]:
        return ()
    return (
        "MASK_PATIENT: the region bears another PatientID than the PET, though it names its "
        "series; check that it is the same patient's",
    )


def outline_mask(outlines: Sequence[Outline], grid: Grid, frame_uid: str) -> tuple[Mask, Warnings]:
    """The voxels of one outline, or of several together.

    Args:
        outlines: The chosen ones, at least one.
        grid: The PET's grid.
        frame_uid: FrameOfReferenceUID of the PET, or "".

    Returns:
        (z, y, x) bool mask, and warnings.

    Raises:
        MaskError: As `Outline.draw`.
        ReadError: DICOM_PIXELS.
    """
    mask = np.zeros(grid.shape, dtype=bool)
    warnings: Warnings = ()
    if len(outlines) > 1:
        warnings = (f"MASK_UNION: {len(outlines)} regions match and are taken together",)
    for outline in outlines:
        part, odd = outline.draw(grid)
        mask |= part
        warnings += tuple(text for text in odd if text not in warnings)
    if not all(outline.in_frame(frame_uid) for outline in outlines):
        warnings += ("MASK_FRAME: the region names the PET series but another frame",)
    return mask, warnings
