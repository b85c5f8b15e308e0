"""Study to Sample, in two steps: what must be read once, and what depends on the cohort."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import StudyError
from pet_mtl.preprocess.crop import (
    Point,
    UprightVolume,
    cut_patches,
    mask_centre_mm,
    upright,
    with_ct,
)
from pet_mtl.preprocess.ct import crop_ct
from pet_mtl.preprocess.locate import uptake_centre
from pet_mtl.preprocess.plan import Fingerprint
from pet_mtl.preprocess.scanner import scanner_mark
from pet_mtl.sample import GridPlan, Sample
from pet_mtl.study import Outcome, Study

CENTRE_GUESSED = "CENTRE_GUESSED: no mask; the cubes are centred on the hottest region"


@dataclass(frozen=True)
class StudyFacts:
    """What is known of a study once it has been read; small enough to keep for a cohort.

    Attributes:
        fingerprint: What it adds to the plan of the cubes.
        centre_mm: World point (x, y, z), LPS, the cubes are cut around.
        centre_source: "mask" or "uptake".
        content: SHA-256 over size, spacing and SUV.
        suv_max: SUVmax over the mask, in the scanner's own grid; None without mask.
        mtv_ml: Volume of the mask, in the scanner's own grid; None without mask.
        warnings: What was odd, each starting with a stable code.
        has_ct: Whether a CT was read.
        elsewhere_mm: World points away from the lesion, context cubes of which are kept, too.
        shape: Voxels of the upright image along (z, y, x).
        scanner: Mark of the kind of scanner that made it, or "".
    """

    fingerprint: Fingerprint
    centre_mm: Point
    centre_source: str
    content: str
    suv_max: float | None = None
    mtv_ml: float | None = None
    warnings: tuple[str, ...] = ()
    has_ct: bool = False
    elsewhere_mm: tuple[Point, ...] = ()
    shape: tuple[int, int, int] = (0, 0, 0)
    scanner: str = ""

    @property
    def has_mask(self) -> bool:
        """Whether the lesion is outlined."""
        return self.mtv_ml is not None


@dataclass(frozen=True)
class Labels:
    """What is known of a patient beside the image, as a Sample wants it.

    Attributes:
        sample_id: Pseudonym.
        outcome: Labels and covariates, or None.
        covariates: Names of the covariates, in order.
    """

    sample_id: str
    outcome: Outcome | None = None
    covariates: tuple[str, ...] = ()


def examine(study: Study) -> tuple[UprightVolume, StudyFacts]:
    """Straightens a study and finds its centre; nothing here depends on other studies.

    Args:
        study: One patient's PET.

    Returns:
        The upright volume and the facts.

    Raises:
        StudyError: SUV is not finite, or without a mask nothing is above 0.
        MaskError: The mask is empty.
    """
    if not np.isfinite(study.suv).all():
        raise StudyError(
            "STUDY_NOT_FINITE", "the SUV volume holds NaN or infinite voxels",
            todo="Check the image file; a failed conversion is the usual cause",
        )  # fmt: skip
    volume = with_ct(upright(study.suv, study.grid, study.mask), study)
    content = content_hash(volume)
    if study.mask is None:
        facts = StudyFacts(
            Fingerprint(volume.grid.spacing_mm), uptake_centre(volume), "uptake", content,
            warnings=(*study.warnings, CENTRE_GUESSED), has_ct=volume.ct is not None,
            shape=volume.grid.shape, scanner=scanner_mark(study.maker),
        )  # fmt: skip
        return volume, facts
    centre = mask_centre_mm(study.mask, study.grid)
    facts = StudyFacts(
        Fingerprint(volume.grid.spacing_mm, _extent_mm(volume)), centre, "mask", content,
        suv_max=float(study.suv[study.mask].max()),
        mtv_ml=float(np.count_nonzero(study.mask)) * study.grid.voxel_ml,
        warnings=study.warnings,
        has_ct=volume.ct is not None,
        shape=volume.grid.shape,
        scanner=scanner_mark(study.maker),
    )  # fmt: skip
    return volume, facts


def content_hash(volume: UprightVolume) -> str:
    """SHA-256 over the image's size, spacing (to a micrometre) and SUV; not its position."""
    spacing = [round(s, 3) for s in volume.grid.spacing_mm]
    digest = hashlib.sha256(repr((volume.grid.shape, spacing)).encode())
    digest.update(np.ascontiguousarray(volume.suv, "<f4").data)
    return digest.hexdigest()


def crop_around(volume: UprightVolume, centre_mm: Point, width_mm: float) -> UprightVolume:
    """Drops what no cube up to a width can reach; cubes cut from the rest are the same.

    Args:
        volume: The upright study.
        centre_mm: World point the cubes are cut around.
        width_mm: Edge of the widest cube.

    Returns:
        The part within reach, with two coarse voxels of margin for the interpolation.
    """
    middle = volume.grid.world_to_index(centre_mm)
    spacing = np.asarray(volume.grid.spacing_mm)
    # Interpolation onto coarse voxels reaches one coarse voxel further: an eighth is plenty,
    # since a cube has at least 8 voxels along an axis.
    reach = (width_mm / 2 + width_mm / 8) / spacing + 2
    first = np.maximum(0, np.floor(middle - reach)).astype(int)
    last = np.minimum(volume.grid.shape, np.ceil(middle + reach) + 1).astype(int)
    last = np.maximum(last, first + 1)
    window = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    suv = np.ascontiguousarray(volume.suv[window])
    x, y, z = (float(c) for c in volume.grid.index_to_world(first))
    grid = replace(volume.grid, shape=suv.shape, origin_mm=(x, y, z))
    mask = None if volume.mask is None else np.ascontiguousarray(volume.mask[window])
    ct = volume.ct
    if ct is not None:
        # The same reach, whose margin is in millimetres: coarse slices of the CT get two of theirs.
        half_mm = width_mm / 2 + width_mm / 8 + 2 * max(*grid.spacing_mm, *ct.grid.spacing_mm)
        ct = crop_ct(ct, np.asarray(centre_mm) - half_mm, np.asarray(centre_mm) + half_mm)
    return UprightVolume(suv, grid, mask, ct)


def cut_sample(volume: UprightVolume, centre_mm: Point, plan: GridPlan, labels: Labels) -> Sample:
    """Cuts the cubes of one patient and adds the labels.

    Args:
        volume: The upright study, whole or cropped.
        centre_mm: World point (x, y, z), LPS.
        plan: The cubes.
        labels: What is known beside the image.

    Returns:
        The sample.
    """
    fine, context = cut_patches(volume, plan, centre_mm)
    outcome = labels.outcome or Outcome()
    clinical, known = covariate_arrays(outcome, labels.covariates)
    return Sample(
        labels.sample_id, fine, context, centre_mm,
        outcome.time_days, outcome.event, outcome.response, clinical, known,
    )  # fmt: skip


def study_to_sample(study: Study, plan: GridPlan, labels: Labels) -> Sample:
    """Both steps at once, where the plan is known already.

    Args:
        study: One patient's PET.
        plan: The cubes.
        labels: What is known beside the image.

    Returns:
        The sample.

    Raises:
        StudyError: As `examine`.
    """
    volume, facts = examine(study)
    return cut_sample(volume, facts.centre_mm, plan, labels)


def covariate_arrays(
    outcome: Outcome, names: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Covariates as arrays.

    Args:
        outcome: What the clinical table says.
        names: Which covariates, in order.

    Returns:
        Values (covariates,), 0 where unknown; and whether each is known.
    """
    known = np.array([name in outcome.covariates for name in names], dtype=bool)
    values = np.array([outcome.covariates.get(name, 0.0) for name in names], dtype=np.float32)
    return values, known


def _extent_mm(volume: UprightVolume) -> tuple[float, float, float]:
    """Extent of the mask's bounding box along upright (z, y, x), voxel borders included."""
    inside: NDArray[Any] = np.asarray(volume.mask) >= 0.5
    sizes = []
    for axis, spacing in enumerate(volume.grid.spacing_mm):
        places = np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis})))
        # A thin oblique mask can fall below one half in every voxel.
        sizes.append(float(places[-1] - places[0] + 1) * spacing if len(places) else spacing)
    return (sizes[0], sizes[1], sizes[2])
