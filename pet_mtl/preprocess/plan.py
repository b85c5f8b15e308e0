"""Choosing the two cubes for a cohort: voxel counts fixed, voxel edges from its lesions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pet_mtl.errors import ConfigError
from pet_mtl.sample import GridPlan

DEFAULT_SIZE = 48
FINE_LIMITS_MM = (2.0, 6.0)
CONTEXT_LIMITS_MM = (4.0, 8.0)
# Without any mask nothing is known of the lesions: a 144 mm and a 288 mm cube of 48 voxels.
UNKNOWN_LESIONS_MM = (3.0, 6.0)

_MARGIN_MM = 20.0
_COVERED_PERCENT = 80.0
_STEP_MM = 0.1
_SMALLEST = 8
_LARGEST = 256


@dataclass(frozen=True)
class GridOptions:
    """What the user fixes of the cubes; None is planned from the cohort.

    Attributes:
        size: Voxels along each axis, a multiple of 8.
        fine_mm: Voxel edge of the fine cube.
        context_mm: Voxel edge of the context cube, not below that of the fine cube.

    Raises:
        ConfigError: A value out of range.
    """

    size: int = DEFAULT_SIZE
    fine_mm: float | None = None
    context_mm: float | None = None

    def __post_init__(self) -> None:
        if not _SMALLEST <= self.size <= _LARGEST or self.size % 8:
            raise ConfigError(
                "GRID_SIZE",
                "the cubes cannot have this size",
                expected=f"a multiple of 8 from {_SMALLEST} to {_LARGEST}",
                found=str(self.size),
                subject="--size",
            )
        for name, value in (("--fine-mm", self.fine_mm), ("--context-mm", self.context_mm)):
            if value is not None and not 0.1 <= value <= 50:
                raise ConfigError(
                    "GRID_SPACING",
                    "a voxel edge is out of range",
                    expected="0.1 to 50 mm",
                    found=str(value),
                    subject=name,
                )
        if self.fine_mm and self.context_mm and self.context_mm < self.fine_mm:
            raise ConfigError(
                "GRID_ORDER", "the context cube is finer than the fine cube", subject="--context-mm"
            )

    @property
    def widest_mm(self) -> float:
        """Edge of the largest context cube that any cohort can lead to."""
        return self.size * (self.context_mm or max(CONTEXT_LIMITS_MM[1], self.fine_mm or 0.0))


@dataclass(frozen=True)
class Fingerprint:
    """What one study adds to the plan.

    Attributes:
        spacing_mm: Its voxel edges along (z, y, x), axes upright.
        lesion_mm: Extent of its mask along (z, y, x), voxel borders included; None without mask.
    """

    spacing_mm: tuple[float, float, float]
    lesion_mm: tuple[float, float, float] | None = None


def plan_grids(cohort: Sequence[Fingerprint], options: GridOptions | None = None) -> GridPlan:
    """The cubes for a cohort.

    The fine cube covers four of five lesions with 20 mm around them, but is no finer than half
    the usual in-plane voxel. The context cube is twice as wide and holds the largest lesion.
    Edges are rounded up to 0.1 mm and kept within `FINE_LIMITS_MM` and `CONTEXT_LIMITS_MM`.

    Args:
        cohort: One fingerprint a study; the order does not matter.
        options: What the user has fixed.

    Returns:
        The plan.
    """
    options = options or GridOptions()
    longest = [max(f.lesion_mm) for f in cohort if f.lesion_mm is not None]
    fine, context = _planned(cohort, longest, options.size) if longest else UNKNOWN_LESIONS_MM
    if options.fine_mm is not None:
        fine = options.fine_mm
        context = max(context, fine)
    if options.context_mm is not None:
        context = options.context_mm
        fine = min(fine, context)
    return GridPlan(options.size, fine, context)


def _planned(
    cohort: Sequence[Fingerprint], longest: Sequence[float], size: int
) -> tuple[float, float]:
    """Voxel edges of both cubes from the lesions' longest extents."""
    covered = float(np.percentile(longest, _COVERED_PERCENT)) + 2 * _MARGIN_MM
    in_plane = float(np.median([(f.spacing_mm[1] + f.spacing_mm[2]) / 2 for f in cohort]))
    fine = _rounded(max(covered / size, in_plane / 2), FINE_LIMITS_MM)
    return fine, max(fine, _rounded(max(2 * fine, max(longest) / size), CONTEXT_LIMITS_MM))


def _rounded(value: float, limits: tuple[float, float]) -> float:
    """Up to the next 0.1 mm, within limits."""
    # The tiny amount keeps 2 * 2.7 from becoming 5.5 through binary fractions.
    stepped = math.ceil(value / _STEP_MM - 1e-6) * _STEP_MM
    return round(min(max(stepped, limits[0]), limits[1]), 1)
