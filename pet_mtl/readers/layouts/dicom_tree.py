"""Studies out of DICOM files, in whatever folders and under whatever names they lie."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import Problem
from pet_mtl.readers.headers import unreadable
from pet_mtl.readers.layouts.drafts import Draft
from pet_mtl.readers.layouts.found import Note
from pet_mtl.readers.layouts.inventory import FORBIDDEN, Inventory
from pet_mtl.readers.layouts.joining import Group, join, one_patient_a_series
from pet_mtl.readers.layouts.naming import Case
from pet_mtl.readers.layouts.peek import Peek
from pet_mtl.readers.layouts.places import Place, places_of
from pet_mtl.study import StudySource

# Images of a patient that may make somebody expect a study.
_IMAGING = ("PT", "CT", "MR", "NM")

_DIRECTORY = Problem(
    "DICOM_DIRECTORY", "a DICOMDIR only lists files, which are found all the same", todo="Nothing"
)
_STRAY = Problem(
    "DICOM_STRAY",
    "DICOM files belong to no PET study: another patient's, or of another frame of reference",
    todo="Nothing; or put them into the folder of their own PET",
)
_ELSEWHERE = Problem(
    "DICOM_OTHER_STUDY",
    "DICOM files of a patient whose PET study is another one",
    todo="Nothing, if only the PET study is wanted",
)
_TWO_PATIENTS = Problem(
    "DICOM_TWO_PATIENTS",
    "the images of one series bear several PatientIDs",
    expected="one PatientID a series",
    todo="Export the series again; its parts may be of different patients",
)


@dataclass(frozen=True)
class DicomTree:
    """What DICOM files make.

    Attributes:
        drafts: Studies, and patients without PET.
        notes: Files that belong to none.
        own: Each patient's own folder that holds PET.
        folders: Every folder with DICOM in it or below it, up to the root.
    """

    drafts: tuple[Draft, ...]
    notes: tuple[Note, ...]
    own: frozenset[Path]
    folders: frozenset[Path]


def dicom_tree(inventory: Inventory, peeks: Iterable[Peek], has_flat_images: bool) -> DicomTree:
    """Sorts DICOM files to studies.

    Args:
        inventory: What lies below the folder.
        peeks: The DICOM files of it.
        has_flat_images: Whether image files lie directly in the folder.

    Returns:
        The studies and what belongs to none.
    """
    files, mixed = one_patient_a_series(peek for peek in peeks if not peek.is_directory)
    root = inventory.root
    children = None if has_flat_images else inventory.folders.get(root, [])
    joined = join(places_of(root, files, children), mixed)
    notes = [Note(peek.path, _DIRECTORY) for peek in peeks if peek.is_directory]
    notes += [Note(peek.path, _broken(peek) or _STRAY) for peek in joined.strays]
    closed = [note.path for note in inventory.notes if note.problem is FORBIDDEN]
    drafts = [_draft(group, joined.mixed, closed) for group in joined.groups]
    known = {group.patient_id for group in joined.groups} - {""}
    for place in joined.without_pet:
        more, left = _without_pet(place, known)
        drafts += more
        notes += left
    own = frozenset(group.place.folder for group in joined.groups if group.place.is_own)
    return DicomTree(tuple(drafts), tuple(notes), own, _above(files, root))


def _draft(group: Group, mixed: frozenset[str], closed: Sequence[Path]) -> Draft:
    """One PET study."""
    place = group.place
    problem = _TWO_PATIENTS if group.series & mixed else None
    if place.is_own and any(path.is_relative_to(place.folder) for path in closed):
        problem = FORBIDDEN
    source = StudySource("", "dicom", place.folder, None, group.patient_id, group.files)
    case = Case(place.folder, "" if place.is_own else group.patient_id, not place.is_own)
    return Draft(case, source, group.order, problem)


def _without_pet(place: Place, known: set[str]) -> tuple[list[Draft], list[Note]]:
    """Patients of whom there is no PET: refused when they are read, as they are missed."""
    groups: dict[str, list[Peek]] = defaultdict(list)
    for peek in place.peeks:
        groups["" if place.is_own else peek.identity].append(peek)
    drafts, notes = [], []
    for peeks in groups.values():
        ids = sorted({peek.patient_id for peek in peeks} - {""})
        missed = place.is_own or any(peek.modality in _IMAGING for peek in peeks)
        if known.issuperset(ids) and ids:
            notes += [Note(peek.path, _broken(peek) or _ELSEWHERE) for peek in peeks]
        elif not missed:
            notes += [Note(peek.path, _broken(peek) or _STRAY) for peek in peeks]
        else:
            patient = ids[0] if len(ids) == 1 else ""
            files = tuple(sorted((peek.path for peek in peeks), key=lambda path: path.parts))
            source = StudySource("", "dicom", place.folder, None, patient, files)
            case = Case(place.folder, "" if place.is_own else patient, not place.is_own)
            order = min((peek.moment, peek.study) for peek in peeks)
            drafts.append(Draft(case, source, order))
    return drafts, notes


def _broken(peek: Peek) -> Problem | None:
    """Why a file cannot be read, if so."""
    return unreadable(peek.path).problem if peek.is_broken else None


def _above(peeks: Sequence[Peek], root: Path) -> frozenset[Path]:
    """All folders with DICOM in or below them."""
    found: set[Path] = set()
    for peek in peeks:
        folder = peek.path.parent
        while folder not in found:
            found.add(folder)
            if folder == root:
                break
            folder = folder.parent
    return frozenset(found)
