"""The cohort of a run: its out-of-fold predictions."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pet_mtl.classes import class_count, columns_in
from pet_mtl.covariates import Covariate, schema_from
from pet_mtl.errors import DatasetError, ModelError, UsageError
from pet_mtl.evaluation.cohort import (
    Cohort,
    Patients,
    Training,
    column,
    patients_of,
    probabilities,
    unique_ids,
)
from pet_mtl.evaluation.foretold import curves_in, masks_in
from pet_mtl.evaluation.radiomics import RadiomicsPlan, dataset_statistics, with_statistics
from pet_mtl.evaluation.truth import read_names, read_truth
from pet_mtl.evaluation.wording import counted, have
from pet_mtl.files import read_csv, read_object

OUT_OF_FOLD = "out_of_fold.csv"

_NO_DATASET = "the run's dataset was not found; give --dataset DIR"


@dataclass(frozen=True)
class Beside:
    """What is known beside a run.

    Attributes:
        dataset: Its dataset directory (SUVmax, MTV, covariates and images for the baselines);
            None takes the one that plan.json names, if it still exists.
        truth: truth.csv of a simulated cohort, or None.
        ids: <DATASET>.ids.csv; None takes the one beside the dataset, if it exists.
        radiomics: Whether handcrafted statistics of the dataset's images are wanted.
    """

    dataset: Path | None = None
    truth: Path | None = None
    ids: Path | None = None
    radiomics: RadiomicsPlan = RadiomicsPlan(wanted=False)  # noqa: RUF009, frozen


def load_run(run: Path, beside: Beside) -> Cohort:
    """Reads a run's out-of-fold predictions and what its dataset knows of the patients.

    Args:
        run: Run directory with out_of_fold.csv.
        beside: What is known beside it.

    Returns:
        The cohort.

    Raises:
        ModelError: The run's tables are damaged.
        DatasetError: The dataset's are.
        UsageError: The truth does not fit.
    """
    path = run / OUT_OF_FOLD
    rows = read_csv(path)
    if not rows:
        raise ModelError("RUN_EMPTY", "the run holds no out-of-fold prediction", subject=path.name)
    plan = told_by(run / "plan.json")
    dataset = beside.dataset or planned_dataset(plan, run)
    known = _studies(dataset)
    patients = _patients(rows, known)
    probability, content = probabilities(rows, path.name), told_by(run / "dataset.json")
    classes = len(columns_in(rows[0])) or classes_told(content)
    masks, mask_gap = masks_in(rows, path.name)
    cohort = Cohort(
        patients=replace(patients, classes=classes),
        risk=column(rows, "risk", path.name),
        probability=probability,
        dice=column(rows, "dice", path.name),
        dice_where="the network's fine cube",
        training=Training(known, True, "the run's other folds") if known else None,
        baseline_gap="" if known else _NO_DATASET,
        kind="run",
        name=run.resolve().name,
        provenance=_provenance(path, plan, content),
        curves=curves_in(rows, path.name),
        masks=masks,
        mask_gap=mask_gap,
    )
    cohort = _with_radiomics(_noting_dice_only(cohort), dataset, beside.radiomics)
    if beside.truth is None:
        return cohort
    names = _names(patients.ids, beside.ids, dataset)
    return cohort.with_oracle(*read_truth(beside.truth, names))


def _noting_dice_only(cohort: Cohort) -> Cohort:
    """Says of how many patients an older fold tells nothing of the mask but Dice."""
    if cohort.masks is None:
        return cohort
    only = int(np.count_nonzero(np.isfinite(cohort.dice) & ~cohort.masks.compared))
    said = (
        f"{counted(only, 'patient')} {have(only)} Dice only: the fold was trained before the table "
        "told more of the masks."
    )
    return replace(cohort, notes=cohort.notes + ((said,) if only else ()))


def _with_radiomics(cohort: Cohort, dataset: Path | None, plan: RadiomicsPlan) -> Cohort:
    """The same cohort with handcrafted statistics of evaluated and training patients."""
    training = cohort.training
    if training is None:
        return replace(cohort, radiomics_gap=_NO_DATASET)
    table, gap = dataset_statistics(dataset, plan)
    if gap:
        return replace(cohort, radiomics_gap=gap)
    learned = replace(training, patients=with_statistics(training.patients, table))
    return replace(cohort, patients=with_statistics(cohort.patients, table), training=learned)


def read_studies_table(dataset: Path) -> Patients:
    """The patients of a dataset directory.

    Raises:
        DatasetError: No studies.csv there, or a damaged one.
    """
    path = dataset / "studies.csv"
    if not path.is_file():
        raise DatasetError(
            "DATASET_MISSING",
            "not a dataset directory",
            expected="studies.csv in it",
            todo="Give the directory that `pet-mtl convert` wrote",
            subject=dataset.name,
        )
    return patients_of(read_csv(path), path.name)


def read_schema(dataset: Path) -> tuple[Covariate, ...] | None:
    """The covariates of a dataset directory; None where it does not say.

    Raises:
        DatasetError: dataset.json is damaged.
    """
    content = told_by(dataset / "dataset.json")
    try:
        return schema_from(content) if content else None
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            "DATASET_DAMAGED",
            "dataset.json cannot be read",
            found=type(error).__name__,
            todo="Convert again into an empty folder",
            subject=dataset.name,
        ) from error


def classes_told(content: dict[str, Any]) -> int:
    """Number of classes of the response of a dataset, from its dataset.json."""
    return class_count(content.get("response_classes", []))


def fingerprint_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def told_by(path: Path) -> dict[str, Any]:
    """A JSON object that a run or a prediction holds; empty if there is no such file.

    Raises:
        ModelError: RUN_DAMAGED; the file holds no JSON object.
    """
    if not path.is_file():
        return {}
    content = read_object(path)
    if content is None:
        raise ModelError("RUN_DAMAGED", "not JSON", subject=path.name)
    return content


def _studies(dataset: Path | None) -> Patients | None:
    """The dataset's patients, where there is a dataset."""
    return read_studies_table(dataset) if dataset else None


def _patients(rows: list[dict[str, str]], known: Patients | None) -> Patients:
    """The predicted patients: outcome from the run, image values from its dataset."""
    ids = unique_ids(rows, "sample_id", OUT_OF_FOLD)
    place = {name: i for i, name in enumerate(known.ids)} if known else {}
    strangers = sum(name not in place for name in ids)
    if known and strangers:
        raise DatasetError(
            "DATASET_OTHER",
            "the dataset is not the one of this run",
            found=f"{strangers} of {counted(len(ids), 'patient')} of the run not in it",
            todo="Give --dataset the directory the run was trained on",
        )
    where = np.array([place[name] for name in ids]) if known else None
    nothing = np.full(len(ids), np.nan)
    return Patients(
        ids=ids,
        fold=column(rows, "fold", OUT_OF_FOLD),
        time_days=column(rows, "time_days", OUT_OF_FOLD),
        event=column(rows, "event", OUT_OF_FOLD),
        response=column(rows, "response_true", OUT_OF_FOLD),
        suv_max=known.suv_max[where] if known else nothing,
        mtv_ml=known.mtv_ml[where] if known else nothing,
        covariates={k: v[where] for k, v in known.covariates.items()} if known else {},
    )


def _names(ids: tuple[str, ...], path: Path | None, dataset: Path | None) -> tuple[str, ...]:
    """The patients' names in the truth; their ids themselves where no mapping is found."""
    if path is None and dataset is not None:
        beside = dataset.with_name(f"{dataset.resolve().name}.ids.csv")
        path = beside if beside.is_file() else None
    if path is not None and not path.is_file():
        raise UsageError("IDS_MISSING", "no such table of ids", subject=path.name)
    return read_names(path, ids) if path else ids


def planned_dataset(plan: dict[str, Any], run: Path) -> Path | None:
    """The dataset directory that plan.json names, if it still exists."""
    named = plan.get("dataset_path")
    if not isinstance(named, str):
        return None
    path = run / named  # relative to the run; an absolute path stays itself
    return path if (path / "studies.csv").is_file() else None


def _provenance(path: Path, plan: dict[str, Any], dataset: dict[str, Any]) -> dict[str, Any]:
    """What made the run, as far as it says."""
    config = plan.get("config")
    seed = plan.get("seed", config.get("seed") if isinstance(config, dict) else None)
    parts = {
        "predictions_sha256": fingerprint_of(path),
        "dataset_fingerprint": dataset.get("fingerprint", plan.get("dataset_fingerprint")),
        "training_seed": seed,
        "training_versions": plan.get("versions"),
    }
    return {key: value for key, value in parts.items() if value not in (None, "")}
