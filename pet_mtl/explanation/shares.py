"""How much of an attribution lies in the lesion, in the ring around it, and elsewhere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.geometry import Grid

REGIONS = ("lesion", "ring", "elsewhere")

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Shares:
    """An attribution by region: "lesion", "ring" and "elsewhere".

    Attributes:
        raises: Region to the sum of what raises the outcome, >= 0.
        lowers: Region to the sum of what lowers it, <= 0.
    """

    raises: dict[str, float]
    lowers: dict[str, float]

    @property
    def share(self) -> dict[str, float | None]:
        """Region to its part of the sum of absolute values; they sum to 1.

        None each where nothing at all is attributed.
        """
        size = {name: self.raises[name] - self.lowers[name] for name in self.raises}
        whole = sum(size.values())
        return {name: part / whole if whole > 0 else None for name, part in size.items()}

    @property
    def net(self) -> dict[str, float]:
        """Region to its sum; they sum to the whole attribution."""
        return {name: self.raises[name] + self.lowers[name] for name in self.raises}


def regions_of(lesion: Bools, grid: Grid, ring_mm: tuple[float, float]) -> dict[str, Bools]:
    """Lesion, ring and the rest, which do not overlap; without a lesion there is no ring.

    Args:
        lesion: (z, y, x) bool.
        grid: Its grid, in any orientation.
        ring_mm: Inner and outer distance of the ring from the lesion, mm: a voxel belongs to it
            if inner < distance of its centre to the nearest one of the lesion <= outer.

    Returns:
        Region to (z, y, x) bool; each voxel is in one of them.
    """
    ring = np.zeros_like(lesion)
    if lesion.any():
        near = _near(lesion, grid, ring_mm[1])
        away = ndimage.distance_transform_edt(~lesion[near], sampling=grid.spacing_mm)
        ring[near] = (away > ring_mm[0]) & (away <= ring_mm[1]) & ~lesion[near]
    return {"lesion": lesion, "ring": ring, "elsewhere": ~(lesion | ring)}


def _near(lesion: Bools, grid: Grid, reach_mm: float) -> tuple[slice, ...]:
    """The box that holds all that is within reach of the lesion; a whole body takes long."""
    (box,) = ndimage.find_objects(lesion.astype(np.uint8))
    margins = [int(np.ceil(reach_mm / spacing)) + 1 for spacing in grid.spacing_mm]
    return tuple(
        slice(max(0, part.start - margin), part.stop + margin)
        for part, margin in zip(box, margins, strict=True)
    )


def shares_of(attribution: NDArray[np.float32], regions: dict[str, Bools]) -> Shares:
    """Sums an attribution over regions.

    Args:
        attribution: (z, y, x), what each voxel adds.
        regions: From `regions_of`.

    Returns:
        The shares.
    """
    inside = {name: attribution[region].astype(np.float64) for name, region in regions.items()}
    return Shares(
        {name: float(np.maximum(values, 0.0).sum()) for name, values in inside.items()},
        {name: float(np.minimum(values, 0.0).sum()) for name, values in inside.items()},
    )
