"""Which folder is a patient's own, and which holds many patients.

A folder below which all PET images are of one patient is that patient's, and names the study:
people name folders as their tables do. A folder with PET images of several patients is only where
they lie; what lies loose in it is told apart by PatientID and StudyInstanceUID.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.readers.layouts.peek import Peek

# What people call the folders within one patient's folder; no patient is called so.
_PARTS = frozenset(
    "pet pt nm suv ct mr mri image images img dicom dicoms dcm nifti nii mask masks seg segs "
    "segmentation segmentations label labels roi rois rtstruct rtss rs contour contours gtv".split()
)

# Folders of one patient's visits.
_VISIT = re.compile(
    r"(ses|session|visit|scan|exam|baseline|follow|pre|post|day|week|month|early|late|tp|fu|t)"
    r"[-_ ]?\w{0,4}|\d{8}|\d{4}[-_.]\d{2}[-_.]\d{2}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Place:
    """A folder and the DICOM files that are told apart there.

    Attributes:
        folder: The folder.
        is_own: Whether it is one patient's own folder, and not one of several patients' files.
        peeks: Its DICOM files: all below it, or the loose ones.
    """

    folder: Path
    is_own: bool
    peeks: tuple[Peek, ...]


def is_part(name: str) -> bool:
    """Whether a folder's name says what lies in it, such as `PET` or `PET_image`."""
    return _PARTS.issuperset(re.split(r"[-_. ]+", name.lower()))


def is_visit(name: str) -> bool:
    """Whether a folder's name is that of one of a patient's visits: a date, `ses-1`, `baseline`."""
    return _VISIT.fullmatch(name) is not None


def places_of(root: Path, peeks: Sequence[Peek], folders: Sequence[Path] | None) -> list[Place]:
    """The places of all DICOM files.

    Args:
        root: The folder that was given.
        peeks: All DICOM files below it.
        folders: The folders that lie directly in it, those without DICOM too; None if image
            files lie there, which makes them patients.

    Returns:
        The places; a series whose slices are spread over several folders makes one.
    """
    if not peeks:
        return []
    if _is_one_patient(root, peeks, folders):
        return [Place(root, True, tuple(peeks))]
    return _gathered(list(_split(root, peeks)))


def _split(folder: Path, peeks: Sequence[Peek]) -> Iterable[Place]:
    """The places within a folder of several patients."""
    loose, children = by_child(folder, peeks)
    if loose:
        yield Place(folder, False, tuple(loose))
    for child, below in children.items():
        if len(patients(below)) < 2 or _are_visits(child, below):
            yield Place(child, True, tuple(below))
        else:
            yield from _split(child, below)


def _are_visits(folder: Path, peeks: Sequence[Peek]) -> bool:
    """Whether the folders in a folder are one patient's, where no PatientID tells."""
    pets = [peek for peek in peeks if peek.is_pet]
    loose, children = by_child(folder, pets)
    if not pets or loose or any(peek.patient_id for peek in pets):
        return False
    return all(is_visit(child.name) or is_part(child.name) for child in children)


def by_child(folder: Path, peeks: Iterable[Peek]) -> tuple[list[Peek], dict[Path, list[Peek]]]:
    """What lies loose in a folder, and what below each folder in it."""
    loose, children, depth = [], defaultdict(list), len(folder.parts)
    for peek in peeks:
        parts = peek.path.parts
        if len(parts) == depth + 1:
            loose.append(peek)
        else:
            children[folder / parts[depth]].append(peek)
    return loose, children


def patients(peeks: Sequence[Peek]) -> set[str]:
    """The patients of the PET images; where there are none, of all files."""
    readable = [peek for peek in peeks if not peek.is_broken]
    pets = [peek for peek in readable if peek.is_pet]
    return {peek.identity for peek in pets or readable}


def _is_one_patient(root: Path, peeks: Sequence[Peek], folders: Sequence[Path] | None) -> bool:
    """Whether what lies below the given folder are the parts of one patient."""
    if len(patients(peeks)) > 1:
        return False
    loose, children = by_child(root, peeks)
    if loose or folders is None:
        return bool(loose)
    with_pet = [child for child, below in children.items() if any(p.is_pet for p in below)]
    ids = {peek.patient_id for peek in peeks if peek.is_pet or not with_pet} - {""}
    name = root.name or root.resolve().name
    if ids == {name} and name not in {child.name for child in with_pet}:
        return True
    if len(children) > 1 and len(with_pet) != 1:
        return False
    are_parts = all(is_part(folder.name) for folder in folders)
    studies = {peek.study for peek in peeks if not peek.is_broken}
    return are_parts or (len(children) > 1 and len(studies) == 1)


def _gathered(places: list[Place]) -> list[Place]:
    """The same with the folders joined over which the slices of one series are spread.

    Copies of a series, which people make to outline it twice, hold the same instances; parts of
    one, as archives store them, hold different ones.
    """
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, place in enumerate(places):
        for key in sorted({(p.identity, p.series) for p in place.peeks if p.is_pet and p.series}):
            holders[key].append(index)
    joined = list(range(len(places)))
    for (_, series), indexes in holders.items():
        if len(indexes) > 1 and _are_disjoint([places[i] for i in indexes], series):
            target = joined[indexes[0]]
            moved = {joined[i] for i in indexes}
            joined = [target if one in moved else one for one in joined]
    groups: dict[int, list[Place]] = defaultdict(list)
    for index, place in zip(joined, places, strict=True):
        groups[index].append(place)
    return [_merged(group) for group in groups.values()]


def _are_disjoint(places: Sequence[Place], series: str) -> bool:
    """Whether no instance of a series lies in two places."""
    sets = [{p.instance for p in place.peeks if p.series == series} for place in places]
    return len(set.union(*sets)) == sum(len(one) for one in sets)


def _merged(group: list[Place]) -> Place:
    """One place of several: loose files in the folder that holds them all."""
    if len(group) == 1:
        return group[0]
    above = Path(*_common([place.folder.parts for place in group]))
    peeks = sorted((p for place in group for p in place.peeks), key=lambda p: p.path.parts)
    return Place(above, False, tuple(peeks))


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The parts that all paths begin with."""
    shared = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return tuple(shared)
