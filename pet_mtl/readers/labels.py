"""Masks from image files: binary, of several labels, of several volumes, or of probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.errors import MaskError, ReadError
from pet_mtl.geometry import Grid, grid_of
from pet_mtl.readers.images import open_image
from pet_mtl.readers.outline import Mask, Warnings
from pet_mtl.readers.placing import onto_grid
from pet_mtl.readers.roi import has_number, select

# Labels stored with a scale factor come back with rounding.
_WHOLE = 1e-3
_MAX_LABELS = 1000


@dataclass(frozen=True)
class Label:
    """One label of an image.

    Attributes:
        name: Its name where the file gives one (.seg.nrrd), else "".
        number: The label's value; in a file of several volumes the number of the volume, from 1.
        volume: Which volume holds it, from 0.
        value: Its stored value; None for probabilities, of which at least a half counts.
    """

    name: str
    number: int
    volume: int
    value: float | None


@dataclass(frozen=True)
class LabelImage:
    """An image file of labels.

    Attributes:
        volumes: (z, y, x) arrays, one or more.
        grid: Their grid.
        labels: What they hold, at least one.
    """

    volumes: tuple[NDArray[Any], ...]
    grid: Grid
    labels: tuple[Label, ...]

    def mask(self, label: Label) -> Mask:
        """The voxels of one label, (z, y, x) bool."""
        volume = self.volumes[label.volume]
        found: Mask = volume >= 0.5 if label.value is None else volume == label.value
        return found


def image_mask(path: Path, grid: Grid, roi: str | None = None) -> tuple[Mask, Warnings]:
    """A mask from an image file.

    Args:
        path: NIfTI, NRRD or MHA, as `read_labels`. One on another grid is interpolated linearly,
            and what is at least half filled counts.
        grid: The PET's grid.
        roi: Numbers of labels, or names where the file has them; None if the file holds one.

    Returns:
        (z, y, x) bool mask, and warnings.

    Raises:
        MaskError: MASK_EMPTY, MASK_OUTSIDE, MASK_LABELS, MASK_NO_MATCH.
        ReadError: The file cannot be read.
    """
    image = read_labels(path)
    chosen, warnings = _choose(image.labels, roi)
    mask = np.zeros(image.grid.shape, dtype=bool)
    for label in chosen:
        mask |= image.mask(label)
    if any(label.value is None for label in chosen):
        warnings += ("MASK_PROBABILITY: the mask holds probabilities; at least 0.5 counts",)
    if not mask.any():
        raise _no_voxel()
    placed, odd = onto_grid(mask, image.grid, grid)
    return placed, warnings + odd


def _choose(labels: Sequence[Label], roi: str | None) -> tuple[tuple[Label, ...], Warnings]:
    """The labels that make the lesion."""
    numbers = ", ".join(str(label.number) for label in labels[:10])
    if roi is None:
        if len(labels) > 1:
            raise MaskError(
                "MASK_LABELS",
                "the mask holds several labels and none is chosen",
                expected="one label, or --roi with their numbers",
                found=f"{len(labels)} labels: {numbers}",
                todo="Choose with --roi, such as --roi 1 or --roi 1,2",
            )
        return tuple(labels), ()
    chosen = select(roi, labels)
    if not chosen and len(labels) == 1 and not labels[0].name and not has_number(roi):
        return tuple(labels), (
            "MASK_UNNAMED: the mask image has no names; its only label is taken",
        )
    if not chosen:
        raise MaskError(
            "MASK_NO_MATCH",
            "no label of the mask matches --roi",
            found=f"{len(labels)} labels: {numbers}",
            todo="Change --roi; labels of an image are chosen by number",
        )
    if len(chosen) > 1:
        return chosen, (f"MASK_UNION: {len(chosen)} labels match and are taken together",)
    return chosen, ()


def read_labels(path: Path) -> LabelImage:
    """Reads an image file of labels.

    Args:
        path: One volume of labels or of probabilities (0 to 1), or several volumes (a fourth axis
            or several values a voxel), each a binary mask or probabilities. Segment names of
            .seg.nrrd files are read.

    Returns:
        The volumes and what they hold.

    Raises:
        MaskError: MASK_EMPTY, MASK_LABELS.
        ReadError: IMAGE_UNREADABLE, IMAGE_DIMENSIONS.
        GeometryError: Axes or spacings that make no sense.
    """
    image = open_image(path)
    volumes, grid = _volumes(image, path)
    meta = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    labels = _slicer_labels(meta, volumes)
    if not labels and len(volumes) == 1:
        labels = _labels_in(volumes[0])
    elif not labels:
        labels = [label for k, volume in enumerate(volumes) for label in _only_label(volume, k)]
    if not labels:
        raise _no_voxel()
    return LabelImage(volumes, grid, tuple(labels))


def _volumes(image: sitk.Image, path: Path) -> tuple[tuple[NDArray[Any], ...], Grid]:
    """The 3-D volumes of an image, and their grid."""
    array = sitk.GetArrayViewFromImage(image)
    if image.GetDimension() == 3 and image.GetNumberOfComponentsPerPixel() > 1:
        return tuple(np.moveaxis(array, -1, 0).copy()), grid_of(image)
    if image.GetDimension() == 3:
        return (array.copy(),), grid_of(image)
    if image.GetDimension() == 4 and image.GetNumberOfComponentsPerPixel() == 1:
        return tuple(array.copy()), grid_of(image[..., 0])
    raise ReadError(
        "IMAGE_DIMENSIONS",
        "the mask is not a 3-D volume",
        expected="3 dimensions, or 4 with one volume a label",
        found=f"{image.GetDimension()} dimensions of size {image.GetSize()}",
        todo="Save the mask as one 3-D volume",
        subject=path.name,
    )


def _labels_in(volume: NDArray[Any], index: int = 0) -> list[Label]:
    """The labels of one volume; none where it is empty."""
    stored = np.unique(volume[volume != 0])
    if not stored.size:
        return []
    whole = np.rint(stored)
    if len(stored) == 1 and stored[0] > 0:
        return [Label("", max(1, int(whole[0])), index, stored[0])]
    is_whole = bool(np.abs(stored - whole).max() <= _WHOLE) and np.unique(whole).size == len(whole)
    if is_whole and whole[0] >= 1 and len(whole) <= _MAX_LABELS:
        pairs = zip(whole, stored, strict=True)
        return [Label("", int(number), index, value) for number, value in pairs]
    if stored[0] > 0 and stored[-1] <= 1:
        return [Label("", 1, index, None)]
    raise MaskError(
        "MASK_LABELS",
        "the mask holds neither labels nor probabilities",
        expected="whole numbers above 0, or values from 0 to 1",
        found=f"{len(stored)} values from {stored[0]:g} to {stored[-1]:g}",
        todo="Save the lesion as a mask of 0 and 1",
    )


def _only_label(volume: NDArray[Any], index: int) -> list[Label]:
    """The label of one of several volumes, numbered from 1."""
    found = _labels_in(volume, index)
    if len(found) > 1:
        raise MaskError(
            "MASK_LABELS",
            "the mask holds several volumes of several labels each",
            expected="one volume of labels, or several of one label each",
            found=f"{len(found)} labels in volume {index + 1}",
            todo="Save the mask as one 3-D volume",
        )
    return [Label("", index + 1, index, label.value) for label in found]


def _slicer_labels(meta: Mapping[str, str], volumes: Sequence[NDArray[Any]]) -> list[Label]:
    """The segments that 3D Slicer describes in a .seg.nrrd, as far as they hold a voxel.

    Source: 3D Slicer, "Segmentation NRRD file format": SegmentN_Name, _LabelValue, _Layer.
    """
    labels = []
    heads = [key.removesuffix("_LabelValue") for key in meta if key.endswith("_LabelValue")]
    for head in sorted(heads):
        value, layer = meta.get(f"{head}_LabelValue", ""), meta.get(f"{head}_Layer", "0")
        known = value.isdecimal() and layer.isdecimal() and int(layer) < len(volumes)
        if known and bool((volumes[int(layer)] == int(value)).any()):
            name = meta.get(f"{head}_Name", "")
            labels.append(Label(name, int(value), int(layer), float(value)))
    return labels


def _no_voxel() -> MaskError:
    return MaskError(
        "MASK_EMPTY", "the mask holds no voxel", todo="Remove the mask file, or draw the lesion"
    )
