"""One patient as the network sees it: two cubes of SUV around the lesion, and the labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid, isotropic_grid

SCALES = ("fine", "context")


@dataclass(frozen=True)
class GridPlan:
    """The two cubes that are cut from every study.

    Attributes:
        size: Voxels along each axis, the same for both cubes.
        fine_mm: Voxel edge of the fine cube (lesion detail), mm.
        context_mm: Voxel edge of the context cube (the body around the lesion), mm.
    """

    size: int
    fine_mm: float
    context_mm: float

    def spacing_mm(self, scale: str) -> float:
        """Voxel edge of "fine" or "context"."""
        return {"fine": self.fine_mm, "context": self.context_mm}[scale]

    def grid(self, scale: str, centre_mm: tuple[float, float, float]) -> Grid:
        """The cube of one scale around a world point."""
        return isotropic_grid(centre_mm, self.size, self.spacing_mm(scale))


@dataclass(frozen=True)
class Patch:
    """One cube.

    Attributes:
        suv: (z, y, x) float32 SUVbw; 0 where `valid` is False.
        valid: (z, y, x) bool; False beyond the border of the image.
        mask: (z, y, x) bool lesion, or None if the patient has no mask.
        ct: (z, y, x) float32 CT in Hounsfield units, 0 where `ct_valid` is False; None without CT.
        ct_valid: (z, y, x) bool; False where the CT says nothing; None without CT.
    """

    suv: NDArray[np.float32]
    valid: NDArray[np.bool_]
    mask: NDArray[np.bool_] | None = None
    ct: NDArray[np.float32] | None = None
    ct_valid: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Sample:
    """One patient, ready to be encoded.

    Absent labels are None, never a sentinel.

    Attributes:
        sample_id: Pseudonym.
        fine: The fine cube.
        context: The context cube.
        centre_mm: World point (x, y, z), LPS, both cubes are centred on.
        time_days: Time to event or censoring, days, or None.
        event: Whether the event was seen, or None.
        response: Response class, from 0, or None.
        clinical: (covariates,) float32; 0 where `clinical_known` is False.
        clinical_known: (covariates,) bool.
        elsewhere: Cubes at context spacing cut away from the lesion, with their masks; the mask
            learns from them what is no lesion. None without a mask.
    """

    sample_id: str
    fine: Patch
    context: Patch
    centre_mm: tuple[float, float, float]
    time_days: float | None
    event: bool | None
    response: int | None
    clinical: NDArray[np.float32]
    clinical_known: NDArray[np.bool_]
    elsewhere: tuple[Patch, ...] = ()

    @property
    def has_mask(self) -> bool:
        """Whether the lesion is outlined."""
        return self.fine.mask is not None

    @property
    def has_ct(self) -> bool:
        """Whether there is a CT."""
        return self.fine.ct is not None

    @property
    def has_survival(self) -> bool:
        """Whether time and event are both known."""
        return self.time_days is not None and self.event is not None
