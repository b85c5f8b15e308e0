"""What studies are called: as people know them, distinct, and the same in whatever order they come.

A study in its patient's own folder is called as the folder; a loose one as its PatientID, or as
the folder that holds it and a number. Further studies of a patient bear a number in the order of
time: `ID`, `ID_2`. All of them belong to the row `ID` of a clinical table.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.readers.layouts.places import is_part

_UNSAFE = re.compile(r"[^\w.+=@-]+")


@dataclass(frozen=True)
class Case:
    """One patient's studies, to be named.

    Attributes:
        folder: The patient's own folder, or the one in which the files lie loose.
        patient_id: PatientID if the files lie loose and bear one; "" names it by the folder.
        is_loose: Whether the files lie loose among those of other patients.
    """

    folder: Path
    patient_id: str = ""
    is_loose: bool = False


def case_names(cases: Sequence[Case], root: Path) -> list[str]:
    """A distinct name for each case.

    Args:
        cases: The patients, those of loose files without PatientID in the order of their numbers.
        root: The folder that was searched.

    Returns:
        A name each; where two are called the same, the names of the folders above are put
        before, as far as they tell them apart.
    """
    stems = _stems(cases, root)
    names = [stem[-1] for stem in stems]
    for depth in range(2, max((len(stem) for stem in stems), default=1) + 1):
        twice = {name for name, count in Counter(names).items() if count > 1}
        if not twice:
            break
        names = [
            "_".join(stem[-depth:]) if name in twice else name
            for name, stem in zip(names, stems, strict=True)
        ]
    return _numbered(names, [str(case.folder) for case in cases])


def _stems(cases: Sequence[Case], root: Path) -> list[tuple[str, ...]]:
    """For each case the names of the folders above, and last what it is called itself."""
    numbers: Counter[Path] = Counter()
    stems = []
    for case in cases:
        above, own = _above(case, root)
        if case.is_loose and not case.patient_id:
            numbers[case.folder] += 1
            own = f"{own}_{numbers[case.folder]}"
        stems.append((*above, safe(case.patient_id) or own))
    return stems


def _above(case: Case, root: Path) -> tuple[tuple[str, ...], str]:
    """The folders between root and a case, and the folder's own name, parts left out."""
    parts = case.folder.relative_to(root).parts if case.folder != root else ()
    if not parts:
        return (), folder_name(root)
    while len(parts) > 1 and is_part(parts[-1]):
        parts = parts[:-1]
    return (parts, parts[-1]) if case.is_loose else (parts[:-1], parts[-1])


def folder_name(folder: Path) -> str:
    """A folder's own name, also of `.`."""
    return folder.name or folder.resolve().name


def safe(name: str) -> str:
    """A name that can be that of a folder."""
    return _UNSAFE.sub("_", name).strip("._")


def _numbered(names: Sequence[str], order: Sequence[str]) -> list[str]:
    """Numbers what is still called the same, in a given order."""
    taken: set[str] = set()
    result = list(names)
    for index in sorted(range(len(names)), key=lambda i: (names[i], order[i])):
        result[index] = distinct(names[index], taken)
    return result


def distinct(name: str, taken: set[str]) -> str:
    """A name that is not taken, made by a number; it is taken from now on."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found
