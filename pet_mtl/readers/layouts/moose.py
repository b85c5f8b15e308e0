"""MOOSE: a folder a subject, in it `PT_*` and `CT_*`: NIfTI files or folders of DICOM.

The segmentations that MOOSE writes are organs, never lesions, and are passed over. A lesion mask is
a file in the subject's own folder that is called so (`PT_001_mask.nii.gz`, `lesion_seg.nii.gz`).

Source: MOOSE 3, README, "Directory structure"; the prefix names the modality.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from pet_mtl.errors import Problem
from pet_mtl.readers.images import is_image, split_role, stem_of
from pet_mtl.readers.layouts.collection import Collection
from pet_mtl.readers.layouts.found import FOREIGN, UNUSED, Progress, Search
from pet_mtl.readers.layouts.inventory import Inventory
from pet_mtl.readers.layouts.tree import is_organs, search_tree
from pet_mtl.readers.sidecar import sidecar_of
from pet_mtl.study import StudySource

_PREFIX = re.compile(r"(PT|CT|MR)_", re.IGNORECASE)
_ORGAN_MASKS = Problem(
    "LAYOUT_ORGANS",
    "segmentations of organs, which are no lesions",
    todo="Nothing; a lesion mask lies in the subject's own folder",
)
_NO_PET = Problem(
    "LAYOUT_NO_PET",
    "there are files of a subject, but not one PET",
    expected="one PT_*.nii.gz, or a folder PT_* of DICOM",
    todo="Add the PET, or leave only one",
)
_WHICH = Problem(
    "LAYOUT_TWICE",
    "several files of a subject have the same role",
    expected="one PT_* image, and at most one mask",
    todo="Leave only one of them",
)


def is_moose(inventory: Inventory) -> bool:
    """Whether subjects' folders hold images with the prefix of their modality.

    DICOM in folders `PT_*` needs no rule of its own.
    """
    return any(_pets(inventory, child) for child in inventory.folders.get(inventory.root, ()))


def search_moose(inventory: Inventory, progress: Progress) -> Search:
    """All subjects.

    Args:
        inventory: What lies below the folder.
        progress: Shows how many DICOM files were looked at.

    Returns:
        A study a subject.
    """
    found = Collection(inventory.root)
    in_dicom = []
    for subject in inventory.folders.get(inventory.root, ()):
        if _images(inventory, subject):
            _add(found, inventory, subject)
        else:
            in_dicom.append(subject)
    if in_dicom:
        found.take(search_tree(inventory.of(in_dicom), progress))
    loose = inventory.files.get(inventory.root, ())
    found.ignore([path for path in loose if is_image(path)], UNUSED)
    found.ignore([path for path in loose if not is_image(path)], FOREIGN)
    return found.search(inventory.notes)


def _images(inventory: Inventory, subject: Path) -> list[Path]:
    """The image files of a subject, those made by MOOSE left out."""
    below = [path for path in inventory.below(subject) if is_image(path)]
    return [path for path in below if not _is_made(path, subject)]


def _is_made(path: Path, subject: Path) -> bool:
    """Whether a file lies in a folder that MOOSE wrote."""
    return any(is_organs(part) for part in path.relative_to(subject).parts[:-1])


def _pets(inventory: Inventory, subject: Path) -> list[Path]:
    """The PET images of a subject, by their own prefix or that of their folder."""
    return [p for p in _images(inventory, subject) if _kind(p, subject) == "PT"]


def _kind(path: Path, subject: Path) -> str:
    """PT, CT or MR by the prefix; "mask" by the end of the name; else ""."""
    if split_role(stem_of(path))[1] == "mask":
        return "mask"
    names = path.relative_to(subject).parts
    prefix = next((m for name in reversed(names) if (m := _PREFIX.match(name))), None)
    return prefix[1].upper() if prefix else ""


def _add(found: Collection, inventory: Inventory, subject: Path) -> None:
    """One subject."""
    images = _images(inventory, subject)
    kinds: dict[str, list[Path]] = {"PT": [], "CT": [], "MR": [], "mask": [], "": []}
    for path in images:
        kinds[_kind(path, subject)].append(path)
    below = list(inventory.below(subject))
    found.ignore([p for p in below if is_image(p) and p not in images], _ORGAN_MASKS)
    found.ignore([p for p in below if not is_image(p) and p.suffix.lower() != ".json"], FOREIGN)
    masks = [path for path in kinds["mask"] if path.parent == subject]
    if len(kinds["PT"]) != 1 or len(masks) > 1:
        found.refuse(subject.name, _WHICH if kinds["PT"] else _NO_PET)
        return
    used = (kinds["PT"][0], *masks, *_only(kinds["CT"]))
    found.ignore([path for path in images if path not in used], UNUSED)
    mask, ct = next(iter(masks), None), next(iter(_only(kinds["CT"])), None)
    pet = kinds["PT"][0]
    sidecar = sidecar_of(pet)
    found.add(StudySource(subject.name, "image", pet, mask, ct_path=ct, sidecar_path=sidecar))


def _only(paths: Sequence[Path]) -> Sequence[Path]:
    """The only one, or none."""
    return paths if len(paths) == 1 else ()
