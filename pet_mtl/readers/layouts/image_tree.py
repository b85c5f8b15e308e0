"""Studies out of image files: a folder each, or side by side and paired by name.

A folder of folders is searched as deep as it goes, but never guessed apart: a folder with several
images that may be the PET is refused, whether they lie in it or in its folders of visits.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import Problem, StudyError
from pet_mtl.readers.images import ImageSet, is_mask, pick_images, split_role, stem_of
from pet_mtl.readers.layouts.drafts import Draft
from pet_mtl.readers.layouts.found import UNUSED, Note
from pet_mtl.readers.layouts.inventory import FORBIDDEN, Inventory
from pet_mtl.readers.layouts.naming import Case, folder_name
from pet_mtl.readers.layouts.places import is_part, is_visit
from pet_mtl.readers.layouts.single import no_images
from pet_mtl.readers.sidecar import sidecar_of
from pet_mtl.study import StudySource

# DICOM goes before image files, a folder before files that lie side by side.
_FOLDER, _FLAT = 1, 2
_PACKED = Problem(
    "STUDY_PACKED",
    "the folder holds only archives, which are not opened",
    expected="DICOM files, or a NIfTI, NRRD or MHA image",
    todo="Unpack them",
)


@dataclass(frozen=True)
class ImageTree:
    """What image files make.

    Attributes:
        drafts: Studies, and folders without.
        notes: Files that belong to none.
    """

    drafts: tuple[Draft, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Search:
    """A search for image files.

    Attributes:
        inventory: What lies below the folder.
        is_free: Whether an image file is not yet part of a DICOM study.
        dicom: Folders with DICOM in them or below them.
        own: Patients' own DICOM folders.
    """

    inventory: Inventory
    is_free: Callable[[Path], bool]
    dicom: frozenset[Path]
    own: frozenset[Path]

    def images(self, folder: Path) -> list[Path]:
        """The free image files below a folder."""
        return [path for path in self.inventory.below(folder) if self.is_free(path)]

    def loose(self, folder: Path) -> list[Path]:
        """The free image files that lie directly in a folder."""
        return [path for path in self.inventory.files.get(folder, ()) if self.is_free(path)]


def image_tree(
    inventory: Inventory,
    is_free: Callable[[Path], bool],
    dicom: frozenset[Path],
    own: frozenset[Path],
) -> ImageTree:
    """Sorts image files to studies.

    Args:
        inventory: What lies below the folder.
        is_free: Whether a file is an image that belongs to no DICOM study.
        dicom: Folders with DICOM in them or below them.
        own: Patients' own DICOM folders.

    Returns:
        The studies and what belongs to none.
    """
    search = _Search(inventory, is_free, dicom, own)
    if inventory.root in own:
        return ImageTree((), ())
    whole = _one_patient(search)
    if whole is not None:
        return ImageTree((whole[0],), tuple(whole[1]))
    drafts, notes = [], []
    for draft, rest in (*_children(search, inventory.root), *_flat(search)):
        drafts += [draft] if draft else []
        notes += [Note(path, UNUSED) for path in rest]
    return ImageTree(tuple(drafts), tuple(notes))


_Found = tuple[Draft | None, Sequence[Path]]


def _one_patient(search: _Search) -> tuple[Draft, list[Note]] | None:
    """The only study, if the folders in the given one are the parts of one patient."""
    root = search.inventory.root
    folders = search.inventory.folders.get(root, [])
    if not folders or search.dicom or not all(map(_is_part, folders)):
        return None
    if not all(map(is_mask, search.loose(root))):
        return None
    found = [search.images(folder) for folder in folders]
    if sum(1 for images in found if _picked(images)) != 1:
        return None
    try:
        draft, rest = _study(root, search.images(root))
    except StudyError:
        return None
    return draft, [Note(path, UNUSED) for path in rest]


def _is_part(folder: Path) -> bool:
    return is_part(folder.name)


def _picked(images: Sequence[Path]) -> ImageSet | None:
    """The images of one study, or None."""
    try:
        return pick_images(images)
    except StudyError:
        return None


def _children(search: _Search, folder: Path) -> Iterator[_Found]:
    """The studies in the folders of a folder of patients."""
    for child in search.inventory.folders.get(folder, ()):
        if child in search.own:
            continue
        if child in search.dicom:
            yield from _children(search, child)
            yield None, search.loose(child)
        else:
            yield from _folder(search, child)


def _folder(search: _Search, folder: Path) -> Iterator[_Found]:
    """The study of a patient's folder, or those of a folder of such folders."""
    images = search.images(folder)
    if not images:
        problem = _nothing(search.inventory, folder)
        yield Draft(Case(folder), None, problem=problem), ()
        return
    try:
        yield _study(folder, images)
    except StudyError as error:
        children = search.inventory.folders.get(folder, [])
        if _are_patients(search, folder, children):
            for child in children:
                yield from _folder(search, child)
        else:
            yield Draft(Case(folder), None, problem=error.problem), ()


def _are_patients(search: _Search, folder: Path, children: Sequence[Path]) -> bool:
    """Whether the folders in a folder are patients, and not the parts or visits of one."""
    if search.loose(folder) or len(children) < 2:
        return False
    return not any(_is_part(child) or is_visit(child.name) for child in children)


def _study(folder: Path, images: Sequence[Path]) -> tuple[Draft, Sequence[Path]]:
    """The study of one folder, and what of its images is not used."""
    found = pick_images(images)
    return Draft(Case(folder), image_source(found), rank=_FOLDER), found.rest


def image_source(found: ImageSet, **more: str | Path | None) -> StudySource:
    """A study of image files, still without name."""
    sidecar = sidecar_of(found.pet)
    known = {"mask_path": found.mask, "ct_path": found.ct, "sidecar_path": sidecar} | more
    return StudySource("", "image", found.pet, **known)  # type: ignore[arg-type]


def _flat(search: _Search) -> Iterator[_Found]:
    """Image files that lie side by side, paired by name."""
    root = search.inventory.root
    groups: dict[str, list[Path]] = {}
    for path in search.loose(root):
        groups.setdefault(split_role(stem_of(path))[0], []).append(path)
    for name, group in sorted(groups.items()):
        case = Case(root, name or folder_name(root), is_loose=True)
        try:
            found = pick_images(group)
        except StudyError as error:
            yield Draft(case, None, problem=error.problem), ()
        else:
            yield Draft(case, image_source(found), rank=_FLAT), found.rest


def _nothing(inventory: Inventory, folder: Path) -> Problem:
    """Why a folder without images holds no study."""
    below = [note.problem for note in inventory.notes if note.path.is_relative_to(folder)]
    if FORBIDDEN in below:
        return FORBIDDEN
    files = sum(1 for _ in inventory.below(folder))
    packed = any(problem.code == "SOURCE_ARCHIVE" for problem in below)
    return _PACKED if packed and not files else no_images(files).problem
