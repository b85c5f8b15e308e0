"""The oracle: what a simulated patient's true risk would have predicted."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pet_mtl.errors import DatasetError, UsageError
from pet_mtl.evaluation.cohort import Floats, column, unique_ids
from pet_mtl.evaluation.wording import are, counted
from pet_mtl.files import read_csv

# Column of truth.csv -> what it is.
TRUTH_COLUMNS = {
    "log_hazard": "true log hazard, all factors",
    "log_hazard_image": "true log hazard, factors visible in the image only",
    "logit": "true log odds of response",
}


def read_truth(path: Path, names: tuple[str, ...]) -> tuple[dict[str, Floats], tuple[str, ...]]:
    """The true risks of patients.

    Args:
        path: truth.csv with `patient_id` and columns of TRUTH_COLUMNS.
        names: The patients' names, as truth.csv knows them.

    Returns:
        Column to (patients,) values, NaN for a patient the truth does not hold; and notes.

    Raises:
        UsageError: No patient is in the truth, or it holds none of the columns.
        DatasetError: A cell that is no number.
    """
    rows = read_csv(path)
    ids = unique_ids(rows, "patient_id", path.name)
    present = [key for key in TRUTH_COLUMNS if rows and key in rows[0]]
    place = {name: index for index, name in enumerate(ids)}
    found = [place.get(name, -1) for name in names]
    matched = sum(index >= 0 for index in found)
    if not present or not matched:
        raise UsageError(
            "TRUTH_NO_MATCH",
            "the truth says nothing about these patients",
            expected=f"patient_id of the evaluated patients and {', '.join(TRUTH_COLUMNS)}",
            found=f"patients: {matched} of {len(names)}, columns: {len(present)}",
            todo="Give the truth of the same cohort; for a run also --ids DATASET.ids.csv",
            subject=path.name,
        )
    oracle = {key: _pick(column(rows, key, path.name), found) for key in present}
    missing = len(names) - matched
    said = f"{counted(missing, 'patient')} {are(missing)} not in the truth."
    return oracle, ((said,) if missing else ())


def read_names(path: Path, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The names behind pseudonyms.

    Args:
        path: The private <DATASET>.ids.csv: sample_id, name.
        ids: Pseudonyms.

    Returns:
        Their names; the pseudonym itself where the file does not know it.

    Raises:
        DatasetError: The file has other columns.
    """
    rows = read_csv(path)
    if rows and not {"sample_id", "name"} <= set(rows[0]):
        raise DatasetError(
            "IDS_COLUMNS", "not a table of ids", expected="sample_id, name", subject=path.name
        )
    names: Mapping[str, str] = {row["sample_id"]: row["name"] for row in rows}
    return tuple(names.get(sample, sample) for sample in ids)


def _pick(values: Floats, places: list[int]) -> Floats:
    """Values at places; NaN at place -1."""
    picked = values[places]
    picked[np.array(places) < 0] = np.nan
    return picked
