"""Handcrafted statistics of a cohort, for the baseline that is fitted on them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pet_mtl.errors import DatasetError
from pet_mtl.evaluation.cohort import Floats, Patients, column, unique_ids
from pet_mtl.evaluation.handcrafted import FEATURES, handcrafted
from pet_mtl.files import read_csv, read_object, write_csv
from pet_mtl.preprocess.crop import cut_patch, mask_centre_mm, upright
from pet_mtl.sample import GridPlan
from pet_mtl.study import Study
from pet_mtl.tfrecords.peek import layout_of, peek

Table = Mapping[str, Floats]

NOT_WANTED = "left out by --no-radiomics"

_COLUMNS = ("sample_id", "dataset_fingerprint", *FEATURES)


@dataclass(frozen=True)
class RadiomicsPlan:
    """Whether the statistics are wanted, and where a dataset's are kept.

    Attributes:
        wanted: Whether they are.
        cache: Table to keep them in from one evaluation to the next; None keeps none.
    """

    wanted: bool = True
    cache: Path | None = None


def dataset_statistics(dataset: Path | None, plan: RadiomicsPlan) -> tuple[Table, str]:
    """The statistics of a dataset's patients in the fine cube, under the true mask.

    Args:
        dataset: The dataset directory, or None.
        plan: Whether they are wanted.

    Returns:
        Id to (features,), of patients with a mask; and why there are none, or "".
    """
    if not plan.wanted:
        return {}, NOT_WANTED
    if dataset is None or not (dataset / "dataset.json").is_file():
        return {}, "the images of the dataset are not at hand (dataset.json and its shards)"
    try:
        fingerprint = str((read_object(dataset / "dataset.json") or {}).get("fingerprint", ""))
        kept = _kept(plan.cache, fingerprint)
        if kept is None:
            kept = _measured(dataset)
            _keep(plan.cache, fingerprint, kept)
    except DatasetError as error:
        return {}, error.problem.sentence()
    return kept, "" if kept else "no true masks for these patients"


def study_statistics(study: Study, plan: GridPlan) -> Floats | None:
    """The statistics of one study with a mask, cut as a dataset cuts it.

    Args:
        study: The study; its mask holds a voxel.
        plan: The cubes of the dataset whose statistics these stand beside.

    Returns:
        (features,); None where no voxel of the fine cube is filled by the lesion to a half.
    """
    if study.mask is None:
        return None
    volume = upright(study.suv, study.grid, study.mask)
    fine = cut_patch(volume, plan.grid("fine", mask_centre_mm(study.mask, study.grid)))
    if fine.mask is None or not fine.mask.any():
        return None
    return handcrafted(fine.suv, fine.mask, plan.fine_mm)


def grids_of(dataset: Path) -> GridPlan | None:
    """The cubes of a dataset directory; None where it does not say."""
    path = dataset / "dataset.json"
    content = read_object(path) if path.is_file() else {}
    try:
        return GridPlan(**(content or {})["grids"])
    except (KeyError, TypeError):
        return None


def with_statistics(patients: Patients, table: Table) -> Patients:
    """The same patients with their statistics; NaN for those without."""
    nothing = np.full(len(FEATURES), np.nan)
    rows = np.array([table.get(name, nothing) for name in patients.ids]).reshape(-1, len(FEATURES))
    return replace(patients, radiomics={n: rows[:, k] for k, n in enumerate(FEATURES)})


def _measured(dataset: Path) -> dict[str, Floats]:
    """Reads the images of all patients with a mask."""
    told = read_object(dataset / "dataset.json") or {}
    sizes, shards = layout_of(dataset, told)
    plan = GridPlan(**told["grids"])
    found = {}
    for patient in peek(shards, ("sample_id", "fine", "fine_mask", "has_mask"), sizes):
        mask = patient["fine_mask"][..., 0] > 0
        if patient["has_mask"] and mask.any():
            suv = patient["fine"][..., 0]
            found[patient["sample_id"]] = handcrafted(suv, mask, plan.fine_mm)
    return found


def _kept(cache: Path | None, fingerprint: str) -> dict[str, Floats] | None:
    """What an earlier evaluation of the same dataset kept; None of another or a damaged one."""
    rows = read_csv(cache) if cache and cache.is_file() and fingerprint else []
    same = rows and all(row.get("dataset_fingerprint") == fingerprint for row in rows)
    if not same or cache is None or set(rows[0]) != set(_COLUMNS):
        return None
    try:
        table = np.stack([column(rows, name, cache.name) for name in FEATURES], axis=1)
        names = unique_ids(rows, "sample_id", cache.name)
    except DatasetError:
        return None
    return dict(zip(names, table, strict=True)) if np.isfinite(table).all() else None


def _keep(cache: Path | None, fingerprint: str, found: Mapping[str, Floats]) -> None:
    """Keeps the statistics for the next evaluation."""
    if cache is None or not found or not fingerprint:
        return
    rows = [
        {"sample_id": name, "dataset_fingerprint": fingerprint}
        | {feature: repr(float(v)) for feature, v in zip(FEATURES, values, strict=True)}
        for name, values in found.items()
    ]
    write_csv(cache, _COLUMNS, rows)
