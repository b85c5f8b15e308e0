"""BIDS: `sub-*/[ses-*/]pet/*_pet.nii.gz` with its JSON, masks in derivatives.

Every `_pet` image is a study, called by its subject, and by its other entities too where there are
several. The JSON turns Bq/ml into SUV; an image without one is refused, as BIDS requires it.

Source: BIDS 1.10, Positron Emission Tomography; Derivatives, Imaging (`_mask`, `_dseg`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from pet_mtl.errors import Problem
from pet_mtl.readers.images import is_image, stem_of
from pet_mtl.readers.layouts.collection import Collection
from pet_mtl.readers.layouts.found import FOREIGN, UNUSED, Search
from pet_mtl.readers.layouts.inventory import Inventory
from pet_mtl.readers.sidecar import inherited_sidecars
from pet_mtl.study import StudySource

_LESION = re.compile(r"lesion|tumou?r|gtv|cancer", re.IGNORECASE)
# What describes a mask and not the scan it was drawn on.
_OF_MASKS = ("label", "desc", "space", "res", "den", "seg")
_METADATA = (".json", ".tsv", ".tsv.gz", ".md")
_METADATA_NAMES = ("README", "CHANGES", "LICENSE", "CITATION.cff", "README.txt", "README.rst")

_NO_JSON = Problem(
    "BIDS_NO_JSON",
    "a PET image has no JSON file that states its units, dose and times",
    expected="NAME_pet.json beside NAME_pet.nii.gz, or inherited",
    todo="Add it; for an image that already is in SUVbw, with Units g/ml; or use --layout pairs",
)
_MASKS = Problem(
    "LAYOUT_TWICE",
    "several masks fit a PET image",
    expected="one _mask or _dseg of its subject and session, or one with label-lesion",
    todo="Leave only one of them, or list the studies in a manifest",
)


def is_bids(inventory: Inventory) -> bool:
    """Whether a folder holds PET images named as BIDS does."""
    return any(_is_pet(path, inventory.root) for path in inventory.below())


def search_bids(inventory: Inventory) -> Search:
    """All PET images of a dataset.

    Args:
        inventory: What lies below the dataset's folder.

    Returns:
        A study an image.
    """
    root, found = inventory.root, Collection(inventory.root)
    subjects: dict[str, list[Path]] = defaultdict(list)
    images = [path for path in inventory.below() if is_image(path)]
    for path in images:
        if _is_pet(path, root):
            subjects[_entities(path)["sub"]].append(path)
    others = [path for path in images if not _is_pet(path, root)]
    beside: dict[str, list[Path]] = defaultdict(list)
    for path in others:
        beside[_entities(path).get("sub", "")].append(path)
    used: set[Path] = set()
    for name, pets in sorted(subjects.items()):
        for pet in pets:
            used |= _add(found, (f"sub-{name}", pet, len(pets) > 1), beside[name])
    found.ignore([path for path in others if path not in used], UNUSED)
    found.ignore([path for path in inventory.below() if _is_foreign(path)], FOREIGN)
    return found.search(inventory.notes)


def _is_foreign(path: Path) -> bool:
    """Whether a file is neither an image nor one of those that BIDS knows."""
    name = path.name
    return not (is_image(path) or name.endswith(_METADATA) or name in _METADATA_NAMES)


def _is_pet(path: Path, root: Path) -> bool:
    """Whether a file is a PET image of the raw dataset."""
    parts = path.relative_to(root).parts
    return (
        is_image(path)
        and stem_of(path).endswith("_pet")
        and path.name.startswith("sub-")
        and "derivatives" not in parts
    )


def _entities(path: Path) -> dict[str, str]:
    """The entities of a file name: `sub-01_ses-a_pet` is sub 01, ses a."""
    pairs = (part.partition("-") for part in stem_of(path).split("_"))
    return {key: value for key, mark, value in pairs if mark}


def _add(found: Collection, which: tuple[str, Path, bool], others: Sequence[Path]) -> set[Path]:
    """One PET image; gives the files of its subject that were used beside it."""
    subject, pet, is_one_of_several = which
    name = stem_of(pet).removesuffix("_pet") if is_one_of_several else subject
    case = subject if name != subject else ""
    sidecar = _sidecar(pet)
    if sidecar is None:
        found.refuse(name, _NO_JSON, case)
        return set()
    masks = _masks(pet, others)
    if len(masks) > 1:
        found.refuse(name, _MASKS, case)
        return set(masks)
    ct = _ct(pet, others)
    mask = masks[0] if masks else None
    found.add(StudySource(name, "image", pet, mask, ct_path=ct, sidecar_path=sidecar, case=case))
    return {path for path in (mask, ct) if path is not None}


def _sidecar(pet: Path) -> Path | None:
    """The image's own JSON, or the nearest that it inherits."""
    own = pet.with_name(stem_of(pet) + ".json")
    if own.is_file():
        return own
    return next(iter(reversed(list(inherited_sidecars(pet)))), None)


def _masks(pet: Path, others: Iterable[Path]) -> list[Path]:
    """The masks of an image: those that contradict none of its entities, lesions before others."""
    wanted = _entities(pet)
    fitting = []
    for path in others:
        if stem_of(path).endswith(("_mask", "_dseg")):
            told = {k: v for k, v in _entities(path).items() if k not in _OF_MASKS}
            same_visit = told.get("sub") == wanted["sub"] and told.get("ses") == wanted.get("ses")
            if same_visit and all(wanted.get(key) == value for key, value in told.items()):
                fitting.append(path)
    lesions = [path for path in fitting if _LESION.search(path.name)]
    return lesions or fitting


def _ct(pet: Path, others: Iterable[Path]) -> Path | None:
    """The only CT of the same subject and session."""
    wanted = _entities(pet)
    found = []
    for path in others:
        told = _entities(path)
        same = told.get("sub") == wanted["sub"] and told.get("ses") == wanted.get("ses")
        if same and stem_of(path).lower().endswith("_ct"):
            found.append(path)
    return found[0] if len(found) == 1 else None
