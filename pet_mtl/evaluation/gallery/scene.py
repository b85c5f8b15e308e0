"""One patient's volumes with both masks: cut into images, and packed for the viewer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid
from pet_mtl.report import View, Volume, masks_bytes, suv_bytes

Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

_MARGIN_MM = 40.0
_SLICE_MM = 160.0
_MOST_VOXELS = 900_000
_LEAST_WINDOW = 5.0


@dataclass(frozen=True)
class Layer:
    """A volume and its masks; axes run to (S, P, L).

    Attributes:
        suv: (z, y, x) SUVbw.
        grid: The grid of all.
        true: (z, y, x) the true mask, or None.
        predicted: (z, y, x) the predicted mask, or None.
    """

    suv: Floats32
    grid: Grid
    true: Bools | None = None
    predicted: Bools | None = None

    @property
    def masks(self) -> list[Bools]:
        """The masks that hold a voxel, the true one first."""
        return [mask for mask in (self.true, self.predicted) if mask is not None and mask.any()]

    def part(self, window: tuple[slice, ...]) -> "Layer":
        """A box of it."""
        start = [one.start for one in window]
        x, y, z = (float(value) for value in self.grid.index_to_world(start))
        depth, height, width = (one.stop - one.start for one in window)
        grid = Grid((depth, height, width), self.grid.spacing_mm, (x, y, z), self.grid.direction)
        masks = (None if mask is None else mask[window] for mask in (self.true, self.predicted))
        return Layer(self.suv[window], grid, *masks)


@dataclass(frozen=True)
class Scene:
    """One patient.

    Attributes:
        detail: The lesion, as fine as it is known.
        whole: As much of the patient as is known, for the projection.
        part: What the detail is, in words.
    """

    detail: Layer
    whole: Layer
    part: str


def views_of(scene: Scene) -> tuple[View, ...]:
    """Coronal maximum projection of the whole, and the axial slice of the largest outline."""
    whole, detail = scene.whole, _around(scene.detail, _SLICE_MM)
    # Row 0 is at the top: the head of a projection, the front of a slice.
    projection = View(
        "Coronal maximum projection",
        whole.suv.max(axis=1)[::-1],
        (whole.grid.spacing_mm[0], whole.grid.spacing_mm[2]),
        ("S", "I", "R", "L"),
        *(_projected(mask) for mask in (whole.true, whole.predicted)),
    )
    z = _slice(detail)
    axial = View(
        "Axial slice",
        detail.suv[z],
        (detail.grid.spacing_mm[1], detail.grid.spacing_mm[2]),
        ("A", "P", "R", "L"),
        *(None if m is None else m[z] for m in (detail.true, detail.predicted)),
    )
    return projection, axial


def _projected(mask: Bools | None) -> Bools | None:
    """Where the outline is seen from the front, the head at the top."""
    return None if mask is None else np.asarray(mask.any(axis=1))[::-1]


def _slice(layer: Layer) -> int:
    """Number of the slice where the outline is largest; the middle one without any."""
    for mask in layer.masks:
        return int(mask.sum(axis=(1, 2)).argmax())
    return layer.suv.shape[0] // 2


def volume_of(scene: Scene) -> Volume:
    """The lesion and some room around it, made coarser where it would be too large a file."""
    layer = _coarser(_around(scene.detail, 0.0))
    inside = layer.suv[np.any(layer.masks, axis=0)] if layer.masks else layer.suv
    window = max(_LEAST_WINDOW, float(np.percentile(inside, 98)))
    spacing = " x ".join(f"{mm:.3g}" for mm in layer.grid.spacing_mm[::-1])
    known = (("true", layer.true), ("predicted", layer.predicted))
    return Volume(
        suv_bytes(layer.suv, layer.grid),
        masks_bytes(layer.true, layer.predicted, layer.grid) if layer.masks else None,
        tuple(name for name, mask in known if mask is not None),
        round(window, 1),
        _centre(layer),
        f"{scene.part}, voxels of {spacing} mm.",
    )


def _centre(layer: Layer) -> tuple[float, float, float]:
    """The middle of the outlined voxel that is nearest to the middle of all; else the cube."""
    index = (np.array(layer.suv.shape) - 1) / 2
    if layer.masks:
        places = np.argwhere(layer.masks[0])
        away = np.linalg.norm(places - places.mean(axis=0), axis=1)
        index = places[away.argmin()]
    x, y, z = layer.grid.index_to_world(index)
    return round(float(x), 2), round(float(y), 2), round(float(z), 2)


def _around(layer: Layer, least_mm: float) -> Layer:
    """The box around all outlines with a margin, or around the middle; at least so wide."""
    shape, spacing = np.array(layer.suv.shape), np.array(layer.grid.spacing_mm)
    if layer.masks:
        places = np.argwhere(np.any(layer.masks, axis=0))
        low, high = places.min(axis=0), places.max(axis=0) + 1
    else:
        low = high = shape // 2
    room = np.maximum(_MARGIN_MM / spacing, (least_mm / spacing - (high - low)) / 2)
    room = np.ceil(np.maximum(room, 0)).astype(int)
    window = tuple(
        slice(int(max(0, a)), int(min(n, b)))
        for a, b, n in zip(low - room, high + room, shape, strict=True)
    )
    return layer.part(window)


def _coarser(layer: Layer) -> Layer:
    """Means of blocks of voxels, as small as the file allows."""
    step = 1
    while layer.suv.size / step**3 > _MOST_VOXELS:
        step += 1
    if step == 1:
        return layer
    sizes = [n // step * step for n in layer.suv.shape]
    layer = layer.part(tuple(slice(0, n) for n in sizes))
    x, y, z = layer.grid.index_to_world([(step - 1) / 2] * 3)
    depth, height, width = (n // step for n in sizes)
    dz, dy, dx = (mm * step for mm in layer.grid.spacing_mm)
    origin = (float(x), float(y), float(z))
    grid = Grid((depth, height, width), (dz, dy, dx), origin, layer.grid.direction)
    masks = (
        None if mask is None else _blocks(mask.astype(np.float32), step) >= 0.5
        for mask in (layer.true, layer.predicted)
    )
    return Layer(_blocks(layer.suv, step), grid, *masks)


def _blocks(array: NDArray[Any], step: int) -> Floats32:
    """Means of blocks of step voxels along each axis."""
    z, y, x = (n // step for n in array.shape)
    blocks = array.reshape(z, step, y, step, x, step)
    return np.asarray(blocks.mean(axis=(1, 3, 5)), np.float32)
