"""PET and masks from image files: NIfTI, NRRD and MHA, whatever ITK reads.

An image file says nothing of units. By contract its values are SUVbw; what cannot be SUV is
refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.errors import ReadError, SuvError
from pet_mtl.geometry import Grid, grid_of
from pet_mtl.readers.nifti import holds_non_finite

IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
_MASK_WORDS = (
    "mask", "seg", "dseg", "label", "segmentation", "roi", "gtv", "gtvt", "gtvp", "gtvn",
)  # fmt: skip
_PET_WORDS = ("pet", "suv", "image", "pt")
_CT_WORDS = ("ct", "ctres")
_OTHER_WORDS = (*_CT_WORDS, "mr", "mri", "t1", "t2")

# The hottest voxels of real studies (bladder, injection site) reach a few hundred SUV.
MAX_SUV = 1000.0
# Even blood in a cold region reaches this; less means that dose, weight or unit are wrong.
MIN_TOP_SUV = 0.05
# Reconstructions leave negatives of a few percent; stored values that overflowed leave as much
# below zero as above.
_LOWEST_OF_TOP = -0.3
_IMAGE_TODO = "Convert the image to SUVbw first, or give the DICOM series"


def is_image(path: Path) -> bool:
    """Whether the file's name is that of an image file."""
    return path.name.lower().endswith(IMAGE_SUFFIXES)


def stem_of(path: Path) -> str:
    """The file's name without its image suffix."""
    suffix = next((s for s in IMAGE_SUFFIXES if path.name.lower().endswith(s)), "")
    return path.name[: len(path.name) - len(suffix)]


def split_role(stem: str) -> tuple[str, str]:
    """What a file is, by the words at the end of its name.

    Args:
        stem: File name without suffix, such as `ID_PET_mask`.

    Returns:
        The name without those words, and "mask", "pet", "other" (a CT or MR) or "".

    >>> split_role("STS_001_mask"), split_role("PET_image"), split_role("STS_001")
    (('STS_001', 'mask'), ('', 'pet'), ('STS_001', ''))
    """
    words = _words(stem)
    role = ""
    while words and words[-1].lower() in (*_MASK_WORDS, *_PET_WORDS, *_OTHER_WORDS):
        role = _stronger(role, words.pop().lower())
    return stem[: len("_".join(words))], role


def _stronger(role: str, word: str) -> str:
    """A mask of a PET is a mask, an image of a CT is none of ours."""
    if role == "mask" or word in _MASK_WORDS:
        return "mask"
    return "other" if role == "other" or word in _OTHER_WORDS else "pet"


def is_mask(path: Path) -> bool:
    """Whether the name of an image file is that of a mask."""
    return split_role(stem_of(path))[1] == "mask"


@dataclass(frozen=True)
class ImageSet:
    """The image files of one study.

    Attributes:
        pet: The PET.
        mask: Its mask, or None.
        ct: Its CT, or None; of several the one called `CT` alone.
        rest: What is none of these.
    """

    pet: Path
    mask: Path | None = None
    ct: Path | None = None
    rest: tuple[Path, ...] = ()


def pick_images(paths: Sequence[Path]) -> ImageSet:
    """PET, mask and CT among the image files of one study, by their names.

    Args:
        paths: Image files. Where one is called SUV, another called PET is the same in Bq/ml.

    Returns:
        The files by what they are.

    Raises:
        ReadError: IMAGE_WHICH; not exactly one can be the PET, or several can be the mask.
    """
    roles: dict[str, list[Path]] = {"mask": [], "pet": [], "other": [], "": []}
    for path in paths:
        roles[split_role(stem_of(path))[1]].append(path)
    masks, pets = roles["mask"], roles["pet"] or roles[""]
    in_suv = [path for path in pets if _words(stem_of(path))[-1].lower() == "suv"]
    pets = in_suv if len(in_suv) == 1 else pets
    if len(pets) != 1 or len(masks) > 1:
        raise ReadError(
            "IMAGE_WHICH",
            "it is not clear which image file is the PET and which its mask",
            expected="one PET and at most one mask",
            found=f"{len(pets)} that may be the PET, {len(masks)} masks",
            todo="Name them PET_image.nii.gz and PET_mask.nii.gz, one pair a folder, or list the "
            "studies in a manifest",
        )
    mask, ct = masks[0] if masks else None, pick_ct(roles["other"])
    rest = tuple(path for path in paths if path not in (pets[0], mask, ct))
    return ImageSet(pets[0], mask, ct, rest)


def pick_ct(paths: Sequence[Path]) -> Path | None:
    """The CT among image files that are neither PET nor mask.

    Args:
        paths: Image files.

    Returns:
        The only CT, or the only one that is not called resampled; else None.
    """
    words = [(path, set(_words(stem_of(path).lower())) & set(_CT_WORDS)) for path in paths]
    scans = [path for path, found in words if found]
    original = [path for path, found in words if found == {"ct"}]
    scans = original if len(original) == 1 else scans
    return scans[0] if len(scans) == 1 else None


def _words(stem: str) -> list[str]:
    """The words of a file's name."""
    return stem.replace("-", "_").replace(".", "_").split("_")


def read_image(path: Path) -> tuple[NDArray[np.float32], Grid]:
    """Reads a 3-D image file.

    Args:
        path: NIfTI, NRRD or MHA.

    Returns:
        (z, y, x) float32 values, and their grid in LPS.

    Raises:
        ReadError: IMAGE_UNREADABLE, IMAGE_DIMENSIONS.
        GeometryError: Axes or spacings that make no sense.
    """
    image = open_image(path)
    while image.GetDimension() > 3 and image.GetSize()[-1] == 1:
        image = image[..., 0]
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise ReadError(
            "IMAGE_DIMENSIONS",
            "the image is not one 3-D volume",
            expected="3 dimensions, one value a voxel",
            found=f"{image.GetDimension()} dimensions of size {image.GetSize()}",
            todo="Save one static volume a file",
            subject=path.name,
        )
    return sitk.GetArrayFromImage(image).astype(np.float32), grid_of(image)


def open_image(path: Path) -> sitk.Image:
    """Reads with ITK, turning its errors into ours.

    Args:
        path: NIfTI, NRRD or MHA.

    Returns:
        The image, of whatever dimension.

    Raises:
        ReadError: IMAGE_UNREADABLE.
    """
    try:
        return sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise ReadError(
            "IMAGE_UNREADABLE",
            "an image file cannot be read",
            expected="a complete NIfTI, NRRD or MHA file",
            found=f"{path.stat().st_size} bytes" if path.exists() else "no file",
            todo="Write or copy the file again",
            subject=path.name,
        ) from error


def read_suv_image(path: Path, factor: float = 1.0) -> tuple[NDArray[np.float32], Grid]:
    """Reads a PET image file whose values are SUVbw, or in a unit that is known.

    Args:
        path: The file.
        factor: SUVbw per stored value.

    Returns:
        (z, y, x) float32 SUVbw, and the grid.

    Raises:
        SuvError: SUV_RANGE; the values cannot be SUVbw.
        ReadError: As `read_image`.
    """
    suv, grid = read_image(path)
    if path.name.lower().endswith((".nii", ".nii.gz")) and holds_non_finite(path):
        raise _no_suv("NaN or infinite values")
    if factor != 1.0:
        suv = (suv * factor).astype(np.float32)
    if suv.min() == 0 and suv.max() == 1 and np.isin(suv, (0, 1)).all():
        raise _no_suv("only the values 0 and 1, as in a mask")
    require_suv_range(suv)
    return suv, grid


def require_suv_range(suv: NDArray[np.float32], todo: str = _IMAGE_TODO) -> None:
    """Refuses values that cannot be SUVbw.

    Args:
        suv: (z, y, x) values.
        todo: What to do about it.

    Raises:
        SuvError: SUV_RANGE.
    """
    top, low, mean = float(suv.max()), float(suv.min()), float(suv.mean(dtype=np.float64))
    if not np.isfinite(mean):
        found = "NaN or infinite values"
    elif top > MAX_SUV:
        found = f"a maximum of {top:g}, perhaps Bq/ml"
    elif top < MIN_TOP_SUV or mean < 0:
        found = f"a maximum of {top:g} and a mean of {mean:g}"
    elif low < _LOWEST_OF_TOP * top:
        found = f"{low:g} to {top:g}, as if stored values overflowed or their bits are told wrongly"
    else:
        return
    raise _no_suv(found, todo)


def _no_suv(found: str, todo: str = _IMAGE_TODO) -> SuvError:
    return SuvError(
        "SUV_RANGE",
        "the values cannot be SUV",
        expected=f"SUVbw in g/ml: finite, a maximum of {MIN_TOP_SUV:g} to {MAX_SUV:g}, and no "
        f"minimum below {_LOWEST_OF_TOP:g} of it",
        found=found,
        todo=todo,
    )
