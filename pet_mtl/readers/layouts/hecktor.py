"""HECKTOR: `ID__PT.nii.gz`, `ID__CT.nii.gz`, and the label image `ID.nii.gz`.

The files lie in imagesTr and labelsTr (2022) or in a folder a patient (2025). Labels are 1 for
primary tumours (GTVp) and 2 for lymph nodes (GTVn); the lesion is both. PET is in SUVbw.

Source: HECKTOR challenge, description of the data, hecktor.grand-challenge.org.
"""

from collections import defaultdict
from pathlib import Path

from pet_mtl.errors import Problem
from pet_mtl.readers.images import is_image, stem_of
from pet_mtl.readers.layouts.collection import Collection
from pet_mtl.readers.layouts.found import FOREIGN, UNUSED, Search
from pet_mtl.readers.layouts.inventory import Inventory
from pet_mtl.readers.sidecar import sidecar_of
from pet_mtl.study import StudySource

LESION = "1,2"
_PET, _CT = ("PT", "PET"), ("CT",)

_NO_PET = Problem(
    "LAYOUT_NO_PET",
    "there are files of a patient, but not one PET",
    expected="ID__PT.nii.gz",
    todo="Add the PET, or remove the patient's other files",
)
_TWO = Problem(
    "LAYOUT_TWICE",
    "several files of a patient have the same role",
    expected="one PET, one CT and one label image a patient",
    todo="Leave only one of them",
)


def is_hecktor(inventory: Inventory) -> bool:
    """Whether a folder holds a file called like a HECKTOR PET."""
    return any(is_image(path) and _split(path)[1] in _PET for path in inventory.below())


def search_hecktor(inventory: Inventory) -> Search:
    """All patients of a HECKTOR folder.

    Args:
        inventory: What lies below the folder.

    Returns:
        A study a patient.
    """
    found = Collection(inventory.root)
    by_role: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in inventory.below():
        if is_image(path):
            name, role = _split(path)
            by_role[name][role].append(path)
        elif path.suffix.lower() != ".json":
            found.ignore([path], FOREIGN)
    for name, roles in sorted(by_role.items()):
        _add(found, name, roles)
    return found.search(inventory.notes)


def _split(path: Path) -> tuple[str, str]:
    """Patient and role, "" for a label image."""
    name, marked, role = stem_of(path).rpartition("__")
    return (name, role.upper()) if marked else (role, "")


def _add(found: Collection, name: str, roles: dict[str, list[Path]]) -> None:
    """One patient."""
    pets = [path for role in _PET for path in roles.get(role, ())]
    cts, labels = roles.get("CT", []), roles.get("", [])
    rest = [
        path for role, paths in roles.items() if role not in (*_PET, *_CT, "") for path in paths
    ]
    if not pets and not cts:
        found.ignore((*labels, *rest), UNUSED)
        return
    if max(len(pets), len(cts), len(labels)) > 1 or not pets:
        found.refuse(name, _TWO if pets else _NO_PET)
        return
    found.ignore(rest, UNUSED)
    pet, mask, ct = pets[0], labels[0] if labels else None, cts[0] if cts else None
    roi = LESION if mask else None
    sidecar = sidecar_of(pet)
    source = StudySource(name, "image", pet, mask, ct_path=ct, sidecar_path=sidecar, roi=roi)
    found.add(source)
