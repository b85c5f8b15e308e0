"""Any tree of files: DICOM studies, and beside them image files."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pet_mtl.errors import Problem
from pet_mtl.readers.images import is_image, is_mask, split_role, stem_of
from pet_mtl.readers.layouts.dicom_tree import DicomTree, dicom_tree
from pet_mtl.readers.layouts.drafts import Draft, named
from pet_mtl.readers.layouts.found import FOREIGN, OTHER, Note, Progress, Search
from pet_mtl.readers.layouts.image_tree import image_tree
from pet_mtl.readers.layouts.inventory import Inventory
from pet_mtl.readers.layouts.naming import safe
from pet_mtl.readers.layouts.peek import peek_files

_BESIDE = Problem(
    "IMAGE_BESIDE_DICOM",
    "image files beside a DICOM study are not read",
    expected="DICOM, which states its units; an image file only as the one mask",
    todo="Nothing; or put them into a folder of their own",
)
# Files that belong to an image file of the same name.
_COMPANIONS = (".raw", ".zraw", ".raw.gz", ".json")


@dataclass(frozen=True)
class Wanted:
    """What of a tree is looked at.

    Attributes:
        dicom: DICOM files.
        images: Image files as studies of their own.
    """

    dicom: bool = True
    images: bool = True


def search_tree(inventory: Inventory, progress: Progress, wanted: Wanted | None = None) -> Search:
    """All studies of a tree.

    Args:
        inventory: What lies below the folder.
        progress: Shows how many files were looked at.
        wanted: What is looked at; everything by default.

    Returns:
        The studies, those refused, and what belongs to none.
    """
    wanted = wanted or Wanted()
    images = [path for path in inventory.below() if is_image(path)]
    others = [path for path in inventory.below() if not is_image(path)]
    peeks = peek_files(others, progress) if wanted.dicom else {}
    loose = [path for path in images if path.parent == inventory.root]
    # A mask alone lies beside the folders of its patient's series.
    flat = not all(map(is_mask, loose))
    dicom = dicom_tree(inventory, peeks.values(), flat)
    drafts, beside = _with_masks(dicom, images)
    free = frozenset(images) - beside.keys()
    notes = [*inventory.notes, *dicom.notes, *_others(others, peeks, images)]
    notes += [Note(path, _BESIDE) for path, is_used in beside.items() if not is_used]
    if wanted.images:
        found = image_tree(inventory, free.__contains__, dicom.folders, dicom.own)
        drafts += found.drafts
        notes += found.notes
    else:
        notes += [Note(path, FOREIGN) for path in sorted(free)]
    return named(drafts, inventory.root, notes)


def _others(others: Iterable[Path], peeks: Iterable[Path], images: Iterable[Path]) -> list[Note]:
    """Files that are neither DICOM nor images nor go with one."""
    stems = {path.with_name(stem_of(path)) for path in images}
    dicom = set(peeks)
    return [
        Note(path, OTHER) for path in others if path not in dicom and not _goes_with(path, stems)
    ]


def _goes_with(path: Path, stems: set[Path]) -> bool:
    """Whether a file is the data or the description of an image file."""
    name = path.name.lower()
    return any(
        name.endswith(suffix) and path.with_name(path.name[: -len(suffix)]) in stems
        for suffix in _COMPANIONS
    )


def _with_masks(dicom: DicomTree, images: Sequence[Path]) -> tuple[list[Draft], dict[Path, bool]]:
    """Gives DICOM studies the mask images beside them.

    Returns:
        The studies, and every image file that lies with one: True if it is its mask.
    """
    holders = _Holders(dicom)
    masks: dict[int, list[Path]] = {}
    beside: dict[Path, bool] = {}
    for path in images:
        found = holders.of(path)
        if found is None:
            continue
        beside[path] = False
        is_made = any(is_organs(folder.name) for folder in path.parents)
        if found and not is_made and is_mask(path):
            masks.setdefault(found[0], []).append(path)
    drafts = list(dicom.drafts)
    for index, paths in masks.items():
        source = drafts[index].source
        if len(paths) == 1 and source is not None:
            drafts[index] = replace(drafts[index], source=replace(source, mask_path=paths[0]))
            beside[paths[0]] = True
    return drafts, beside


def is_organs(folder: str) -> bool:
    """Whether a folder is one of those in which MOOSE writes segmentations of organs."""
    return re.match(r"moosez?(\b|[-_])", folder, re.IGNORECASE) is not None


class _Holders:
    """Which DICOM study an image file lies with."""

    def __init__(self, dicom: DicomTree) -> None:
        self._own: dict[Path, list[int]] = {folder: [] for folder in dicom.own}
        self._loose: dict[tuple[Path, str], list[int]] = {}
        for index, draft in enumerate(dicom.drafts):
            folder = draft.case.folder
            if folder in self._own:
                self._own[folder].append(index)
            elif draft.case.is_loose and draft.case.patient_id:
                key = (folder, safe(draft.case.patient_id))
                self._loose.setdefault(key, []).append(index)

    def of(self, path: Path) -> list[int] | None:
        """The only study it lies with; empty where it lies with several, None with none."""
        for folder in path.parents:
            if folder in self._own:
                found = self._own[folder]
                return found if len(found) == 1 else []
        name, role = split_role(stem_of(path))
        found = self._loose.get((path.parent, safe(name)), []) if role == "mask" else []
        return found if len(found) == 1 else None
