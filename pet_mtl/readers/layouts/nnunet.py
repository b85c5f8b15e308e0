"""nnU-Net raw: dataset.json, imagesTr/ID_0000.nii.gz a channel, labelsTr/ID.nii.gz.

`channel_names` (version 2) or `modality` (version 1) says which channel is the PET. A dataset that
calls none of them PET is refused: a wrong channel would be a wrong SUV.

Source: nnU-Net, documentation/dataset_format.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pet_mtl.errors import Problem, ReadError
from pet_mtl.readers.images import is_image, stem_of
from pet_mtl.readers.json_file import read_json
from pet_mtl.readers.layouts.collection import Collection
from pet_mtl.readers.layouts.found import FOREIGN, UNUSED, Search
from pet_mtl.readers.layouts.inventory import Inventory
from pet_mtl.readers.sidecar import sidecar_of
from pet_mtl.study import StudySource

_PET = re.compile(r"(^|[^a-z])(pet|pt|suv|fdg)($|[^a-z])")
_CT = re.compile(r"(^|[^a-z])ct($|[^a-z])")
_LESION = re.compile(r"lesion|tumou?r|gtv|cancer|mtv|malign|metasta")
_PARTS = (("imagesTr", "labelsTr"), ("imagesTs", "labelsTs"))

_NO_PET = Problem(
    "LAYOUT_NO_PET",
    "there are images of a case, but not the channel that is the PET",
    expected="ID_000N.nii.gz, N being the PET channel of dataset.json",
    todo="Add the file, or remove the case",
)


@dataclass(frozen=True)
class _Channels:
    """What dataset.json says.

    Attributes:
        pet: Number of the PET channel.
        ct: Number of the CT channel, or None.
        roi: Labels that are the lesion, or None where nothing says so.
    """

    pet: int
    ct: int | None
    roi: str | None


def is_nnunet(inventory: Inventory) -> bool:
    """Whether a folder is an nnU-Net raw dataset."""
    names = {path.name for path in inventory.files.get(inventory.root, ())}
    folders = {path.name for path in inventory.folders.get(inventory.root, ())}
    return "dataset.json" in names and any(images in folders for images, _ in _PARTS)


def search_nnunet(inventory: Inventory) -> Search:
    """All cases of a dataset, those of imagesTs too.

    Args:
        inventory: What lies below the folder.

    Returns:
        A study a case.

    Raises:
        ReadError: NNUNET_CHANNELS, JSON_UNREADABLE.
    """
    root, found = inventory.root, Collection(inventory.root)
    channels = _channels(read_json(root / "dataset.json"))
    used: set[Path] = {root / "dataset.json"}
    for images, labels in _PARTS:
        masks = {stem_of(p): p for p in inventory.files.get(root / labels, ()) if is_image(p)}
        for name, files in _cases(inventory.files.get(root / images, ())).items():
            used |= {*files.values(), *([masks[name]] if name in masks else [])}
            _add(found, name, (files, masks.get(name)), channels)
    for path in inventory.below():
        if path not in used and path.suffix.lower() != ".json":
            found.ignore([path], UNUSED if is_image(path) else FOREIGN)
    return found.search(inventory.notes)


def _cases(paths: list[Path] | tuple[()]) -> dict[str, dict[int, Path]]:
    """The channels' files of each case."""
    cases: dict[str, dict[int, Path]] = {}
    for path in paths:
        name, _, channel = stem_of(path).rpartition("_")
        if is_image(path) and re.fullmatch(r"\d{4}", channel):
            cases.setdefault(name, {})[int(channel)] = path
    return cases


def _add(
    found: Collection, name: str, files: tuple[dict[int, Path], Path | None], told: _Channels
) -> None:
    """One case."""
    images, mask = files
    pet = images.get(told.pet)
    if pet is None:
        found.refuse(name, _NO_PET)
        return
    ct = images.get(told.ct) if told.ct is not None else None
    roi = told.roi if mask else None
    sidecar = sidecar_of(pet)
    found.add(StudySource(name, "image", pet, mask, ct_path=ct, sidecar_path=sidecar, roi=roi))


def _channels(told: Mapping[str, Any]) -> _Channels:
    """Which channel is what."""
    names = told.get("channel_names", told.get("modality"))
    names = names if isinstance(names, Mapping) else {}
    numbers = {int(k): str(v).lower() for k, v in names.items() if str(k).isdecimal()}
    pets = [number for number, name in numbers.items() if _PET.search(name)]
    if len(pets) != 1:
        raise ReadError(
            "NNUNET_CHANNELS",
            "dataset.json does not say which channel is the PET",
            expected="one of channel_names called PET, PT or SUV",
            found=f"{len(numbers)} channels, {len(pets)} of them called so",
            todo="Correct channel_names in dataset.json",
        )
    cts = [number for number, name in numbers.items() if _CT.search(name) and number != pets[0]]
    return _Channels(pets[0], cts[0] if len(cts) == 1 else None, _lesion(told.get("labels")))


def _lesion(labels: Any) -> str | None:
    """The labels that are the lesion: the only one, or those called so; None if unclear."""
    if not isinstance(labels, Mapping):
        return None
    numbers: dict[str, int] = {}
    for key, value in labels.items():
        # Version 2 maps names to numbers, version 1 numbers to names.
        name, number = (value, key) if str(key).isdecimal() else (key, value)
        if str(number).isdecimal() and int(number) > 0 and str(name).lower() != "ignore":
            numbers[str(name).lower()] = int(number)
    lesions = [number for name, number in numbers.items() if _LESION.search(name)]
    chosen = lesions or (list(numbers.values()) if len(numbers) == 1 else [])
    return ",".join(str(number) for number in sorted(chosen)) or None
