"""One study where one is given: a folder, or an image file."""

from pathlib import Path

from pet_mtl.errors import ReadError
from pet_mtl.readers.images import (
    ImageSet,
    is_image,
    is_mask,
    pick_ct,
    pick_images,
    split_role,
    stem_of,
)
from pet_mtl.readers.layouts.found import Progress
from pet_mtl.readers.layouts.inventory import Inventory
from pet_mtl.readers.layouts.joining import join, one_patient_a_series
from pet_mtl.readers.layouts.naming import folder_name
from pet_mtl.readers.layouts.peek import Peek, peek_files
from pet_mtl.readers.layouts.places import Place
from pet_mtl.readers.sidecar import sidecar_of
from pet_mtl.study import StudySource


def single_study(inventory: Inventory, progress: Progress) -> StudySource:
    """The study of a folder.

    Args:
        inventory: What lies below the folder, at any depth; all PET series in it belong to it.
        progress: Shows how many files were looked at.

    Returns:
        The study, called as the folder.

    Raises:
        ReadError: STUDY_SEVERAL, STUDY_EMPTY, STUDY_NO_IMAGE, IMAGE_WHICH.
    """
    files = list(inventory.below())
    images = [path for path in files if is_image(path)]
    peeks = peek_files((path for path in files if not is_image(path)), progress)
    dicom = [peek for peek in peeks.values() if not peek.is_directory]
    if dicom:
        return _of_dicom(inventory, dicom, images)
    if not images:
        raise no_images(len(files))
    found = _one_of(images)
    return StudySource(
        folder_name(inventory.root), "image", found.pet, found.mask,
        ct_path=found.ct, sidecar_path=sidecar_of(found.pet),
    )  # fmt: skip


def _one_of(images: list[Path]) -> ImageSet:
    """PET and mask of one study; images of several names are several studies."""
    try:
        return pick_images(images)
    except ReadError as error:
        names = {split_role(stem_of(path))[0] for path in images if not is_mask(path)} - {""}
        if len(names) > 1:
            raise several(f"image files of {len(names)} names") from error
        raise


def _of_dicom(inventory: Inventory, dicom: list[Peek], images: list[Path]) -> StudySource:
    """The study of DICOM files; which of several PET series counts is decided on reading."""
    peeks, mixed = one_patient_a_series(dicom)
    named = {peek.patient_id for peek in peeks if peek.is_pet} - {""}
    if len(named) > 1:
        raise several(f"PET images of {len(named)} patients")
    if mixed:
        raise several("several PatientIDs in one PET series")
    joined = join([Place(inventory.root, True, tuple(peeks))], mixed)
    strays = {peek.path for peek in joined.strays} if len(joined.groups) < 2 else set()
    chosen = [peek.path for peek in peeks if peek.path not in strays]
    ids = {peek.patient_id for peek in peeks if peek.is_pet or not joined.groups} - {""}
    masks = [path for path in images if is_mask(path)]
    return StudySource(
        folder_name(inventory.root), "dicom", inventory.root,
        masks[0] if len(masks) == 1 else None, min(ids, default=""), tuple(sorted(chosen)),
    )  # fmt: skip


def single_image(path: Path) -> StudySource:
    """The study of a PET image file, with what lies beside it under the same name.

    Args:
        path: The file.

    Returns:
        The study.
    """
    name = split_role(stem_of(path))[0]
    beside = [p for p in sorted(path.parent.iterdir()) if is_image(p) and p != path]
    masks = [p for p in beside if split_role(stem_of(p)) == (name, "mask")]
    scans = [p for p in beside if split_role(stem_of(p)) == (name, "other")]
    return StudySource(
        name or folder_name(path.parent), "image", path, masks[0] if masks else None,
        ct_path=pick_ct(scans), sidecar_path=sidecar_of(path),
    )  # fmt: skip


def no_images(files: int) -> ReadError:
    """Why a folder without images is no study.

    Args:
        files: How many files of other kinds lie in it.

    Returns:
        STUDY_EMPTY or STUDY_NO_IMAGE.
    """
    if not files:
        return ReadError(
            "STUDY_EMPTY",
            "the folder is empty",
            expected="a PET series",
            todo="Copy the patient's PET into it, or remove the folder",
        )
    return ReadError(
        "STUDY_NO_IMAGE",
        "the folder holds no image",
        expected="DICOM files, or a NIfTI, NRRD or MHA image",
        found=f"{files} other files",
        todo="Copy the patient's PET into it, or remove the folder",
    )


def several(found: str) -> ReadError:
    """Why a folder with several studies is not one.

    Args:
        found: How many of what; no name.

    Returns:
        STUDY_SEVERAL.
    """
    return ReadError(
        "STUDY_SEVERAL",
        "one study was expected, and there are several",
        expected="the folder or file of one study",
        found=found,
        todo="Give the folder of one of them; `convert` and `predict` take several",
    )
