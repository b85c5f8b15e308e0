"""Volumes to image files."""

from pathlib import Path
from typing import Any

import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.errors import UsageError
from pet_mtl.files import atomic_path
from pet_mtl.geometry import Grid, to_sitk

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")


def require_image_suffix(path: Path) -> None:
    """Refuses a file name whose suffix names no image format.

    Args:
        path: The file to be written.

    Raises:
        UsageError: IMAGE_SUFFIX.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise UsageError(
            "IMAGE_SUFFIX",
            "the suffix names no image format that can be written",
            expected=f"a file name ending in {', '.join(SUFFIXES)}",
            found=path.suffix or "no suffix",
            todo="Choose another file name",
            subject=path.name,
        )


def write_image(array: NDArray[Any], grid: Grid, path: Path) -> None:
    """Writes a volume, whole or not at all.

    Args:
        array: (z, y, x); booleans become 8-bit, other types stay.
        grid: Its grid.
        path: NIfTI, NRRD or MHA by its suffix.

    Raises:
        UsageError: The suffix names none of these.
        GeometryError: Array and grid differ in size.
    """
    require_image_suffix(path)
    image = to_sitk(array, grid)
    with atomic_path(path) as temporary:
        sitk.WriteImage(image, str(temporary), useCompression=path.suffix != ".nii")
